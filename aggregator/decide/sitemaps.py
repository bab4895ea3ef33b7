"""Of a sitemap what matters: the pages that changed, and the child sitemaps that are worth reading."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aggregator.model import Document, Item

MOST_CHILDREN = 10
"""Child sitemaps that are read after one index: a request each."""
_DAY = timedelta(days=1, hours=12)
"""How long after its midnight in UTC a day without a time may last: until it ends west of everybody."""
_NO_ARTICLES = re.compile(
    r"tag|categor|author|taxonom|image|video|product|(?<![a-z])pages?(?![a-z])|static|users?", re.IGNORECASE
)
_ARTICLES = re.compile(r"news|post|article|blog|press|stories|actu", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class ChildSitemap:
    """A sitemap that an index of sitemaps names; `updated` is when one of its pages changed last, as it says."""

    url: str
    updated: datetime | None = None


@dataclass(frozen=True, slots=True)
class Sitemap:
    """A sitemap, or an index of sitemaps (https://www.sitemaps.org/protocol.html)."""

    document: Document
    """Its pages as items: title and `published` where it is a news sitemap, `updated` from lastmod, no text."""
    children: tuple[ChildSitemap, ...] = ()
    """Sitemaps of the same site that are to be read as well."""


def changed_since(sitemap: Sitemap, moment: datetime | None) -> Sitemap:
    """Return a sitemap with what changed after a moment, as it says, and with what has no date: that says nothing.

    A date without a time stands for its whole day, wherever that was. Without a moment everything counts.
    """
    if moment is None:
        return sitemap
    items = tuple(item for item in sitemap.document.items if _may_be_after(_latest(item), moment))
    children = tuple(child for child in sitemap.children if _may_be_after(child.updated, moment))
    return replace(sitemap, document=replace(sitemap.document, items=items), children=children)


def worth_reading(children: Sequence[ChildSitemap], most: int = MOST_CHILDREN) -> tuple[ChildSitemap, ...]:
    """Return the child sitemaps to ask for, the likeliest to have news first, at most `most`.

    Those named after news or posts come first, then by their dates; names of tags, authors, images and the like come
    last. Of undated ones the last listed come first: that is where sites add.
    """
    ranked = sorted(enumerate(children), key=lambda each: (_likeliness(each[1]), _date(each[1]), each[0]), reverse=True)
    return tuple(child for _, child in ranked[:most])


def _latest(item: Item) -> datetime | None:
    return max((date for date in (item.updated, item.published) if date is not None), default=None)


def _may_be_after(date: datetime | None, moment: datetime) -> bool:
    if date is None:
        return True
    whole_day = date.timetz() == time(tzinfo=UTC)
    return date + (_DAY if whole_day else timedelta(0)) > moment


def _likeliness(child: ChildSitemap) -> int:
    name = urlsplit(child.url).path.rpartition("/")[2] + urlsplit(child.url).query
    if _NO_ARTICLES.search(name):
        return 0
    return 2 if _ARTICLES.search(name) else 1


def _date(child: ChildSitemap) -> datetime:
    return child.updated or datetime.min.replace(tzinfo=UTC)
