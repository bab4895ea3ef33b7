"""/hub: takes subscribers' requests (WebSub section 5.1) and hands them to the daemon, which alone writes."""

from __future__ import annotations

import time
from collections import Counter
from ipaddress import IPv4Address, ip_address, ip_network
from typing import TYPE_CHECKING, Any, TypeAlias
from urllib.parse import parse_qsl

from aggregator.errors import Unavailable
from aggregator.serve.health import plain

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from starlette.requests import Request
    from starlette.responses import Response

    from aggregator.serve.shelf import Shelf

Tell: TypeAlias = "Callable[[Mapping[str, Any]], Awaitable[Mapping[str, Any]]]"
"""Sends the daemon a command and returns the fields of its answer; Unavailable when there is none."""

_FORM = "application/x-www-form-urlencoded"
_MOST_BYTES = 16_384
_MOST_FIELDS = 20
_A_MINUTE = 60
"""Requests that a client may make in so many seconds: as many."""
_TOGETHER = 600
"""Requests that all clients together may make in a minute: each is written by the one process that polls."""


async def no_daemon(_: Mapping[str, Any]) -> Mapping[str, Any]:
    """Tell nobody."""
    raise Unavailable("No daemon runs on this database.", "Start it: aggregator run")


class Hub:
    """The endpoint; where no hub of our own is named in documents there is nothing here."""

    def __init__(self, shelf: Shelf, tell: Tell, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._shelf, self._tell = shelf, tell
        self._crowd = Crowd(monotonic)

    async def __call__(self, request: Request) -> Response:
        """Answer 202 when the callback will be asked, else say what is wrong."""
        if not self._shelf.has_hub():
            return plain("404 Not Found", 404)
        if not self._crowd.admits(request.client.host if request.client is not None else ""):
            return plain("429: too many requests; try again in a minute", 429, {"retry-after": str(_A_MINUTE)})
        if request.headers.get("content-type", "").partition(";")[0].strip().lower() != _FORM:
            return plain(f"415: a request is sent as {_FORM}", 415)
        body = await _body(request)
        if body is None:
            return plain(f"413: a request has at most {_MOST_BYTES} bytes", 413, {"connection": "close"})
        return await self._handed_on(body)

    async def _handed_on(self, body: bytes) -> Response:
        try:
            fields = parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=_MOST_FIELDS)
        except ValueError:
            return plain(f"400: a request is UTF-8 and has at most {_MOST_FIELDS} fields", 400)
        try:
            said = await self._tell({"command": "websub", "form": dict(fields)})
        except Unavailable:
            return plain("503: the hub cannot take requests at the moment", 503, {"retry-after": str(_A_MINUTE)})
        status = said.get("status")
        if not isinstance(status, int):
            return plain("503: the hub cannot take requests at the moment", 503)
        return plain(f"{status}: {said.get('reason')}", status)


async def _body(request: Request) -> bytes | None:
    """Read a request's body; None when it is too large."""
    body = b""
    async for piece in request.stream():
        body += piece
        if len(body) > _MOST_BYTES:
            return None
    return body


class Crowd:
    """Counts requests by client, minute by minute; a network of 64 bits is one client, as it usually is (IPv6)."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._minute = 0
        self._counts: Counter[str] = Counter()
        self._together = 0
        """Requests of those who had not asked too often."""

    def admits(self, client: str) -> bool:
        """Count a request, and tell whether it may be answered."""
        minute = int(self._monotonic() // _A_MINUTE)
        if minute != self._minute:
            self._minute, self._counts, self._together = minute, Counter(), 0
        name = _network(client)
        self._counts[name] += 1
        self._together += self._counts[name] <= _A_MINUTE
        return self._counts[name] <= _A_MINUTE and self._together <= _TOGETHER


def _network(client: str) -> str:
    try:
        address = ip_address(client)
    except ValueError:
        return client
    if isinstance(address, IPv4Address):
        return client
    return str(address.ipv4_mapped or ip_network((int(address) >> 64 << 64, 64)))
