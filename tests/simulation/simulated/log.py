"""The server's own log, and what publishers and the operator know of the day."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

HOUR = timedelta(hours=1)
Verdict = Literal["good", "failure", "redirect", "abandoned"]
"""What the server did: gave what was asked for, failed, sent elsewhere, or was left before it could answer."""


@dataclass(frozen=True)
class Line:
    """One request."""

    at: datetime
    """When it arrived."""
    sent: datetime
    """When the answer's headers went out; `end` when none did."""
    end: datetime
    feed: str
    """Whose resource it is."""
    host: str
    target: str
    method: str = "GET"
    headers: tuple[tuple[str, str], ...] = ()
    status: int = 0
    """0: no answer."""
    answer: Mapping[str, str] = field(default_factory=dict)
    verdict: Verdict = "good"

    def get(self, name: str) -> str | None:
        """Return a header of the request."""
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)

    def __str__(self) -> str:
        asked = {name: value for name, value in self.headers if name.startswith("If-")}
        return (
            f"{self.at:%d %H:%M:%S.%f}-{self.end:%H:%M:%S.%f} {self.method} {self.host}{self.target} {asked or ''}"
            f" -> {self.status} {dict(self.answer)} {self.verdict}"
        )


@dataclass(frozen=True)
class Resource:
    """What a publisher knows of one feed, and the operator's settings for it."""

    name: str
    host: str
    site: str
    target: str
    interval: timedelta | None = None
    independent: bool = False
    ttl: timedelta | None = None
    """The longest of ttl and sy:updatePeriod."""
    skip_hours: frozenset[int] = frozenset()
    skip_days: frozenset[int] = frozenset()


@dataclass(frozen=True)
class Round:
    """A round by hand: between when, and whom it asked."""

    start: datetime
    end: datetime
    feeds: frozenset[str]


@dataclass
class Day:
    """Everything that the audit looks at."""

    lines: list[Line]
    feeds: dict[str, Resource]
    sites: dict[str, str]
    """Site by host."""
    rounds: list[Round] = field(default_factory=list)
    restarts: list[datetime] = field(default_factory=list)
    outages: list[tuple[datetime, datetime]] = field(default_factory=list)

    def by_hand(self, line: Line) -> bool:
        """Tell whether an operator's round may have made a request."""
        return any(each.start <= line.at <= each.end and line.feed in each.feeds for each in self.rounds)


@dataclass(frozen=True)
class Poll:
    """The requests of one poll: the first, and one for each redirect that was followed."""

    lines: tuple[Line, ...]

    @property
    def first(self) -> Line:
        """The request of the feed's own address."""
        return self.lines[0]

    @property
    def last(self) -> Line:
        """The request whose answer counts."""
        return self.lines[-1]
