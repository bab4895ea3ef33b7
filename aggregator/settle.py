"""The serial stage: read what is known, decide, write; one poll's result, inside the caller's transaction."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from aggregator.decide import moves, outage
from aggregator.decide.articles import reads_articles
from aggregator.decide.cadence import Asked, NextPoll, never, next_poll, site_pause
from aggregator.decide.gaps import is_habit, window_of
from aggregator.decide.identity import feed_id
from aggregator.decide.listing import dates_of, unread
from aggregator.decide.pushing import backup
from aggregator.decide.rhythm import learn, of_history
from aggregator.decide.sites import host_of, is_public, site_of
from aggregator.errors import NetworkDown, NotAFeed, PageChanged
from aggregator.model import Caching, Outcome, PollReport
from aggregator.noticing import let_flood_in
from aggregator.pushing import heard
from aggregator.store.protocols import PollRecord
from aggregator.taking import Doubtful, Taken, take

if TYPE_CHECKING:
    from datetime import datetime

    from aggregator.config.settings import FeedSettings, Settings
    from aggregator.decide.articles import ArticlePage
    from aggregator.decide.pushing import Push
    from aggregator.errors import AggregatorError
    from aggregator.losses import Gap
    from aggregator.model import Document, FeedState, Fetched, Request, Rhythm
    from aggregator.noticing import Event
    from aggregator.store.protocols import Transaction

_OURS = "This is one of this aggregator's own outputs: nothing is taken from it. Remove it from feeds.yaml."
_GONE = "410 Gone: not asked again"


@dataclass(frozen=True, slots=True)
class Chance:
    """What settling a result takes from outside of it."""

    jitter: float
    """A random number of [0, 1)."""
    stretch: float = 1.0
    """How many times longer the budget makes pauses."""


@dataclass(frozen=True, slots=True)
class Result:
    """What asking came to: an answer, with a document or an article when it brought one, or an error as a value."""

    request: Request
    at: datetime
    fetched: Fetched | None = None
    document: Document | None = None
    article: ArticlePage | None = None
    body_hash: str | None = None
    """Of a body that was read, new or known."""
    asked_as: str | None = None
    """Digest of the address and headers that were asked with."""
    unconditional: bool = False
    gone: bool = False
    error: AggregatorError | None = None
    postponed: NextPoll | None = None
    """It was not asked: this is when it is instead."""
    refused: Fetched | None = None
    """The answer to a further document of the source (gathering) that asks for rest."""
    found_at: str | None = None
    """Where the feed is of the page that was asked for: it is asked there from now on."""

    @property
    def feed(self) -> FeedState:
        """The source that was asked."""
        return self.request.feed

    @property
    def caching(self) -> Caching:
        """What the answer says of asking again."""
        answer = self.refused or self.fetched
        return answer.caching if answer is not None else Caching()


@dataclass(frozen=True, slots=True)
class Settled:
    """What was written: the report, the outputs whose documents are not up to date any more, and what to log."""

    report: PollReport
    changed: frozenset[str] = frozenset()
    events: tuple[Event, ...] = ()


def settle(tx: Transaction, result: Result, settings: Settings, chance: Chance) -> Settled:
    """Decide and write one poll's result."""
    if (nothing := unwanted(tx, result, settings)) is not None:
        return nothing
    return _Settling(tx, result, settings.sources[result.feed.url], settings, chance).settled()


def unwanted(tx: Transaction, result: Result, settings: Settings) -> Settled | None:
    """Settle what was not asked, or is asked no more; None for any other result."""
    if result.feed.url not in settings.sources:
        tx.requests.give_back([result.request])
        return Settled(PollReport(result.feed.url, Outcome.SKIPPED, reason="removed from feeds.yaml"))
    if (then := result.postponed) is not None:
        tx.requests.reschedule(result.request, then)
        return Settled(PollReport(result.feed.url, Outcome.SKIPPED, next_poll_at=then.at, reason=then.reason))
    return None


