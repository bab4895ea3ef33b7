"""Entries that wait for their articles' pages: asked for when they are kept, let go when they were waited for."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from aggregator.decide.articles import WAIT, kept_whole, reads_articles, verdict_of
from aggregator.releasing import release

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from aggregator.config.settings import FeedSettings, Settings
    from aggregator.decide.articles import Lacking
    from aggregator.decide.changes import Known, Verdict
    from aggregator.store.protocols import Transaction


def with_articles(tx: Transaction, judged: tuple[Known, Verdict], source: FeedSettings) -> Verdict:
    """Return a verdict whose changes of the source's own entries keep what their articles said."""
    known, verdict = judged
    if not reads_articles(source):
        return verdict
    read = tx.articles.read([revision.entry for revision in verdict.revisions])
    revisions = []
    for revision in verdict.revisions:
        entry = known.entries[revision.entry]
        if revision.entry not in read or entry.feed != source.url:
            revisions.append(revision)
        elif (whole := kept_whole(revision, read[revision.entry], entry, source)) is not None:
            revisions.append(whole)
    return replace(verdict, revisions=tuple(revisions))


def let_go(tx: Transaction, entries: Collection[Lacking], settings: Settings, now: datetime) -> set[str]:
    """Let entries wait no longer, with their articles or without; return the outputs that show them."""
    free = []
    for entry in entries:
        source = settings.sources.get(entry.feed)
        why = verdict_of(entry.item, entry.published, entry.wait, source) if source is not None else None
        tx.entries.set_held([entry.entry], why)
        if why is None:
            free.append(entry.entry)
    return release(tx, free, settings, now)


def let_overdue_go(tx: Transaction, settings: Settings, now: datetime) -> set[str]:
    """Release what has waited for long enough as it was listed; its article may still complete it later."""
    overdue = tx.articles.overdue(now - WAIT)
    return let_go(tx, tx.articles.lacking(overdue), settings, now) if overdue else set()
