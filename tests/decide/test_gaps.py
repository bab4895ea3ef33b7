from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.decide.candidates import candidates
from aggregator.decide.gaps import (
    HABIT,
    MOST,
    SHORTENED,
    Estimate,
    Mark,
    Miss,
    Watch,
    is_disjoint,
    is_habit,
    missed,
    opened,
    window_of,
)
from aggregator.decide.rhythm import of_history
from aggregator.model import FeedState, Item, Rhythm

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from aggregator.losses import Gap

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
FEED = "https://site.example/feed"


def name(number: int) -> str:
    """Return a name that says nothing of its place."""
    return f"{number * 7919 % 100_003}-{chr(97 + number % 26)}"


def marks(dates: Sequence[datetime | None], start: int = 0) -> list[Mark]:
    """Return what a last document listed."""
    return [Mark(name(start + place), f"Post {start + place}", date) for place, date in enumerate(dates)]


def items(dates: Sequence[datetime | None], start: int = 1000) -> list[Item]:
    """Return what a new document lists."""
    return [
        Item(title=f"Post {start + place}", guid=name(start + place), published=date)
        for place, date in enumerate(dates)
    ]


def every(span: timedelta, numbers: range, since: datetime = NOON) -> list[datetime]:
    """Return dates at equal distances."""
    return [since + span * number for number in numbers]


def miss(
    past: Sequence[datetime | None], dates: Sequence[datetime | None], *, before: datetime, now: datetime
) -> Miss | None:
    """Return what was missed of a feed whose rhythm was learnt from its last document."""
    rhythm = of_history([date for date in past if date is not None], before)
    return missed(marks(past), items(dates), Watch(before, now, rhythm))


@given(
    step=st.timedeltas(min_value=MINUTE, max_value=3 * DAY),
    listed=st.integers(2, 60),
    lost=st.integers(1, 300),
)
def test_a_regular_feed(step: timedelta, listed: int, lost: int) -> None:
    """Of a feed that publishes at equal distances the estimate holds what was missed, and no more than it must."""
    past = every(step, range(listed))
    dates = every(step, range(listed + lost, 2 * listed + lost))
    found = miss(past, dates, before=past[-1] + step / 2, now=dates[-1] + step / 2)
    assert found is not None
    assert found.estimate.least <= lost <= found.estimate.most
    assert (found.since, found.until) == (past[-1], dates[0])
    assert found.window == min(dates[-1] - dates[0], dates[-1] - past[-1])


