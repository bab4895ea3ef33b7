"""The tables of the first release, as its migration makes them (schema.m001_first): they are never changed here."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sqlite_utils import Database


def _meta(db: Database) -> None:
    db.table("meta").create({"name": str, "value": str}, pk="name")
    db.table("meta").insert_all(
        [
            {"name": "instance", "value": str(uuid.uuid4())},
            {"name": "created", "value": datetime.now(UTC).isoformat()},
        ]
    )


def _feeds(db: Database) -> None:
    db.execute("""
        CREATE TABLE feed (
            id INTEGER PRIMARY KEY,
            url TEXT NOT NULL UNIQUE,        -- as configured
            fetch_url TEXT NOT NULL,         -- where it is asked
            position INTEGER,                -- place in feeds.yaml; NULL: removed from it
            title TEXT, kind TEXT NOT NULL, tags TEXT NOT NULL, rank INTEGER NOT NULL, prefix TEXT,
            enabled INTEGER NOT NULL, private INTEGER NOT NULL,
            header TEXT NOT NULL, hints TEXT NOT NULL,
            etag TEXT, last_modified TEXT, body_hash TEXT,
            items INTEGER NOT NULL DEFAULT 0,        -- in the last document
            entries INTEGER NOT NULL DEFAULT 0,      -- sighted in it, ever
            added_at INTEGER NOT NULL, last_poll INTEGER, last_success INTEGER, last_new INTEGER,
            errors INTEGER NOT NULL DEFAULT 0, error TEXT, remedy TEXT, gone INTEGER NOT NULL DEFAULT 0
        )""")
    db.execute("""
        CREATE TABLE poll_log (
            id INTEGER PRIMARY KEY,
            feed INTEGER NOT NULL REFERENCES feed ON DELETE CASCADE,
            at INTEGER NOT NULL, outcome TEXT NOT NULL,
            status INTEGER, bytes INTEGER NOT NULL, elapsed_ms INTEGER NOT NULL,
            new INTEGER NOT NULL, updated INTEGER NOT NULL, duplicates INTEGER NOT NULL, error TEXT
        )""")
    db.execute("CREATE INDEX poll_log_feed ON poll_log(feed, at)")
    db.execute("CREATE INDEX poll_log_at ON poll_log(at)")


def _requests(db: Database) -> None:
    db.execute("""
        CREATE TABLE request (
            id INTEGER PRIMARY KEY,
            kind TEXT NOT NULL,
            feed INTEGER NOT NULL REFERENCES feed ON DELETE CASCADE,
            host TEXT NOT NULL,
            due_at INTEGER,                          -- NULL: not by itself
            not_before INTEGER NOT NULL DEFAULT 0,   -- what the server asked for
            lease_until INTEGER,                     -- NULL: nobody holds it
            parked INTEGER NOT NULL DEFAULT 0,       -- its source is not to be asked now, but may be again
            reason TEXT NOT NULL DEFAULT '',
            UNIQUE (feed, kind)
        )""")
    db.execute("CREATE INDEX request_due ON request(due_at) WHERE due_at IS NOT NULL AND NOT parked")
    db.execute("CREATE INDEX request_lease ON request(lease_until) WHERE lease_until IS NOT NULL")
    db.execute("CREATE TABLE host (name TEXT PRIMARY KEY, next_allowed_at INTEGER NOT NULL, reason TEXT NOT NULL)")


def _entries(db: Database) -> None:
    db.execute("""
        CREATE TABLE entry (
            id INTEGER PRIMARY KEY,
            atom_id TEXT NOT NULL UNIQUE,
            feed INTEGER NOT NULL REFERENCES feed,   -- supplies title and body
            canonical TEXT, content_key TEXT, digest TEXT NOT NULL,
            title TEXT NOT NULL, link TEXT, summary TEXT, content TEXT,
            text TEXT NOT NULL,                      -- of summary or content, for search
            published INTEGER NOT NULL,
            updated INTEGER NOT NULL UNIQUE,         -- by milliseconds: validators warn of equal ones
            first_seen INTEGER NOT NULL,
            language TEXT, rights TEXT, comments TEXT, thumbnail TEXT,
            authors TEXT NOT NULL, contributors TEXT NOT NULL, categories TEXT NOT NULL, enclosures TEXT NOT NULL,
            source TEXT,                             -- atom:source, when it was copied from another feed
            story TEXT NOT NULL,
            revisions INTEGER NOT NULL DEFAULT 0,
            held TEXT                                -- why it is in no output
        )""")
    for column in ("feed", "canonical", "content_key", "published", "first_seen", "story"):
        db.execute(f"CREATE INDEX entry_{column} ON entry({column})")
    db.execute("""
        CREATE TABLE sighting (
            id INTEGER PRIMARY KEY,
            feed INTEGER NOT NULL REFERENCES feed,
            key TEXT NOT NULL,                       -- the item's name within its feed
            entry INTEGER NOT NULL REFERENCES entry,
            guid TEXT, link TEXT,
            digest TEXT NOT NULL,                    -- as listed last
            first_seen INTEGER NOT NULL, last_seen INTEGER NOT NULL, count INTEGER NOT NULL DEFAULT 1,
            UNIQUE (feed, key)
        )""")
    db.execute("CREATE INDEX sighting_entry ON sighting(entry, feed)")
    db.execute("""
        CREATE TABLE revision (
            entry INTEGER NOT NULL REFERENCES entry,
            number INTEGER NOT NULL,
            at INTEGER NOT NULL,
            title TEXT NOT NULL, link TEXT, summary TEXT, content TEXT,
            PRIMARY KEY (entry, number)
        ) WITHOUT ROWID""")
    db.table("entry").enable_fts(["title", "text"], tokenize="unicode61 remove_diacritics 2")


def _releases(db: Database) -> None:
    db.execute("CREATE TABLE output (name TEXT PRIMARY KEY, created_at INTEGER NOT NULL, choice TEXT)")
    db.execute("""
        CREATE TABLE release (
            output TEXT NOT NULL REFERENCES output,
            seq INTEGER NOT NULL,
            entry INTEGER NOT NULL REFERENCES entry,
            released_at INTEGER NOT NULL,
            PRIMARY KEY (output, seq),
            UNIQUE (output, entry)
        ) WITHOUT ROWID""")
    db.execute("CREATE INDEX release_entry ON release(entry)")
    db.execute("CREATE INDEX release_time ON release(output, released_at)")


FIRST = (_meta, _feeds, _requests, _entries, _releases)
"""What makes them, in order."""
