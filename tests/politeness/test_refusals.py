"""Statements 20 to 27: what a server refuses is respected, and what fails is asked less and less, never forgotten."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest

from aggregator.decide.health import State
from aggregator.model import Outcome

if TYPE_CHECKING:
    from collections.abc import Callable

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
JITTER = 1.1
"""What jitter makes of a pause at most."""
NEWS, BLOG, OTHER = "news.site-a.com", "blog.site-a.com", "news.site-b.com"
HERE, THERE = "old.lan", "new.lan"
"""Hosts that a feed moves between; from public ones nobody is led to loopback for good."""


@pytest.fixture
def gap_after(world: Any) -> Callable[..., timedelta]:
    """Poll a feed that was well once; return the pause that follows the answer given to it then."""

    def ask(answer: Any, **span: float) -> timedelta:
        url = world.feed("/feed", world.conditional(), answer)
        world.poll(url)
        world.poll(url)
        world.runs(**(span or {"days": 9}))
        gap: timedelta = world.gaps(url)[1]
        return gap

    return ask


@pytest.mark.parametrize("status", [429, 503])
def test_20a_retry_after_seconds(world: Any, gap_after: Any, status: int) -> None:
    """No request before the seconds of Retry-After have passed."""
    assert 10 * HOUR <= gap_after(world.reply(status=status, Retry_After="36000")) <= 10 * HOUR * JITTER


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize("date", [None, "Sat, 01 Jan 2000 00:00:00 GMT"])
def test_20b_retry_after_date(world: Any, gap_after: Any, status: int, date: str | None) -> None:
    """No request before the date of Retry-After, which counts from the server's own Date, right or wrong."""
    if date is None:
        headers = {"Retry_After": world.http_date(world.now + 10 * HOUR + timedelta(seconds=1))}
    else:
        headers = {"Date": date, "Retry_After": "Sat, 01 Jan 2000 10:00:00 GMT"}
    assert 10 * HOUR <= gap_after(world.reply(status=status, **headers)) <= 10 * HOUR * JITTER


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize(
    "value", ["0", "-7200", "soon", "", "1e9", "3.5", "Sat, 01 Jan 2000 00:00:00 GMT", "Mon, 99 Foo"]
)
def test_20c_a_retry_after_that_says_nothing_is_as_good_as_none(
    world: Any, gap_after: Any, status: int, value: str
) -> None:
    """The past and nonsense mean the same as no Retry-After at all: the first backoff."""
    assert 30 * MINUTE <= gap_after(world.reply(status=status, Retry_After=value)) <= 30 * MINUTE * JITTER


@pytest.mark.parametrize(("days", "pause"), [(6.9, 6.9), (7, 7), (30, 7), (99_999, 7)])
def test_20d_retry_after_is_honoured_to_seven_days(world: Any, gap_after: Any, days: float, pause: float) -> None:
    """Seven days are waited if they are asked for, and no more than that."""
    gap = gap_after(world.reply(status=429, Retry_After=str(int(days * 86_400))))
    assert pause * DAY <= gap <= pause * DAY + 30 * MINUTE


@pytest.mark.parametrize("seconds", ["1", "60"])
def test_20e_a_short_retry_after_does_not_go_below_the_floor(world: Any, gap_after: Any, seconds: str) -> None:
    """A server that asks for a second is not asked after a second."""
    assert gap_after(world.reply(status=503, Retry_After=seconds), hours=2) >= 15 * MINUTE


def test_20f_retry_after_outlives_a_restart(world: Any) -> None:
    """What a server asked for is remembered by the store, not by the process, and binds an operator, too."""
    url = world.feed("/feed", world.reply(status=503, Retry_After="36000"))
    world.poll(url)
    world.restart()
    world.poll(url, force=True)
    world.runs(hours=9)
    assert len(world.asked(url)) == 1


def test_21a_429_without_retry_after_backs_off(world: Any) -> None:
    """Each 429 in a row doubles the pause, from half an hour to six hours; it is never asked again at once."""
    url = world.feed("/feed", world.reply(status=429), host=NEWS)
    world.runs(days=3)
    pauses = [30 * MINUTE, HOUR, 2 * HOUR, 4 * HOUR, *[6 * HOUR] * 9]
    assert len(world.gaps(url)) >= 12
    assert all(pause <= gap <= pause * JITTER for gap, pause in zip(world.gaps(url), pauses, strict=False))


