"""Statuses that are no document: when it is asked again, in which words it is told, and that nothing is lost."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from aggregator.decide.health import State, state_of
from aggregator.model import Outcome

if TYPE_CHECKING:
    from collections.abc import Callable

    Answer = Callable[..., bytes]

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.mark.fault("F17")
@pytest.mark.parametrize(
    ("status", "headers", "words", "remedy"),
    [
        ("404 Not Found", (), r"^404 Not Found\.$", "it may have moved"),
        ("401 Unauthorized", (), r"^401 Unauthorized\.$", "wants a login"),
        ("402 Payment Required", (), r"^402 Payment Required\.$", "paid"),
        ("403 Forbidden", (), r"^403 Forbidden\.$", "refuses us"),
        ("403 Forbidden", ("cf-mitigated: challenge",), r"^403 .*check for robots.*cf-mitigated", "let feed readers"),
        ("429 Too Many Requests", (), r"^429 Too Many Requests\.$", "fewer requests"),
        ("451 Gone Too", (), r"^451 ", "legal"),
        ("500 Oops", (), r"^500 Internal Server Error\.$", "asked again later"),
        ("502 Oops", (), r"^502 Bad Gateway\.$", "asked again later"),
        ("503 Oops", (), r"^503 Service Unavailable\.$", "asked again later"),
        ("503 Oops", ("cf-mitigated: challenge",), r"^503 .*check for robots", "let feed readers"),
        ("599 Oops", (), r"^599 an unknown status\.$", "asked again later"),
    ],
)
def test_F17_a_status_is_told_with_its_remedy(
    status: str, headers: tuple[str, ...], words: str, remedy: str, world: Any, answer: Answer
) -> None:
    """Whatever the status, the feed alone fails, keeps what it had, backs off, and recovers."""
    page = answer(b"<html>nothing here</html>", 'ETag: "bad"', *headers, status=status)
    assert remedy in world.suffers(page, words).remedy


@pytest.fixture
def well(world: Any, answer: Answer, rss: Any) -> str:
    """Return the address of a feed that was read once."""
    url: str = world.origin.url()
    world.origin.answers["/feed"] = answer(rss("one", "two", "three"), 'ETag: "good"')
    world.configure(url)
    world.round().check_healthy()
    world.later(days=2)
    return url


@pytest.mark.fault("F17")
def test_F17_a_feed_that_is_gone_is_not_asked_again(well: str, world: Any, answer: Answer) -> None:
    """410 stops: it is said, entries stay, and no round asks by itself; back by hand, it is a feed as before."""
    good, world.origin.answers["/feed"] = world.origin.answers["/feed"], answer(status="410 Gone")
    told = world.round(due=True)
    told.check_healthy()
    assert told[well].outcome is Outcome.GONE
    feed = world.feed(well)
    assert (state_of(feed, world.now), feed.next_poll_at, feed.reason) == (
        State.GONE,
        None,
        "410 Gone: not asked again",
    )
    assert feed.error == "410 Gone."
    assert "remove it from feeds.yaml" in feed.remedy
    asked = len(world.origin.seen)
    for _ in range(3):
        world.later(days=30)
        world.round(due=True).check_healthy()
    assert len(world.origin.seen) == asked
    assert world.titles(well) == {"one", "two", "three"}
    world.origin.answers["/feed"] = good
    world.round().check_healthy()
    feed = world.feed(well)
    assert (feed.gone, feed.errors, state_of(feed, world.now)) == (False, 0, State.OK)


@pytest.mark.fault("F17")
@pytest.mark.parametrize(
    ("status", "hours"),
    [
        ("404 Not Found", [0.5, 1, 2, 4, 8, 16, 24, 24]),
        ("403 Forbidden", [0.5, 1, 2, 4, 8, 16, 24, 24]),
        ("500 Oops", [0.5, 1, 2, 4, 8, 16, 24, 24]),
        ("429 Too Many Requests", [0.5, 1, 2, 4, 6, 6, 6, 6]),
    ],
)
def test_F17_backoff_doubles_to_its_limit(
    status: str, hours: list[float], well: str, world: Any, answer: Answer
) -> None:
    """Failure after failure is asked more seldom: at least once a day, after 429 every six hours; entries stay."""
    world.origin.answers["/feed"] = answer(status=status)
    waits = []
    for _ in hours:
        assert world.round(due=True)[well].outcome is Outcome.ERROR
        waits.append((world.feed(well).next_poll_at - world.now) / HOUR)
        world.now = world.feed(well).next_poll_at
    assert waits == hours
    assert world.titles(well) == {"one", "two", "three"}


@pytest.mark.fault("F17")
@pytest.mark.parametrize(
    ("status", "value", "wait"),
    [
        pytest.param(429, "7200", 2 * HOUR, id="seconds"),
        pytest.param(503, "7200", 2 * HOUR, id="seconds of 503"),
        pytest.param(429, "Thu, 07 May 2026 12:00:00 GMT", DAY, id="date"),
        pytest.param(503, "Thu, 07 May 2026 12:00:00 GMT", DAY, id="date of 503"),
        pytest.param(429, "999999999", 7 * DAY, id="absurd seconds"),
        pytest.param(503, "99999999999999999999999999", 7 * DAY, id="more than a number"),
        pytest.param(503, "Fri, 31 Dec 9999 23:59:59 GMT", 7 * DAY, id="absurd date"),
        pytest.param(429, "-5", HOUR / 2, id="negative"),
        pytest.param(503, "-5", HOUR / 2, id="negative of 503"),
        pytest.param(429, "Mon, 04 May 2020 12:00:00 GMT", HOUR / 2, id="past"),
        pytest.param(503, "soon", HOUR / 2, id="no number"),
        pytest.param(429, "60", HOUR / 4, id="less than min_interval"),
    ],
)
def test_F17_retry_after_is_obeyed_up_to_a_week(
    status: int, value: str, wait: timedelta, well: str, world: Any, answer: Answer
) -> None:
    """Seconds or date, at most seven days; nonsense counts as nothing said. Not even --force asks sooner."""
    world.origin.answers["/feed"] = answer(b"", f"Retry-After: {value}", status=f"{status} No")
    world.round(due=True).check_healthy()
    feed = world.feed(well)
    assert feed.next_poll_at - world.now == wait
    asked = len(world.origin.seen)
    world.later(minutes=0.9)
    forced = world.round()
    forced.check_healthy()
    obeyed = wait != HOUR / 2
    assert (forced[well].outcome is Outcome.SKIPPED, len(world.origin.seen) == asked) == (obeyed, obeyed)


@pytest.mark.fault("F17")
def test_F17_a_429_speaks_for_its_site_alone(world: Any, answer: Answer) -> None:
    """Other feeds of the site are left alone meanwhile, with the reason; those of other sites are not."""
    first, second = (world.origin.url(f"/{host}", host=f"{host}.publisher.com") for host in ("a", "b"))
    world.origin.answers |= {
        "/a": answer(b"", "Retry-After: 7200", status="429 Too Many Requests"),
        "/b": (0.3, answer(world.rss("b"))),
    }
    world.configure(first, second)
    world.round().check_healthy()
    assert world.titles(second) == {"b"}
    asked = len(world.origin.seen)
    world.later(hours=1)
    again = world.round()
    again.check_healthy()
    assert (again[second].outcome, len(world.origin.seen)) == (Outcome.SKIPPED, asked)
    assert "its host asked to be left alone" in again[second].reason
    world.later(hours=1.1)
    world.origin.answers["/a"] = answer(world.rss("a"))
    world.round().check_healthy()
    assert world.titles(first) == {"a"}
