"""What feedparser says of one entry, in the words of the model."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field, replace
from html import unescape
from typing import TYPE_CHECKING, Any

from aggregator.model import Category, Enclosure, Header, Item, Link
from aggregator.parse.clean import clean_html, clean_text, is_heavy, plain_text, text_to_html
from aggregator.parse.dates import parse_date
from aggregator.parse.fields import (
    dict_of,
    dicts_of,
    guid_of,
    is_markup,
    language_tag,
    number_of,
    persons_of,
    text_of,
    title_of,
)
from aggregator.parse.header import read_header
from aggregator.parse.urls import absolute, clean_url

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

_HTML_LINK = ("text/html", "application/xhtml+xml", "")
_IMAGE = re.compile(r"\.(?:jpe?g|png|gif|webp|avif)(?:$|\?)", re.IGNORECASE)
_ABSOLUTE = re.compile(r"https?://", re.IGNORECASE)
_CLOCK = re.compile(r"(?:(\d{1,4}):)?(\d{1,4}):(\d{1,2})(?:\.\d+)?|(\d{1,7})(?:\.\d+)?")
MEDIA_DESCRIPTION = "media_aggregatordescription"
"""The key under which feedparser finds media:description."""
HEAVY = "items kept as text because they are too large or nested too deep"


@dataclass(frozen=True, slots=True)
class Context:
    """What an item has from its document; `notices` counts what was mended or left out."""

    url: str
    format: str
    language: str | None
    notices: Counter[str] = field(default_factory=Counter)

    @property
    def is_rss(self) -> bool:
        """Whether the document is RSS of any version, RDF or CDF."""
        return not self.format.startswith("atom")


def read_item(entry: Mapping[str, Any], context: Context) -> Item:
    """Return an entry as an item; every field that the document does not give, or gives in vain, is empty."""
    link = _link(entry, context.url)
    summary, content = _bodies(entry, context, base=link or context.url)
    published, updated = _dates(entry, context)
    return Item(
        title=title_of(entry),
        guid=guid_of(text_of(entry, "id")),
        link=link,
        summary=summary,
        content=content,
        published=published,
        updated=updated,
        authors=persons_of(entry, "authors", context.url),
        contributors=persons_of(entry, "contributors", context.url),
        categories=_categories(entry),
        enclosures=_enclosures(entry, context.url),
        thumbnail=_thumbnail(entry, context.url),
        language=_language(entry, context),
        rights=title_of(entry, "rights") or None,
        comments=_comments(entry, context.url),
        source=_source(entry, context.url),
    )


def _link(entry: Mapping[str, Any], base: str) -> str | None:
    """Return the item's page: what a feed service hid, else the alternate link (a page first), else the guid."""
    alternates = [link for link in dicts_of(entry, "links") if text_of(link, "rel").lower() in ("alternate", "")]
    alternates.sort(key=lambda link: text_of(link, "type") not in _HTML_LINK)
    hidden = [text_of(entry, f"{service}_origlink") for service in ("feedburner", "pheedo")]
    spellings = [*hidden, *(text_of(link, "href") for link in alternates)]
    permalink = text_of(entry, "id") if entry.get("guidislink") else ""
    spellings += [text_of(entry, "link"), permalink]
    if not _ABSOLUTE.match(permalink):  # a bare guid is no permalink, though it says so by default
        spellings = [spelling for spelling in spellings if spelling != permalink]
    return next(filter(None, (clean_url(spelling, base=base) for spelling in spellings)), None)


def _bodies(entry: Mapping[str, Any], context: Context, *, base: str) -> tuple[str | None, str | None]:
    """Return summary and content as clean HTML; a summary that repeats the content is left out."""
    summary = _summary(entry)
    content = _content(entry, context, summary)
    if content and not is_markup(content) and summary and text_of(summary, "value") == text_of(content, "value"):
        summary = {}
    cleaned = [_clean(detail, context, base=base) for detail in (summary, content)]
    return (None, cleaned[1]) if cleaned[0] == cleaned[1] else (cleaned[0], cleaned[1])


