"""What a backend keeps of remote lists of sources.

A part of protocols.py, whose rules hold here too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from aggregator.decide.lists import ListState


class Lists(Protocol):
    """Remote lists of sources: what they said when they were read last, and when they are read again."""

    def sync(self, lists: Mapping[str, bool], now: datetime) -> None:
        """Make the stored lists those of the configuration: whether each is private, by address, in its order.

        New ones are due at once. Removed ones are kept; when they return they are as they were, and due at once where
        they were not to be read again by themselves.
        """

    def get(self, address: str) -> ListState | None:
        """Return a list by its configured address, removed ones too."""

    def all(self) -> list[ListState]:
        """Return the lists of the configuration, in its order."""

    def record(self, state: ListState) -> None:
        """Keep what a reading taught of a known list; its place in the configuration, and `private`, stay."""
