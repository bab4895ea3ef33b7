"""Real feeds and hostile ones, aggregated and published: whatever came in, what goes out is valid."""

from __future__ import annotations

import json
import subprocess
import sys
import tarfile
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from aggregator.config.settings import FeedSettings, Settings
from aggregator.errors import ParseError
from aggregator.model import Fetched
from aggregator.parse.document import parse
from aggregator.publish.opml import render_opml, subscriptions
from aggregator.publish.renderers import RENDERERS
from aggregator.releasing import release_missing
from aggregator.settle import Chance, Result, settle

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from aggregator.model import Document, Entry
    from aggregator.publish.channel import Channel
    from aggregator.store.sqlite.store import SqliteStore

CORPUS = Path(__file__).parents[3] / "shared" / "corpus"
REAL, HOSTILE = CORPUS / "real-feeds.tar.xz", CORPUS / "hostile.py"
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
SAMPLE = 5
"""Items of each real feed; what is odd about a feed is usually odd about all of its items."""
AT_ONCE = 500


def real_feeds() -> Iterator[tuple[str, bytes]]:
    """Yield names and bytes of the real feeds."""
    with tarfile.open(REAL) as archive:
        for member in archive:
            if (file := archive.extractfile(member)) is not None:
                yield Path(member.name).name, file.read()


def hostile_feeds(folder: Path) -> Iterator[tuple[str, bytes]]:
    """Yield names and bytes of the hostile documents."""
    subprocess.run([sys.executable, str(HOSTILE), str(folder)], check=True, capture_output=True)
    for line in (folder / "manifest.jsonl").read_text().splitlines():
        name = json.loads(line)["file"]
        yield name, (folder / name).read_bytes()


def documents(feeds: Iterable[tuple[str, bytes]]) -> Iterator[tuple[str, Document]]:
    """Yield the address and what can be read of each feed, some items of it."""
    for number, (name, body) in enumerate(feeds):
        url = f"https://site-{number}.example/{name}"
        try:
            read = parse(body, url=url, content_type=None, received=NOON)
        except ParseError:
            continue
        yield url, replace(read, items=read.items[:SAMPLE])


def stored(store: SqliteStore, found: Iterable[tuple[str, Document]]) -> tuple[list[Entry], bytes]:
    """Aggregate documents; return all entries, and the list of sources."""
    read = dict(found)
    settings = Settings(feeds=tuple(FeedSettings(url=url) for url in read))
    with store.transaction() as tx:
        tx.feeds.sync(settings.sources, NOON)
        release_missing(tx, settings, NOON)
        for url, document in read.items():
            (request,) = tx.requests.claim([url], NOON, lease=timedelta(hours=1))
            fetched = Fetched(url=url, status=200, received=NOON)
            settle(tx, Result(request, NOON, fetched, document, body_hash=url), settings, Chance(0))
    with store.snapshot() as tx:
        sources = subscriptions(settings.feeds, {feed.url: feed for feed in tx.feeds.all()})
        return list(tx.entries.all()), render_opml("All", sources)


@pytest.mark.parametrize("kind", [pytest.param("real", marks=pytest.mark.slow), "hostile"])
def test_whatever_comes_in_what_goes_out_is_valid(
    database: SqliteStore, make_channel: Callable[..., Channel], judged: Any, tmp_path: Path, kind: str
) -> None:
    """All real feeds, and all hostile documents, as Atom, RSS, JSON Feed and OPML: no error, no warning."""
    source = REAL if kind == "real" else HOSTILE
    if not source.exists():
        pytest.skip(f"the corpus is not beside the repository: {source.name}")
    entries, opml = stored(database, documents(real_feeds() if kind == "real" else hostile_feeds(tmp_path)))
    assert len(entries) > 50
    judged(opml, "https://planet.example/sources.opml")
    for start in range(0, len(entries), AT_ONCE):
        channel = make_channel(*entries[start : start + AT_ONCE])
        for ending in ("atom", "rss", "json"):
            judged(RENDERERS[ending](channel), channel.address(ending))
