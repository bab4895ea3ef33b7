"""/healthz and /readyz: is this process alive, and does the daemon poll and can it write."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from typing import TYPE_CHECKING, Any, TypeAlias

from starlette.responses import PlainTextResponse, Response

from aggregator.errors import StoreError, Unavailable
from aggregator.serve.document import PROTECTION
from aggregator.store.sqlite.lock import read_holder

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping
    from pathlib import Path

    from starlette.requests import Request

Status: TypeAlias = "Callable[[], Awaitable[Mapping[str, Any]]]"
"""Asks the daemon how it is: `writable`, `polling`, `answered`, `last_tick_age` (seconds), `reason`; and what everybody
may read of what cannot be written: `trouble`, and how many answers are `waiting` for it. `config_refused`: what is
wrong with feeds.yaml.

Raises Unavailable.
"""

_PATIENCE = 2.0
"""Seconds in which the daemon must answer."""
_FRESH = 1.0
"""Seconds for which an answer stands, so that strangers cannot keep the daemon busy."""


def plain(text: str, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """Return a line of plain text that no cache keeps."""
    response = PlainTextResponse(f"{text}\n", status, {**(headers or {}), "cache-control": "no-store"})
    response.raw_headers += PROTECTION
    return response


async def healthz(_: Request) -> Response:
    """Answer 200: the process is alive."""
    return plain("ok")


class Readiness:
    """/readyz: 200, or 503 with what is wrong.

    Anybody may read it, so it says nothing of this machine: why, `aggregator health` and the log tell.
    """

    def __init__(self, status: Status) -> None:
        self._status = status
        self._one_at_a_time = asyncio.Lock()
        self._known: tuple[float, str] | None = None

    async def __call__(self, _: Request) -> Response:
        """Answer from what the daemon said at most a second ago."""
        async with self._one_at_a_time:
            if self._known is None or time.monotonic() - self._known[0] > _FRESH:
                self._known = time.monotonic(), await self._trouble()
        trouble = self._known[1]
        return plain(f"not ready: {trouble}", 503) if trouble else plain("ready")

    async def _trouble(self) -> str:
        """Return in one line what is wrong, "" when nothing is."""
        try:
            status = await self._status()
        except Unavailable as error:
            return str(error)
        if not status.get("writable"):
            waiting = f"; {status['waiting']} answers wait to be stored" if status.get("waiting") else ""
            return f"{status.get('trouble') or StoreError.in_short}{waiting}"
        if not status.get("polling"):
            return "polling is late"
        return "" if status.get("answered", True) else "no source has answered for two hours"


async def ask_daemon(
    lock: Path, command: Mapping[str, Any] | None = None, *, patience: float = _PATIENCE
) -> Mapping[str, Any]:
    """Ask the daemon that holds the lock file for its status, or to do something, over its control socket.

    Return the fields of its answer, which has so many seconds. Raise Unavailable, in words that everybody may read.
    """
    control = read_holder(lock).get("control")
    if not isinstance(control, str):
        raise Unavailable("No daemon runs on this database.", "Start it: aggregator run")
    try:
        async with asyncio.timeout(patience):
            return await _call(control, command or {"command": "status"})
    except (OSError, TypeError, ValueError) as error:  # TimeoutError is an OSError
        raise Unavailable("The daemon does not answer.", "Its log says why.") from error


async def _call(control: str, command: Mapping[str, Any]) -> Mapping[str, Any]:
    """Send a command and gather the fields of all lines, up to the one that says `done`."""
    reader, writer = await asyncio.open_unix_connection(control)
    try:
        writer.write(json.dumps(command).encode() + b"\n")
        fields: dict[str, Any] = {}
        while not fields.get("done"):
            line = await reader.readline()
            if not line:
                raise Unavailable("The daemon broke off.", "Its log says why.")
            fields |= json.loads(line)
    finally:
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()
    if fields.get("error"):
        raise Unavailable("The daemon cannot say how it is.", "Its log says why.")
    return fields
