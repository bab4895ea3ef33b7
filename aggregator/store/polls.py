"""What polls come to together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aggregator.model import Outcome


@dataclass(frozen=True, slots=True)
class PollCount:
    """How many polls there were and what they brought, all sources together."""

    outcomes: Mapping[Outcome, int]
    unconditional: int
    """Those that asked for whole documents."""
    not_modified: int = 0
    """Those that were answered with 304."""
    bytes: int = 0
    """Of documents, as sent."""
    seconds: float = 0.0
    """From each request to its answer, added up."""
    new: int = 0
    updated: int = 0
    duplicates: int = 0
    """Entries."""

    @property
    def total(self) -> int:
        """All of them."""
        return sum(self.outcomes.values())
