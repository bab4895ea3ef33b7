"""The tables: databases of released versions are read, and no query of the daily work looks at every row."""

from __future__ import annotations

import contextlib
import re
import sqlite3
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from aggregator.articles import complete
from aggregator.awaiting import let_overdue_go
from aggregator.config.settings import FeedSettings, OutputSettings, Settings
from aggregator.corrections import join, split, withdraw
from aggregator.decide.articles import ArticlePage
from aggregator.errors import NotAFeed, TimedOut
from aggregator.grouping import Grouping
from aggregator.model import Document, Fetched, Header, Item, Outcome
from aggregator.publish.archive import Catalogue
from aggregator.publish.selection import channel
from aggregator.releasing import release_missing
from aggregator.settle import Chance, Result, settle
from aggregator.store.sqlite.schema import APPLICATION_ID
from aggregator.store.sqlite.store import SqliteStore
from aggregator.telling import tell

if TYPE_CHECKING:
    from collections.abc import Iterator

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)
A, B = "https://a.example/feed", "https://b.example/feed"
SCHEMAS = sorted((Path(__file__).parent / "schemas").glob("*.sql"))


def _load(script: Path, path: Path) -> None:
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.executescript(script.read_text(encoding="utf-8"))


def _tables(path: Path) -> dict[str, str]:
    with contextlib.closing(sqlite3.connect(path)) as connection:
        found = connection.execute("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL")
        return {name: " ".join(sql.split()) for name, sql in found}


@pytest.mark.fault("F28")
@pytest.mark.parametrize("script", SCHEMAS, ids=lambda script: script.stem)
def test_database_of_a_released_version(script: Path, tmp_path: Path) -> None:
    """A database as a released version left it opens, is brought up to date, and has all that it had."""
    path = tmp_path / "aggregator.db"
    _load(script, path)
    store = SqliteStore(path)
    with contextlib.closing(store), store.snapshot() as tx:
        first, second = tx.feeds.all()
        assert (first.url, first.title, first.header.title, first.tags) == (A, "The A", "News", ("lab",))
        assert (first.validators.etag, first.body_hash, first.items, first.entries) == ('"x"', "h", 1, 1)
        assert (first.added_at, first.last_new, first.next_poll_at) == (NOON, NOON, NOON + timedelta(hours=3))
        assert (second.url, second.private) == (B, True)
        assert [line.outcome for line in tx.feeds.polls(first, 9)] == [Outcome.UPDATED, Outcome.NEW]
        (entry,) = tx.entries.all()
        assert (entry.item.title, entry.item.authors[0].name, entry.feed) == ("Première, revue", "Ann", A)
        assert [seen.feed for seen in entry.sightings] == [A, B]
        assert [revision.title for revision in tx.entries.revisions(entry.key)] == ["Première"]
        assert tx.entries.search("premiere ete", limit=9) == [entry]
        assert tx.entries.get(entry.id) == entry
        for output in ("all", "labs"):
            (released,) = tx.releases.select(output, limit=9, window=timedelta(0), ceiling=9)
            assert (released.entry, released.released_at) == (replace(entry, sightings=()), NOON)


@pytest.mark.fault("F28")
def test_released_migrations_stay_as_they_are(tmp_path: Path) -> None:
    """Today's migrations make the tables that the last released version left: a change needs one of its own."""
    _load(SCHEMAS[-1], tmp_path / "released.db")
    SqliteStore(tmp_path / "today.db").close()
    assert _tables(tmp_path / "today.db") == _tables(tmp_path / "released.db")


def test_dump_has_our_mark() -> None:
    """A released database as text says whose it is."""
    assert all(f"PRAGMA application_id = {APPLICATION_ID};" in script.read_text() for script in SCHEMAS)


def _requests(connection: sqlite3.Connection) -> list[dict[str, object]]:
    connection.row_factory = sqlite3.Row
    return [dict(row) for row in connection.execute("SELECT * FROM request ORDER BY id")]


def test_requests_live_through_a_migration(tmp_path: Path) -> None:
    """Requests of a version without articles keep their due times, reasons, leases and pauses; parked ones stay parked."""
    path = tmp_path / "aggregator.db"
    _load(SCHEMAS[2], path)
    with contextlib.closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE request SET not_before = 7, lease_until = 8, reason = 'a' WHERE id = 1")
        connection.execute("UPDATE request SET parked = 1, due_at = NULL WHERE id <> 1")
        connection.execute(
            "INSERT INTO request (kind, feed, host, site, due_at) VALUES ('archive', 1, 'b.example', 'b.example', 9)"
        )
        before = _requests(connection)
    SqliteStore(path).close()
    with contextlib.closing(sqlite3.connect(path)) as connection:
        after = _requests(connection)
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
    assert len(before) > 2
    assert after == [one | {"entry": 0} for one in before]


SETTINGS = Settings(
    feeds=(FeedSettings(url=A, full_text=True), FeedSettings(url=B)),
    outputs=(
        OutputSettings(name="few", per_source=5),
        OutputSettings(name="stories", by="story", per_source=5),
        OutputSettings(name="daily", digest="daily"),
    ),
)
WHOLE = re.compile(
    r"SCAN (entry|sighting|revision|release|poll_log|request|feed|member|held|article)\b(?! USING (COVERING )?INDEX)"
    r"|SCAN (relation|telling|membership|vector|lead|one)\b"
)
ALL_OF_AN_OUTPUT = re.compile(r"SEARCH (telling|release) USING .*\(output=\?\)")
"""What an output knows only grows: a statement that begins with all of it is as bad as one that scans."""


@contextlib.contextmanager
def _watched(store: SqliteStore) -> Iterator[list[str]]:
    """Give the statements that are run meanwhile, with their values."""
    statements: list[str] = []
    store._database.conn.set_trace_callback(statements.append)
    yield statements
    store._database.conn.set_trace_callback(None)


