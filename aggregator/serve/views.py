"""What the pages show: plain values, ready for the templates."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import ip_address
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

from aggregator.decide.health import standing
from aggregator.decide.readership import by_service, named
from aggregator.decide.readings import state_of_list
from aggregator.publish import legal
from aggregator.publish.channel import MEDIA_TYPES
from aggregator.publish.plain import excerpt
from aggregator.serve.sparkline import entries_chart, polls_chart

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import date, datetime

    from aggregator.decide.health import State
    from aggregator.decide.lists import ListState
    from aggregator.decide.readership import Readership
    from aggregator.model import FeedState, Outcome
    from aggregator.publish.manifest import PublishedOutput, PublishedSite
    from aggregator.serve.sparkline import Chart

_WORDS = 400
"""Characters of an error and of advice."""

_FORMATS = {"atom": "Atom", "rss": "RSS", "json": "JSON Feed"}
"""What a document is called, by its ending."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where an output is, in one format."""

    format: str
    media_type: str
    href: str
    """Relative to a page."""
    shown: str
    """Absolute where the site's address is known."""


@dataclass(frozen=True, slots=True)
class App:
    """A feed reader on the web."""

    name: str
    before: str
    """What stands before the address of a feed, which is quoted, in the address that subscribes."""

    def subscribing(self, feed: str) -> str:
        """Return the address that subscribes to a feed."""
        return f"{self.before}{quote(feed, safe='')}"


_APPS = (
    App("Feedly", "https://feedly.com/i/subscription/feed/"),
    App("Inoreader", "https://www.inoreader.com/?add_feed="),
    App("NewsBlur", "https://www.newsblur.com/?url="),
    App("The Old Reader", "https://theoldreader.com/feeds/subscribe?url="),
    App("Feedbin", "https://feedbin.com/?subscribe="),
)


@dataclass(frozen=True, slots=True)
class Charts:
    """What a source did, drawn."""

    entries: Chart
    polls: Chart


@dataclass(frozen=True, slots=True)
class Output:
    """An output for everyone."""

    name: str
    title: str
    addresses: tuple[Address, ...]


@dataclass(frozen=True, slots=True)
class Source:
    """A source and how it is doing; a private one tells neither its name nor anything that could name it."""

    title: str
    state: State
    url: str | None
    site: str | None
    entries: int | None
    last_success: datetime | None
    last_new: datetime | None
    """When it last brought an entry."""
    next_poll: datetime | None
    reason: str
    error: str
    remedy: str
    charts: Charts | None


@dataclass(frozen=True, slots=True)
class Readers:
    """Who reads an output through services that say so."""

    title: str
    """Of the output."""
    subscribers: int
    services: tuple[tuple[str, int], ...]
    """Name and subscribers of each, the greatest first; of those that we do not know, together, last."""


@dataclass(frozen=True, slots=True)
class SourceList:
    """A remote list of sources; a private one tells neither its name nor anything that could name it."""

    title: str
    state: State
    url: str | None
    sources: int
    last_success: datetime | None
    next_poll: datetime | None
    error: str
    remedy: str


def output(published: PublishedOutput, site: PublishedSite) -> Output:
    """Return an output with its addresses."""
    paths = {ending: f"{published.name}.{ending}" for ending in published.formats}
    return Output(
        published.name,
        published.title or published.name,
        tuple(
            Address(_FORMATS[ending], MEDIA_TYPES[ending], path, f"{site.url}{path}") for ending, path in paths.items()
        ),
    )


def apps(site: PublishedSite) -> tuple[App, ...]:
    """Return the readers on the web that an address can be handed to; none while they could not reach this server."""
    return () if _only_here(site.url) else _APPS


def _only_here(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    try:
        return not ip_address(host).is_global
    except ValueError:
        return "." not in host or host.endswith((".localhost", ".local", ".internal"))


def charts(days: Mapping[date, int], polls: Sequence[tuple[datetime, Outcome]], now: datetime) -> Charts:
    """Draw what is told of a source."""
    return Charts(entries_chart(days, now.date()), polls_chart(polls, now))


def source(feed: FeedState, now: datetime, drawn: Charts | None = None) -> Source:
    """Return a source as everyone may see it; of a private one nothing is drawn."""
    found = standing(feed, now)
    if feed.private:
        error = "The last poll failed." if feed.error else ""
        seen = feed.last_success, None, feed.next_poll_at
        return Source("Private source", found.state, None, None, None, *seen, "", error, "", None)
    return Source(
        title=legal.line(feed.title) or feed.url,
        state=found.state,
        url=legal.address(feed.url),
        site=legal.address(feed.header.site),
        entries=feed.entries,
        last_success=feed.last_success,
        last_new=feed.last_new,
        next_poll=feed.next_poll_at,
        reason=feed.reason,
        error=excerpt(found.error, _WORDS),
        remedy=excerpt(found.advice, _WORDS),
        charts=drawn,
    )


def readers(known: Iterable[Readership], outputs: Mapping[str, PublishedOutput]) -> list[Readers]:
    """Return who reads the outputs for everyone; how many read another is nobody's business."""
    return [
        Readers(outputs[name].title or name, sum(services.values()), tuple(named(services).items()))
        for name, services in by_service(known).items()
        if name in outputs and not outputs[name].private
    ]


def source_list(state: ListState) -> SourceList:
    """Return a remote list as everyone may see it."""
    error, remedy = state.error or "", state.remedy or ""
    if state.private:
        error, remedy = "The last reading failed." if error else "", ""
    return SourceList(
        title="Private list" if state.private else legal.line(state.title) or state.address,
        state=state_of_list(state),
        url=None if state.private else legal.address(state.address),
        sources=len(state.feeds),
        last_success=state.last_success,
        next_poll=state.next_at,
        error=error,
        remedy=remedy,
    )
