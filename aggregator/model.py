"""The domain, in the words of RFC 4287 (Atom): what flows from a source to a subscriber.

A *document* is what a server sent; it lists *items*. An *entry* is what we keep and publish; it may be *sighted* in
several feeds. Life stages: Document > Item > Entry > Release. Every datetime is aware and in UTC. Titles are plain
text, decoded once. `summary` and `content` are HTML that passed the sanitiser. Every string is legal in XML 1.0.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta  # noqa: TC003 - the store's codec reads these annotations
from enum import StrEnum
from typing import TYPE_CHECKING

from aggregator.indexes import ChildSitemap  # noqa: TC001 - likewise
from aggregator.listings import Naming, Parts
from aggregator.losses import Flood, Gap  # noqa: TC001
from aggregator.marks import Marks  # noqa: TC001

if TYPE_CHECKING:
    from aggregator.kinship import Coverage


@dataclass(frozen=True, slots=True)
class Person:
    """An author or contributor (RFC 4287 section 3.2)."""

    name: str
    uri: str | None = None
    email: str | None = None


@dataclass(frozen=True, slots=True)
class Category:
    """A category (RFC 4287 section 4.2.2)."""

    term: str
    label: str | None = None
    scheme: str | None = None


@dataclass(frozen=True, slots=True)
class Enclosure:
    """A link with rel=enclosure (RFC 4287 section 4.2.7.2); `length` in bytes, `duration` in seconds."""

    href: str
    type: str | None = None
    length: int | None = None
    duration: int | None = None


@dataclass(frozen=True, slots=True)
class Link:
    """A link of a feed (RFC 4287 section 4.2.7)."""

    href: str
    rel: str = "alternate"
    type: str | None = None
    hreflang: str | None = None


@dataclass(frozen=True, slots=True)
class Validators:
    """What a server gave to ask with next time, byte for byte (RFC 9110 section 8.8)."""

    etag: str | None = None
    last_modified: str | None = None

    def __bool__(self) -> bool:
        return bool(self.etag or self.last_modified)


@dataclass(frozen=True, slots=True)
class Header:
    """What a document says of its feed (RFC 4287 section 4.1.1)."""

    id: str | None = None
    title: str = ""
    subtitle: str | None = None
    updated: datetime | None = None
    links: tuple[Link, ...] = ()
    authors: tuple[Person, ...] = ()
    rights: str | None = None
    language: str | None = None
    icon: str | None = None
    generator: str | None = None
    sitemaps: tuple[ChildSitemap, ...] = ()
    """Of an index of sitemaps: those that it names; of a source, those of them that were read, as they were then."""

    @property
    def site(self) -> str | None:
        """The address of the web site that the feed belongs to."""
        return next((link.href for link in self.links if link.rel == "alternate"), None)


@dataclass(frozen=True, slots=True)
class Hints:
    """When a document asks to be read again (RSS 2.0 ttl, skipHours, skipDays; RSS 1.0 syndication module)."""

    ttl: timedelta | None = None
    update_period: timedelta | None = None
    skip_hours: frozenset[int] = frozenset()
    """Hours 0 to 23, GMT."""
    skip_days: frozenset[int] = frozenset()
    """Days as datetime.weekday() counts them: Monday is 0."""


@dataclass(frozen=True, slots=True)
class Item:
    """One item as a document lists it."""

    title: str = ""
    guid: str | None = None
    """RSS guid or Atom id, as given."""
    link: str | None = None
    summary: str | None = None
    content: str | None = None
    published: datetime | None = None
    updated: datetime | None = None
    authors: tuple[Person, ...] = ()
    contributors: tuple[Person, ...] = ()
    categories: tuple[Category, ...] = ()
    enclosures: tuple[Enclosure, ...] = ()
    thumbnail: str | None = None
    language: str | None = None
    rights: str | None = None
    comments: str | None = None
    source: Header | None = None
    """atom:source, or RSS source: the feed that this item was copied from."""
    marks: Marks | None = field(default=None, compare=False, repr=False)  # of this very item: no copy keeps them


@dataclass(frozen=True, slots=True)
class Document:
    """A parsed feed document."""

    header: Header
    items: tuple[Item, ...]
    hints: Hints = field(default_factory=Hints)
    format: str = ""
    """feedparser's name of the format: rss20, atom10, ..."""
    notices: tuple[str, ...] = ()
    """What was wrong with the document and was mended or left out, for the operator."""
    cut_short: bool = False
    """It ends in the middle: its validators stand for items that it does not list."""
    complete: bool = False
    """It lists all that there is: what it lists no longer was taken back (RFC 5005 section 2)."""
    parts: Parts | None = None  # how it was read, where it can be read in parts: `items` are those that were read


