from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.config.settings import Polling
from aggregator.decide.cadence import (
    MAX_HINT,
    MAX_JITTER,
    MAX_RETRY_AFTER,
    Asked,
    never,
    next_poll,
    not_now,
    site_pause,
)
from aggregator.decide.rhythm import of_history
from aggregator.model import Caching, Hints, Rhythm

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)  # a Friday
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
POLLING = Polling()

spans = st.timedeltas(min_value=timedelta(0), max_value=timedelta(days=30))
jitters = st.floats(min_value=0, max_value=1, exclude_max=True)
cachings = st.builds(
    lambda age, after: Caching(age, "max-age", NOON + after if after is not None else None),
    st.none() | spans,
    st.none() | spans,
)
hints = st.builds(
    Hints,
    ttl=st.none() | spans,
    update_period=st.none() | spans,
    skip_hours=st.frozensets(st.integers(0, 23), max_size=23),
    skip_days=st.frozensets(st.integers(0, 6), max_size=6),
)
polls = st.builds(
    Asked,
    at=st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001 - zoned there
    ok=st.booleans(),
    status=st.sampled_from([None, 200, 304, 404, 429, 503]),
    caching=cachings,
    hints=hints,
    has_validators=st.booleans(),
    errors=st.integers(0, 40),
    interval=st.none() | st.timedeltas(min_value=MINUTE, max_value=7 * DAY),
    rhythm=st.builds(Rhythm, st.floats(0, 1e4), st.floats(0, 60), st.just(NOON)),
    added_at=st.none() | st.just(NOON - 9 * DAY),
    stretch=st.floats(1, 100),
    window=st.none() | spans,
    backup=st.none() | spans,
)


def asked(**facts: object) -> Asked:
    """Return a good poll at noon with validators, unless these facts say otherwise."""
    return Asked(**({"at": NOON, "ok": True, "status": 200, "has_validators": True} | facts))  # type: ignore[arg-type]


def wait(jitter: float = 0.0, **facts: object) -> timedelta:
    """Return how long after noon the next poll is."""
    then = next_poll(asked(**facts), POLLING, jitter=jitter)
    assert then.at is not None
    return then.at - NOON


@given(poll=polls, jitter=jitters)
def test_never_sooner_than_anybody_asks(poll: Asked, jitter: float) -> None:
    """The next poll is never before min_interval, max-age (up to a day) or Retry-After (up to a week), nor skipped."""
    then = next_poll(poll, POLLING, jitter=jitter)
    assert then.at is not None
    assert then.reason
    assert then.at >= poll.at + POLLING.min_interval
    if poll.caching.max_age is not None:
        assert then.at >= poll.at + min(poll.caching.max_age, MAX_HINT)
    if poll.caching.retry_after is not None and poll.caching.retry_after > poll.at:
        assert then.at >= min(poll.caching.retry_after, poll.at + MAX_RETRY_AFTER)
        assert then.not_before == min(poll.caching.retry_after, poll.at + MAX_RETRY_AFTER)
    else:
        assert then.not_before is None
    if poll.interval is not None:
        assert then.at >= poll.at + poll.interval
    asks_nothing = poll.ok and poll.caching == Caching() and poll.hints == Hints()
    if asks_nothing and poll.interval is None:
        assert then.at <= poll.at + POLLING.max_interval + MAX_JITTER
    assert then.at.hour not in poll.hints.skip_hours
    assert then.at.weekday() not in poll.hints.skip_days


@given(poll=polls, jitter=jitters)
def test_jitter_only_adds_and_little(poll: Asked, jitter: float) -> None:
    """Jitter adds at most a tenth of the wait and at most half an hour, skipped hours aside."""
    poll = replace(poll, hints=Hints())
    without, with_it = (next_poll(poll, POLLING, jitter=value).at for value in (0.0, jitter))
    assert without is not None
    assert with_it is not None
    assert timedelta(0) <= with_it - without <= min((without - poll.at) / 10, MAX_JITTER) + timedelta(seconds=1)


