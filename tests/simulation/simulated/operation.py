"""The program, run for a day as the daemon runs it: ticks, rounds by hand, restarts."""

from __future__ import annotations

import asyncio
import math
import random
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from aggregator.config.settings import FeedSettings, Network, Settings
from aggregator.decide.choice import Choice
from aggregator.fetch.client import Client
from aggregator.fetch.hosts import HostQueue
from aggregator.model import Outcome
from aggregator.parse.pool import ParserPool
from aggregator.poll import Pipeline, Stages
from aggregator.run.daemon import TICK, Daemon, Parts
from aggregator.run.engine import rest_at_start, take_over
from aggregator.run.round import abandon, poll_round
from aggregator.run.storing import Storing
from aggregator.store.sqlite.store import SqliteStore
from simulated.clock import START, FakeLoop, asking
from simulated.log import Day, Resource, Round
from simulated.population import sites
from simulated.server import Names, Server

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from aggregator.fetch.client import Ask
    from aggregator.model import Document, FeedState, Fetched, PollReport
    from simulated.publishers import Publisher

_IDLE = 60.0
"""Fake seconds that are skipped at most while nothing is under way and nothing due."""


@dataclass(frozen=True)
class Plan:
    """What happens on the day, besides what publishers do; in hours from its start."""

    hours: float
    outages: tuple[tuple[float, float], ...] = ()
    rounds: tuple[float, ...] = ()
    """Rounds by hand."""
    restarts: tuple[float, ...] = ()
    """Restarts when nothing is under way."""
    interruptions: tuple[float, ...] = ()
    """Restarts as soon as something is under way."""


@dataclass
class _Watched:
    """The client, which tells the fake clock what it is at."""

    client: Client
    server: Server

    async def get(self, ask: Ask, *, reach: Callable[[str], Awaitable[None]]) -> Fetched:
        work, key = self.server.loop.work, ask.name

        async def reach_in_time(host: str) -> None:
            with work.wait(key):
                await reach(host)

        asking.set(key)
        work.begin(key)
        try:
            return await self.client.get(ask, reach=reach_in_time)
        finally:
            work.closing(key)
            await self.server.closed(key)
            work.end(key)


@dataclass
class _Parser:
    """The parsers, which tell the fake clock when they are at work."""

    pool: ParserPool
    loop: FakeLoop

    async def parse(self, body: bytes, **about: Any) -> Document:
        with self.loop.work.elsewhere():
            return await self.pool.parse(body, **about)


class _Daemon(Daemon):
    """A daemon that is ticked from outside, and remembers what became of its polls."""

    def __init__(self, settings: Settings, parts: Parts, operation: Operation) -> None:
        super().__init__(settings, parts)
        self.operation = operation

    def _polled(self, task: asyncio.Task[PollReport]) -> None:
        super()._polled(task)
        if not task.cancelled():
            self.operation.note(task.result())


