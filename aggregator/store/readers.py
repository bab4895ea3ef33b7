"""What a backend keeps of our readers, and what it counts for good.

A part of protocols.py, whose rules hold here too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from aggregator.decide.readership import Readership


class Readers(Protocol):
    """Who reads our documents, as services say themselves."""

    def note(self, seen: Collection[Readership], now: datetime, *, most: int) -> None:
        """Keep what was said; of what is not known yet only as much as makes `most` together."""

    def known(self, since: datetime) -> list[Readership]:
        """Return what was said since then, in the order of its keys."""

    def forget(self, before: datetime) -> int:
        """Drop what was said last before then; return how much that was."""


class Tallies(Protocol):
    """Numbers by name that outlive what they are of."""

    def add(self, name: str, count: int, now: datetime) -> None:
        """Count so many more."""

    def put(self, name: str, value: int, now: datetime) -> None:
        """Make it this number."""

    def get(self, name: str) -> int:
        """Return the number; 0 when it was never counted."""