@given(errors=st.integers(1, 40), status=st.sampled_from([429, 500, None]))
def test_backoff_doubles(errors: int, status: int | None) -> None:
    """Each failure in a row doubles the wait, up to 6 hours for 429 and a day for others."""
    first, second = (wait(ok=False, status=status, errors=count) for count in (errors, errors + 1))
    assert second == min(2 * first, 6 * HOUR if status == 429 else DAY)


def test_the_usual_wait() -> None:
    """A feed with validators is asked after default_interval; one with nothing to ask by after an hour."""
    fast = Polling(default_interval=20 * MINUTE)
    assert wait() == HOUR
    assert next_poll(asked(), fast, jitter=0).at == NOON + 20 * MINUTE
    blind = next_poll(asked(has_validators=False), fast, jitter=0)
    assert (blind.at, blind.reason) == (NOON + HOUR, "no validators and no max-age")


def steady(per_day: float) -> Rhythm:
    """Return the rhythm of a feed with so many entries a day."""
    return of_history([NOON - DAY * (number / per_day) for number in range(int(90 * per_day) + 1)], NOON)


def test_a_feeds_own_rhythm_decides() -> None:
    """After its first day a feed is asked as often as it publishes, by the square root, within min and max."""
    busy, usual, slow = (steady(per_day) for per_day in (200, 4, 1 / 30))
    assert wait(rhythm=busy, added_at=NOON - DAY / 2) == HOUR, "one day is watched first"
    assert wait(rhythm=busy, added_at=NOON - DAY) == 15 * MINUTE
    assert wait(rhythm=usual, added_at=NOON - DAY) == pytest.approx(HOUR, rel=0.1)
    assert 6 * HOUR < wait(rhythm=slow, added_at=NOON - DAY) < 12 * HOUR
    silent = asked(rhythm=Rhythm(at=NOON - 2000 * DAY), added_at=NOON - 900 * DAY)
    assert next_poll(silent, Polling(max_interval=6 * HOUR), jitter=0).at == NOON + 6 * HOUR
    assert next_poll(silent, Polling(max_interval=6 * HOUR), jitter=0).reason == "max_interval 6 h (1 entry in 130 d)"
    assert wait(rhythm=busy, added_at=NOON - DAY, interval=4 * HOUR) == 4 * HOUR, "the operator's interval is law"
    assert wait(rhythm=busy, added_at=NOON - DAY, has_validators=False) == HOUR, "blind feeds cost a document each time"


def test_a_budget_makes_pauses_longer() -> None:
    """What nobody asked for is stretched for the budget, and said so; an operator's interval is not."""
    then = next_poll(asked(stretch=3.0), POLLING, jitter=0)
    assert (then.at, then.reason) == (NOON + 3 * HOUR, "default_interval 1 h, 3.0 times longer for the budget")
    assert wait(stretch=3.0, interval=HOUR) == HOUR
    assert wait(stretch=100.0) == DAY


@pytest.mark.parametrize(
    ("status", "caching", "pause"),
    [
        (429, Caching(), timedelta(minutes=30)),
        (429, Caching(retry_after=NOON + HOUR), HOUR),
        (429, Caching(retry_after=NOON + 30 * DAY), 6 * HOUR),
        (503, Caching(retry_after=NOON + HOUR), HOUR),
        (503, Caching(), None),
        (200, Caching(retry_after=NOON + HOUR), None),
        (500, Caching(retry_after=NOON + HOUR), None),
    ],
)
def test_who_asks_for_the_whole_site(status: int, caching: Caching, pause: timedelta | None) -> None:
    """429 asks for the whole site, for as long as it says or half an hour; 503 only when it says how long."""
    assert site_pause(NOON, status, caching) == (None if pause is None else NOON + pause)


