"""What the web process noted of readers is kept, bounded; and publishers are told a number that changes at night."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from aggregator.decide.readership import MOST_NAMES, Readership
from aggregator.errors import Usage
from aggregator.run import readers

if TYPE_CHECKING:
    from aggregator.store.sqlite.store import SqliteStore

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)
DAY = timedelta(days=1)


def known(database: SqliteStore, since: datetime = NOON) -> list[Readership]:
    """Return what the store knows."""
    with database.snapshot() as tx:
        return tx.readers.known(since)


def test_what_was_noted_is_kept(database: SqliteStore) -> None:
    """What is said of outputs that there are; the rest, and nonsense, is left out."""
    seen = [["all", "atom", "Feedly", "", 16], ["gone", "atom", "Feedly", "", 5], ["all", "atom", "<b>", "", 5], None]
    assert readers.keep(database, seen, {"all"}, NOON) == 1
    assert known(database) == [Readership("all", "atom", "Feedly", "", 16)]


def test_a_flood_of_names_has_an_end(database: SqliteStore) -> None:
    """However many are sent, so many are kept."""
    for word in "ab":
        seen = [["all", "atom", word, str(number), 1] for number in range(MOST_NAMES + 9)]
        assert readers.keep(database, seen, {"all"}, NOON) == MOST_NAMES
    assert len(known(database)) == MOST_NAMES


@pytest.mark.parametrize("seen", [None, {}, "all", 7])
def test_what_is_no_list(database: SqliteStore, seen: Any) -> None:
    """Another program's command is refused."""
    with pytest.raises(Usage):
        readers.keep(database, seen, {"all"}, NOON)


def test_publishers_are_told_what_the_last_night_knew(database: SqliteStore) -> None:
    """The number stays until the next night; who has not come for a month is gone from it and from the store."""

    def told() -> int:
        with database.snapshot() as tx:
            return readers.told(tx)

    def night(at: datetime) -> int:
        with database.transaction() as tx:
            return readers.tidy(tx, at)

    assert told() == 0
    readers.keep(database, [["all", "atom", "Feedly", "", 16], ["all", "rss", "Feedbin", "1", 3]], {"all"}, NOON)
    assert told() == 0
    assert night(NOON + DAY) == told() == 19
    readers.keep(database, [["all", "atom", "Feedly", "", 20]], {"all"}, NOON + 10 * DAY)
    assert told() == 19
    assert night(NOON + 31 * DAY) == told() == 20
    assert [one.service for one in known(database)] == ["Feedly"]
