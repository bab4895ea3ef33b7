"""What SQLite promises beyond the contract: killed at any moment, it has what it acknowledged, and nothing by halves."""

from __future__ import annotations

import contextlib
import sqlite3
import subprocess
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from aggregator.store.sqlite.store import SqliteStore

if TYPE_CHECKING:
    from pathlib import Path

WRITE = """
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from aggregator.config.settings import FeedSettings, Settings
from aggregator.model import Document, Fetched, Header, Item, Validators
from aggregator.releasing import release_missing
from aggregator.settle import Chance, Result, settle
from aggregator.store.sqlite.store import SqliteStore

url = "https://a.example/feed"
settings = Settings(feeds=(FeedSettings(url=url),))
store = SqliteStore(Path(sys.argv[1]))
with store.transaction() as tx:
    tx.requests.void_leases()
    tx.feeds.sync(settings.sources, datetime.now(UTC))
    release_missing(tx, settings, datetime.now(UTC))
    last = int(tx.feeds.get(url).validators.etag or 0)
while True:
    last += 1
    now = datetime.now(UTC)
    with store.transaction() as tx:
        (request,) = tx.requests.claim([url], now, lease=timedelta(hours=1))
    fetched = Fetched(url, 200, now, validators=Validators(str(last)))
    items = [Item(title=f"{last}", guid=f"urn:x:{last}", summary="text " * 2000)]
    with store.transaction() as tx:
        settle(tx, Result(request, now, fetched, Document(Header(), tuple(items)), str(last)), settings, Chance(0))
    print(last, flush=True)
"""


def _kill_after(path: Path, polls: int) -> int:
    """Let a process store polls, and kill it in the middle of a later one; return the last that it acknowledged."""
    with subprocess.Popen([sys.executable, "-c", WRITE, str(path)], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        lines = [process.stdout.readline() for _ in range(polls)]
        process.kill()
        return int((lines + process.stdout.read().splitlines())[-1])


@pytest.mark.fault("F1")
def test_killed_writer(tmp_path: Path) -> None:
    """After kill -9 every acknowledged poll is there whole, entries, release and validators together, none twice."""
    path = tmp_path / "aggregator.db"
    for polls in (1, 7, 20):
        acknowledged = _kill_after(path, polls)
        with contextlib.closing(sqlite3.connect(path)) as connection:
            assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        store = SqliteStore(path, readonly=True)
        with contextlib.closing(store), store.snapshot() as tx:
            feed = tx.feeds.get("https://a.example/feed")
            assert feed is not None
            stored = int(feed.validators.etag or 0)
            assert stored >= acknowledged
            assert {entry.item.title for entry in tx.entries.all()} == {f"{number + 1}" for number in range(stored)}
            assert feed.entries == tx.releases.count("all") == stored


def test_keeping_up_gives_back_the_room_of_the_log(tmp_path: Path) -> None:
    """After a burst of writes the write-ahead log is folded in and empty, also beside an idle reader; nothing is lost."""
    path = tmp_path / "aggregator.db"
    with contextlib.closing(SqliteStore(path)) as store, contextlib.closing(SqliteStore(path, readonly=True)) as reader:
        with reader.snapshot() as tx:  # while it looks, the log cannot begin anew
            assert tx.tallies.get("subscribers") == 0
            for number in range(1, 40):
                with store.transaction() as writing:
                    writing.tallies.put("subscribers", number, datetime(2026, 1, 1, tzinfo=UTC))
        log = path.with_name(f"{path.name}-wal")
        assert log.stat().st_size > 0
        store.keep_up()
        assert log.stat().st_size == 0
        with reader.snapshot() as tx:
            assert tx.tallies.get("subscribers") == 39
