"""Write a small database of the schema of today as text: python dump.py > NUMBER.sql, once, before its release.

The files in this folder are databases as released versions left them; tests open each with the program of today.
"""

from __future__ import annotations

import contextlib
import sqlite3
import sys
import tempfile
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from aggregator.config.settings import FeedSettings, OutputSettings, Settings
from aggregator.model import Document, Fetched, Header, Item, Link, Person, Validators
from aggregator.releasing import release_missing
from aggregator.settle import Chance, Result, settle
from aggregator.store.sqlite.store import SqliteStore

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)
A, B = "https://a.example/feed", "https://b.example/feed"
SETTINGS = Settings(
    feeds=(FeedSettings(url=A, title="The A", tags=("lab",)), FeedSettings(url=B, private=True)),
    outputs=(OutputSettings(name="labs", tags=("lab",)),),
)
ONE = Item(title="Première", guid="urn:x:1", link="https://a.example/1", summary="<p>Été</p>", authors=(Person("Ann"),))


def fill(store: SqliteStore) -> None:
    """Poll both sources, the first one twice."""
    edited = replace(ONE, title="Première, revue")
    with store.transaction() as tx:
        tx.feeds.sync(SETTINGS.sources, NOON)
        release_missing(tx, SETTINGS, NOON)
    for url, item, hours in ((A, ONE, 0), (B, replace(ONE, guid="b"), 1), (A, edited, 2)):
        at = NOON + timedelta(hours=hours)
        with store.transaction() as tx:
            (request,) = tx.requests.claim([url], at, lease=timedelta(minutes=1))
            fetched = Fetched(url, 200, at, validators=Validators('"x"'), elapsed=0.5, bytes_received=99)
            document = Document(Header(title="News", links=(Link(url),)), (item,))
            settle(tx, Result(request, at, fetched, document, body_hash="h"), SETTINGS, Chance(0))


def dump(path: Path) -> str:
    """Return a database as SQL, with what its header says; the full-text index as what rebuilds it."""
    with contextlib.closing(sqlite3.connect(path)) as connection:
        pragmas = [
            f"PRAGMA {name} = {connection.execute(f'PRAGMA {name}').fetchone()[0]};"
            for name in ("page_size", "application_id", "journal_mode")
        ]
        rows = [line for line in connection.iterdump() if "entry_fts" not in line and "writable_schema" not in line]
        (index,) = connection.execute("SELECT sql FROM sqlite_master WHERE name = 'entry_fts'").fetchone()
        rebuild = "INSERT INTO entry_fts(entry_fts) VALUES ('rebuild');"
        return "\n".join([*pragmas, *rows, f"{index};", rebuild, ""])


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        store = SqliteStore(Path(folder) / "aggregator.db")
        fill(store)
        store.close()
        sys.stdout.write(dump(Path(folder) / "aggregator.db"))
