"""Notes what services say of their subscribers when they ask for documents; hands it to the daemon, which writes."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import astuple
from typing import TYPE_CHECKING

from aggregator.decide.readership import readership_of
from aggregator.errors import Unavailable

if TYPE_CHECKING:
    from collections.abc import Iterable

    from aggregator.decide.readership import Readership
    from aggregator.serve.hub import Tell

PAUSE = 60.0
"""Seconds between two looks for what may be handed on."""
MOST = 200
"""What is noted between two looks; further services wait for the next."""
_USER_AGENT = b"user-agent"


def speaks_of_subscribers(headers: Iterable[tuple[bytes, bytes]]) -> str | None:
    """Return a request's User-Agent where it may tell of subscribers; None costs no more than a look at each header."""
    for name, value in headers:
        if name == _USER_AGENT:
            return value.decode("latin-1") if b"scriber" in value or b"eader" in value else None
    return None


class Readerships:
    """What was said since it was handed on last; for the one thread of an event loop."""

    def __init__(self, tell: Tell, pause: float = PAUSE) -> None:
        self._tell, self._pause = tell, pause
        self._seen: dict[tuple[str, str, str, str], Readership] = {}

    def note(self, output: str, ending: str, user_agent: str) -> None:
        """Note what a request for a document says."""
        said = readership_of(user_agent, output, ending)
        if said is not None and (said.key in self._seen or len(self._seen) < MOST):
            self._seen[said.key] = said

    async def hand_on(self) -> None:
        """Tell the daemon; when there is none, or it cannot be reached, keep it for the next time."""
        seen = list(self._seen.values())
        if not seen:
            return
        with contextlib.suppress(Unavailable):
            await self._tell({"command": "readers", "seen": [astuple(one) for one in seen]})
            for one in seen:
                if self._seen.get(one.key) == one:
                    del self._seen[one.key]

    async def keep_handing_on(self) -> None:
        """Hand on what was noted, from time to time, for ever."""
        while True:
            await asyncio.sleep(self._pause)
            await self.hand_on()
