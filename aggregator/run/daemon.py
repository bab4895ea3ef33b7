"""The daemon: APScheduler ticks it, one process writes, a child serves, and it stops cleanly when told."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import structlog

from aggregator.decide.outage import REASON
from aggregator.errors import AggregatorError, CorruptDatabase, LockedDatabase, StoreError, Usage
from aggregator.model import Outcome, RequestKind
from aggregator.run import readers
from aggregator.run.clock import utc_now
from aggregator.run.control import ControlServer, choice_from
from aggregator.run.engine import Engine
from aggregator.run.following import Following
from aggregator.run.health import Health
from aggregator.run.hub import Hub
from aggregator.run.pace import Pace
from aggregator.run.publishing import SOURCES, Publishing
from aggregator.run.pushes import Pushes
from aggregator.run.report import list_json, log_poll, report_json, report_of
from aggregator.run.round import LEASE, Spending, abandon, poll_round
from aggregator.run.schedule import Schedule
from aggregator.run.service import Service
from aggregator.run.storing import Storing
from aggregator.store.pushes import SPOOL

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable
    from datetime import datetime
    from pathlib import Path

    from aggregator.config.settings import Settings
    from aggregator.decide.choice import Choice
    from aggregator.model import PollReport, Request
    from aggregator.publish.press import Press
    from aggregator.publish.renditions import Renditions
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
TELL = 1.0
"""Seconds between two looks at which documents are new, and who is to be told."""
TROUBLES = 60.0
"""Seconds between two looks at what is wrong with the sources, which nothing but time may have changed."""
BUDGET = 600.0
"""Seconds between two looks at how far polling.budget reaches."""
_AHEAD = 4
"""Requests claimed for each place in flight, so that slow hosts leave none empty."""
_PER_HOST_AHEAD = 4


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
    still_alone: Callable[[], object] = lambda: None
    """Make sure that nobody else polls, where that is not known for good; LockedDatabase when somebody does."""
    renditions: Renditions | None = None
    """Where the documents are that hubs tell of; None: nobody is told."""
    service: Service = field(default_factory=lambda: Service(None))
    copy: Callable[[int, datetime], Path] | None = None
    """Copy the database and keep so many copies, beside the writer; StoreError. None: it has tools of its own."""
    look_over: Callable[[Callable[[], bool]], None] | None = None
    """Look whether the database is well, beside the writer, until told to break off; StoreError when it is not."""
    is_edited: Callable[[], bool] = lambda: False
    """Whether a command is editing the file, and will say when it is to be read."""
    was_broken_off: bool = False
    """Whoever wrote the database last did not come to an end."""


class Daemon:
    """Ticks, reloads, publishes and answers commands, until it is stopped."""

    def __init__(self, settings: Settings, parts: Parts) -> None:
        self.settings = settings
        self._parts = parts
        self._health = Health()
        self._polls: dict[asyncio.Task[PollReport], Request] = {}
        self._publishing = Publishing(parts.press)
        self._stop = asyncio.Event()
        self._busy = 0
        self._spending = Spending()
        self._pace = Pace(settings.polling.concurrency * _AHEAD)

    async def run(self) -> None:
        """Run until SIGTERM, SIGINT or stop(); what is in flight is given back, what has arrived is written."""
        self._listen_to_signals()
        handlers = {
            "poll": self._answer_poll,
            "status": self._answer_status,
            "correct": self._answer_correction,
            "websub": self._answer_subscriber,
            "readers": self._answer_readers,
            "push-asked": self._answer_hub,
            "pushed": self._answer_delivery,
            "push-refused": self._answer_refusal,
        }
        web = self._parts.web
        async with (
            Engine(self._parts.store, self.settings, changed=self._publishing.mark) as engine,
            ControlServer(self._parts.folder, handlers) as control,
        ):
            self._engine = engine
            self._pipeline = engine.pipeline
            self._pipeline.writer.patient = True  # whoever makes room, or lets the database go, finds nothing lost
            self._storing = Storing(engine.pipeline.in_writer)
            self._parts.describe({"control": str(control.path.absolute())})
            self._hub = self._new_hub()
            self._pushes = Pushes(engine, self._parts.store, self._parts.folder / SPOOL)
            self._following = Following(engine, self.settings, self._parts.reload, self._adopted)
            self._publishing.mark([*self.settings.published, SOURCES])
            await self._publishing.publish()
            await self._hub.look()  # what is published from now on is news to other people's hubs
            async with web or contextlib.nullcontext():  # nobody is served before what holds now is published
                schedule = self._schedule()
                self._parts.service.beat_on(schedule, self._trouble)
                schedule.start()
                await self._stop.wait()
                self._parts.service.stopping()
                self._pipeline.writer.hurry()
                _log.info("daemon.stopping", in_flight=len(self._polls))
                engine.stories.stop()
                await schedule.end()
                await self._hub.end()
                await self._pushes.end()
            await self._abandon()
            await self._publishing.try_publish()
        _log.info("daemon.stopped")

    async def _abandon(self) -> None:
        """Give back what is in flight; what cannot be, the next start does."""
        try:
            await abandon(self._pipeline, self._parts.store, self._polls)
        except StoreError as error:
            self._storing.failed(error)

    def stop(self) -> None:
        """Ask the daemon to stop."""
        self._stop.set()

    def _listen_to_signals(self) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.stop)
        loop.add_signal_handler(signal.SIGHUP, self._ask_reload)

    def _ask_reload(self) -> None:
        self._following.ask()

    def _new_hub(self) -> Hub:
        return Hub(
            self._parts.store,
            self._parts.renditions,
            lambda: self.settings,
            in_writer=self._pipeline.in_writer,
            client=lambda: self._engine.client,
        )

    def _schedule(self) -> Schedule:
        schedule = Schedule()
        schedule.every(TICK, self._tick, at_once=True)
        schedule.every(RELOAD, self._look_at_file, at_once=True)
        schedule.every(STORIES, self._tell_stories)
        schedule.every(PUBLISH, self._publishing.try_publish)
        schedule.every(TELL, self._hub.look)
        schedule.every(TELL, self._pushes.look)
        schedule.every(TROUBLES, self._publishing.publish_sources)
        schedule.every(BUDGET, self._keep_to_budget)
        schedule.nightly(self._tidy)
        schedule.when_set_back(self._turn_back)
        if self._parts.was_broken_off:
            schedule.once(self._look_over)
        return schedule

    async def _tick(self) -> None:
        """Claim what is due, as much as there is room for, and send it on its way."""
        most, down = self.settings.polling.concurrency * _AHEAD, self._pipeline.network_down
        pace, is_back = self._pace.tick(most, down=down)
        room = min(most - len(self._polls), pace)
        if room > 0 and self._pipeline.writer.held_up is None:
            await self._storing.do(lambda: self._claim(room, probe=down, resume=is_back), self._send)
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
        report = report_of(task, self._polls.pop(task))
        if report is not None:
            self._tell(report)

    def _tell(self, report: PollReport) -> None:
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
            self._pace.answered()

    async def _look_at_file(self) -> None:
        if not self._parts.is_edited():
            await self._watch()

    async def _watch(self) -> None:
        """Take over feeds.yaml, and what remote lists name, when it has changed; stop when somebody else polls."""
        try:
            await asyncio.to_thread(self._parts.still_alone)
        except LockedDatabase as error:
            _log.error("daemon.not_alone", error=error.message, remedy=error.remedy)
            self.stop()
        except StoreError as error:
            self._storing.failed(error)
        await self._following.look()
        await self._storing.do(self._engine.lists.wanted, self._engine.lists.begin, writes=False)

    async def _adopted(self, settings: Settings) -> None:
        self.settings = self._parts.press.settings = settings
        self._publishing.mark([*settings.published, SOURCES])
        await self._publishing.try_publish()

    async def _tell_stories(self) -> None:
        self._busy = self._busy + 1 if self._polls and self._busy < _CALM else 0
        if self._busy:
            return
        await self._engine.stories.keep_up(self._storing.failed)

    async def _keep_to_budget(self) -> None:
        await self._storing.do(self._engine.budget_stretch, self._engine.keep_to_budget, writes=False)

    async def _turn_back(self) -> None:
        """Go on after the clock was set back."""
        self._spending = Spending()  # the times in the log are others now
        try:
            await self._engine.turn_back()
        except StoreError as error:
            self._storing.failed(error)

    async def _tidy(self) -> None:
        await self._back_up()  # first: what is dropped now can be had back
        self._spending = Spending()  # an emptied log numbers its lines anew
        try:
            await self._engine.tidy()
        except StoreError as error:
            self._storing.failed(error)

    async def _back_up(self) -> None:
        keep = self.settings.backup.keep
        if self._parts.copy is None or keep == 0:
            return
        try:
            copy = await asyncio.to_thread(self._parts.copy, keep, utc_now())
        except AggregatorError as error:
            _log.error("backup.failed", error=error.message, remedy=error.remedy)
            if isinstance(error, CorruptDatabase):
                await self._look_over()
        else:
            _log.info("backup.made", file=str(copy), bytes=copy.stat().st_size)

    async def _look_over(self) -> None:
        """Look whether the database is well; nothing more is written into one that is not."""
        if self._parts.look_over is None:
            return
        try:
            await asyncio.to_thread(self._parts.look_over, self._stop.is_set)
        except StoreError as error:
            self._storing.failed(error)
        else:
            _log.info("store.looked_over", broken_off=self._stop.is_set())

    async def _answer_poll(self, request: dict[str, Any]) -> AsyncGenerator[dict[str, Any], None]:
        choice = choice_from(request)
        if (held_up := self._pipeline.writer.held_up) is not None:
            raise held_up
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
        self._publishing.mark([SOURCES])
        await self._publishing.publish()

    async def _answer_correction(self, request: dict[str, Any]) -> AsyncGenerator[dict[str, Any], None]:
        ids = request.get("ids", [])
        if not isinstance(ids, list) or not all(isinstance(one, str) for one in ids):
            raise Usage("`ids` of the command is not a list of ids.", 'Write "ids": ["ID"].')
        yield await self._engine.stories.correct(str(request.get("action")), ids)
        await self._publishing.publish()

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
                self._tell(report)
                yield report

    async def _answer_subscriber(self, request: dict[str, Any]) -> AsyncGenerator[dict[str, Any], None]:
        yield await self._hub.answer(request.get("form"))

    async def _answer_readers(self, request: dict[str, Any]) -> AsyncGenerator[dict[str, Any], None]:
        seen, outputs = request.get("seen"), self.settings.published
        noted = await self._pipeline.in_writer(lambda: readers.keep(self._parts.store, seen, outputs, utc_now()))
        yield {"noted": noted}

    async def _answer_hub(self, request: dict[str, Any]) -> AsyncGenerator[dict[str, Any], None]:
        yield await self._pushes.answer(request)

    async def _answer_delivery(self, request: dict[str, Any]) -> AsyncGenerator[dict[str, Any], None]:
        report = await self._pushes.receive(request)
        if report is not None:
            log_poll(report)
        yield {"taken": report is not None}

    async def _answer_refusal(self, request: dict[str, Any]) -> AsyncGenerator[dict[str, Any], None]:
        await self._pushes.refuse(request)
        yield {}

    async def _trouble(self) -> str | None:
        """Return in words what does not do its work: the loop that polls, or the process that serves."""
        if (late := self._health.late) is not None:
            return late
        return await self._parts.web.trouble() if self._parts.web is not None else None

    async def _answer_status(self, _: dict[str, Any]) -> AsyncGenerator[dict[str, Any], None]:
        failures = self._storing.failure, self._publishing.failure
        yield self._health.status(self._pipeline, *failures) | {"config_refused": self._following.refused}