def test_21b_nobody_else_is_pretended_to_be(world: Any) -> None:
    """After a 429 the same request is made again, later: same User-Agent, same headers."""
    url = world.feed("/feed", world.reply(status=429))
    world.runs(days=1)
    assert len(world.asked(url)) > 4
    assert len({request.headers for request in world.asked(url)}) == 1


@pytest.mark.parametrize(
    ("status", "headers"), [(429, {}), (429, {"Retry_After": "7200"}), (503, {"Retry_After": "7200"})]
)
def test_22a_a_site_that_asks_for_it_is_left_alone(world: Any, status: int, headers: dict[str, str]) -> None:
    """A 429 of one feed is heard by all feeds of the registrable domain, whatever their host, and by no others."""
    limited = world.feed("/limited", world.conditional(), world.reply(status=status, **headers), host=NEWS)
    same, sister, other = (world.feed("/feed", host=host) for host in (NEWS, BLOG, OTHER))
    world.runs(minutes=1)
    world.poll(limited)
    end = world.now + (2 * HOUR if headers else 30 * MINUTE)
    world.sleep(minutes=1)
    world.poll(same, sister, other, force=True)
    world.runs(hours=1, minutes=55)
    assert [len([one for one in world.asked(url) if one.at < end]) for url in (limited, same, sister)] == [2, 1, 1]
    assert len(world.asked(other)) >= 3
    world.runs(hours=3)
    assert min(len(world.asked(url)) for url in (same, sister)) > 1


def test_22b_a_pause_outlives_a_restart(world: Any) -> None:
    """A site that asked to be left alone is so by a program that was started again."""
    limited, sister = (
        world.feed("/feed", world.reply(status=429, Retry_After="7200"), host=host) for host in (NEWS, BLOG)
    )
    world.poll(limited)
    world.restart()
    world.runs(hours=1, minutes=55)
    assert (len(world.asked(limited)), len(world.asked(sister))) == (1, 0)


def test_22c_a_pause_holds_for_those_that_wait_already(world: Any) -> None:
    """Feeds whose requests were under way to the host when it said 429 are not asked any more."""
    urls = [world.feed(f"/{number}", world.reply(status=429, Retry_After="7200"), host=NEWS) for number in range(4)]
    world.carry_out(world.claim())
    assert len(world.asked(*urls)) == 1


@pytest.mark.parametrize("host", ["127.0.0.1", "rsshub", "rsshub.lan", "localhost"])
def test_22d_a_private_host_speaks_for_one_feed(world: Any, host: str) -> None:
    """A bridge in one's own network passes on what others said: its other feeds are asked all the same."""
    limited, sister = (world.feed(path, host=host) for path in ("/limited", "/sister"))
    world.says(limited, world.reply(status=429, Retry_After="7200"))
    world.runs(hours=1, minutes=55)
    assert len(world.asked(limited)) == 1
    assert len(world.asked(sister)) > 1


def test_22e_an_independent_feed_speaks_for_itself(world: Any) -> None:
    """With `independent: true` a 429 of the feed says nothing of the others of its host."""
    answer = world.reply(status=429, Retry_After="7200")
    limited = world.feed("/limited", answer, host=NEWS, independent=True)
    sister = world.feed("/sister", host=NEWS)
    world.runs(hours=1, minutes=55)
    assert len(world.asked(limited)) == 1
    assert len(world.asked(sister)) > 1


def test_22f_it_is_the_site_that_answered_which_is_left_alone(world: Any) -> None:
    """Where a redirect led to the 429, the site there is paused, and not the one that redirected."""
    target = world.url("/target", host=OTHER)
    world.says(target, world.reply(status=429, Retry_After="7200"))
    world.poll(world.feed("/moved", world.redirect(302, target), host=NEWS))
    here, there = (world.feed("/feed", host=host) for host in (BLOG, OTHER))
    world.runs(hours=1, minutes=55)
    assert len(world.asked(here)) > 1
    assert world.asked(there) == []


def test_22g_no_redirect_is_followed_to_a_site_that_is_left_alone(world: Any) -> None:
    """A feed elsewhere whose redirect leads to the paused site does not reach it."""
    limited = world.feed("/limited", world.reply(status=429, Retry_After="7200"), host=OTHER)
    world.poll(limited)
    target = world.url("/target", host=OTHER)
    world.says(target, world.conditional())
    world.feed("/moved", world.redirect(302, target), host=NEWS)
    world.runs(hours=1, minutes=55)
    assert world.asked(target) == []


