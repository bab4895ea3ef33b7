"""Whose fault it is that hosts are silent: theirs, or our network's."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import structlog

from aggregator.decide.outage import WINDOW, Reachability, is_telling
from aggregator.decide.sites import host_of, site_of
from aggregator.errors import AddressRefused, NetworkDown, NetworkError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from aggregator.errors import AggregatorError
    from aggregator.model import Request
    from aggregator.settle import Result

_REMEMBERED = 4 * WINDOW
"""How long a failure may still turn out to be our network's: where few hosts are asked that is slow to be seen."""

_log = structlog.get_logger(__name__)


class Blame:
    """Watches what becomes of requests, and says of each failure whether its source is to be blamed."""

    def __init__(self, urls: Iterable[str]) -> None:
        """Take the addresses of all sources."""
        self._reachability = Reachability()
        self._blamed: dict[int, Result] = {}
        """Results of silent hosts that were written lately, by request; their feeds are as they were before."""
        self._again: dict[int, Result] = {}
        """Those of them whose requests are under way again: what comes of that says more."""
        self._acquitted: set[str] = set()
        """Hosts whose silence was laid to our network, and that have not been reached since."""
        self.adopt(urls)

    def adopt(self, urls: Iterable[str]) -> None:
        """Go on with other sources."""
        self._reachability.sites = len({site_of(host_of(url)) for url in urls})

    @property
    def network_down(self) -> bool:
        """Our network is taken to be at fault."""
        return self._reachability.down

    def begins(self, request: Request) -> None:
        """Take note of a request that is under way: an earlier result of it is not written once more meanwhile."""
        if (earlier := self._blamed.pop(request.key, None)) is not None:
            self._again[request.key] = earlier

    def asks(self, request: Request, at: datetime) -> None:
        """Take note of a request whose server is being asked."""
        self._reachability.begin(request.host, at)

    def heard(self, request: Request, at: datetime, error: AggregatorError | None) -> None:
        """Take note of what a request came to: an answer, whatever it is, or none."""
        if isinstance(error, AddressRefused):  # by us: nothing was tried
            return
        before, host = self.network_down, request.host
        reached = not _is_silence(error)
        telling = is_telling(request.feed, at, acquitted=host in self._acquitted)
        self._reachability.end(host, at, reached=reached, telling=telling)
        if reached:
            self._acquitted.discard(host)
        if self.network_down != before:
            self._tell()

    def _tell(self) -> None:
        if self.network_down:
            _log.error("network.down", remedy=network_down().remedy)
        else:
            _log.info("network.up")

    def judged(self, result: Result) -> tuple[Result, list[Result]]:
        """Return a result as it is to be written, and earlier ones to be written once more: the fault was ours."""
        earlier = self._again.pop(result.request.key, None)
        if not _is_silence(result.error):
            return result, []
        blamed = _as_before(result, earlier) if earlier is not None and _is_near(earlier, result) else result
        if self.network_down:
            wronged = [one for one in self._blamed.values() if _is_near(one, result)]
            self._blamed.clear()
            return self._acquit(blamed), [self._acquit(one) for one in wronged]
        self._blamed[result.request.key] = blamed
        return result, []

    def _acquit(self, result: Result) -> Result:
        self._acquitted.add(result.request.host)
        return replace(result, error=network_down())


def _is_silence(error: AggregatorError | None) -> bool:
    """Tell whether nothing answered; a server that sends us to where nothing does is not silent."""
    return isinstance(error, NetworkError) and not error.redirected


def _is_near(earlier: Result, later: Result) -> bool:
    return later.at - earlier.at <= _REMEMBERED


def _as_before(result: Result, earlier: Result) -> Result:
    """Return a result whose feed has the failures that it had before an earlier one was written."""
    was = earlier.feed
    feed = replace(result.feed, errors=was.errors, failing_since=was.failing_since, error=was.error, remedy=was.remedy)
    return replace(result, request=replace(result.request, feed=feed))


def network_down() -> NetworkDown:
    """Return the error that takes the place of every other while our network is down."""
    return NetworkDown(
        "Most hosts cannot be reached: our own network is down.",
        "Check this machine's connection and name server; no source is blamed, and all are asked again by themselves.",
    )
