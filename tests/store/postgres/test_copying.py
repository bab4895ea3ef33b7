"""A whole SQLite database on a server: all of it, or nothing."""

from __future__ import annotations

import contextlib
import sqlite3
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from aggregator.config.settings import FeedSettings, OutputSettings, Settings
from aggregator.corrections import join, withdraw
from aggregator.decide.pushing import Offer
from aggregator.decide.readership import Readership
from aggregator.decide.websub import Intent
from aggregator.errors import CorruptDatabase, ForeignDatabase, LockedDatabase
from aggregator.grouping import Grouping
from aggregator.model import Document, Fetched, Header, Item
from aggregator.releasing import release_missing
from aggregator.settle import Chance, Result, settle
from aggregator.store.opening import copying_to_file, copying_to_server
from aggregator.store.sqlite.store import SqliteStore
from aggregator.telling import tell

if TYPE_CHECKING:
    from pathlib import Path

    from postgres_server import PostgresServer


Open = "Callable[..., PostgresStore]"
NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)
A, B = "https://a.example/feed", "https://b.example/feed"
SETTINGS = Settings(
    feeds=(FeedSettings(url=A, tags=("lab",), full_text=True), FeedSettings(url=B)),
    outputs=(OutputSettings(name="stories", by="story"), OutputSettings(name="daily", digest="daily")),
)
INTENT = Intent("https://news.example/all.atom", "https://c.example/1", "c.example", "subscribe", "1", secret="x")
ONE = Item(title="Première", guid="urn:x:1", link="https://a.example/1", summary="<p>Été</p>", language="fr")


def _poll(tx: Any, url: str, at: datetime, *items: Item) -> None:
    (request,) = tx.requests.claim([url], at, lease=timedelta(minutes=1))
    settle(tx, Result(request, at, Fetched(url, 200, at), Document(Header(), items), "h"), SETTINGS, Chance(0))


@pytest.fixture
def filled(tmp_path: Path) -> Path:
    """Return a SQLite database that has something of almost everything."""
    pytest.importorskip("psycopg")
    store = SqliteStore(tmp_path / "aggregator.db")
    with store.transaction() as tx:
        tx.feeds.sync(SETTINGS.sources, NOON)
        tx.lists.sync({"https://l.example/": True}, NOON)
        release_missing(tx, SETTINGS, NOON)
        more = [Item(title=f"Other {n} unlike any", guid=f"g{n}", link=f"https://b.example/{n}") for n in range(5)]
        _poll(tx, B, NOON, replace(ONE, guid="b"), *more)
        _poll(tx, B, NOON + timedelta(hours=3), replace(ONE, guid="b", title="Première, revue"), *more)
        _poll(tx, A, NOON, ONE)
        keys = [one.article.key for one in tx.stories.waiting(limit=9, model="m")]
        tx.stories.keep_vectors(dict.fromkeys(keys, b"\0\0\x80\x3f" * 2), "m")
        Grouping("m").step(tx, NOON)
        tell(tx, SETTINGS, NOON + timedelta(days=1))
        first, second, third = (entry.id for entry in tx.entries.by_keys(keys[:3]))
        join(tx, first, second, SETTINGS, NOON)
        withdraw(tx, third, SETTINGS, NOON)
        tx.requests.pause_site("a.example", NOON + timedelta(days=1), "test")
        for number in range(2):
            tx.hub.ask(replace(INTENT, callback=f"https://c.example/{number}", challenge=f"{number}"), NOON)
        tx.hub.confirm(INTENT, NOON + timedelta(days=9), "v1")
        tx.readers.note([Readership("all", "atom", "Feedly", "7", 16)], NOON, most=9)
        tx.tallies.add("hub.failed", 3, NOON)
        tx.pushes.want(1, Offer("https://hub.example/", A), "https://we.example/", NOON)
    store.close()
    return tmp_path / "aggregator.db"


