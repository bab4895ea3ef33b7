"""Statements 12 to 19: when a feed is asked again, and when not."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import Any

import pytest

from aggregator.model import Outcome

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
JITTER = 1.1
"""What jitter makes of a pause at most."""
BUSY = timedelta(minutes=10)
"""A feed that brings something so often has earned the shortest pauses."""
SECOND = timedelta(seconds=1)
"""HTTP counts in seconds."""


def hint(world: Any, more: str = "", *, every: timedelta = BUSY, hours: int = 4, **headers: str) -> str:
    """Let a busy feed with these hints run for a day and some hours: after a day its own rhythm is believed."""
    url: str = world.feed("/feed", world.publishing(every, more, **headers))
    world.runs(days=1, hours=hours)
    assert len(world.asked(url)) > 1
    return url


def test_12a_polls_are_at_least_min_interval_apart(world: Any) -> None:
    """The busiest feed is asked no more often than every 15 minutes; that much it has earned after a day."""
    url = hint(world, ETag='"x"')
    assert min(world.gaps(url)) >= timedelta(minutes=15)
    assert max(world.gaps(url)[-8:]) <= timedelta(minutes=20)


def test_12b_short_pauses_are_earned_by_publishing_often(world: Any) -> None:
    """A feed that brings something twice a day is not asked every 15 minutes."""
    url = hint(world, every=12 * HOUR, hours=12, ETag='"x"')
    assert min(world.gaps(url)) >= HOUR


def test_12c_without_validators_and_max_age_an_hour_passes(world: Any) -> None:
    """A feed that gives neither is asked hourly at most, however busy; with either it is asked more often."""
    bare, tagged, fresh = (
        world.feed(path, world.publishing(BUSY, **headers))
        for path, headers in (
            ("/bare", {}),
            ("/tagged", {"Last_Modified": "Monday"}),
            ("/fresh", {"Cache_Control": "max-age=900"}),
        )
    )
    world.runs(days=1, hours=6)
    assert min(world.gaps(bare)) >= HOUR
    assert max(world.gaps(tagged)[-12:] + world.gaps(fresh)[-12:]) < HOUR


@pytest.mark.parametrize("microsecond", [0, 1, 499, 500, 999_499, 999_999])
def test_12d_a_pause_is_rounded_up(world: Any, microsecond: int) -> None:
    """Not even a microsecond of the pause is lost to how times are stored."""
    world.random = lambda: 0.0
    world.now = world.now.replace(microsecond=microsecond)
    url = world.feed("/feed", interval=timedelta(minutes=20))
    world.runs(hours=1, minutes=50)
    assert len(world.asked(url)) == 6
    assert all(timedelta(0) <= gap - timedelta(minutes=20) < SECOND for gap in world.gaps(url))


def test_12e_an_interval_of_the_operator_does_not_go_below_min_interval(world: Any) -> None:
    """`interval: 1m` is still min_interval; only polling.min_interval itself, named by the operator, changes that."""
    url = world.feed("/feed", interval=timedelta(minutes=1))
    world.runs(hours=6)
    assert min(world.gaps(url)) >= timedelta(minutes=15)


def test_13_ten_restarts_cause_no_request(world: Any) -> None:
    """When a feed is due outlives the program: starting it again and again asks nothing before that time."""
    ok, failing, limited = (
        world.feed("/ok"),
        world.feed("/failing", world.reply(status=500)),
        world.feed("/limited", world.reply(status=429, Retry_After="7200")),
    )
    world.runs(minutes=1)
    for _ in range(10):
        world.restart()
        world.runs(minutes=1)
    assert Counter(request.url for request in world.asked()) == {ok: 1, failing: 1, limited: 1}


@pytest.mark.parametrize("status", [200, 304, 429, 404, 503])
def test_14a_no_request_while_the_answer_is_fresh(world: Any, status: int) -> None:
    """max-age holds on whatever answer it comes: the next request waits for its end."""
    url = world.feed("/feed", world.conditional(), world.reply(status=status, Cache_Control="public, max-age=28800"))
    world.poll(url)
    world.poll(url)
    world.runs(hours=20)
    assert 8 * HOUR <= world.gaps(url)[1] <= 8 * HOUR * JITTER


@pytest.mark.parametrize(
    "value", ["max-age=28800", 'Max-Age="28800"', "private , max-age = 28800, foo", "max-age=28800,max-age=5"]
)
def test_14b_max_age_is_found_however_it_is_written(world: Any, value: str) -> None:
    """Case, quotes, blanks and other directives do not hide a max-age; the first one counts."""
    assert min(world.gaps(hint(world, ETag='"x"', Cache_Control=value))) >= 8 * HOUR


def test_14c_age_is_deducted(world: Any) -> None:
    """What the answer has spent in caches is no longer waited for."""
    url = hint(world, ETag='"x"', Cache_Control="max-age=28800", Age="7200")
    assert all(6 * HOUR <= gap <= 6 * HOUR * JITTER for gap in world.gaps(url))


@pytest.mark.parametrize(
    "value", ["no-cache", "no-store", "max-age=0", "no-cache, max-age=28800", "max-age=-1", "max-age=soon"]
)
def test_14d_nothing_to_be_cached_means_the_usual_pause(world: Any, value: str) -> None:
    """no-cache, no-store, max-age=0 and nonsense neither mean `poll now` nor a longer pause."""
    usual, told = world.feed("/usual"), world.feed("/told", world.conditional(Cache_Control=value))
    world.random = lambda: 0.5
    world.runs(days=1)
    assert len(world.asked(told)) == len(world.asked(usual))
    assert min(world.gaps(told)) >= timedelta(minutes=15)


def test_14e_max_age_does_not_shorten_the_pause_below_the_floor(world: Any) -> None:
    """max-age=1 does not make a feed asked each second."""
    assert min(world.gaps(hint(world, ETag='"x"', Cache_Control="max-age=1"))) >= timedelta(minutes=15)


@pytest.mark.parametrize("seconds", ["31536000", "99999999999999999999"])
def test_14f_max_age_is_believed_up_to_a_day(world: Any, seconds: str) -> None:
    """Wrong values exist: no max-age keeps a feed from being asked for more than a day."""
    url = world.feed("/feed", world.conditional(Cache_Control=f"max-age={seconds}"))
    world.runs(days=4)
    assert len(world.gaps(url)) == 3
    assert all(DAY <= gap <= DAY + timedelta(minutes=30) for gap in world.gaps(url))


def test_15a_expires_stands_in_for_max_age(world: Any) -> None:
    """An answer that only says when it expires is not asked for before; its own Date is what that counts from."""
    wrong = {"Date": "Sat, 01 Jan 2000 00:00:00 GMT", "Expires": "Sat, 01 Jan 2000 08:00:00 GMT"}
    assert min(world.gaps(hint(world, ETag='"x"', **wrong))) >= 8 * HOUR


def test_15b_max_age_wins_over_expires(world: Any) -> None:
    """Where both are there, max-age counts."""
    told = {"Expires": world.http_date(world.now + 30 * DAY), "Cache_Control": "max-age=10800"}
    assert all(3 * HOUR <= gap <= 3 * HOUR * JITTER for gap in world.gaps(hint(world, ETag='"x"', **told)))


@pytest.mark.parametrize(
    "value", ["0", "-1", "soon", "", "Sat, 01 Jan 2000 00:00:00 GMT", "Mon, 32 Foo 2099 99:00:00 GMT"]
)
def test_15c_an_expires_that_says_nothing_is_no_hint(world: Any, value: str) -> None:
    """`Expires: 0`, the past and what is no date change nothing."""
    usual, told = world.feed("/usual"), world.feed("/told", world.conditional(Expires=value))
    world.random = lambda: 0.5
    world.runs(days=1)
    assert len(world.asked(told)) == len(world.asked(usual)) > 10


def test_15d_s_maxage_is_for_others(world: Any) -> None:
    """s-maxage is meant for shared caches, which we are not: it neither replaces max-age nor stands in for it."""
    alone = world.feed("/alone", world.conditional(Cache_Control="s-maxage=43200"))
    beside = world.feed("/beside", world.conditional(Cache_Control="s-maxage=60, max-age=43200"))
    world.runs(days=1)
    assert min(world.gaps(alone)) < 2 * HOUR
    assert min(world.gaps(beside)) >= 12 * HOUR


@pytest.mark.parametrize(
    ("more", "hours"),
    [
        ("<ttl>480</ttl>", 8),
        ("<sy:updatePeriod>daily</sy:updatePeriod>", 24),
        ("<sy:updatePeriod>daily</sy:updatePeriod><sy:updateFrequency>4</sy:updateFrequency>", 6),
        ("<sy:updatePeriod>hourly</sy:updatePeriod><sy:updateBase>2000-01-01T12:00+00:00</sy:updateBase>", 1),
        ("<sy:updatePeriod>yearly</sy:updatePeriod>", 24),
    ],
)
def test_16a_what_the_document_says_raises_the_pause(world: Any, more: str, hours: int) -> None:
    """ttl, updatePeriod and updateFrequency make pauses longer, up to a day; updateBase makes none shorter."""
    url = hint(world, more, ETag='"x"')
    assert min(world.gaps(url)) >= hours * HOUR
    assert max(world.gaps(url)) <= hours * HOUR * JITTER


@pytest.mark.parametrize(
    "more",
    [
        "<ttl>1</ttl>",
        "<ttl>0</ttl>",
        "<ttl>-60</ttl>",
        "<ttl>soon</ttl>",
        "<sy:updatePeriod>hourly</sy:updatePeriod><sy:updateFrequency>3600</sy:updateFrequency>",
        "<sy:updatePeriod>hourly</sy:updatePeriod><sy:updateFrequency>0</sy:updateFrequency>",
    ],
)
def test_16b_what_the_document_says_never_lowers_the_pause_below_the_floor(world: Any, more: str) -> None:
    """A feed that asks for a poll a second, or for nonsense, is asked every 15 minutes at most."""
    assert min(world.gaps(hint(world, more, ETag='"x"'))) >= timedelta(minutes=15)


def test_16c_a_304_does_not_forget_what_the_document_said(world: Any) -> None:
    """The hints of the last document hold for as long as it is the last."""
    url = world.feed("/feed", world.conditional(world.rss("one", more="<ttl>480</ttl>")))
    world.runs(days=3)
    assert len(world.asked(url)) > 5
    assert min(world.gaps(url)) >= 8 * HOUR


def skip(kind: str, *names: object) -> str:
    """Write skipHours or skipDays."""
    one = {"skipHours": "hour", "skipDays": "day"}[kind]
    return f"<{kind}>{''.join(f'<{one}>{name}</{one}>' for name in names)}</{kind}>"


def test_17a_no_poll_in_hours_that_are_skipped(world: Any) -> None:
    """Not one request falls into skipHours, which are GMT, but all other hours see some."""
    url = hint(world, skip("skipHours", *range(6), 13, 14, 23), hours=16, ETag='"x"')
    hours = {request.at.hour for request in world.asked(url)}
    assert not hours & {*range(6), 13, 14, 23}
    assert len(hours) == 15


def test_17b_hour_24_is_midnight(world: Any) -> None:
    """24, which RSS 0.91 wrote for midnight, skips hour 0 and nothing else."""
    hours = {request.at.hour for request in world.asked(hint(world, skip("skipHours", 24), hours=16, ETag='"x"'))}
    assert hours == set(range(1, 24))


def test_17c_no_poll_on_days_that_are_skipped(world: Any) -> None:
    """In two weeks not one request falls on skipDays."""
    url = world.feed(
        "/feed", world.conditional(world.rss("one", more=skip("skipDays", "Saturday", "sunday", "Tuesday")))
    )
    world.runs(days=14)
    assert {request.at.weekday() for request in world.asked(url)} == {0, 2, 3, 4}


def test_17d_the_poll_after_skipped_hours_is_spread(world: Any) -> None:
    """Feeds that skip the same hours are not all asked when they end, but soon after."""
    more = skip("skipHours", *range(13, 24), *range(8))
    urls = [world.feed(f"/{number}", world.conditional(world.rss("one", more=more))) for number in range(20)]
    world.runs(hours=20, minutes=30)
    morning = [request.at for request in world.asked(*urls) if request.at.day == 5]
    assert len(morning) == 20
    assert {moment.hour for moment in morning} == {8}
    assert len({moment.minute for moment in morning}) > 3


def test_17e_skipped_hours_hold_when_the_turn_comes_too_late(world: Any) -> None:
    """A request that fell due in time, but has to wait for its host into skipped hours, is not made in them."""
    world.random = lambda: 0.0
    answers = [world.reply(world.rss("one")), world.reply(status=500, takes=timedelta(minutes=30))]
    world.feed("/slow", *answers)
    url = world.feed("/feed", world.conditional(world.rss("one", more=skip("skipHours", 14))))
    world.runs(minutes=1)
    world.now = world.now.replace(hour=13, minute=59)
    world.carry_out(world.claim())
    assert world.now.hour == 14
    world.runs(hours=2)
    assert [request.at.hour for request in world.asked(url)][:2] == [12, 15]


def test_17f_skipped_hours_hold_after_failures_and_a_304(world: Any) -> None:
    """Hours that the last document skips are skipped whatever came after it."""
    more = skip("skipHours", *range(14, 24), *range(12))
    answers = [world.conditional(world.rss("one", more=more)), world.reply(status=304), world.reply(status=500)]
    url = world.feed("/feed", *answers)
    world.runs(days=4)
    assert {request.at.hour for request in world.asked(url)} == {12, 13}
    assert len(world.asked(url)) > 4


def test_17g_a_feed_that_skips_everything_is_not_believed(world: Any) -> None:
    """All hours of all days cannot be meant: such a feed is asked all the same."""
    assert len(world.asked(hint(world, skip("skipHours", *range(24)), ETag='"x"'))) > 24


def test_18a_jitter_is_added_never_subtracted(world: Any) -> None:
    """Pauses are at least what was decided, and differ."""
    url = world.feed("/feed", interval=HOUR)
    world.runs(days=2)
    assert all(HOUR <= gap <= HOUR * JITTER for gap in world.gaps(url))
    assert len(set(world.gaps(url))) > 20


def test_18b_feeds_added_together_do_not_stay_together(world: Any) -> None:
    """Feeds of 25 hosts, first asked in the same second, are spread over many minutes ten hours later."""
    urls = [world.feed("/feed", host=f"site-{number}.com", interval=HOUR) for number in range(25)]
    world.runs(hours=10)
    first, last = ([world.asked(url)[place].at for url in urls] for place in (0, -1))
    assert max(first) - min(first) < SECOND
    assert max(Counter(moment.replace(second=0, microsecond=0) for moment in last).values()) <= 6
    assert max(last) - min(last) > timedelta(minutes=15)


def test_18c_polls_do_not_gather_at_the_full_hour(world: Any) -> None:
    """Feeds that were added at a full hour are not asked at full hours ever after."""
    world.now = world.now.replace(minute=0, second=0, microsecond=0)
    for number in range(25):
        world.feed("/feed", host=f"site-{number}.com")
    world.runs(minutes=1)
    started = len(world.seen)
    world.runs(hours=10)
    minutes = Counter(request.at.minute for request in world.seen[started:])
    assert sum(minutes.values()) > 200
    assert minutes[0] <= sum(minutes.values()) / 20


def test_19a_poll_all_skips_what_was_polled_just_now(world: Any) -> None:
    """`poll --all` asks nobody twice within five minutes, and those who were not asked so lately."""
    url = world.feed("/feed")
    world.poll(url)
    world.sleep(minutes=4, seconds=58)
    (report,) = world.poll(every=True, force=False)
    assert (report.outcome, report.reason) == (Outcome.SKIPPED, "polled less than 5 minutes ago")
    assert len(world.asked(url)) == 1
    world.sleep(seconds=3)
    world.poll(every=True, force=False)
    assert len(world.asked(url)) == 2


def test_19b_force_stays_conditional(world: Any) -> None:
    """`--force` asks now, with the validators that are known."""
    url = world.feed("/feed")
    world.poll(url)
    world.poll(url, force=True)
    assert [request.get("If-None-Match") for request in world.asked(url)] == [None, '"x"']


@pytest.mark.parametrize("status", [200, 304, 429, 503])
@pytest.mark.parametrize("how", [{"force": True}, {"force": True, "refetch": True}, {"every": True, "force": True}])
def test_19c_nobody_overrides_retry_after(world: Any, status: int, how: dict[str, bool]) -> None:
    """What the server asked for binds even an operator with `--force` and `--refetch`, until it is over."""
    url = world.feed("/feed", world.conditional(), world.reply(status=status, Retry_After="7200"))
    world.poll(url)
    world.poll(url)
    for _ in range(3):
        (report,) = world.poll(*([] if how.get("every") else [url]), **how)
        assert report.outcome is Outcome.SKIPPED
        world.sleep(minutes=39)
    assert len(world.asked(url)) == 2
    world.sleep(minutes=4)
    world.poll(url)
    assert len(world.asked(url)) == 3
