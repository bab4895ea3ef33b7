"""Every setting of feeds.yaml, with its default: the one place that says what may stand there.

`Settings` is frozen: a reload makes a new one. The loader (config/load.py) fills it from the file and the
environment and reports every mistake with its line.
"""

from __future__ import annotations

from datetime import timedelta
from functools import cached_property
from pathlib import Path
from typing import Literal

from pydantic import Field, PrivateAttr

from aggregator.config.types import Duration, Frozen, Size

RESERVED_OUTPUTS = frozenset(
    {"story", "search", "sources", "subscribe", "hub", "websub", "healthz", "readyz", "metrics", "static"}
)
"""Names of our own addresses; an output called so would hide one."""

FORMATS = ("atom", "rss", "json")


class Author(Frozen):
    """Who publishes the combined feed."""

    name: str
    uri: str | None = None
    email: str | None = None


class Site(Frozen):
    """What the published feeds say of themselves."""

    title: str = "AI News"
    subtitle: str | None = None
    url: str = "http://localhost:8080/"
    """Public address of this server, for self links only; never part of an id."""
    language: str = "en"
    author: Author = Author(name="AI News")


class Polling(Frozen):
    """How often sources are asked, and how many at once."""

    min_interval: Duration = Field(default=timedelta(minutes=15), gt=timedelta(0))
    max_interval: Duration = Field(default=timedelta(hours=24), gt=timedelta(0))
    default_interval: Duration = Field(default=timedelta(hours=1), gt=timedelta(0))
    concurrency: int = Field(default=64, ge=1, le=10_000)
    per_host: int = Field(default=1, ge=1)
    """Requests to one host at the same time."""
    host_gap: Duration = Field(default=timedelta(seconds=2), ge=timedelta(0))
    """Pause between two requests to one host."""
    budget: int | None = Field(default=None, ge=1)
    """Polls an hour for all sources together; null is no limit."""


class Network(Frozen):
    """How sources are asked."""

    user_agent: str | None = None
    contact: str | None = None
    """An address that publishers can write to: a URL or e-mail, sent in User-Agent."""
    timeout: Duration = Field(default=timedelta(seconds=30), gt=timedelta(0))
    max_body: Size = Field(default=10_000_000, ge=1)
    """The largest document, counted after decompression."""
    allow_private: tuple[str, ...] = ()
    """Private addresses that sources may have: CIDR networks, or host[:port]."""
    proxy: str | None = None


class Publishing(Frozen):
    """When entries of a new or flooding source appear."""

    first_entries: int = Field(default=5, ge=0)
    first_max_age: Duration = timedelta(days=3)
    flood: int = Field(default=20, ge=1)
    window: Duration = Field(default=timedelta(hours=48), ge=timedelta(0))
    """What was released this lately stays in its output whatever the output's limit."""


class Retention(Frozen):
    """How long bodies are kept, counted from the last time the source listed the entry."""

    entries: Duration = Field(default=timedelta(days=90), gt=timedelta(0))


class Server(Frozen):
    """Who may see what."""

    metrics_allow: tuple[str, ...] = ("127.0.0.0/8", "::1")
    trusted_proxies: tuple[str, ...] = ()


class Websub(Frozen):
    """Push, in both directions."""

    hub: Literal["built-in"] | tuple[str, ...] = "built-in"
    subscribe: bool = True


FilterField = Literal["title", "summary", "content", "text", "author", "category", "link", "language"]


class FilterRule(Frozen):
    """Matches when the field contains one of the words, or one of the expressions is found in it."""

    field: FilterField = "title"
    """`text` is title, summary and content together."""
    contains: tuple[str, ...] = ()
    """Literal, any case; one that starts with `regex:` is an expression."""
    regex: tuple[str, ...] = ()
    """RE2 expressions, any case."""


class ItemSelectors(Frozen):
    """Where a page keeps its articles (kind: page); what is left out is found by itself."""

    select: str | None = None
    title: str | None = None
    link: str | None = None
    date: str | None = None
    date_format: str | None = None


class FeedDefaults(Frozen):
    """Settings of a source that may also stand under `defaults`."""

    kind: Literal["feed", "page", "sitemap"] = "feed"
    tags: tuple[str, ...] = ()
    """Tags of `defaults` and of the source add up."""
    prefix: str | None = None
    rank: int = Field(default=5, ge=1, le=99)
    """1 is best: decides ties between sources."""
    item: ItemSelectors = ItemSelectors()
    pages: int = Field(default=1, ge=1, le=100)
    full_text: bool = False
    enabled: bool = True
    interval: Duration | None = Field(default=None, gt=timedelta(0))
    """Fixed pause between polls; without it the feed's own rhythm decides."""
    headers: dict[str, str] = {}
    private: bool = False
    keep: tuple[FilterRule, ...] = ()
    drop: tuple[FilterRule, ...] = ()
    ignore: tuple[Literal["title", "author", "id", "published", "updated"], ...] = ()
    independent: bool = False
    """A 429 of this source says nothing of the host's other sources."""
    verify: bool = True
    """Check the TLS certificate."""


class FeedSettings(FeedDefaults):
    """One source."""

    url: str
    title: str | None = None
    was: tuple[str, ...] = ()
    """Earlier addresses: the history of these continues."""


class OpmlSettings(Frozen):
    """A remote list of sources, read again daily."""

    opml: str
    tags: tuple[str, ...] = ()


class OutputSettings(Frozen):
    """One published feed."""

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,63}$")
    title: str | None = None
    by: Literal["entry", "story"] = "entry"
    tags: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    search: str | None = None
    keep: tuple[FilterRule, ...] = ()
    drop: tuple[FilterRule, ...] = ()
    limit: int = Field(default=100, ge=1, le=500)
    max_age: Duration | None = Field(default=None, gt=timedelta(0))
    hold: Duration = Field(default=timedelta(0), ge=timedelta(0))
    per_source: int | None = Field(default=None, ge=1)
    full_content: bool = True
    token: str | None = Field(default=None, min_length=8)
    top: int | None = Field(default=None, ge=1, le=500)
    digest: Literal["daily"] | None = None
    was: tuple[str, ...] = ()


class Settings(Frozen):
    """feeds.yaml, checked and complete."""

    site: Site = Site()
    database: str = "sqlite:///db/aggregator.db"
    polling: Polling = Polling()
    network: Network = Network()
    publishing: Publishing = Publishing()
    retention: Retention = Retention()
    server: Server = Server()
    defaults: FeedDefaults = FeedDefaults()
    feeds: tuple[FeedSettings | OpmlSettings, ...] = ()
    outputs: tuple[OutputSettings, ...] = ()
    websub: Websub = Websub()

    _path: Path | None = PrivateAttr(default=None)

    @property
    def path(self) -> Path | None:
        """The file that this was read from."""
        return self._path

    @cached_property
    def sources(self) -> dict[str, FeedSettings]:
        """Sources by address, `defaults` applied."""
        return {feed.url: feed for feed in self.feeds if isinstance(feed, FeedSettings)}

    @cached_property
    def published(self) -> dict[str, OutputSettings]:
        """Outputs by name; `all` is among them even when feeds.yaml does not list it."""
        named = {output.name: output for output in self.outputs}
        return named if "all" in named else {"all": OutputSettings(name="all"), **named}
