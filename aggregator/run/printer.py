"""Renders and serves what other processes poll: any number of these may run beside a database on a server."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import structlog

from aggregator.errors import AggregatorError
from aggregator.fetch.client import Client
from aggregator.lists import effective
from aggregator.run import readers
from aggregator.run.clock import utc_now
from aggregator.run.control import ControlServer
from aggregator.run.engine import network_of
from aggregator.run.following import in_short
from aggregator.run.pings import Pings
from aggregator.run.publishing import SOURCES, Publishing
from aggregator.run.schedule import Schedule
from aggregator.run.service import Service
from aggregator.run.storing import Storing
from aggregator.run.watching import Watch

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable
    from pathlib import Path

    from aggregator.config.settings import Settings
    from aggregator.publish.press import Press
    from aggregator.publish.renditions import Renditions
    from aggregator.run.web import WebProcess
    from aggregator.store.protocols import Store

_log = structlog.get_logger(__name__)
LOOK = 0.5
"""Seconds between two looks at which outputs have changed."""
RELOAD = 2.0
TELL = 1.0
"""Seconds between two looks at which documents are new, for hubs."""
SOURCES_TOO = 60.0
"""Seconds between two looks at what is told of sources, and at what remote lists name."""


@dataclass(frozen=True, slots=True)
class Parts:
    """What a printer is made of; the command builds it."""

    store: Store
    """Open for reading."""
    open_to_write: Callable[[], Store]
    """Open the database for the little that is written here."""
    press: Press
    reload: Callable[[], Settings | None]
    """Return the settings when the file has changed; ConfigError when it is wrong."""
    folder: Path
    """Where the control socket and the lock are."""
    describe: Callable[[dict[str, Any]], None]
    """Write in the lock file where the control socket is."""
    web: WebProcess
    renditions: Renditions | None = None
    """Where the documents are that other people's hubs are told of; None: nobody is told."""
    service: Service = field(default_factory=lambda: Service(None))


class Printer:
    """Publishes what has changed, until it is stopped."""

    def __init__(self, settings: Settings, parts: Parts) -> None:
        self._settings, self._parts = settings, parts
        self._publishing = Publishing(parts.press)
        self._storing = Storing(asyncio.to_thread)
        self._one_at_a_time = asyncio.Lock()
        self._known: dict[str, int] = {}
        self._refused: str | None = None
        self._watch = None if parts.renditions is None else Watch(parts.renditions)
        self._stop = asyncio.Event()

    async def run(self) -> None:
        """Run until SIGTERM, SIGINT or stop()."""
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, self.stop)
        async with (
            ControlServer(
                self._parts.folder, {"status": self._answer_status, "readers": self._answer_readers}
            ) as control,
            Client(network_of(self._settings), clock=utc_now) as client,
        ):
            self._pings = Pings(lambda: client)
            self._parts.describe({"control": str(control.path.absolute()), "polls": False})
            await self._adopt()
            await self._tell_hubs()  # what is published from now on is news to them
            async with self._parts.web:
                schedule = Schedule()
                schedule.every(LOOK, self._look)
                schedule.every(RELOAD, self._reload)
                schedule.every(SOURCES_TOO, self._adopt)
                schedule.every(TELL, self._tell_hubs)
                self._parts.service.beat_on(schedule, self._parts.web.trouble)
                schedule.start()
                _log.info("printer.started", outputs=len(self._settings.published))
                await self._stop.wait()
                self._parts.service.stopping()
                await schedule.end()
                await self._pings.end()
        _log.info("printer.stopped")

    def stop(self) -> None:
        """Ask the printer to stop."""
        self._stop.set()

    async def _look(self) -> None:
        """Publish the outputs that others have changed."""
        async with self._one_at_a_time:
            await self._storing.do(self._editions, self._compare)
        await self._publishing.try_publish()

    def _editions(self) -> dict[str, int]:
        with self._parts.store.snapshot() as tx:
            return tx.editions.all()

    def _compare(self, editions: dict[str, int]) -> None:
        self._publishing.mark({name for name, number in editions.items() if self._known.get(name) != number})
        self._known = editions

    async def _reload(self) -> None:
        try:
            settings = await asyncio.to_thread(self._parts.reload)
        except AggregatorError as error:
            for line in str(error).splitlines():
                _log.error("config.refused", problem=line)
            self._refused = in_short(error)
            return
        if settings is not None:
            self._refused = None
            self._settings = settings
            await self._adopt()
            _log.info("config.reloaded", outputs=len(settings.published))

    async def _adopt(self) -> None:
        """Publish by the settings that hold now, and with the sources that remote lists name now."""
        async with self._one_at_a_time:
            await self._storing.do(self._effective, self._go_on_with)
        await self._publishing.try_publish()

    async def _tell_hubs(self) -> None:
        """Tell other people's hubs what has changed; where several servers publish, each does."""
        if self._watch is not None:
            settings = self._parts.press.settings
            self._watch.note(await self._watch.news(settings), self._pings, settings)
            self._pings.send()

    def _effective(self) -> Settings:
        with self._parts.store.snapshot() as tx:
            return effective(tx, self._settings)

    def _go_on_with(self, settings: Settings) -> None:
        before, self._parts.press.settings = self._parts.press.settings, settings
        same = all(getattr(settings, name) == getattr(before, name) for name in ("published", "site", "websub"))
        self._publishing.mark({SOURCES} if same else {SOURCES, *settings.published})

    async def _answer_readers(self, request: dict[str, Any]) -> AsyncGenerator[dict[str, Any], None]:
        yield {"noted": await asyncio.to_thread(self._keep_readers, request.get("seen"))}

    def _keep_readers(self, seen: object) -> int:
        """Keep what services say of their subscribers; of what several servers are told, the last word counts."""
        with contextlib.closing(self._parts.open_to_write()) as store:
            return readers.keep(store, seen, self._settings.published, utc_now())

    async def _answer_status(self, _: dict[str, Any]) -> AsyncGenerator[dict[str, Any], None]:
        reason = self._storing.error or self._publishing.error
        yield {
            "writable": reason is None,
            "polling": True,  # by others: how they are, the metrics tell
            "answered": True,
            "network_down": False,
            "last_tick_age": 0.0,
            "reason": reason,
            "config_refused": self._refused,
        }
