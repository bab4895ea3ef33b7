"""APScheduler ticks whatever runs until it is stopped; what it began ends before it does."""

from __future__ import annotations

import asyncio
import functools
import logging
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, TypeAlias, cast

from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.base import BaseTrigger

from aggregator.run.clock import utc_now

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

Work: TypeAlias = "Callable[[], Coroutine[Any, Any, None]]"

_WATCH = 1.0
"""Seconds between two looks at the clock."""


class _Every(BaseTrigger):  # type: ignore[misc]
    """At intervals; APScheduler's own trigger would count each that was missed in a sleep or a clock's jump."""

    def __init__(self, seconds: float) -> None:
        self._pause = timedelta(seconds=seconds)

    def get_next_fire_time(self, previous_fire_time: datetime | None, now: datetime) -> datetime:
        then = (previous_fire_time or now) + self._pause
        return then if then > now else now + self._pause


class Schedule:
    """What is done at intervals by one process."""

    def __init__(self) -> None:
        # The defaults (one second of grace, late runs dropped) would let one slow tick end all later ones.
        self._scheduler = AsyncIOScheduler(
            timezone="UTC", job_defaults={"coalesce": True, "misfire_grace_time": None, "max_instances": 1}
        )
        logging.getLogger("apscheduler").setLevel(logging.ERROR)  # that a job still runs is no news
        self._jobs: set[asyncio.Task[None]] = set()
        self._set_back: list[Work] = []
        self._watch: asyncio.Task[None] | None = None

    def every(self, seconds: float, work: Work, *, at_once: bool = False) -> None:
        """Do something so often, for the first time after an interval or `at_once`."""
        first: dict[str, datetime] = {"next_run_time": utc_now()} if at_once else {}
        self._scheduler.add_job(self._known(work), _Every(seconds), **first)

    def nightly(self, work: Work) -> None:
        """Do something once a night."""
        self._scheduler.add_job(self._known(work), "cron", hour=3, jitter=1800)

    def once(self, work: Work) -> None:
        """Do something at once, beside everything else."""
        self._scheduler.add_job(self._known(work))

    def when_set_back(self, work: Work) -> None:
        """Do something whenever the clock turns out to have been set back."""
        self._set_back.append(self._known(work))

    def start(self) -> None:
        """Begin."""
        self._scheduler.start()
        self._watch = asyncio.create_task(self._watch_clock())

    async def _watch_clock(self) -> None:
        """Keep jobs from waiting until a clock that was set back shows again what it showed before."""
        last = utc_now()
        while True:
            await asyncio.sleep(_WATCH)
            now = utc_now()
            if now < last:
                for job in self._scheduler.get_jobs():
                    job.modify(next_run_time=job.trigger.get_next_fire_time(None, now))
                for work in self._set_back:
                    self._scheduler.add_job(work)
            last = now

    def _known(self, work: Work) -> Work:
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

    async def end(self) -> None:
        """Stop when nothing runs any more: APScheduler would break jobs off in the middle, and log them as failed."""
        if self._watch is not None:
            self._watch.cancel()
        self._scheduler.pause()
        await asyncio.sleep(0)  # what was submitted just now begins
        await asyncio.gather(*self._jobs, return_exceptions=True)
        self._scheduler.shutdown(wait=False)
