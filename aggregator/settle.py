"""The serial stage: read what is known, decide, write; one poll's result, inside the caller's transaction."""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import chain
from typing import TYPE_CHECKING

from aggregator.decide.answers import pauses_host
from aggregator.decide.cadence import Asked, NextPoll, never, next_poll
from aggregator.decide.changes import Verdict, candidates, judge
from aggregator.decide.release import Arrival, hold, is_active, outputs_for, unheld
from aggregator.decide.sites import is_public
from aggregator.model import Caching, Held, Outcome, PollReport
from aggregator.store.protocols import PollRecord

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping
    from datetime import datetime

    from aggregator.config.settings import FeedSettings, Settings
    from aggregator.decide.release import Subject
    from aggregator.errors import AggregatorError
    from aggregator.model import Document, FeedState, Fetched, Request
    from aggregator.store.protocols import Transaction

_NOTHING = Verdict()
_DAY = timedelta(days=1)
_BATCH = 500
"""Entries looked at together when an output is filled: all of them may be many."""


@dataclass(frozen=True, slots=True)
class Result:
    """What asking came to: an answer, with a document when it brought news, or an error as a value."""

    request: Request
    at: datetime
    fetched: Fetched | None = None
    document: Document | None = None
    body_hash: str | None = None
    """Of a body that was read, new or known."""
    gone: bool = False
    error: AggregatorError | None = None

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


def settle(tx: Transaction, result: Result, settings: Settings, *, jitter: float) -> Settled:
    """Decide and write one result; `jitter` is a random number of [0, 1)."""
    source = settings.sources.get(result.feed.url)
    if source is None:
        tx.requests.give_back([result.request])
        return Settled(PollReport(result.feed.url, Outcome.SKIPPED, reason="removed from feeds.yaml"))
    return _Settling(tx, result, source, settings, jitter).settled()


class _Settling:
    """One result on its way into the store."""

    def __init__(
        self, tx: Transaction, result: Result, source: FeedSettings, settings: Settings, jitter: float
    ) -> None:
        self.tx, self.result, self.source, self.settings, self.jitter = tx, result, source, settings, jitter
        self.feed = result.feed

    def settled(self) -> Settled:
        if self.result.error is not None:
            return Settled(self._failed(self.result.error))
        if self.result.document is None:
            return Settled(self._succeeded(_NOTHING))
        verdict, changed = self._keep(self.result.document)
        return Settled(self._succeeded(verdict), changed)

    def _keep(self, document: Document) -> tuple[Verdict, frozenset[str]]:
        """Write what the document changes, and release what becomes visible by it."""
        now = self.result.at
        feed = replace(self.feed, header=document.header)
        listed = candidates(document.items, self.source.ignore)
        known = self.tx.entries.known(feed, listed)
        verdict = judge(feed.url, listed, known, now=now, private=self.source.private)
        arrival = Arrival(now, self.tx.created, feed.last_success)
        held = hold(verdict.additions, arrival, self.source, self.settings.publishing)
        keys = self.tx.entries.add(feed, verdict.additions, held, now)
        self.tx.entries.revise(feed, verdict.revisions, now)
        sights = [replace(sight, entry=keys.get(sight.entry, sight.entry)) for sight in verdict.sights]
        self.tx.entries.sight(feed, sights, now)
        free = unheld(sights, known.entries, arrival, self.source, self.settings.publishing)
        self.tx.entries.set_held(free, None)
        changed = release(self.tx, {sight.entry for sight in sights if sight.first} | free, self.settings, now)
        revised = self.tx.releases.outputs_of({revision.entry for revision in verdict.revisions})
        return verdict, frozenset(changed.union(*revised.values()))

    def _succeeded(self, verdict: Verdict) -> PollReport:
        result, fetched, document = self.result, self.result.fetched, self.result.document
        updated = sum(revision.edited for revision in verdict.revisions)
        record = PollRecord(
            at=result.at,
            outcome=self._outcome(len(verdict.additions), updated),
            fetched=fetched,
            header=replace(document.header, updated=None) if document else None,
            hints=document.hints if document else None,
            validators=fetched.validators if fetched else None,
            body_hash=result.body_hash,
            items=len(document.items) if document else None,
            new=len(verdict.additions),
            updated=updated,
            duplicates=verdict.duplicates,
            remedy=self._notices(),
        )
        return self._written(record, self._next(record))

    def _notices(self) -> str | None:
        """Return what the operator should know of a document that was read all the same."""
        if self.result.document is not None:
            return " ".join(self.result.document.notices) or None
        return self.feed.remedy if self.feed.error is None else None

    def _outcome(self, new: int, updated: int) -> Outcome:
        if new:
            return Outcome.NEW
        if updated:
            return Outcome.UPDATED
        return Outcome.UNCHANGED if self.result.body_hash is not None else Outcome.NOT_MODIFIED

    def _failed(self, error: AggregatorError) -> PollReport:
        record = PollRecord(
            at=self.result.at,
            outcome=Outcome.GONE if self.result.gone else Outcome.ERROR,
            fetched=self.result.fetched,
            errors=self.feed.errors + 1,
            error=error.message,
            remedy=error.remedy,
        )
        self._pause_host()
        return self._written(record, self._next(record))

    def _pause_host(self) -> None:
        """Leave the whole host alone when it asks for it; hosts that are not public speak for one service only."""
        fetched, host = self.result.fetched, self.result.request.host
        if fetched is None or not pauses_host(fetched) or self.source.independent or not is_public(host):
            return
        until = self._next_asked(errors=1).at
        if until is not None:
            self.tx.requests.pause_host(host, until, f"{fetched.status} with Retry-After")

    def _next(self, record: PollRecord) -> NextPoll:
        if record.outcome is Outcome.GONE:
            return never("410 Gone: not asked again")
        return self._next_asked(errors=record.errors)

    def _next_asked(self, *, errors: int) -> NextPoll:
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
        )
        return next_poll(asked, self.settings.polling, jitter=self.jitter)

    def _written(self, record: PollRecord, then: NextPoll) -> PollReport:
        self.tx.feeds.record(self.feed, record)
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
        )

    def _listed(self, record: PollRecord) -> int:
        """Return how many items this document has; a 304 has none."""
        if record.items is not None:
            return record.items
        return self.feed.items if record.outcome is Outcome.UNCHANGED else 0


