"""Hosts are asked one after another, with a pause, in order."""

from __future__ import annotations

import asyncio
import time
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from aggregator.fetch.hosts import HostQueue, Place

if TYPE_CHECKING:
    from collections.abc import Coroutine


class Time:
    """A clock that stands still except while somebody sleeps."""

    def __init__(self) -> None:
        self.now = 100.0

    def monotonic(self) -> float:
        """Now, in seconds."""
        return self.now

    async def sleep(self, seconds: float) -> None:
        """Let the time pass at once."""
        await asyncio.sleep(0)
        self.now += seconds


class Visits:
    """Makes requests of a given length and keeps when they began and how many ran at once."""

    def __init__(self, per_host: int = 1, gap: float = 2, rests_for: float | None = None) -> None:
        self.time = Time()
        rests = None if rests_for is None else timedelta(seconds=rests_for)
        self.queue = HostQueue(
            per_host, timedelta(seconds=gap), monotonic=self.time.monotonic, sleep=self.time.sleep, rests_for=rests
        )
        self.starts: list[tuple[str, float]] = []
        self.running = self.most = 0

    async def visit(self, name: str, host: str = "news.example", seconds: float = 0) -> None:
        """Make one request."""
        async with self.queue.turn(host):
            self.starts.append((name, self.time.now))
            self.running += 1
            self.most = max(self.most, self.running)
            await self.time.sleep(seconds)
            self.running -= 1


def gather(*visits: Coroutine[Any, Any, None]) -> None:
    """Make several requests at once."""

    async def run() -> None:
        await asyncio.gather(*visits)

    asyncio.run(run())


def test_requests_to_a_host_are_apart_and_in_order() -> None:
    """The pause counts from the end of one request to the start of the next; first come, first served."""
    visits = Visits()
    gather(*(visits.visit(name, seconds=5) for name in "abc"))
    assert visits.starts == [("a", 100), ("b", 107), ("c", 114)]
    assert visits.most == 1


def test_no_host_is_asked_before_all_have_rested() -> None:
    """Whoever asked before this process began may have asked any of them."""
    visits = Visits(rests_for=1.5)
    gather(visits.visit("a", "one.example"), visits.visit("b", "one.example"))
    assert visits.starts == [("a", 101.5), ("b", 103.5)]
    gather(visits.visit("c", "two.example"))
    assert visits.starts[-1] == ("c", 103.5)


def test_other_hosts_do_not_wait() -> None:
    """A host's pause is its own."""
    visits = Visits()
    gather(visits.visit("a", "one.example"), visits.visit("b", "two.example"))
    assert [start for _, start in visits.starts] == [100, 100]


def test_per_host_requests_run_together() -> None:
    """With per_host 2, two run at once and the third waits."""
    visits = Visits(per_host=2)
    gather(*(visits.visit(name, seconds=1) for name in "abc"))
    assert [name for name, _ in visits.starts] == ["a", "b", "c"]
    assert visits.most == 2


def test_the_pause_is_kept_after_the_last_request() -> None:
    """A request that comes when nobody waits still keeps its distance from the one before."""
    visits = Visits()
    gather(visits.visit("a"))
    gather(visits.visit("b"))
    assert visits.starts == [("a", 100), ("b", 102)]


def test_a_failure_inside_a_turn_frees_the_host() -> None:
    """An error travels, and the next request has its turn after the pause."""
    visits = Visits()

    async def fail() -> None:
        async with visits.queue.turn("news.example"):
            raise OSError

    with pytest.raises(OSError):  # noqa: PT011 - any
        asyncio.run(fail())
    gather(visits.visit("b"))
    assert visits.starts == [("b", 102)]


@pytest.mark.parametrize("victim", ["running", "pausing", "waiting"])
def test_cancelling_leaves_the_queue_usable(victim: str) -> None:
    """Wherever a request is cancelled, the others get their turns and the host is left free."""
    visits = Visits()
    queue = HostQueue(1, timedelta(seconds=0.01), monotonic=time.monotonic)
    order: list[str] = []

    async def visit(name: str) -> None:
        async with queue.turn("news.example"):
            order.append(name)
            await asyncio.sleep(0.02)

    async def run() -> None:
        tasks = {name: asyncio.create_task(visit(name)) for name in ("running", "pausing", "waiting", "last")}
        await asyncio.sleep(0.025 if victim != "running" else 0.01)
        tasks[victim].cancel()
        await asyncio.gather(*tasks.values(), return_exceptions=True)

    asyncio.run(run())
    assert order[-1] == "last"
    assert len(order) == (4 if victim == "running" else 3)
    assert not queue._busy
    assert visits.starts == []


def test_idle_hosts_are_forgotten() -> None:
    """A thousand hosts leave nothing behind once their pauses are over."""
    visits = Visits()
    gather(*(visits.visit("a", f"{number}.example") for number in range(1000)))
    assert len(visits.queue._resting) == 1000
    visits.time.now += 10
    gather(visits.visit("b"))
    assert list(visits.queue._resting) == ["news.example"]
    assert not visits.queue._busy


def test_a_redirect_waits_for_the_host_it_leads_to() -> None:
    """Taking another host's place lets the first one and its slot go before waiting, so none waits for another."""

    async def scenario() -> list[str]:
        queue, slots, told = Visits().queue, asyncio.Semaphore(1), list[str]()

        async def go(name: str, *hosts: str) -> None:
            async with Place(queue, slots) as place:
                for host in hosts:
                    await place.take(host)
                    told.append(f"{name} {host}")
                    await asyncio.sleep(0)

        await asyncio.wait_for(asyncio.gather(go("first", "a", "b", "b"), go("second", "b", "a")), 5)
        assert not slots.locked()
        return told

    told = asyncio.run(scenario())
    assert sorted(told) == ["first a", "first b", "first b", "second a", "second b"]
