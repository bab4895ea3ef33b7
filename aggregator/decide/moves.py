"""Permanent redirects (301, 308): believed only after proof over days, for captive portals and mistakes pass."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from aggregator.decide.sites import host_of
from aggregator.model import Move

if TYPE_CHECKING:
    from datetime import datetime

PROOF = timedelta(days=7)
SIGHTINGS = 3
LOST = 3
"""Failures in a row at a new address after which the configured one is asked again."""


def seen(move: Move | None, moved_to: str | None, at: datetime) -> Move | None:
    """Count a good answer, which permanent redirects led to `moved_to`, or None did: that ends the proof."""
    if moved_to is None:
        return None
    if move is None or move.to != moved_to:
        return Move(moved_to, at)
    return replace(move, times=move.times + 1)


def is_proven(move: Move | None, at: datetime) -> bool:
    """Tell whether a move has been told of for long enough, and often enough."""
    return move is not None and move.times >= SIGHTINGS and at - move.since >= PROOF


def may_carry(url: str, moved_to: str, *, secret: bool) -> bool:
    """Tell whether a source may be asked at another address: one with secrets stays on its host, and on https."""
    if not secret:
        return True
    downgraded = url.lower().startswith("https:") and not moved_to.lower().startswith("https:")
    return host_of(url) == host_of(moved_to) and not downgraded
