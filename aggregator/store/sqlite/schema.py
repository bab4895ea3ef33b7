"""The tables, as migrations in order: a migration that was released is never changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aggregator.decide.sites import site_of
from aggregator.store.sqlite.first import FIRST
from aggregator.store.sqlite.loading import Migrations
from aggregator.store.sqlite.renewal import renew

if TYPE_CHECKING:
    from sqlite_utils import Database

APPLICATION_ID = 0x41474752
"""`AGGR` in the file's header: this file is ours (SQLite's application_id)."""

migrations = Migrations("aggregator")


@migrations()
def m001_first(db: Database) -> None:
    """Everything the first release keeps. Times are milliseconds since 1970, UTC; lists and records are JSON."""
    for tables in FIRST:
        tables(db)


@migrations()
def m002_polling(db: Database) -> None:
    """What a feed's rhythm, its states, moves and pauses of whole sites need."""
    for column in (
        "rhythm_entries REAL NOT NULL DEFAULT 0",    # counted up to news_at, what is long past weighing less
        "rhythm_days REAL NOT NULL DEFAULT 0",
        "news_at INTEGER",                           # the latest news
        "claimed INTEGER",                           # newest date of the last document
        "restamped_at INTEGER",                      # when that moved without news
        "failing_since INTEGER",
        "fresh_until INTEGER",                       # what the last good answer asked for
        "moved_to TEXT",                             # a permanent redirect that is not believed yet
        "moved_since INTEGER",
        "moved_times INTEGER NOT NULL DEFAULT 0",
        "asked_as TEXT",                             # what the validators were given for
    ):  # fmt: skip
        db.execute(f"ALTER TABLE feed ADD COLUMN {column}")
    db.execute("UPDATE feed SET news_at = last_new, failing_since = CASE WHEN errors THEN last_poll END")
    db.execute("ALTER TABLE poll_log ADD COLUMN unconditional INTEGER NOT NULL DEFAULT 0")
    db.execute("ALTER TABLE request ADD COLUMN site TEXT NOT NULL DEFAULT ''")
    hosts = [row[0] for row in db.execute("SELECT DISTINCT host FROM request")]
    db.conn.executemany("UPDATE request SET site = ? WHERE host = ?", [(site_of(host), host) for host in hosts])
    db.execute("CREATE INDEX request_site ON request(site, due_at)")
    db.execute("CREATE INDEX request_reason ON request(reason, due_at)")
    db.execute("ALTER TABLE host RENAME TO site")
    for name, until, reason in db.execute("SELECT name, next_allowed_at, reason FROM site").fetchall():
        db.execute(
            "INSERT INTO site (name, next_allowed_at, reason) VALUES (?, ?, ?) ON CONFLICT (name)"
            " DO UPDATE SET next_allowed_at = max(next_allowed_at, excluded.next_allowed_at)",
            [site_of(name), until, reason],
        )


@migrations()
def m003_stories(db: Database) -> None:
    """What grouping entries into stories, corrections by hand, withdrawing and telling duplicates need."""
    _stories(db)
    _naming(db)
    _gaps(db)