def release(tx: Transaction, keys: Iterable[int], settings: Settings, now: datetime) -> set[str]:
    """Make entries visible in the outputs that they belong to and are not in yet; return those outputs."""
    subjects = {key: subject for key, subject in tx.entries.subjects(list(keys)).items() if subject.held is None}
    done = tx.releases.outputs_of(subjects)
    wanted: dict[str, list[int]] = defaultdict(list)
    for key in sorted(subjects, key=lambda key: (subjects[key].published, key)):
        for name in outputs_for(subjects[key], settings.published, now=now, except_for=done.get(key, ())):
            wanted[name].append(key)
    cap = _Cap(tx, settings)
    fresh = {name: [key for key in found if cap.allows(name, subjects[key], now)] for name, found in wanted.items()}
    for name, found in fresh.items():
        tx.releases.append(name, found, now)
    _explain(tx, subjects, told={*done, *chain(*fresh.values())}, wanted={*chain(*wanted.values())})
    return {name for name, found in fresh.items() if found}


class _Cap:
    """Counts what an output releases of a source on a (UTC) day."""

    def __init__(self, tx: Transaction, settings: Settings) -> None:
        self._tx, self._settings = tx, settings
        self._counts: dict[tuple[str, str, datetime], int] = {}

    def allows(self, name: str, subject: Subject, at: datetime) -> bool:
        """Tell whether one more fits, and count it if so."""
        most = self._settings.published[name].per_source
        if most is None:
            return True
        day = at.replace(hour=0, minute=0, second=0, microsecond=0)
        place = name, subject.feed, day
        if place not in self._counts:
            since, after = (self._tx.releases.released_since(name, subject.feed, start) for start in (day, day + _DAY))
            self._counts[place] = since - after
        fits = self._counts[place] < most
        self._counts[place] += fits
        return fits


def _explain(
    tx: Transaction, subjects: Mapping[int, Subject], *, told: Collection[int], wanted: Collection[int]
) -> None:
    """Note why those of the entries that are in no output are in none."""
    reasons = defaultdict(list)
    for key in subjects.keys() - set(told):
        if key in wanted:
            reasons["filtered: over per_source"].append(key)
        else:
            reasons[Held.PRIVATE.value if subjects[key].private else "filtered: no output takes it"].append(key)
    for why, keys in reasons.items():
        tx.entries.set_held(keys, why)


def release_missing(tx: Transaction, settings: Settings, now: datetime) -> set[str]:
    """Fill outputs that are new, or that choose differently, from what is released; return those that changed.

    Entries keep the time of their first release, so that a subscriber is not shown old ones as new.
    """
    changed = set()
    for name in settings.published:
        tx.releases.open_output(name, now)
        if tx.releases.note_choice(name, _choice(name, settings)) and _fill(tx, name, settings, now):
            changed.add(name)
    return changed


def _choice(name: str, settings: Settings) -> str:
    """Return a digest of all that decides what an output takes: its own settings, and the tags of sources."""
    output = settings.published[name]
    sources = sorted((source.url, sorted(source.tags), source.private) for source in settings.sources.values())
    own = output.model_dump_json(exclude={"token", "title", "limit", "full_content", "was"})
    known = json.dumps([own, bool(output.token), is_active(output), sources])
    return hashlib.sha256(known.encode()).hexdigest()


def _fill(tx: Transaction, name: str, settings: Settings, now: datetime) -> bool:
    """Release in one output what belongs there and is released elsewhere; tell whether there was any."""
    output, cap, filled = {name: settings.published[name]}, _Cap(tx, settings), False
    missing = tx.releases.missing(name)
    for start in range(0, len(missing), _BATCH):
        batch = missing[start : start + _BATCH]
        subjects = tx.entries.subjects([key for key, _ in batch])
        for key, first in batch:
            if outputs_for(subjects[key], output, now=now) and cap.allows(name, subjects[key], first):
                tx.releases.append(name, [key], first)
                filled = True
    return filled