dates_or_none = st.lists(
    st.none() | st.datetimes(datetime(2024, 1, 1), datetime(2027, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001 - zoned there
    max_size=12,
)


@given(
    past=dates_or_none,
    dates=dates_or_none,
    before=st.datetimes(datetime(2024, 1, 1), datetime(2027, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001 - zoned there
    elapsed=st.timedeltas(timedelta(0), 900 * DAY),
    rhythm=st.builds(Rhythm, st.floats(0, 1e5), st.floats(0, 130), st.just(NOON) | st.none()),
    dense=st.booleans(),
)
def test_never_negative_never_absurd(
    past: list[datetime | None],
    dates: list[datetime | None],
    before: datetime,
    elapsed: timedelta,
    rhythm: Rhythm,
    dense: bool,
) -> None:
    """Whatever a feed says, an estimate is a range within 1 and 1,000, and its moments are in order."""
    old, new = marks(past), items(dates)
    if dense:
        old = [replace(mark, name=str(place)) for place, mark in enumerate(old)]
        new = [replace(item, guid=str(place + 700)) for place, item in enumerate(new)]
    found = missed(old, new, Watch(before, before + elapsed, rhythm))
    if found is None:
        return
    assert 0 <= found.estimate.least <= found.estimate.likely <= found.estimate.most <= MOST
    assert found.estimate.most >= 1
    assert found.window is not None
    assert timedelta(0) <= found.window <= elapsed
    if found.since is not None and found.until is not None:
        assert found.until >= found.since or found.until.date() == found.since.date()


@given(counts=st.lists(st.floats(-1e9, 1e9), min_size=1, max_size=4))
def test_a_range(counts: list[float]) -> None:
    """A range holds all estimates that it is made of, as far as they are possible."""
    found = Estimate.of(counts)
    if found is None:
        assert max(counts) < 0.5
        return
    assert 0 <= found.least <= found.likely <= found.most <= MOST
    assert found.least <= max(min(counts), 0)
    assert found.most >= min(max(counts), MOST)


def test_nothing_between() -> None:
    """A feed that turned over exactly, entry after entry, missed nothing."""
    assert miss(every(HOUR, range(10)), every(HOUR, range(10, 20)), before=NOON + 10 * HOUR, now=NOON + DAY) is None


def test_too_little_to_tell() -> None:
    """A feed that lists its latest entry alone turns over each time."""
    past, dates = every(HOUR, range(5)), every(HOUR, range(40, 45))
    assert miss(past[-1:], dates, before=NOON + DAY, now=NOON + 3 * DAY) is None
    assert miss(past, dates[-1:], before=NOON + DAY, now=NOON + 3 * DAY) is None


def test_old_entries_are_no_gap() -> None:
    """A republished archive, or one half of old entries, is a flood or a mess, not a window that moved on."""
    past, old = every(HOUR, range(10)), every(HOUR, range(-50, -40))
    assert miss(past, old, before=NOON + 10 * HOUR, now=NOON + DAY) is None
    mixed = [*old[:6], *every(HOUR, range(20, 25))]
    assert miss(past, mixed, before=NOON + 10 * HOUR, now=NOON + 2 * DAY) is None
    assert miss(past, mixed[2:], before=NOON + 10 * HOUR, now=NOON + 2 * DAY) is not None


@pytest.mark.parametrize("dated", [True, False])
def test_new_names_for_all_are_no_gap(dated: bool) -> None:
    """A feed whose items have new names, links and texts at every poll is known by titles and dates."""
    dates = [NOON + HOUR * number if dated else None for number in range(10)]
    old, new = marks(dates), [replace(one, guid="x" + (one.guid or "")) for one in items(dates, start=0)]
    assert missed(old, new, Watch(NOON + DAY, NOON + 2 * DAY, Rhythm())) is None
    some = new[:4] + items([None] * 6)
    assert (missed(old, some, Watch(NOON + DAY, NOON + 2 * DAY, Rhythm())) is None) == dated


def test_batches_are_no_gap() -> None:
    """A feed that lists the day's entries, all of one moment, replaces them all each day and misses nothing."""
    past, dates = [NOON] * 50, [NOON + DAY] * 60
    before = NOON + DAY - HOUR
    assert miss(past, dates, before=before, now=NOON + DAY + 10 * MINUTE) is None
    slept_over = miss(past, [NOON + 4 * DAY] * 60, before=NOON + HOUR, now=NOON + 4 * DAY + HOUR)
    assert slept_over is not None


def test_dates_without_time() -> None:
    """Where dates have no time of day, entries of the very same day may have come later."""
    midnight = NOON.replace(hour=0)
    found = miss([midnight] * 10, [midnight] * 10, before=NOON, now=NOON + 6 * HOUR)
    assert found is not None
    assert (found.estimate.least, found.estimate.most) == (0, 10)
    assert found.window == 6 * HOUR


def test_no_dates() -> None:
    """Without dates as much again as is listed may be missing, or what the feed's rhythm says for the time."""
    soon = miss([None] * 10, [None] * 8, before=NOON, now=NOON + MINUTE)
    assert soon is not None
    assert (soon.estimate, soon.window) == (Estimate(0, 0, 8), MINUTE)
    assert soon.since is soon.until is None
    rhythm = Rhythm(240, 10, NOON)
    later = missed(marks([None] * 10), items([None] * 10), Watch(NOON, NOON + 2 * DAY, rhythm))
    assert later is not None
    assert later.estimate.least <= 38 <= later.estimate.most


def test_a_burst_after_silence() -> None:
    """What came within an hour of two weeks is measured by when we looked last, and never by more than another document."""
    past = every(DAY, range(10))
    burst = every(MINUTE, range(0, 30, 3), since=past[-1] + 14 * DAY)
    found = miss(past, burst, before=burst[0] - 40 * MINUTE, now=burst[-1] + 20 * MINUTE)
    assert found is not None
    assert found.estimate.least <= 3 <= found.estimate.most <= 15
    assert found.window == 27 * MINUTE


def test_numbered_items() -> None:
    """Numbers that run without a hole count what was missed, whatever the dates say."""
    old = [
        replace(mark, name=f"https://site.example/no-{7 + place}.html") for place, mark in enumerate(marks([None] * 5))
    ]
    new = [
        replace(item, guid=None, link=f"https://site.example/no-{40 + place}.html")
        for place, item in enumerate(items([None] * 5))
    ]
    watch = Watch(NOON, NOON + DAY, Rhythm())
    found = missed(old, new, watch)
    assert found is not None
    assert found.estimate == Estimate(28, 28, 28)
    following = [replace(item, link=f"https://site.example/no-{12 + place}.html") for place, item in enumerate(new)]
    assert missed(old, following, watch) is None
    elsewhere = [replace(item, link=f"https://site.example/new-{40 + place}.html") for place, item in enumerate(new)]
    backwards = [replace(item, link=f"https://site.example/no-{1 + place}.html") for place, item in enumerate(new)]
    for doubtful in (elsewhere, backwards):
        guess = missed(old, doubtful, watch)
        assert guess is not None
        assert guess.estimate.least < guess.estimate.most
    dated = [replace(item, published=date) for item, date in zip(new, every(HOUR, range(40, 45)), strict=True)]
    old = [replace(mark, published=date) for mark, date in zip(old, every(HOUR, range(5)), strict=True)]
    found = missed(old, dated, Watch(NOON + 5 * HOUR, NOON + 2 * DAY, Rhythm()))
    assert found is not None
    assert found.estimate == Estimate(28, 28, 28)


def test_no_overlap(new_shelf: Any, item: Callable[..., Item]) -> None:
    """A document is disjoint when its feed listed none of it, under no name; what others told first is new to it."""

    def disjoint(shelf: Any, listed: list[Item]) -> bool:
        known = shelf.known(FEED, candidates(listed))
        return is_disjoint(shelf.judged(FEED, candidates(listed)), known)

    shelf = new_shelf()
    shelf.poll(FEED, [item(number) for number in range(5)])
    shelf.poll("https://other.example/", [item(11)])
    assert disjoint(shelf, [item(number) for number in range(10, 15)])
    assert not disjoint(shelf, [item(number) for number in range(4, 15)])
    assert not disjoint(shelf, [item(10)])
    renamed = [replace(item(number), guid=f"new-{number}") for number in range(5)]
    assert not disjoint(shelf, renamed)
    reused = [replace(item(number), guid=item(number - 10).guid) for number in range(10, 15)]
    assert not disjoint(shelf, reused)


SOME = Miss(Estimate(9, 12, 15), NOON, NOON + HOUR, HOUR)


def feed(gap: Gap | None = None, **facts: Any) -> FeedState:
    """Return a source that has this gap."""
    return FeedState(**{"key": 1, "url": FEED, "fetch_url": FEED, "last_success": NOON, "gap": gap} | facts)


def test_a_gap_opens() -> None:
    """A gap says what was missed, since when, and in how much time the document turned over."""
    gap = opened(feed(), SOME, NOON + DAY)
    assert (gap.at, gap.before, gap.since, gap.until) == (NOON + DAY, NOON, NOON, NOON + HOUR)
    assert (gap.least, gap.likely, gap.most, gap.window, gap.times) == (9, 12, 15, HOUR, 1)
    assert opened(feed(last_success=None), SOME, NOON + DAY).before == NOON + DAY


def test_a_gap_on_top_of_one_under_repair() -> None:
    """What is repaired still begins where it did; what was repaired, or given up, is over."""
    under_repair = replace(opened(feed(), SOME, NOON + DAY), page="https://site.example/2", recovered=3)
    later = opened(feed(under_repair, last_success=NOON + DAY), SOME, NOON + 2 * DAY)
    assert (later.before, later.likely, later.recovered, later.times) == (NOON, 24, 3, 2)
    assert later.page is None
    mended = replace(under_repair, page=None, repaired=True)
    fresh = opened(feed(mended, last_success=NOON + DAY), SOME, NOON + 2 * DAY)
    assert (fresh.before, fresh.likely, fresh.recovered, fresh.times) == (NOON + DAY, 12, 0, 1)


def test_a_feed_that_never_overlaps() -> None:
    """After three gaps in a row that nothing repairs a feed is taken to be like that: no more are told or repaired."""
    gap = None
    for number in range(HABIT):
        gap = opened(feed(gap), SOME, NOON + number * DAY)
        assert not is_habit(gap)
    habit = opened(feed(gap), SOME, NOON + 9 * DAY)
    assert is_habit(habit)
    assert (habit.at, habit.page) == (NOON + (HABIT - 1) * DAY, None)
    assert opened(feed(habit), SOME, NOON + 9 * DAY).times == HABIT + 2


def test_how_long_it_is_asked_more_often() -> None:
    """A gap shortens pauses for a month."""
    gap = opened(feed(), SOME, NOON)
    assert window_of(gap, NOON + SHORTENED / 2) == HOUR
    assert window_of(gap, NOON + SHORTENED) is None
    assert window_of(None, NOON) is None
