"""Archives by month: when a month begins, in which parts it is written, and how much of the running one is held."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

PART = 2000
"""Releases in one archive document at most: one that is read, kept and sent as a whole has to stay small."""
PART_NAME = r"\d{4}-\d\d(?:-[2-9]|-[1-9]\d{1,3})?"
"""A part's name, as a regular expression: `2026-01`; `2026-01-2` and so on for a month of more releases."""


def month_of(moment: datetime) -> str:
    """Return the month (UTC) of a moment, such as `2026-01`."""
    return f"{moment.astimezone(UTC):%Y-%m}"


def bounds(month: str) -> tuple[datetime, datetime]:
    """Return the first moment of a month (`2026-01`, UTC) and that of the next."""
    begins = datetime.strptime(month, "%Y-%m").replace(tzinfo=UTC)
    year, following = divmod(begins.year * 12 + begins.month, 12)
    return begins, begins.replace(year=year, month=following + 1)


@dataclass(slots=True)
class Part:
    """So many of a month's releases, in the order in which they were made."""

    month: str
    """`2026-01`."""
    number: int
    """1 for the month's first part."""
    first: int
    """Number of its first release."""
    last: datetime
    """The newest date of a release in it."""
    count: int = 0
    """Releases in it, withdrawn or not."""

    @property
    def name(self) -> str:
        """What its document is called: `2026-01`, then `2026-01-2`."""
        return self.month if self.number == 1 else f"{self.month}-{self.number}"


class Parts:
    """All parts that an output's releases make. A release is never taken back, so each is counted once."""

    def __init__(self, size: int = PART) -> None:
        self.seen = 0
        """Number of the newest release that was counted."""
        self._size = size
        self._months: dict[str, list[Part]] = {}

    def add(self, releases: Iterable[tuple[int, datetime]]) -> None:
        """Count releases, given by number and date in the order of their numbers, all greater than `seen`.

        One that is dated in an earlier month, as after a changed choice, comes to that month's last part.
        """
        month, begins, ends = "", datetime.max.replace(tzinfo=UTC), datetime.min.replace(tzinfo=UTC)
        for number, released_at in releases:
            if not begins <= released_at < ends:
                month = month_of(released_at)
                begins, ends = bounds(month)
            part = self._open(month, number, released_at)
            part.count += 1
            part.last = max(part.last, released_at)
            self.seen = number

    def _open(self, month: str, number: int, released_at: datetime) -> Part:
        parts = self._months.setdefault(month, [])
        if not parts or parts[-1].count >= self._size:
            parts.append(Part(month, len(parts) + 1, number, released_at))
        return parts[-1]

    def all(self) -> list[Part]:
        """Return the parts, the oldest first."""
        return [part for _, parts in sorted(self._months.items()) for part in parts]

    def of(self, number: int, released_at: datetime) -> Part:
        """Return the part that a release which was counted is in."""
        parts = self._months[month_of(released_at)]
        return parts[bisect_right(parts, number, key=lambda part: part.first) - 1]


def held_by_archive(released: Sequence[int], shown: Collection[int], limit: int) -> int:
    """Return how many of a part's releases, given in their order, its archive holds while it grows.

    At least all up to the newest that the subscription document does not show, so that together they show every one;
    and the first, so that there is an archive to link to. Whole steps, so that it changes once in so many releases
    rather than with each: the greatest power of two up to `limit` that there are releases for. As multiples of one
    power are multiples of the lesser ones, it never shrinks.
    """
    unseen = next((place for place in range(len(released), 0, -1) if released[place - 1] not in shown), 0)
    if not unseen:
        return min(1, len(released))
    step = 1 << limit.bit_length() - 1
    while (held := -(-unseen // step) * step) > len(released):
        step //= 2
    return held