@dataclass(frozen=True, slots=True)
class Caching:
    """What a response says about when to ask again (RFC 9111 section 5, RFC 9110 section 10.2.3)."""

    max_age: timedelta | None = None
    """Freshness left at `received`: max-age (or Expires) less Age; None when nothing usable was said."""
    max_age_source: str = ""
    """`max-age=3600`, `Expires`: for the reason shown to the operator."""
    retry_after: datetime | None = None


@dataclass(frozen=True, slots=True)
class Fetched:
    """A server's answer to a poll, any status; `body` is decoded and within the limit."""

    url: str
    """The address that answered, after redirects."""
    status: int
    received: datetime
    body: bytes = b""
    content_type: str | None = None
    validators: Validators = field(default_factory=Validators)
    """As given with this response; both None when it gave none."""
    caching: Caching = field(default_factory=Caching)
    moved_to: str | None = None
    """Where the feed has moved to, when every redirect on the way was permanent (301, 308)."""
    elapsed: float = 0.0
    """Seconds from the request to the last byte."""
    bytes_received: int = 0
    """Bytes on the wire, before decompression."""
    challenge: bool = False
    """A bot check (`cf-mitigated: challenge`) answered, not the publisher."""
    links: tuple[Link, ...] = ()
    """Hubs and the feed itself as headers name them (WebSub section 4), not resolved, nor checked."""


class Held(StrEnum):
    """Why an entry is in no output."""

    BACKLOG = "backlog"
    FLOOD = "flood"
    ARTICLE = "article"
    PRIVATE = "private"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True)
class Sighting:
    """An entry seen in a feed: one a feed and link, with a count."""

    feed: str
    """The feed's address as configured."""
    guid: str | None
    link: str | None
    first_seen: datetime
    evidence: str | None = None
    """By what it is this entry (decide.sameness.Evidence); None where it began it."""


@dataclass(frozen=True, slots=True)
class Entry:
    """What we keep of an item and publish."""

    key: int
    """The store's number; never leaves the house."""
    id: str
    """The Atom id: permanent, never derived from our address."""
    item: Item
    published: datetime
    """As the publisher said, clamped to 1990 .. first_seen; first_seen when nothing was said."""
    updated: datetime
    """Last real change, unique among all entries by a millisecond offset."""
    first_seen: datetime
    feed: str
    """Address of the feed that supplies title and body."""
    source: Header
    """That feed's header, with its title as configured."""
    private: bool = False
    """That feed is private: its address is never shown."""
    tags: tuple[str, ...] = ()
    rank: int = 5
    prefix: str | None = None
    canonical: str | None = None
    """Canonical form of the link, for comparing."""
    language: str | None = None
    story: str = ""
    story_size: int = 1
    revisions: int = 0
    held: str | None = None
    sightings: tuple[Sighting, ...] = ()
    coverage: tuple[Coverage, ...] = ()
    """What else there is on its story, where an output tells stories."""


@dataclass(frozen=True, slots=True)
class Rhythm:
    """How often a feed publishes: counted up to its latest news, what is long past weighing less (decide.rhythm)."""

    entries: float = 0.0
    """Entries, each weighing what is left of it at `at`."""
    days: float = 0.0
    """Days over which they were counted, weighing likewise."""
    at: datetime | None = None
    """When the latest news came; None before the first document."""


