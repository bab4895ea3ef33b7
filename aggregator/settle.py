"""The serial stage: read what is known, decide, write; one poll's result, inside the caller's transaction."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from aggregator.decide import moves, outage
from aggregator.decide.cadence import Asked, NextPoll, never, next_poll, site_pause
from aggregator.decide.changes import Verdict, candidates, judge
from aggregator.decide.release import Arrival, hold, retold, unheld
from aggregator.decide.rhythm import learn, of_history
from aggregator.decide.sites import host_of, is_public, site_of
from aggregator.errors import NetworkDown, NotAFeed
from aggregator.model import Caching, Held, Outcome, PollReport
from aggregator.parse.language import spoken
from aggregator.releasing import outputs_of, release
from aggregator.store.protocols import PollRecord

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from aggregator.config.settings import FeedSettings, Settings
    from aggregator.decide.changes import Candidate, Known
    from aggregator.errors import AggregatorError
    from aggregator.model import Document, FeedState, Fetched, Request, Rhythm
    from aggregator.store.protocols import Transaction

_GONE = "410 Gone: not asked again"
_NO_NEWS = frozenset({Held.BACKLOG.value, Held.FLOOD.value})


@dataclass(frozen=True, slots=True)
class Chance:
    """What settling a result takes from outside of it."""

    jitter: float
    """A random number of [0, 1)."""
    stretch: float = 1.0
    """How many times longer the budget makes pauses."""


@dataclass(frozen=True, slots=True)
class Result:
    """What asking came to: an answer, with a document when it brought news, or an error as a value."""

    request: Request
    at: datetime
    fetched: Fetched | None = None
    document: Document | None = None
    body_hash: str | None = None
    """Of a body that was read, new or known."""
    asked_as: str | None = None
    """Digest of the address and headers that were asked with."""
    unconditional: bool = False
    gone: bool = False
    error: AggregatorError | None = None
    postponed: NextPoll | None = None
    """It was not asked: this is when it is instead."""

    @property
    def feed(self) -> FeedState:
        """The source that was asked."""
        return self.request.feed

    @property
    def caching(self) -> Caching:
        """What the answer says of asking again."""
        return self.fetched.caching if self.fetched is not None else Caching()


@dataclass(frozen=True, slots=True)
class Settled:
    """What was written: the report, and the outputs whose documents are not up to date any more."""

    report: PollReport
    changed: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class _Kept:
    """What became of a document."""

    verdict: Verdict = field(default_factory=Verdict)
    news: int = 0
    """Items that are new in this feed, whoever else told them before; republished archives are none."""
    changed: frozenset[str] = frozenset()

    @property
    def edited(self) -> int:
        return sum(revision.edited for revision in self.verdict.revisions)


def settle(tx: Transaction, result: Result, settings: Settings, chance: Chance) -> Settled:
    """Decide and write one result."""
    source = settings.sources.get(result.feed.url)
    if source is None:
        tx.requests.give_back([result.request])
        return Settled(PollReport(result.feed.url, Outcome.SKIPPED, reason="removed from feeds.yaml"))
    if result.postponed is not None:
        tx.requests.reschedule(result.request, result.postponed)
        then = result.postponed
        return Settled(PollReport(result.feed.url, Outcome.SKIPPED, next_poll_at=then.at, reason=then.reason))
    return _Settling(tx, result, source, settings, chance).settled()


class _Settling:
    """One result on its way into the store."""

    def __init__(
        self, tx: Transaction, result: Result, source: FeedSettings, settings: Settings, chance: Chance
    ) -> None:
        self.tx, self.result, self.source, self.settings, self.chance = tx, result, source, settings, chance
        self.feed = result.feed

    def settled(self) -> Settled:
        if isinstance(self.result.error, NetworkDown):
            return Settled(self._not_blamed(self.result.error))
        if self.result.error is not None:
            return Settled(self._failed(self.result.error))
        if self.result.document is None:
            return Settled(self._succeeded(_Kept()))
        kept = self._keep(self.result.document)
        return Settled(self._succeeded(kept), kept.changed)

    def _keep(self, document: Document) -> _Kept:
        """Write what the document changes, and release what becomes visible by it."""
        now = self.result.at
        feed = replace(self.feed, header=document.header)
        listed = candidates(document.items, self.source.ignore)
        known = self.tx.entries.known(feed, listed)
        verdict = judge(feed.url, listed, known, now=now, private=self.source.private)
        verdict = _in_languages(_without_withdrawn(verdict, known), document.header.language)
        arrival = Arrival(now, self.tx.created, feed.last_success)
        held = hold(verdict.additions, arrival, self.source, self.settings.publishing)
        keys = self.tx.entries.add(feed, verdict.additions, held, now)
        self.tx.entries.revise(feed, verdict.revisions, now)
        sights = [replace(sight, entry=keys.get(sight.entry, sight.entry)) for sight in verdict.sights]
        self.tx.entries.sight(feed, sights, now)
        free = unheld(sights, known.entries, arrival, self.source, self.settings.publishing)
        self.tx.entries.set_held(free, None)
        again = retold(sights, known.entries, arrival, self.settings.publishing)
        changed = release(self.tx, {*keys.values()} | again | free, self.settings, now)
        revised = outputs_of(self.tx, {revision.entry for revision in verdict.revisions})
        return _Kept(verdict, _news(verdict, held), frozenset(changed.union(*revised.values())))

    def _succeeded(self, kept: _Kept) -> PollReport:
        result, fetched, document = self.result, self.result.fetched, self.result.document
        rhythm = self._rhythm(document, kept.news)
        moved = moves.seen(self.feed.move, self._moved_to(fetched), result.at)
        adopted = moved.to if moved is not None and moves.is_proven(moved, result.at) else None
        record = PollRecord(
            at=result.at,
            outcome=self._outcome(len(kept.verdict.additions), kept.edited),
            fetched=fetched,
            header=replace(document.header, updated=None) if document else None,
            hints=document.hints if document else None,
            validators=fetched.validators if fetched and not (document and document.cut_short) else None,
            body_hash=result.body_hash,
            items=len(document.items) if document else None,
            new=len(kept.verdict.additions),
            updated=kept.edited,
            duplicates=kept.verdict.duplicates,
            asked_as=result.asked_as,
            unconditional=result.unconditional,
            rhythm=rhythm,
            claimed=_claimed(document),
            restamped_at=self._restamped_at(document, kept),
            remedy=self._notices(adopted),
            move=None if adopted else moved,
            fetch_url=adopted,
        )
        return self._written(record, self._next_asked(errors=0, rhythm=rhythm))

    def _moved_to(self, fetched: Fetched | None) -> str | None:
        to = fetched.moved_to if fetched is not None else None
        return to if to is not None and moves.may_carry(self.feed.url, to, secret=self.source.private) else None

    def _rhythm(self, document: Document | None, news: int) -> Rhythm:
        """Return what is known of the feed's rhythm now; a first document tells of the time before."""
        if document is None or self.feed.rhythm.at is not None:
            return learn(self.feed.rhythm, news, self.result.at)
        dates = [date for item in document.items if (date := item.published or item.updated) is not None]
        return of_history(dates, self.result.at)

    def _restamped_at(self, document: Document | None, kept: _Kept) -> datetime | None:
        """Return the time when the document's dates have moved, but neither an entry came nor one was edited."""
        claimed, before = _claimed(document), self.feed.claimed
        still = not kept.news and not kept.edited
        return self.result.at if still and claimed is not None and before is not None and claimed > before else None

    def _notices(self, adopted: str | None) -> str | None:
        """Return what the operator should know of a document that was read all the same."""
        if adopted is not None:
            place = "another address" if self.source.private else adopted
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
        wait = outage.AGAIN * (1 + self.chance.jitter / 2)
        then = self._no_sooner(NextPoll(self.result.at + wait, outage.REASON, self.feed.not_before))
        self.tx.requests.reschedule(self.result.request, then)
        words = f"{error.message} {error.remedy}"
        return PollReport(self.feed.url, Outcome.ERROR, error=words, next_poll_at=then.at, reason=then.reason)

    def _failed(self, error: AggregatorError) -> PollReport:
        errors = self.feed.errors + 1
        lost = self.feed.fetch_url != self.feed.url and (self.result.gone or errors >= moves.LOST)
        record = PollRecord(
            at=self.result.at,
            outcome=Outcome.GONE if self.result.gone and not lost else Outcome.ERROR,
            gone=(self.result.gone and not lost) or self.feed.gone,
            fetched=self.result.fetched,
            unconditional=self.result.unconditional,
            errors=errors,
            failing_since=self.feed.failing_since or self.result.at,
            error=error.message,
            remedy=error.remedy,
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
        """Leave the whole site alone when a host of it asks for it."""
        fetched = self.result.fetched
        if fetched is not None and (until := pause_of(self.source, fetched)) is not None:
            self.tx.requests.pause_site(site_of(host_of(fetched.url)), until, f"{fetched.status} of {self.feed.url}")

    def _next_asked(self, *, errors: int, rhythm: Rhythm | None = None) -> NextPoll:
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


def _without_withdrawn(verdict: Verdict, known: Known) -> Verdict:
    """Leave out what the document says of entries that were withdrawn: it is not to come back."""
    gone = {key for key, entry in known.entries.items() if entry.held == Held.WITHDRAWN}
    return replace(verdict, revisions=tuple(one for one in verdict.revisions if one.entry not in gone))


def _in_languages(verdict: Verdict, declared: str | None) -> Verdict:
    """Find out the languages of what is written."""

    def of(candidate: Candidate) -> Candidate:
        return replace(candidate, item=spoken(candidate.item, declared))

    return replace(
        verdict,
        additions=tuple(replace(one, candidate=of(one.candidate)) for one in verdict.additions),
        revisions=tuple(replace(one, candidate=of(one.candidate)) for one in verdict.revisions),
    )


def _news(verdict: Verdict, held: Mapping[int, str]) -> int:
    told = sum(held.get(addition.key) not in _NO_NEWS for addition in verdict.additions)
    return told + verdict.duplicates


def _claimed(document: Document | None) -> datetime | None:
    """Return the newest date that a document gives itself or its items."""
    if document is None:
        return None
    dates = [document.header.updated]
    dates += [date for item in document.items for date in (item.published, item.updated)]
    return max((date for date in dates if date is not None), default=None)
