from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.decide.outage import AGAIN, HOSTS, REASON, WINDOW, Reachability, again, is_telling
from aggregator.model import FeedState

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
SECOND, HOUR = timedelta(seconds=1), timedelta(hours=1)


def after(*tries: tuple[str, bool], apart: timedelta = SECOND) -> Reachability:
    """Return what is thought after these hosts were tried one after the other."""
    reachability = Reachability()
    for number, (host, reached) in enumerate(tries):
        reachability.end(host, NOW + apart * number, reached=reached)
    return reachability


@given(tries=st.lists(st.tuples(st.sampled_from("abcdefghij"), st.booleans()), max_size=30))
def test_more_than_half_of_five_hosts(tries: list[tuple[str, bool]]) -> None:
    """Up to the moment when more than half of at least five hosts were last tried in vain, the network is up."""
    reachability, last = Reachability(), dict[str, bool]()
    for number, (host, reached) in enumerate(tries):
        reachability.end(host, NOW + SECOND * number, reached=reached)
        last[host] = reached
        expected = len(last) >= HOSTS and list(last.values()).count(False) * 2 > len(last)
        assert reachability.down is expected
        if expected:
            return


def test_fewer_hosts_or_longer_ago_say_nothing() -> None:
    """Four silent hosts are four silent hosts, and so are five that were tried over an hour."""
    assert not after(*((host, False) for host in "abcd")).down
    assert not after(*((host, False) for host in "abcde"), apart=WINDOW / 3).down
    assert after(*((host, False) for host in "abcde"), apart=WINDOW / 5).down


def test_attempts_under_way_are_not_in_vain() -> None:
    """A few hosts that fail at once, while many others have yet to answer, are no outage."""
    reachability = Reachability()
    for number in range(20):
        reachability.begin(f"host{number}", NOW)
    for number in range(10):
        reachability.end(f"host{number}", NOW, reached=False)
    assert not reachability.down
    reachability.end("host10", NOW, reached=False)
    assert reachability.down


def test_it_is_over_when_most_attempts_succeed() -> None:
    """Three of the last five attempts reach their hosts: the network is back, however many were silent before."""
    reachability = after(*((f"host{number}", False) for number in range(40)))
    for reached, down in ((True, True), (False, True), (True, True), (True, False)):
        reachability.end("probe", NOW + HOUR, reached=reached)
        assert reachability.down is down
    reachability.end("dead", NOW + HOUR, reached=False)
    assert not reachability.down, "and begins anew"


@pytest.mark.parametrize(
    ("facts", "acquitted", "telling"),
    [
        ({"last_success": NOW - HOUR}, True, True),
        ({"last_success": NOW - 30 * HOUR}, False, False),
        ({"errors": 1, "last_success": NOW - HOUR}, False, False),
        ({}, False, True),
        ({}, True, False),
    ],
    ids=["answered lately", "long ago", "failing", "never tried", "laid to the network once"],
)
def test_whose_silence_is_telling(facts: dict[str, object], acquitted: bool, telling: bool) -> None:
    """The silence of what was silent before says nothing, or a handful of dead hosts would be an outage for ever."""
    feed = FeedState(key=1, url="u", fetch_url="u", **facts)  # type: ignore[arg-type]
    assert is_telling(feed, NOW, acquitted=acquitted) is telling
    reachability = Reachability()
    for host in "abcdef":
        reachability.end(host, NOW, reached=False, telling=telling)
    assert reachability.down is telling


def test_again_soon_and_not_all_at_once() -> None:
    """What our own network kept from being asked is asked again within minutes, spread, and never before it may be."""
    first, last = again(NOW, 0.0), again(NOW, 0.999)
    assert first.at is not None
    assert last.at is not None
    assert NOW + AGAIN == first.at < last.at < NOW + 1.5 * AGAIN
    assert again(NOW, 0.0, NOW + HOUR).not_before == NOW + HOUR
    assert first.reason == REASON
