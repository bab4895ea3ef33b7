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
    """A month in which an output released something."""

    name: str
    """`2026-01`."""
    last: datetime
    """The newest release in it, withdrawn or not."""
    gone: frozenset[int]
    """Keys of what was withdrawn of it."""


@dataclass(frozen=True, slots=True)
class Additions:
    """What an output has released after its release of some number."""

    last: int
    """Number of its newest release; as asked where there is none."""
    months: frozenset[str]
    """In which the others were dated."""


@dataclass(frozen=True, slots=True)
class Place:
    """An entry's place in a month."""

    key: int
    id: str
    """Its Atom id."""
    released_at: datetime


class Archives(Protocol):
    """Outputs' releases by month. No method reads all that an output has ever released."""

    def months(self, output: str) -> list[Month]:
        """Return the months in which an output released anything, the oldest first, emptied ones too."""

    def newest(self, output: str) -> int:
        """Return the number of an output's last release; 0 when there is none."""

    def added(self, output: str, after: int) -> Additions:
        """Return what was released after the release of this number (0: all), dated in whatever month."""

    def places(self, output: str, month: str, *, private: bool) -> list[Place]:
        """Return what an output released in a month and was not withdrawn, in the order of release.

        With or without entries of sources that are private.
        """

    def bereft(self, output: str) -> frozenset[int]:
        """Return what an output released of stories that have lost an article: it was withdrawn."""

    def entries(self, keys: Sequence[int]) -> Iterator[Entry]:
        """Return entries in the order of their keys, read in batches."""
