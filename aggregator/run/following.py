"""Follows feeds.yaml, and what its remote lists name, while a process runs; a wrong file changes nothing."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import structlog

from aggregator.errors import AggregatorError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from aggregator.config.settings import Settings
    from aggregator.run.engine import Engine

_log = structlog.get_logger(__name__)


def in_short(error: AggregatorError) -> str:
    """Return the first of the mistakes in a file, and how many more there are."""
    first, *others = str(error).splitlines()
    return f"{first} ({len(others)} more: aggregator check)" if others else first


class Following:
    """Keeps an engine to the settings that hold now."""

    def __init__(
        self,
        engine: Engine,
        settings: Settings,
        reload: Callable[[], Settings | None],
        adopted: Callable[[Settings], Awaitable[None]],
    ) -> None:
        """`reload` returns the settings when the file has changed, ConfigError when it is wrong.

        `adopted` is told which settings the engine goes on with.
        """
        self.settings = settings
        self.refused: str | None = None
        """What is wrong with the file, which is not followed while it is."""
        self._engine, self._reload, self._adopted = engine, reload, adopted
        self._one_at_a_time = asyncio.Lock()
        self._changes = 0  # of remote lists, taken over
        self._asked = False

    def ask(self) -> None:
        """Say at the next look that the file has not changed, too: somebody asked."""
        self._asked = True

    async def look(self) -> None:
        """Take over what has changed."""
        async with self._one_at_a_time:  # whoever asks for it meanwhile finds it done
            await self._read()
            if self._engine.lists.changes != self._changes:
                await self._adopt(self.settings)
                _log.info("lists.adopted", feeds=len(self.settings.sources))

    async def _read(self) -> None:
        asked, self._asked = self._asked, False
        try:
            settings = await asyncio.to_thread(self._reload)
        except AggregatorError as error:
            for line in str(error).splitlines():
                _log.error("config.refused", problem=line)
            self.refused = in_short(error)
            return
        if settings is None:
            if asked:
                _log.info("config.unchanged")
            return
        self.refused = None
        await self._adopt(settings)
        _log.info("config.reloaded", feeds=len(self.settings.sources), outputs=len(settings.published))

    async def _adopt(self, settings: Settings) -> None:
        if settings.database != self.settings.database:
            _log.warning("config.needs_restart", setting="database")
        changes = self._engine.lists.changes
        settings = await self._engine.synchronised(settings)
        self._changes = changes
        await self._engine.adopt(settings)
        self.settings = settings
        await self._adopted(settings)
