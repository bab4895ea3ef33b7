"""What the pages show: plain values, ready for the templates."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from aggregator.decide.health import standing
from aggregator.decide.readership import by_service, named
from aggregator.decide.readings import state_of_list
from aggregator.publish import legal
from aggregator.publish.channel import MEDIA_TYPES
from aggregator.publish.plain import excerpt
from aggregator.publish.plain import plain as plain_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import date, datetime

    from aggregator.decide.health import State
    from aggregator.decide.lists import ListState
    from aggregator.decide.readership import Readership
    from aggregator.model import Entry, FeedState
    from aggregator.publish.manifest import PublishedOutput, PublishedSite

_TITLE, _SUMMARY = 80, 240
"""Characters of text that stand for a missing title, and that a summary has."""

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
class Output:
    """An output for everyone."""

    title: str
    addresses: tuple[Address, ...]


@dataclass(frozen=True, slots=True)
class Line:
    """An entry in the river of news."""

    title: str
    link: str | None
    source: str
    published: datetime
    summary: str
    language: str
    """A language tag; "" is unknown."""


@dataclass(frozen=True, slots=True)
class Day:
    """A day (UTC) with its entries, newest first."""

    date: date
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Source:
    """A source and how it is doing; a private one tells neither its name nor anything that could name it."""

    title: str
    state: State
    url: str | None
    site: str | None
    entries: int | None
    last_success: datetime | None
    next_poll: datetime | None
    reason: str
    error: str
    remedy: str


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
        published.title or published.name,
        tuple(
            Address(_FORMATS[ending], MEDIA_TYPES[ending], path, f"{site.url}{path}") for ending, path in paths.items()
        ),
    )


def days(entries: Iterable[Entry]) -> tuple[Day, ...]:
    """Return entries, which come newest first, by the day of their publication."""
    lines = (_line(entry) for entry in entries)
    return tuple(Day(day, tuple(of_day)) for day, of_day in groupby(lines, lambda line: line.published.date()))


def _line(entry: Entry) -> Line:
    item = entry.item
    link = legal.address(item.link)
    text = plain_text(item.summary or item.content)
    title = legal.line(item.title)
    summary = excerpt(text, _SUMMARY) if title else ""
    return Line(
        title=f"{entry.prefix or ''}{title or excerpt(text, _TITLE) or link or 'Untitled'}",
        link=link,
        source=legal.line(entry.source.title) or urlsplit(entry.feed).netloc,
        published=entry.published,
        summary="" if summary == title else summary,
        language=legal.language(entry.language or item.language) or "",
    )


def source(feed: FeedState, now: datetime) -> Source:
    """Return a source as everyone may see it."""
    found = standing(feed, now)
    if feed.private:
        error = "The last poll failed." if feed.error else ""
        return Source(
            "Private source", found.state, None, None, None, feed.last_success, feed.next_poll_at, "", error, ""
        )
    return Source(
        title=legal.line(feed.title) or feed.url,
        state=found.state,
        url=legal.address(feed.url),
        site=legal.address(feed.header.site),
        entries=feed.entries,
        last_success=feed.last_success,
        next_poll=feed.next_poll_at,
        reason=feed.reason,
        error=found.error,
        remedy=found.advice,
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
