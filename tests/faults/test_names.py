"""Names that cannot be looked up: their fault, or our network's."""

from __future__ import annotations

import contextlib
import socket
import threading
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from aggregator.decide.health import State, state_of
from aggregator.model import Outcome

if TYPE_CHECKING:
    from collections.abc import Iterator

HANG = 30.0
NXDOMAIN = socket.gaierror(socket.EAI_NONAME, "Name or service not known")
SERVFAIL = socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")
SHORT = {"timeout": timedelta(seconds=2)}


@contextlib.contextmanager
def names_fail(world: Any, found: Any, *hosts: str) -> Iterator[None]:
    """Let names resolve to nothing for a while."""
    world.names.found |= dict.fromkeys(hosts, found)
    yield
    world.names.over.set()  # a lookup that hangs ends before the next one begins
    for host in hosts:
        del world.names.found[host]


@pytest.mark.fault("F10")
@pytest.mark.parametrize(
    ("found", "words"),
    [
        pytest.param(NXDOMAIN, r"^faulty\.example: the name has no address\.$", id="NXDOMAIN"),
        pytest.param(SERVFAIL, r"^faulty\.example: the name could not be looked up\.$", id="SERVFAIL"),
        pytest.param(HANG, r"^faulty\.example: looking the name up took too long\.$", id="hangs"),
    ],
)
def test_F10_a_name_that_does_not_resolve_is_named(found: Any, words: str, world: Any) -> None:
    """One dead name fails alone and in its own words; a lookup that hangs ends in time and holds up nobody."""
    failing = names_fail(world, found, "faulty.example")
    world.suffers(failing, words, hangs=found == HANG, network=SHORT)
    assert len(world.origin.seen) == 2, "not asked while it had no address"


def dead_hosts(world: Any, count: int) -> list[str]:
    """Let names of healthy feeds die, the answers of the others come after that; return the dead ones' addresses."""
    hosts = [f"healthy{number}.example" for number in range(count)]
    world.names.found |= dict.fromkeys(hosts, SERVFAIL)
    world.names.failed = 0
    gate = world.publisher.gate = threading.Event()

    def open_gate() -> None:
        world.names.over.wait(0.3)
        gate.set()

    world.names.failures_over = (count, lambda: threading.Thread(target=open_gate, daemon=True).start())
    return [world.publisher.url(host=host) for host in hosts]


@pytest.mark.fault("F10")
@pytest.mark.parametrize("dead", [20, 12, 11])
def test_F10_when_most_hosts_fail_alike_our_network_is_down(dead: int, world: Any) -> None:
    """More than half of the hosts without an address: no feed is blamed, all are asked again within minutes."""
    world.configure()
    world.round().check_healthy()
    before = {url: world.feed(url) for url in world.healthy}
    world.later(hours=2)
    silent = dead_hosts(world, dead)
    told = world.round()
    assert any("our own network is down" in told[url].error for url in silent), "the last, when it was clear"
    for url in silent:
        feed = world.feed(url)
        assert told[url].outcome is Outcome.ERROR
        assert (feed.errors, feed.error, feed.failing_since) == (0, None, None)
        assert state_of(feed, world.now) is State.OK
        assert (feed.validators, feed.body_hash) == (before[url].validators, before[url].body_hash)
        assert feed.reason == "our own network was down"
        assert world.now < feed.next_poll_at <= world.now + timedelta(minutes=10)
    assert {told[url].outcome for url in set(world.healthy) - set(silent)} <= {Outcome.NEW}
    world.names.found.clear()
    world.later(minutes=10)
    again = world.round(due=True)
    assert {again[url].outcome for url in silent} == {Outcome.NEW}
    world.later(hours=2)
    world.round().check_healthy()


@pytest.mark.fault("F10")
def test_F10_a_few_dead_names_are_their_own_fault(world: Any) -> None:
    """Half of the hosts or fewer: they alone fail, with a counter and backoff, and the others succeed."""
    world.configure()
    world.round().check_healthy()
    world.later(hours=2)
    silent = dead_hosts(world, 10)
    told = world.round()
    assert not told.network_down
    for url in silent:
        feed = world.feed(url)
        assert (feed.errors, state_of(feed, world.now)) == (1, State.FAILING)
        assert feed.next_poll_at == world.now + timedelta(minutes=30)
    assert {told[url].outcome for url in set(world.healthy) - set(silent)} == {Outcome.NEW}


@pytest.mark.fault("F10")
def test_F10_four_hosts_say_nothing_of_our_network(world: Any) -> None:
    """Fewer than five hosts, all of them dead, are four dead hosts."""
    urls = [world.origin.url(host=f"dead{number}.example") for number in range(4)]
    world.names.found |= {f"dead{number}.example": SERVFAIL for number in range(4)}
    world.configure(*urls, healthy=False)
    assert not world.round().network_down
    assert {world.feed(url).errors for url in urls} == {1}


@pytest.mark.fault("F10")
def test_F10_an_outage_raises_no_counter_however_long(world: Any) -> None:
    """Twelve rounds without a name server leave no feed failing, and none of them is given up."""
    world.configure()
    world.round().check_healthy()
    world.later(hours=2)
    world.names.found |= {f"healthy{number}.example": SERVFAIL for number in range(20)}
    for _ in range(12):
        told = world.round(due=True)
        assert told.network_down
        assert {told[url].outcome for url in world.healthy} == {Outcome.ERROR}
        world.later(minutes=10)
    assert {world.feed(url).errors for url in world.healthy} == {0}
    world.names.found.clear()
    world.round(due=True).check_healthy()


@pytest.mark.fault("F10")
def test_F10_backoff_grows_with_jitter(world: Any) -> None:
    """A name that stays dead is asked ever more seldom, at most once a day, and never at the same moment as others."""
    world.names.found["faulty.example"] = NXDOMAIN
    url = world.origin.url()
    world.configure(url)
    waits = []
    for number in range(9):
        world.random = lambda number=number: number / 10
        world.round().check_healthy()
        waits.append(world.feed(url).next_poll_at - world.now)
        world.later(days=2)
    base = [timedelta(hours=hours) for hours in (0.5, 1, 2, 4, 8, 16, 24, 24, 24)]
    spread = [min(wait / 10, timedelta(minutes=30)) * number / 10 for number, wait in enumerate(base)]
    assert waits == [wait + extra for wait, extra in zip(base, spread, strict=True)]
    assert world.feed(url).errors == 9
