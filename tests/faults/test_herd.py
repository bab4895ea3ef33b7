"""Many feeds due at the same moment."""

from __future__ import annotations

import itertools
import random
from collections import defaultdict
from datetime import timedelta
from typing import Any

import pytest

from aggregator.model import Outcome

FEEDS, HOSTS, CONCURRENCY = 200, 50, 16
GAP = 0.05


def gaps(seen: list[Any]) -> list[float]:
    """Return the pauses between the requests to each host, from the end of one to the begin of the next."""
    by_host = defaultdict(list)
    for one in sorted(seen, key=lambda one: one.begun):
        by_host[one.host].append(one)
    return [after.begun - before.ended for asked in by_host.values() for before, after in itertools.pairwise(asked)]


@pytest.mark.fault("F11")
def test_F11_two_hundred_feeds_due_at_once_are_asked_in_turn(world: Any) -> None:
    """At the start and after a sleep: never more than the limit at once, one a host, with the pause between them."""
    urls = [world.publisher.url(f"/{n}", host=f"herd{n % HOSTS}.example") for n in range(FEEDS)]
    world.random = random.Random(1).random  # noqa: S311 - chance, not a secret
    world.publisher.delay = 0.05
    world.configure(*urls, polling={"concurrency": CONCURRENCY, "host_gap": timedelta(seconds=GAP)})
    for _ in ("start", "after a sleep"):
        world.publisher.seen.clear()
        told = world.round(due=True)
        told.check_healthy()
        assert {told[url].outcome for url in urls} == {Outcome.NEW}
        assert len(world.publisher.seen) == FEEDS + len(world.healthy)
        assert min(gaps(world.publisher.seen)) >= GAP
        whole = world.publisher.most.pop("")
        assert CONCURRENCY // 2 < whole <= CONCURRENCY
        assert set(world.publisher.most.values()) == {1}
        due = sorted(world.feed(url).next_poll_at for url in urls)
        assert len(set(due)) > FEEDS * 0.9
        assert due[-1] - due[0] > timedelta(minutes=5), "the next time they are spread"
        world.later(days=2)


@pytest.mark.fault("F11")
def test_F11_one_host_with_many_feeds_holds_up_no_other(world: Any) -> None:
    """A host whose feeds wait for each other, with a pause between them, takes one place only, not all of them."""
    gap = 0.1
    urls = [world.publisher.url(f"/{n}", host="slow.example") for n in range(20)]
    world.configure(*urls, polling={"concurrency": 4, "host_gap": timedelta(seconds=gap)})
    told = world.round(due=True)
    told.check_healthy(before=urls[-1])
    assert {told[url].outcome for url in urls} == {Outcome.NEW}
    host = f"slow.example:{world.publisher.server_port}"
    assert world.publisher.most[host] == 1
    asked = [one for one in world.publisher.seen if one.host == host]
    assert len(asked) == 20
    assert min(gaps(asked)) >= gap
