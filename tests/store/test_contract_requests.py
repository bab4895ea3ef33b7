"""The contract of protocols.Requests, on every backend."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aggregator.config.settings import FeedSettings
from aggregator.decide.cadence import NextPoll
from aggregator.model import Outcome, Request, RequestKind
from aggregator.store.protocols import PollRecord

if TYPE_CHECKING:
    from collections.abc import Iterable

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)
SECOND, HOUR = timedelta(seconds=1), timedelta(hours=1)
A, B, C = "https://a.example/feed", "https://b.example/feed", "https://c.example/feed"


def _due(desk: Any, dues: dict[str, datetime | None], *, now: datetime = NOON) -> None:
    """Make sources known and due at these times."""
    desk.sync(*dues, at=now)
    requests = desk.take(*dues, now=now)
    with desk.store.transaction() as tx:
        for request in requests:
            tx.requests.reschedule(request, NextPoll(dues[request.feed.url], "test"))


def _urls(requests: Iterable[Request]) -> list[str]:
    return [request.feed.url for request in requests]


def _reschedule(desk: Any, request: Request, then: NextPoll) -> None:
    with desk.store.transaction() as tx:
        tx.requests.reschedule(request, then)


def _pause(desk: Any, site: str, until: datetime) -> None:
    with desk.store.transaction() as tx:
        tx.requests.pause_site(site, until, "429")


def _paused_until(desk: Any, site: str, now: datetime = NOON) -> datetime | None:
    with desk.store.snapshot() as tx:
        found: datetime | None = tx.requests.pauses(now).get(site)
    return found


def test_request(desk: Any) -> None:
    """A claimed request says what to ask, of which host, and all that is known of the source."""
    desk.sync("https://A.example:8443/feed")
    (request,) = desk.claim()
    assert (request.kind, request.host) == (RequestKind.POLL, "a.example:8443")
    assert request.feed == desk.feed("https://A.example:8443/feed")


def test_longest_due_first(desk: Any) -> None:
    """Requests come in the order in which they became due, no more than asked for, and none before its time."""
    _due(desk, {A: NOON + HOUR, B: NOON - HOUR, C: NOON, "https://d.example/": NOON - 2 * HOUR})
    assert _urls(desk.claim(limit=2)) == ["https://d.example/", B]
    assert _urls(desk.claim(NOON - SECOND)) == []
    assert _urls(desk.claim()) == [C]
    assert desk.claim() == []


def test_never_due(desk: Any) -> None:
    """A request without a due time is never due by itself, but may be taken by name."""
    _due(desk, {A: None})
    assert desk.claim(NOON + 1000 * HOUR) == []
    assert desk.feed(A).next_poll_at is None
    assert _urls(desk.take(A)) == [A]


def test_no_limit_no_request(desk: Any) -> None:
    """Where there is no room nothing is taken."""
    desk.sync(A)
    assert desk.claim(limit=0) == []
    assert desk.claim(per_host=0) == []
    assert _urls(desk.claim()) == [A]


def test_lease(desk: Any) -> None:
    """What is taken nobody else gets, by its due time or by name, until the lease is over."""
    desk.sync(A)
    assert _urls(desk.claim(lease_s=60)) == [A]
    almost = NOON + 59 * SECOND
    assert desk.claim(almost) == []
    assert desk.take(A, now=almost) == []
    assert _urls(desk.take(A, now=NOON + 60 * SECOND)) == [A]
    assert _urls(desk.claim(NOON + 120 * SECOND)) == [A]


def test_few_of_one_host(desk: Any) -> None:
    """At most `per_host` of a host are out at a time, those taken before counted, and the longest due first."""
    urls = [f"https://a.example/{number}" for number in range(5)]
    _due(desk, {url: NOON - HOUR + number * SECOND for number, url in enumerate(urls)})
    first = desk.claim(per_host=2)
    assert _urls(first) == urls[:2]
    assert desk.claim(per_host=2) == []
    assert _urls(desk.claim(per_host=3)) == urls[2:3]
    _reschedule(desk, first[0], NextPoll(NOON + HOUR, "test"))
    assert _urls(desk.claim(per_host=3)) == urls[3:4]


def test_requests_taken_by_name_count_for_their_host(desk: Any) -> None:
    """What an operator polls by name takes its host's place too."""
    desk.sync("https://a.example/1", "https://a.example/2", B)
    desk.take("https://a.example/1")
    assert _urls(desk.claim(per_host=1)) == [B]


