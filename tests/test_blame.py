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


def request(host: str, **facts: object) -> Request:
    """Return a request to a host of its own feed, which answered a minute ago unless said otherwise."""
    usual = {"last_success": NOON - MINUTE} | facts
    feed = FeedState(key=1, url=f"https://{host}/", fetch_url=f"https://{host}/", **usual)  # type: ignore[arg-type]
    return Request(1, RequestKind.POLL, feed, host)


def polled(
    blame: Blame, asked: Request, error: FetchError | None = SILENT, at: datetime = NOON
) -> tuple[Result, list[Result]]:
    """Take a request through, and return what is to be written."""
    blame.asks(asked, at)
    blame.heard(asked, at, error)
    return blame.judged(Result(asked, at, error=error))


def test_nobody_keeps_the_blame_of_an_outage() -> None:
    """The hosts that were blamed before the outage was noticed are acquitted with the one that made it plain."""
    blame, written = Blame(), []
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
    blame = Blame()
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
    blame, dead = Blame(), [request(f"dead{number}.com", last_success=None) for number in range(5)]
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
    blame = Blame()
    for number in range(9):
        result, wronged = polled(blame, request(f"h{number}.com"), error)
        assert (result.error, wronged) == (error, [])
    assert not blame.network_down


def test_old_failures_are_not_taken_back() -> None:
    """What failed long before the outage was noticed stays the host's own."""
    blame = Blame()
    polled(blame, request("old.com"), ConnectFailed("refused"))
    later = NOON + 30 * MINUTE
    results = [polled(blame, request(f"h{number}.com"), at=later) for number in range(5)]
    wronged = results[-1][1]
    assert "old.com" not in {one.request.host for one in wronged}
    assert len(wronged) == 4
