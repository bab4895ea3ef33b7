"""Keys and digests of an older way of making them: made anew, nothing seems edited or new."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from aggregator.config.settings import FeedSettings, Settings
from aggregator.model import Document, Fetched, Header, Item
from aggregator.releasing import release_missing
from aggregator.settle import Chance, Result, settle
from aggregator.store.sqlite.renewal import renew
from aggregator.store.sqlite.store import SqliteStore

if TYPE_CHECKING:
    from pathlib import Path

    from aggregator.model import PollReport

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)
A = "https://a.example/feed"
SETTINGS = Settings(feeds=(FeedSettings(url=A),))
ITEMS = (
    Item(title="One", guid="1", link="https://m.a.example/1?pk_x=1", content="<p>Text</p>"),
    Item(title="Two", link="https://a.example/2/amp/", summary="Score: 3<br>Text"),
    Item(title="Three", summary="No link"),
)


def _poll(store: SqliteStore, *items: Item, hours: int) -> PollReport:
    with store.transaction() as tx:
        at = NOON + timedelta(hours=hours)
        (request,) = tx.requests.claim([A], at, lease=timedelta(hours=1))
        result = Result(request, at, Fetched(A, 200, at), Document(Header(title="A"), items), body_hash="-")
        return settle(tx, result, SETTINGS, Chance(0)).report


def test_an_upgrade_edits_nothing(path: Path) -> None:
    """After it, what is listed as before is known as before; a real edit is one."""
    store = SqliteStore(path)
    with store.transaction() as tx:
        tx.feeds.sync(SETTINGS.sources, NOON)
        release_missing(tx, SETTINGS, NOON)
    _poll(store, *ITEMS, hours=0)
    with store.transaction():
        db = store._database
        before = db.execute("SELECT canonical, digest FROM entry ORDER BY id").fetchall()
        db.execute("UPDATE entry SET canonical = 'old ' || id, digest = 'old'")
        db.execute("UPDATE sighting SET digest = 'old'")
        renew(db.conn)
        after = db.execute("SELECT canonical, digest FROM entry ORDER BY id").fetchall()
    assert [tuple(row) for row in before] == [tuple(row) for row in after]
    report = _poll(store, *ITEMS, hours=1)
    assert (report.new, report.updated, report.duplicates) == (0, 0, 0)
    edited = Item(title="One, edited", guid="1", link="https://a.example/1?pk_x=1", content="<p>Text</p>")
    assert _poll(store, edited, *ITEMS[1:], hours=2).updated == 1
    store.close()
