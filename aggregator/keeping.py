"""Items judged and kept: the part of the serial stage that a poll and a page of an archive share."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from aggregator.decide.release import hold, unheld
from aggregator.releasing import release

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from aggregator.config.settings import FeedSettings, Settings
    from aggregator.decide.changes import Known, Verdict
    from aggregator.decide.release import Arrival
    from aggregator.model import FeedState
    from aggregator.store.protocols import Transaction


@dataclass(frozen=True, slots=True)
class Kept:
    """What was written of a verdict."""

    held: Mapping[int, str]
    """Why additions are held back, by their keys."""
    changed: frozenset[str]
    """Outputs whose documents are not up to date any more."""


def keep(
    tx: Transaction,
    feed: FeedState,
    judged: tuple[Known, Verdict],
    arrival: Arrival,
    configured: tuple[FeedSettings, Settings],
    *,
    listed_at: datetime | None = None,
) -> Kept:
    """Write what a document of `feed` changes, and release what becomes visible by it.

    `listed_at` is when the feed is said to have listed it, where that is not now.
    """
    (known, verdict), (source, settings), now = judged, configured, arrival.now
    held = hold(verdict.additions, arrival, source, settings.publishing)
    keys = tx.entries.add(feed, verdict.additions, held, now)
    tx.entries.revise(feed, verdict.revisions, now)
    sights = [replace(sight, entry=keys.get(sight.entry, sight.entry)) for sight in verdict.sights]
    tx.entries.sight(feed, sights, listed_at or now)
    free = unheld(sights, known.entries, arrival, source, settings.publishing)
    tx.entries.set_held(free, None)
    changed = release(tx, {sight.entry for sight in sights if sight.first} | free, settings, now)
    revised = tx.releases.outputs_of({revision.entry for revision in verdict.revisions})
    return Kept(held, frozenset(changed.union(*revised.values())))