def _poll(store: SqliteStore, url: str, *items: Item) -> None:
    with store.transaction() as tx:
        requests = tx.requests.claim_due(NOON, limit=9, lease=timedelta(minutes=1), per_host=4)
        tx.requests.give_back(requests)
        (request,) = tx.requests.claim([url], NOON, lease=timedelta(minutes=1))
        result = Result(request, NOON, Fetched(url, 200, NOON), Document(Header(), items), body_hash="h")
        settle(tx, result, SETTINGS, Chance(0))
        tx.feeds.polls(tx.feeds.get(url) or request.feed, 10)
        tx.feeds.forget_polls(NOON - timedelta(days=30))
        tx.entries.get("urn:nothing")
        tx.releases.select("few", limit=5, window=timedelta(0), ceiling=9)
        tx.requests.void_leases()
        tx.gaps.last_listed(request.feed)
        tx.gaps.listed_by(request.feed, ["g:1"], NOON)
        tx.gaps.flooded(request.feed)
        tx.gaps.ask(request.feed, f"{url}?page=2", NOON, "test")
        tx.requests.claim_page(url, NOON, lease=timedelta(minutes=1))
        tx.gaps.drop(request.feed)


def _read_articles(store: SqliteStore) -> None:
    """Do all that becomes of articles: read, not had, given up, waited for in vain, and listed anew after that."""
    with store.transaction() as tx:
        found = []
        while (request := tx.requests.claim_page(A, NOON, lease=timedelta(minutes=1))) is not None:
            found.append(request)
        read, failed, gone, *_ = found
        for request, result in (
            (read, Result(read, NOON, article=ArticlePage("One", content="<p>text</p>"))),
            (failed, Result(failed, NOON, error=TimedOut("Slow."))),
            (gone, Result(gone, NOON, error=NotAFeed("No article."))),
        ):
            complete(tx, result, SETTINGS, Chance(0))
            tx.articles.of_entry(request.entry)
        tx.articles.count(read.feed)
        let_overdue_go(tx, SETTINGS, NOON + timedelta(hours=1))
    listed = [Item(title=f"Edited{n}", guid=f"g{n}", link=f"https://a.example/g{n}") for n in range(200)]
    _poll(store, A, *listed)


def _decide_stories(store: SqliteStore) -> None:
    """Do all that the story stage, corrections by hand and publishing ask of what is kept of stories."""
    stage = Grouping("model")
    with store.transaction() as tx:
        keys = [one.article.key for one in tx.stories.waiting(limit=9, model="model")]
        tx.stories.keep_vectors(dict.fromkeys(keys, b"\0" * 8), "model")
        stage.step(tx, NOON)
        tell(tx, SETTINGS, NOON + timedelta(days=1))
        first, second = (entry.id for entry in tx.entries.by_keys(keys[:2]))
        for correct in (join, split, join):
            correct(tx, *((first, second) if correct is join else (second,)), SETTINGS, NOON)
        tx.kinships.members(keys[0])
        tx.kinships.kin(keys[0])
        for name in ("stories", "daily"):
            Catalogue().volumes(tx, SETTINGS.published[name], channel(tx, SETTINGS.published[name], SETTINGS))
        withdraw(tx, first, SETTINGS, NOON)


def _fill(store: SqliteStore) -> None:
    """Let an output know more than a story has: the planner of SQLite decides without statistics."""
    many = [Item(title=f"Alone{n} Unheard{n}", guid=f"g{n}", link=f"https://a.example/g{n}") for n in range(200)]
    _poll(store, A, *many)


def test_no_query_looks_at_every_row(tmp_path: Path) -> None:
    """Whatever a tick and a poll ask of the database goes through an index: cost grows with news, not with what is kept."""
    store = SqliteStore(tmp_path / "aggregator.db")
    with store.transaction() as tx:
        tx.feeds.sync(SETTINGS.sources, NOON)
        release_missing(tx, SETTINGS, NOON)
    one = Item(title="One", guid="1", link="https://a.example/1", summary="text " * 100)
    _fill(store)
    with _watched(store) as statements:
        _poll(store, A, one)
        _poll(store, A, Item(title="Edited", guid="1", link="https://a.example/1"))
        _poll(store, B, one, Item(title="Two", guid="2", link="https://b.example/2"))
        _read_articles(store)
        _decide_stories(store)
    asked = {one for one in statements if re.match(r"\s*(SELECT|UPDATE|INSERT|DELETE)", one) and "entry_fts" not in one}
    plans = {one: [row["detail"] for row in store._database.conn.execute(f"EXPLAIN QUERY PLAN {one}")] for one in asked}
    store.close()
    assert len(plans) > 30
    whole = {one: plan for one, plan in plans.items() if any(WHOLE.search(step) for step in plan)}
    assert {one: plan for one, plan in whole.items() if "ORDER BY entry.id DESC LIMIT" not in one} == {}
    of_output = {one: plan for one, plan in plans.items() if any(ALL_OF_AN_OUTPUT.search(step) for step in plan)}
    assert {one: plan for one, plan in of_output.items() if not re.search(r"max\(seq\)|LIMIT \d+$", one)} == {}
    steps = {step for plan in plans.values() for step in plan}
    assert any("request USING INDEX request_due (due_at<?)" in step for step in steps)
    assert any("entry_canonical" in step for step in steps)
    assert any("telling USING COVERING INDEX telling_due (due_at<?)" in step for step in steps)
    assert any("entry USING INDEX entry_waiting (first_seen<?)" in step for step in steps)
    assert any("article USING INTEGER PRIMARY KEY (rowid=?)" in step for step in steps)
