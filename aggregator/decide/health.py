"""The state of a source, learnt from its own rhythm, as shown to the operator."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from aggregator.decide.cadence import human_rate
from aggregator.decide.notices import notices
from aggregator.decide.rhythm import usual_gap

if TYPE_CHECKING:
    from datetime import datetime

    from aggregator.model import FeedState

SILENCE = timedelta(days=7)
"""No source is called quiet before: weekends and holidays are no sign."""
GAPS = 8
"""A source is quiet after so many of its usual gaps without an entry."""
_UNKNOWN = timedelta(days=365)
"""Silence after which a source is quiet whose rhythm is not known."""


class State(StrEnum):
    """What a source is like."""

    NEW = "new"
    """It has not answered yet."""
    OK = "ok"
    QUIET = "quiet"
    """It answers, and has brought nothing for longer than it usually does."""
    STALE = "stale"
    """Quiet, while the dates of its document move: what makes the document is likely broken."""
    FAILING = "failing"
    """The last poll failed; it is asked again, later each time."""
    GONE = "gone"
    """The publisher took it away (410); not asked again."""
    DISABLED = "disabled"


TROUBLES = frozenset({State.QUIET, State.STALE, State.FAILING, State.GONE})
"""States that an operator wants to hear of."""


@dataclass(frozen=True, slots=True)
class Standing:
    """A state, since when, and what is wrong and to be done in words; empty where nothing is."""

    state: State
    since: datetime | None = None
    error: str = ""
    remedy: str = ""
    notices: tuple[str, ...] = ()
    """What is told of gaps and floods, whatever the state."""

    @property
    def advice(self) -> str:
        """The remedy and all notices."""
        return " ".join(filter(None, (self.remedy, *self.notices)))


def state_of(feed: FeedState, now: datetime) -> State:
    """Return the state of a source."""
    if not feed.enabled:
        return State.DISABLED
    if feed.gone:
        return State.GONE
    if feed.errors:
        return State.FAILING
    if feed.last_success is None:
        return State.NEW
    silent_since = quiet_since(feed)
    if silent_since is None or silent_since > now:
        return State.OK
    moved = feed.restamped_at is not None and feed.restamped_at >= silent_since
    return State.STALE if moved else State.QUIET


def quiet_since(feed: FeedState) -> datetime | None:
    """Return when a source became, or becomes, quiet unless it brings something; None when it never brought a thing.

    Silence counts from when we began to watch: a first document's dates tell of a rhythm, not of what we missed.
    """
    if feed.rhythm.at is None:
        return None
    gap = usual_gap(feed.rhythm)
    silent_from = max(feed.rhythm.at, feed.added_at or feed.rhythm.at)
    return silent_from + (_UNKNOWN if gap is None else max(gap * GAPS, SILENCE))


def standing(feed: FeedState, now: datetime) -> Standing:
    """Return the state of a source with what the operator should know."""
    return replace(_standing(feed, now), notices=tuple(notices(feed, now)))


def _standing(feed: FeedState, now: datetime) -> Standing:
    state = state_of(feed, now)
    if state in (State.QUIET, State.STALE):
        return _silent(feed, state)
    since = {State.FAILING: feed.failing_since, State.GONE: feed.last_poll}.get(state)
    return Standing(state, since, feed.error or "", feed.remedy or "")


def _silent(feed: FeedState, state: State) -> Standing:
    gap = usual_gap(feed.rhythm)
    usual = f", where it usually has {human_rate(timedelta(days=1) / gap)}" if gap else ""
    silence = f"no new entry since {feed.rhythm.at:%Y-%m-%d}{usual}"
    if state is State.STALE:
        error = f"Its document claims to be newer at every poll, but brings {silence}."
        remedy = "Look at the site: if it has news, what makes its feed is broken; tell the publisher."
    else:
        error = f"{silence[0].upper()}{silence[1:]}."
        remedy = "Look at the site: it may publish elsewhere now, or be closed."
    return Standing(state, quiet_since(feed), error, remedy)
