"""One output as a feed: everything that its documents say."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from aggregator.model import Entry, Person

MEDIA_TYPES = {
    "atom": "application/atom+xml",
    "rss": "application/rss+xml",
    "json": "application/feed+json",
    "opml": "text/x-opml",
}
"""Media type of a document by its ending."""


def with_charset(media_type: str) -> str:
    """Name the charset; JSON's media types have no such parameter (RFC 8259 section 11)."""
    return media_type if media_type.endswith("json") else f"{media_type}; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Chain:
    """A document's neighbours in the history of its output (RFC 5005 section 4)."""

    current: str
    """Address of the subscription document."""
    previous: str | None = None
    following: str | None = None
    is_archive: bool = True
    """Whether the document is one of the archives rather than the subscription document."""


@dataclass(frozen=True, slots=True)
class Channel:
    """What the documents of one output are a function of: equal channels give equal bytes."""

    name: str
    """The output's name, for logs."""
    id: str
    """Permanent `urn:uuid:` or `tag:`, independent of address and title."""
    title: str
    subtitle: str | None
    updated: datetime
    """When it last changed: the newest `updated` or release of its entries, or its own beginning; never the clock."""
    base: str
    """Public address of the site; ends with a slash."""
    path: str
    """`all`, or `{token}/agents`: where the documents are, below `base` and without their ending."""
    language: str
    author: Person
    full_content: bool
    """False: summaries only."""
    entries: tuple[Entry, ...]
    """In the order of presentation."""
    tells_stories: bool = False
    """Its entries are the leads of stories."""
    hubs: tuple[str, ...] = ()
    """WebSub hubs that announce changes."""
    query: str = ""
    """Of its addresses: `?q=open+weights`."""
    chain: Chain | None = None
    """None: its output has no archives."""

    def address(self, ending: str) -> str:
        """Where the document with this ending (`atom`, `rss`, `json`) is served: its self link."""
        return f"{self.base}{self.path}.{ending}{self.query}"
