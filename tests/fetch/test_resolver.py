"""Lookups run beside each other and hold up nothing."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from typing import Any

import pytest

from aggregator.errors import ResolveFailed
from aggregator.fetch.resolver import Resolver


def test_names_resolve() -> None:
    """The system's own names are found, as aiohttp wants them."""

    async def run() -> list[Any]:
        return list(await Resolver().resolve("localhost", 8000, socket.AF_INET))

    found = asyncio.run(run())
    assert (found[0]["hostname"], found[0]["host"], found[0]["port"]) == ("localhost", "127.0.0.1", 8000)
    assert found[0]["family"] == socket.AF_INET


def test_slow_lookups_do_not_hold_up_others(monkeypatch: pytest.MonkeyPatch) -> None:
    """Forty dead name servers, more than asyncio's pool has threads, and another name is found at once."""
    release = threading.Event()
    real = socket.getaddrinfo

    def slow(host: str, *rest: Any) -> Any:
        if host == "slow.example":
            release.wait(5)
        return real("127.0.0.1", *rest)

    monkeypatch.setattr(socket, "getaddrinfo", slow)

    async def run() -> float:
        resolver = Resolver()
        waiting = [asyncio.create_task(resolver.resolve("slow.example")) for _ in range(40)]
        await asyncio.sleep(0)
        started = time.monotonic()
        await resolver.resolve("quick.example")
        took = time.monotonic() - started
        assert not any(task.done() for task in waiting)
        release.set()
        await asyncio.gather(*waiting)
        return took

    assert asyncio.run(run()) < 1


def test_a_lookup_that_outlives_the_loop_is_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    """The end of the program does not wait for a name server, and the late answer hurts nobody."""
    release, done = threading.Event(), threading.Event()

    def slow(*_: Any) -> Any:
        release.wait(5)
        done.set()
        return []

    monkeypatch.setattr(socket, "getaddrinfo", slow)

    async def run() -> None:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(Resolver().resolve("slow.example"), 0.05)

    started = time.monotonic()
    asyncio.run(run())
    assert time.monotonic() - started < 2
    release.set()
    assert done.wait(5)
    for thread in threading.enumerate():
        if thread.name == "resolve":
            thread.join(5)


def test_an_answer_nobody_waits_for_is_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    """A lookup that was given up may still end, while the program goes on."""
    release = threading.Event()

    def slow(*_: Any) -> Any:
        release.wait(5)
        return []

    monkeypatch.setattr(socket, "getaddrinfo", slow)

    async def run() -> list[Any]:
        resolver = Resolver()
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(resolver.resolve("slow.example"), 0.02)
        release.set()
        await asyncio.sleep(0.02)
        return list(await resolver.resolve("empty.example"))

    assert asyncio.run(run()) == []


@pytest.mark.parametrize(
    ("code", "message"), [(socket.EAI_NONAME, "has no address"), (socket.EAI_AGAIN, "could not be looked up")]
)
def test_a_failed_lookup_is_told(code: int, message: str, get: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The system's error arrives through the client in plain words."""

    def fail(*_: Any) -> Any:
        raise socket.gaierror(code, "as the system says")

    monkeypatch.setattr(socket, "getaddrinfo", fail)
    with pytest.raises(ResolveFailed, match=message):
        get("http://news.example/")