FAILURES = {
    "500": {"status": 500},
    "502": {"status": 502, "body": b"<html>Bad gateway</html>"},
    "503": {"status": 503},
    "404": {"status": 404},
    "401": {"status": 401},
    "403": {"status": 403},
    "451": {"status": 451},
    "418": {"status": 418},
    "204": {"status": 204},
    "no feed": {"body": b"<html><p>Oops</p></html>"},
    "nothing": {"body": b""},
}


def holds_backoff(world: Any, url: str) -> None:
    """Assert that pauses grow from half an hour to a day, and that the operator is told."""
    gaps = [later.at - earlier.at for earlier, later in pairwise(world.log(url)[::-1])]
    pauses = [30 * MINUTE * 2**times for times in range(6)] + [DAY] * 30
    assert len(gaps) >= 27
    assert all(
        pause <= gap <= pause + min(pause * 0.1, 30 * MINUTE) + MINUTE for gap, pause in zip(gaps, pauses, strict=False)
    )
    told = world.standing(url)
    assert told.state is State.FAILING
    assert told.error


@pytest.mark.parametrize("name", FAILURES)
def test_23a_what_fails_is_asked_less_and_less_and_never_forgotten(world: Any, name: str) -> None:
    """For a month of failures pauses double to a day at most; the feed is still asked and shown as failing."""
    url = world.feed("/feed", world.reply(**FAILURES[name]))
    world.runs(days=29)
    holds_backoff(world, url)


@pytest.mark.parametrize("kind", ["dns", "tls", "refused"])
def test_23b_what_cannot_be_reached_is_asked_less_and_less(world: Any, kind: str) -> None:
    """The same holds where there is no answer at all: no such name, no encryption, nobody who listens."""
    world.names.addresses["gone.com"] = []
    url = {
        "dns": world.url("/feed", host="gone.com"),
        "tls": world.url("/feed", host=NEWS).replace("http:", "https:"),
        "refused": f"http://{NEWS}:2/",
    }[kind]
    world.source(url)
    world.runs(days=29)
    assert world.seen == []
    holds_backoff(world, url)


def test_23c_a_server_that_hangs_is_asked_less_and_less(world: Any) -> None:
    """A timeout is a failure like any other."""
    world.network = world.network.model_copy(update={"timeout": timedelta(milliseconds=500)})
    url = world.feed("/feed", world.hangs())
    world.runs(hours=5)
    pauses = [later.at - earlier.at for earlier, later in pairwise(world.log(url)[::-1])]
    assert len(pauses) == 3
    assert all(
        least * MINUTE <= pause <= least * MINUTE * JITTER for least, pause in zip((30, 60, 120), pauses, strict=True)
    )
    assert world.standing(url).state is State.FAILING


def test_23d_a_good_answer_ends_the_backoff(world: Any) -> None:
    """After failures one success brings back the usual pause, and the next failure starts anew."""
    ok, bad = world.conditional(), world.reply(status=500)
    url = world.feed("/feed", bad, bad, bad, bad, ok, bad, ok)
    world.runs(hours=12)
    assert 30 * MINUTE <= world.gaps(url)[5] <= 30 * MINUTE * JITTER
    assert (world.state(url).errors, world.standing(url).state) == (0, State.OK)


def test_23e_when_our_own_network_is_down_no_feed_is_blamed(world: Any) -> None:
    """While most hosts cannot even be looked up, no counter moves; when they can, all are asked soon."""
    hosts = [f"site-{number}.com" for number in range(8)]
    urls = [world.feed("/feed", host=host, interval=HOUR) for host in hosts]
    world.runs(minutes=5)
    world.names.addresses |= {host: [] for host in hosts}
    world.runs(hours=6)
    assert world.pipeline.network_down
    assert [(state.errors, state.error) for state in map(world.state, urls)] == [(0, None)] * 8
    world.names.addresses.clear()
    before = len(world.seen)
    world.runs(minutes=30)
    assert len({request.url for request in world.seen[before:]}) == 8


def test_23f_one_dead_host_among_many_is_blamed(world: Any) -> None:
    """Where the others can be reached, the one that cannot is at fault."""
    urls = [world.feed("/feed", host=f"site-{number}.com") for number in range(8)]
    world.runs(minutes=5)
    world.names.addresses["site-3.com"] = []
    world.runs(hours=6)
    assert [world.state(url).errors > 0 for url in urls] == [number == 3 for number in range(8)]


