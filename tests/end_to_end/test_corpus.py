"""Real feeds and their real history, where they are at hand (../shared/corpus beside the repository)."""

from __future__ import annotations

import asyncio
import collections
import json
import tarfile
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from aggregator.config.load import load
from aggregator.decide.choice import Choice
from aggregator.fetch.client import Client
from aggregator.fetch.hosts import HostQueue
from aggregator.parse.pool import ParserPool
from aggregator.poll import Pipeline, Stages
from aggregator.run.engine import take_over
from aggregator.run.round import poll_round
from aggregator.store.sqlite.store import SqliteStore

CORPUS = Path(__file__).parents[3] / "shared" / "corpus"
REAL, REPLAY = CORPUS / "real-feeds.tar.xz", CORPUS / "replay-2026-04.tar.xz"


@pytest.mark.skipif(not REAL.exists(), reason="the archive of real feeds is not beside the repository")
def test_every_real_feed_is_read(home, publisher, tmp_path: Path) -> None:
    """138 real feeds are aggregated without a failure, and a second round finds nothing new in them."""
    with tarfile.open(REAL) as archive:
        archive.extractall(tmp_path / "feeds", filter="data")
    files = sorted(path for path in (tmp_path / "feeds").rglob("*") if path.is_file())
    urls = [publisher.serve(f"/{path.name}", path.read_bytes()) for path in files]
    home.write(*urls)
    report = home.json("poll", "--all")
    assert len(report["feeds"]) == len(files) == 138
    assert report["totals"]["errors"] == 0
    assert report["totals"]["new"] > 4000
    assert report["totals"]["new"] == len(home.entries())
    again = home.json("poll", "--all", "--force", "--refetch")
    assert again["totals"]["new"] == again["totals"]["updated"] == again["totals"]["duplicates"] == 0


def polls_of_first_day(folder: Path) -> list[tuple[int, str, Path]]:
    """Return (time, feed, document) of every poll of the history's first day, in order."""
    polls = []
    for index in folder.rglob("index.jsonl"):
        feed = f"{index.parent.parent.name}-{index.parent.name}"
        lines = [json.loads(line) for line in index.read_text().splitlines()]
        polls += [(line["t"], feed, index.parent / line["file"]) for line in lines]
    polls = sorted(poll for poll in polls if poll[2].exists())
    return [poll for poll in polls if poll[0] < polls[0][0] + 86_400]


class _History:
    """A day played poll by poll through the real pipeline, its clock set to each poll's time."""

    def __init__(self, home, publisher, polls: list[tuple[int, str, Path]]) -> None:
        self.polls, self.publisher = polls, publisher
        self.now = datetime.fromtimestamp(polls[0][0], UTC)
        home.write(*(publisher.base + f"/{feed}" for feed in sorted({feed for _, feed, _ in polls})))
        self.settings = load(home.config, {})
        self.store = SqliteStore(home.folder / "db/aggregator.db")

    def clock(self) -> datetime:
        return self.now

    def play(self) -> collections.Counter[str]:
        """Return the sums of all reports."""
        take_over(self.store, self.settings, self.now)
        return asyncio.run(self._play())

    async def _play(self) -> collections.Counter[str]:
        polling = self.settings.polling
        hosts = HostQueue(polling.per_host, polling.host_gap, monotonic=time.monotonic)
        total: collections.Counter[str] = collections.Counter()
        async with Client(self.settings.network, clock=self.clock) as client, ParserPool(workers=2) as parser:
            stages = Stages(self.store, client, hosts, parser, clock=self.clock, random=lambda: 0.5)
            async with Pipeline(stages, self.settings) as pipeline:
                for moment, feed, document in self.polls:
                    self.now = datetime.fromtimestamp(moment, UTC)
                    choice = Choice(frozenset([self.publisher.serve(f"/{feed}", document.read_bytes())]), force=True)
                    async for report in poll_round(pipeline, self.store, choice, self.clock):
                        total.update(polls=1, errors=report.error is not None)
                        total.update(new=report.new, updated=report.updated, duplicates=report.duplicates)
        return total


@pytest.fixture
def first_day(tmp_path: Path) -> list[tuple[int, str, Path]]:
    """The polls of the first day of the history."""
    if not REPLAY.exists():
        pytest.skip("the archive of feeds' history is not beside the repository")
    with tarfile.open(REPLAY) as archive:
        archive.extractall(tmp_path / "history", filter="data")
    return polls_of_first_day(tmp_path / "history")


@pytest.mark.slow
def test_a_day_of_history_replayed(home, publisher, first_day) -> None:
    """One real day, poll by poll: nothing fails, and no article is kept or released twice."""
    history = _History(home, publisher, first_day)
    total = history.play()
    with history.store.snapshot() as tx:
        entries = list(tx.entries.all())
        released = tx.releases.count("all")
    history.store.close()
    assert total["errors"] == 0
    assert total["new"] == len(entries) > 500
    links = collections.Counter((entry.canonical, entry.item.title, entry.published) for entry in entries)
    assert [link for link, count in links.items() if count > 1] == []
    assert released == sum(entry.held is None for entry in entries)