def test_one_host_keeps_nobody_waiting(desk: Any) -> None:
    """Thousands of requests to one host that are due longer do not hide those of others."""
    crowd = {f"https://big.example/{number}": NOON - HOUR for number in range(2000)}
    _due(desk, {**crowd, A: NOON, B: NOON})
    assert Counter(request.host for request in desk.claim(limit=10, per_host=4)) == {
        "big.example": 4, "a.example": 1, "b.example": 1,
    }  # fmt: skip


def test_paused_host(desk: Any) -> None:
    """Nothing is asked of a paused host, by due time or by name, until its pause is over."""
    desk.sync(A, B)
    _pause(desk, "a.example", NOON + HOUR)
    assert desk.take(A) == []
    assert _urls(desk.claim()) == [B]
    assert _urls(desk.claim(NOON + HOUR)) == [B, A]


def test_no_stampede_after_a_pause(desk: Any) -> None:
    """What would be due while a site is paused is spread over the half hour after it, in its order, whatever its host."""
    urls = [f"https://{host}.example.org/" for host in "abcdef"]
    _due(desk, {url: NOON + SECOND * place for place, url in enumerate(urls)} | {A: NOON + 3 * HOUR})
    _pause(desk, "example.org", NOON + HOUR)
    due = [desk.feed(url).next_poll_at - (NOON + HOUR) for url in urls]
    assert due == [30 * SECOND * place for place in range(6)]
    assert desk.feed(urls[0]).reason == "its site asked to be left alone"
    assert desk.feed(A).next_poll_at == NOON + 3 * HOUR


def test_later_pause_wins(desk: Any) -> None:
    """A second pause can only make the first one longer."""
    assert _paused_until(desk, "a.example") is None
    _pause(desk, "a.example", NOON + HOUR)
    _pause(desk, "a.example", NOON + SECOND)
    assert _paused_until(desk, "a.example") == NOON + HOUR
    _pause(desk, "a.example", NOON + 2 * HOUR)
    assert _paused_until(desk, "a.example") == NOON + 2 * HOUR
    assert _paused_until(desk, "a.example", NOON + 2 * HOUR) is None
    assert _paused_until(desk, "b.example") is None


def test_a_pause_that_is_over_is_forgotten(desk: Any) -> None:
    """A claim drops pauses that have ended, and no others: each claim reads all that there are."""
    _pause(desk, "a.example", NOON + HOUR)
    desk.claim(NOON + HOUR - SECOND)
    assert _paused_until(desk, "a.example") == NOON + HOUR
    desk.claim(NOON + HOUR)
    assert _paused_until(desk, "a.example") is None


def test_not_before(desk: Any) -> None:
    """Before the time that its server asked for, a request is taken neither by name nor because it is due."""
    desk.sync(A)
    (request,) = desk.claim()
    _reschedule(desk, request, NextPoll(NOON, "test", NOON + HOUR))
    assert desk.feed(A).not_before == NOON + HOUR
    assert desk.claim() == desk.take(A) == []
    assert _urls(desk.take(A, now=NOON + HOUR)) == [A]


def test_reschedule(desk: Any) -> None:
    """A rescheduled request is due then, for the reason given, and nobody holds it."""
    desk.sync(A)
    (request,) = desk.claim()
    _reschedule(desk, request, NextPoll(NOON + HOUR, "max-age=3600", NOON + SECOND))
    _reschedule(desk, request, NextPoll(NOON + HOUR, "max-age=3600"))
    feed = desk.feed(A)
    assert (feed.next_poll_at, feed.reason, feed.not_before) == (NOON + HOUR, "max-age=3600", None)
    assert desk.claim(NOON + HOUR - SECOND) == []
    assert _urls(desk.claim(NOON + HOUR)) == [A]


def test_give_back(desk: Any) -> None:
    """A request that is given back is due as it was; others stay taken."""
    desk.sync(A, B)
    before = desk.feed(A)
    first, _ = desk.claim()
    with desk.store.transaction() as tx:
        tx.requests.give_back([first])
    assert desk.feed(A) == before
    assert _urls(desk.claim()) == [A]


def test_void_leases(desk: Any) -> None:
    """A new writer takes over what a dead one held."""
    desk.sync(A, B)
    desk.claim(lease_s=1000)
    with desk.store.transaction() as tx:
        tx.requests.void_leases()
    assert _urls(desk.claim()) == [A, B]


def test_claim_by_name(desk: Any) -> None:
    """Sources are taken by name before they are due; unknown ones, and those that were not named, are left."""
    _due(desk, {A: NOON + HOUR, B: NOON + HOUR, C: NOON})
    assert sorted(_urls(desk.take(A, B, "https://unknown.example/"))) == [A, B]
    assert desk.take() == []


