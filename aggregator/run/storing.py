"""Uses the store at intervals; what is wrong with it is told once, and known until it is over."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import structlog

from aggregator.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

_log = structlog.get_logger(__name__)


class Storing:
    """Tries what needs the store, and goes on when it fails."""

    def __init__(self, in_writer: Callable[[Callable[[], Any]], Awaitable[Any]]) -> None:
        """`in_writer` runs something in the one thread that may use the store."""
        self._in_writer = in_writer
        self.error: str | None = None
        """What was wrong when it was tried last."""

    async def do(self, work: Callable[[], Any], then: Callable[[Any], None] = lambda _: None) -> None:
        """Run something with the store, then something else with what it returned."""
        try:
            found = await self._in_writer(work)
        except StoreError as error:
            self.failed(error)
            return
        self.error = None
        then(found)

    def failed(self, error: StoreError) -> None:
        """Tell what is wrong."""
        if self.error != error.message:
            _log.error("store.failed", error=error.message, remedy=error.remedy)
        self.error = error.message
