"""Which of many requests begin, and when."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from aggregator.model import FeedState, Request, RequestKind
from aggregator.run.line import Line

if TYPE_CHECKING:
    from collections.abc import Iterable


def requests(*hosts: str) -> list[Request]:
    """Return a request to each host."""
    feed = FeedState(
        key=1, url="https://a.example/", fetch_url="https://a.example/", title="a", added_at=datetime.now(UTC)
    )
    return [Request(key, RequestKind.POLL, feed, host) for key, host in enumerate(hosts)]


def begun(line: Line) -> list[int]:
    """Return the keys of what begins now."""
    return [request.key for request in iter(line.next, None)]


def keys(of: Iterable[Request]) -> list[int]:
    """Return the keys of requests."""
    return [request.key for request in of]


def test_first_come_first_served() -> None:
    """So many as there is room for begin, in their order; one that ends makes room for one more."""
    all_of_them = requests("a", "b", "c", "d")
    line = Line(all_of_them, most=2, per_host=1)
    assert begun(line) == [0, 1]
    line.end(all_of_them[1])
    assert begun(line) == [2]


def test_a_slow_host_keeps_nobody_waiting() -> None:
    """A host that has enough under way is passed over; its next request is the next of all once one has ended."""
    all_of_them = requests("slow", "slow", "slow", "b", "slow", "c")
    line = Line(all_of_them, most=4, per_host=2)
    assert begun(line) == [0, 1, 3, 5]
    line.end(all_of_them[3])
    assert begun(line) == []
    line.end(all_of_them[1])
    assert begun(line) == [2]
    line.end(all_of_them[0])
    line.end(all_of_them[2])
    assert begun(line) == [4]


def test_a_place_is_given_away_once() -> None:
    """A request that has given its place away does not do so again when it ends."""
    all_of_them = requests("a", "b", "c")
    line = Line(all_of_them, most=1, per_host=1)
    assert begun(line) == [0]
    line.end(all_of_them[0])
    line.end(all_of_them[0])
    assert begun(line) == [1]


def test_closing() -> None:
    """What has not begun is given back, whatever it waited for, and nothing begins any more."""
    all_of_them = requests("a", "a", "a", "b", "c")
    line = Line(all_of_them, most=2, per_host=1)
    assert begun(line) == [0, 3]
    line.end(all_of_them[0])
    assert keys(line.close()) == [1, 2, 4]
    line.end(all_of_them[3])
    assert begun(line) == []
