from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.decide.rhythm import HALF_LIFE, HISTORY, USUAL_RATE, learn, of_history, rate, usual_gap, worth
from aggregator.model import Rhythm

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
moments = st.datetimes(datetime(2024, 1, 1), datetime(2027, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - zoned there


def steady(per_day: float, days: int = 60) -> Rhythm:
    """Return what is learnt from so many entries a day, evenly spread."""
    return of_history([NOW - DAY * (number / per_day) for number in range(int(days * per_day) + 1)], NOW)


@pytest.mark.parametrize("per_day", [0.2, 1, 4, 24, 100])
def test_a_steady_feeds_rate_is_learnt(per_day: float) -> None:
    """Sixty days of an even rhythm are enough to know it, and the usual gap is its inverse."""
    rhythm = steady(per_day)
    assert rate(rhythm, NOW) == pytest.approx(per_day, rel=0.2)
    gap = usual_gap(rhythm)
    assert gap is not None
    assert DAY / gap == pytest.approx(per_day, rel=0.25)


def test_pauses_follow_the_square_root() -> None:
    """The usual rate earns the default interval; four times as many entries halve it, a quarter of them doubles it."""
    assert worth(USUAL_RATE, HOUR) == HOUR
    assert worth(USUAL_RATE * 4, HOUR) == HOUR / 2
    assert worth(USUAL_RATE / 4, HOUR) == HOUR * 2


def test_an_unknown_feed_has_the_usual_rate() -> None:
    """Nothing known, the rate is the usual one; a few days of silence make it much less."""
    assert rate(Rhythm(), NOW) == USUAL_RATE
    assert rate(Rhythm(at=NOW), NOW) == USUAL_RATE
    assert rate(Rhythm(at=NOW), NOW + 3 * DAY) < USUAL_RATE / 8


def test_old_news_weigh_less() -> None:
    """After a half-life of silence what was counted weighs half; the silence lowers the rate, and never to nothing."""
    busy = steady(10)
    assert rate(busy, NOW + timedelta(days=HALF_LIFE)) < 6
    assert 0 < rate(busy, NOW + 3000 * DAY) < 0.1
    gap = usual_gap(busy)
    assert gap == usual_gap(learn(busy, 0, NOW + 99 * DAY)), "silence does not change what is usual"


def test_a_first_documents_dates_are_believed_within_reason() -> None:
    """Dates of the future and of years ago say nothing of the rhythm; an undated document says nothing at all."""
    assert of_history([], NOW) == Rhythm(at=NOW)
    assert of_history([NOW + DAY], NOW) == Rhythm(at=NOW)
    assert of_history([NOW - HISTORY - DAY], NOW) == Rhythm(at=NOW - HISTORY - DAY)
    assert of_history([NOW - DAY, NOW + 9 * DAY, NOW - 2 * DAY], NOW) == of_history([NOW - DAY, NOW - 2 * DAY], NOW)
    assert usual_gap(of_history([NOW - DAY], NOW)) is None


@given(
    dates=st.lists(moments, max_size=30), more=st.lists(st.tuples(st.integers(0, 500), st.floats(0, 400)), max_size=8)
)
def test_a_rhythm_is_always_a_rate(dates: list[datetime], more: list[tuple[int, float]]) -> None:
    """Whatever was learnt, in whatever order, the rate is positive and finite, and grows with the entries counted."""
    rhythm, now = of_history(dates, NOW), NOW
    for entries, days in more:
        now += DAY * days
        rhythm = learn(rhythm, entries, now)
    assert 0 < rate(rhythm, now) < 1e6
    assert rate(learn(rhythm, 5, now), now) > rate(rhythm, now)
    assert rate(rhythm, now - 500 * DAY) > 0, "a clock that goes back does no harm"
