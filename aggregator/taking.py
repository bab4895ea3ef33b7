"""A source's document taken in: its items named, judged and kept, in the serial stage; a gap or a flood is noticed."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from aggregator.decide import naming
from aggregator.decide.candidates import candidates, renamed
from aggregator.decide.changes import Verdict, judge
from aggregator.decide.listing import listing_of, unread
from aggregator.decide.origins import names_of
from aggregator.decide.pushing import name_of
from aggregator.decide.release import Arrival
from aggregator.errors import PageChanged
from aggregator.keeping import keep
from aggregator.model import Held
from aggregator.noticing import gap_of, note_flood, note_gap, note_overlap

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from aggregator.config.settings import FeedSettings, Settings
    from aggregator.decide.candidates import Candidate
    from aggregator.decide.changes import Known
    from aggregator.keeping import Kept
    from aggregator.listings import Line, Naming
    from aggregator.losses import Gap
    from aggregator.model import Document, FeedState
    from aggregator.noticing import Event
    from aggregator.store.protocols import Transaction

_MANY = 3
"""Links of a page below which nothing is said of a redesign."""
_NO_NEWS = frozenset({Held.BACKLOG.value, Held.FLOOD.value})


class Doubtful(Exception):
    """A document that was read in part has to be read whole: what was left unread is not what it was."""


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of a document."""

    verdict: Verdict = field(default_factory=Verdict)
    news: int = 0
    """Items that are new in this feed, whoever else told them before; republished archives are none."""
    found: frozenset[str] = frozenset()
    """Their names (decide.pushing.name_of)."""
    changed: frozenset[str] = frozenset()
    """Outputs whose documents are not up to date any more."""
    naming: Naming | None = None
    gap: Gap | None = None
    """One that was noticed just now."""
    events: tuple[Event, ...] = ()

    @property
    def edited(self) -> int:
        """How many entries readers see changed."""
        return sum(revision.edited for revision in self.verdict.revisions)


def take(
    tx: Transaction, feed: FeedState, document: Document, now: datetime, configured: tuple[FeedSettings, Settings]
) -> Taken:
    """Write what a document changes, and release what becomes visible by it.

    Raise PageChanged for a page that lists nothing of before, and Doubtful before anything is written.
    """
    return _Taking(tx, feed, document, now, configured).taken()


class _Taking:
    """One document on its way into the store."""

    def __init__(
        self,
        tx: Transaction,
        feed: FeedState,
        document: Document,
        now: datetime,
        configured: tuple[FeedSettings, Settings],
    ) -> None:
        self.tx, self.document, self.now, self.configured = tx, document, now, configured
        self.source, _ = configured
        self.feed = replace(feed, header=document.header, gap=self._gap(feed))
        self.unread: tuple[Line, ...] = unread(document)

    def _gap(self, feed: FeedState) -> Gap | None:
        """Return the feed's gap as it is now: its repair went on while the feed was polled."""
        if feed.gap is None or (stored := self.tx.feeds.get(feed.url)) is None:
            return None
        return stored.gap

    def taken(self) -> Taken:
        before, still = self.feed.naming, len(self.unread)
        listed = candidates(self.document.items, self.source.ignore, before.by)
        named = naming.settled(before, [candidate.item for candidate in listed], self.now, unread=still)
        same = self.tx.listings.unread(self.feed, self.unread)
        if same is None or (still and named.by is not before.by):
            raise Doubtful
        listed = self._renamed(listed, before, named)
        judged = known, verdict = self._judged(listed)
        self._refuse_redesign(verdict)
        gap = gap_of(self.tx, self.feed, self.document, judged, self.now)
        kept = self._kept(judged, same)
        events = self._noticed(judged, kept, gap)
        doubted = naming.doubted(named, verdict, known.entries, self.now)
        self._keep_listing(listed, judged, kept, (named, doubted))
        news, found = news_of(judged, kept.held)
        return Taken(verdict, news, found, kept.changed, doubted, gap, tuple(events))

    def _judged(self, listed: Sequence[Candidate]) -> tuple[Known, Verdict]:
        known = self.tx.entries.known(self.feed, listed, [line.key for line in self.unread])
        names = names_of(self.feed.url, self.feed.fetch_url, self.document.header)
        private = self.source.private
        verdict = judge(self.feed.url, listed, known, now=self.now, private=private, names=names, unread=self.unread)
        return known, verdict

    def _kept(self, judged: tuple[Known, Verdict], same: Sequence[int]) -> Kept:
        whole_site = self.source.kind == "sitemap"
        arrival = Arrival(self.now, self.tx.created, self.feed.last_success, whole_site=whole_site)
        kept = keep(self.tx, self.feed, judged, arrival, self.configured)
        self.tx.listings.sight(same, self.now)
        return kept

    def _noticed(self, judged: tuple[Known, Verdict], kept: Kept, gap: Gap | None) -> list[Event]:
        events = note_flood(self.tx, self.feed, judged, kept.held.values(), self.now)
        if gap is not None:
            return events + note_gap(self.tx, self.feed, gap, self.now)
        note_overlap(self.tx, self.feed, judged)
        return events

    def _keep_listing(
        self,
        listed: list[Candidate],
        judged: tuple[Known, Verdict],
        kept: Kept,
        namings: tuple[Naming, Naming],
    ) -> None:
        """Keep what the next document need not be read for; under names that are new it is read whole."""
        named, doubted = namings
        if doubted.by is named.by:
            kept_of = listing_of(self.document.parts, listed, judged, kept.held, self.feed, named.by)
            self.tx.listings.keep(self.feed, kept_of)
        self._renamed(listed, named, doubted)

    def _refuse_redesign(self, verdict: Verdict) -> None:
        """Raise PageChanged where a page lists nothing of before: what is found in it may be no articles at all.

        With `item.select` the operator has said which links are.
        """
        before, now = self.feed.items, len(verdict.sights)
        guessed = self.source.kind == "page" and self.source.item.select is None
        if guessed and min(before, now) >= _MANY and len(verdict.additions) == now:
            raise PageChanged(
                f"The page lists {now} links, and none of the {before} of before: it may have been redesigned.",
                "See what it lists with: aggregator check URL; name the articles with `item: {select: ...}`.",
            )

    def _renamed(self, listed: list[Candidate], before: Naming, after: Naming) -> list[Candidate]:
        """Return the candidates under their names of today, which what is known of the feed is given too."""
        if after.by is before.by:
            return listed
        anew = renamed(listed, after.by)
        keys = {old.key: new.key for old, new in zip(listed, anew, strict=True)}
        self.tx.feeds.rekey(self.feed, keys, after.by)
        return anew


def news_of(judged: tuple[Known, Verdict], held: Mapping[int, str]) -> tuple[int, frozenset[str]]:
    """Count the items that are new in their feed, and name them; republished archives are none."""
    known, verdict = judged
    told = {addition.key for addition in verdict.additions if held.get(addition.key) not in _NO_NEWS}
    others = {key for key, entry in known.entries.items() if not entry.here}
    names = {
        name_of(sight.candidate.key) for sight in verdict.sights if sight.first and sight.entry in told | others
    }  # fmt: skip
    return len(told) + verdict.duplicates, frozenset(names)
