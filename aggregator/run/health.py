"""How the daemon is: what /readyz and `aggregator health` are told."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from aggregator.errors import StoreError

if TYPE_CHECKING:
    from aggregator.errors import AggregatorError
    from aggregator.poll import Pipeline

LATE = 60.0
"""Seconds without a tick after which polling is late."""
SILENCE = 7200.0
"""Seconds without a single good answer after which the daemon calls itself not ready."""


@dataclass(slots=True)
class Health:
    """When the daemon last did what it is for."""

    last_tick: float = field(default_factory=time.monotonic)
    last_success: float = field(default_factory=time.monotonic)
    """When a source last gave a good answer, or the daemon started."""
    failures: int = 0
    """Polls that failed since then."""

    @property
    def tick_age(self) -> float:
        """Seconds since the last tick ended."""
        return time.monotonic() - self.last_tick

    @property
    def late(self) -> str | None:
        """What is wrong where ticks do not come any more, in words."""
        return f"no tick for {self.tick_age:.0f} s" if self.tick_age >= LATE else None

    @property
    def silent_for(self) -> float | None:
        """Seconds for which no source has answered although some were asked; None while that is short."""
        silence = time.monotonic() - self.last_success
        return silence if self.failures and silence >= SILENCE else None

    def status(self, pipeline: Pipeline, *failures: AggregatorError | None) -> dict[str, Any]:
        """Return the answer to the command `status`; `failures`: what the store and the documents suffer from."""
        writer, late, silence = pipeline.writer, self.late, self.silent_for
        failure = next(filter(None, (writer.held_up, *failures)), None)
        return {
            "writable": failure is None,
            "trouble": failure.in_short if isinstance(failure, StoreError) else None,
            "waiting": writer.backlog,
            "polling": late is None,
            "answered": silence is None,
            "network_down": pipeline.network_down,
            "last_tick_age": round(self.tick_age, 3),
            "reason": _failure(failure, pipeline) or late or _silence(silence, pipeline),
        }


def _failure(failure: AggregatorError | None, pipeline: Pipeline) -> str | None:
    """Return in words what cannot be written, and how much waits for it."""
    if failure is None or pipeline.writer.held_up is None:
        return None if failure is None else failure.message
    return f"{failure.message} {pipeline.writer.backlog} answers of sources wait to be stored"


def _silence(silence: float | None, pipeline: Pipeline) -> str | None:
    if silence is None:
        return None
    network = "our network is down" if pipeline.network_down else "see: aggregator feeds"
    return f"no source has given an answer for {silence / 3600:.0f} hours; {network}"
