"""Work that goes on beside the ticks: so much at a time, and so much of it with one site."""

from __future__ import annotations

import asyncio
from collections import Counter
from functools import partial
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Hashable, Iterable


Job: TypeAlias = "tuple[Hashable, str, Callable[[], Coroutine[Any, Any, None]]]"
"""A name, the site that it is about, and the work."""


class Tasks:
    """Tasks by name."""

    def __init__(self, most: int, per_site: int) -> None:
        self._most, self._per_site = most, per_site
        self._running: dict[Hashable, asyncio.Task[None]] = {}
        self._waiting: list[Job] = []
        self._sites: Counter[str] = Counter()

    def offer(self, jobs: Iterable[Job]) -> None:
        """Begin what there is room for, and the others as others end, until there is another offer."""
        self._waiting = list(jobs)
        self._fill()

    def _fill(self) -> None:
        """Begin what there is room for; what goes on already was read before it had ended."""
        self._waiting = [job for job in self._waiting if job[0] not in self._running and not self.begin(*job)]

    def begin(self, name: Hashable, site: str, work: Callable[[], Coroutine[Any, Any, None]]) -> bool:
        """Begin something, unless it goes on already or there is no room; return whether it was begun."""
        if name in self._running or len(self._running) >= self._most or self._sites[site] >= self._per_site:
            return False
        task = self._running[name] = asyncio.create_task(work())
        self._sites[site] += 1
        task.add_done_callback(partial(self._ended, name, site))
        return True

    def _ended(self, name: Hashable, site: str, task: asyncio.Task[None]) -> None:
        del self._running[name]
        self._sites -= Counter([site])
        self._fill()
        if not task.cancelled():
            task.result()

    async def end(self) -> None:
        """Break off what goes on."""
        self._waiting, running = [], list(self._running.values())
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
