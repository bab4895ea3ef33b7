"""What a hub delivered of a feed, in the serial stage: items judged and kept like those of a poll.

A delivery lists what is new or edited, so nothing follows from what it does not list: no gap, no rename, no end of a
flood. It asked nothing, so validators, failures and the next poll stay.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from aggregator.decide.candidates import candidates
from aggregator.decide.changes import judge
from aggregator.decide.identity import feed_id
from aggregator.decide.origins import names_of
from aggregator.decide.pushing import delivered, name_of
from aggregator.decide.release import Arrival
from aggregator.decide.rhythm import learn
from aggregator.keeping import keep
from aggregator.model import Held, Outcome, PollReport, RequestKind
from aggregator.noticing import note_flood
from aggregator.settle import Settled, unwanted
from aggregator.taking import news_of

if TYPE_CHECKING:
    from aggregator.config.settings import Settings
    from aggregator.decide.changes import Known, Verdict
    from aggregator.decide.pushing import Push
    from aggregator.model import Document, FeedState
    from aggregator.settle import Chance, Result
    from aggregator.store.protocols import Transaction


def receive(tx: Transaction, result: Result, settings: Settings, _: Chance) -> Settled:
    """Decide and write what came of a delivery."""
    if (nothing := unwanted(tx, result, settings)) is not None:
        return nothing
    feed, push = tx.feeds.get(result.feed.url), tx.pushes.of(result.feed.key)
    if feed is None or push is None:
        return Settled(_report(result, Outcome.SKIPPED))
    document = result.document
    if document is None or _is_ours(tx, document, settings):
        tx.pushes.keep(replace(push, refused=push.refused + 1))
        return Settled(_report(result, Outcome.ERROR))
    return _taken(tx, (feed, push), document, result, settings)


def _taken(
    tx: Transaction, subscribed: tuple[FeedState, Push], document: Document, result: Result, settings: Settings
) -> Settled:
    (feed, push), now, source = subscribed, result.at, settings.sources[result.feed.url]
    listed = candidates(document.items, source.ignore, feed.naming.by)
    known = replace(tx.entries.known(feed, listed), former=frozenset())
    names = names_of(feed.url, feed.fetch_url, document.header)
    verdict = judge(feed.url, listed, known, now=now, private=source.private, names=names)
    judged = known, _under_their_names(verdict, known)
    kept = keep(tx, feed, judged, Arrival(now, tx.created, feed.last_success), (source, settings))
    events = note_flood(tx, feed, judged, kept.held.values(), now) if Held.FLOOD in kept.held.values() else []
    news, _ = news_of(judged, kept.held)
    tx.pushes.keep(delivered(push, {name_of(each.key) for each in listed}, news, now))
    if news:
        tx.pushes.brought(feed, learn(feed.rhythm, news, now), now)
    return Settled(_report(result, _outcome(verdict), verdict), kept.changed, tuple(events))


def _is_ours(tx: Transaction, document: Document, settings: Settings) -> bool:
    """Tell whether a document is one of our own outputs."""
    return document.header.id in {feed_id(tx.instance, name) for name in settings.published}


def _under_their_names(verdict: Verdict, known: Known) -> Verdict:
    """Return a verdict without what the feed lists under another name: a delivery renames nothing."""
    here = {sight.entry for sight in verdict.sights if sight.first and _is_here(known, sight.entry)}
    return replace(
        verdict,
        revisions=tuple(revision for revision in verdict.revisions if revision.entry not in here),
        sights=tuple(sight for sight in verdict.sights if not (sight.first and sight.entry in here)),
    )


def _is_here(known: Known, entry: int) -> bool:
    return entry in known.entries and bool(known.entries[entry].here)


def _outcome(verdict: Verdict) -> Outcome:
    if verdict.additions:
        return Outcome.NEW
    return Outcome.UPDATED if any(revision.edited for revision in verdict.revisions) else Outcome.UNCHANGED


def _report(result: Result, outcome: Outcome, verdict: Verdict | None = None) -> PollReport:
    document = result.document
    return PollReport(
        url=result.feed.url,
        outcome=outcome,
        new=len(verdict.additions) if verdict else 0,
        updated=sum(revision.edited for revision in verdict.revisions) if verdict else 0,
        duplicates=verdict.duplicates if verdict else 0,
        entries=len(document.items) if document is not None else 0,
        error=result.error.message if result.error is not None else None,
        kind=RequestKind.PUSH,
    )
