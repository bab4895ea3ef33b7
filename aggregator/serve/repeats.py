"""Requests that came before, byte for byte, are answered without being read again.

A reader asks the same at every poll, and so do all others of its make: the head of the request is the key, what was
answered then is the value. It holds while the files that it was made of are the same ones, which is looked at each
time. Whatever is not certain (a body, a second request in the same bytes, a client that is slow to take answers) goes
the usual way through the server.
"""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop, TimerHandle, Transport
    from collections.abc import MutableMapping, Sequence, Sized

    from aggregator.publish.renditions import Renditions
    from aggregator.serve.document import Origin, Reply

KEY = "aggregator.repeats"
"""Of a scope: where the application leaves an answer that holds for the same request again."""
_MOST = 1_024
_LONGEST = 2_048
"""Bytes of a request's head that is remembered; a longer one is rare."""
_END = b"\r\n\r\n"
_REPORTS = re.compile(rb"\d (?:subscriber|reader)", re.IGNORECASE)
"""In the name of a client that says for how many it asks, which is noted each time (readership.py)."""


@dataclass(frozen=True, slots=True)
class _Known:
    """An answer, and the files of which it was made."""

    head: bytes
    """All but the status line and the server's own headers."""
    status_line: bytes
    body: bytes
    origin: Origin


class Repeats:
    """Answers by request; for the one thread of an event loop."""

    def __init__(self, renditions: Renditions) -> None:
        self._renditions = renditions
        self._known: dict[bytes, _Known] = {}

    def __len__(self) -> int:
        return len(self._known)

    def keep(self, request: bytes, reply: Reply, origin: Origin) -> None:
        """Remember what was answered, for as long as the files of which it was made are what they were then."""
        if not origin or len(request) > _LONGEST or _REPORTS.search(request):
            return
        if len(self._known) >= _MOST:
            self._known.clear()
        line = b"HTTP/1.1 %d %s\r\n" % (reply.status, HTTPStatus(reply.status).phrase.encode())
        head = b"".join(b"%s: %s\r\n" % header for header in reply.headers) + b"\r\n"
        self._known[request] = _Known(head, line, reply.body, origin)

    def answer(self, request: bytes, own: Sequence[tuple[bytes, bytes]]) -> tuple[bytes, bytes] | None:
        """Return head and body of the answer, None where it is not known any more; `own` are the server's headers."""
        known = self._known.get(request)
        if known is None:
            return None
        for name, stamp in known.origin:
            if self._renditions.stamp(name) != stamp:
                del self._known[request]
                return None
        return b"".join([known.status_line, *(b"%s: %s\r\n" % header for header in own), known.head]), known.body


class _Repeating(asyncio.Protocol):
    """Goes in front of one of uvicorn's protocol classes, limits included."""

    if TYPE_CHECKING:  # what uvicorn's classes have, and limits.py adds
        loop: AbstractEventLoop
        transport: Transport
        cycle: Any
        flow: Any
        pipeline: Sized
        waiting: bool
        server_state: Any
        timeout_keep_alive: float
        timeout_keep_alive_task: TimerHandle | None
        timeout_keep_alive_handler: Any
        has_part: bool
        repeated: int
        _unset_keepalive_if_required: Any

    repeats: Repeats

    def data_received(self, data: bytes) -> None:
        is_between = self._is_between()
        if is_between and (answer := self.repeats.answer(data, self.server_state.default_headers)) is not None:
            self._send(*answer)
            return
        before = self.cycle
        super().data_received(data)
        if is_between and self.cycle is not before and self._was_all(data):
            scope: MutableMapping[str, Any] = self.cycle.scope
            scope[KEY] = lambda reply, origin: self.repeats.keep(data, reply, origin)

    def _is_between(self) -> bool:
        """Whether a new request begins here: the one before was read to its end and answered."""
        if self.cycle is not None and (not self.waiting or self.cycle.more_body):
            return False
        return not (self.has_part or self.flow.write_paused or self.transport.is_closing())

    def _was_all(self, data: bytes) -> bool:
        """Whether these bytes were one request without a body, after which the connection stays open."""
        whole = data.startswith(b"GET ") and data.endswith(_END) and data.count(_END) == 1
        return bool(whole and not self.cycle.more_body and not self.pipeline and _stays_open(self.cycle.scope))

    def _send(self, head: bytes, body: bytes) -> None:
        self.repeated += 1
        self._unset_keepalive_if_required()
        self.transport.write(head + body)
        self.timeout_keep_alive_task = self.loop.call_later(self.timeout_keep_alive, self.timeout_keep_alive_handler)


def _stays_open(scope: MutableMapping[str, Any]) -> bool:
    """Whether the client means to go on here (RFC 9112 section 9.3), and says so in no unusual way."""
    wishes = {value.strip().lower() for name, value in scope["headers"] if name == b"connection"}
    return scope["http_version"] == "1.1" and wishes <= {b"keep-alive"}


def repeating(protocol: type[asyncio.Protocol], repeats: Repeats) -> type[asyncio.Protocol]:
    """Return a protocol class of limits.limited with this memory."""
    return type("Repeating", (_Repeating, protocol), {"repeats": repeats})
