"""The daemon: APScheduler ticks it, one process writes, a child serves, and it stops cleanly when told."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import logging
import signal
import time
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any, cast

import structlog
from apscheduler.schedulers.asyncio import AsyncIOScheduler

from aggregator.decide.outage import REASON
from aggregator.errors import AggregatorError, StoreError, Usage
from aggregator.model import Outcome, RequestKind
from aggregator.run.control import ControlServer, choice_from
from aggregator.run.engine import Engine, utc_now
from aggregator.run.report import list_json, log_poll, report_json
from aggregator.run.round import LEASE, Spending, abandon, poll_round

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Collection, Coroutine
    from pathlib import Path

    from aggregator.config.settings import Settings
    from aggregator.decide.choice import Choice
    from aggregator.model import PollReport, Request
    from aggregator.publish.press import Press
    from aggregator.run.web import WebProcess
    from aggregator.store.protocols import Store

_log = structlog.get_logger(__name__)

TICK = 1.0
"""Seconds between two looks for due requests."""
RELOAD = 2.0
STORIES = 1.0
"""Seconds between two looks for entries whose story is undecided, and for stories that were held for long enough."""
_CALM = 5
"""How often that look waits for polls under way: what they bring is decided together, the oldest first."""
PUBLISH = 0.5
TROUBLES = 60.0
"""Seconds between two looks at what is wrong with the sources, which nothing but time may have changed."""
BUDGET = 600.0
"""Seconds between two looks at how far polling.budget reaches."""
SILENCE = 7200.0
"""Seconds without a single good answer after which the daemon calls itself not ready."""
_AHEAD = 4
"""Requests claimed for each place in flight, so that slow hosts leave none empty."""
_PER_HOST_AHEAD = 4
_NO_OUTPUT = ""
"""Marks that no output but only what is told of sources is to be published."""
_POLL_LOG = timedelta(days=30)


@dataclass(slots=True)
class Parts:
    """What a daemon is made of; the command builds it."""

    store: Store
    press: Press
    reload: Callable[[], Settings | None]
    """Return the settings when the file has changed; ConfigError when it is wrong."""
    folder: Path
    """Where the database, the control socket and the lock are."""
    describe: Callable[[dict[str, Any]], None]
    """Write in the lock file where the control socket is."""
    web: WebProcess | None = None


@dataclass(slots=True)
class Health:
    """What the web process's /readyz is told."""

    last_tick: float = field(default_factory=time.monotonic)
    store_error: str | None = None
    publish_error: str | None = None
    last_success: float = field(default_factory=time.monotonic)
    """When a source last gave a good answer, or the daemon started."""
    failures: int = 0
    """Polls that failed since then."""

    @property
    def silent_for(self) -> float | None:
        """Seconds for which no source has answered although some were asked; None while that is short."""
        silence = time.monotonic() - self.last_success
        return silence if self.failures and silence >= SILENCE else None


