"""What archive documents are made of: releases, by number and by the month (UTC) of their date."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from aggregator.decide.months import Part
    from aggregator.model import Entry

BATCH = 10_000
"""Releases that are read at a time."""


@dataclass(frozen=True, slots=True)
class Place:
    """An entry's place in a part of a month."""

    key: int
    id: str
    """Its Atom id."""
    released_at: datetime


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """A release of what was withdrawn."""

    key: int
    number: int
    released_at: datetime


class Archives(Protocol):
    """Outputs' releases as archives need them. Nothing holds all that an output has ever released in memory."""

    def released(self, output: str, after: int) -> Iterator[tuple[int, datetime]]:
        """Return number and date of what was released after the release of this number (0: all), in that order."""

    def withdrawn(self, output: str) -> list[Withdrawn]:
        """Return what an output released and was withdrawn."""

    def places(self, output: str, part: Part, *, private: bool) -> list[Place]:
        """Return what an output released in a part of a month and was not withdrawn, in the order of release.

        With or without entries of sources that are private.
        """

    def bereft(self, output: str) -> frozenset[int]:
        """Return what an output released of stories that have lost an article: it was withdrawn."""

    def entries(self, keys: Sequence[int]) -> Iterator[Entry]:
        """Return entries in the order of their keys, read in batches, without sightings."""
