"""Contract of store.readers, on every backend."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from aggregator.decide.readership import Readership

if TYPE_CHECKING:
    from collections.abc import Callable

    from aggregator.store.protocols import Store

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)
DAY = timedelta(days=1)
FEEDLY = Readership("all", "atom", "Feedly", "", 16)
FEEDBIN = Readership("all", "atom", "Feedbin", "7", 3)


def test_what_was_said_last_counts(store: Store) -> None:
    """A service that says another number has that one; another document, or another id, is counted beside it."""
    others = [replace(FEEDBIN, feed_id="8"), replace(FEEDBIN, format="rss"), replace(FEEDBIN, output="labs")]
    with store.transaction() as tx:
        tx.readers.note([FEEDLY, FEEDBIN, *others], NOON, most=99)
        tx.readers.note([replace(FEEDLY, subscribers=17)], NOON + DAY, most=99)
        assert tx.readers.known(NOON) == [FEEDBIN, others[0], replace(FEEDLY, subscribers=17), *others[1:]]
        assert tx.readers.known(NOON + DAY) == [replace(FEEDLY, subscribers=17)]
        assert tx.readers.known(NOON + 2 * DAY) == []


def test_who_does_not_come_again_is_forgotten(store: Store) -> None:
    """What was said before a time goes, and is counted."""
    with store.transaction() as tx:
        tx.readers.note([FEEDLY, FEEDBIN], NOON, most=99)
        tx.readers.note([FEEDBIN], NOON + DAY, most=99)
        assert tx.readers.forget(NOON + DAY) == 1
        assert tx.readers.known(NOON) == [FEEDBIN]


def test_there_is_an_end_to_names(store: Store) -> None:
    """When there are as many as may be, nobody new is kept; who is known still is."""
    with store.transaction() as tx:
        tx.readers.note([replace(FEEDLY, feed_id=str(number)) for number in range(5)], NOON, most=3)
        tx.readers.note([replace(FEEDLY, feed_id="1", subscribers=99), FEEDBIN], NOON, most=3)
        assert [(one.feed_id, one.subscribers) for one in tx.readers.known(NOON)] == [("0", 16), ("1", 99), ("2", 16)]


def test_tallies(open_store: Callable[[], Store]) -> None:
    """A number is 0 until it is counted, grows, may be set, and outlives the process."""
    with open_store().transaction() as tx:
        assert tx.tallies.get("hub.failed") == 0
        tx.tallies.add("hub.failed", 2, NOON)
        tx.tallies.add("hub.failed", 1, NOON)
        tx.tallies.put("subscribers", 7, NOON)
        tx.tallies.put("subscribers", 5, NOON)
    with open_store().snapshot() as tx:
        assert (tx.tallies.get("hub.failed"), tx.tallies.get("subscribers")) == (3, 5)