class Daemon:
    """Ticks, reloads, publishes and answers commands, until it is stopped."""

    def __init__(self, settings: Settings, parts: Parts) -> None:
        self.settings = settings
        self._parts = parts
        self._health = Health()
        self._polls: dict[asyncio.Task[PollReport], Request] = {}
        self._jobs: set[asyncio.Task[None]] = set()
        self._dirty: set[str] = set()
        self._press = asyncio.Lock()
        self._stop = asyncio.Event()
        self._reload_now = False
        self._was_down = False
        self._busy = 0
        self._reading = asyncio.Lock()
        self._list_changes = 0  # of remote lists, taken over
        self._spending = Spending()
        self._pace = settings.polling.concurrency * _AHEAD
        """How many requests one tick may send out: 1 while our network is down, then twice as many at each tick."""

    async def run(self) -> None:
        """Run until SIGTERM, SIGINT or stop(); what is in flight is given back, what has arrived is written."""
        self._listen_to_signals()
        handlers = {"poll": self._answer_poll, "status": self._answer_status, "correct": self._answer_correction}
        async with (
            Engine(self._parts.store, self.settings, changed=self._mark) as engine,
            ControlServer(self._parts.folder, handlers) as control,
        ):
            self._engine = engine
            self._pipeline = engine.pipeline
            self._parts.describe({"control": str(control.path.absolute())})
            self._mark([*self.settings.published, _NO_OUTPUT])
            await self._publish_dirty()
            async with self._parts.web or contextlib.nullcontext():
                scheduler = self._scheduler()
                scheduler.start()
                await self._stop.wait()
                _log.info("daemon.stopping", in_flight=len(self._polls))
                engine.stories.stop()
                await self._let_jobs_end(scheduler)
            await abandon(self._pipeline, self._parts.store, self._polls)
            await self._publish_dirty()
        _log.info("daemon.stopped")

    def stop(self) -> None:
        """Ask the daemon to stop."""
        self._stop.set()

    def _listen_to_signals(self) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.stop)
        loop.add_signal_handler(signal.SIGHUP, self._ask_reload)

    def _mark(self, outputs: Collection[str]) -> None:
        self._dirty |= set(outputs)

    def _ask_reload(self) -> None:
        self._reload_now = True

    def _scheduler(self) -> AsyncIOScheduler:
        # The defaults (one second of grace, late runs dropped) would let one slow tick end all later ones.
        scheduler = AsyncIOScheduler(
            timezone="UTC", job_defaults={"coalesce": True, "misfire_grace_time": None, "max_instances": 1}
        )
        logging.getLogger("apscheduler").setLevel(logging.ERROR)  # that a job still runs is no news
        scheduler.add_job(self._job(self._tick), "interval", seconds=TICK, next_run_time=utc_now())
        scheduler.add_job(self._job(self._watch), "interval", seconds=RELOAD, next_run_time=utc_now())
        scheduler.add_job(self._job(self._tell_stories), "interval", seconds=STORIES)
        scheduler.add_job(self._job(self._publish_or_tell), "interval", seconds=PUBLISH)
        scheduler.add_job(self._job(self._publish_troubles), "interval", seconds=TROUBLES)
        scheduler.add_job(self._job(self._keep_to_budget), "interval", seconds=BUDGET)
        scheduler.add_job(self._job(self._tidy), "cron", hour=3, jitter=1800)
        return scheduler

    def _job(self, work: Callable[[], Coroutine[Any, Any, None]]) -> Callable[[], Coroutine[Any, Any, None]]:
        """Return work as a job that is known while it runs."""

        @functools.wraps(work)
        async def run() -> None:
            task = cast("asyncio.Task[None]", asyncio.current_task())
            self._jobs.add(task)
            try:
                await work()
            finally:
                self._jobs.discard(task)

        return run

    async def _let_jobs_end(self, scheduler: AsyncIOScheduler) -> None:
        """Stop the scheduler when nothing of it runs: it would break jobs off in the middle, and log them as failed."""
        scheduler.pause()
        await asyncio.sleep(0)  # what was submitted just now begins
        await asyncio.gather(*self._jobs, return_exceptions=True)
        scheduler.shutdown(wait=False)

    async def _tick(self) -> None:
        """Claim what is due, as much as there is room for, and send it on its way.

        While our network is down one request a tick finds out whether it still is; after that, what has gathered goes
        out in growing numbers rather than all at once.
        """
        most = self.settings.polling.concurrency * _AHEAD
        down, before = self._pipeline.network_down, self._was_down
        self._pace, self._was_down = (1 if down else min(self._pace * 2, most)), down
        room = min(most - len(self._polls), self._pace)
        if room > 0:
            await self._guarded(lambda: self._claim(room, probe=down, resume=before and not down), self._send)
        self._health.last_tick = time.monotonic()

    def _claim(self, room: int, *, probe: bool, resume: bool) -> list[Request]:
        """Take what is due; of what our network kept from being reached, one to `probe` it, or all to `resume`."""
        now = utc_now()
        with self._parts.store.transaction() as tx:
            if probe or resume:
                tx.requests.hasten(REASON, now, limit=None if resume else 1)
            limit = self._spending.room(tx, self.settings.polling, now, room, under_way=len(self._polls))
            return tx.requests.claim_due(now, limit=limit, lease=LEASE, per_host=_PER_HOST_AHEAD)

    def _send(self, requests: list[Request]) -> None:
        for request in requests:
            task = asyncio.create_task(self._pipeline.poll(request))
            self._polls[task] = request
            task.add_done_callback(self._polled)

    def _polled(self, task: asyncio.Task[PollReport]) -> None:
        request = self._polls.pop(task, None)
        if task.cancelled() or request is None:
            return
        if (error := task.exception()) is not None:
            _log.error("poll.not_written", feed=request.feed.url, error=str(error))
            return
        report = task.result()
        self._note(report)
        log_poll(report, blamed=not self._pipeline.network_down)

    def _note(self, report: PollReport) -> None:
        """Remember whether anybody answers at all."""
        if report.kind is not RequestKind.POLL:
            return
        if report.outcome in (Outcome.ERROR, Outcome.GONE):
            self._health.failures += 1
        elif report.outcome is not Outcome.SKIPPED:
            self._health.last_success, self._health.failures = time.monotonic(), 0

    async def _guarded(self, work: Callable[[], Any], then: Callable[[Any], None]) -> None:
        """Run something with the store; what is wrong with it is told once and shown by /readyz until it is over."""
        try:
            found = await self._pipeline.in_writer(work)
        except StoreError as error:
            self._store_failed(error)
            return
        self._health.store_error = None
        then(found)

    def _store_failed(self, error: StoreError) -> None:
        if self._health.store_error != error.message:
            _log.error("store.failed", error=error.message, remedy=error.remedy)
        self._health.store_error = error.message

    async def _watch(self) -> None:
        """Take over feeds.yaml, and what remote lists name, when it has changed; a wrong one changes nothing."""
        async with self._reading:  # whoever asks for it meanwhile finds it done
            await self._reload()
            if self._engine.lists.changes != self._list_changes:
                await self._adopt(self.settings)
                _log.info("lists.adopted", feeds=len(self.settings.sources))
            await self._guarded(self._engine.lists.wanted, self._engine.lists.begin)

    async def _reload(self) -> None:
        forced, self._reload_now = self._reload_now, False
        try:
            settings = await asyncio.to_thread(self._parts.reload)
        except AggregatorError as error:
            for line in str(error).splitlines():
                _log.error("config.refused", problem=line)
            return
        if settings is None:
            if forced:
                _log.info("config.unchanged")
            return
        await self._adopt(settings)
        _log.info("config.reloaded", feeds=len(self.settings.sources), outputs=len(settings.published))

    async def _adopt(self, settings: Settings) -> None:
        if settings.database != self.settings.database:
            _log.warning("config.needs_restart", setting="database")
        changes = self._engine.lists.changes
        settings = await self._engine.synchronised(settings)
        self._list_changes = changes
        await self._engine.adopt(settings)
        self.settings = self._parts.press.settings = settings
        self._mark([*settings.published, _NO_OUTPUT])
        await self._publish_or_tell()

    async def _publish_dirty(self) -> None:
        """Publish what has changed; whoever comes while that happens waits for it. What fails stays to be published."""
        async with self._press:
            names, self._dirty = self._dirty, set()
            if not names:
                return
            try:
                publish, about_sources = self._parts.press.publish, _NO_OUTPUT in names
                await asyncio.to_thread(publish, frozenset(names), about_sources=about_sources)
            except BaseException:
                self._mark(names)
                raise

    async def _publish_or_tell(self) -> None:
        """Publish what has changed; what keeps it from being written is told once, and tried again."""
        try:
            await self._publish_dirty()
        except AggregatorError as error:
            if self._health.publish_error != error.message:
                _log.error("publish.failed", error=error.message, remedy=error.remedy)
            self._health.publish_error = error.message
        else:
            self._health.publish_error = None

    async def _tell_stories(self) -> None:
        self._busy = self._busy + 1 if self._polls and self._busy < _CALM else 0
        if self._busy:
            return
        await self._engine.stories.keep_up(self._store_failed)

    async def _publish_troubles(self) -> None:
        self._mark({_NO_OUTPUT})
        await self._publish_or_tell()

    async def _keep_to_budget(self) -> None:
        await self._guarded(self._engine.budget_stretch, self._engine.keep_to_budget)

    async def _tidy(self) -> None:
        await self._guarded(self._forget_polls, lambda count: _log.info("poll_log.tidied", lines=count))

    def _forget_polls(self) -> int:
        self._spending = Spending()  # an emptied log numbers its lines anew
        with self._parts.store.transaction() as tx:
            return tx.feeds.forget_polls(utc_now() - _POLL_LOG)

    async def _answer_poll(self, request: dict[str, Any]) -> AsyncGenerator[dict[str, Any], None]:
        choice = choice_from(request)
        if request.get("reload") is True:  # the file was changed for this poll
            await self._watch()
        if unknown := sorted(choice.urls - {*self.settings.sources, *self.settings.lists}):
            raise Usage(f"{unknown[0]} is not in feeds.yaml.", "Add it there first; the daemon reads it by itself.")
        if read := await self._engine.lists.read_wanted(choice):
            await self._watch()  # takes over what they name
        for state in read:
            yield list_json(state)
        async for report in self._polled_for(choice):
            yield report_json(report) | {"feeds": list(report.feeds)}
        await self._engine.stories.drain()
        self._mark([_NO_OUTPUT])
        await self._publish_dirty()

    async def _answer_correction(self, request: dict[str, Any]) -> AsyncGenerator[dict[str, Any], None]:
        ids = request.get("ids", [])
        if not isinstance(ids, list) or not all(isinstance(one, str) for one in ids):
            raise Usage("`ids` of the command is not a list of ids.", 'Write "ids": ["ID"].')
        yield await self._engine.stories.correct(str(request.get("action")), ids)
        await self._publish_dirty()

    async def _polled_for(self, choice: Choice) -> AsyncGenerator[PollReport, None]:
        """Poll what is chosen; of what is being polled already by name, that poll's report is as good."""
        under_way = {
            polled.feed.url: task
            for task, polled in self._polls.items()
            if polled.feed.url in choice.urls and polled.kind is RequestKind.POLL
        }
        for task in under_way.values():
            yield await asyncio.shield(task)
        rest = replace(choice, urls=choice.urls - under_way.keys())
        if rest.urls or not under_way:
            async for report in poll_round(self._pipeline, self._parts.store, rest, utc_now):
                yield report

    async def _answer_status(self, _: dict[str, Any]) -> AsyncGenerator[dict[str, Any], None]:
        age = time.monotonic() - self._health.last_tick
        polling = age < TICK * 60
        unwritten = self._health.store_error or self._health.publish_error
        silence = self._health.silent_for
        reason = unwritten or (None if polling else f"no tick for {age:.0f} s")
        if reason is None and silence is not None:
            network = "our network is down" if self._pipeline.network_down else "see: aggregator feeds"
            reason = f"no source has given an answer for {silence / 3600:.0f} hours; {network}"
        yield {
            "writable": unwritten is None,
            "polling": polling,
            "answered": silence is None,
            "network_down": self._pipeline.network_down,
            "last_tick_age": round(age, 3),
            "reason": reason,
        }
