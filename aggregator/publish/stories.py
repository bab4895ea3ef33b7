"""Outputs that have one item for each story: what else there is on it, and which stories most sources tell."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import timedelta

    from aggregator.config.settings import OutputSettings
    from aggregator.model import Entry
    from aggregator.store.protocols import Transaction
    from aggregator.store.releases import Released


def covered(tx: Transaction, output: OutputSettings, entries: Sequence[Entry]) -> list[Entry]:
    """Add what else the output knows of each entry's story; what private feeds tell only behind a token."""
    found = tx.tellings.coverage(output.name, [entry.key for entry in entries])
    return [
        replace(entry, coverage=tuple(one for one in found.get(entry.key, ()) if output.token or not one.private))
        for entry in entries
    ]


def most_covered(entries: Sequence[Entry], top: int) -> list[Entry]:
    """Return so many of the entries: those whose stories most sources tell.

    Ties go to the better rank among the story's sources, then to the newer, then to the later stored.
    """

    def order(entry: Entry) -> tuple[int, int, float, int]:
        rank = min([entry.rank, *(one.rank for one in entry.coverage)])
        return -sources_of(entry), rank, -entry.published.timestamp(), -entry.key

    return sorted(entries, key=order)[:top]


def sources_of(entry: Entry) -> int:
    """Return how many sources tell an entry's story."""
    return len({entry.source.title, *(one.source for one in entry.coverage)})


def within(released: Sequence[Released], span: timedelta) -> list[Released]:
    """Return what was released at most so long before the newest."""
    newest = max((one.released_at for one in released), default=None)
    return [one for one in released if newest is not None and one.released_at > newest - span]