@migrations()
def m004_articles(db: Database) -> None:
    """Articles' pages are asked for in the same queue: a feed may have many such requests at a time."""
    db.execute("ALTER TABLE request RENAME TO request_before")
    for index in ("due", "lease", "site", "reason"):
        db.execute(f"DROP INDEX request_{index}")
    db.execute("""
        CREATE TABLE request (
            id INTEGER PRIMARY KEY,
            kind TEXT NOT NULL,
            feed INTEGER NOT NULL REFERENCES feed ON DELETE CASCADE,
            entry INTEGER NOT NULL DEFAULT 0,        -- whose article it asks for; 0: none
            host TEXT NOT NULL,
            site TEXT NOT NULL,
            due_at INTEGER,                          -- NULL: not by itself
            not_before INTEGER NOT NULL DEFAULT 0,   -- what the server asked for
            lease_until INTEGER,                     -- NULL: nobody holds it
            parked INTEGER NOT NULL DEFAULT 0,       -- its source is not to be asked now, but may be again
            reason TEXT NOT NULL DEFAULT '',
            UNIQUE (feed, kind, entry)
        )""")
    columns = "id, kind, feed, host, site, due_at, not_before, lease_until, parked, reason"
    db.execute(f"INSERT INTO request ({columns}) SELECT {columns} FROM request_before")
    db.execute("DROP TABLE request_before")
    db.execute("CREATE INDEX request_due ON request(due_at) WHERE due_at IS NOT NULL AND NOT parked")
    db.execute("CREATE INDEX request_lease ON request(lease_until) WHERE lease_until IS NOT NULL")
    db.execute("CREATE INDEX request_site ON request(site, due_at)")
    db.execute("CREATE INDEX request_reason ON request(reason, due_at)")
    db.execute("""
        CREATE TABLE article (
            entry INTEGER PRIMARY KEY REFERENCES entry,
            feed INTEGER NOT NULL REFERENCES feed,   -- whose setting asks for it
            url TEXT NOT NULL,
            wanted_at INTEGER NOT NULL,
            oldest INTEGER, why TEXT,                -- dated before, it is no news, for this reason
            listed TEXT NOT NULL,                    -- the title under which the feed listed it
            tries INTEGER NOT NULL DEFAULT 0,
            ended_at INTEGER,                        -- read, or given up; NULL: it is asked for
            error TEXT,                              -- why it was not read, at the last try
            page TEXT                                -- what was read
        )""")
    db.execute("CREATE INDEX article_feed ON article(feed, wanted_at)")
    db.execute("CREATE INDEX entry_waiting ON entry(first_seen) WHERE held = 'article'")


@migrations()
def m005_lists(db: Database) -> None:
    """What remote lists of sources (OPML) said when they were read last, and when they are read again."""
    db.execute("""
        CREATE TABLE list (
            address TEXT PRIMARY KEY,                -- as configured
            position INTEGER,                        -- place in feeds.yaml; NULL: removed from it
            private INTEGER NOT NULL,
            title TEXT NOT NULL DEFAULT '',
            feeds TEXT NOT NULL DEFAULT '[]',        -- what it stands for
            remarks TEXT NOT NULL DEFAULT '[]',
            etag TEXT, last_modified TEXT, body_hash TEXT,
            last_poll INTEGER, last_success INTEGER,
            errors INTEGER NOT NULL DEFAULT 0, failing_since INTEGER, error TEXT, remedy TEXT,
            due_at INTEGER,                          -- NULL: not by itself
            reason TEXT NOT NULL,
            not_before INTEGER                       -- what the server asked for
        )""")


@migrations()
def m006_listings(db: Database) -> None:
    """What the next document of a feed need not be read for: its last one, in short (listings.to_text).

    And two indexes less that each rescheduling had to write: after an outage, and when a site asks for rest, there is
    time to look.
    """
    db.execute("DROP INDEX request_reason")
    db.execute("DROP INDEX request_site")
    db.execute("CREATE INDEX request_site ON request(site)")
    db.execute("CREATE TABLE listing (feed INTEGER PRIMARY KEY REFERENCES feed ON DELETE CASCADE, value TEXT NOT NULL)")


@migrations()
def m007_editions(db: Database) -> None:
    """How often each output has changed."""
    db.execute("ALTER TABLE output ADD COLUMN changes INTEGER NOT NULL DEFAULT 0")


@migrations()
def m008_archives(db: Database) -> None:
    """What was withdrawn is looked for whenever archives are checked; `withdrawn_at` itself lies behind the texts."""
    db.execute("CREATE INDEX entry_withdrawn ON entry(story) WHERE withdrawn_at IS NOT NULL")


