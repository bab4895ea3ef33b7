"""What a backend keeps of outputs: what became visible in which, and how often each has changed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence
    from datetime import datetime, timedelta

    from aggregator.model import Entry


@dataclass(frozen=True, slots=True)
class Released:
    """An entry's place in an output."""

    seq: int
    entry: Entry
    released_at: datetime


class Releases(Protocol):
    """What became visible in which output, when: append-only."""

    def open_output(self, name: str, now: datetime) -> None:
        """Make sure that an output is known."""

    def opened(self, name: str) -> datetime | None:
        """Return when an output was first known; None when it is not."""

    def append(self, output: str, keys: Sequence[int], at: datetime) -> None:
        """Release entries in a known output, in this order; those that it has already are left as they are."""

    def outputs_of(self, keys: Collection[int]) -> dict[int, set[str]]:
        """Return the outputs that entries are released in."""

    def released_since(self, output: str, feed: str, since: datetime) -> int:
        """Count what an output released of a feed since then."""

    def note_choices(self, choices: Mapping[str, str], *, before: Mapping[str, str] | None = None) -> set[str]:
        """Remember what known outputs choose by; return those for which it differs from what was remembered.

        `before`: what an earlier version remembered of the same choices, which is replaced and no difference.
        Outputs that are not among them are gone: when one comes back, it has missed what was released meanwhile.
        """

    def missing(self, output: str, *, tells_stories: bool = False) -> list[tuple[int, datetime]]:
        """Return entries that are known to outputs but not released in this one, with their first release.

        The oldest first. One that tells stories is missing those that it does not know as parts of stories: released
        there or not, they become coverage of what is.
        """

    def select(self, output: str, *, limit: int, window: timedelta, ceiling: int) -> list[Released]:
        """Return the newest releases of an output: `limit`, and all within `window` of the newest up to `ceiling`.

        Newest is by the time of release, then by place: what fills an output later does not push out what came last.
        Where the ceiling has no room for all within the window, feeds share it: one that floods pushes out its own.
        Entries come without their sightings.
        """

    def of_output(self, output: str, *, since: datetime | None = None) -> Iterator[Entry]:
        """Return every entry released in an output and first seen since then, newest release first."""

    def count(self, output: str) -> int:
        """Count an output's releases."""


class Editions(Protocol):
    """How often each output has changed: whoever renders it elsewhere learns from this that it is time to."""

    def note(self, outputs: Collection[str]) -> None:
        """Note that these known outputs have changed, in the transaction that changes them."""

    def all(self) -> dict[str, int]:
        """Return the number of changes of each known output."""
