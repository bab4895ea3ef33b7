"""What a poll's document says of gaps and floods, in the serial stage; a gap's repair begins here."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from aggregator.decide import archives
from aggregator.decide.gaps import Watch, is_disjoint, is_habit, missed, opened
from aggregator.decide.notices import NO_ARCHIVE, missed_words
from aggregator.losses import Flood
from aggregator.model import Held
from aggregator.releasing import release

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from datetime import datetime

    from aggregator.config.settings import Settings
    from aggregator.decide.changes import Known, Verdict
    from aggregator.losses import Gap
    from aggregator.model import Document, FeedState
    from aggregator.store.protocols import Transaction

WHY_ARCHIVE = "to recover what was missed"


@dataclass(frozen=True, slots=True)
class Event:
    """Something for the log, once it is committed."""

    name: str
    facts: Mapping[str, Any] = field(default_factory=dict)
    level: str = "warning"


def gap_of(
    tx: Transaction, feed: FeedState, document: Document, judged: tuple[Known, Verdict], now: datetime
) -> Gap | None:
    """Return the gap that a document shows; to be called before its sightings are written.

    A sitemap has none: it is no window that news pass through, and of an index only what changed was read.
    """
    known, verdict = judged
    seen_before = feed.last_success is not None and feed.items > 0 and feed.kind != "sitemap"
    if not seen_before or document.complete or document.cut_short or not is_disjoint(verdict, known):
        return None
    watch = Watch(feed.last_success or now, now, feed.rhythm)
    miss = missed(tx.gaps.last_listed(feed), [sight.candidate.item for sight in verdict.sights], watch)
    return None if miss is None else _with_way(feed, document, opened(feed, miss, now), now)


def _with_way(feed: FeedState, document: Document, gap: Gap, now: datetime) -> Gap:
    """Return a gap with the archive that it may be repaired from."""
    if is_habit(gap):
        return gap
    routes = archives.routes(feed, document.header)
    if feed.kind == "feed" and not feed.private:
        routes = (*routes, archives.sitemap_of(feed))
    if not routes:
        return replace(gap, ended=now, outcome=NO_ARCHIVE)
    return archives.onward(feed, gap, routes[0], routes[1:])


def note_gap(tx: Transaction, feed: FeedState, gap: Gap, now: datetime) -> list[Event]:
    """Keep a gap that was noticed just now, ask for what repairs it, and return what is to be told."""
    if is_habit(gap):
        tx.gaps.note(feed, gap)
        tx.gaps.drop(feed)
        return []
    tx.gaps.note(feed, gap, noticed=True)
    if gap.page is not None:
        tx.gaps.ask(feed, gap.page, now, WHY_ARCHIVE)
    told = {"feed": feed.url, "missed": missed_words(gap), "archive": gap.page is not None}
    return [Event("feed.gap", told)]


def note_overlap(tx: Transaction, feed: FeedState, judged: tuple[Known, Verdict]) -> None:
    """Keep, where a document overlaps with the one before, that gaps are no habit of this feed."""
    known, verdict = judged
    if (
        feed.gap is not None
        and feed.gap.times
        and (verdict.sights or verdict.unread)
        and not is_disjoint(verdict, known)
    ):
        tx.gaps.note(feed, replace(feed.gap, times=0))


def note_flood(
    tx: Transaction, feed: FeedState, judged: tuple[Known, Verdict], held: Collection[str], now: datetime
) -> list[Event]:
    """Keep what a document floods us with, or that it lists nothing of it any more."""
    (known, verdict), entries = judged, sum(why == Held.FLOOD for why in held)
    if entries:
        flood = Flood(now, entries + (feed.flood.entries if feed.flood is not None else 0))
        tx.gaps.note_flood(feed, flood)
        return [Event("feed.flood", {"feed": feed.url, "held": entries})]
    if feed.flood is not None and not _is_flooded(known, verdict):
        tx.gaps.note_flood(feed, None)
    return []


def _is_flooded(known: Known, verdict: Verdict) -> bool:
    listed = (known.entries.get(sight.entry) for sight in verdict.sights)
    return any(entry is not None and entry.held == Held.FLOOD for entry in listed)


def let_flood_in(tx: Transaction, feed: FeedState, settings: Settings, now: datetime) -> set[str]:
    """Publish what a feed flooded us with, once the operator allows as much at once; return outputs that change."""
    if feed.flood is None or settings.publishing.flood < feed.flood.entries:
        return set()
    flooded = tx.gaps.flooded(feed)
    tx.entries.set_held(flooded, None)
    tx.gaps.note_flood(feed, None)
    return release(tx, flooded, settings, now)
