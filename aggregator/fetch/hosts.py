"""Politeness to hosts within one process."""

from __future__ import annotations

import asyncio
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from datetime import timedelta
    from typing import Self


@dataclass(slots=True)
class Lane:
    """What is known of one host."""

    slots: asyncio.Semaphore
    free_at: float
    """When the pause after the last request ends."""
    users: int = 0
    """Requests under way or waiting."""


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
        rests_for: timedelta | None = None,
    ) -> None:
        """`rests_for`: no host is asked before, as another process may have asked it just now."""
        self._begins = float("-inf") if rests_for is None else monotonic() + rests_for.total_seconds()
        self._per_host = per_host
        self._gap = gap.total_seconds()
        self._monotonic = monotonic
        self._sleep = sleep
        self._busy: dict[str, Lane] = {}
        self._resting: dict[str, Lane] = {}
        """Hosts without users, oldest first."""

    def turn(self, host: str) -> AbstractAsyncContextManager[None]:
        """Wait until `host` may be asked; the request is made inside."""
        return _Turn(self, host)

    async def begin(self, host: str) -> Lane:
        """Wait for a turn; what is returned ends it, by `end`."""
        lane = self._enter(host)
        try:
            await lane.slots.acquire()
            try:
                await self._pause(lane)
            except BaseException:
                lane.slots.release()
                raise
        except BaseException:
            self._leave(host, lane)
            raise
        return lane

    def end(self, host: str, lane: Lane) -> bool:
        """Let the next one wait out the pause; return whether there is none."""
        lane.free_at = self._monotonic() + self._gap
        lane.slots.release()
        self._leave(host, lane)
        return not lane.users

    async def _pause(self, lane: Lane) -> None:
        while (wait := lane.free_at - self._monotonic()) > 0:
            await self._sleep(wait)

    def _enter(self, host: str) -> Lane:
        self._forget()
        lane = self._resting.pop(host, None) or self._busy.get(host)
        lane = lane or Lane(asyncio.Semaphore(self._per_host), self._begins)
        self._busy[host] = lane
        lane.users += 1
        return lane

    def _leave(self, host: str, lane: Lane) -> None:
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


class _Turn(AbstractAsyncContextManager[None]):
    """One turn at a host: written out, since every request takes one, and a generator's costs three times as much."""

    __slots__ = ("_host", "_lane", "_queue")

    def __init__(self, queue: HostQueue, host: str) -> None:
        self._queue, self._host = queue, host

    async def __aenter__(self) -> None:
        self._lane = await self._queue.begin(self._host)

    async def __aexit__(self, *_: object) -> None:
        self._queue.end(self._host, self._lane)


class Turns(Protocol):
    """What spaces the requests to a host (HostQueue)."""

    def turn(self, host: str) -> AbstractAsyncContextManager[None]:
        """Wait until the host may be asked."""


class Place:
    """Where one request stands: its host's turn and one of all the slots; an async context manager.

    A redirect to another host waits for its turn there like any other request. What was held is let go first: no
    request that waits keeps another waiting.
    """

    def __init__(self, hosts: Turns, slots: asyncio.Semaphore) -> None:
        self._hosts, self._slots = hosts, slots
        self._turn: AbstractAsyncContextManager[None] | None = None
        self._has_slot = False
        self._host: str | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.leave()

    async def take(self, host: str) -> None:
        """Wait until `host` may be asked."""
        if host == self._host:
            return
        await self.leave()
        turn = self._hosts.turn(host)
        await turn.__aenter__()
        self._turn = turn
        self._has_slot = await self._slots.acquire()
        self._host = host

    async def leave(self) -> None:
        """Let go of host and slot."""
        self._host = None
        if self._has_slot:
            self._has_slot = False
            self._slots.release()
        if (turn := self._turn) is not None:
            self._turn = None
            await turn.__aexit__(None, None, None)
