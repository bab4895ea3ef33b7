"""Politeness to hosts across a fleet: within a process as ever, and one process at a time.

Jobs are one a host, so two workers seldom want the same one: when a redirect leads there, when an operator polls by
hand, when a worker that was taken for dead is not. A request that waits for a host holds no other, here and elsewhere.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
import uuid
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import timedelta
from itertools import count
from typing import TYPE_CHECKING, Protocol, Self

import structlog

from aggregator.errors import StoreError
from aggregator.fetch.hosts import HostQueue

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from aggregator.config.settings import Polling
    from aggregator.fetch.hosts import Lane

_log = structlog.get_logger(__name__)
LEASE = timedelta(seconds=30)
"""A process that says nothing of a turn for so long is taken for dead."""
_KEEP = 5.0
"""Seconds between two words of it."""
_LOOK = 0.5
"""Seconds, at most, between two looks at a host that another process has."""


class KnowsTurns(Protocol):
    """What all processes see (store.postgres.turns.SharedTurns)."""

    async def take(self, host: str, name: str) -> float:
        """Take a host's turn if it is free; return 0, or after how many seconds it may be."""

    async def keep(self, held: Mapping[str, str]) -> set[str]:
        """Say that turns are still had; return the hosts for which that is true."""

    async def end(self, host: str, name: str, pause: timedelta) -> None:
        """End a turn."""


@dataclass(slots=True)
class Held:
    """A host that this process may ask."""

    name: str
    good_until: float
    """By this process' own clock, which is asked before the server is."""
    users: int = 0


class Holding:
    """The hosts that this process may ask now; an async context manager that keeps them."""

    def __init__(self, turns: KnowsTurns, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._turns, self._monotonic = turns, monotonic
        self._held: dict[str, Held] = {}
        self._taking: dict[str, asyncio.Lock] = {}
        self._names = (f"{uuid.uuid4()}:{number}" for number in count())

    async def __aenter__(self) -> Self:
        self._keeper = asyncio.create_task(self._keep_on())
        return self

    async def __aexit__(self, *_: object) -> None:
        self._keeper.cancel()
        await asyncio.gather(self._keeper, return_exceptions=True)

    async def begin(self, host: str) -> Held:
        """Wait until no other process asks a host, nor has just done so; what is returned ends it, by `end`."""
        lock = self._taking.setdefault(host, asyncio.Lock())
        async with lock:
            held = self._held.get(host)
            if held is None or held.good_until <= self._monotonic():
                held = await self._take(host)
            held.users += 1
        if self._taking.get(host) is lock and not lock.locked():
            del self._taking[host]
        return held

    async def end(self, host: str, held: Held, pause: timedelta, *, wanted: bool) -> None:
        """Let a host go, unless another request of this process waits for it (`wanted`)."""
        held.users -= 1
        if not held.users and not wanted:
            await self._let_go(host, held, pause)

    async def _let_go(self, host: str, held: Held, pause: timedelta) -> None:
        if self._held.get(host) is held:
            del self._held[host]
        try:
            await self._turns.end(host, held.name, pause)
        except StoreError as error:  # it ends by itself
            _log.debug("turn.not_ended", host=host, error=error.message)

    async def _take(self, host: str) -> Held:
        name = next(self._names)
        while True:
            now = self._monotonic()
            try:
                wait = await self._turns.take(host, name)
            except StoreError as error:
                _log.debug("turn.not_taken", host=host, error=error.message)
                wait = _LOOK
            if not wait:
                self._held[host] = held = Held(name, now + LEASE.total_seconds())
                return held
            await asyncio.sleep(min(wait, _LOOK))

    async def _keep_on(self) -> None:
        while True:
            await asyncio.sleep(_KEEP)
            with contextlib.suppress(StoreError):  # until it is over they are ours
                await self.keep()

    async def keep(self) -> None:
        """Say of every host that is held that it still is; one that somebody else has is not asked any more.

        One whose next request did not come is let go.
        """
        for host, held in [(host, held) for host, held in self._held.items() if not held.users]:
            await self._let_go(host, held, timedelta())
        names, now = {host: held.name for host, held in self._held.items()}, self._monotonic()
        if not names:
            return
        kept = await self._turns.keep(names)
        for host, name in names.items():
            if (now_held := self._held.get(host)) is not None and now_held.name == name:
                now_held.good_until = now + LEASE.total_seconds() if host in kept else now


class FleetTurns:
    """Spaces the requests to a host (fetch.hosts.Turns), here and in all other processes."""

    def __init__(self, polling: Polling, holding: Holding, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._here = HostQueue(polling.per_host, polling.host_gap, monotonic=monotonic)
        self._holding, self._gap = holding, polling.host_gap

    def turn(self, host: str) -> AbstractAsyncContextManager[None]:
        """Wait until the host may be asked."""
        return _Turn(self, host)

    async def begin(self, host: str) -> tuple[Lane, Held]:
        """Wait for a turn; what is returned ends it, by `end`."""
        lane = await self._here.begin(host)
        try:
            return lane, await self._holding.begin(host)
        except BaseException:
            self._here.end(host, lane)
            raise

    async def end(self, host: str, lane: Lane, held: Held) -> None:
        """End a turn."""
        last = self._here.end(host, lane)
        await self._holding.end(host, held, self._gap, wanted=not last)


class _Turn(AbstractAsyncContextManager[None]):
    __slots__ = ("_host", "_taken", "_turns")

    def __init__(self, turns: FleetTurns, host: str) -> None:
        self._turns, self._host = turns, host

    async def __aenter__(self) -> None:
        self._taken = await self._turns.begin(self._host)

    async def __aexit__(self, *_: object) -> None:
        await self._turns.end(self._host, *self._taken)