def _all(tx: Any) -> list[Any]:
    entries = list(tx.entries.all())
    return [
        tx.instance, tx.created, tx.feeds.all(), tx.lists.all(), tx.requests.pauses(NOON), entries,
        [tx.entries.revisions(entry.key) for entry in entries],
        [tx.kinships.members(entry.key) + tx.kinships.kin(entry.key) for entry in entries],
        [tx.feeds.polls(feed, 99) for feed in tx.feeds.all()],
        [tx.listings.last(feed) for feed in tx.feeds.all()],
        [list(tx.releases.of_output(name)) for name in ("all", "stories", "daily")],
        tx.tellings.of([entry.key for entry in entries]),
        tx.stories.snapshot()[0].to_json(),
        tx.hub.due(NOON, limit=9, per_site=9),
        tx.hub.count(), tx.readers.known(NOON), tx.tallies.get("hub.failed"), tx.pushes.all(),
    ]  # fmt: skip


def test_all_that_was_kept(filled: Path, postgres: PostgresServer, opened: Open) -> None:
    """Through the protocols both databases say the same, numbers go on, and every table was compared."""
    copying, url, told = copying_to_server(), postgres.empty(), []
    copied = copying.copy(filled, url, told.append)
    assert [one.table for one in copied] == list(copying.TABLES)
    assert sum(told) == sum(one.rows for one in copied) == copying.count_rows(filled)
    assert {one.table for one in copied if not one.rows} == {"issue"}
    file, server = SqliteStore(filled, readonly=True), opened(url)
    with contextlib.closing(file), file.snapshot() as before, server.transaction() as after:
        assert _all(after) == _all(before)
        assert [entry.item.title for entry in after.entries.search("premiere revue", limit=9)] == ["Première, revue"]
        last = max(entry.key for entry in after.entries.all())
        _poll(after, B, NOON + timedelta(days=2), Item(title="After it", guid="after", link="https://b.example/after"))
        assert max(entry.key for entry in after.entries.all()) == last + 1


