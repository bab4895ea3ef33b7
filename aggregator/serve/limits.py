"""Limits of a connection that uvicorn does not have: time for a request's head, its size, and how many connections.

Uvicorn waits for a first request for ever, its protocols take a head of any length and any number of requests at once,
and `limit_concurrency` turns everybody away when strangers hold connections open. Here the slow and the big are cut
off, and when there are too many connections, those that have waited longest without asking anything make room.
"""

from __future__ import annotations

import asyncio
import itertools
from typing import TYPE_CHECKING, Any, TypeAlias

from aggregator.serve.document import PROTECTION, answer

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop, TimerHandle, Transport
    from collections.abc import Sized

    from starlette.types import ASGIApp, Receive, Scope, Send

HEAD_SECONDS = 10.0
"""Time for the head of a request, from connecting or from the last answer."""
SEND_SECONDS = 60.0
"""Time in which a client that is being sent something must take some of it."""
HEAD_BYTES = 32_768
"""Request line and header fields together."""
CONNECTIONS = 1_000
PIPELINED = 100
"""Requests of one connection that wait for their turn; httptools' protocol would queue any number."""

_numbers = itertools.count()
_TOO_LARGE = b"HTTP/1.1 431 Request Header Fields Too Large\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"

_Progress: TypeAlias = "tuple[object, int, int]"
"""The request last begun, the bytes of answers that are still to be taken, and how many were answered from memory."""


class _Limited(asyncio.Protocol):
    """Goes in front of one of uvicorn's protocol classes."""

    if TYPE_CHECKING:  # what uvicorn's classes have
        loop: AbstractEventLoop
        transport: Transport
        connections: set[Any]
        cycle: Any

    pipeline: Sized = ()
    """Requests that wait for their turn; h11's protocol leaves them unread."""
    _timer: TimerHandle
    _progress: _Progress = (None, 0, 0)
    _head_bytes = 0
    repeated = 0
    """Requests that were answered without being read (repeats.py)."""
    number: int
    """In the order of arrival."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self.number = next(_numbers)
        self._timer = self.loop.call_later(HEAD_SECONDS, self._look)
        if len(self.connections) > CONNECTIONS:
            self._make_room()

    def connection_lost(self, exc: Exception | None) -> None:
        self._timer.cancel()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        before = self.cycle
        super().data_received(data)
        if self.cycle is not before or not self.waiting:
            self._head_bytes = 0
            if len(self.pipeline) > PIPELINED:
                self.transport.abort()
            return
        self._head_bytes += len(data)
        if self._head_bytes > HEAD_BYTES and not self.transport.is_closing():
            self.transport.write(_TOO_LARGE)
            self.transport.close()

    @property
    def has_part(self) -> bool:
        """Whether a part of a request's head has come."""
        return self._head_bytes > 0

    @property
    def waiting(self) -> bool:
        """Whether no request is being answered."""
        return self.cycle is None or bool(self.cycle.response_complete)

    def _look(self) -> None:
        """Cut the connection off when nothing has happened since the last look."""
        progress = self.cycle, self.transport.get_write_buffer_size(), self.repeated
        if progress == self._progress:
            self.transport.abort()
            return
        self._progress = progress
        self._timer = self.loop.call_later(SEND_SECONDS if progress[1] else HEAD_SECONDS, self._look)

    def _make_room(self) -> None:
        idle = (connection for connection in self.connections if connection.waiting and connection is not self)
        longest = min(idle, key=lambda connection: connection.number, default=None)
        if longest is not None:
            self.connections.discard(longest)
            longest.transport.abort()


def bounded(app: ASGIApp) -> ASGIApp:
    """Return the application that refuses a head over HEAD_BYTES which came whole, and so was taken."""

    async def answered(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or _head_size(scope) <= HEAD_BYTES:
            await app(scope, receive, send)
            return
        headers = [(b"connection", b"close"), (b"content-length", b"0"), *PROTECTION]
        await answer(send, 431, headers, b"")

    return answered


def _head_size(scope: Scope) -> int:
    """Return about how many bytes the request line and the header fields had."""
    line = len(scope["method"]) + len(scope["raw_path"]) + len(scope["query_string"])
    return line + sum(len(name) + len(value) + 4 for name, value in scope["headers"])


def limited(protocol: type[asyncio.Protocol]) -> type[asyncio.Protocol]:
    """Return one of uvicorn's protocol classes with these limits."""
    return type("Limited", (_Limited, protocol), {})
