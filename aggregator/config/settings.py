"""Every setting of feeds.yaml, with its default: the one place that says what may stand there.

`Settings` is frozen: a reload makes a new one. The loader (config/load.py) fills it from the file and the
environment and reports every mistake with its line. The sentences below the settings are shown by editors
(config/schema.py) and stand in docs/feeds-yaml.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Discriminator, Field, PrivateAttr, Tag

from aggregator.config.places import Places
from aggregator.config.types import Duration, Frozen, Size

RESERVED_OUTPUTS = frozenset(
    {"story", "search", "sources", "subscribe", "hub", "websub", "healthz", "readyz", "metrics", "static"}
)
"""Names of our own addresses; an output called so would hide one."""

FORMATS = ("atom", "rss", "json")


def _folder(url: str) -> str:
    """End an address with a slash, so that names can be put after it."""
    return url if url.endswith("/") else f"{url}/"


def _hubs(value: Any) -> Any:
    """Refuse in one sentence what the two types of `hub` would refuse in two."""
    if value is None or value == "built-in" or isinstance(value, tuple | list):
        return value
    raise ValueError("must be `built-in` or a list of addresses of hubs; null is none")


def _entry_of_feeds(value: Any) -> str:
    """Tell a remote list from a source by its key."""
    if isinstance(value, Mapping):
        return "opml" if "opml" in value and "url" not in value else "feed"
    return "opml" if isinstance(value, OpmlSettings) else "feed"


class Author(Frozen):
    """Who publishes the combined feed."""

    name: str
    """Shown as the author of the feed."""
    uri: str | None = None
    """Address of the author's page."""
    email: str | None = None
    """The author's e-mail address; it is published."""


class Site(Frozen):
    """What the published feeds say of themselves."""

    title: str = "AI News"
    """Title of the pages, and of outputs that have none of their own."""
    subtitle: str | None = None
    """One line below the title."""
    url: Annotated[str, AfterValidator(_folder)] = "http://localhost:8080/"
    """Public address of this server, for self links only; never part of an id."""
    language: str = "en"
    """Language of the titles above, as a language tag such as `en` or `fr-CA`."""
    author: Author = Author(name="AI News")
    """Who publishes the combined feed."""


class Polling(Frozen):
    """How often sources are asked, and how many at once."""

    min_interval: Duration = Field(default=timedelta(minutes=15), gt=timedelta(0))
    """The shortest pause between two polls of a source."""
    max_interval: Duration = Field(default=timedelta(hours=24), gt=timedelta(0))
    """The longest pause between two polls of a source that answers."""
    default_interval: Duration = Field(default=timedelta(hours=1), gt=timedelta(0))
    """The pause on a source's first day, and of one with four entries a day; others earn longer and shorter ones."""
    concurrency: int = Field(default=64, ge=1, le=10_000)
    """Requests under way at the same time, all hosts together."""
    per_host: int = Field(default=1, ge=1)
    """Requests to one host at the same time."""
    host_gap: Duration = Field(default=timedelta(seconds=2), ge=timedelta(0))
    """Pause between two requests to one host."""
    budget: int | None = Field(default=None, ge=1)
    """Polls an hour for all sources together; null is no limit. Pauses become longer until they fit."""


class Network(Frozen):
    """How sources are asked."""

    user_agent: str | None = None
    """Sent instead of the program's own User-Agent."""
    contact: str | None = None
    """An address that publishers can write to: a URL or e-mail, sent in User-Agent."""
    timeout: Duration = Field(default=timedelta(seconds=30), gt=timedelta(0))
    """Time for one request, from connecting to the last byte."""
    max_body: Size = Field(default=10_000_000, ge=1)
    """The largest document, counted after decompression."""
    allow_private: tuple[str, ...] = ()
    """Private addresses that sources may have: CIDR networks, or host[:port]."""
    proxy: str | None = None
    """Address of an HTTP proxy that all requests go through."""


class Publishing(Frozen):
    """When entries of a new or flooding source appear."""

    first_entries: int = Field(default=5, ge=0)
    """How many entries a source that is added later may bring at once from its past."""
    first_max_age: Duration = timedelta(days=3)
    """How old those may be."""
    flood: int = Field(default=20, ge=1)
    """More old entries than this at once are a republished archive and held back."""
    window: Duration = Field(default=timedelta(hours=48), ge=timedelta(0))
    """What was released this lately stays in its output whatever the output's limit."""


class Retention(Frozen):
    """How long bodies are kept, counted from the last time the source listed the entry."""

    entries: Duration = Field(default=timedelta(days=90), gt=timedelta(0))
    """After this the text is dropped; a trace stays, so that the entry never comes back as new."""


class Backup(Frozen):
    """Copies of a database in a file, made at night into `backups/` beside it; each is read whole and checked."""

    keep: int = Field(default=3, ge=0, le=366)
    """So many of them are kept; 0: none is made."""


