"""Whose fault it is that hosts are silent: theirs, or our network's."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import structlog

from aggregator.decide.outage import WINDOW, Reachability, is_telling
from aggregator.errors import AddressRefused, NetworkDown, NetworkError

if TYPE_CHECKING:
    from datetime import datetime

    from aggregator.errors import FetchError
    from aggregator.model import Request
    from aggregator.settle import Result

_REMEMBERED = 4 * WINDOW
"""How long a failure may still turn out to be our network's: where few hosts are asked that is slow to be seen."""

_log = structlog.get_logger(__name__)


class Blame:
    """Watches what becomes of requests, and says of each failure whether its source is to be blamed."""

    def __init__(self) -> None:
        self._reachability = Reachability()
        self._blamed: list[Result] = []
        """Results of silent hosts that were written lately."""
        self._acquitted: set[str] = set()
        """Hosts whose silence was laid to our network, and that have not been reached since."""

    @property
    def network_down(self) -> bool:
        """Our network is taken to be at fault."""
        return self._reachability.down

    def asks(self, request: Request, at: datetime) -> None:
        """Take note of a request that begins."""
        self._reachability.begin(request.host, at)

    def heard(self, request: Request, at: datetime, error: FetchError | None) -> None:
        """Take note of what a request came to: an answer, whatever it is, or none."""
        if isinstance(error, AddressRefused):  # by us: nothing was tried
            return
        before, host = self.network_down, request.host
        reached = not isinstance(error, NetworkError)
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
        if not isinstance(result.error, NetworkError):
            return result, []
        if not self.network_down:
            self._blamed = [one for one in self._blamed if result.at - one.at <= _REMEMBERED]
            self._blamed.append(result)
            return result, []
        wronged, self._blamed = self._blamed, []
        return self._acquit(result), [self._acquit(one) for one in wronged]

    def _acquit(self, result: Result) -> Result:
        self._acquitted.add(result.request.host)
        return replace(result, error=network_down())


def network_down() -> NetworkDown:
    """Return the error that takes the place of every other while our network is down."""
    return NetworkDown(
        "Most hosts cannot be reached: our own network is down.",
        "Check this machine's connection and name server; no source is blamed, and all are asked again by themselves.",
    )
