"""Whether something was missed between two documents of a feed, and how much.

A document none of whose items were known says that the feed turned over completely since the one before. It says so
of chronological windows only: a feed that renames its items, republishes old ones or lists one batch after the
other has no overlap either, and misses nothing. How much is missing follows from the time that lies between the two
documents and from how often the feed publishes; where it numbers its items, from the numbers.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from itertools import pairwise
from statistics import mean
from typing import TYPE_CHECKING

from aggregator.decide.canonical import fold_title
from aggregator.decide.rhythm import rate
from aggregator.losses import Gap

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from aggregator.decide.changes import Known, Verdict
    from aggregator.model import FeedState, Item, Rhythm

ENOUGH = 2
"""Items without which a document is no window: a feed that lists its latest item alone turns over each time."""
MOST = 1000
"""No estimate is higher: beyond, it is only a number."""
HABIT = 3
"""After so many documents in a row without overlap or repair a feed is taken to be like that."""
SHORTENED = timedelta(days=30)
"""How long a feed is asked more often after a gap."""
_BATCH = 24
"""How many times longer than both documents the time between them is, where items come in batches."""
_MIDNIGHT = time()
_NUMBER = re.compile(r"(.*?)(\d{1,12})(\D{0,16})", re.DOTALL)
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Mark:
    """An entry of a feed's last document, as far as it is compared with the items of the next."""

    name: str
    """Guid, else link."""
    title: str
    published: datetime | None
    """None when the publisher gave no date."""


@dataclass(frozen=True, slots=True)
class Watch:
    """How a feed was watched until a document came."""

    before: datetime
    """The last good poll."""
    now: datetime
    rhythm: Rhythm


@dataclass(frozen=True, slots=True)
class Estimate:
    """How many entries were missed: 0 <= least <= likely <= most <= 1,000."""

    least: int
    likely: int
    most: int

    @classmethod
    def of(cls, counts: Sequence[float]) -> Estimate | None:
        """Return the range of several estimates, each uncertain by its square root (Poisson); None for none."""
        low, high = (min(max(count, 0.0), MOST) for count in (min(counts), max(counts)))
        if high < 0.5:  # noqa: PLR2004 - rounds to none
            return None
        least, most = math.floor(max(low - math.sqrt(low), 0)), min(math.ceil(high + math.sqrt(high)), MOST)
        likely = round(mean(min(max(count, 0.0), MOST) for count in counts))
        return cls(least, min(max(likely, least), most), most)


@dataclass(frozen=True, slots=True)
class Miss:
    """What was missed."""

    estimate: Estimate
    since: datetime | None = None
    until: datetime | None = None
    """Newest date of the document before, and oldest of this one."""
    window: timedelta | None = None
    """In how much time the feed turns its document over, at most."""


def is_disjoint(verdict: Verdict, known: Known) -> bool:
    """Tell whether nothing of a document was listed by its feed before, under this name or another."""
    return (
        not verdict.unread
        and len(verdict.sights) >= ENOUGH
        and not any(
            sight.candidate.key in known.sighted
            or ((entry := known.entries.get(sight.entry)) is not None and entry.here)
            for sight in verdict.sights
        )
    )


def missed(former: Sequence[Mark], items: Sequence[Item], watch: Watch) -> Miss | None:
    """Return what was missed between the last document and one that lists nothing of it; None when nothing was."""
    if min(len(former), len(items)) < ENOUGH or _are_renamed(former, items):
        return None
    elapsed = max(watch.now - watch.before, timedelta(0))
    past = sorted(mark.published for mark in former if mark.published is not None)
    dates = sorted(date for item in items if (date := item.published or item.updated) and date <= watch.now)
    if not past or not dates:
        return _miss(_by_number(former, items) or _undated(len(items), elapsed, watch), window=elapsed)
    later = [date for date in dates if is_later(date, past[-1])]
    if len(later) * 2 < len(dates) or _are_batches(past, later, watch):
        return None
    hole, span = later[0] - past[-1], later[-1] - later[0]
    estimate = _by_number(former, items)
    if estimate is None:
        estimate = _dated(past, later, watch) if hole > timedelta(0) else _undated(len(items), elapsed, watch)
    window = min(span, elapsed) if span else elapsed
    return _miss(estimate, since=past[-1], until=later[0], window=window)


def _miss(
    estimate: Estimate | None,
    *,
    window: timedelta,
    since: datetime | None = None,
    until: datetime | None = None,
) -> Miss | None:
    return Miss(estimate, since, until, window) if estimate is not None and estimate.most else None


def _are_renamed(former: Sequence[Mark], items: Sequence[Item]) -> bool:
    """Tell whether half of a document's items have title and date of one in the last: new names, not news."""
    before = {(fold_title(mark.title), _second(mark.published)) for mark in former}
    again = sum(
        (fold_title(item.title), _second(item.published or item.updated)) in before for item in items if item.title
    )
    return again * 2 >= len(items)


