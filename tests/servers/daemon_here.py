"""A daemon in this process, beside servers on loopback: faster than one of its own, and its parts can be looked at."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING, Any

from structlog.testing import capture_logs

from aggregator.publish.press import Press
from aggregator.publish.renditions import Renditions
from aggregator.run.clock import utc_now
from aggregator.run.control import call
from aggregator.run.daemon import Daemon, Parts
from aggregator.run.engine import take_over
from aggregator.store.sqlite.store import SqliteStore

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from aggregator.config.settings import Settings


class House:
    """A daemon in this process, on a world's servers and database; every source is polled every second."""

    def __init__(self, world: Any, settings: Settings) -> None:
        self.world, self.settings = world, settings
        self.database: Path = world.store.path
        self.folder = self.database.parent
        self.daemon: Daemon

    def run(self, scenario: Callable[[], Awaitable[None]], **parts: Any) -> list[Any]:
        """Run a daemon beside a scenario, then stop it; return what it logged."""
        with capture_logs() as logged:
            store = parts.setdefault("store", self.world.store)
            settings = take_over(store, self.settings, utc_now())
            self.world.runner.run(asyncio.wait_for(self._play(settings, scenario, parts), 60))
        return logged

    async def _play(self, settings: Settings, scenario: Callable[[], Awaitable[None]], parts: dict[str, Any]) -> None:
        self.told: dict[str, Any] = {}
        press = Press(
            settings,
            Renditions(self.folder / "renditions"),
            lambda: SqliteStore(self.database, readonly=True),
            clock=utc_now,
        )
        told = {"press": press, "reload": lambda: None, "folder": self.folder, "describe": self.told.update}
        self.daemon = Daemon(settings, Parts(**{**told, **parts}))
        running = asyncio.create_task(self.daemon.run())
        try:
            while "control" not in self.told and not running.done():
                await asyncio.sleep(0.01)
            await scenario()
        finally:
            self.daemon.stop()
            await running

    async def goes_on(self) -> None:
        """Let the healthy feeds have news, and wait until all of it is stored and published."""
        self.world.publisher.edition += 1
        wanted = self.world.publisher.edition * len(self.world.healthy)
        await until(lambda: self.stored("healthy%") >= wanted)
        last = f"-{self.world.publisher.edition - 1}<".encode()
        await until(lambda: self.published.count(last) >= len(self.world.healthy))

    async def settles(self) -> None:
        """Do as `goes_on` does, and wait until the story of every entry is decided, too."""
        await self.goes_on()
        await until(lambda: self._count("grouped <> 1") == 0)

    def stored(self, titles: str) -> int:
        """Count entries by their titles, from outside."""
        return self._count("title LIKE ?", titles)

    def _count(self, which: str, *values: str) -> int:
        with contextlib.closing(sqlite3.connect(f"file:{self.database}?mode=ro", uri=True)) as reader:
            return int(reader.execute(f"SELECT count(*) FROM entry WHERE {which}", values).fetchone()[0])  # noqa: S608

    @property
    def published(self) -> bytes:
        """The document that subscribers read."""
        path = self.folder / "renditions/all.atom"
        return path.read_bytes() if path.exists() else b""

    async def command(self, name: str) -> dict[str, Any]:
        """Send a command over the daemon's socket; return the first answer."""
        return (await asyncio.to_thread(lambda: list(call(Path(self.told["control"]), {"command": name}))))[0]

    async def in_writer(self, work: Callable[[], Any]) -> Any:
        """Run something in the thread that uses the store."""
        return await self.daemon._pipeline.in_writer(work)


async def until(what: Callable[[], Any]) -> None:
    """Wait until something is true."""
    async with asyncio.timeout(30):
        while not what():
            await asyncio.sleep(0.02)