def _summary(entry: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the summary's text construct; feedparser copies a content to the summary without details.

    Where nothing else is said of a medium, its description (here under another name: see syndication) is the summary.
    """
    caption = text_of(entry, MEDIA_DESCRIPTION)
    if caption and not entry.get("content") and not text_of(entry, "summary"):
        return {"value": caption, "type": "text/plain"}
    return dict_of(entry, "summary_detail")


def _content(entry: Mapping[str, Any], context: Context, summary: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the content to use: HTML before text, and of RSS only what adds to the summary.

    A second description (dc:description, itunes:summary: often a mere abstract) is a content to feedparser.
    """
    contents = [each for each in dicts_of(entry, "content") if _is_text(each) and text_of(each, "value")]
    if context.is_rss:
        enough = len(text_of(summary, "value"))
        contents = [each for each in contents if is_markup(each) or len(text_of(each, "value")) > enough]
    contents.sort(key=lambda each: not is_markup(each))
    return contents[0] if contents else {}


def _is_text(content: Mapping[str, Any]) -> bool:
    kind = text_of(content, "type").lower()
    return not kind or kind.startswith("text/") or is_markup(content)


def _clean(detail: Mapping[str, Any], context: Context, *, base: str) -> str | None:
    """Return a text construct as clean HTML, addresses resolved against its xml:base, else the item's page."""
    value = text_of(detail, "value")
    if not value:
        return None
    html = value if is_markup(detail) else text_to_html(value)
    if is_heavy(html):
        context.notices[HEAVY] += 1
    return clean_html(html, base=absolute(text_of(detail, "base"), base))


def _dates(entry: Mapping[str, Any], context: Context) -> tuple[datetime | None, datetime | None]:
    """Return published and updated; the only date of an RSS item (dc:date) says when it was published."""
    published = parse_date(text_of(entry, "published")) or parse_date(text_of(entry, "created"))
    updated = parse_date(text_of(entry, "updated"))
    return (updated, None) if context.is_rss and published is None else (published, updated)


def _categories(entry: Mapping[str, Any]) -> tuple[Category, ...]:
    """Return the categories, each term and scheme once."""
    found: dict[tuple[str, str | None], Category] = {}
    for tag in dicts_of(entry, "tags"):
        label = plain_text(text_of(tag, "label"), markup=False, limit=200)
        term = clean_text(unescape(text_of(tag, "term")), limit=200) or label
        scheme = clean_text(text_of(tag, "scheme")) or None
        if term:
            found.setdefault((term, scheme), Category(term, label or None, scheme))
    return tuple(found.values())


def _enclosures(entry: Mapping[str, Any], base: str) -> tuple[Enclosure, ...]:
    """Return enclosures and media:content other than pictures, each address once."""
    found: dict[str, Enclosure] = {}
    links = [link for link in dicts_of(entry, "links") if text_of(link, "rel").lower() == "enclosure"]
    media = [each for each in dicts_of(entry, "media_content") if not _is_image(each) and not _is_player(each)]
    alone = _seconds(text_of(entry, "itunes_duration"))
    for member in (*links, *media):
        href = clean_url(text_of(member, "href") or text_of(member, "url"), base=base)
        if href and href not in found:
            found[href] = Enclosure(
                href,
                type=clean_text(text_of(member, "type"), limit=100) or None,
                length=number_of(member, "length", "filesize"),
                duration=_seconds(text_of(member, "duration")) or (None if found else alone),
            )
    return tuple(found.values())


def _seconds(text: str) -> int | None:
    """Return the seconds of a duration: 1:02:03, 62:03 or 3723."""
    match = _CLOCK.fullmatch(text)
    if not match:
        return None
    hours, minutes, seconds, alone = (int(group or 0) for group in match.groups())
    return alone or hours * 3600 + minutes * 60 + seconds or None


def _thumbnail(entry: Mapping[str, Any], base: str) -> str | None:
    """Return the picture of an item: media:thumbnail, else the widest media:content, itunes:image, an enclosed one."""
    pictures = [each for each in dicts_of(entry, "media_content") if _is_image(each)]
    pictures.sort(key=lambda each: number_of(each, "width") or 0, reverse=True)
    enclosed = [link for link in dicts_of(entry, "links") if text_of(link, "type").startswith("image/")]
    places = [*dicts_of(entry, "media_thumbnail"), *pictures, dict_of(entry, "image"), *enclosed]
    spellings = (text_of(place, "url") or text_of(place, "href") for place in places)
    return next(filter(None, (clean_url(spelling, base=base) for spelling in spellings)), None)


def _is_image(media: Mapping[str, Any]) -> bool:
    kind = text_of(media, "type").lower() or text_of(media, "medium").lower()
    return kind.startswith("image") if kind else bool(_IMAGE.search(text_of(media, "url")))


def _is_player(media: Mapping[str, Any]) -> bool:
    """Tell whether a medium is a program that would play it: what YouTube lists, and nothing runs any more."""
    return text_of(media, "type").lower() == "application/x-shockwave-flash"


def _language(entry: Mapping[str, Any], context: Context) -> str | None:
    """Return dc:language, else the xml:lang of content, title or summary; None when it is the feed's."""
    details = [*dicts_of(entry, "content"), dict_of(entry, "title_detail"), dict_of(entry, "summary_detail")]
    spellings: Iterator[str] = iter([text_of(entry, "language"), *(text_of(each, "language") for each in details)])
    found = next(filter(None, map(language_tag, spellings)), None)
    return None if found == context.language else found


def _comments(entry: Mapping[str, Any], base: str) -> str | None:
    """Return where an item is discussed: RSS comments, or an Atom link to replies (RFC 4685) that is a page."""
    replies = [link for link in dicts_of(entry, "links") if text_of(link, "rel").lower() == "replies"]
    pages = [text_of(link, "href") for link in replies if text_of(link, "type") in _HTML_LINK]
    return next(filter(None, (clean_url(each, base=base) for each in [text_of(entry, "comments"), *pages])), None)


def _source(entry: Mapping[str, Any], base: str) -> Header | None:
    """Return the feed that an item was copied from."""
    source = dict_of(entry, "source")
    if not source:
        return None
    header = read_header(source, base=base)
    address = clean_url(text_of(source, "href"), base=base)
    if address and not (header.id or header.links):  # in Atom a person's uri is left there
        header = replace(header, links=(Link(address, rel="self"),))
    return header if header.id or header.title or header.links else None
