"""Write a small database of the schema of today as text: python dump.py > NUMBER.sql, once, before its release.

The files in this folder are databases as released versions left them; tests open each with the program of today.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[3] / "servers"))
from postgres_server import find_programs, shared

from aggregator.config.settings import FeedSettings, OutputSettings, Settings
from aggregator.model import Document, Fetched, Header, Item, Link, Person, Validators
from aggregator.releasing import release_missing
from aggregator.settle import Chance, Result, settle
from aggregator.store.postgres.store import PostgresStore

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)
A, B = "https://a.example/feed", "https://b.example/feed"
SETTINGS = Settings(
    feeds=(FeedSettings(url=A, title="The A", tags=("lab",)), FeedSettings(url=B, private=True)),
    outputs=(OutputSettings(name="labs", tags=("lab",)),),
)
ONE = Item(title="Première", guid="urn:x:1", link="https://a.example/1", summary="<p>Été</p>", authors=(Person("Ann"),))


def fill(store: PostgresStore) -> None:
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


def dump(programs: Path, url: str) -> str:
    """Return a database as SQL that any client can run."""
    words = [programs / "pg_dump", "--inserts", "--no-owner", "--no-privileges", "--no-comments", url]
    text = subprocess.run(words, check=True, capture_output=True, text=True).stdout
    lines = [line for line in text.splitlines() if line and not line.startswith(("--", "\\", "SET ", "SELECT pg_"))]
    sequences = [line for line in text.splitlines() if line.startswith("SELECT pg_catalog.setval")]
    return "\n".join([*lines, *sequences, ""])


if __name__ == "__main__":
    programs = find_programs()
    assert programs is not None
    with tempfile.TemporaryDirectory() as folder, shared(programs, Path(folder)) as server:
        url = server.empty()
        store = PostgresStore(url)
        fill(store)
        store.close()
        sys.stdout.write(dump(programs, url))
