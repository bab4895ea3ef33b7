"""Readings of remote lists: which list is read now, and what is known of it afterwards.

A list is read daily. One that fails is asked again as a source is: later each time, at most a day apart, and never
before what its server asks for. What it stands for stays meanwhile (lists.subscribed).
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from aggregator.decide.cadence import MAX_JITTER, Asked, NextPoll, never, next_poll
from aggregator.decide.choice import JUST_POLLED
from aggregator.decide.health import State
from aggregator.decide.lists import subscribed
from aggregator.decide.outage import AGAIN, REASON
from aggregator.errors import EmptyDocument, NetworkDown
from aggregator.model import Caching, Validators

if TYPE_CHECKING:
    from datetime import datetime

    from aggregator.config.settings import Polling
    from aggregator.decide.choice import Choice
    from aggregator.decide.lists import ListState, SourceList
    from aggregator.errors import AggregatorError

DAILY = timedelta(days=1)
_RESTS = "its site asked to be left alone"
_GONE = "410 Gone: not asked again, its sources stay"


@dataclass(frozen=True, slots=True)
class Reading:
    """What asking for a list came to: a list, nothing new (`found` None), or an error as a value."""

    at: datetime
    status: int | None = None
    caching: Caching = field(default_factory=Caching)
    validators: Validators = field(default_factory=Validators)
    """As given with the answer."""
    body_hash: str | None = None
    found: SourceList | None = None
    error: AggregatorError | None = None
    gone: bool = False
    rests_until: datetime | None = None
    """It was not read: its site is to be left alone until then."""


def is_wanted(state: ListState, choice: Choice, now: datetime) -> bool:
    """Tell whether a list is read in a round: one that is due, or named, or whatever is not asked to be left alone."""
    if state.not_before is not None and state.not_before > now:
        return False
    if choice.urls:
        return state.address in choice.urls
    if choice.force:
        return True
    if choice.every and not state.errors:
        return state.last_poll is None or now - state.last_poll >= JUST_POLLED
    return state.next_at is not None and state.next_at <= now


def after(state: ListState, reading: Reading, polling: Polling, *, jitter: float) -> ListState:
    """Return what is known of a list after a reading; `jitter` is a random number of [0, 1)."""
    if reading.rests_until is not None:
        return _then(state, NextPoll(reading.rests_until + MAX_JITTER * jitter, _RESTS, state.not_before))
    error = reading.error or _emptied(state, reading.found)
    if isinstance(error, NetworkDown):
        return _then(state, NextPoll(reading.at + AGAIN * (1 + jitter / 2), REASON, state.not_before))
    known = _read(state, reading) if error is None else _failed(state, reading, error)
    if reading.gone:
        return _then(known, never(_GONE))
    asked = Asked(
        at=reading.at,
        ok=error is None,
        status=reading.status,
        caching=reading.caching,
        errors=known.errors,
        interval=DAILY if error is None else None,
    )
    return _then(known, next_poll(asked, polling, jitter=jitter))


def _emptied(state: ListState, found: SourceList | None) -> EmptyDocument | None:
    if found is None or found.feeds or not state.feeds:
        return None
    return EmptyDocument(
        f"The list names no feeds any more, where it named {len(state.feeds)} before; they stay.",
        "If it is meant to be empty, remove it from feeds.yaml.",
    )


def _read(state: ListState, reading: Reading) -> ListState:
    # A 304 that names no validators leaves those that it confirms (RFC 9111 section 4.3.4).
    given, stored = reading.validators, state.validators
    known = replace(
        state,
        validators=Validators(given.etag or stored.etag, given.last_modified or stored.last_modified),
        last_poll=reading.at, last_success=reading.at, errors=0, failing_since=None, error=None, remedy=None,
    )  # fmt: skip
    found = reading.found
    if found is None:
        return known
    return replace(
        known,
        title=found.title,
        feeds=subscribed(state.feeds, found),
        remarks=found.remarks,
        validators=Validators() if found.damaged else given,  # what is missing is asked for again
        body_hash=reading.body_hash,
    )


def _failed(state: ListState, reading: Reading, error: AggregatorError) -> ListState:
    return replace(
        state,
        last_poll=reading.at,
        errors=state.errors + 1,
        failing_since=state.failing_since or reading.at,
        error=error.message,
        remedy=error.remedy,
    )


def _then(state: ListState, then: NextPoll) -> ListState:
    return replace(state, next_at=then.at, reason=then.reason, not_before=then.not_before)


def state_of_list(state: ListState) -> State:
    """Return the state of a list, in the words for sources."""
    if state.errors:
        return State.FAILING if state.next_at is not None else State.GONE
    return State.NEW if state.last_success is None else State.OK