@dataclass(frozen=True, slots=True)
class Move:
    """A permanent redirect that a feed's server keeps telling of (301, 308), not believed yet."""

    to: str
    since: datetime
    times: int = 1


class Outcome(StrEnum):
    """What a poll came to."""

    NEW = "new"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    NOT_MODIFIED = "not-modified"
    ERROR = "error"
    GONE = "gone"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class FeedState:
    """What the poller knows of a feed: kept apart from what the publisher says (`header`)."""

    key: int
    url: str
    """As configured."""
    fetch_url: str
    """Where it is asked: `url`, or where it has moved to for good."""
    title: str = ""
    """As configured, else as the feed calls itself, else its address."""
    kind: str = "feed"
    enabled: bool = True
    private: bool = False
    tags: tuple[str, ...] = ()
    header: Header = field(default_factory=Header)
    hints: Hints = field(default_factory=Hints)
    validators: Validators = field(default_factory=Validators)
    body_hash: str | None = None
    """SHA-256 of the last stored body."""
    naming: Naming = field(default_factory=Naming)
    items: int = 0
    """How many items the last document had."""
    entries: int = 0
    """How many entries have been sighted in it."""
    added_at: datetime | None = None
    last_poll: datetime | None = None
    last_success: datetime | None = None
    last_new: datetime | None = None
    rhythm: Rhythm = field(default_factory=Rhythm)
    claimed: datetime | None = None
    """The newest date that the last document gave itself or its items."""
    restamped_at: datetime | None = None
    """When a poll last found that date moved, and nothing new or edited."""
    move: Move | None = None
    asked_as: str | None = None
    """Digest of the address and headers that the validators were given for."""
    errors: int = 0
    """Failures in a row."""
    failing_since: datetime | None = None
    error: str | None = None
    remedy: str | None = None
    gone: bool = False
    next_poll_at: datetime | None = None
    reason: str = ""
    """Why then."""
    not_before: datetime | None = None
    """What the server asked for (Retry-After)."""
    fresh_until: datetime | None = None
    """Until when the last good answer asked for rest, in any way."""
    gap: Gap | None = None
    """The last one that was noticed."""
    flood: Flood | None = None
    """What of it is listed still, or was until lately."""
    gaps: int = 0
    """How many gaps were ever noticed."""
    recovered: int = 0
    """How many entries were ever recovered from archives."""


class RequestKind(StrEnum):
    """What a request asks for: one queue, one host politeness, one fetch path."""

    POLL = "poll"
    ARCHIVE = "archive"
    """A page of what the feed lists no longer: FeedState.gap says which."""
    ARTICLE = "article"
    """The page of an article that the feed lists: the request says which."""
    PUSH = "push"
    """Nothing: a hub delivers by itself; in no queue."""


@dataclass(frozen=True, slots=True)
class Request:
    """Something to ask a server, claimed under a lease."""

    key: int
    kind: RequestKind
    feed: FeedState
    host: str
    """As decide.sites.host_of gives it."""
    entry: int = 0
    """The entry whose article it asks for; 0 of other kinds."""
    page: str = ""
    """Address of that article."""


@dataclass(frozen=True, slots=True)
class PollReport:
    """What `aggregator poll` says of one feed; field names are those of its JSON."""

    url: str
    outcome: Outcome
    status: int | None = None
    new: int = 0
    updated: int = 0
    duplicates: int = 0
    entries: int = 0
    error: str | None = None
    next_poll_at: datetime | None = None
    reason: str = ""
    kind: RequestKind = RequestKind.POLL
    """What was asked for; not part of the JSON."""
    pages: bool = False
    """Pages of the source are to be asked for: articles, its archive; not part of the JSON."""
    reread: bool = False
    """Nothing was written: the document, read in part, has to be read whole; not part of the JSON."""
    feeds: tuple[str, ...] = ()
    """Where the document was a page: where its feed may be, the likeliest first; not part of the JSON."""