def _second(moment: datetime | None) -> datetime | None:
    return moment.replace(microsecond=0) if moment is not None else None


def is_later(date: datetime, since: datetime) -> bool:
    """Tell whether a date is not before another; one without a time of day may be anywhere in its day."""
    return date >= since or (date.time() == _MIDNIGHT and date.date() == since.date())


def _are_batches(past: Sequence[datetime], later: Sequence[datetime], watch: Watch) -> bool:
    """Tell whether each document is one batch, of (nearly) one moment, and none in between was slept over."""
    hole = later[0] - past[-1]
    span = max(past[-1] - past[0], later[-1] - later[0])
    return hole > timedelta(0) and span * _BATCH <= hole and later[0] - watch.before < hole / 2


def _dated(past: Sequence[datetime], later: Sequence[datetime], watch: Watch) -> Estimate | None:
    """Estimate by how long nothing was listed or looked for, and how often the feed publishes: ever, and lately."""
    watched = past[-1] < watch.before < later[0]  # what came until then would have been listed then
    hole = (later[0] - (watch.before if watched else past[-1])) / _DAY
    own = 0 if watched else 1  # the hole begins with an entry that was listed
    span = (later[-1] - later[0]) / _DAY
    counts = [rate(watch.rhythm, min(watch.before, later[0])) * hole - own]
    if around := span + (past[-1] - past[0]) / _DAY:
        counts.append((len(past) + len(later) - 2) / around * hole - own)
    if span and watched:  # it may have been silent, and then published faster than ever
        counts.append(min((len(later) - 1) / span * hole, len(later)))
    return Estimate.of(counts)


def _undated(items: int, elapsed: timedelta, watch: Watch) -> Estimate:
    """Estimate where dates tell nothing: what the feed publishes in the time, less what is listed; or as much again."""
    count = min(max(rate(watch.rhythm, watch.before) * (elapsed / _DAY) - items, 0.0), MOST - items)
    least = math.floor(max(count - math.sqrt(count), 0.0))
    most = min(max(math.ceil(count + math.sqrt(count)), items), MOST)
    return Estimate(least, round(count), most)


def _by_number(former: Sequence[Mark], items: Sequence[Item]) -> Estimate | None:
    """Count by the numbers in the items' names, where both documents number theirs without a hole."""
    before = _numbers(mark.name for mark in former)
    after = _numbers(item.guid or item.link or "" for item in items)
    if not before or not after or before.keys() != after.keys():
        return None
    ((first, last),) = ((max(before[name]), min(after[name])) for name in before)
    count = min(last - first - 1, MOST)
    return Estimate(count, count, count) if count >= 0 else None


def _numbers(names: Iterable[str]) -> Mapping[tuple[str, str], list[int]] | None:
    """Return the numbers in names that are otherwise the same, by the rest; None unless they run without a hole."""
    found = [_NUMBER.fullmatch(name) for name in names]
    matches = [match for match in found if match is not None]
    rests = {(match[1], match[3]) for match in matches}
    numbers = sorted({int(match[2]) for match in matches})
    dense = all(second - first == 1 for first, second in pairwise(numbers))
    whole = len(matches) == len(found) == len(numbers)
    return {rests.pop(): numbers} if whole and dense and len(rests) == 1 else None


def opened(feed: FeedState, miss: Miss, now: datetime) -> Gap:
    """Return the gap that a document shows; one whose repair is under way grows by it.

    A feed whose documents never overlap, and are not repaired, is told of no more: see is_habit.
    """
    earlier, before = feed.gap, feed.last_success or now
    times = 1 if earlier is None or earlier.repaired else earlier.times + 1
    if earlier is not None and times > HABIT:
        return replace(earlier, times=times, window=miss.window, page=None, routes=())
    found = Gap(
        at=now,
        before=before,
        least=miss.estimate.least,
        likely=miss.estimate.likely,
        most=miss.estimate.most,
        since=miss.since,
        until=miss.until,
        window=miss.window,
        times=times,
    )
    return found if earlier is None or earlier.page is None else _joined(earlier, found)


def _joined(earlier: Gap, found: Gap) -> Gap:
    """Return a gap that begins where an earlier one does, which was not repaired yet."""
    return replace(
        found,
        before=earlier.before,
        since=earlier.since,
        least=min(earlier.least + found.least, MOST),
        likely=min(earlier.likely + found.likely, MOST),
        most=min(earlier.most + found.most, MOST),
        recovered=earlier.recovered,
    )


def is_habit(gap: Gap) -> bool:
    """Tell whether a feed's documents never overlap: nothing can be said of what it misses."""
    return gap.times > HABIT


def window_of(gap: Gap | None, now: datetime) -> timedelta | None:
    """Return in how much time a feed turned over lately; None when it did not, or that is long past."""
    return gap.window if gap is not None and now - gap.at < SHORTENED else None
