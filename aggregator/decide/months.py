"""Archives by month: when a month begins and ends, and how much of the running one its archive holds."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence


def month_of(moment: datetime) -> str:
    """Return the month (UTC) of a moment, such as `2026-01`."""
    return f"{moment.astimezone(UTC):%Y-%m}"


def bounds(month: str) -> tuple[datetime, datetime]:
    """Return the first moment of a month (`2026-01`, UTC) and that of the next."""
    begins = datetime.strptime(month, "%Y-%m").replace(tzinfo=UTC)
    year, following = divmod(begins.year * 12 + begins.month, 12)
    return begins, begins.replace(year=year, month=following + 1)


def held_by_archive(released: Sequence[int], shown: Collection[int], step: int) -> int:
    """Return how many of a month's releases, given in their order, its archive holds while the month runs.

    At least all up to the newest that the subscription document does not show, so that together they show every one;
    the first, so that there is an archive to link to; and whole steps, where there are so many releases: then it
    changes once in `step` releases rather than with each.
    """
    unseen = next((place for place in range(len(released), 0, -1) if released[place - 1] not in shown), 0)
    if not unseen:
        return min(1, len(released))
    return min(-(-unseen // step) * step, len(released))
