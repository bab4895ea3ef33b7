"""What is wrong with the sources, as a feed for the operator: an entry for each source that is silent, failing or gone.

An entry stays as it is while the trouble lasts, and goes when it is over. Anybody may read it: of a private source it
tells that there is one, and nothing that could name it.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from aggregator.decide.health import TROUBLES, standing
from aggregator.decide.identity import derived_id, feed_id
from aggregator.model import Entry, Header, Item, Link, Person
from aggregator.publish.channel import Channel
from aggregator.publish.plain import escaped

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from aggregator.config.settings import Settings
    from aggregator.decide.health import Standing
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
    entries = _apart(_entry(feed, standing, tx) for feed, standing in found if standing.state in TROUBLES)
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
    title, link, words = _words(feed, standing)
    return Entry(
        key=feed.key,
        id=derived_id(tx.instance, f"{feed.key} {standing.state} {since.isoformat()}"),
        item=Item(
            title=f"{title}: {standing.state}", link=link, content="".join(f"<p>{escaped(one)}</p>" for one in words)
        ),
        published=since,
        updated=since,
        first_seen=since,
        feed=link or "",
        source=Header(title=title, links=(Link(link),) if link else ()),
    )


def _words(feed: FeedState, standing: Standing) -> tuple[str, str | None, list[str]]:
    """Return what an entry says: title, link, sentences."""
    answered = f"It last answered on {feed.last_success:%Y-%m-%d at %H:%M} UTC." if feed.last_success else ""
    if feed.private:
        return _PRIVATE, None, list(filter(None, ["See: aggregator feeds", answered]))
    return feed.title, feed.header.site or feed.url, [one for one in (standing.error, standing.remedy, answered) if one]


def _apart(entries: Iterable[Entry]) -> list[Entry]:
    """Put entries newest first, none of them updated in the same millisecond: validators warn of that."""
    ordered = sorted(entries, key=lambda entry: (entry.updated, entry.key))
    seen: Counter[datetime] = Counter()
    apart = []
    for entry in ordered:
        apart.append(replace(entry, updated=entry.updated + timedelta(milliseconds=seen[entry.updated])))
        seen[entry.updated] += 1
    return apart[::-1]
