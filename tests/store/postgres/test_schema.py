"""The tables: databases of released versions are read, and no query of the daily work looks at every row."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from aggregator.articles import complete
from aggregator.awaiting import let_overdue_go
from aggregator.config.settings import FeedSettings, OutputSettings, Settings
from aggregator.corrections import join, split, withdraw
from aggregator.decide.articles import ArticlePage
from aggregator.grouping import Grouping
from aggregator.model import Document, Fetched, Header, Item, Outcome
from aggregator.publish.archive import Catalogue
from aggregator.publish.selection import channel
from aggregator.releasing import release_missing
from aggregator.settle import Chance, Result, settle
from aggregator.telling import tell

if TYPE_CHECKING:
    from postgres_server import PostgresServer


Open = "Callable[..., PostgresStore]"
NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
A, B = "https://a.example/feed", "https://b.example/feed"
SCHEMAS = sorted((Path(__file__).parent / "schemas").glob("*.sql"))
TABLES = (
    """SELECT table_name, column_name, data_type, is_nullable, column_default
    FROM information_schema.columns WHERE table_schema = 'public'""",
    "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'",
    "SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid <> 0",
)
SETTINGS = Settings(
    feeds=(FeedSettings(url=A, full_text=True), FeedSettings(url=B)),
    outputs=(
        OutputSettings(name="few", per_source=5),
        OutputSettings(name="stories", by="story", per_source=5),
        OutputSettings(name="daily", digest="daily"),
    ),
)


def _released(postgres: PostgresServer, script: Path) -> str:
    url = postgres.empty()
    with postgres.connect(url) as db:
        db.execute(script.read_text(encoding="utf-8"))
    return url


def _tables(postgres: PostgresServer, url: str) -> list[set[Any]]:
    with postgres.connect(url) as db:
        return [set(db.execute(statement).fetchall()) for statement in TABLES]


@pytest.mark.parametrize("script", SCHEMAS, ids=lambda script: script.stem)
def test_database_of_a_released_version(postgres: PostgresServer, opened: Open, script: Path) -> None:
    """A database as a released version left it opens, is brought up to date, and has all that it had."""
    with opened(_released(postgres, script)).snapshot() as tx:
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
        for output in ("all", "labs"):
            (released,) = tx.releases.select(output, limit=9, window=timedelta(0), ceiling=9)
            assert (released.entry, released.released_at) == (replace(entry, sightings=()), NOON)


def test_released_migrations_stay_as_they_are(postgres: PostgresServer) -> None:
    """Today's migrations make the tables that the last released version left: a change needs one of its own."""
    assert _tables(postgres, postgres.ready()) == _tables(postgres, _released(postgres, SCHEMAS[-1]))


def test_names_of_any_length(postgres: PostgresServer, opened: Open) -> None:
    """A guid and a link longer than an index of PostgreSQL takes are kept and found like any other."""
    long = "".join(chr(0x4E00 + number * 7919 % 20_000) for number in range(2_000))
    item = Item(title="One", guid=long, link=f"https://a.example/{long}")
    with opened(postgres.ready()).transaction() as tx:
        _begin(tx)
        _settle(tx, A, item)
        _settle(tx, A, item)
        (entry,) = tx.entries.all()
        assert entry.item.link == item.link


def test_words_in_another_form(postgres: PostgresServer, opened: Open) -> None:
    """Among entries of a language that PostgreSQL knows, a word is found by its other forms; in others as it is."""
    with opened(postgres.ready()).transaction() as tx:
        _begin(tx)
        _settle(
            tx, B,
            Item(title="New models released", guid="1", language="en-US"),
            Item(title="Modèles généreux", guid="2", language="fr"),
            Item(title="Models in Swahili", guid="3", language="sw"),
            Item(title="Über die Häuser", guid="4", language="de"),
        )  # fmt: skip
        found = {
            words: sorted(entry.item.title for entry in tx.entries.search(words, limit=9))
            for words in ("model", "releasing models", "généreuse", "haus", "the models")
        }
    assert found == {
        "model": ["Modèles généreux", "New models released"],
        "releasing models": ["New models released"],
        "généreuse": ["Modèles généreux"],
        "haus": ["Über die Häuser"],
        "the models": [],
    }


