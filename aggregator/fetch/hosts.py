"""Politeness to hosts within one process."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable
    from datetime import timedelta


@dataclass(slots=True)
class _Lane:
    slots: asyncio.Semaphore
    users: int = 0
    """Requests under way or waiting."""
    free_at: float = float("-inf")
    """When the pause after the last request ends."""


class HostQueue:
    """Lets at most `per_host` requests to a host run, `gap` between the end of one and the start of the next.

    First come, first served. A host nobody waits for is forgotten once its pause is over.
    """

    def __init__(
        self,
        per_host: int,
        gap: timedelta,
        *,
        monotonic: Callable[[], float],
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._per_host = per_host
        self._gap = gap.total_seconds()
        self._monotonic = monotonic
        self._sleep = sleep
        self._busy: dict[str, _Lane] = {}
        self._resting: dict[str, _Lane] = {}
        """Hosts without users, oldest first."""

    @asynccontextmanager
    async def turn(self, host: str) -> AsyncIterator[None]:
        """Wait until `host` may be asked; the request is made inside."""
        lane = self._enter(host)
        try:
            async with lane.slots:
                await self._pause(lane)
                try:
                    yield
                finally:
                    lane.free_at = self._monotonic() + self._gap
        finally:
            self._leave(host, lane)

    async def _pause(self, lane: _Lane) -> None:
        while (wait := lane.free_at - self._monotonic()) > 0:
            await self._sleep(wait)

    def _enter(self, host: str) -> _Lane:
        self._forget()
        lane = self._resting.pop(host, None) or self._busy.get(host) or _Lane(asyncio.Semaphore(self._per_host))
        self._busy[host] = lane
        lane.users += 1
        return lane

    def _leave(self, host: str, lane: _Lane) -> None:
        lane.users -= 1
        if not lane.users:
            self._resting[host] = self._busy.pop(host)

    def _forget(self) -> None:
        now = self._monotonic()
        while self._resting:
            host = next(iter(self._resting))
            if self._resting[host].free_at > now:
                return
            del self._resting[host]
