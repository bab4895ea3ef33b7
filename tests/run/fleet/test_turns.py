"""Two processes share hosts: each asks one only while it has it, and none waits while it keeps another."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from aggregator.config.settings import Polling
from aggregator.errors import UnreachableDatabase
from aggregator.run.fleet import turns as module
from aggregator.run.fleet.turns import LEASE, FleetTurns, Holding

if TYPE_CHECKING:
    from collections.abc import Mapping

HOST = "a.example"


class Known:
    """What all processes see, in memory."""

    def __init__(self) -> None:
        self.holders: dict[str, str] = {}
        self.pauses: list[timedelta] = []
        self.taken = 0
        self.down = False

    def _reached(self) -> None:
        if self.down:
            raise UnreachableDatabase("The server is gone.")

    async def take(self, host: str, name: str) -> float:
        await asyncio.sleep(0)
        self._reached()
        if host in self.holders:
            return 20.0
        self.taken += 1
        self.holders[host] = name
        return 0.0

    async def keep(self, held: Mapping[str, str]) -> set[str]:
        await asyncio.sleep(0)
        self._reached()
        return {host for host, name in held.items() if self.holders.get(host) == name}

    async def end(self, host: str, name: str, pause: timedelta) -> None:
        await asyncio.sleep(0)
        self._reached()
        self.pauses.append(pause)
        if self.holders.get(host) == name:
            del self.holders[host]


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look often."""
    monkeypatch.setattr(module, "_LOOK", 0.01)


class Fleet:
    """Processes over what they all see, and who asks which host."""

    def __init__(self, stack: AsyncExitStack, *, per_host: int = 1) -> None:
        self.known = Known()
        self.now = 0.0
        self._stack = stack
        self._polling = Polling(host_gap=timedelta(0), per_host=per_host)
        self.asking: list[str] = []
        self.most = 0

    async def process(self) -> tuple[FleetTurns, Holding]:
        holding = await self._stack.enter_async_context(Holding(self.known, monotonic=lambda: self.now))
        return FleetTurns(self._polling, holding), holding

    async def ask(self, turns: FleetTurns, host: str = HOST, seconds: float = 0.02) -> None:
        async with turns.turn(host):
            self.asking.append(host)
            self.most = max(self.most, self.asking.count(host))
            await asyncio.sleep(seconds)
            self.asking.remove(host)


def _play(scenario: Any, **options: int) -> None:
    async def play() -> None:
        async with AsyncExitStack() as stack, asyncio.timeout(10):
            await scenario(Fleet(stack, **options))

    asyncio.run(play())


def test_one_process_at_a_time() -> None:
    """Requests of two processes to one host never overlap, and all are made; afterwards nobody holds it."""

    async def scenario(fleet: Fleet) -> None:
        (one, _), (two, _) = await fleet.process(), await fleet.process()
        await asyncio.gather(*(fleet.ask(turns) for turns in (one, two) * 5))
        assert fleet.most == 1
        assert fleet.known.holders == {}

    _play(scenario)


def test_requests_that_wait_here_share_a_turn() -> None:
    """A process whose next request goes to the same host does not give it back in between."""

    async def scenario(fleet: Fleet) -> None:
        turns, _ = await fleet.process()
        await asyncio.gather(*(fleet.ask(turns) for _ in range(5)))
        assert fleet.known.taken == 1

    _play(scenario)


def test_several_at_once_in_one_process() -> None:
    """Where the operator allows several requests to a host at once, one process makes them."""

    async def scenario(fleet: Fleet) -> None:
        (one, _), (two, _) = await fleet.process(), await fleet.process()
        await asyncio.gather(*(fleet.ask(turns) for turns in (one, two) * 6))
        assert fleet.most == 3
        assert fleet.known.holders == {}

    _play(scenario, per_host=3)


def test_who_was_cancelled_keeps_nothing() -> None:
    """Cancelled while it waits, or while it asks, a request leaves the host free, at the latest with the next word."""

    async def scenario(fleet: Fleet) -> None:
        (one, holding), (two, _) = await fleet.process(), await fleet.process()
        asks = asyncio.create_task(fleet.ask(one, seconds=5))
        await asyncio.sleep(0.02)
        waits_here, waits_there = (asyncio.create_task(fleet.ask(turns)) for turns in (one, two))
        await asyncio.sleep(0.02)
        for task in (asks, waits_here):
            task.cancel()
        await asyncio.gather(asks, waits_here, return_exceptions=True)
        fleet.asking.clear()
        await holding.keep()
        await waits_there

    _play(scenario)


def test_a_turn_that_was_lost_is_taken_again() -> None:
    """When another process has a host meanwhile, because of our silence, the next request waits for it."""

    async def scenario(fleet: Fleet) -> None:
        turns, holding = await fleet.process()
        asks = asyncio.create_task(fleet.ask(turns))
        next_one = asyncio.create_task(fleet.ask(turns))
        await asyncio.sleep(0.005)
        fleet.known.holders[HOST] = "another"
        await holding.keep()
        await asks
        await asyncio.sleep(0.05)
        assert not next_one.done()
        del fleet.known.holders[HOST]
        await next_one
        assert fleet.known.taken == 2

    _play(scenario)


def test_a_server_that_does_not_answer() -> None:
    """Nothing is asked that is not surely ours: after a lease of silence a request waits for the server."""

    async def scenario(fleet: Fleet) -> None:
        turns, holding = await fleet.process()
        first, second = (asyncio.create_task(fleet.ask(turns)) for _ in range(2))
        await asyncio.sleep(0.005)
        fleet.known.down = True
        with pytest.raises(UnreachableDatabase):
            await holding.keep()
        fleet.now += LEASE.total_seconds() + 1
        await first
        await asyncio.sleep(0.05)
        assert not second.done()
        fleet.known.down, fleet.known.holders = False, {}
        await second

    _play(scenario)


def test_the_pause_is_known_to_all() -> None:
    """After its last request a process says how long the next one is to wait, whoever makes it."""

    async def scenario(fleet: Fleet) -> None:
        _, holding = await fleet.process()
        turns = FleetTurns(Polling(host_gap=timedelta(seconds=3)), holding)
        await fleet.ask(turns)
        assert fleet.known.pauses == [timedelta(seconds=3)]

    _play(scenario)
