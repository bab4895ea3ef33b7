"""What is known of those who poll together."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Fleet:
    """How those do who poll together, and their queue of jobs: one job carries what is due of one host."""

    workers: int
    """Alive."""
    waiting: int
    running: int
    again: int
    """Of those that wait or run: tried before, without success or by a worker that died."""
    failed: int
    """Given up, and kept to be looked at. What they carried is due again."""
