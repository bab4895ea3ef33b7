"""Remote lists of sources (`- opml: URL` in feeds.yaml): which sources a list stands for, reading after reading.

    list document | subscribed    what it names now, and what is kept of before
                  | sources_of    settings of each source
                  | expanded      Settings with them, as if they stood in feeds.yaml

When a list is read, and what becomes of it after that, is decided in readings.py.

Whoever owns a list chooses addresses that we ask and, by their folders, tags; no header, no address in our network. A
list that fails, is emptied or damaged takes nothing away; what a good one does not name any more is gone.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from aggregator.config.addresses import same_address, split, url_findings
from aggregator.config.settings import FeedSettings, OpmlSettings
from aggregator.decide.sites import host_of, is_public, same_host
from aggregator.model import Validators

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence
    from datetime import datetime

    from aggregator.config.settings import FeedDefaults, Settings

MOST_SOURCES = 1000
"""Sources of one list."""
_OURS = frozenset({"headers", "kind", "item", "pages"})
"""Settings of `defaults` that a list's sources do not get: secrets for others' servers, and how pages are read."""


@dataclass(frozen=True, slots=True)
class Subscription:
    """A feed that a list of feeds names (OPML 2.0, "Subscription lists")."""

    url: str
    line: int
    """Where it stands in the list."""
    title: str = ""
    site: str | None = None
    tags: tuple[str, ...] = ()
    """The folders that it is in, from the outermost, then its categories."""


@dataclass(frozen=True, slots=True)
class Remark:
    """Something in a list that was not taken, or not as it is written."""

    line: int
    message: str


@dataclass(frozen=True, slots=True)
class SourceList:
    """A list of feeds, in its order, each address once."""

    title: str = ""
    feeds: tuple[Subscription, ...] = ()
    remarks: tuple[Remark, ...] = ()
    damaged: bool = False
    """It is not well-formed or too long: what it does not name may have been lost."""


@dataclass(frozen=True, slots=True)
class ListState:
    """What is known of a remote list: what it said when it was read last, and how asking for it goes."""

    address: str
    """As configured."""
    private: bool = False
    """Its address has something secret in it, and is not shown to everybody."""
    title: str = ""
    feeds: tuple[Subscription, ...] = ()
    """What it stands for."""
    remarks: tuple[Remark, ...] = ()
    """What of it was not taken, or not as it is written."""
    validators: Validators = field(default_factory=Validators)
    body_hash: str | None = None
    """SHA-256 of the last body that was read."""
    last_poll: datetime | None = None
    last_success: datetime | None = None
    errors: int = 0
    """Failures in a row."""
    failing_since: datetime | None = None
    error: str | None = None
    remedy: str | None = None
    next_at: datetime | None = None
    """When it is read again; None: not by itself."""
    reason: str = ""
    """Why then."""
    not_before: datetime | None = None
    """What the server asked for (Retry-After)."""


@dataclass(frozen=True, slots=True)
class Listed:
    """The sources of a list, and what of it is not one."""

    sources: tuple[FeedSettings, ...]
    remarks: tuple[Remark, ...] = ()


def subscribed(before: Sequence[Subscription], found: SourceList | None) -> tuple[Subscription, ...]:
    """Return what a list stands for after a reading; `before` is the last answer, `found` None where the list failed.

    A source keeps the spelling of its address under which it is known, for its history hangs on it. A list that names
    nothing any more counts as failed; of a damaged one what is missing may stand behind the damage, and stays.
    """
    if found is None or (before and not found.feeds):
        return tuple(before)
    known = {same_address(feed.url): feed.url for feed in before}
    now = [replace(feed, url=known.get(same_address(feed.url), feed.url)) for feed in found.feeds]
    if found.damaged:
        named = {feed.url for feed in now}
        now += [feed for feed in before if feed.url not in named]
    return tuple(now)


def sources_of(
    entry: OpmlSettings, feeds: Sequence[Subscription], defaults: FeedDefaults, *, taken: Collection[str] = ()
) -> Listed:
    """Return the settings of a list's sources: the operator's `defaults`, its addresses and titles, the tags of both.

    `taken` are addresses, as same_address writes them, that feeds.yaml or an earlier list has: those win. Left out are
    addresses with a password, those of our own network (except on the list's own host), and all after the first 1,000.
    """
    sources: list[FeedSettings] = []
    remarks: list[Remark] = []
    for feed in feeds:
        if same_address(feed.url) in taken:
            continue
        if refused := _refused(feed.url, entry.opml):
            remarks.append(Remark(feed.line, refused))
        elif len(sources) == MOST_SOURCES:
            remarks.append(Remark(feed.line, f"the list has more than {MOST_SOURCES} sources; the rest is left out"))
            break
        else:
            sources.append(_source(feed, entry, defaults))
    return Listed(tuple(sources), tuple(remarks))


def expanded(settings: Settings, lists: Mapping[str, Sequence[Subscription]]) -> Settings:
    """Return settings with the sources of each list after it, in place of those that it had there before.

    `lists` by the lists' addresses, as `subscribed` left them.
    """
    own = as_loaded(settings)
    taken = set(_own_addresses(own))
    feeds: list[FeedSettings | OpmlSettings] = []
    for entry in own:
        feeds.append(entry)
        if isinstance(entry, OpmlSettings):
            listed = sources_of(entry, lists.get(entry.opml, ()), settings.defaults, taken=taken)
            feeds += listed.sources
            taken |= {same_address(source.url) for source in listed.sources}
    changed = settings.model_copy(update={"feeds": tuple(feeds)})
    changed.__dict__.pop("sources", None)  # a copy keeps what was computed for the original
    return changed


def remarks_of(settings: Settings, state: ListState) -> tuple[Remark, ...]:
    """Return all that is to be told of a configured list, by line: what was not read, and what is not asked."""
    refused = sources_of(settings.lists[state.address], state.feeds, settings.defaults).remarks
    return tuple(sorted((*state.remarks, *refused), key=lambda remark: remark.line))


def as_loaded(settings: Settings) -> list[FeedSettings | OpmlSettings]:
    """Return the entries that stand in feeds.yaml itself."""
    return [entry for entry in settings.feeds if isinstance(entry, OpmlSettings) or entry.listed_in is None]


def _own_addresses(entries: Sequence[FeedSettings | OpmlSettings]) -> Iterator[str]:
    for entry in entries:
        if isinstance(entry, FeedSettings):
            yield from map(same_address, (entry.url, *entry.was))
        else:
            yield same_address(entry.opml)


def _refused(url: str, where: str) -> str | None:
    """Return why an address of the list at `where` is not asked."""
    if finding := next(url_findings(url), None):
        return f"{url}: {finding[0]}"
    parts = split(url)
    if parts is None or "@" in parts.netloc:
        return "an address with a user or a password is left out"
    if not is_public(host_of(url)) and not same_host(url, where):
        return f"{url} is not on the public internet"
    return None


def _source(feed: Subscription, entry: OpmlSettings, defaults: FeedDefaults) -> FeedSettings:
    inherited = {name: getattr(defaults, name) for name in defaults.model_fields_set - _OURS}
    inherited["tags"] = tuple(dict.fromkeys((*defaults.tags, *entry.tags, *feed.tags)))
    return FeedSettings(url=feed.url, title=feed.title or None, **inherited).of_list(entry.opml)
