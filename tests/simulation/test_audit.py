"""The audit can fail: it finds nothing in a calm day, and each impolite request that is planted there."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from simulated.audit import RULES, audit
from simulated.log import Day, Line, Resource, Round
from simulated.population import hour

if TYPE_CHECKING:
    from collections.abc import Callable

SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
DATE = "Fri, 01 May 2026 16:00:00 GMT"
FEEDS = {
    "a": Resource("a", "one.site.com", "site.com", "/a", ttl=timedelta(hours=2)),
    "b": Resource("b", "one.site.com", "site.com", "/b", skip_hours=frozenset({20}), skip_days=frozenset({6})),
    "c": Resource("c", "two.site.com", "site.com", "/c"),
    "d": Resource("d", "www.other.org", "other.org", "/d", interval=timedelta(hours=3)),
    "e": Resource("e", "www.third.net", "third.net", "/e", independent=True),
}
AGENT = (
    ("User-Agent", "aggregator/1 (+https://reader.example/; feed-id 1)"),
    ("Accept", "application/atom+xml"),
    ("Accept-Encoding", "gzip"),
)


def line(feed: str, when: float, status: int = 200, verdict: Any = None, **answer: str) -> Line:
    """Return a request that took a second, `when` in hours; underscores in names of headers stand for hyphens."""
    resource, at = FEEDS[feed], hour(when)
    return Line(
        at,
        at + SECOND,
        at + SECOND,
        feed,
        resource.host,
        resource.target,
        headers=AGENT,
        status=status,
        answer={"Date": DATE, **{name.replace("_", "-"): value for name, value in answer.items()}},
        verdict=verdict or ("good" if status in (200, 304) else "failure"),
    )


def knowing(one: Line, **conditions: str) -> Line:
    """Return a request with validators."""
    named = tuple((name.replace("_", "-"), value) for name, value in conditions.items())
    return replace(one, headers=one.headers + named)


def calm(*planted: Line, rounds: tuple[Round, ...] = (), restarts: tuple[float, ...] = ()) -> Day:
    """Return a calm day with some more requests in it."""
    lines = [
        line("a", 1, ETag='"1"'),
        knowing(line("a", 3.1, 304, ETag='"1"'), If_None_Match='"1"'),
        line("b", 1.5, ETag='"x"'),
        line("c", 1.5, ETag='"y"', Cache_Control="max-age=7200"),
        line("d", 2, Last_Modified=DATE),
        line("e", 2),
    ]
    return Day(
        sorted([*lines, *planted], key=lambda one: one.at),
        FEEDS,
        {each.host: each.site for each in FEEDS.values()},
        list(rounds),
        [hour(restart) for restart in restarts],
        [(hour(30), hour(30.5))],
    )


def c(when: float, status: int = 200, **answer: str) -> Line:
    """Return a request for c that knows what it was given."""
    return knowing(line("c", when, status, **answer), If_None_Match='"y"')


def moved(one: Line, by: timedelta) -> Line:
    """Return a request that was made later."""
    return replace(one, at=one.at + by, sent=one.sent + by, end=one.end + by)


BAD = "failure"
LATER = {"If_None_Match": '"x"'}
PLANTED: dict[str, list[Callable[[], Day]]] = {
    "one_at_a_time": [lambda: calm(moved(line("a", 1.5), SECOND / 2))],
    "gap": [lambda: calm(moved(knowing(line("a", 1.5), If_None_Match='"1"'), 2 * SECOND))],
    "min_interval": [
        lambda: calm(knowing(line("b", 1.7), **LATER)),
        lambda: calm(
            knowing(line("b", 1.55), **LATER), rounds=(Round(hour(1.54), hour(1.56), frozenset(FEEDS)),)
        ),
    ],
    "after_restart": [lambda: calm(knowing(line("b", 1.7), **LATER), restarts=(1.6,))],
    "fresh": [
        lambda: calm(c(3.4)),
        lambda: calm(line("e", 3.1, Expires="Fri, 01 May 2026 18:00:00 GMT"), line("e", 4.5)),
        lambda: calm(line("e", 3.1, Cache_Control="max-age=7200", Age="3500"), line("e", 4.1)),
    ],
    "blind": [lambda: calm(line("e", 2.9))],
    "hinted": [
        lambda: calm(knowing(line("a", 2.9), If_None_Match='"1"')),
        lambda: calm(knowing(line("d", 4.9), If_Modified_Since=DATE)),
    ],
    "retry": [
        lambda: calm(line("e", 4, 503, Retry_After="7200"), line("e", 5.9)),
        lambda: calm(line("e", 4, 429, Retry_After="Fri, 01 May 2026 18:00:00 GMT"), line("e", 5.9)),
        lambda: calm(
            line("e", 4, 429, Retry_After="7200"),
            line("e", 5.9),
            rounds=(Round(hour(5.9), hour(6), frozenset("e")),),
        ),
    ],
    "site": [
        lambda: calm(c(4, 429), knowing(line("b", 4.4), **LATER)),
        lambda: calm(c(4, 503, Retry_After="3600"), knowing(line("b", 4.9), **LATER)),
        lambda: calm(replace(line("d", 6, 429), host="two.site.com"), knowing(line("b", 6.4), **LATER)),
    ],
    "backoff": [
        lambda: calm(line("e", 4, 500), line("e", 4.4)),
        lambda: calm(line("e", 4, 500), line("e", 4.6, 500), line("e", 5.5)),
        lambda: calm(line("e", 4, 200, BAD), line("e", 4.6, 0, BAD), line("e", 5.7, 404), line("e", 7.6)),
        lambda: calm(*(line("e", 4 + hours, 429) for hours in (0, 1, 3, 6, 11, 17, 22.9))),
    ],
    "gone": [lambda: calm(line("e", 4, 410), line("e", 28))],
    "skipped": [
        lambda: calm(knowing(line("b", 5.5), **LATER)),
        lambda: calm(knowing(line("b", 34), **LATER)),
    ],
    "validators": [
        lambda: calm(line("c", 4)),
        lambda: calm(knowing(line("c", 4), If_None_Match="y")),
        lambda: calm(knowing(line("e", 4), If_Modified_Since=DATE)),
        lambda: calm(knowing(line("d", 6, 200, BAD, ETag='"no"'), If_None_Match='"no"', If_Modified_Since=DATE)),
    ],
    "address": [
        lambda: calm(replace(line("e", 4), target="/e?_=1")),
        lambda: calm(replace(line("e", 4), host="www.new.net")),
    ],
    "headers": [
        lambda: calm(replace(line("e", 4), method="HEAD")),
        *(lambda name=name: calm(knowing(line("e", 4), **{name: "x"})) for name in ("Cookie", "Referer")),
        lambda: calm(replace(line("e", 4), headers=(("User-Agent", "Mozilla/5.0"), *AGENT[1:]))),
    ],
    "hops": [
        lambda: calm(
            *(line("e", 4 + number / 1000, 302, "redirect", Location="http://www.third.net/e") for number in range(3))
        )
    ],
    "outage": [
        lambda: calm(line("e", 30.1)),
        lambda: calm(*(moved(line("e", 30.5), SECOND * number / 100) for number in range(5))),
    ],
}  # fmt: skip


def test_a_calm_day() -> None:
    """Nothing is found where nothing is wrong."""
    assert not any(audit(calm()).values())


@pytest.mark.parametrize(
    ("rule", "plant"),
    [(rule, plant) for rule, plants in PLANTED.items() for plant in plants],
    ids=lambda one: str(one)[:14],
)
def test_planted(rule: str, plant: Callable[[], Day]) -> None:
    """Each rule finds the request that breaks it, and shows it."""
    day = plant()
    day.sites |= {one.host: "elsewhere.net" for one in day.lines if one.host not in day.sites}
    found = audit(day)[rule]
    assert found
    assert all(message.count("\n") == 2 for message in found), "each shows two lines of the log"


def test_every_rule_is_proved() -> None:
    """No rule is without a planted request."""
    assert set(PLANTED) == {rule.__name__ for rule in RULES}


def test_what_is_allowed() -> None:
    """A round by hand within 15 minutes, a redirect that is followed, and an independent 429 break no rule."""
    by_hand = knowing(line("b", 1.65), **LATER)
    hop = knowing(line("d", 6, 302, "redirect", Location="http://www.third.net/moved/d"), If_Modified_Since=DATE)
    there = replace(moved(hop, 3 * SECOND), host="www.third.net", target="/moved/d", status=304, verdict="good")
    alone = (line("e", 7, 429, Retry_After="3600"), line("e", 8.1, 404), line("e", 9.2))
    day = calm(by_hand, hop, there, *alone, rounds=(Round(hour(1.64), hour(1.66), frozenset("b")),))
    assert [lines for lines in audit(day).values() if lines] == []
