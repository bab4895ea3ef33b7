"""When to ask a source again: one pure decision, with its reason.

The next poll is the later of what the publisher asks (Retry-After, max-age, Expires, ttl, sy:*, skipHours,
skipDays) and what the operator or the defaults give, clamped, with jitter added and never subtracted.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from aggregator.model import Caching, Hints

if TYPE_CHECKING:
    from aggregator.config.settings import Polling

MAX_HINT = timedelta(hours=24)
"""A publisher's hint is believed up to here: wrong values exist."""
MAX_RETRY_AFTER = timedelta(days=7)
FIRST_BACKOFF = timedelta(minutes=30)
MAX_BACKOFF = timedelta(hours=24)
MAX_BACKOFF_429 = timedelta(hours=6)
MAX_JITTER = timedelta(minutes=30)
_BLIND = 4
"""A source that gives neither validators nor max-age costs a whole document each time: at least four times
min_interval (60 minutes by default) apart."""
_TOO_MANY_REQUESTS = 429


@dataclass(frozen=True, slots=True)
class Asked:
    """What the last request came to, as far as it decides when to ask again."""

    at: datetime
    ok: bool
    status: int | None = None
    caching: Caching = Caching()
    hints: Hints = Hints()
    has_validators: bool = False
    errors: int = 0
    """Failures in a row, this one included."""
    interval: timedelta | None = None
    """The operator's, for this source."""


@dataclass(frozen=True, slots=True)
class NextPoll:
    """When to ask again; `at` is None for never. `reason` names what decided, for the operator."""

    at: datetime | None
    reason: str
    not_before: datetime | None = None
    """What the server asked for (Retry-After): not even an operator's --force asks sooner."""


def next_poll(asked: Asked, polling: Polling, *, jitter: float) -> NextPoll:
    """Decide the next poll; `jitter` is a random number of [0, 1)."""
    wait, reason = _after_success(asked, polling) if asked.ok else _after_failure(asked, polling)
    spread = min(wait * 0.1, MAX_JITTER) * jitter
    at, moved = _outside_skipped(asked.at + wait + spread, asked.hints, spread)
    parts = [
        reason,
        *([moved] if moved else []),
        *([f"jitter {_human(spread)}"] if spread >= timedelta(seconds=1) else []),
    ]
    return NextPoll(at, ", ".join(parts), _not_before(asked))


def _not_before(asked: Asked) -> datetime | None:
    until = asked.caching.retry_after
    return None if until is None else min(until, asked.at + MAX_RETRY_AFTER)


def never(reason: str) -> NextPoll:
    """Decide that a source is not asked again by itself."""
    return NextPoll(None, reason)


def _after_success(asked: Asked, polling: Polling) -> tuple[timedelta, str]:
    wishes = [_rhythm(asked, polling), (polling.min_interval, f"min_interval {_human(polling.min_interval)}")]
    wishes += _publisher_wishes(asked)
    if not asked.has_validators and asked.caching.max_age is None and asked.interval is None:
        wishes.append((polling.min_interval * _BLIND, "no validators and no max-age"))
    return max(wishes, key=lambda wish: wish[0])


def _rhythm(asked: Asked, polling: Polling) -> tuple[timedelta, str]:
    if asked.interval is not None:
        return asked.interval, f"interval {_human(asked.interval)}"
    wait = min(polling.default_interval, polling.max_interval)
    return wait, f"default_interval {_human(wait)}"


def _publisher_wishes(asked: Asked) -> list[tuple[timedelta, str]]:
    wishes = []
    if asked.caching.max_age is not None:
        wishes.append((min(asked.caching.max_age, MAX_HINT), asked.caching.max_age_source or "max-age"))
    if asked.caching.retry_after is not None:
        wishes.append(_retry_after(asked.caching.retry_after, asked.at))
    if asked.interval is None and asked.hints.ttl is not None:
        wishes.append((min(asked.hints.ttl, MAX_HINT), f"ttl {_human(asked.hints.ttl)}"))
    if asked.interval is None and asked.hints.update_period is not None:
        wishes.append((min(asked.hints.update_period, MAX_HINT), f"updatePeriod {_human(asked.hints.update_period)}"))
    return wishes


def _after_failure(asked: Asked, polling: Polling) -> tuple[timedelta, str]:
    cap = MAX_BACKOFF_429 if asked.status == _TOO_MANY_REQUESTS else MAX_BACKOFF
    doublings = min(max(asked.errors - 1, 0), 16)
    wait = min(FIRST_BACKOFF * 2**doublings, cap)
    wishes = [(wait, f"failure {max(asked.errors, 1)} in a row, backoff {_human(wait)}")]
    if asked.caching.retry_after is not None:
        wishes = [
            _retry_after(asked.caching.retry_after, asked.at),
            (polling.min_interval, f"min_interval {_human(polling.min_interval)}"),
        ]
    if asked.caching.max_age is not None:
        wishes.append((min(asked.caching.max_age, MAX_HINT), asked.caching.max_age_source or "max-age"))
    return max(wishes, key=lambda wish: wish[0])


def _retry_after(until: datetime, now: datetime) -> tuple[timedelta, str]:
    wait = min(max(until - now, timedelta(0)), MAX_RETRY_AFTER)
    return wait, f"Retry-After {_human(wait)}"


def _outside_skipped(at: datetime, hints: Hints, spread: timedelta) -> tuple[datetime, str]:
    """Move a moment to the first hour that is not skipped; a feed that skips everything is not believed."""
    moment, why = at, ""
    for _ in range(24 * 8):
        if moment.weekday() in hints.skip_days:
            why = "skipDays"
        elif moment.hour in hints.skip_hours:
            why = "skipHours"
        else:
            return (moment + spread, why) if why else (at, "")
        moment = moment.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
    return at, ""


def _human(wait: timedelta) -> str:
    """Write a duration as people do: `4 min`, `1 h 30 min`, `2 d`."""
    seconds = round(wait.total_seconds())
    if seconds < 60:  # noqa: PLR2004 - a minute
        return f"{seconds} s"
    days, hours, minutes = seconds // 86400, seconds // 3600 % 24, seconds // 60 % 60
    parts = ((days, "d"), (hours, "h"), (minutes, "min"))
    return " ".join(f"{count} {unit}" for count, unit in parts if count)
