"""An article's page in the serial stage: it completes its entry, which is released then; or it cannot be had.

Like a page of an archive it never touches what polls know of the feed.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from aggregator.awaiting import let_go
from aggregator.decide import outage
from aggregator.decide.answers import is_passing
from aggregator.decide.articles import TRIES, completion
from aggregator.decide.cadence import Asked, NextPoll, next_poll
from aggregator.errors import HttpStatus, NetworkDown, NetworkError, ParserBusy, TimedOut
from aggregator.model import Outcome, PollReport, RequestKind
from aggregator.noticing import Event
from aggregator.parse.language import spoken
from aggregator.releasing import outputs_of
from aggregator.settle import Settled, pause_site, unwanted

if TYPE_CHECKING:
    from aggregator.config.settings import FeedSettings, Settings
    from aggregator.decide.articles import ArticlePage, Lacking
    from aggregator.errors import AggregatorError
    from aggregator.settle import Chance, Result
    from aggregator.store.protocols import Transaction

_OVERLOADED = frozenset({429, 503})
_AGAIN = timedelta(minutes=2)


def complete(tx: Transaction, result: Result, settings: Settings, chance: Chance) -> Settled:
    """Decide and write what came of asking for an article."""
    settled = unwanted(tx, result, settings) or _completed(tx, result, settings, chance)
    return replace(settled, report=replace(settled.report, kind=RequestKind.ARTICLE))


def _completed(tx: Transaction, result: Result, settings: Settings, chance: Chance) -> Settled:
    lacking = next(iter(tx.articles.lacking([result.request.entry])), None)
    if lacking is None:
        tx.requests.give_back([result.request])
        return Settled(
            PollReport(result.feed.url, Outcome.SKIPPED, reason="its article was read, or is not wanted any more")
        )
    if result.article is None:
        return _Failure(tx, result, lacking, settings, chance).settled()
    return _read(tx, result, lacking, result.article, settings)


def _read(tx: Transaction, result: Result, lacking: Lacking, page: ArticlePage, settings: Settings) -> Settled:
    source, now, changed = settings.sources[result.feed.url], result.at, set[str]()
    if not lacking.waits:  # its title is told
        page = replace(page, title=lacking.item.title)
    tx.articles.keep(lacking.entry, page, now)
    if lacking.feed == source.url:  # else another source, nearer to the article, tells it by now
        revision = completion(lacking, page, source)
        spoken_of = replace(revision.candidate, item=spoken(revision.candidate.item, result.feed.header.language))
        tx.entries.revise(result.feed, [replace(revision, candidate=spoken_of)], now)
        lacking = replace(lacking, item=spoken_of.item, published=revision.published)
        changed |= outputs_of(tx, [lacking.entry]).get(lacking.entry, set())
    if lacking.waits:
        changed |= let_go(tx, [lacking], settings, now)
    return Settled(_report(result, Outcome.NEW), frozenset(changed))


class _Failure:
    """One try that brought no article."""

    def __init__(self, tx: Transaction, result: Result, lacking: Lacking, settings: Settings, chance: Chance) -> None:
        self.tx, self.result, self.lacking, self.settings, self.chance = tx, result, lacking, settings, chance
        self.source: FeedSettings = settings.sources[result.feed.url]

    def settled(self) -> Settled:
        error = self.result.error
        if isinstance(error, NetworkDown):
            self.tx.requests.reschedule(self.result.request, outage.again(self.result.at, self.chance.jitter))
            return Settled(_report(self.result, Outcome.SKIPPED))
        pause_site(self.tx, self.source, self.result.fetched, f"an article of {self.result.feed.url}")
        if self._may_pass(error) and self.lacking.tries + 1 < TRIES:
            self.tx.articles.fail(self.lacking.entry, str(error), self.result.at, final=False)
            self.tx.requests.reschedule(self.result.request, self._later())
            return Settled(_report(self.result, Outcome.ERROR, error))
        return self._given_up(error)

    def _given_up(self, error: AggregatorError | None) -> Settled:
        """Leave the entry as it was listed."""
        now, words = self.result.at, str(error or "The page answered with nothing new.")
        self.tx.articles.fail(self.lacking.entry, words, now, final=True)
        changed = let_go(self.tx, [self.lacking], self.settings, now) if self.lacking.waits else set()
        told = Event("article.failed", {"feed": self.result.feed.url, "article": self.lacking.wait.url, "error": words})
        return Settled(_report(self.result, Outcome.ERROR, error), frozenset(changed), (told,))

    def _may_pass(self, error: AggregatorError | None) -> bool:
        fetched = self.result.fetched
        if isinstance(error, HttpStatus) and fetched is not None:
            return is_passing(fetched.status)
        return isinstance(error, NetworkError | TimedOut | ParserBusy)

    def _later(self) -> NextPoll:
        """Return when to try again: while its entry waits, unless the server asks for more time."""
        errors, fetched = self.lacking.tries + 1, self.result.fetched
        soon = NextPoll(self.result.at + _AGAIN * errors * (1 + self.chance.jitter / 2), "its article was not answered")
        if fetched is None or (fetched.status not in _OVERLOADED and fetched.caching.retry_after is None):
            return soon
        asked = Asked(self.result.at, ok=False, status=fetched.status, caching=fetched.caching, errors=errors)
        return next_poll(asked, self.settings.polling, jitter=self.chance.jitter)


def _report(result: Result, outcome: Outcome, error: AggregatorError | None = None) -> PollReport:
    fetched = result.fetched
    return PollReport(
        url=result.feed.url,
        outcome=outcome,
        status=fetched.status if fetched is not None else None,
        error=f"An article: {error}" if error is not None else None,
    )
