"""May this source be asked now? Looked at when a request's turn comes, which may be long after it was claimed.

Between claiming and asking a host's other requests are made: one of them may be told to leave the site alone, an hour
that the publisher skips may begin, and a redirect may lead to a site that is to be left alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from aggregator.decide.cadence import MAX_JITTER, Asked, NextPoll, next_poll, not_now
from aggregator.decide.sites import host_of, site_of
from aggregator.settle import pause_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from aggregator.config.settings import FeedSettings, Polling
    from aggregator.model import FeedState, Fetched, Request


class Resting(Exception):
    """A redirect leads to a site that asked to be left alone."""

    def __init__(self, until: datetime) -> None:
        super().__init__()
        self.until = until


class Restraint:
    """Remembers which sites rest, and which servers are being asked."""

    def __init__(self, clock: Callable[[], datetime], random: Callable[[], float]) -> None:
        self._clock, self._random = clock, random
        self._resting: dict[str, datetime] = {}
        self.asking: set[int] = set()
        """Keys of requests whose servers are being asked."""
        self.broken_off: dict[int, NextPoll] = {}
        """When to ask instead whose polls were cancelled after their servers had been asked, by the requests' keys."""

    def know(self, pauses: Mapping[str, datetime]) -> None:
        """Take over until when sites rest, from before the program was started or from another process."""
        for site, until in pauses.items():
            self._resting[site] = max(until, self._resting.get(site, until))

    def begin_anew(self, pauses: Mapping[str, datetime]) -> None:
        """Know these pauses alone: the clock that the others were counted by was wrong."""
        self._resting = dict(pauses)

    def instead(self, request: Request, *, by_hand: bool) -> NextPoll | None:
        """Return when to ask instead of now; None when now will do. `by_hand`: skipped hours are the operator's."""
        until = self._resting_until(request.host)
        if until is not None:
            spread = MAX_JITTER * self._random()
            return NextPoll(until + spread, "its site asked to be left alone", request.feed.not_before)
        return None if by_hand else not_now(request.feed.hints, self._clock(), jitter=self._random())

    def check(self, host: str) -> None:
        """Raise Resting when a redirect leads to a host that is to be left alone."""
        if (until := self._resting_until(host)) is not None:
            raise Resting(until)

    def after(self, resting: Resting, request: Request, polling: Polling) -> NextPoll:
        """Return when a source is asked again whose server was asked, and led to a site that rests."""
        at = max(resting.until, self._clock() + polling.min_interval) + MAX_JITTER * self._random()
        return NextPoll(at, "it redirects to a site that asked to be left alone", request.feed.not_before)

    def heard(self, source: FeedSettings, fetched: Fetched) -> None:
        """Remember that a site is to be left alone, until the store's requests know it too."""
        until, now = pause_of(source, fetched), fetched.received
        if until is not None:
            site = site_of(host_of(fetched.url))
            self._resting = {other: end for other, end in self._resting.items() if end > now}
            self._resting[site] = max(until, self._resting.get(site, until))

    def break_off(self, request: Request, polling: Polling) -> None:
        """Note that a source was asked and its answer not waited for: it is not asked again at once."""
        feed = request.feed
        usual, backoff = self._clock() + polling.min_interval, self._backoff(feed, polling)
        at = max(moment for moment in (usual, backoff, feed.next_poll_at) if moment is not None)
        self.broken_off[request.key] = NextPoll(at, "it was broken off while it was asked", feed.not_before)

    def _backoff(self, feed: FeedState, polling: Polling) -> datetime | None:
        """Return when a source that fails would be asked after one more failure."""
        asked = Asked(self._clock(), ok=False, errors=feed.errors + 1)
        return next_poll(asked, polling, jitter=self._random()).at if feed.errors else None

    def _resting_until(self, host: str) -> datetime | None:
        until = self._resting.get(site_of(host))
        return until if until is not None and until > self._clock() else None
