"""A worker: one of many processes that poll for one database. One of them leads, and does what only one may."""

from __future__ import annotations

import asyncio
import signal
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import structlog

from aggregator.decide.outage import REASON
from aggregator.errors import ClockApart, LockedDatabase, StoreError
from aggregator.run.clock import utc_now
from aggregator.run.engine import Engine
from aggregator.run.fleet.queue import DEPTH, PER_JOB, Queue
from aggregator.run.fleet.turns import LEASE, FleetTurns, Holding
from aggregator.run.following import Following
from aggregator.run.report import log_poll, report_of
from aggregator.run.round import Spending, abandon
from aggregator.run.schedule import Schedule
from aggregator.run.service import Service
from aggregator.run.storing import Storing
from aggregator.store.postgres.turns import SharedTurns

if TYPE_CHECKING:
    from collections.abc import Callable

    from aggregator.config.settings import Settings
    from aggregator.model import PollReport, Request
    from aggregator.store.postgres.standing import Standing
    from aggregator.store.postgres.store import PostgresStore

_log = structlog.get_logger(__name__)

LOOK = 2.0
"""Seconds between two looks at feeds.yaml, at who leads, and of the leader at stories."""
BUDGET = 600.0
CLOCKS = 300.0
"""Seconds between two looks of the leader for what only a wrong clock had far away."""
REACHED = 30.0
"""Seconds between two looks for what another worker's network kept from being reached."""
_STUCK = 60.0
"""Seconds without a look after which a worker is stuck."""
_PARSERS = 2
"""Processes that read documents: there is a worker for each core, and one document may hold up the first of them."""
_JOBS = 4
"""Jobs for each request that may be in flight: most of them wait for the pause between two requests to their host."""


@dataclass(frozen=True, slots=True)
class Parts:
    """What a worker is made of; the command builds it."""

    store: PostgresStore
    url: str
    """The database's address."""
    standing: Standing
    reload: Callable[[], Settings | None]
    """Return the settings when the file has changed; ConfigError when it is wrong."""
    service: Service = field(default_factory=lambda: Service(None))


