"""Tells other people's hubs that documents have changed: they fetch them, and tell subscribers."""

from __future__ import annotations

import time
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import urlencode

import structlog

from aggregator.decide.sites import host_of
from aggregator.errors import FetchError
from aggregator.fetch.client import Message
from aggregator.run.tasks import Tasks

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from aggregator.fetch.client import Client

_log = structlog.get_logger(__name__)
_PAUSE = 60.0
"""Seconds between two pings of a hub about one document."""
_AGAIN = (60.0, 300.0, 1500.0)
"""Seconds until a ping that failed is tried again; after that the next change counts."""
_AT_ONCE, _PER_HUB = 8, 1
_FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@dataclass(slots=True)
class _Ping:
    due: float
    tries: int = 0


class Pings:
    """What hubs are to be told; nothing of it is kept: a hub that missed a change hears of the next."""

    def __init__(self, client: Callable[[], Client], *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._client, self._monotonic = client, monotonic
        self._tasks = Tasks(_AT_ONCE, _PER_HUB)
        self._waiting: dict[tuple[str, str], _Ping] = {}
        self._last: dict[tuple[str, str], float] = {}

    def note(self, hubs: Collection[str], topics: Collection[str]) -> None:
        """Note that documents have changed; each of these hubs is told of each, once a minute at most."""
        now = self._monotonic()
        for pair in ((hub, topic) for hub in hubs for topic in topics):
            self._waiting[pair] = _Ping(max(now, self._last.get(pair, now - _PAUSE) + _PAUSE))

    def send(self) -> None:
        """Begin to send what is due."""
        now = self._monotonic()
        for pair, ping in list(self._waiting.items()):
            if ping.due <= now and self._tasks.begin(pair, pair[0], partial(self._send, pair, ping)):
                del self._waiting[pair]
                self._last[pair] = now

    async def _send(self, pair: tuple[str, str], ping: _Ping) -> None:
        hub, topic = pair
        body = urlencode({"hub.mode": "publish", "hub.url": topic}).encode()
        try:
            status = (await self._client().tell(Message(hub, body, _FORM))).status
        except FetchError as error:
            self._failed(pair, ping, error.message)
        else:
            if status // 100 != 2:  # noqa: PLR2004 - of HTTP
                self._failed(pair, ping, f"status {status}")

    def _failed(self, pair: tuple[str, str], ping: _Ping, why: str) -> None:
        _log.warning("hub.ping_failed", hub=host_of(pair[0]), topic=pair[1], why=why, tries=ping.tries + 1)
        if ping.tries < len(_AGAIN):
            self._waiting.setdefault(pair, _Ping(self._monotonic() + _AGAIN[ping.tries], ping.tries + 1))

    async def end(self) -> None:
        """Break off what is being sent."""
        await self._tasks.end()