class _Settling:
    """One result on its way into the store."""

    def __init__(
        self, tx: Transaction, result: Result, source: FeedSettings, settings: Settings, chance: Chance
    ) -> None:
        self.tx, self.result, self.source, self.settings, self.chance = tx, result, source, settings, chance
        self.feed = result.feed
        self._configured = source, settings

    def settled(self) -> Settled:
        if isinstance(self.result.error, NetworkDown):
            return Settled(self._not_blamed(self.result.error))
        if self.result.error is not None:
            return Settled(self._failed(self.result.error))
        document = self.result.document
        if document is not None and self._is_ours(document):
            self.result = replace(self.result, document=replace(document, notices=(_OURS, *document.notices)))
            document = None
        try:
            kept = Taken() if document is None else take(self.tx, self.feed, document, self.result.at, self._configured)
        except PageChanged as error:
            return Settled(self._failed(error))
        except Doubtful:
            return Settled(PollReport(self.feed.url, Outcome.SKIPPED, reread=True))
        free = let_flood_in(self.tx, self.feed, self.settings, self.result.at)
        return Settled(self._succeeded(kept), kept.changed | free, kept.events)

    def _is_ours(self, document: Document) -> bool:
        """Tell whether a document is one of our own outputs, under whatever address."""
        names = (*self.settings.published, "sources.atom")
        return document.header.id in {feed_id(self.tx.instance, name) for name in names}

    def _succeeded(self, kept: Taken) -> PollReport:
        result, fetched, document = self.result, self.result.fetched, self.result.document
        # What was missed was published too.
        missed = kept.gap.likely if kept.gap is not None and not is_habit(kept.gap) else 0
        rhythm = self._rhythm(document, kept.news + missed)
        moved = moves.seen(self.feed.move, self._moved_to(fetched), result.at)
        proven = moved.to if moved is not None and moves.is_proven(moved, result.at) else None
        adopted = result.found_at or proven
        record = PollRecord(
            at=result.at,
            outcome=self._outcome(len(kept.verdict.additions), kept.edited),
            fetched=fetched,
            header=replace(document.header, updated=None) if document else None,
            hints=document.hints if document else None,
            validators=fetched.validators if fetched and not (document and document.cut_short) else None,
            body_hash=result.body_hash,
            items=len(document.items) + len(unread(document)) if document else None,
            new=len(kept.verdict.additions),
            updated=kept.edited,
            duplicates=kept.verdict.duplicates,
            asked_as=result.asked_as,
            unconditional=result.unconditional,
            rhythm=rhythm,
            naming=kept.naming,
            claimed=self._claimed(document),
            restamped_at=self._restamped_at(document, kept),
            remedy=self._notices(adopted),
            move=None if adopted else moved,
            fetch_url=adopted,
        )
        if result.refused is not None:
            self._pause_site()
        gap = kept.gap or self.feed.gap
        push = heard(self.tx, result.feed, document, (kept.found, result.at), self._configured)
        then = self._next_asked(errors=0, rhythm=rhythm, gap=gap, push=push)
        report = self._written(record, then)
        return replace(report, pages=reads_articles(self.source) or (gap is not None and gap.page is not None))

    def _moved_to(self, fetched: Fetched | None) -> str | None:
        to = fetched.moved_to if fetched is not None else None
        return to if to is not None and moves.may_carry(self.feed.url, to, secret=self.source.private) else None

    def _rhythm(self, document: Document | None, news: int) -> Rhythm:
        """Return what is known of the feed's rhythm now; a first document tells of the time before."""
        if document is None or self.feed.rhythm.at is not None:
            return learn(self.feed.rhythm, news, self.result.at)
        dates = [date for item in document.items if (date := item.published or item.updated) is not None]
        return of_history(dates, self.result.at)

    def _restamped_at(self, document: Document | None, kept: Taken) -> datetime | None:
        """Return the time when the document's dates have moved, but neither an entry came nor one was edited."""
        claimed, before = self._claimed(document), self.feed.claimed
        still = not kept.news and not kept.edited
        return self.result.at if still and claimed is not None and before is not None and claimed > before else None

    def _claimed(self, document: Document | None) -> datetime | None:
        """Return the newest date that a document gives itself or its items; a sitemap's are those of mere changes."""
        if document is None or self.source.kind == "sitemap":
            return None
        dates = [document.header.updated]
        dates += [date for item in document.items for date in (item.published, item.updated)]
        dates += [date for line in unread(document) for date in dates_of(line)]
        return max((date for date in dates if date is not None), default=None)

    def _notices(self, adopted: str | None) -> str | None:
        """Return what the operator should know of a document that was read all the same."""
        if adopted is not None:
            place = "another address" if self.source.private else adopted
            if self.result.found_at is not None:
                return f"It is a page; its feed is asked, at {place}: put that into feeds.yaml."
            return f"It has moved for good and is asked at {place} from now on: put that into feeds.yaml."
        if self.result.document is not None:
            return " ".join(self.result.document.notices) or None
        return self.feed.remedy if self.feed.error is None else None

    def _outcome(self, new: int, updated: int) -> Outcome:
        if new:
            return Outcome.NEW
        if updated:
            return Outcome.UPDATED
        return Outcome.UNCHANGED if self.result.body_hash is not None else Outcome.NOT_MODIFIED

    def _not_blamed(self, error: NetworkDown) -> PollReport:
        """Leave the feed as it was, whatever an earlier result of this outage made of it, and ask again soon."""
        self.tx.feeds.absolve(self.feed)
        then = self._no_sooner(outage.again(self.result.at, self.chance.jitter, self.feed.not_before))
        self.tx.requests.reschedule(self.result.request, then)
        words = f"{error.message} {error.remedy}"
        return PollReport(self.feed.url, Outcome.ERROR, error=words, next_poll_at=then.at, reason=then.reason)

    def _failed(self, error: AggregatorError) -> PollReport:
        errors = self.feed.errors + 1
        lost = self.feed.fetch_url != self.feed.url and (self.result.gone or errors >= moves.LOST)
        is_still_gone = self.feed.gone and not self.result.gone  # asked by hand, it gave something else
        record = PollRecord(
            at=self.result.at,
            outcome=Outcome.GONE if self.result.gone and not lost else Outcome.ERROR,
            gone=(self.result.gone and not lost) or self.feed.gone,
            fetched=self.result.fetched,
            unconditional=self.result.unconditional,
            errors=errors,
            failing_since=self.feed.failing_since or self.result.at,
            error=f"410 Gone before, and not back: {error.message}" if is_still_gone else error.message,
            remedy=self.feed.remedy if is_still_gone else error.remedy,
            move=self.feed.move,
            fetch_url=self.feed.url if lost else None,
        )
        self._pause_site()
        return self._written(record, never(_GONE) if record.gone else self._next_asked(errors=errors))

    def _no_sooner(self, then: NextPoll) -> NextPoll:
        """Return when to ask a source that was not reached: not before it was due, and never one that is gone."""
        due = self.feed.next_poll_at
        if self.feed.gone:
            return never(_GONE)
        return replace(then, at=due, reason=self.feed.reason) if due and then.at and due > then.at else then

    def _pause_site(self) -> None:
        pause_site(self.tx, self.source, self.result.refused or self.result.fetched, self.feed.url)

    def _next_asked(
        self, *, errors: int, rhythm: Rhythm | None = None, gap: Gap | None = None, push: Push | None = None
    ) -> NextPoll:
        result, document = self.result, self.result.document
        asked = Asked(
            at=result.at,
            ok=result.error is None,
            status=result.fetched.status if result.fetched else None,
            caching=result.caching,
            hints=document.hints if document else self.feed.hints,
            has_validators=bool(result.fetched and result.fetched.validators),
            errors=errors,
            interval=self.source.interval,
            rhythm=rhythm or self.feed.rhythm,
            added_at=self.feed.added_at,
            stretch=self.chance.stretch,
            fresh_until=self.feed.fresh_until,
            window=window_of(gap, result.at),
            backup=backup(push, result.at),
        )
        return next_poll(asked, self.settings.polling, jitter=self.chance.jitter)

    def _written(self, record: PollRecord, then: NextPoll) -> PollReport:
        self.tx.feeds.record(self.feed, replace(record, fresh_until=then.fresh_until))
        self.tx.requests.reschedule(self.result.request, then)
        return PollReport(
            url=self.feed.url,
            outcome=record.outcome,
            status=record.fetched.status if record.fetched else None,
            new=record.new,
            updated=record.updated,
            duplicates=record.duplicates,
            entries=self._listed(record),
            error=f"{record.error} {record.remedy or ''}".strip() if record.error else None,
            next_poll_at=then.at,
            reason=then.reason,
            feeds=self.result.error.feeds if isinstance(self.result.error, NotAFeed) else (),
        )

    def _listed(self, record: PollRecord) -> int:
        """Return how many items this document has; a 304 has none."""
        if record.items is not None:
            return record.items
        return self.feed.items if record.outcome is Outcome.UNCHANGED else 0


def pause_of(source: FeedSettings, fetched: Fetched) -> datetime | None:
    """Return until when an answer asks the whole site that gave it to be left alone.

    None too where it speaks for one service only: hosts that are not public, and sources called `independent`.
    """
    if source.independent or not is_public(host_of(fetched.url)):
        return None
    return site_pause(fetched.received, fetched.status, fetched.caching)


def pause_site(tx: Transaction, source: FeedSettings, fetched: Fetched | None, what: str) -> None:
    """Leave the whole site alone when a host of it asks for it; `what` was asked for."""
    if fetched is not None and (until := pause_of(source, fetched)) is not None:
        tx.requests.pause_site(site_of(host_of(fetched.url)), until, f"{fetched.status} of {what}")