def test_24a_404_backs_off_and_is_flagged(world: Any) -> None:
    """A feed that is not found is shown as failing, with what to do, and asked later each time."""
    url = world.feed("/feed", world.conditional(), world.reply(status=404))
    world.runs(days=2)
    told = world.standing(url)
    assert (told.state, told.remedy) == (State.FAILING, "Check the address: it may have moved.")
    assert 5 < len(world.asked(url)) < 10


def test_24b_410_ends_polling_and_keeps_items(world: Any) -> None:
    """A feed that is gone is not asked again by itself, not after a restart either; what it brought stays."""
    url = world.feed("/feed", world.conditional(), world.reply(status=410))
    world.poll(url)
    (report,) = world.poll(url)
    assert report.outcome is Outcome.GONE
    world.runs(days=40)
    world.restart()
    world.runs(days=40)
    world.poll(every=True, force=False)
    assert len(world.asked(url)) == 2
    assert world.standing(url).state is State.GONE
    assert world.titles() == {"one", "two", "three"}


def test_24c_410_is_asked_again_by_hand(world: Any) -> None:
    """Who names the feed has it asked; a good answer makes it a feed like any other."""
    url = world.feed("/feed", world.conditional(), world.reply(status=410), world.conditional())
    world.poll(url)
    world.poll(url)
    world.sleep(days=3)
    world.poll(url, force=False)
    assert world.standing(url).state is State.OK
    world.runs(days=1)
    assert len(world.asked(url)) > 3


@pytest.fixture
def moves(world: Any) -> Callable[..., str]:
    """Let a feed that is asked every second day be redirected for three weeks; return what is asked in the end."""

    def run(*hops: int, body: bytes | None = None) -> str:
        urls = [world.url(f"/{number}", host=HERE) for number in range(len(hops))]
        urls.append(world.url("/new", host=THERE))
        for hop, status in enumerate(hops):
            world.says(urls[hop], world.redirect(status, urls[hop + 1]))
        world.says(urls[-1], world.conditional() if body is None else world.reply(body))
        world.feed("/0", world.answers[urls[0]][0], host=HERE, interval=2 * DAY)
        world.runs(days=21)
        asked: str = world.state(urls[0]).fetch_url
        return asked.replace(f":{world.port}", "")

    return run


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_25a_a_redirect_is_followed_at_once(world: Any, status: int) -> None:
    """Whatever the kind of redirect, the feed is read where it leads to."""
    new = world.url("/new", host=THERE)
    world.says(new, world.conditional())
    (report,) = world.poll(world.feed("/old", world.redirect(status, new), host=HERE))
    assert (report.outcome, report.new) == (Outcome.NEW, 3)


@pytest.mark.parametrize("status", [301, 308])
def test_25b_a_permanent_redirect_is_adopted(world: Any, moves: Any, status: int) -> None:
    """After seven days and three sightings the new address is the one that is asked; the operator is told."""
    assert moves(status) == f"http://{THERE}/new"
    old = world.url("/0", host=HERE)
    told = [request.at for request in world.asked(old)]
    assert told[-1] - told[0] >= 7 * DAY
    assert told[-2] - told[0] < 7 * DAY
    assert world.asked(world.url("/new", host=THERE))[-1].at > told[-1]
    assert f"http://{THERE}" in world.standing(old).remedy


def test_25c_many_sightings_within_seven_days_are_no_proof(world: Any) -> None:
    """A mistake or a captive portal of some days changes nothing, however often it is seen."""
    new = world.url("/new", host=THERE)
    world.says(new, world.conditional())
    url = world.feed("/old", world.redirect(301, new), host=HERE)
    world.runs(days=6, hours=22)
    assert len(world.asked(url)) > 50
    world.says(url, world.conditional())
    world.runs(days=10)
    assert world.state(url).fetch_url == url
    assert world.asked(url)[-1].at > world.asked(new)[-1].at


def test_25d_two_sightings_are_no_proof(world: Any) -> None:
    """A feed that is asked once a week is not moved by its second redirect, but by its third."""
    new = world.url("/new", host=THERE)
    world.says(new, world.conditional())
    url = world.feed("/old", world.redirect(301, new), host=HERE, interval=10 * DAY)
    world.runs(days=19)
    assert world.state(url).fetch_url == url
    world.runs(days=5)
    assert world.state(url).fetch_url == new


def test_25e_a_redirect_that_pauses_begins_anew(world: Any) -> None:
    """Seven days count while the server tells the same each time; in between the feed itself ends the proof."""
    new = world.url("/new", host=THERE)
    world.says(new, world.conditional())
    moved, here = world.redirect(301, new), world.conditional()
    url = world.feed("/old", moved, moved, here, moved, moved, here, host=HERE, interval=4 * DAY)
    world.runs(days=30)
    assert world.state(url).fetch_url == url


