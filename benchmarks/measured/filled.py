"""A database as it is after weeks of polling, made in seconds: real sources, rows written in bulk.

Sources are synchronised by the store itself. What polls would have written is written here, in the form in which the
store writes it: feeds with headers and validators, requests due at all seconds of the next hour, entries with index,
sightings and releases, and a poll log. Three sources share a host, as do a tenth of all (a platform). A few sources,
the `fresh`, stay as they are when they are new: measurements poll them for real.
"""

from __future__ import annotations

import itertools
import random
import sqlite3
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from aggregator.config.settings import FeedSettings, Settings
from aggregator.model import Header, Link
from aggregator.releasing import release_missing
from aggregator.store.rows import HEADER, to_json, to_ms
from aggregator.store.sqlite.store import SqliteStore

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NOW = datetime(2026, 6, 21, 9, tzinfo=UTC)
"""Publisher.document's entries 0 to 19 are of the twenty days before; number 20 is of the last hour."""
FRESH = 320
"""Sources without a poll yet."""
PLATFORM = "platform.example"
_HOUR = 3_600_000
_TEXTS = 4096


@dataclass(frozen=True)
class Filled:
    """A database, its configuration, and the addresses of its fresh sources."""

    store: SqliteStore
    settings: Settings
    fresh: list[str]


def fill(path: Path, feeds: int, entries: int) -> Filled:
    """Make a database of so many sources beside the fresh ones, and so many entries in all."""
    store = SqliteStore(path)
    fresh = [f"https://fresh{number}.example/feed" for number in range(FRESH)]
    urls = [address(number) for number in range(feeds)]
    settings = Settings(feeds=tuple(FeedSettings(url=url) for url in [*urls, *fresh]))
    with store.transaction() as tx:
        tx.feeds.sync(settings.sources, NOW - timedelta(days=90))
        release_missing(tx, settings, NOW - timedelta(days=90))
    store.close()
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        for pragma in ("journal_mode = OFF", "synchronous = OFF", "cache_size = -500000"):
            db.execute(f"PRAGMA {pragma}")
        db.execute("BEGIN")
        with _without_indexes(db, ("entry", "sighting", "release", "poll_log")):
            _polled(db, feeds)
            _listed(db, feeds, entries)
        db.execute("COMMIT")
        db.execute("PRAGMA journal_mode = WAL")
    return Filled(SqliteStore(path), settings, fresh)


@contextmanager
def _without_indexes(db: sqlite3.Connection, tables: tuple[str, ...]) -> Iterator[None]:
    """Make the indexes of tables after their rows: that is several times faster."""
    marks = ", ".join("?" * len(tables))
    found = db.execute(
        f"SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL AND tbl_name IN ({marks})",  # noqa: S608 - marks
        tables,
    ).fetchall()
    for name, _ in found:
        db.execute(f"DROP INDEX {name}")
    yield
    for _, statement in found:
        db.execute(statement)


def address(number: int) -> str:
    """Return a source's address."""
    host = PLATFORM if number % 10 == 0 else f"h{number // 3}.example"
    return f"https://{host}/{number}/feed"


def _polled(db: sqlite3.Connection, feeds: int) -> None:
    """Write what polls leave on sources, requests and in the log: one an hour and source, the last ten of them."""
    now = to_ms(NOW)
    header = to_json(
        HEADER, Header(title="A feed", links=(Link("https://site.example/"),), language="en", generator="Hugo")
    )
    db.execute(
        "UPDATE feed SET header = :header, etag = '\"' || id || '-5f3a\"', body_hash = hex(randomblob(32)), items = 20,"
        " entries = 40, last_poll = :hour_ago, rhythm_entries = 9, rhythm_days = 12, news_at = :hour_ago,"
        " last_success = :hour_ago, last_new = :hour_ago, claimed = :hour_ago, asked_as = hex(randomblob(16))"
        " WHERE id <= :feeds",
        {"header": header, "hour_ago": now - _HOUR, "feeds": feeds},
    )
    db.execute(
        "UPDATE request SET due_at = ? + 1000 + feed * 7919 % 3600 * 1000, reason = 'publishes once a day or so'"
        " WHERE feed <= ?",
        [now, feeds],
    )
    db.execute("UPDATE request SET due_at = ? WHERE feed > ?", [now + 24 * _HOUR, feeds])
    for hours in range(10):
        db.execute(
            "INSERT INTO poll_log (feed, at, outcome, status, bytes, elapsed_ms, new, updated, duplicates)"
            " SELECT id, ? + position, 'not-modified', 304, 180, 90, 0, 0, 0 FROM feed WHERE id <= ?"
            " ORDER BY id * 7919 % 3600",
            [now - (10 - hours) * _HOUR + 1, feeds],
        )


def _listed(db: sqlite3.Connection, feeds: int, entries: int) -> None:
    """Write entries with their index, and where they were seen and released."""
    db.executemany(
        "INSERT INTO entry (atom_id, feed, canonical, content_key, digest, title, link, summary, text, published,"
        " updated, first_seen, language, authors, contributors, categories, enclosures, story, founds, grouped)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'en', '[]', '[]', '[]', '[]', ?, ?, 1)",
        _rows(feeds, entries),
    )
    db.execute("INSERT INTO entry_fts (rowid, title, text) SELECT id, title, text FROM entry")
    db.execute(
        "INSERT INTO sighting (feed, key, entry, guid, link, digest, first_seen, last_seen, count)"
        " SELECT feed, atom_id, id, link, link, digest, first_seen, ?, 400 FROM entry",
        [to_ms(NOW) - _HOUR],
    )
    db.execute("INSERT INTO release (output, seq, entry, released_at) SELECT 'all', id, id, first_seen FROM entry")


def _rows(feeds: int, entries: int) -> Iterator[tuple[object, ...]]:
    chance = random.Random(1)  # noqa: S311
    words = [f"w{number:x}" for number in range(20_000)]
    odds = list(itertools.accumulate(1 / (number + 3) for number in range(len(words))))
    texts = [" ".join(chance.choices(words, cum_weights=odds, k=48)) for _ in range(_TEXTS)]
    span = 80 * 24 * _HOUR // entries
    for number in range(entries):
        feed, text = number % feeds + 1, texts[number % _TEXTS]
        link = f"https://s{feed}.example/{number // feeds}/{text[:12].replace(' ', '-')}"
        seen = to_ms(NOW) - 81 * 24 * _HOUR + number * span
        story = f"{chance.getrandbits(64):016x}"
        keys = link, feed, link, f"{chance.getrandbits(128):032x}", f"{chance.getrandbits(256):064x}"
        yield (*keys, text[:60], link, f"<p>{text}</p>", text, seen - 1, seen, seen, story, story)
