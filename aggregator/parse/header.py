"""What feedparser says of a feed, in the words of the model: its header, and when it asks to be read again."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from aggregator.model import Header, Hints, Link
from aggregator.parse.clean import clean_text
from aggregator.parse.dates import parse_date
from aggregator.parse.fields import (
    dict_of,
    dicts_of,
    language_tag,
    number_of,
    persons_of,
    text_of,
    title_of,
    unique,
)
from aggregator.parse.urls import clean_url

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from aggregator.model import Document

_PAGING = {"first", "last", "next", "previous", "current", "prev-archive", "next-archive"}
"""Relations of RFC 5005 sections 3 and 4."""
_RELATIONS = {"alternate", "self", "hub"} | _PAGING
_REGISTRY = "http://www.iana.org/assignments/relation/"
_PERIODS = {
    "hourly": timedelta(hours=1),
    "daily": timedelta(days=1),
    "weekly": timedelta(weeks=1),
    "monthly": timedelta(days=30),
    "yearly": timedelta(days=365),
}
_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_LONGEST = timedelta(days=365)
_SKIPPED = re.compile(r"<skip(hours|days)\b[^<>]*>(.{0,4000}?)</skip\1", re.IGNORECASE | re.DOTALL)
_VALUE = re.compile(r"<(?:hour|day)\b[^<>]*>\s*(\w{1,9})\s*<", re.IGNORECASE)
_MIDNIGHT = 24
_HISTORY = re.compile(r"xmlns:([\w.-]{1,40})\s*=\s*[\"']http://purl\.org/syndication/history/1\.0[\"']")
_COMPLETE = re.compile(r"<([\w.-]{1,40}):complete\b")


def read_header(feed: Mapping[str, Any], *, base: str) -> Header:
    """Return the header of a feed, or of the feed that an item was copied from (atom:source, RSS source)."""
    icons = (text_of(feed, "icon"), text_of(feed, "logo"), text_of(dict_of(feed, "image"), "href"))
    return Header(
        id=clean_text(text_of(feed, "id"), limit=2000) or None,
        title=title_of(feed),
        subtitle=title_of(feed, "subtitle", limit=4000) or None,
        updated=parse_date(text_of(feed, "updated")) or parse_date(text_of(feed, "published")),
        links=_links(feed, base),
        authors=persons_of(feed, "authors", base),
        rights=title_of(feed, "rights") or None,
        language=language_tag(text_of(feed, "language")),
        icon=next(filter(None, (clean_url(icon, base=base) for icon in icons)), None),
        generator=_generator(feed),
    )


def _links(feed: Mapping[str, Any], base: str) -> tuple[Link, ...]:
    """Return the links to the site, to the feed itself, to its hubs and to other pages of it.

    RFC 4287 section 4.2.7, WebSub section 4, RFC 5005 sections 3 and 4.
    """
    found = [link for each in dicts_of(feed, "links") if (link := _link(each, base))]
    return unique(found)


def _link(link: Mapping[str, Any], base: str) -> Link | None:
    relation = text_of(link, "rel").lower().removeprefix(_REGISTRY)
    href = clean_url(text_of(link, "href"), base=base)
    if not href or relation not in _RELATIONS:
        return None
    # feedparser fills in a type where the document gives none; on these it means nothing.
    kind = None if relation == "hub" or relation in _PAGING else clean_text(text_of(link, "type"), limit=100) or None
    return Link(href, rel=relation, type=kind, hreflang=language_tag(text_of(link, "hreflang")))


def linked(document: Document, links: Sequence[Link], *, base: str) -> Document:
    """Return a document with what the headers of its answer say of hubs and of itself, first (WebSub section 4)."""
    clean = [replace(link, href=href) for link in links if (href := clean_url(link.href, base=base))]
    if not clean:
        return document
    header = document.header
    return replace(document, header=replace(header, links=unique([*clean, *header.links])))


def _generator(feed: Mapping[str, Any]) -> str | None:
    detail = dict_of(feed, "generator_detail")
    name = text_of(feed, "generator") or text_of(detail, "name") or text_of(detail, "href")
    version = text_of(detail, "version")
    return clean_text(f"{name} {version}" if version and version not in name else name, limit=200) or None


def read_hints(feed: Mapping[str, Any], outside: str) -> Hints:
    """Return when a feed asks to be read again.

    skipHours and skipDays come from `outside`, the document less its items: feedparser keeps one value of each.
    """
    hours, days = _skipped(outside)
    minutes = number_of(feed, "ttl")
    return Hints(
        ttl=min(timedelta(minutes=min(minutes, 10**7)), _LONGEST) if minutes else None,
        update_period=_update_period(feed),
        skip_hours=hours,
        skip_days=days,
    )


def is_complete(outside: str) -> bool:
    """Tell whether a document, less its items, says that it lists all there is (RFC 5005 section 2)."""
    return not set(_HISTORY.findall(outside)).isdisjoint(_COMPLETE.findall(outside))


def _update_period(feed: Mapping[str, Any]) -> timedelta | None:
    """Return the pause between updates (RSS 1.0 syndication module): daily when only a frequency is given."""
    frequency = number_of(feed, "sy_updatefrequency")
    period = _PERIODS.get(text_of(feed, "sy_updateperiod").lower())
    if period is None:
        return _PERIODS["daily"] / frequency if frequency else None
    return period / (frequency or 1)


def _skipped(outside: str) -> tuple[frozenset[int], frozenset[int]]:
    """Return hours 0 to 23 and days 0 to 6 of RSS skipHours and skipDays; hour 24 is midnight, as in RSS 0.91."""
    found: dict[str, set[int]] = {"hours": set(), "days": set()}
    for kind, values in _SKIPPED.findall(outside):
        for value in _VALUE.findall(values):
            found[kind.lower()] |= _hour(value) if kind.lower() == "hours" else _day(value)
    return frozenset(found["hours"]), frozenset(found["days"])


def _hour(value: str) -> set[int]:
    return {int(value) % _MIDNIGHT} if value.isascii() and value.isdigit() and int(value) <= _MIDNIGHT else set()


def _day(value: str) -> set[int]:
    return {_DAYS.index(value.lower())} if value.lower() in _DAYS else set()
