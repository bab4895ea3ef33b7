"""Which outputs are to be rendered, and rendering them; what keeps them from being written is told once."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import structlog

from aggregator.errors import AggregatorError

if TYPE_CHECKING:
    from collections.abc import Collection

    from aggregator.publish.press import Press

_log = structlog.get_logger(__name__)
SOURCES = ""
"""Marks that what is told of sources is to be published, beside the outputs that are marked."""


class Publishing:
    """Outputs that have changed since they were rendered last."""

    def __init__(self, press: Press) -> None:
        self._press = press
        self._dirty: set[str] = set()
        self._one_at_a_time = asyncio.Lock()
        self.failure: AggregatorError | None = None
        """What keeps documents from being written."""

    @property
    def error(self) -> str | None:
        """What keeps documents from being written, in words."""
        return None if self.failure is None else self.failure.message

    def mark(self, outputs: Collection[str]) -> None:
        """Note that these are to be rendered."""
        self._dirty |= set(outputs)

    async def publish(self) -> None:
        """Publish what has changed; whoever comes while that happens waits for it. What fails stays to be published."""
        async with self._one_at_a_time:
            names, self._dirty = self._dirty, set()
            if not names:
                return
            try:
                publish, about_sources = self._press.publish, SOURCES in names
                await asyncio.to_thread(publish, frozenset(names), about_sources=about_sources)
            except BaseException:
                self.mark(names)
                raise

    async def try_publish(self) -> None:
        """Publish what has changed; what keeps it from being written is told once, and tried again."""
        try:
            await self.publish()
        except AggregatorError as error:
            if self.error != error.message:
                _log.error("publish.failed", error=error.message, remedy=error.remedy)
            self.failure = error
        else:
            self.failure = None

    async def publish_sources(self) -> None:
        """Tell of sources what nothing but time may have changed."""
        self.mark({SOURCES})
        await self.try_publish()