@pytest.mark.parametrize("hops", [(302,), (303,), (307,), (301, 302), (302, 301), (308, 307, 301)])
def test_25f_a_temporary_hop_is_never_adopted(moves: Any, hops: tuple[int, ...]) -> None:
    """One hop that is not permanent keeps the configured address."""
    assert moves(*hops) == f"http://{HERE}/0"


def test_25g_permanent_hops_are_adopted_together(moves: Any) -> None:
    """Several hops, all permanent, are as good as one."""
    assert moves(301, 308, 301) == f"http://{THERE}/new"


@pytest.mark.parametrize("body", [b"<html><p>Our new site!</p></html>", b"", b"{}"])
def test_25h_what_is_no_feed_is_never_adopted(moves: Any, body: bytes) -> None:
    """A redirect to a page is a failure, not a move."""
    assert moves(301, body=body) == f"http://{HERE}/0"


def test_25i_loops_and_long_ways_are_errors(world: Any) -> None:
    """A circle ends when it closes, and no way has more than five redirects."""
    circle = world.feed("/circle", world.redirect(301, world.url("/back")))
    world.says(world.url("/back"), world.redirect(301, circle))
    for hop in range(6):
        world.says(world.url(f"/{hop}"), world.redirect(301, world.url(f"/{hop + 1}")))
    world.says(world.url("/6"), world.conditional())
    long, short = (world.feed(path, world.redirect(301, world.url(to))) for path, to in (("/l", "/1"), ("/s", "/2")))
    reports = {report.url: report for report in world.poll(circle, long, short)}
    assert "in a circle" in reports[circle].error
    assert "more than 5 times" in reports[long].error
    assert reports[short].error is None
    assert len(world.asked(circle, world.url("/back"))) == 2


def test_25j_no_way_from_https_to_http_is_adopted(world: Any) -> None:
    """A redirect that gives up encryption is followed, but never for good."""
    plain = world.url("/new", host=NEWS)
    world.says(plain, world.conditional())
    url = world.feed("/old", world.redirect(301, plain), host=NEWS, secure=True, verify=False, interval=2 * DAY)
    world.runs(days=21)
    assert (len(world.asked(url)), len(world.asked(plain))) == (11, 11)
    assert world.state(url).fetch_url == url


@pytest.mark.parametrize("body", [b"<html><p>Back soon</p></html>", b"", b" \n", b"{}"])
@pytest.mark.parametrize("emptied", [False, True])
def test_26_a_broken_200_costs_nothing(world: Any, body: bytes, emptied: bool) -> None:
    """A page, nothing at all, or a feed without items: old items stay, validators too, and it is flagged."""
    answer = world.reply(world.rss() if emptied else body, ETag='"broken"')
    url = world.feed("/feed", world.conditional(), answer, answer, world.conditional())
    world.poll(url)
    world.poll(url)
    assert world.titles() == {"one", "two", "three"}
    assert world.standing(url).state is State.FAILING
    assert world.standing(url).error
    world.poll(url)
    world.poll(url)
    assert [request.get("If-None-Match") for request in world.asked(url)] == [None, '"x"', '"x"', '"x"']
    assert (world.standing(url).state, world.log(url)[0].outcome) == (State.OK, Outcome.NOT_MODIFIED)


@pytest.mark.parametrize("status", [401, 403, 451])
def test_27a_a_refusal_is_taken_and_told(world: Any, status: int) -> None:
    """Who refuses us is asked less and less as who we are, and the operator is told what to do."""
    url = world.feed("/feed", world.reply(status=status), host=NEWS)
    world.runs(days=5)
    assert len({request.headers for request in world.asked(url)}) == 1
    assert DAY <= world.gaps(url)[-1] <= DAY + 30 * MINUTE
    told = world.standing(url)
    assert told.state is State.FAILING
    assert str(status) in told.error
    assert told.remedy


@pytest.mark.parametrize("status", [403, 429, 503])
def test_27b_a_check_for_robots_is_named(world: Any, status: int) -> None:
    """When not the publisher but a challenge answered, the message says so."""
    url = world.feed("/feed", world.reply(status=status, cf_mitigated="challenge"))
    (report,) = world.poll(url)
    assert "cf-mitigated: challenge" in report.error
    assert "cf-mitigated: challenge" in world.standing(url).error
