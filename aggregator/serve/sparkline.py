"""Charts of one source as SVG paths: entries a day, and the polls of the last day. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from aggregator.model import Outcome

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

DAYS = 30
HOURS = 24
_HEIGHT, _STEP = 24, 4
"""Of the chart of days; _STEP is the width of a day."""
_SLOT = timedelta(minutes=30)
_SLOTS = int(timedelta(hours=HOURS) / _SLOT)
_BAR, _WIDTH = 12, 3
"""Height of the bar of polls, and width of half an hour."""
_FAILED = frozenset({Outcome.ERROR, Outcome.GONE})
_BROUGHT = frozenset({Outcome.NEW, Outcome.UPDATED})


@dataclass(frozen=True, slots=True)
class Chart:
    """A drawing, and what it says in words."""

    box: str
    """The viewBox."""
    paths: tuple[tuple[str, str], ...]
    """Classes and the paths that have them."""
    label: str


def entries_chart(days: Mapping[date, int], today: date) -> Chart:
    """Draw how many entries a source had on each of the last DAYS days."""
    counts = [days.get(today - timedelta(days=ago), 0) for ago in reversed(range(DAYS))]
    most = max(counts)
    bars = "".join(_bar(place, count, most) for place, count in enumerate(counts) if count)
    total = sum(counts)
    words = f"{_of(total, 'entry', 'entries')} in {DAYS} days" + (f", at most {most} a day" if total else "")
    return Chart(f"0 0 {DAYS * _STEP} {_HEIGHT}", (("days", bars),) if bars else (), words)


def _bar(place: int, count: int, most: int) -> str:
    height = max(2, round(count / most * (_HEIGHT - 1)))
    return f"M{place * _STEP + _STEP // 2} {_HEIGHT}v-{height}"


def polls_chart(polls: Sequence[tuple[datetime, Outcome]], now: datetime) -> Chart:
    """Draw what came of the polls of the last HOURS hours: of half an hour the worst, then the best."""
    end = until(now)
    slots: dict[int, str] = {}
    for at, outcome in polls:
        slot = _SLOTS - 1 - (end - at) // _SLOT
        if 0 <= slot < _SLOTS:
            slots[slot] = max(_class(outcome), slots.get(slot, "same"), key=[*_HEIGHTS].index)
    drawn = {
        name: "".join(_mark(slot, height) for slot, found in slots.items() if found == name)
        for name, height in _HEIGHTS.items()
    }
    failed = sum(outcome in _FAILED for _, outcome in polls)
    brought = sum(outcome in _BROUGHT for _, outcome in polls)
    parts = [f"{brought} with news" if brought else "", f"{failed} failed" if failed else ""]
    words = f"{_of(len(polls), 'poll', 'polls')} in {HOURS} hours"
    label = ": ".join(filter(None, (words, ", ".join(filter(None, parts)))))
    return Chart(f"0 0 {_SLOTS * _WIDTH} {_BAR}", tuple((name, path) for name, path in drawn.items() if path), label)


_HEIGHTS = {"same": _BAR // 2, "news": _BAR, "bad": _BAR}
"""Classes of polls, each drawn in place of those before it; colour alone tells nobody anything."""


def until(now: datetime) -> datetime:
    """Return the end of the half hour that is under way: so long a chart stays as it is."""
    return datetime.fromtimestamp((now.timestamp() // _SLOT.total_seconds() + 1) * _SLOT.total_seconds(), UTC)


def _class(outcome: Outcome) -> str:
    if outcome in _FAILED:
        return "bad"
    return "news" if outcome in _BROUGHT else "same"


def _mark(slot: int, height: int) -> str:
    return f"M{slot * _WIDTH + 1.5:g} {_BAR}v-{height}"


def _of(number: int, one: str, many: str) -> str:
    return f"{number or 'no'} {one if number == 1 else many}"