def test_stale_request_harms_nobody(desk: Any) -> None:
    """What is still out for a source that left the configuration never touches another source's request."""
    desk.sync(A)
    (stale,) = desk.claim()
    desk.sync(B)
    _reschedule(desk, stale, NextPoll(None, "stale"))
    with desk.store.transaction() as tx:
        tx.requests.give_back([stale])
    assert desk.feed(B).reason == "never polled"
    assert _urls(desk.claim()) == [B]


_queue = st.lists(st.tuples(st.integers(0, 3), st.integers(-5, 2)), max_size=12)


_runs = count()


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(queue=_queue, limit=st.integers(0, 8), per_host=st.integers(1, 3), paused=st.sets(st.integers(0, 3)))
def test_claims_follow_the_law(
    desk: Any, *, queue: list[tuple[int, int]], limit: int, per_host: int, paused: set[int]
) -> None:
    """Whatever is due: two claims in a row take what a plain walk through the queue takes."""
    hosts = [f"h{host}run{next(_runs)}.example" for host in range(4)]
    urls = [f"https://{hosts[host]}/{place}" for place, (host, _) in enumerate(queue)]
    dues = {url: NOON + due * HOUR for url, (_, due) in zip(urls, queue, strict=True)}
    _due(desk, dues, now=NOON - 10 * HOUR)
    for host in paused:
        _pause(desk, hosts[host], NOON + HOUR)
    found = [_urls(desk.claim(limit=limit, per_host=per_host)) for _ in range(2)]
    held: Counter[int] = Counter()
    walk = sorted((due, place, host) for place, (host, due) in enumerate(queue) if due <= 0 and host not in paused)
    for claimed in found:
        expected = []
        for due, place, host in list(walk):
            if len(expected) < limit and held[host] < per_host:
                held[host] += 1
                walk.remove((due, place, host))
                expected.append(urls[place])
        assert claimed == expected


@pytest.mark.parametrize("address", ["https://a.example/feed", "http://a.example:80/feed"])
def test_host_of_request(desk: Any, address: str) -> None:
    """A scheme's own port does not make another host."""
    desk.sync(FeedSettings(url=address))
    assert [request.host for request in desk.claim()] == ["a.example"]


def test_hasten(desk: Any) -> None:
    """What was put off for a reason is made due now, the first of it or all; what waits for another reason waits."""
    desk.sync(A, B, C)
    for hours, url, reason in ((2, A, "outage"), (1, B, "outage"), (1, C, "rhythm")):
        (request,) = desk.take(url)
        _reschedule(desk, request, NextPoll(NOON + hours * HOUR, reason))
    with desk.store.transaction() as tx:
        tx.requests.hasten("outage", NOON, limit=1)
    assert _urls(desk.claim()) == [B]
    with desk.store.transaction() as tx:
        tx.requests.hasten("outage", NOON)
    assert _urls(desk.claim()) == [A]


@pytest.mark.fault("F9")
def test_a_clock_that_was_ahead(desk: Any) -> None:
    """What waits since then waits as long as it was meant to; what was asked for before, and what is past, stays."""
    year = timedelta(days=365)
    desk.sync(A, B)
    (right,) = desk.take(B)
    with desk.store.transaction() as tx:
        tx.requests.reschedule(right, NextPoll(NOON + timedelta(hours=5), "as ever"))
    desk.sync(A, B, at=NOON + year)
    (ahead,) = desk.take(A, now=NOON + year)
    with desk.store.transaction() as tx:
        tx.feeds.record(ahead.feed, PollRecord(NOON + year, Outcome.NEW))
        then = NOON + year + timedelta(hours=2)
        tx.requests.reschedule(ahead, NextPoll(then, "wait", then))
        tx.requests.pause_site("c.example", NOON + year + timedelta(hours=1), "Retry-After")
    now = NOON + timedelta(minutes=10)
    for by in (year - timedelta(minutes=10), None):
        with desk.store.transaction() as tx:
            assert tx.requests.turn_back(now) == by
            assert tx.requests.pauses(now) == {"c.example": now + timedelta(hours=1)}
        feed = desk.feed(A)
        assert (feed.next_poll_at, feed.not_before, feed.last_poll) == (now + timedelta(hours=2),) * 2 + (now,)
        assert desk.feed(B).next_poll_at == NOON + timedelta(hours=5)
        with desk.store.snapshot() as tx:
            assert [line.at for line in tx.feeds.polls(feed, 9)] == [now]