def _begin(tx: Any) -> None:
    tx.feeds.sync(SETTINGS.sources, NOON)
    release_missing(tx, SETTINGS, NOON)


def _settle(tx: Any, url: str, *items: Item) -> None:
    (request,) = tx.requests.claim([url], NOON, lease=MINUTE)
    settle(tx, Result(request, NOON, Fetched(url, 200, NOON), Document(Header(), items), "h"), SETTINGS, Chance(0))


def _poll(tx: Any, url: str, *items: Item) -> None:
    requests = tx.requests.claim_due(NOON, limit=9, lease=MINUTE, per_host=4)
    tx.requests.give_back(requests)
    _settle(tx, url, *items)
    feed = tx.feeds.get(url)
    tx.feeds.polls(feed, 10)
    tx.feeds.forget_polls(NOON - timedelta(days=30))
    tx.entries.get("urn:nothing")
    tx.entries.search("models", limit=9)
    tx.releases.select("few", limit=5, window=timedelta(0), ceiling=9)
    tx.requests.void_leases()
    tx.gaps.last_listed(feed)
    tx.gaps.listed_by(feed, ["g:1"], NOON)
    tx.gaps.flooded(feed)
    tx.gaps.ask(feed, f"{url}?page=2", NOON, "test")
    tx.requests.claim_page(url, NOON, lease=MINUTE)
    tx.gaps.drop(feed)


def _read_article(tx: Any) -> None:
    request = tx.requests.claim_page(A, NOON, lease=MINUTE)
    complete(tx, Result(request, NOON, article=ArticlePage("One", content="<p>text</p>")), SETTINGS, Chance(0))
    tx.articles.of_entry(request.entry)
    tx.articles.count(request.feed)
    let_overdue_go(tx, SETTINGS, NOON + timedelta(hours=1))


def _decide_stories(tx: Any) -> None:
    keys = [one.article.key for one in tx.stories.waiting(limit=9, model="model")]
    tx.stories.keep_vectors(dict.fromkeys(keys, b"\0" * 8), "model")
    Grouping("model").step(tx, NOON)
    tell(tx, SETTINGS, NOON + timedelta(days=1))
    first, second = (entry.id for entry in tx.entries.by_keys(keys[:2]))
    for correct in (join, split, join):
        correct(tx, *((first, second) if correct is join else (second,)), SETTINGS, NOON)
    tx.kinships.members(keys[0])
    tx.kinships.kin(keys[0])
    for name in ("stories", "daily"):
        Catalogue().volumes(tx, SETTINGS.published[name], channel(tx, SETTINGS.published[name], SETTINGS))
    withdraw(tx, first, SETTINGS, NOON)


def test_no_query_looks_at_every_row(postgres: PostgresServer, opened: Open) -> None:
    """Whatever a tick and a poll ask can go through an index: told not to, PostgreSQL reads no large table whole."""
    url = postgres.ready()
    with opened(url).transaction() as tx:
        _begin(tx)
    one = Item(title="One", guid="1", link="https://a.example/1", summary="text " * 100)
    with opened(f"{url}&options=-c%20enable_seqscan%3Doff").transaction() as tx:
        many = [Item(title=f"Alone{n} Unheard{n}", guid=f"g{n}", link=f"https://a.example/g{n}") for n in range(20)]
        _poll(tx, A, *many)
        _poll(tx, A, one)
        _poll(tx, A, Item(title="Edited", guid="1", link="https://a.example/1"))
        _poll(tx, B, one, Item(title="Two", guid="2", link="https://b.example/2"))
        _read_article(tx)
        _decide_stories(tx)
        whole = tx._db.execute("SELECT relname FROM pg_stat_xact_user_tables WHERE seq_scan > 0").fetchall()
    assert {row["relname"] for row in whole} <= {"meta", "output", "site", "snapshot", "list"}
