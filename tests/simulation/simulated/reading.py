"""Reading the server's log: which requests are one poll, and what an answer asked for."""

from __future__ import annotations

from datetime import timedelta
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from simulated.log import Line, Poll

if TYPE_CHECKING:
    from simulated.log import Day

_HOP = timedelta(minutes=2)
"""In which a redirect is followed, the wait for a turn at the other host included."""


def polls(day: Day) -> dict[str, list[Poll]]:
    """Put together each feed's requests that belong to one poll, in order."""
    found: dict[str, list[list[Line]]] = {}
    for line in day.lines:
        several = found.setdefault(line.feed, [])
        if several and _follows(several[-1][-1], line):
            several[-1].append(line)
        else:
            several.append([line])
    return {name: [Poll(tuple(lines)) for lines in several] for name, several in found.items()}


def _follows(before: Line, line: Line) -> bool:
    if before.verdict != "redirect" or line.at - before.end > _HOP:
        return False
    parts = urlsplit(before.answer["Location"])
    target = f"{parts.path}?{parts.query}" if parts.query else parts.path
    return (line.host, line.target) == (parts.hostname, target)


def freshness(line: Line) -> timedelta:
    """Return how long an answer said that it was fresh."""
    control = line.answer.get("Cache-Control", "")
    if "no-cache" in control or "no-store" in control:
        return timedelta(0)
    if "max-age=" in control:
        seconds = int(control.partition("max-age=")[2].partition(",")[0])
    elif "Expires" in line.answer:
        span = parsedate_to_datetime(line.answer["Expires"]) - parsedate_to_datetime(line.answer["Date"])
        seconds = int(span.total_seconds())
    else:
        return timedelta(0)
    return timedelta(seconds=max(seconds - int(line.answer.get("Age", "0")), 0))


def retry_after(line: Line) -> timedelta | None:
    """Return how long an answer asked to be left alone; None for what cannot be read or is over already."""
    value = line.answer.get("Retry-After", "")
    if value.isdecimal():
        return timedelta(seconds=int(value)) or None
    try:
        span = parsedate_to_datetime(value) - parsedate_to_datetime(line.answer["Date"])
    except ValueError:
        return None
    return span if span > timedelta(0) else None
