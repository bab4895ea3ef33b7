"""Work that goes on beside the ticks: so much at a time, and so much of it with one site."""

from __future__ import annotations

import asyncio
from collections import Counter
from functools import partial
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Hashable


class Tasks:
    """Tasks by name; what finds no room is not begun, and offered again by the next tick."""

    def __init__(self, most: int, per_site: int) -> None:
        self.most, self.per_site = most, per_site
        self._running: dict[Hashable, asyncio.Task[None]] = {}
        self._sites: Counter[str] = Counter()

    def begin(self, name: Hashable, site: str, work: Callable[[], Coroutine[Any, Any, None]]) -> bool:
        """Begin something, unless it goes on already or there is no room; return whether it was begun."""
        if name in self._running or len(self._running) >= self.most or self._sites[site] >= self.per_site:
            return False
        task = self._running[name] = asyncio.create_task(work())
        self._sites[site] += 1
        task.add_done_callback(partial(self._ended, name, site))
        return True

    def _ended(self, name: Hashable, site: str, task: asyncio.Task[None]) -> None:
        del self._running[name]
        self._sites -= Counter([site])
        if not task.cancelled():
            task.result()

    async def end(self) -> None:
        """Break off what goes on."""
        running = list(self._running.values())
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
