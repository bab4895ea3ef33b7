"""What waits for a moment, put right after a clock that was ahead was set back; SQL that every backend understands."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from aggregator.store.rows import to_ms

if TYPE_CHECKING:
    from datetime import datetime

TOLERANCE = timedelta(minutes=1)
"""A source that was polled so far in the future is no proof: clocks are corrected by seconds all the time."""
LONGEST_REST = timedelta(days=7)
"""No site rests for longer: that is how far Retry-After is believed."""

LAST_POLL = "SELECT max(last_poll) AS last_poll FROM feed"
_WAITS = """
    UPDATE {table} SET {column} = CASE WHEN {column} - {{by}} > {{now}} THEN {column} - {{by}} ELSE {{now}} END
    WHERE {column} > {{now}} AND {which}"""
_HAPPENED = "UPDATE {table} SET {column} = {{now}} WHERE {column} > {{now}}"
_ASKED_AHEAD = "feed IN (SELECT id FROM feed WHERE last_poll > {now})"
_WAITING = (
    ("request", "due_at", _ASKED_AHEAD),
    ("request", "not_before", _ASKED_AHEAD),
    ("site", "next_allowed_at", "next_allowed_at > {now} + {rest}"),
    ("telling", "due_at", "TRUE"),
    ("list", "due_at", "last_poll > {now}"),
    ("list", "not_before", "last_poll > {now}"),
    ("intent", "due_at", "TRUE"),
    ("subscription", "due_at", "TRUE"),
    ("push", "due_at", "TRUE"),
    ("feed", "fresh_until", "last_poll > {now}"),
    ("poll_log", "at", "TRUE"),
)
"""Table, column, and which of its rows were written by the wrong clock."""
_PAST = {
    "feed": ("last_poll", "last_success", "last_new", "news_at", "failing_since", "moved_since", "restamped_at"),
    "list": ("last_poll", "last_success", "failing_since"),
}
"""What has happened, and so cannot be in the future."""


def ahead(last_poll: int | None, now: datetime) -> timedelta | None:
    """Return by how much the clock was ahead when a source was polled last (milliseconds since 1970), if it was."""
    by = timedelta(milliseconds=0 if last_poll is None else last_poll - to_ms(now))
    return by if by > TOLERANCE else None


def statements(by: timedelta, now: datetime) -> list[str]:
    """Return what makes everything wait as long as it was meant to; what has happened, happened by now."""
    milliseconds = timedelta(milliseconds=1)
    numbers = {"by": by // milliseconds, "now": to_ms(now), "rest": LONGEST_REST // milliseconds}
    waiting = [_WAITS.format(table=table, column=column, which=which) for table, column, which in _WAITING]
    past = [_HAPPENED.format(table=table, column=column) for table, columns in _PAST.items() for column in columns]
    return [statement.format(**numbers) for statement in (*waiting, *past)]
