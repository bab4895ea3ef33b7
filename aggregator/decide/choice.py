"""Which sources one round of polls asks: those due, those named, or all; and why the others are skipped."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from aggregator.model import FeedState

BACKOFF = " (--force asks now)"
"""What is said of a source that is left alone because it fails."""
JUST_POLLED = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Choice:
    """What `aggregator poll` asks for; without names and `every`, what is due."""

    urls: frozenset[str] = frozenset()
    every: bool = False
    force: bool = False
    """Ignore due times, backoff and that it was polled just now; never what a server asked for (Retry-After)."""
    refetch: bool = False
    """Send no validators."""
    exact: bool = False
    """What is there counts, and nothing that a page leads to: `aggregator add` looks for feeds itself."""

    @property
    def is_routine(self) -> bool:
        """What is due and nothing else, as the daemon does by itself; otherwise an operator wants something now."""
        return not (self.urls or self.every or self.force)

    def wants(self, feed: FeedState) -> bool:
        """Tell whether a source is in question at all."""
        return not self.urls or feed.url in self.urls


def skip_reason(feed: FeedState, choice: Choice, now: datetime) -> str | None:
    """Return why a source is not asked in this round, or None when it is."""
    if not feed.enabled:
        return "disabled in feeds.yaml"
    if feed.not_before is not None and feed.not_before > now:
        return f"the server asked to be left alone until {feed.not_before:%Y-%m-%d %H:%M} UTC (Retry-After)"
    if choice.force:
        return None
    if choice.urls or choice.every:
        return _skip_asked_for(feed, named=bool(choice.urls), now=now)
    return None if feed.next_poll_at is not None and feed.next_poll_at <= now else _not_due(feed)


def _skip_asked_for(feed: FeedState, *, named: bool, now: datetime) -> str | None:
    if feed.gone and not named:
        return feed.reason
    if feed.last_poll is not None and timedelta(0) <= now - feed.last_poll < JUST_POLLED:
        return "polled less than 5 minutes ago"
    in_backoff = feed.errors and feed.next_poll_at is not None and feed.next_poll_at > now
    return f"{feed.reason}{BACKOFF}" if in_backoff else None


def _not_due(feed: FeedState) -> str:
    if feed.next_poll_at is None:
        return feed.reason
    return f"due {feed.next_poll_at:%Y-%m-%d %H:%M} UTC: {feed.reason}"
