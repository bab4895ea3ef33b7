"""Whose fault silence is, seen from the results that are written."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from structlog.testing import capture_logs

from aggregator.blame import Blame
from aggregator.errors import AddressRefused, ConnectFailed, NetworkDown, ResolveFailed, TimedOut
from aggregator.model import FeedState, Request, RequestKind
from aggregator.settle import Result

if TYPE_CHECKING:
    from aggregator.errors import FetchError

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)
SILENT = ResolveFailed("no address")
URLS = [f"https://h{number}.com/" for number in range(9)]


def request(host: str, **facts: object) -> Request:
    """Return a request to a host of its own feed, which answered a minute ago unless said otherwise."""
    usual = {"last_success": NOON - MINUTE} | facts
    feed = FeedState(key=1, url=f"https://{host}/", fetch_url=f"https://{host}/", **usual)  # type: ignore[arg-type]
    return Request(hash(host), RequestKind.POLL, feed, host)


def polled(
    blame: Blame, asked: Request, error: FetchError | None = SILENT, at: datetime = NOON
) -> tuple[Result, list[Result]]:
    """Take a request through, and return what is to be written."""
    blame.begins(asked)
    blame.asks(asked, at)
    blame.heard(asked, at, error)
    return blame.judged(Result(asked, at, error=error))


def test_nobody_keeps_the_blame_of_an_outage() -> None:
    """The hosts that were blamed before the outage was noticed are acquitted with the one that made it plain."""
    blame, written = Blame(URLS), []
    with capture_logs() as logged:
        for number in range(5):
            result, wronged = polled(blame, request(f"h{number}.com"), at=NOON + SECOND * number)
            written.append((isinstance(result.error, NetworkDown), len(wronged)))
        polled(blame, request("h9.com"))
    assert written == [(False, 0)] * 4 + [(True, 4)]
    assert blame.network_down
    assert [event["event"] for event in logged] == ["network.down"]


def test_it_is_told_when_the_network_is_back() -> None:
    """After most attempts succeed again failures are the hosts' own once more."""
    blame = Blame(URLS)
    for number in range(5):
        polled(blame, request(f"h{number}.com"))
    with capture_logs() as logged:
        for number in range(3):
            polled(blame, request(f"h{number}.com"), error=None)
    assert [event["event"] for event in logged] == ["network.up"]
    result, _ = polled(blame, request("h4.com"))
    assert result.error is SILENT


def test_dead_hosts_are_no_outage_for_ever() -> None:
    """Five hosts that never answered pass for an outage once; when the network was up meanwhile, they are blamed."""
    blame, dead = Blame(URLS), [request(f"dead{number}.com", last_success=None) for number in range(5)]
    for one in dead:
        polled(blame, one)
    assert blame.network_down
    for number in range(3):
        polled(blame, request(f"alive{number}.com"), error=None)
    later = [polled(blame, one, at=NOON + 10 * MINUTE) for one in dead]
    assert [result.error for result, _ in later] == [SILENT] * 5
    assert not blame.network_down


@pytest.mark.parametrize("error", [AddressRefused("private"), TimedOut("slow"), None])
def test_what_is_no_silence(error: FetchError | None) -> None:
    """A refusal of our guard, a slow answer and any answer say nothing against our network."""
    blame = Blame(URLS)
    for number in range(9):
        result, wronged = polled(blame, request(f"h{number}.com"), error)
        assert (result.error, wronged) == (error, [])
    assert not blame.network_down


def test_old_failures_are_not_taken_back() -> None:
    """What failed long before the outage was noticed stays the host's own."""
    blame = Blame(URLS)
    polled(blame, request("old.com"), ConnectFailed("refused"))
    later = NOON + 30 * MINUTE
    results = [polled(blame, request(f"h{number}.com"), at=later) for number in range(5)]
    wronged = results[-1][1]
    assert "old.com" not in {one.request.host for one in wronged}
    assert len(wronged) == 4


def test_one_publisher_is_no_outage() -> None:
    """Any number of hosts of one site, and redirects to where nothing answers, say nothing of our network."""
    blame = Blame(URLS)
    for number in range(20):
        polled(blame, request(f"h{number}.evil.com"))
    for number in range(20):
        astray = ConnectFailed("refused")
        astray.redirected = True
        result, wronged = polled(blame, request(f"led{number}.com"), astray)
        assert (result.error, wronged) == (astray, [])
    assert not blame.network_down


def test_hosts_of_the_only_site_that_there_is() -> None:
    """Where all sources are of one site, its hosts are all that can tell."""
    blame = Blame(["https://a.only.com/", "https://b.only.com/"])
    for number in range(5):
        polled(blame, request(f"h{number}.only.com"))
    assert blame.network_down


def test_what_is_under_way_again_is_not_written_once_more() -> None:
    """A failure whose source is being asked anew is left to what comes of that."""
    blame = Blame(URLS)
    for number in range(4):
        polled(blame, request(f"h{number}.com"))
    blame.begins(request("h0.com"))
    _, wronged = polled(blame, request("h5.com"))
    assert blame.network_down
    assert {one.request.host for one in wronged} == {"h1.com", "h2.com", "h3.com"}
    answered, wronged = blame.judged(Result(request("h0.com"), NOON))
    assert (answered.error, wronged) == (None, [])


def test_two_failures_before_an_outage_was_noticed() -> None:
    """A source that failed twice meanwhile has after all the failures that it had before the first."""
    blame = Blame(URLS)
    polled(blame, request("h0.com"))
    for number in range(1, 4):
        polled(blame, request(f"h{number}.com"), at=NOON + 10 * MINUTE)
    again = request("h0.com", errors=1, failing_since=NOON, error="no address")
    polled(blame, again, at=NOON + 10 * MINUTE)
    for number in (4, 5):
        result, wronged = polled(blame, request(f"h{number}.com"), at=NOON + 10 * MINUTE)
    acquitted = [one.feed for one in [result, *wronged] if one.request.host == "h0.com"]
    assert [(feed.errors, feed.failing_since, feed.error) for feed in acquitted] == [(0, None, None)]
