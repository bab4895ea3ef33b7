"""What a search finds, as a feed: whoever subscribes to it learns of every new entry that has its words."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote_plus

from aggregator.decide.identity import feed_id
from aggregator.model import Person
from aggregator.publish import legal
from aggregator.publish.channel import Channel
from aggregator.publish.selection import present

if TYPE_CHECKING:
    from collections.abc import Collection

    from aggregator.publish.manifest import PublishedSite
    from aggregator.store.protocols import Transaction

PATH = "search"
LONGEST = 200
"""Characters of a query."""
MOST = 50
"""Entries of a feed."""


def asked(text: str) -> str:
    """Return a query with what says nothing left out: one query has one feed, however it is spaced."""
    return legal.line(text)


def found(tx: Transaction, query: str, outputs: Collection[str], site: PublishedSite) -> Channel:
    """Return the feed of the newest entries with all words of a query among what these public outputs released.

    A function of stored rows; its id is made of the database's own and the query. It has summaries only: an output
    may publish no more than that of what is found here.
    """
    entries = tx.entries.search_released(query, outputs, limit=MOST)
    return Channel(
        name=PATH,
        id=feed_id(tx.instance, f"{PATH}?q={query}"),
        title=f"{site.title}: “{query}”",
        subtitle=None,
        updated=max((tx.created, *(max(entry.updated, entry.first_seen) for entry in entries))),
        base=site.url.rstrip("/") + "/",
        path=PATH,
        language=site.language,
        author=Person(site.title),
        full_content=False,
        entries=tuple(present([entry for entry in entries if not entry.private])),
        query=f"?q={quote_plus(query)}",
    )
