"""What is wrong with the sources, as a feed for the operator: an entry for each source that is silent, failing or gone.

And one for each flood that is held back, each gap that could not be repaired, and each remote list that cannot be read.
An entry stays as it is while the trouble lasts, and goes when it is over. Anybody may read it: of a private source it
tells that there is one, and nothing that could name it.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import timedelta
from itertools import chain
from typing import TYPE_CHECKING

from aggregator.decide.health import TROUBLES, standing
from aggregator.decide.identity import derived_id, feed_id
from aggregator.decide.notices import current_flood, current_gap, flood_words, gap_words, is_lasting
from aggregator.model import Entry, Header, Item, Link, Person
from aggregator.publish.channel import Channel
from aggregator.publish.plain import escaped

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    from aggregator.config.settings import Settings
    from aggregator.decide.health import Standing
    from aggregator.decide.lists import ListState
    from aggregator.model import FeedState
    from aggregator.store.protocols import Transaction

NAME = "sources"
_MOST = 500
"""Entries; when more sources are in trouble, it is something else."""
_PRIVATE = "A private source"


def troubles(tx: Transaction, settings: Settings, now: datetime) -> Channel:
    """Return the feed of what is wrong: a function of stored rows, and of which silences last too long by now."""
    site = settings.site
    found = [(feed, standing(feed, now)) for feed in tx.feeds.all()]
    wrong = [_entry(feed, standing, tx) for feed, standing in found if standing.state in TROUBLES]
    losses = (_losses(feed, tx, now) for feed, _ in found if feed.enabled)
    entries = _apart(chain(wrong, *losses, _failing_lists(tx)))
    return Channel(
        name=NAME,
        id=feed_id(tx.instance, "sources.atom"),
        title=f"{site.title}: what is wrong with its sources",
        subtitle=None,
        updated=max((tx.created, *(entry.updated for entry in entries))),
        base=site.url,
        path=NAME,
        language="en",
        author=Person(site.author.name, site.author.uri, site.author.email),
        full_content=True,
        entries=tuple(entries[:_MOST]),
    )


def _entry(feed: FeedState, standing: Standing, tx: Transaction) -> Entry:
    since = standing.since or feed.last_poll or tx.created
    answered = f"It last answered on {feed.last_success:%Y-%m-%d at %H:%M} UTC." if feed.last_success else ""
    return _told(feed, tx, (standing.state.value, since), [standing.error, standing.remedy], answered)


def _losses(feed: FeedState, tx: Transaction, now: datetime) -> Iterator[Entry]:
    """Yield what is told of a source's flood, and of its gap once nothing more can be recovered."""
    flood, gap = current_flood(feed, now), current_gap(feed, now)
    if flood is not None:
        yield _told(feed, tx, ("flood", flood.at), [flood_words(flood)])
    if gap is not None and is_lasting(gap):
        yield _told(feed, tx, ("gap", gap.at), [gap_words(gap)])


def _failing_lists(tx: Transaction) -> Iterator[Entry]:
    """Yield what is told of remote lists that cannot be read; keys count down, for those of sources count up."""
    for place, state in enumerate(tx.lists.all(), start=1):
        if state.failing_since is not None:
            yield _of_list(state, tx, key=-place, since=state.failing_since)


def _of_list(state: ListState, tx: Transaction, *, key: int, since: datetime) -> Entry:
    if state.private:
        title, link, words = "A private list of sources", None, ["See: aggregator feeds"]
    else:
        title, link = state.title or state.address, state.address
        words = [*filter(None, (state.error, state.remedy)), "The sources that it named before stay."]
    named = derived_id(tx.instance, f"list {state.address} failing {since.isoformat()}")
    return _of_trouble((key, named), f"{title}: failing", (title, link), words, since)


def _told(
    feed: FeedState, tx: Transaction, what: tuple[str, datetime], sentences: Iterable[str], more: str = ""
) -> Entry:
    """Return an entry of what is wrong since when; of a private source only `more` of the sentences is told."""
    name, since = what
    title, link = (_PRIVATE, None) if feed.private else (feed.title, feed.header.site or feed.url)
    words = filter(None, [*(["See: aggregator feeds"] if feed.private else sentences), more])
    named = derived_id(tx.instance, f"{feed.key} {name} {since.isoformat()}")
    return _of_trouble((feed.key, named), f"{title}: {name}", (title, link), words, since)


def _of_trouble(
    names: tuple[int, str], title: str, place: tuple[str, str | None], words: Iterable[str], since: datetime
) -> Entry:
    """Return an entry under its key and id, of a source or list under its title and link, with a sentence a line."""
    (key, named), (source, link) = names, place
    return Entry(
        key=key,
        id=named,
        item=Item(title=title, link=link, content="".join(f"<p>{escaped(one)}</p>" for one in words)),
        published=since,
        updated=since,
        first_seen=since,
        feed=link or "",
        source=Header(title=source, links=(Link(link),) if link else ()),
    )


def _apart(entries: Iterable[Entry]) -> list[Entry]:
    """Put entries newest first, none of them updated in the same millisecond: validators warn of that."""
    ordered = sorted(entries, key=lambda entry: (entry.updated, entry.key))
    seen: Counter[datetime] = Counter()
    apart = []
    for entry in ordered:
        apart.append(replace(entry, updated=entry.updated + timedelta(milliseconds=seen[entry.updated])))
        seen[entry.updated] += 1
    return apart[::-1]
