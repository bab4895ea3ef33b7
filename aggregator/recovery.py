"""A page of a feed's archive in the serial stage: what of it was missed is kept, and what is asked next.

It never touches what polls know of the feed: validators, body, rhythm, failures and what it listed last stay.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from aggregator.decide import archives, outage
from aggregator.decide.answers import is_passing
from aggregator.decide.cadence import Asked, NextPoll, next_poll
from aggregator.decide.candidates import candidates
from aggregator.decide.changes import Verdict, judge
from aggregator.decide.notices import NO_ARCHIVE, gap_words
from aggregator.decide.origins import names_of
from aggregator.decide.release import Arrival
from aggregator.errors import AddressRefused, BadRedirect, HttpStatus, NetworkDown, ParseError, ParserKilled
from aggregator.keeping import keep
from aggregator.model import Outcome, PollReport, RequestKind
from aggregator.noticing import WHY_ARCHIVE, Event
from aggregator.settle import Settled, pause_site, unwanted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aggregator.config.settings import FeedSettings, Settings
    from aggregator.decide.candidates import Candidate
    from aggregator.decide.changes import Known
    from aggregator.errors import AggregatorError
    from aggregator.indexes import ChildSitemap
    from aggregator.losses import Gap
    from aggregator.model import Document, FeedState
    from aggregator.settle import Chance, Result
    from aggregator.store.protocols import Transaction

_WHILE = timedelta(milliseconds=1)
"""What is recovered was listed before the document that showed the gap, and after the one before."""


def recover(tx: Transaction, result: Result, settings: Settings, chance: Chance) -> Settled:
    """Decide and write what came of asking for a page of an archive."""
    if (nothing := unwanted(tx, result, settings)) is not None:
        return _of_archive(nothing)
    feed = tx.feeds.get(result.feed.url)
    if feed is None or feed.gap is None or feed.gap.page is None:
        tx.gaps.drop(result.feed)
        return _of_archive(Settled(PollReport(result.feed.url, Outcome.SKIPPED, reason="its gap is mended")))
    source = settings.sources[feed.url]
    return _of_archive(_Recovery(tx, result, (feed, feed.gap, feed.gap.page), (source, settings), chance).settled())


def _of_archive(settled: Settled) -> Settled:
    return replace(settled, report=replace(settled.report, kind=RequestKind.ARCHIVE))


class _Recovery:
    """One page on its way into the store."""

    def __init__(
        self,
        tx: Transaction,
        result: Result,
        lacking: tuple[FeedState, Gap, str],
        configured: tuple[FeedSettings, Settings],
        chance: Chance,
    ) -> None:
        """Take the feed as it is known now: it may have been polled since the page was asked for."""
        self.tx, self.result, self.chance = tx, result, chance
        self.feed, self.gap, self.page = lacking
        self.source, self.settings = configured

    def settled(self) -> Settled:
        asked = self.result.feed.gap
        if asked is None or asked.page != self.page:  # another gap was noticed meanwhile
            self.tx.requests.reschedule(self.result.request, NextPoll(self.result.at, WHY_ARCHIVE))
            return Settled(self._report(Outcome.SKIPPED))
        error = self.result.error or self._strayed()
        if error is not None:
            return self._failed(error)
        if self.result.document is None:
            return self._useless()
        return self._read(self.result.document)

    def _strayed(self) -> BadRedirect | None:
        """Return what is wrong with a page that redirects led to."""
        fetched = self.result.fetched
        if fetched is None or archives.may_ask(self.feed, fetched.url):
            return None
        return BadRedirect("The archive leads away from the feed's own site.")

    def _read(self, document: Document) -> Settled:
        if document.header.sitemaps:
            return self._through_index(document.header.sitemaps)
        listed = candidates(document.items, self.source.ignore, self.feed.naming.by)
        leaf = self._of_sitemap(listed) if self.gap.by_sitemap else self._of_feed(listed)
        known = self.tx.entries.known(self.feed, leaf.wanted)
        fresh = [each for each in leaf.wanted if each.key not in known.sighted]
        names = names_of(self.feed.url, self.feed.fetch_url, document.header)
        verdict = judge(self.feed.url, fresh, known, now=self.result.at, private=self.source.private, names=names)
        verdict = _unlisted(verdict, known)
        arrival = Arrival(self.result.at, self.tx.created, self.gap.since or self.gap.before)
        kept = keep(
            self.tx,
            self.feed,
            (known, verdict),
            arrival,
            (self.source, self.settings),
            listed_at=self.gap.at - _WHILE,
            oldest=(self.gap.since or self.gap.before) if self.gap.by_sitemap else None,
        )
        found = len({sight.entry for sight in verdict.sights})
        asked = (*self.gap.asked, self.page)
        gap = replace(self.gap, recovered=self.gap.recovered + found, asked=asked, tries=0, outcome="")
        gap, events = self._next(gap, document, found=found, reached=leaf.reached)
        self.tx.gaps.note(self.feed, gap, recovered=found)
        outcome = Outcome.NEW if found else Outcome.UNCHANGED
        report = self._report(outcome, verdict, entries=len(document.items))
        return Settled(report, kept.changed, events)

    def _of_feed(self, listed: list[Candidate]) -> archives.Leaf:
        before = self.tx.gaps.listed_by(self.feed, [each.key for each in listed], self.gap.before)
        return archives.read(self.gap, listed, before)

    def _of_sitemap(self, listed: list[Candidate]) -> archives.Leaf:
        """Return what of a sitemap was missed; its titles are made of addresses, and the articles' own come later."""
        known = self.tx.entries.known(self.feed, listed)
        leaf = archives.read_sitemap(self.gap, listed, list(known.entries.values()))
        bare = [replace(each.item, title="", updated=None, marks=None) for each in leaf.wanted]
        return leaf._replace(wanted=candidates(bare, by=self.feed.naming.by))

    def _through_index(self, children: Sequence[ChildSitemap]) -> Settled:
        """Go on with the sitemaps of an index that may list what was missed."""
        gap = replace(self.gap, asked=(*self.gap.asked, self.page))
        changed = archives.changed_in(self.feed, gap, children)
        gap, events = self._another(replace(gap, routes=tuple(changed)), NO_ARCHIVE)
        self.tx.gaps.note(self.feed, gap)
        return Settled(self._report(Outcome.UNCHANGED), events=events)

    def _next(self, gap: Gap, document: Document, *, found: int, reached: bool) -> tuple[Gap, tuple[Event, ...]]:
        """Decide what is asked next, and ask for it."""
        if gap.by_sitemap and not gap.recovered:
            return self._another(gap, "its site's sitemap names nothing of it")
        if reached:
            return self._ended(gap, repaired=True)
        if gap.recovered >= archives.ITEMS or len(gap.asked) >= archives.PAGES:
            return self._ended(gap, f"then the search ended, after {len(gap.asked)} pages")
        page = archives.following(self.feed, self.page, document.header)
        if page is None or page in gap.asked or (self._is_guess() and not found):
            return self._another(gap, "its archive does not reach back to what was known")
        return self._ask(gap, page), ()

    def _useless(self) -> Settled:
        """Settle a page that is the very document of the feed."""
        why = NO_ARCHIVE if self._is_guess() else "what it calls its archive is the feed itself"
        gap, events = self._another(replace(self.gap, asked=(*self.gap.asked, self.page)), why)
        self.tx.gaps.note(self.feed, gap)
        return Settled(self._report(Outcome.UNCHANGED), events=events)

    def _is_guess(self) -> bool:
        """Tell whether the publisher never named this page: WordPress would have it, or a site with a sitemap."""
        return archives.page_number(self.feed, self.page) is not None or self.page == archives.sitemap_of(self.feed)

    def _another(self, gap: Gap, why: str) -> tuple[Gap, tuple[Event, ...]]:
        """Try another archive, if the publisher may have one and this one brought nothing."""
        others = [route for route in gap.routes if route not in gap.asked and archives.may_ask(self.feed, route)]
        if gap.recovered or not others:
            return self._ended(gap, why)
        return self._ask(replace(gap, routes=tuple(others[1:])), others[0]), ()

    def _ask(self, gap: Gap, page: str) -> Gap:
        self.tx.gaps.ask(self.feed, page, self.result.at, WHY_ARCHIVE)
        self.tx.requests.give_back([self.result.request])
        return archives.onward(self.feed, gap, page, gap.routes)

    def _ended(self, gap: Gap, outcome: str = "", *, repaired: bool = False) -> tuple[Gap, tuple[Event, ...]]:
        self.tx.gaps.drop(self.feed)
        ended = replace(gap, page=None, routes=(), ended=self.result.at, repaired=repaired, outcome=outcome)
        told = Event("feed.gap_searched", {"feed": self.feed.url, "result": gap_words(ended)}, "info")
        return ended, (told,)

    def _failed(self, error: AggregatorError) -> Settled:
        if isinstance(error, NetworkDown):
            self.tx.requests.reschedule(self.result.request, outage.again(self.result.at, self.chance.jitter))
            return Settled(self._report(Outcome.SKIPPED))
        pause_site(self.tx, self.source, self.result.fetched, f"an archive of {self.feed.url}")
        gap = replace(self.gap, tries=self.gap.tries + 1, outcome=error.message.rstrip("."))
        events: tuple[Event, ...] = ()
        if self._is_final(error) or gap.tries >= archives.TRIES:
            gap, events = self._without(replace(gap, asked=(*gap.asked, self.page)), error)
        else:
            self.tx.requests.reschedule(self.result.request, self._later(gap.tries))
        self.tx.gaps.note(self.feed, gap)
        report = replace(self._report(Outcome.ERROR), error=f"Its archive: {error.message}")
        return Settled(report, events=events)

    def _is_final(self, error: AggregatorError) -> bool:
        """Tell whether it is of no use to ask for the page once more."""
        fetched = self.result.fetched
        if isinstance(error, HttpStatus) and fetched is not None:
            return not is_passing(fetched.status)
        is_none = isinstance(error, ParseError) and not isinstance(error, ParserKilled)
        return is_none or isinstance(error, AddressRefused | BadRedirect)

    def _without(self, gap: Gap, error: AggregatorError) -> tuple[Gap, tuple[Event, ...]]:
        """Go on without a page that cannot be had; of WordPress's pages the one before it was the last."""
        if self._is_guess() and isinstance(error, HttpStatus):
            is_paged = self.gap.asked and not self.gap.by_sitemap
            return self._ended(gap, "where its archive ends") if is_paged else self._another(gap, NO_ARCHIVE)
        return self._another(gap, f"its archive cannot be had: {error.message.rstrip('.')}")

    def _later(self, tries: int) -> NextPoll:
        fetched = self.result.fetched
        status = fetched.status if fetched is not None else None
        asked = Asked(self.result.at, ok=False, status=status, caching=self.result.caching, errors=tries)
        return next_poll(asked, self.settings.polling, jitter=self.chance.jitter)

    def _report(self, outcome: Outcome, verdict: Verdict | None = None, *, entries: int = 0) -> PollReport:
        fetched, verdict = self.result.fetched, verdict or Verdict()
        return PollReport(
            url=self.feed.url,
            outcome=outcome,
            status=fetched.status if fetched is not None else None,
            new=len(verdict.additions),
            duplicates=verdict.duplicates,
            entries=entries,
            next_poll_at=self.feed.next_poll_at,
            reason=self.feed.reason,
        )


def _unlisted(verdict: Verdict, known: Known) -> Verdict:
    """Return a verdict without what the feed lists under another name: an archive's copy is no edit and no rename."""
    here = {key for key, entry in known.entries.items() if entry.here}
    return replace(
        verdict,
        revisions=tuple(revision for revision in verdict.revisions if revision.entry not in here),
        sights=tuple(sight for sight in verdict.sights if sight.entry not in here),
    )
