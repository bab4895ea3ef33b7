"""APScheduler ticks whatever runs until it is stopped; what it began ends before it does."""

from __future__ import annotations

import asyncio
import functools
import logging
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypeAlias, cast

from apscheduler.schedulers.asyncio import AsyncIOScheduler

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

Work: TypeAlias = "Callable[[], Coroutine[Any, Any, None]]"


class Schedule:
    """What is done at intervals by one process."""

    def __init__(self) -> None:
        # The defaults (one second of grace, late runs dropped) would let one slow tick end all later ones.
        self._scheduler = AsyncIOScheduler(
            timezone="UTC", job_defaults={"coalesce": True, "misfire_grace_time": None, "max_instances": 1}
        )
        logging.getLogger("apscheduler").setLevel(logging.ERROR)  # that a job still runs is no news
        self._jobs: set[asyncio.Task[None]] = set()

    def every(self, seconds: float, work: Work, *, at_once: bool = False) -> None:
        """Do something so often, for the first time after an interval or `at_once`."""
        first: dict[str, datetime] = {"next_run_time": datetime.now(UTC)} if at_once else {}
        self._scheduler.add_job(self._known(work), "interval", seconds=seconds, **first)

    def nightly(self, work: Work) -> None:
        """Do something once a night."""
        self._scheduler.add_job(self._known(work), "cron", hour=3, jitter=1800)

    def start(self) -> None:
        """Begin."""
        self._scheduler.start()

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
        self._scheduler.pause()
        await asyncio.sleep(0)  # what was submitted just now begins
        await asyncio.gather(*self._jobs, return_exceptions=True)
        self._scheduler.shutdown(wait=False)
