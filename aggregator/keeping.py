"""Items judged and kept: the part of the serial stage that a poll and a page of an archive share."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from aggregator.awaiting import with_articles, with_texts
from aggregator.decide.articles import all_wait, waits
from aggregator.decide.release import hold, retold, unheld
from aggregator.model import Held
from aggregator.parse.language import spoken
from aggregator.releasing import outputs_of, release

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from aggregator.config.settings import FeedSettings, Settings
    from aggregator.decide.candidates import Candidate
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
    oldest: datetime | None = None,
) -> Kept:
    """Write what a document of `feed` changes, and release what becomes visible by it.

    `listed_at` is when the feed is said to have listed it, where that is not now. With `oldest` it lists nothing but
    addresses: all wait for their articles, and those dated before are no news.
    """
    (known, verdict), (source, settings), now = judged, configured, arrival.now
    verdict = _in_languages(with_articles(tx, judged, source), feed.header.language)
    held = hold(verdict.additions, arrival, source, settings.publishing)
    if oldest is not None:
        waiting = all_wait(verdict.additions, held, oldest)
    else:
        waiting = waits(verdict.additions, held, arrival, source, settings.publishing)
    held |= dict.fromkeys(waiting, Held.ARTICLE.value)
    keys = tx.entries.add(feed, verdict.additions, held, now)
    tx.articles.want(feed, {keys[key]: wait for key, wait in waiting.items()}, now)
    tx.entries.revise(feed, verdict.revisions, now)
    sights = [replace(sight, entry=keys.get(sight.entry, sight.entry)) for sight in verdict.sights]
    tx.entries.sight(feed, sights, listed_at or now, verdict.unread)
    told = with_texts(tx, sights, known, source)
    free = unheld(told, known.entries, arrival, source, settings.publishing)
    tx.entries.set_held(free, None)
    again = retold(sights, known.entries, arrival, settings.publishing)
    changed = release(tx, {*keys.values()} | again | free, settings, now)
    revised = outputs_of(tx, {revision.entry for revision in verdict.revisions})
    return Kept(held, frozenset(changed.union(*revised.values())))


def _in_languages(verdict: Verdict, declared: str | None) -> Verdict:
    """Find out the languages of what is written."""

    def of(candidate: Candidate) -> Candidate:
        return replace(candidate, item=spoken(candidate.item, declared))

    return replace(
        verdict,
        additions=tuple(replace(one, candidate=of(one.candidate)) for one in verdict.additions),
        revisions=tuple(replace(one, candidate=of(one.candidate)) for one in verdict.revisions),
    )
