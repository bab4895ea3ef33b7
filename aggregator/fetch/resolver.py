"""Name lookups that cannot hold up each other, nor the end of the program."""

from __future__ import annotations

import asyncio
import socket
from contextlib import suppress
from functools import partial
from threading import Thread
from typing import TYPE_CHECKING, Any, Final

from aiohttp.abc import AbstractResolver, ResolveResult

if TYPE_CHECKING:
    from collections.abc import Callable

_AT_ONCE: Final = 64


class Resolver(AbstractResolver):
    """The system's resolver, each lookup in a daemon thread of its own.

    asyncio's pool has six threads on two processors, and joins them at exit: six dead name servers would delay
    every other source, and the daemon's end.
    """

    def __init__(self) -> None:
        self._free = asyncio.Semaphore(_AT_ONCE)

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """Look a name up; raises socket.gaierror."""
        lookup = partial(
            socket.getaddrinfo,
            host,
            port,
            family,
            socket.SOCK_STREAM,
            socket.IPPROTO_TCP,
            socket.AI_ADDRCONFIG,
        )
        async with self._free:
            found = await _in_thread(lookup)
        return [
            ResolveResult(
                hostname=host,
                host=address[0],
                port=address[1],
                family=kind,
                proto=protocol,
                flags=socket.AI_NUMERICHOST,
            )
            for kind, _, protocol, _, address in found
        ]

    async def close(self) -> None:
        """Leave what is under way to end by itself."""


async def _in_thread(work: Callable[[], list[Any]]) -> list[Any]:
    loop = asyncio.get_running_loop()
    future: asyncio.Future[list[Any]] = loop.create_future()

    def run() -> None:
        try:
            deliver = partial(_settle, future, work(), None)
        except Exception as error:  # noqa: BLE001 - handed to the one who waits
            deliver = partial(_settle, future, [], error)
        with suppress(RuntimeError):  # the loop has ended meanwhile
            loop.call_soon_threadsafe(deliver)

    Thread(target=run, name="resolve", daemon=True).start()
    return await future


def _settle(future: asyncio.Future[list[Any]], result: list[Any], error: Exception | None) -> None:
    if future.done():
        return
    if error is None:
        future.set_result(result)
    else:
        future.set_exception(error)
