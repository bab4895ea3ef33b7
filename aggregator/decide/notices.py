"""Gaps and floods in words for the operator, and how long they are told."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from aggregator.decide.gaps import is_habit

if TYPE_CHECKING:
    from datetime import datetime

    from aggregator.losses import Flood, Gap
    from aggregator.model import FeedState

TOLD = timedelta(days=7)
"""How long a gap or a flood is told of."""


def notices(feed: FeedState, now: datetime) -> list[str]:
    """Return what is to be told of a feed's gaps and floods."""
    flood, gap = current_flood(feed, now), current_gap(feed, now)
    return [*([flood_words(flood)] if flood else []), *([gap_words(gap)] if gap else [])]


def current_flood(feed: FeedState, now: datetime) -> Flood | None:
    """Return a feed's flood while it is told."""
    return feed.flood if feed.flood is not None and now - feed.flood.at < TOLD else None


def current_gap(feed: FeedState, now: datetime) -> Gap | None:
    """Return a feed's gap while it is told: some days; of one that has them all the time as long as it does."""
    gap = feed.gap
    if gap is None or not (is_habit(gap) or now - (gap.ended or gap.at) < TOLD):
        return None
    return gap


def is_lasting(gap: Gap) -> bool:
    """Tell whether a gap was not repaired and is searched for no more."""
    return gap.page is None and not gap.repaired


def flood_words(flood: Flood) -> str:
    """Return what happened and what can be done about it."""
    return (
        f"A flood: {_entries(flood.entries)}, old by their dates, came at once on {flood.at:%Y-%m-%d} and were held"
        " back. They are stored (`aggregator entries` shows them, held: flood) and in no output. To publish them all"
        f" the same, set publishing.flood in feeds.yaml to {flood.entries} or more until the source's next poll."
    )


def gap_words(gap: Gap) -> str:
    """Return what was missed, and what became of it."""
    if is_habit(gap):
        return (
            "Its documents list nothing of the one before, time after time: it turns over faster than it is asked, or"
            " names its entries anew each time. What it misses cannot be told; a shorter polling.min_interval may help."
        )
    return f"A gap of {missed_words(gap)} was noticed on {gap.at:%Y-%m-%d at %H:%M} UTC; {_outcome(gap)}."


def missed_words(gap: Gap) -> str:
    """Return an estimate: `about 12 entries (9 to 16)`, `up to 10 entries`."""
    if gap.least == gap.most:
        return _entries(gap.most)
    if not gap.likely:
        return f"up to {_entries(gap.most)}"
    return f"about {_entries(gap.likely)} ({gap.least} to {gap.most})"


def _outcome(gap: Gap) -> str:
    place = "site's sitemap" if gap.by_sitemap else "feed's archive"
    found = f"{gap.recovered} recovered from the {place}"
    if gap.page is not None:
        trouble = f" (asked {gap.tries} times in vain: {gap.outcome})" if gap.tries else ""
        return f"{found} so far{trouble}"
    if gap.repaired:
        return found
    return f"{found}, {gap.outcome}" if gap.recovered else gap.outcome


def _entries(count: int) -> str:
    return "1 entry" if count == 1 else f"{count} entries"


NO_ARCHIVE = (
    "the publisher offers no archive to recover them from, so they are lost; it is asked more often for a month"
)
