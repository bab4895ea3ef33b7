"""What archive documents are made of: releases, by the month (UTC) in which they were released."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from aggregator.model import Entry


@dataclass(frozen=True, slots=True)
class Month:
    """What an output released in a month; what was withdrawn is left out of all but the name."""

    name: str
    """`2026-01`."""
    entries: int
    mark: int
    """Another number, as good as always, when these are other entries."""
    last: datetime
    """The newest release, withdrawn or not."""


@dataclass(frozen=True, slots=True)
class Place:
    """An entry's place in a month."""

    key: int
    id: str
    """Its Atom id."""
    released_at: datetime


class Archives(Protocol):
    """Outputs' releases by month; `private`: with entries of private sources."""

    def months(self, output: str, *, private: bool) -> list[Month]:
        """Return the months in which an output released anything, the oldest first.

        One of which nothing is left is among them. Reads a row of each release.
        """

    def places(self, output: str, month: str, *, private: bool) -> list[Place]:
        """Return what an output released in a month and was not withdrawn, in the order of release."""

    def bereft(self, output: str) -> frozenset[int]:
        """Return what an output released of stories that have lost an article: it was withdrawn."""

    def entries(self, keys: Sequence[int]) -> Iterator[Entry]:
        """Return entries in the order of their keys, read in batches."""
