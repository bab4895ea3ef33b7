"""The contract of protocols.Store and Transaction, on every backend."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from aggregator.config.settings import FeedSettings

if TYPE_CHECKING:
    from collections.abc import Callable

    from aggregator.model import Item
    from aggregator.store.protocols import Store

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)
A, B = "https://a.example/feed", "https://b.example/feed"


def test_own_name_and_age(open_store: Callable[[], Store]) -> None:
    """A database knows when it was made, how large it is and its own name, the same whenever it is opened."""
    seen = set()
    for _ in range(2):
        store = open_store()
        with store.snapshot() as tx:
            seen.add((tx.created, tx.instance))
            assert 100_000 < tx.size < 100_000_000
        store.close()
    ((created, instance),) = seen
    assert datetime.now(UTC) - timedelta(minutes=1) < created <= datetime.now(UTC)
    assert len(instance) == 36


def test_all_or_nothing(desk: Any, item: Callable[..., Item]) -> None:
    """When something goes wrong within a transaction, nothing of it stays, and the store works on."""
    desk.sync(A)

    def spoil() -> None:
        with desk.store.transaction() as tx:
            tx.feeds.sync({B: FeedSettings(url=B)}, NOON)
            tx.requests.pause_site("a.example", NOON + timedelta(days=1), "test")
            tx.releases.open_output("all", NOON)
            raise RuntimeError("mistake")

    with pytest.raises(RuntimeError, match="mistake"):
        spoil()
    with desk.store.snapshot() as tx:
        assert [feed.url for feed in tx.feeds.all()] == [A]
        assert tx.requests.pauses(NOON) == {}
    desk.keep(A, item())
    assert desk.entry("https://news.example/1").feed == A


def test_what_was_committed_is_there_again(open_store: Callable[[], Store], new_desk: Callable[[Store], Any]) -> None:
    """A store that is opened again has everything."""
    new_desk(store := open_store()).sync(A, B)
    store.close()
    with open_store().snapshot() as tx:
        assert [feed.url for feed in tx.feeds.all()] == [A, B]


def test_snapshot_beside_a_writer(
    open_store: Callable[[], Store], new_desk: Callable[[Store], Any], item: Callable[..., Item]
) -> None:
    """A reader sees one moment's state: neither what is not committed, nor what is committed while it reads."""
    desk = new_desk(open_store())
    desk.sync(A)
    with open_store().snapshot() as reading:
        assert len(list(reading.entries.all())) == 0
        with desk.store.transaction() as tx:
            tx.feeds.sync({}, NOON)
            assert len(reading.feeds.all()) == 1
        desk.keep(A, item())
        assert (len(reading.feeds.all()), len(list(reading.entries.all()))) == (1, 0)
    with open_store().snapshot() as tx:
        assert (len(tx.feeds.all()), len(list(tx.entries.all()))) == (0, 1)


def test_threads_in_turn(desk: Any) -> None:
    """A store may be used by several threads, one at a time."""
    for url in (A, B):
        thread = threading.Thread(target=desk.sync, args=(url,))
        thread.start()
        thread.join()
    with desk.store.snapshot() as tx:
        assert [feed.url for feed in tx.feeds.all()] == [B]


def test_close_twice(store: Store) -> None:
    """Letting go of a database that was let go of is no error."""
    store.close()
    store.close()
