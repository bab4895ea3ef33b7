"""Texts that nobody lists any more are dropped, save those that readers may still be shown."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from aggregator.run import retiring
from aggregator.run.retiring import Retiring

if TYPE_CHECKING:
    from aggregator.store.sqlite.store import SqliteStore

DAY = timedelta(days=1)


@pytest.fixture
def desk(newsdesk: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A newsdesk whose outputs show three entries at most, and where two texts go at a time."""
    monkeypatch.setattr(retiring, "CEILING", 3)
    monkeypatch.setattr(retiring, "_BATCH", 2)
    return newsdesk


def _retire(store: SqliteStore, desk: Any) -> int:
    work = Retiring(store, desk.settings, desk.now)
    while work.step():
        pass
    return work.count


def _with_texts(desk: Any) -> int:
    return sum(entry.item.summary is not None for entry in desk.entries())


def test_old_texts_go_and_do_not_come_back(desk: Any, database: SqliteStore) -> None:
    """After the time of retention only what is shown has a text; listed again, an entry is neither new nor edited."""
    items = [desk.item("a", f"Headline {n}", summary=f"<p>Text {n}</p>", hours=n + 1) for n in range(9)]
    desk.bring("a", *items)
    before = desk.entries()
    desk.now += 100 * DAY
    assert _retire(database, desk) == 6
    assert _with_texts(desk) == 3
    assert _retire(database, desk) == 0
    desk.bring("a", *items)
    after = desk.entries()
    assert [(entry.id, entry.updated, entry.first_seen) for entry in after] == [
        (entry.id, entry.updated, entry.first_seen) for entry in before
    ]
    assert [entry.revisions for entry in after] == [0] * 9


def test_nothing_goes_before_its_time(desk: Any, database: SqliteStore) -> None:
    """What a source listed within the time of retention keeps its text, however much there is."""
    desk.bring("a", *(desk.item("a", f"Headline {n}", summary=f"<p>Text {n}</p>") for n in range(9)))
    desk.now += 80 * DAY
    assert _retire(database, desk) == 0


def test_what_a_digest_tells_of_stays(desk: Any, database: SqliteStore) -> None:
    """A day that a digest still shows keeps its entries' texts."""
    desk.configure({"name": "daily", "digest": "daily", "limit": 2})
    desk.bring("a", *(desk.item("a", f"Headline {n}", summary=f"<p>Text {n}</p>") for n in range(9)))
    desk.now += 2 * DAY
    desk.drain()
    desk.now += 100 * DAY
    assert _retire(database, desk) == 0