class Worker:
    """Polls what the queue brings until it is stopped; what is in flight then is given back."""

    def __init__(self, settings: Settings, parts: Parts) -> None:
        self._settings, self._parts = settings, parts
        self._stop = asyncio.Event()
        self._spending = Spending()
        self._lost: StoreError | None = None
        """Why this worker stopped by itself."""

    async def run(self) -> None:
        """Run until SIGTERM, SIGINT or stop(); LockedDatabase when a daemon has come to poll alone, or ClockApart."""
        self._listen_to_signals()
        async with (
            SharedTurns(self._parts.url, LEASE) as turns,
            Holding(turns) as holding,
            Engine(
                self._parts.store, self._settings, hosts=lambda polling: FleetTurns(polling, holding), parsers=_PARSERS
            ) as self._engine,
            Queue(self._parts.url, self) as self._queue,
        ):
            self._turns, self._pipeline = turns, self._engine.pipeline
            self._storing = Storing(self._pipeline.in_writer)
            self._following = Following(self._engine, self._settings, self._parts.reload, self._adopted)
            await self._pipeline.in_writer(lambda: self._queue.prepare(self._parts.store))
            await self._work()
        _log.info("worker.stopped")
        if self._lost is not None:
            raise self._lost

    async def _work(self) -> None:
        schedule = self._schedule()
        self._parts.service.beat_on(schedule, self._trouble)
        schedule.start()
        jobs = asyncio.create_task(self._queue.work(self._settings.polling.concurrency * _JOBS, self._queue_failed))
        _log.info("worker.started", sources=len(self._settings.sources))
        await self._stop.wait()
        self._parts.service.stopping()
        _log.info("worker.stopping")
        self._engine.stories.stop()
        jobs.cancel()
        await asyncio.gather(jobs, return_exceptions=True)
        await schedule.end()

    def stop(self) -> None:
        """Ask the worker to stop."""
        self._stop.set()

    def _listen_to_signals(self) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.stop)
        loop.add_signal_handler(signal.SIGHUP, self._ask_reload)

    def _ask_reload(self) -> None:
        self._following.ask()

    def _schedule(self) -> Schedule:
        schedule = Schedule()
        schedule.every(LOOK, self._following.look, at_once=True)
        schedule.every(LOOK, self._lead, at_once=True)
        schedule.every(REACHED, self._hasten)
        schedule.every(BUDGET, self._keep_to_budget)
        schedule.every(CLOCKS, self._turn_back)
        schedule.nightly(self._tidy)
        self._leads, self._looked = False, time.monotonic()
        return schedule

    async def _trouble(self) -> str | None:
        """Return in words that the loop does not go on, where that is so."""
        late = time.monotonic() - self._looked
        return f"no look for {late:.0f} s" if late >= _STUCK else None

    async def _adopted(self, settings: Settings) -> None:
        self._settings = settings

    def _queue_failed(self, error: Exception) -> None:
        self._storing.failed(StoreError(f"The queue of jobs does not answer: {error}", "It is tried again."))

    async def poll_host(self, keys: list[int], lease: int) -> None:
        """Poll what is left of a claim (queue.Works); StoreError when something could not be written: once more."""
        requests = await self._pipeline.in_writer(lambda: self._claimed(keys, lease))
        polls = {asyncio.create_task(self._pipeline.poll(request)): request for request in requests}
        under_way = set(polls)
        stopping = asyncio.create_task(self._stop.wait())
        try:
            while under_way and not self._stop.is_set():
                over, _ = await asyncio.wait({*under_way, stopping}, return_when=asyncio.FIRST_COMPLETED)
                for task in under_way & over:
                    self._polled(task, polls[task])
                under_way -= over
        finally:
            stopping.cancel()
            if under_way:
                await abandon(self._pipeline, self._parts.store, {task: polls[task] for task in under_way})

    def _claimed(self, keys: list[int], lease: int) -> list[Request]:
        """Return what is left of a claim, and learn which sites other workers were told to leave alone."""
        with self._parts.store.snapshot() as tx:
            self._pipeline.restraint.know(tx.requests.pauses(utc_now()))
            return tx.queue.claimed(keys, lease)

    def _polled(self, task: asyncio.Task[PollReport], request: Request) -> None:
        if (report := report_of(task, request)) is not None:
            log_poll(report, blamed=not self._pipeline.network_down)

    async def tick(self) -> None:
        """Put what is due into the queue (queue.Works)."""
        await self._storing.do(self._fill)

    def _fill(self) -> int:
        now, most = utc_now(), DEPTH * PER_JOB
        polling = self._settings.polling
        if self._pipeline.network_down:  # find out whether it still is
            with self._parts.store.transaction() as tx:
                tx.requests.hasten(REASON, now, limit=1)
            most = 1
        elif polling.budget is not None:
            with self._parts.store.snapshot() as tx:
                most = self._spending.room(tx, polling, now, most, under_way=tx.queue.under_way(now))
        return self._queue.fill(self._parts.store, now, most=most)

    async def _hasten(self) -> None:
        """Make due what another worker, or this one some time ago, could not reach for its own network's fault."""
        if not self._pipeline.network_down:
            await self._storing.do(self._hasten_all)

    def _hasten_all(self) -> None:
        with self._parts.store.transaction() as tx:
            tx.requests.hasten(REASON, utc_now())

    async def _lead(self) -> None:
        """Do what only one of all workers may, if this is the one."""
        self._looked = time.monotonic()
        led = self._leads
        try:
            self._leads = await asyncio.to_thread(self._parts.standing.still)
        except StoreError as error:
            self._leads = False
            self._storing.failed(error)
            if isinstance(error, LockedDatabase | ClockApart):
                self._lost = error
                self.stop()
            return
        if not self._leads:
            return
        if not led:
            _log.info("worker.leads")
            self._engine.stories.forget()
            await self._turn_back()
        await self._storing.do(self._engine.lists.wanted, self._engine.lists.begin)
        await self._engine.stories.keep_up(self._storing.failed)

    async def _turn_back(self) -> None:
        """Put right what a worker wrote between its clock's jump and its end."""
        if self._leads:
            try:
                await self._engine.turn_back()
            except StoreError as error:
                self._storing.failed(error)

    async def _keep_to_budget(self) -> None:
        await self._storing.do(self._engine.budget_stretch, self._engine.keep_to_budget)

    async def _tidy(self) -> None:
        self._spending = Spending()  # an emptied log numbers its lines anew
        if not self._leads:
            return
        try:
            await self._engine.tidy()
            await self._turns.tidy()
        except StoreError as error:
            self._storing.failed(error)