@migrations()
def m009_hub(db: Database) -> None:
    """Who is told what is new in our documents (WebSub), and which callbacks are to confirm that they want it."""
    db.execute("""
        CREATE TABLE intent (
            challenge TEXT PRIMARY KEY,              -- what the callback is to repeat
            topic TEXT NOT NULL, callback TEXT NOT NULL,
            site TEXT NOT NULL,                      -- of the callback
            mode TEXT NOT NULL,                      -- subscribe, unsubscribe; denied: it is told, not asked
            lease INTEGER NOT NULL,                  -- seconds
            secret TEXT,
            tries INTEGER NOT NULL, due_at INTEGER NOT NULL,
            UNIQUE (topic, callback)
        )""")
    db.execute("""
        CREATE TABLE subscription (
            id INTEGER PRIMARY KEY,
            topic TEXT NOT NULL, callback TEXT NOT NULL, site TEXT NOT NULL, secret TEXT,
            expires_at INTEGER NOT NULL,
            wanted TEXT NOT NULL,                    -- the live version of the topic's document
            told TEXT NOT NULL,                      -- the version that arrived last
            due_at INTEGER,                          -- of a delivery; NULL: it has been told all
            tries INTEGER NOT NULL DEFAULT 0, failing_since INTEGER,
            UNIQUE (topic, callback)
        )""")
    db.execute("CREATE INDEX intent_due ON intent(due_at)")
    db.execute("CREATE INDEX subscription_due ON subscription(due_at) WHERE due_at IS NOT NULL")
    db.execute("CREATE INDEX subscription_expires ON subscription(expires_at)")


@migrations()
def m010_push(db: Database) -> None:
    """Which hubs tell us of feeds' news (WebSub, as a subscriber), and how well they do."""
    db.execute("""
        CREATE TABLE push (
            id INTEGER PRIMARY KEY,
            feed INTEGER NOT NULL REFERENCES feed ON DELETE CASCADE,
            hub TEXT NOT NULL,
            host TEXT NOT NULL,                      -- of the hub
            topic TEXT NOT NULL,
            base TEXT NOT NULL,                      -- our public address: the callback is below it
            name TEXT UNIQUE,                        -- the secret end of the callback; NULL: nobody was asked
            secret TEXT,                             -- what deliveries are signed with
            state TEXT NOT NULL,                     -- wanted, asked, verified, denied; leaving: another one counts
            due_at INTEGER,                          -- when the hub is asked
            tries INTEGER NOT NULL DEFAULT 0,
            verified_at INTEGER, lease_until INTEGER,
            delivered INTEGER NOT NULL DEFAULT 0,    -- entries
            missed INTEGER NOT NULL DEFAULT 0,       -- entries that a poll found
            streak INTEGER NOT NULL DEFAULT 0,       -- delivered since the last miss
            refused INTEGER NOT NULL DEFAULT 0,      -- deliveries that were not taken
            suspects TEXT NOT NULL DEFAULT '[]',     -- found by a poll; their delivery may be on its way
            suspected_at INTEGER,
            last_delivery INTEGER,
            why TEXT NOT NULL DEFAULT ''             -- what the hub answered when it did not agree
        )""")
    db.execute("CREATE UNIQUE INDEX push_feed ON push(feed) WHERE state <> 'leaving'")
    db.execute("CREATE INDEX push_due ON push(due_at) WHERE due_at IS NOT NULL")
    db.execute("CREATE INDEX push_of ON push(feed)")  # of a feed that is deleted, too


@migrations()
def m011_readers(db: Database) -> None:
    """Who reads our documents, as they say, and numbers that outlive what they are of."""
    db.execute("""
        CREATE TABLE reader (
            output TEXT NOT NULL, format TEXT NOT NULL,
            service TEXT NOT NULL, feed_id TEXT NOT NULL,  -- as it calls itself, and the document
            subscribers INTEGER NOT NULL, seen_at INTEGER NOT NULL,
            PRIMARY KEY (output, format, service, feed_id)
        ) WITHOUT ROWID""")
    db.execute("CREATE TABLE tally (name TEXT PRIMARY KEY, value INTEGER NOT NULL, at INTEGER NOT NULL)")


