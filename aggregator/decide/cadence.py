"""When to ask a source again: one pure decision, with its reason.

The next poll is the later of what the publisher asks (Retry-After, max-age, Expires, ttl, sy:*, skipHours,
skipDays) and what the feed's own rhythm earns, or the operator's interval in its place; clamped, with jitter added
and never subtracted.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, TypeAlias

from aggregator.decide.rhythm import rate, worth
from aggregator.model import Caching, Hints, Rhythm

if TYPE_CHECKING:
    from aggregator.config.settings import Polling

MAX_HINT = timedelta(hours=24)
"""A publisher's hint is believed up to here: wrong values exist."""
MAX_RETRY_AFTER = timedelta(days=7)
FIRST_BACKOFF = timedelta(minutes=30)
MAX_BACKOFF = timedelta(hours=24)
MAX_BACKOFF_429 = timedelta(hours=6)
MAX_JITTER = timedelta(minutes=30)
FIRST_DAY = timedelta(days=1)
"""A source is watched this long at default_interval before its rhythm is believed."""
_BLIND = 4
"""A source that gives neither validators nor max-age costs a whole document each time: at least four times
min_interval (60 minutes by default) apart."""
_PART = 0.5
"""A feed that turns over is asked twice in the time that this took."""
_TOO_MANY_REQUESTS, _UNAVAILABLE = 429, 503
_STRETCHED = 1.05
"""A budget that stretches less than this is not worth naming."""
_Wish: TypeAlias = tuple[timedelta, str]
"""How long to wait, and why."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What the last request came to, as far as it decides when to ask again."""

    at: datetime
    ok: bool
    status: int | None = None
    caching: Caching = field(default_factory=Caching)
    hints: Hints = field(default_factory=Hints)
    has_validators: bool = False
    errors: int = 0
    """Failures in a row, this one included."""
    interval: timedelta | None = None
    """The operator's, for this source."""
    rhythm: Rhythm = field(default_factory=Rhythm)
    added_at: datetime | None = None
    """Since when the source is known."""
    stretch: float = 1.0
    """How many times longer the budget makes all pauses that no one asked for."""
    fresh_until: datetime | None = None
    """Until when the last good answer asked for rest: a failure in between does not end that."""
    window: timedelta | None = None
    """In how much time the feed has turned its whole document over lately; None where nothing was missed."""
    backup: timedelta | None = None
    """How far apart it is asked at least while a hub tells of its news (decide.pushing); None where none does."""


@dataclass(frozen=True, slots=True)
class NextPoll:
    """When to ask again; `at` is None for never. `reason` names what decided, for the operator."""

    at: datetime | None
    reason: str
    not_before: datetime | None = None
    """What the server asked for (Retry-After): not even an operator's --force asks sooner."""
    fresh_until: datetime | None = None
    """Until when the publisher asked for rest in any way; of the last good answer."""


def next_poll(asked: Asked, polling: Polling, *, jitter: float) -> NextPoll:
    """Decide the next poll; `jitter` is a random number of [0, 1)."""
    wait, reason = _after_success(asked, polling) if asked.ok else _after_failure(asked, polling)
    spread = min(wait * 0.1, MAX_JITTER) * jitter
    at, moved = _outside_skipped(asked.at + wait + spread, asked.hints, spread)
    parts = [
        reason,
        *([moved] if moved else []),
        *([f"jitter {human(spread)}"] if spread >= timedelta(seconds=1) else []),
    ]
    fresh_until = _fresh_until(asked, polling) if asked.ok else asked.fresh_until
    return NextPoll(_rounded_up(at), ", ".join(parts), _not_before(asked), fresh_until)


def _rounded_up(at: datetime) -> datetime:
    """Return a moment in whole milliseconds, as it is stored, and never early."""
    return at + timedelta(microseconds=-at.microsecond % 1000)


def _not_before(asked: Asked) -> datetime | None:
    return next((asked.at + wait for wait, _ in _retry_after(asked)), None)


def never(reason: str) -> NextPoll:
    """Decide that a source is not asked again by itself."""
    return NextPoll(None, reason)


def _after_success(asked: Asked, polling: Polling) -> _Wish:
    return _latest([_rhythm(asked, polling), _min_interval(polling), *_publishers(asked, polling)])


def _publishers(asked: Asked, polling: Polling) -> list[_Wish]:
    """Return what server and document ask for."""
    wishes = [*_max_age(asked), *_retry_after(asked)]
    if asked.interval is None:
        wishes += _hinted(asked.hints)
        if not asked.has_validators and asked.caching.max_age is None:
            wishes.append((polling.min_interval * _BLIND, "no validators and no max-age"))
    return wishes


def _fresh_until(asked: Asked, polling: Polling) -> datetime | None:
    return max((asked.at + wait for wait, _ in _publishers(asked, polling)), default=None)


def _after_failure(asked: Asked, polling: Polling) -> _Wish:
    wishes = [*(_retry_after(asked) or [_backoff(asked)]), _min_interval(polling), *_max_age(asked)]
    if asked.interval is not None:
        wishes.append(_rhythm(asked, polling))
    if asked.fresh_until is not None:
        wishes.append((asked.fresh_until - asked.at, "its last answer asked for that"))
    return _latest(wishes)


