"""One life of the process, over real sockets in fake time: `python -m subscribed.life FEEDS_YAML DATABASE FOLDER`.

Reads a moment a line, polls everything then, tells stories and publishes, and writes a line of what came of it.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

from aggregator.config.load import load
from aggregator.decide.choice import Choice
from aggregator.fetch.client import Client
from aggregator.fetch.hosts import HostQueue
from aggregator.parse.pool import ParserPool
from aggregator.poll import Pipeline, Stages
from aggregator.publish.press import Press
from aggregator.publish.static import StaticFiles
from aggregator.run.engine import take_over
from aggregator.run.round import poll_round
from aggregator.run.stories import StoryStage
from aggregator.store.sqlite.store import SqliteStore


class Life:
    """A process that does a round whenever it is told to."""

    def __init__(self, config: Path, database: Path, folder: Path) -> None:
        self.settings = load(config, {})
        self.store = SqliteStore(database)
        self.now = datetime.now(UTC)
        self.press = Press(
            self.settings, StaticFiles(folder), lambda: SqliteStore(database, readonly=True), clock=self.clock
        )

    def clock(self) -> datetime:
        """Return the fake time."""
        return self.now

    async def live(self) -> None:
        """Do a round for each line of the standard input."""
        self.now = _moment(sys.stdin.readline())
        take_over(self.store, self.settings, self.now)
        polling = self.settings.polling
        hosts = HostQueue(polling.per_host, polling.host_gap, monotonic=time.monotonic)
        async with Client(self.settings.network, clock=self.clock) as client, ParserPool(workers=1) as parser:
            stages = Stages(self.store, client, hosts, parser, clock=self.clock, random=lambda: 0.5)
            async with Pipeline(stages, self.settings) as pipeline:
                stories = StoryStage(self.store, lambda: self.settings, clock=self.clock, in_writer=pipeline.in_writer)
                self._publish()
                while True:
                    await self._round(pipeline, stories)
                    if not (line := await asyncio.to_thread(sys.stdin.readline)):
                        return
                    self.now = _moment(line)

    async def _round(self, pipeline: Pipeline, stories: StoryStage) -> None:
        reports = poll_round(pipeline, self.store, Choice(every=True, force=True), self.clock)
        errors = {report.url: report.error async for report in reports}
        await stories.drain()
        self._publish()
        sys.stdout.write(json.dumps(errors) + "\n")
        sys.stdout.flush()

    def _publish(self) -> None:
        self.press.publish(frozenset(self.settings.published))


def _moment(line: str) -> datetime:
    return datetime.fromisoformat(line.strip())


if __name__ == "__main__":
    asyncio.run(Life(*map(Path, sys.argv[1:4])).live())
