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
        self.failure: StoreError | None = None
        """What was wrong when it was tried last."""

    @property
    def error(self) -> str | None:
        """What was wrong, in words."""
        return None if self.failure is None else self.failure.message

    async def do(
        self, work: Callable[[], Any], then: Callable[[Any], None] = lambda _: None, *, writes: bool = True
    ) -> None:
        """Run something with the store, then something else with what it returned.

        `writes`: that it succeeds says that the store is well; a full disk can be read.
        """
        try:
            found = await self._in_writer(work)
        except StoreError as error:
            self.failed(error)
            return
        if writes:
            self.failure = None
        then(found)

    def failed(self, error: StoreError) -> None:
        """Tell what is wrong."""
        if self.error != error.message:
            _log.error("store.failed", error=error.message, remedy=error.remedy)
        self.failure = error