@dataclass
class Operation:
    """One program in its day."""

    loop: FakeLoop
    plan: Plan
    publishers: list[Publisher]
    path: Path
    seed: int
    server: Server = field(init=False)
    reports: int = 0
    mistakes: list[str] = field(default_factory=list)
    """Reports of faults of the program's own."""
    wronged: list[str] = field(default_factory=list)
    """What is said of sources that are called failing right after an outage, and were well before it."""
    _due: dict[str, datetime | None] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.server = Server(self.loop, self.publishers)
        self.outages = [(_hour(start), _hour(end)) for start, end in self.plan.outages]
        self.day = Day(
            self.server.log,
            {each.resource.name: each.resource for each in self.publishers},
            sites(self.publishers),
            outages=self.outages,
        )
        self._chance = random.Random(self.seed)  # noqa: S311 - no secret
        self._failing_before: set[str] = set()

    async def run(self) -> None:
        """Play the whole day."""
        stops = sorted([(one, False) for one in self.plan.restarts] + [(one, True) for one in self.plan.interruptions])
        async with self.server, ParserPool(workers=2) as pool:
            self.names = {self.server.url(each): each.resource for each in self.publishers}
            self.settings = Settings(
                feeds=tuple(_configured(url, resource) for url, resource in self.names.items()),
                network=Network(
                    allow_private=("127.0.0.0/8",), contact="https://reader.example/about", max_body=1_000_000
                ),
            )
            for stop, busy in [*stops, (self.plan.hours, False)]:
                await self._live(pool, _hour(stop), busy=busy)
                self.day.restarts.append(self.loop.now())
        self.day.restarts.pop()
        self.day.lines.sort(key=lambda line: line.at)

    async def _live(self, pool: ParserPool, until: datetime, *, busy: bool) -> None:
        """Run from one start to the next stop."""
        store = SqliteStore(self.path)
        take_over(store, self.settings, self.loop.now())
        names = Names(self.loop, self.publishers, self.outages)
        polling = self.settings.polling
        rests_for = rest_at_start(store, polling, self.loop.now())
        hosts = HostQueue(polling.per_host, polling.host_gap, monotonic=self.loop.time, rests_for=rests_for)
        async with Client(self.settings.network, clock=self.loop.now, resolver=names) as client:
            watched, parser = _Watched(client, self.server), _Parser(pool, self.loop)
            stages = Stages(store, watched, hosts, parser, clock=self.loop.now, random=self._chance.random)
            async with Pipeline(stages, self.settings) as pipeline:
                parts = Parts(store, press=None, reload=lambda: None, folder=self.path.parent, describe=lambda _: None)
                daemon = _Daemon(self.settings, parts, self)
                daemon._pipeline, daemon._storing = pipeline, Storing(pipeline.in_writer)
                events = [asyncio.create_task(one) for one in self._events(pipeline, store)]
                await self._tick_until(daemon, until, busy=busy)
                for event in events:
                    event.cancel()
                await asyncio.gather(*events, return_exceptions=True)
                await abandon(pipeline, store, daemon._polls)
        store.close()

    async def _tick_until(self, daemon: _Daemon, until: datetime, *, busy: bool) -> None:
        """Tick once a second, leaving out seconds in which nothing can happen."""
        for _ in range(1_000_000):
            if self.loop.now() >= until and (daemon._polls if busy else not daemon._polls):
                return
            await daemon._tick()
            await asyncio.sleep(self._pause(daemon) if self.loop.now() < until else TICK)

    def _pause(self, daemon: _Daemon) -> float:
        if daemon._polls or daemon._pipeline.network_down or not daemon._pace.is_full or not self._due:
            return TICK
        soonest = min((due for due in self._due.values() if due is not None), default=self.loop.now())
        return min(max(math.ceil((soonest - self.loop.now()).total_seconds()), TICK), _IDLE)

    def _events(self, pipeline: Pipeline, store: SqliteStore) -> list[Any]:
        """Return what is to happen in this life at its hour."""
        now = self.loop.now()
        rounds = [self._round(_hour(one), pipeline, store) for one in self.plan.rounds if _hour(one) >= now]
        looks = [self._look(when, store, pipeline, after=after) for start, end in self.outages
                 for when, after in ((start, False), (end, True)) if when >= now]  # fmt: skip
        return rounds + looks

    async def _round(self, when: datetime, pipeline: Pipeline, store: SqliteStore) -> None:
        await self._until(when)
        asked = set()
        start = self.loop.now()
        async for report in poll_round(pipeline, store, Choice(every=True), self.loop.now):
            self.note(report)
            if report.outcome is not Outcome.SKIPPED:
                asked.add(self.names[report.url].name)
        self.day.rounds.append(Round(start, self.loop.now(), frozenset(asked)))

    async def _look(self, when: datetime, store: SqliteStore, pipeline: Pipeline, *, after: bool) -> None:
        """Compare who is called failing before and after an outage; some names are missing at any time."""
        await self._until(when)
        nameless = {self.server.url(each) for each in self.publishers if any(one.kind == "dns" for one in each.faults)}
        feeds = {feed.url: feed for feed in await pipeline.in_writer(lambda: _all(store)) if feed.errors}
        if after:
            self.wronged += [
                f"our outage: {self.names[url].name} is called failing since {feed.failing_since}: {feed.error}"
                for url, feed in feeds.items()
                if url not in self._failing_before | nameless
            ]
        self._failing_before = set(feeds)

    async def _until(self, when: datetime) -> None:
        await asyncio.sleep((when - self.loop.now()).total_seconds())

    def note(self, report: PollReport) -> None:
        """Take note of what a poll came to."""
        self.reports += 1
        self._due[report.url] = report.next_poll_at
        if report.error is not None and "made a mistake" in report.error:
            self.mistakes.append(f"{report.url}: {report.error}")


def _all(store: SqliteStore) -> list[FeedState]:
    with store.snapshot() as tx:
        return tx.feeds.all()


def _hour(number: float) -> datetime:
    return START + timedelta(hours=number)


def _configured(url: str, resource: Resource) -> FeedSettings:
    return FeedSettings(url=url, interval=resource.interval, independent=resource.independent)
