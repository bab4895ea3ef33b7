"""What a poll holds on its way through the stages."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from aggregator.fetch.hosts import Place
    from aggregator.parse.waiting import Desk


@dataclass(frozen=True, slots=True)
class Standing:
    """Its place at a host while it asks, its desk once it reads; never both while it waits."""

    place: Place
    desk: Desk

    async def has_asked(self) -> None:
        """Go from the host to a desk."""
        await self.place.leave()
        await self.desk.take()

    async def asks_again(self) -> None:
        """Leave both: a host is waited for."""
        self.desk.leave()
        await self.place.leave()