def _latest(wishes: list[_Wish]) -> _Wish:
    return max(wishes, key=lambda wish: wish[0])


def _rhythm(asked: Asked, polling: Polling) -> _Wish:
    """Return what the operator fixed, or what the feed's own rhythm earns, within bounds and budget."""
    if asked.interval is not None:
        return asked.interval, f"interval {human(asked.interval)}"
    wait, why = _within_window(asked, _earned(asked, polling.default_interval, polling.min_interval), polling)
    if asked.stretch > _STRETCHED:
        why = f"{why}, {asked.stretch:.1f} times longer for the budget"
    wait *= asked.stretch
    if asked.backup is not None and asked.backup > wait:
        wait, why = asked.backup, f"its hub tells of news, {human(asked.backup)} to make sure"
    if wait > polling.max_interval:
        return polling.max_interval, f"max_interval {human(polling.max_interval)} ({why})"
    return wait, why


def _earned(asked: Asked, default: timedelta, shortest: timedelta) -> _Wish:
    if asked.added_at is None or asked.at - asked.added_at < FIRST_DAY:
        return default, f"default_interval {human(default)}"
    per_day = rate(asked.rhythm, asked.at)
    return max(worth(per_day, default), shortest), human_rate(per_day)


def _within_window(asked: Asked, earned: _Wish, polling: Polling) -> _Wish:
    """Return the pause that a feed has earned, or less where it turned over between two polls: a part of that time."""
    if asked.window is None or (wait := max(asked.window * _PART, polling.min_interval)) >= earned[0]:
        return earned
    return wait, f"a gap: it turned over within {human(asked.window)}"


def _min_interval(polling: Polling) -> _Wish:
    return polling.min_interval, f"min_interval {human(polling.min_interval)}"


def _max_age(asked: Asked) -> list[_Wish]:
    """Return how long the response says that it is fresh, whatever its status."""
    if asked.caching.max_age is None:
        return []
    return [(min(asked.caching.max_age, MAX_HINT), asked.caching.max_age_source or "max-age")]


def _retry_after(asked: Asked) -> list[_Wish]:
    """Return what Retry-After asks for; one in the past asks for nothing."""
    until = asked.caching.retry_after
    if until is None or until <= asked.at:
        return []
    wait = min(until - asked.at, MAX_RETRY_AFTER)
    return [(wait, f"Retry-After {human(wait)}")]


def _hinted(hints: Hints) -> list[_Wish]:
    """Return what the document says."""
    said = ((hints.ttl, "ttl"), (hints.update_period, "updatePeriod"))
    return [(min(wait, MAX_HINT), f"{name} {human(wait)}") for wait, name in said if wait is not None]


def _backoff(asked: Asked) -> _Wish:
    errors = max(asked.errors, 1)
    cap = MAX_BACKOFF_429 if asked.status == _TOO_MANY_REQUESTS else MAX_BACKOFF
    wait = min(FIRST_BACKOFF * 2 ** min(errors - 1, 16), cap)
    return wait, f"failure {errors} in a row, backoff {human(wait)}"


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


def site_pause(at: datetime, status: int, caching: Caching) -> datetime | None:
    """Return until when a response asks the whole site to be left alone: 429, and 503 with Retry-After.

    At most 6 hours: one source must not silence its neighbours for a week; itself it may.
    """
    asked = Asked(at, ok=False, status=status, caching=caching, errors=1)
    wishes = _retry_after(asked)
    if status == _TOO_MANY_REQUESTS:
        wishes = wishes or [_backoff(asked)]
    elif status != _UNAVAILABLE:
        return None
    return at + min(wishes[0][0], MAX_BACKOFF_429) if wishes else None


def not_now(hints: Hints, at: datetime, *, jitter: float) -> NextPoll | None:
    """Return when to ask instead, when a publisher's skipHours or skipDays forbid this very moment."""
    moment, why = _outside_skipped(at, hints, MAX_JITTER * jitter)
    return NextPoll(moment, why) if why else None


@lru_cache(maxsize=1024)  # the same few pauses are named at every poll
def human(wait: timedelta) -> str:
    """Write a duration as people do: `4 min`, `1 h 30 min`, `2 d`."""
    seconds = round(wait.total_seconds())
    if seconds < 60:  # noqa: PLR2004 - a minute
        return f"{seconds} s"
    days, hours, minutes = seconds // 86400, seconds // 3600 % 24, seconds // 60 % 60
    parts = ((days, "d"), (hours, "h"), (minutes, "min"))
    return " ".join(f"{count} {unit}" for count, unit in parts if count)


def human_rate(per_day: float) -> str:
    """Write a publishing rate as people do: `12 entries a day`, `1 entry in 9 d`."""
    if per_day >= 1.5:  # noqa: PLR2004 - below it rounds to one
        return f"{per_day:.0f} entries a day"
    days = round(1 / per_day)
    return "1 entry a day" if days <= 1 else f"1 entry in {days} d"