def test_a_moment_that_is_skipped() -> None:
    """What became due in the meantime waits for the first hour that is not skipped, spread by jitter."""
    lunch = Hints(skip_hours=frozenset({12, 13}))
    assert not_now(lunch, NOON - MINUTE, jitter=0.5) is None
    later = not_now(lunch, NOON + 5 * MINUTE, jitter=0.5)
    assert later is not None
    assert (later.at, later.reason) == (NOON + 2 * HOUR + 15 * MINUTE, "skipHours")


def test_publishers_wishes_are_heard() -> None:
    """max-age, ttl and updatePeriod make the wait longer, never shorter, and no longer than a day."""
    assert wait(caching=Caching(3 * HOUR, "max-age=10800")) == 3 * HOUR
    assert wait(caching=Caching(MINUTE, "max-age=60")) == HOUR
    assert wait(caching=Caching(9 * DAY, "max-age=777600")) == DAY
    assert wait(hints=Hints(ttl=2 * HOUR)) == 2 * HOUR
    assert wait(hints=Hints(update_period=7 * DAY)) == DAY


def test_the_operators_interval_is_law() -> None:
    """An interval wins over the default rhythm, ttl and the rule for blind feeds; not over max-age or min_interval."""
    assert wait(interval=20 * MINUTE, hints=Hints(ttl=DAY, update_period=DAY), has_validators=False) == 20 * MINUTE
    assert wait(interval=20 * MINUTE, caching=Caching(2 * HOUR, "max-age=7200")) == 2 * HOUR
    assert wait(interval=MINUTE) == 15 * MINUTE


def test_a_failure_is_no_reason_to_hurry() -> None:
    """After a failure, too, nobody is asked before min_interval or the operator's interval."""
    patient = next_poll(asked(ok=False, errors=1), Polling(min_interval=2 * HOUR), jitter=0)
    assert (patient.at, patient.reason) == (NOON + 2 * HOUR, "min_interval 2 h")
    assert wait(ok=False, errors=1, interval=6 * HOUR) == 6 * HOUR
    assert wait(ok=False, errors=5, interval=6 * HOUR) == 8 * HOUR


@pytest.mark.parametrize(
    ("errors", "status", "expected"),
    [
        (1, 500, timedelta(minutes=30)),
        (2, 500, HOUR),
        (3, None, 2 * HOUR),
        (7, 500, DAY),
        (40, None, DAY),
        (1, 429, timedelta(minutes=30)),
        (5, 429, timedelta(hours=6)),
        (9, 429, timedelta(hours=6)),
    ],
)
def test_failures_back_off(errors: int, status: int | None, expected: timedelta) -> None:
    """Half an hour, doubled with each failure in a row, at most a day, for 429 at most six hours."""
    assert wait(ok=False, status=status, errors=errors) == expected


def test_retry_after_takes_the_place_of_backoff() -> None:
    """Retry-After is honoured to the second, up to a week, and never below min_interval."""
    assert wait(ok=False, status=503, errors=9, caching=Caching(retry_after=NOON + 2 * HOUR)) == 2 * HOUR
    assert wait(ok=False, status=429, errors=1, caching=Caching(retry_after=NOON + 30 * DAY)) == 7 * DAY
    assert wait(ok=False, status=429, errors=1, caching=Caching(retry_after=NOON + MINUTE)) == 15 * MINUTE
    assert wait(caching=Caching(retry_after=NOON + 5 * HOUR)) == 5 * HOUR
    assert wait(ok=False, status=429, errors=1, caching=Caching(3 * HOUR, "max-age=10800")) == 3 * HOUR
    past = next_poll(asked(ok=False, errors=2, caching=Caching(retry_after=NOON)), POLLING, jitter=0)
    assert (past.at, past.not_before) == (NOON + HOUR, None), "one that is over asks for nothing"


def test_skipped_hours_and_days_are_waited_out() -> None:
    """The next poll is in the first hour that is not skipped, spread by jitter; who skips everything is not believed."""
    evening = Hints(skip_hours=frozenset(range(13, 20)))
    assert wait(hints=evening) == 8 * HOUR
    assert timedelta(0) < wait(0.5, hints=evening) - 8 * HOUR <= MAX_JITTER
    weekend = Hints(skip_days=frozenset({4, 5, 6}))
    assert wait(hints=weekend) == timedelta(days=2, hours=12)
    assert wait(hints=Hints(skip_hours=frozenset(range(24)))) == HOUR


