"""Entries that wait for their articles' pages: asked for when they are kept, let go when they were waited for."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from aggregator.decide.articles import WAIT, as_read, kept_whole, reads_articles, verdict_of
from aggregator.losses import Flood
from aggregator.model import Held
from aggregator.releasing import release

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import datetime

    from aggregator.config.settings import FeedSettings, Settings
    from aggregator.decide.articles import Lacking
    from aggregator.decide.changes import Known, Sight, Verdict
    from aggregator.store.protocols import Transaction


def with_articles(tx: Transaction, judged: tuple[Known, Verdict], source: FeedSettings) -> Verdict:
    """Return a verdict whose changes of the source's own entries keep what their articles said."""
    known, verdict = judged
    if not reads_articles(source):
        return verdict
    read = tx.articles.read([revision.entry for revision in verdict.revisions])
    revisions = []
    for revision in verdict.revisions:
        if revision.entry not in read or (entry := known.entries[revision.entry]).feed != source.url:
            revisions.append(revision)
        elif (whole := kept_whole(revision, read[revision.entry], entry, source)) is not None:
            revisions.append(whole)
    return replace(verdict, revisions=tuple(revisions))


def with_texts(tx: Transaction, sights: Sequence[Sight], known: Known, source: FeedSettings) -> list[Sight]:
    """Return what a source lists of held entries of its own as their articles say it: its filters read all of it."""
    held = {entry.key for entry in known.entries.values() if entry.held is not None and entry.feed == source.url}
    read = tx.articles.read(held) if held and reads_articles(source) else {}
    return [
        replace(sight, candidate=as_read(sight.candidate, read[sight.entry], source)) if sight.entry in read else sight
        for sight in sights
    ]


def let_go(tx: Transaction, entries: Collection[Lacking], settings: Settings, now: datetime) -> set[str]:
    """Let entries wait no longer, with their articles or without; return the outputs that show them."""
    free = []
    for entry in entries:
        source = settings.sources.get(entry.feed)
        why = verdict_of(entry.item, entry.published, entry.wait, source) if source is not None else None
        tx.entries.set_held([entry.entry], why)
        if why is None:
            free.append(entry.entry)
        elif why == Held.FLOOD:
            _note_flood(tx, entry.feed, now)
    return release(tx, free, settings, now)


def _note_flood(tx: Transaction, url: str, now: datetime) -> None:
    """Count one more of a flood: the operator is told, and may let it in."""
    if (feed := tx.feeds.get(url)) is not None:
        tx.gaps.note_flood(feed, Flood(now, 1 + (feed.flood.entries if feed.flood is not None else 0)))


def let_overdue_go(tx: Transaction, settings: Settings, now: datetime) -> set[str]:
    """Release what has waited for long enough as it was listed; its article may still complete it later."""
    overdue = tx.articles.overdue(now - WAIT)
    return let_go(tx, tx.articles.lacking(overdue), settings, now) if overdue else set()