class Server(Frozen):
    """Who may see what."""

    metrics_allow: tuple[str, ...] = ("127.0.0.0/8", "::1")
    """Addresses and networks that may read /metrics."""
    trusted_proxies: tuple[str, ...] = ()
    """Addresses and networks of reverse proxies whose word on who asks is believed (X-Forwarded-For, Forwarded)."""


class Websub(Frozen):
    """Push, in both directions."""

    hub: Annotated[Literal["built-in"] | tuple[str, ...] | None, BeforeValidator(_hubs)] = "built-in"
    """The hub that tells subscribers of news: our own, or the addresses of others; null or [] is none."""
    subscribe: bool = True
    """Let the hubs of sources push to us; needs a `site.url` that they can reach."""


EXPRESSION = "regex:"
"""What an expression among the literal words of `contains` starts with."""
FilterField = Literal["title", "summary", "content", "text", "author", "category", "link", "language"]


class FilterRule(Frozen):
    """Matches when the field contains one of the words, or one of the expressions is found in it."""

    field: FilterField = "title"
    """Where to look; `text` is title, summary and content together."""
    contains: tuple[str, ...] = ()
    """Literal, any case; one that starts with `regex:` is an expression."""
    regex: tuple[str, ...] = ()
    """RE2 expressions, any case."""


class ItemSelectors(Frozen):
    """Where a page keeps its articles (kind: page); what is left out is found by itself."""

    select: str | None = None
    """CSS selector of one article in the list."""
    title: str | None = None
    """CSS selector of its title."""
    link: str | None = None
    """CSS selector of its link, or `@href` for the article's own attribute."""
    date: str | None = None
    """CSS selector of its date."""
    date_format: str | None = None
    """How the date is written, in strptime's letters, such as `%d.%m.%Y`."""


class FeedDefaults(Frozen):
    """Settings of a source that may also stand under `defaults`."""

    kind: Literal["feed", "page", "sitemap"] = "feed"
    """What the address is: a feed, a page with a list of articles, or a sitemap or an index of sitemaps."""
    tags: tuple[str, ...] = ()
    """Words that outputs select by; tags of `defaults` and of the source add up."""
    prefix: str | None = None
    """Put before the titles of the source's entries."""
    rank: int = Field(default=5, ge=1, le=99)
    """1 is best: decides ties between sources."""
    item: ItemSelectors = ItemSelectors()
    """Where a page keeps its articles."""
    pages: int = Field(default=1, ge=1, le=100)
    """How many pages of a list to read: the first, and those that it leads to."""
    full_text: bool | None = None
    """Take title, date, author, language and body from each article's page; without it pages and sitemaps do."""
    enabled: bool = True
    """false stops polling; what is there stays."""
    interval: Duration | None = Field(default=None, gt=timedelta(0))
    """Fixed pause between polls; without it the feed's own rhythm decides."""
    headers: dict[str, str] = Field(default_factory=dict)
    """Sent with the source's requests, for access to a private feed; makes the source private."""
    private: bool = False
    """Only in outputs with a token, and its address is shown nowhere; implied by headers, ${...} and user:password@."""
    keep: tuple[FilterRule, ...] = ()
    """Keep only entries that match one of these rules."""
    drop: tuple[FilterRule, ...] = ()
    """Drop entries that match one of these rules."""
    ignore: tuple[Literal["title", "author", "id", "published", "updated"], ...] = ()
    """Fields of this source that cannot be trusted."""
    independent: bool = False
    """A 429 of this source says nothing of the host's other sources."""
    verify: bool = True
    """Check the TLS certificate."""


class FeedSettings(FeedDefaults):
    """One source."""

    url: str
    """Its address, used exactly as written."""
    title: str | None = None
    """Shown instead of the title that the source gives itself."""
    was: tuple[str, ...] = ()
    """Earlier addresses: the history of these continues."""

    _secrets: frozenset[str] = PrivateAttr(default=frozenset())
    _listed_in: str | None = PrivateAttr(default=None)

    @property
    def substituted(self) -> frozenset[str]:
        """Values of this source that came from the environment."""
        return self._secrets

    @property
    def listed_in(self) -> str | None:
        """Address of the remote list that names this source; None where it stands in feeds.yaml itself."""
        return self._listed_in

    def of_list(self, address: str) -> FeedSettings:
        """Return these settings as those of a source that a remote list names."""
        noted = self.model_copy()
        noted._listed_in = address  # noqa: SLF001 - of its own class
        return noted

    def with_secrets(self, values: frozenset[str]) -> FeedSettings:
        """Return these settings with the values noted that came from the environment."""
        noted = self.model_copy()
        noted._secrets = values  # noqa: SLF001 - of its own class
        return noted


class OpmlSettings(Frozen):
    """A remote list of sources, read again daily; its folders are tags."""

    opml: str
    """Address of the OPML file."""
    tags: tuple[str, ...] = ()
    """Given to every source of the list."""


