"""Nineteen AI feeds through April 2026 as they were, where their history is at hand, under the eyes of subscribers."""

from __future__ import annotations

import json
import tarfile
from collections import Counter
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from subscribed.ledger import Ledger
from subscribed.program import Program
from subscribed.subscriber import Subscriber

from aggregator.config.settings import FeedSettings, OutputSettings, Settings
from aggregator.errors import ParseError
from aggregator.parse.syndication import parse

if TYPE_CHECKING:
    from collections.abc import Iterator

    from aggregator.model import Item

REPLAY = Path(__file__).parents[3] / "shared" / "corpus" / "replay-2026-04.tar.xz"
STRIDES = {
    "anthropic_changelog_claude_code": 72,
    "anthropic_news": 48,
    "anthropic_research": 24,
    "google_ai": 48,
    "mistral": 32,
    "openai_research": 24,
    "the_batch": 96,
}
"""Feeds that were polled hourly, and every which poll is played: those with manners worth playing."""
PAUSES = (timedelta(hours=1), timedelta(hours=12), timedelta(hours=40))
OUTPUTS = (
    OutputSettings(name="all"),
    OutputSettings(name="stories", by="story"),
    OutputSettings(name="daily", digest="daily", limit=2),
)


def polls(folder: Path) -> list[tuple[datetime, str, Path]]:
    """Return moment, feed and document of the polls that are played, in order."""
    found = []
    for index in folder.rglob("index.jsonl"):
        stride = 1 if index.parent.parent.name == "ai-news-direct" else STRIDES.get(index.parent.name, 0)
        lines = [json.loads(line) for line in index.read_text().splitlines()] if stride else []
        url = f"https://{index.parent.parent.name}.example/{index.parent.name}.xml"
        played = lines[:: stride or 1]
        found += [(datetime.fromtimestamp(line["t"], UTC), url, index.parent / line["file"]) for line in played]
    return sorted(found)


def by_the_hour(found: list[tuple[datetime, str, Path]]) -> Iterator[tuple[datetime, dict[str, Path]]]:
    """Return every hour with the last poll of each feed in it: what the writer settles together."""
    hours: dict[datetime, dict[str, Path]] = {}
    for moment, url, document in found:
        hours.setdefault(moment.replace(minute=0, second=0), {})[url] = document
    now = min(hours)
    while now <= max(hours):
        yield now + timedelta(hours=1), hours.get(now, {})
        now += timedelta(hours=1)


@pytest.fixture
def april(tmp_path: Path) -> list[tuple[datetime, str, Path]]:
    """The polls of the month."""
    if not REPLAY.exists():
        pytest.skip("the archive of feeds' history is not beside the repository")
    with tarfile.open(REPLAY) as archive:
        archive.extractall(tmp_path / "history", filter="data")
    return polls(tmp_path / "history")


def read(document: Path, url: str, now: datetime) -> tuple[Item, ...] | None:
    """Return what a document lists; None when it is none, or lists nothing."""
    try:
        return parse(document.read_bytes(), url=url, content_type=None, received=now).items or None
    except ParseError:
        return None


@pytest.mark.slow
def test_april_as_it_was(april: list[tuple[datetime, str, Path]], tmp_path: Path) -> None:
    """A real month: at any interval no entry twice, none lost, no id changed, nothing old as new, each story once."""
    began = april[0][0].replace(minute=0, second=0)
    feeds = tuple(FeedSettings(url=url) for url in sorted({url for _, url, _ in april}))
    program, ledger = Program(tmp_path / "a.db", Settings(feeds=feeds, outputs=OUTPUTS), began=began), Ledger()
    readers = [Subscriber(output.name, pause, began + 2 * PAUSES[0]) for output in OUTPUTS for pause in PAUSES]
    with closing(program.store):
        for hour, documents in by_the_hour(april):
            program.now = hour
            if documents:
                program.poll([(url, read(document, url, hour)) for url, document in documents.items()])
                ledger.note(program)
            if documents or not hour.hour:
                program.drain()
                ledger.note(program, drained=True)
            for reader in readers:
                reader.look(program, ledger)
        ledger.nothing_is_lost(program)
        rows = program.rows("SELECT canonical, title, published FROM entry WHERE held IS NULL")
    twice = [row for row, count in Counter(map(tuple, rows)).items() if count > 1]
    assert twice == []
    assert len(rows) > 500
    assert {len(reader.seen) for reader in readers if reader.output == "stories"} != {0}