def test_every_table_of_the_file(filled: Path) -> None:
    """A table that is added to SQLite's is copied too."""
    with contextlib.closing(sqlite3.connect(filled)) as db:
        found = {name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    ours = {name for name in found if not name.startswith(("entry_fts", "sqlite_", "_sqlite"))}
    assert ours == set(copying_to_server().TABLES)


def test_every_column_of_the_file(filled: Path, postgres: PostgresServer) -> None:
    """A column that is added to SQLite's is copied too."""
    with contextlib.closing(sqlite3.connect(filled)) as db, postgres.connect(postgres.ready()) as server:
        for table in copying_to_server().TABLES:
            ours = {row[1] for row in db.execute(f"PRAGMA table_info({table})")}
            found = server.execute("SELECT column_name FROM information_schema.columns WHERE table_name = %s", [table])
            assert {name for (name,) in found} - {"configuration", "search"} == ours, table


def test_a_database_that_is_used(filled: Path, postgres: PostgresServer, opened: Open) -> None:
    """What somebody uses is not written over."""
    url = postgres.ready()
    with opened(url).transaction() as tx:
        tx.feeds.sync({A: FeedSettings(url=A)}, NOON)
        instance = tx.instance
    with pytest.raises(ForeignDatabase, match="in use"):
        copying_to_server().copy(filled, url, print)
    with opened(url).snapshot() as tx:
        assert (tx.instance, len(tx.feeds.all())) == (instance, 1)


def test_a_row_that_is_lost(
    filled: Path, postgres: PostgresServer, opened: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When the databases differ afterwards, the copy stays one that nobody can use."""
    copying, url = copying_to_server(), postgres.ready()
    write = copying._write
    monkeypatch.setattr(
        copying, "_write", lambda *args: write(*args[:3], args[3][:-1]) if args[1] == "sighting" else write(*args)
    )
    with pytest.raises(CorruptDatabase, match="`sighting`"):
        copying.copy(filled, url, print)
    with pytest.raises(LockedDatabase, match="not whole"):
        opened(url)


@pytest.fixture
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    """Copy two rows at a time."""
    from aggregator.store.postgres import copied  # noqa: PLC0415 - skipped where it can't be had

    monkeypatch.setattr(copied, "BATCH", 2)


class _Stopped(Exception):
    """Somebody pulled the plug."""


def _until(most: int) -> Any:
    """Return what counts rows, and pulls the plug."""
    rows = []

    def told(count: int) -> None:
        rows.append(count)
        if sum(rows) >= most:
            raise _Stopped

    return told


@pytest.mark.usefixtures("small_batches")
def test_a_copy_goes_on_where_it_was(
    filled: Path, postgres: PostgresServer, opened: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Broken off anywhere, twice, it writes what is missing and no row twice; meanwhile nobody can use it."""
    copying, url, written = copying_to_server(), postgres.empty(), []
    write = copying._write
    monkeypatch.setattr(copying, "_write", lambda *args: (written.append((args[1], len(args[3]))), write(*args)))
    for most in (5, copying.count_rows(filled) - 4):
        with pytest.raises(_Stopped):
            copying.copy(filled, url, _until(most))
        with pytest.raises(LockedDatabase, match="not whole"):
            opened(url, readonly=True)
    copied = copying.copy(filled, url, print)
    assert {one.table: one.rows for one in copied if one.table != "meta"} == {
        one.table: sum(rows for table, rows in written if table == one.table) for one in copied if one.table != "meta"
    }
    file, server = SqliteStore(filled, readonly=True), opened(url)
    with contextlib.closing(file), file.snapshot() as before, server.snapshot() as after:
        assert _all(after) == _all(before)


def test_a_copy_of_another_database(filled: Path, postgres: PostgresServer, tmp_path: Path) -> None:
    """What was begun from one file does not go on from another."""
    copying, url = copying_to_server(), postgres.empty()
    with pytest.raises(_Stopped):
        copying.copy(filled, url, _until(3))
    SqliteStore(tmp_path / "other.db").close()
    with pytest.raises(ForeignDatabase, match="copy of another"):
        copying.copy(tmp_path / "other.db", url, print)


@pytest.mark.usefixtures("small_batches")
def test_there_and_back(filled: Path, postgres: PostgresServer, tmp_path: Path) -> None:
    """What comes back from a server is what went there, words included, though the way back was broken off."""
    url, back = postgres.empty(), tmp_path / "back.db"
    there = copying_to_server().copy(filled, url, print)
    returning = copying_to_file()
    with pytest.raises(_Stopped):
        returning.copy(url, back, _until(20))
    assert not back.exists()
    assert returning.copy(url, back, print) == there
    assert returning.count_rows(url) == sum(one.rows for one in there)
    assert [file.name for file in tmp_path.glob("back.db*")] == ["back.db"]
    first, second = SqliteStore(filled, readonly=True), SqliteStore(back)
    with (
        contextlib.closing(first),
        contextlib.closing(second),
        first.snapshot() as before,
        second.transaction() as after,
    ):
        assert _all(after) == _all(before)
        assert [entry.item.title for entry in after.entries.search("premiere revue", limit=9)] == ["Première, revue"]
        _poll(after, B, NOON + timedelta(days=2), Item(title="After it", guid="after", link="https://b.example/after"))


def test_a_file_that_is_there(filled: Path, postgres: PostgresServer) -> None:
    """The way back writes over no file, and goes on with no copy of another database."""
    url = postgres.ready()
    with pytest.raises(ForeignDatabase, match="exists"):
        copying_to_file().copy(url, filled, print)
    with pytest.raises(_Stopped):
        copying_to_file().copy(url, filled.with_name("back.db"), _until(1))
    with pytest.raises(ForeignDatabase, match="copy of another"):
        copying_to_file().copy(postgres.ready(), filled.with_name("back.db"), print)