class OutputSettings(Frozen):
    """One published feed."""

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,63}$")
    """Its place: /NAME.atom, /NAME.rss and /NAME.json."""
    title: str | None = None
    """Title of the feed."""
    by: Literal["entry", "story"] = "entry"
    """One item for each entry, or one for each story."""
    tags: tuple[str, ...] = ()
    """Only sources with one of these tags; none means all sources."""
    languages: tuple[str, ...] = ()
    """Only entries in these languages; none means all."""
    search: str | None = None
    """Only entries that this full-text search finds."""
    keep: tuple[FilterRule, ...] = ()
    """Keep only entries that match one of these rules."""
    drop: tuple[FilterRule, ...] = ()
    """Drop entries that match one of these rules."""
    limit: int = Field(default=100, ge=1, le=500)
    """How many entries the feed lists; younger ones than publishing.window stay beyond it, up to 500."""
    max_age: Duration | None = Field(default=None, gt=timedelta(0))
    """Older entries leave the feed."""
    hold: Duration = Field(default=timedelta(0), ge=timedelta(0))
    """With by: story, wait this long for first coverage to gather; the earliest published of it leads."""
    per_source: int | None = Field(default=None, ge=1)
    """At most this many entries of one source a day."""
    full_content: bool = True
    """false publishes summaries only."""
    token: str | None = Field(default=None, min_length=8)
    """A secret: the feed is then only at /TOKEN/NAME.atom, and may list private sources."""
    top: int | None = Field(default=None, ge=1, le=500)
    """Only so many of the most covered stories of the last max_age, else publishing.window; implies by: story."""
    digest: Literal["daily"] | None = None
    """One entry a day, made of the day's stories (UTC), the most covered first; implies by: story."""
    was: tuple[str, ...] = ()
    """Earlier names: their addresses lead here, with the same token, and the feed keeps its id."""

    @property
    def tells_stories(self) -> bool:
        """It has one item for each story, or is made of stories."""
        return self.by == "story" or self.top is not None or self.digest is not None


FeedOrList = Annotated[
    Annotated[FeedSettings, Tag("feed")] | Annotated[OpmlSettings, Tag("opml")],
    Discriminator(_entry_of_feeds),
]


class Settings(Frozen):
    """feeds.yaml, checked and complete."""

    site: Site = Site()
    """What the published feeds say of themselves."""
    database: str = "sqlite:///db/aggregator.db"
    """Where entries are kept: sqlite:///PATH, relative to feeds.yaml; sqlite:////PATH is absolute."""
    polling: Polling = Polling()
    """How often sources are asked, and how many at once."""
    network: Network = Network()
    """How sources are asked."""
    publishing: Publishing = Publishing()
    """When entries of a new or flooding source appear."""
    retention: Retention = Retention()
    """How long bodies are kept."""
    backup: Backup = Backup()
    """How many nightly copies of the database are kept."""
    server: Server = Server()
    """Who may see what."""
    defaults: FeedDefaults = FeedDefaults()
    """Settings for every source that does not say otherwise."""
    feeds: tuple[FeedOrList, ...] = ()
    """The sources; a bare address is a source too."""
    outputs: tuple[OutputSettings, ...] = ()
    """The feeds that are published; `all` exists even if it is not listed."""
    websub: Websub = Websub()
    """Push, in both directions."""

    _path: Path | None = PrivateAttr(default=None)
    _places: Places = PrivateAttr(default=Places())
    _secrets: frozenset[str] = PrivateAttr(default=frozenset())

    @property
    def path(self) -> Path | None:
        """The file that this was read from."""
        return self._path

    @property
    def places(self) -> Places:
        """The lines that the settings stand in; empty when not read from a file."""
        return self._places

    @property
    def substituted(self) -> frozenset[str]:
        """Values that came from the environment, except what `site` makes public."""
        return self._secrets

    def with_origin(self, path: Path, places: Places, substituted: frozenset[str]) -> Settings:
        """Return these settings with what is known of the file that they came from."""
        placed = self.model_copy()
        placed._path = path  # noqa: SLF001 - of its own class
        placed._places = places  # noqa: SLF001
        placed._secrets = substituted  # noqa: SLF001
        return placed

    @cached_property
    def sources(self) -> dict[str, FeedSettings]:
        """Sources by address, `defaults` applied."""
        return {feed.url: feed for feed in self.feeds if isinstance(feed, FeedSettings)}

    @cached_property
    def lists(self) -> dict[str, OpmlSettings]:
        """Remote lists of sources by address."""
        return {entry.opml: entry for entry in self.feeds if isinstance(entry, OpmlSettings)}

    @cached_property
    def published(self) -> dict[str, OutputSettings]:
        """Outputs by name; `all` is among them even when feeds.yaml does not list it."""
        named = {output.name: output for output in self.outputs}
        return named if "all" in named else {"all": OutputSettings(name="all"), **named}
