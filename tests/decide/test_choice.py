from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from aggregator.decide.choice import Choice, skip_reason
from aggregator.model import FeedState

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
LONG_AGO, JUST_NOW, LATER = NOW - timedelta(hours=2), NOW - timedelta(minutes=4), NOW + timedelta(hours=1)
DUE, NAMED, ALL, FORCED = Choice(), Choice(frozenset({"u"})), Choice(every=True), Choice(every=True, force=True)


def feed(**facts: object) -> FeedState:
    """Return a source with these facts, polled two hours ago and due."""
    usual: dict[str, object] = {"last_poll": LONG_AGO, "next_poll_at": NOW, "reason": "why"}
    return FeedState(key=1, url="u", fetch_url="u", **(usual | facts))  # type: ignore[arg-type]


@pytest.mark.parametrize("choice", [DUE, NAMED, ALL, FORCED])
def test_nothing_overrides_the_operator_and_the_publisher(choice: Choice) -> None:
    """Disabled sources and Retry-After are respected by every choice."""
    assert skip_reason(feed(enabled=False), choice, NOW) == "disabled in feeds.yaml"
    assert "Retry-After" in (skip_reason(feed(not_before=LATER), choice, NOW) or "")
    assert skip_reason(feed(not_before=LONG_AGO), choice, NOW) is None


@pytest.mark.parametrize(
    ("facts", "asked"),
    [
        ({}, {DUE, NAMED, ALL, FORCED}),
        ({"next_poll_at": LATER}, {NAMED, ALL, FORCED}),
        ({"last_poll": JUST_NOW}, {DUE, FORCED}),
        ({"last_poll": JUST_NOW, "next_poll_at": LATER}, {FORCED}),
        ({"last_poll": None, "next_poll_at": NOW}, {DUE, NAMED, ALL, FORCED}),
        ({"last_poll": LATER, "next_poll_at": LATER}, {NAMED, ALL, FORCED}),  # the clock was set back
        ({"errors": 2, "next_poll_at": LATER}, {FORCED}),
        ({"errors": 2, "next_poll_at": NOW}, {DUE, NAMED, ALL, FORCED}),
        ({"gone": True, "errors": 1, "next_poll_at": None}, {NAMED, FORCED}),
    ],
)
def test_who_is_asked(facts: dict[str, object], asked: set[Choice]) -> None:
    """Due ones by themselves; all and named ones save those in backoff or just polled; force asks whatever the times."""
    assert {choice for choice in (DUE, NAMED, ALL, FORCED) if skip_reason(feed(**facts), choice, NOW) is None} == asked


def test_a_reason_says_when_it_is_due() -> None:
    """Who is not due is told when and why."""
    assert skip_reason(feed(next_poll_at=LATER), DUE, NOW) == "due 2026-05-01 13:00 UTC: why"
    assert skip_reason(feed(next_poll_at=None), DUE, NOW) == "why"


def test_a_choice_by_name_wants_only_these() -> None:
    """With names, other sources are not in question; without, all are."""
    assert NAMED.wants(feed())
    assert not Choice(frozenset({"other"})).wants(feed())
    assert ALL.wants(feed())
    assert [choice.is_routine for choice in (DUE, NAMED, ALL, FORCED)] == [True, False, False, False]
