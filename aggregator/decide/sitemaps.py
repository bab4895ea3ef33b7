"""Of a sitemap what matters: the child sitemaps that are worth reading, and titles for pages that have none."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aggregator.indexes import ChildSitemap
    from aggregator.model import Document

MOST_CHILDREN = 10
"""Child sitemaps that are read after one index: a request each."""
_MOST_KNOWN = 40
_COPIED = timedelta(days=1)
"""How old an index may be that a cache answers with."""
_DAY = timedelta(days=1, hours=12)
"""How long after its midnight in UTC a day without a time may last: until it ends west of everybody."""
_NO_ARTICLES = re.compile(
    r"tag|categor|author|taxonom|image|video|product|(?<![a-z])pages?(?![a-z])|static|users?", re.IGNORECASE
)
_ARTICLES = re.compile(r"news|post|article|blog|press|stories|actu", re.IGNORECASE)

_EXTENSION = re.compile(r"\.(?:s?html?|php\d?|aspx?|jsp|cfm)$", re.IGNORECASE)
_INDEX = re.compile(r"index|default|home", re.IGNORECASE)
_BETWEEN = re.compile(r"[\s_+-]+")
_ID = re.compile(r"\d{5,}|(?=\D*\d)[0-9a-f]{8,}", re.IGNORECASE)
"""A number longer than a year, or a number in hexadecimal digits."""


@dataclass(frozen=True, slots=True)
class Sitemap:
    """A sitemap, or an index of sitemaps (https://www.sitemaps.org/protocol.html)."""

    document: Document
    """Its pages as items: title and `published` where it is a news sitemap, `updated` from lastmod, no text."""
    children: tuple[ChildSitemap, ...] = ()
    """Sitemaps of the same site that are to be read as well."""


def due(
    named: Sequence[ChildSitemap], known: Sequence[ChildSitemap], last_success: datetime | None
) -> tuple[ChildSitemap, ...]:
    """Return which of the child sitemaps that an index names are to be asked for now, the likeliest to have news first.

    Those that were read before (`known`) are when the index gives another date than then, or none at all; they come
    with the validators of then. Others are when they may have changed since a day before the last good poll: an index
    is often a copy some hours old. When none was ever read, all may be.
    """
    before = {child.url: child for child in known}
    since = last_success - _COPIED if last_success is not None and known else None
    return worth_reading(
        [_as_read(child, before.get(child.url)) for child in named if _is_due(child, before.get(child.url), since)]
    )


def undated(known: Sequence[ChildSitemap]) -> tuple[ChildSitemap, ...]:
    """Return which child sitemaps may have changed although their index did not: those that it gives no date."""
    return worth_reading([child for child in known if child.updated is None])


def remembered(
    known: Sequence[ChildSitemap],
    named: Sequence[ChildSitemap],
    read: Sequence[ChildSitemap],
    missed: Sequence[ChildSitemap],
) -> tuple[ChildSitemap, ...]:
    """Return what to know of an index's children next time: `read` as they are now, `missed` to be asked for again.

    What the index names no longer is forgotten, and beyond forty what is the least likely to have news.
    """
    latest = {child.url: child for child in known}
    latest |= {child.url: replace(child, updated=None) for child in missed}
    latest |= {child.url: child for child in read}
    still = {child.url for child in named}
    return worth_reading([child for child in latest.values() if child.url in still], _MOST_KNOWN)


def worth_reading(children: Sequence[ChildSitemap], most: int = MOST_CHILDREN) -> tuple[ChildSitemap, ...]:
    """Return the child sitemaps to ask for, the likeliest to have news first, at most `most`.

    Those named after news or posts come first, then by their dates; names of tags, authors, images and the like come
    last. Of undated ones the last listed come first: that is where sites add.
    """
    ranked = sorted(
        enumerate(children), key=lambda each: (likeliness(each[1].url), _date(each[1]), each[0]), reverse=True
    )
    return tuple(child for _, child in ranked[:most])


def _as_read(child: ChildSitemap, before: ChildSitemap | None) -> ChildSitemap:
    return child if before is None else replace(before, updated=child.updated)


def _is_due(child: ChildSitemap, before: ChildSitemap | None, since: datetime | None) -> bool:
    if before is not None:
        return child.updated is None or child.updated != before.updated
    return since is None or may_be_after(child.updated, since)


def may_be_after(date: datetime | None, moment: datetime) -> bool:
    """Tell whether something of this date may be later than a moment; a date without a time is its whole day."""
    if date is None:
        return True
    whole_day = date.timetz() == time(tzinfo=UTC)
    return date + (_DAY if whole_day else timedelta(0)) > moment


def likeliness(url: str) -> int:
    """Return whether a sitemap holds articles, by its name: 2 when it says so, 0 when it says otherwise, else 1."""
    name = urlsplit(url).path.rpartition("/")[2] + urlsplit(url).query
    if _NO_ARTICLES.search(name):
        return 0
    return 2 if _ARTICLES.search(name) else 1


def title_of(url: str) -> str:
    """Return a title made of an address: of the last part of its path that has letters, the words.

    Without extension and ids (`/2026/gpt-6_is-here-1234567.html` is "Gpt 6 is here"); host and path where there is
    none. Not clean: it may hold whatever an address may.
    """
    parts = urlsplit(url)
    named = (_words(segment) for segment in reversed(unquote(parts.path).split("/")))
    words = next((found for found in named if sum(letter.isalpha() for letter in found) > 1), "")
    return words[:1].upper() + words[1:] or f"{parts.netloc}{parts.path}"


def _words(segment: str) -> str:
    """Return the words of a part of a path; "" of one that only says where a folder begins."""
    name = _EXTENSION.sub("", segment)
    words = [word for word in _BETWEEN.split(name) if word]
    while words and _ID.fullmatch(words[-1]):
        words.pop()
    while words and _ID.fullmatch(words[0]):
        words.pop(0)
    return "" if _INDEX.fullmatch(name) else " ".join(words)


def _date(child: ChildSitemap) -> datetime:
    return child.updated or datetime.min.replace(tzinfo=UTC)
