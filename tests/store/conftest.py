"""A store of each backend, and a desk that fills one through the protocols alone."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from aggregator.config.settings import FeedSettings
from aggregator.decide.candidates import Candidate, candidates
from aggregator.decide.changes import Addition, Revision, Sight
from aggregator.decide.sameness import Evidence
from aggregator.model import Item
from aggregator.store.sqlite.store import SqliteStore

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from aggregator.model import Entry, FeedState, Request
    from aggregator.store.protocols import Store

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)


def _in_file(request: pytest.FixtureRequest) -> Callable[[], Store]:
    path = request.getfixturevalue("tmp_path") / "db" / "aggregator.db"
    return lambda: SqliteStore(path)


def _on_server(request: pytest.FixtureRequest) -> Callable[[], Store]:
    url = request.getfixturevalue("postgres").ready()
    from aggregator.store.postgres.store import PostgresStore  # noqa: PLC0415 - the server is there, so psycopg is

    return lambda: PostgresStore(url)


@pytest.fixture(params=[_in_file, _on_server], ids=["sqlite", "postgres"])
def open_store(request: pytest.FixtureRequest) -> Iterator[Callable[[], Store]]:
    """Return what opens the test's own database of one backend, empty at first, as often as it is called."""
    opened: list[Store] = []
    opens = request.param(request)

    def make() -> Store:
        opened.append(opens())
        return opened[-1]

    yield make
    for store in opened:
        store.close()


@pytest.fixture
def store(open_store: Callable[[], Store]) -> Store:
    """Return an empty database of one backend."""
    return open_store()


@dataclass
class Desk:
    """Writes what tests start from; times are NOON unless said otherwise."""

    store: Store

    def sync(self, *sources: str | FeedSettings, at: datetime = NOON) -> None:
        """Make these the configured sources."""
        configured = (FeedSettings(url=source) if isinstance(source, str) else source for source in sources)
        with self.store.transaction() as tx:
            tx.feeds.sync({source.url: source for source in configured}, at)

    def feed(self, url: str) -> FeedState:
        """Return what is known of a source."""
        with self.store.snapshot() as tx:
            found = tx.feeds.get(url)
        assert found is not None
        return found

    def keep(self, url: str, *items: Item, at: datetime = NOON, held: str | None = None) -> list[int]:
        """Keep a source's items as new entries that it lists; return their keys."""
        with self.store.transaction() as tx:
            feed = tx.feeds.get(url)
            assert feed is not None
            listed = candidates(items)
            additions = [
                Addition(-place, item.item.guid or f"urn:x:{place}", item, *_dates(item.item, at))
                for place, item in enumerate(listed, start=1)
            ]
            keys = tx.entries.add(feed, additions, {one.key: held for one in additions if held}, at)
            tx.entries.sight(feed, [Sight(keys[one.key], one.candidate, first=True) for one in additions], at)
        return [keys[one.key] for one in additions]

    def list(self, url: str, *sights: tuple[int, Item, bool], at: datetime = NOON) -> None:
        """Note that a source lists entries that are known: (key, item, first)."""
        with self.store.transaction() as tx:
            feed = tx.feeds.get(url)
            assert feed is not None
            seen = [
                Sight(key, self.candidate(item), first, Evidence.RELISTED if first else None)
                for key, item, first in sights
            ]
            tx.entries.sight(feed, seen, at)

    def revise(self, url: str, key: int, item: Item, at: datetime = NOON, *, edited: bool = True) -> None:
        """Let a source change an entry."""
        with self.store.transaction() as tx:
            feed = tx.feeds.get(url)
            assert feed is not None
            published = item.published or tx.entries.subjects([key])[key].published
            tx.entries.revise(feed, [Revision(key, self.candidate(item), at, published, edited)], at)

    def release(self, output: str, *keys: int, at: datetime = NOON) -> None:
        """Release entries in an output."""
        with self.store.transaction() as tx:
            tx.releases.open_output(output, at)
            tx.releases.append(output, keys, at)

    def claim(self, now: datetime = NOON, *, limit: int = 100, per_host: int = 100, lease_s: int = 60) -> list[Request]:
        """Take what is due."""
        with self.store.transaction() as tx:
            return tx.requests.claim_due(now, limit=limit, lease=timedelta(seconds=lease_s), per_host=per_host)

    def take(self, *urls: str, now: datetime = NOON, lease_s: int = 60) -> list[Request]:
        """Take these, due or not."""
        with self.store.transaction() as tx:
            return tx.requests.claim(urls, now, lease=timedelta(seconds=lease_s))

    def entry(self, entry_id: str) -> Entry:
        """Return an entry."""
        with self.store.snapshot() as tx:
            found = tx.entries.get(entry_id)
        assert found is not None
        return found

    def candidate(self, item: Item) -> Candidate:
        """Prepare one item for judging."""
        return candidates([item])[0]


def _dates(item: Item, at: datetime) -> tuple[datetime, datetime]:
    published = item.published or at
    return published, item.updated or published


@pytest.fixture
def desk(store: Store) -> Desk:
    """Return a desk over the empty database."""
    return Desk(store)


@pytest.fixture
def new_desk() -> Callable[[Store], Desk]:
    """Return what puts a desk over another database."""
    return Desk


@pytest.fixture
def item() -> Callable[..., Item]:
    """Return a maker of items: a number, and fields to replace."""

    def make(number: int = 1, **fields: Any) -> Item:
        plain = Item(
            title=f"Headline {number}",
            guid=f"https://news.example/{number}",
            link=f"https://news.example/{number}",
            summary=f"<p>Text {number}.</p>",
        )
        return replace(plain, **fields)

    return make