def test_reasons_name_what_decided() -> None:
    """The reason is what an operator can act on, with the jitter where there is some."""
    reasons = [
        next_poll(asked(caching=Caching(2 * HOUR, "max-age=7200")), POLLING, jitter=0.5).reason,
        next_poll(asked(interval=90 * MINUTE), POLLING, jitter=0).reason,
        next_poll(asked(ok=False, errors=2), POLLING, jitter=0).reason,
        next_poll(asked(hints=Hints(skip_hours=frozenset({13}))), POLLING, jitter=0).reason,
        next_poll(asked(ok=False, errors=1, caching=Caching(retry_after=NOON + 25 * HOUR)), POLLING, jitter=0).reason,
        next_poll(asked(), Polling(min_interval=MINUTE / 3, default_interval=MINUTE / 2), jitter=0).reason,
        next_poll(asked(rhythm=steady(12), added_at=NOON - DAY), POLLING, jitter=0).reason,
        next_poll(asked(rhythm=steady(1 / 9), added_at=NOON - DAY), POLLING, jitter=0).reason,
        next_poll(asked(rhythm=steady(1), added_at=NOON - DAY), POLLING, jitter=0).reason,
    ]
    assert reasons == [
        "max-age=7200, jitter 6 min",
        "interval 1 h 30 min",
        "failure 2 in a row, backoff 1 h",
        "default_interval 1 h, skipHours",
        "Retry-After 1 d 1 h",
        "default_interval 30 s",
        "12 entries a day",
        "1 entry in 8 d",
        "1 entry a day",
    ]
    assert never("gone").at is None


def test_a_feed_that_turns_over_is_asked_more_often() -> None:
    """After a gap the pause is half of the time in which the document turned over, and never longer than it was."""
    then = next_poll(asked(window=90 * MINUTE), POLLING, jitter=0)
    assert (then.at, then.reason) == (NOON + 45 * MINUTE, "a gap: it turned over within 1 h 30 min")
    assert wait(window=9 * HOUR) == HOUR
    assert wait(window=MINUTE) == POLLING.min_interval
    assert wait(window=MINUTE, has_validators=False) == HOUR
    assert wait(window=MINUTE, interval=3 * HOUR) == 3 * HOUR
    assert wait(window=MINUTE, caching=Caching(2 * HOUR, "max-age")) == 2 * HOUR
    assert wait(window=90 * MINUTE, stretch=2.0) == 90 * MINUTE


def test_a_hub_spares_polls() -> None:
    """A backup poll is further away than the rhythm's, never nearer, never beyond max_interval, nor an operator's."""
    busy = {"rhythm": Rhythm(400.0, 30.0, NOON), "added_at": NOON - 9 * DAY}
    assert wait(**busy) < HOUR
    then = next_poll(asked(**busy, backup=4 * HOUR), POLLING, jitter=0.0)
    assert (then.at, then.reason) == (NOON + 4 * HOUR, "its hub tells of news, 4 h to make sure")
    assert wait(**busy, backup=MINUTE) == wait(**busy)
    assert wait(**busy, backup=9 * DAY) == POLLING.max_interval
    assert wait(**busy, backup=4 * HOUR, interval=HOUR) == HOUR
    assert wait(**busy, backup=4 * HOUR, caching=Caching(5 * HOUR, "max-age=18000")) == 5 * HOUR


def test_a_failure_does_not_end_what_the_last_answer_asked_for() -> None:
    """max-age of the last good answer is waited for, also when the next attempt failed before it was over."""
    assert wait(ok=False, status=503, errors=1, fresh_until=NOON + 9 * HOUR) == 9 * HOUR
    assert wait(ok=False, status=503, errors=1, fresh_until=NOON - HOUR) < 9 * HOUR
