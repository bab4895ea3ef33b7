"""The state of a source, as shown to the operator."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from aggregator.model import FeedState


class State(StrEnum):
    """What a source is like."""

    NEW = "new"
    """Never asked."""
    OK = "ok"
    FAILING = "failing"
    """The last poll failed; it is asked again, later each time."""
    GONE = "gone"
    """The publisher took it away (410); not asked again."""
    DISABLED = "disabled"


def state_of(feed: FeedState) -> State:
    """Return the state of a source."""
    if not feed.enabled:
        return State.DISABLED
    if feed.gone:
        return State.GONE
    if feed.errors:
        return State.FAILING
    return State.NEW if feed.last_poll is None else State.OK