def _gaps(db: Database) -> None:
    """Add what feeds missed and what was held back; there is an archive request while a gap is repaired."""
    for column in (
        "gap TEXT",                                  # the last gap, whole
        "flood TEXT",
        "gaps INTEGER NOT NULL DEFAULT 0",           # noticed ever
        "recovered INTEGER NOT NULL DEFAULT 0",      # entries from archives, ever
    ):  # fmt: skip
        db.execute(f"ALTER TABLE feed ADD COLUMN {column}")


def _stories(db: Database) -> None:
    for column in (
        "founds TEXT NOT NULL DEFAULT ''",           # the key of the story that begins with it
        "grouped INTEGER NOT NULL DEFAULT 0",        # 0: its story is undecided, 1: decided, 2: and it was edited since
        "withdrawn_at INTEGER",                      # by the operator: a tombstone
    ):  # fmt: skip
        db.execute(f"ALTER TABLE entry ADD COLUMN {column}")
    db.execute("UPDATE entry SET founds = story")
    db.execute("ALTER TABLE sighting ADD COLUMN evidence TEXT")  # by what it is this entry; NULL: it began it
    db.execute("CREATE INDEX entry_founds ON entry(founds)")
    db.execute("CREATE INDEX entry_ungrouped ON entry(published, id) WHERE grouped <> 1")
    db.execute("""
        CREATE TABLE membership (
            entry INTEGER PRIMARY KEY REFERENCES entry,
            method TEXT NOT NULL,                    -- what it was decided by
            score REAL NOT NULL,
            closest INTEGER REFERENCES entry,        -- the article of the story that it is most like
            shared TEXT NOT NULL,                    -- rare words that they share
            version INTEGER NOT NULL,                -- of the statistics that the score was made with
            decided_at INTEGER NOT NULL
        )""")
    db.execute("""
        CREATE TABLE relation (
            entry INTEGER NOT NULL REFERENCES entry,
            other INTEGER NOT NULL REFERENCES entry,
            kind TEXT NOT NULL,                      -- links-to, copy, translation; by hand: together, apart
            at INTEGER NOT NULL,
            PRIMARY KEY (entry, other, kind)
        ) WITHOUT ROWID""")
    db.execute("CREATE INDEX relation_other ON relation(other)")
    db.execute("""
        CREATE TABLE snapshot (
            version INTEGER PRIMARY KEY,
            at INTEGER NOT NULL,
            through INTEGER NOT NULL,                -- the last entry at that time
            statistics TEXT NOT NULL                 -- how many articles have a word, and the means of languages
        )""")
    db.execute("CREATE TABLE vector (entry INTEGER PRIMARY KEY REFERENCES entry, model TEXT NOT NULL, value BLOB)")
    db.execute("""
        CREATE TABLE telling (
            output TEXT NOT NULL REFERENCES output,
            entry INTEGER NOT NULL REFERENCES entry, -- belongs to this output, which tells stories
            due_at INTEGER,                          -- when its story is released; NULL: it is told
            as_of INTEGER,                           -- what a release of it is dated; NULL: it is news to the output
            PRIMARY KEY (output, entry)
        ) WITHOUT ROWID""")
    db.execute("CREATE TABLE issue (output TEXT NOT NULL, day INTEGER NOT NULL, PRIMARY KEY (output, day))")
    db.execute("CREATE INDEX telling_due ON telling(due_at) WHERE due_at IS NOT NULL")
    db.execute("CREATE INDEX telling_entry ON telling(entry)")


def _naming(db: Database) -> None:
    """By what a feed's items are known, and the keys of URLs and texts as they are made now."""
    for column in (
        "naming TEXT NOT NULL DEFAULT 'guid'",
        "naming_reason TEXT NOT NULL DEFAULT ''",
        "naming_since INTEGER",
        "naming_doubts INTEGER NOT NULL DEFAULT 0",  # documents in a row that spoke against it
    ):  # fmt: skip
        db.execute(f"ALTER TABLE feed ADD COLUMN {column}")
    renew(db.conn)
