from __future__ import annotations

from datetime import UTC, datetime

import pytest

from aggregator.decide.health import state_of
from aggregator.model import FeedState

POLLED = datetime(2026, 5, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("facts", "state"),
    [
        ({}, "new"),
        ({"last_poll": POLLED}, "ok"),
        ({"last_poll": POLLED, "errors": 1}, "failing"),
        ({"last_poll": POLLED, "errors": 1, "gone": True}, "gone"),
        ({"last_poll": POLLED, "errors": 1, "gone": True, "enabled": False}, "disabled"),
    ],
)
def test_the_state_of_a_source(facts: dict[str, object], state: str) -> None:
    """A source is disabled before it is gone, gone before it fails, and new until it was asked."""
    assert state_of(FeedState(key=1, url="u", fetch_url="u", **facts)) == state  # type: ignore[arg-type]
