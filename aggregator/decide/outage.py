"""Is it them, or is it us: when most hosts cannot be reached at all, the fault is our network's."""

from __future__ import annotations

from collections import OrderedDict, deque
from datetime import timedelta
from typing import TYPE_CHECKING

from aggregator.decide.cadence import NextPoll
from aggregator.decide.sites import site_of

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from aggregator.model import FeedState

WINDOW = timedelta(minutes=5)
HOSTS = 5
"""Fewer hosts than this say nothing of our network."""
SITES = 3
"""Nor do the hosts of fewer sites than this, where more are known: they may be one publisher's."""
AGAIN = timedelta(minutes=5)
"""Pause before a source is asked again that our network kept from being reached; up to half of it is added."""
REASON = "our own network was down"
"""Why a source is asked again then, for the operator."""
_LAST = 5
"""While the network is down, so many of the last attempts tell whether it still is."""
_LATELY = timedelta(days=1)


def again(at: datetime, jitter: float, not_before: datetime | None = None) -> NextPoll:
    """Return when to ask again what our network kept from being asked at `at`; `jitter` is of [0, 1)."""
    return NextPoll(at + AGAIN * (1 + jitter / 2), REASON, not_before)


def is_telling(feed: FeedState, now: datetime, *, acquitted: bool) -> bool:
    """Tell whether silence of a feed's host says something of our network.

    Not that of one which was silent before; nor of one that answered last long ago, or never did and was `acquitted`
    once: a handful of dead hosts must not pass for an outage for ever.
    """
    if feed.errors:
        return False
    return not acquitted if feed.last_success is None else now - feed.last_success <= _LATELY


class Reachability:
    """What attempts to reach hosts came to lately; times are the caller's."""

    def __init__(self, sites: int = SITES) -> None:
        """Take how many sites there are in all."""
        self.sites = sites
        self.down = False
        """Our network, rather than the hosts, is taken to be at fault."""
        self._hosts: OrderedDict[str, datetime] = OrderedDict()
        """When each was tried last; the longest ago first."""
        self._silent: dict[str, None] = {}
        """Those that were tried in vain."""
        self._last: deque[bool] = deque(maxlen=_LAST)

    def begin(self, host: str, at: datetime) -> None:
        """Count an attempt that has begun: while it may still succeed, its host is not silent."""
        self._note(host, at, in_vain=False)

    def end(self, host: str, at: datetime, *, reached: bool, telling: bool = True) -> None:
        """Count what an attempt came to: connected or not, whatever was answered then."""
        if not reached and not telling:
            self._forget(host)
            return
        self._note(host, at, in_vain=not reached)
        self._last.append(reached)
        before, self.down = self.down, self._is_down(at)
        if before != self.down:
            self._last.clear()
            self._hosts.clear()
            self._silent.clear()

    def _note(self, host: str, at: datetime, *, in_vain: bool) -> None:
        self._forget(host)
        self._hosts[host] = at
        if in_vain:
            self._silent[host] = None

    def _forget(self, host: str) -> None:
        self._hosts.pop(host, None)
        self._silent.pop(host, None)

    def _is_down(self, at: datetime) -> bool:
        if self.down:  # old failures must not keep a network down that is back
            return sum(self._last) * 2 <= _LAST
        while self._hosts and abs(at - self._hosts[oldest := next(iter(self._hosts))]) > WINDOW:
            self._forget(oldest)
        silent = self._silent
        return len(self._hosts) >= HOSTS and len(silent) * 2 > len(self._hosts) and self._are_many(silent)

    def _are_many(self, silent: Iterable[str]) -> bool:
        """Tell whether hosts belong to most of the sites that were tried, and to several."""
        sites, tried = {site_of(host) for host in silent}, {site_of(host) for host in self._hosts}
        return len(sites) * 2 > len(tried) and len(sites) >= min(SITES, self.sites)
