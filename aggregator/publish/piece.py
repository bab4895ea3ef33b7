"""An entry as every format says it: chosen, cut and cleaned once, before any format is written.

A piece has what Atom demands (RFC 4287 section 4.1.2): an id, a title, an author, a text, a source with id,
title and date. Where the publisher gave none, the nearest thing that is true stands in.
"""

from __future__ import annotations

import re
import uuid
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from aggregator.model import Category, Enclosure, Header, Link, Person
from aggregator.publish import legal
from aggregator.publish.coverage import Mention, listed, mentions
from aggregator.publish.plain import escaped, excerpt, label, plain

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from aggregator.model import Entry, Item
    from aggregator.publish.channel import Channel

_TITLE_LIMIT = 80
"""Characters of text that stand in for a missing title."""
_PLAYER = re.compile(r"<(?:audio|video)\b[^<>]*>")
_CONTROLS = re.compile(r' controls(?:="[^"]*")?(?=[ >])')
_SOURCE_RELATIONS = frozenset({"alternate", "license"})


@dataclass(frozen=True, slots=True)
class Piece:
    """One entry, ready to be written; every string is legal, every address http or https."""

    id: str
    title: str
    """Plain text, never empty."""
    link: str | None
    authors: tuple[Person, ...]
    """At least one."""
    contributors: tuple[Person, ...]
    categories: tuple[Category, ...]
    """With labels, each term once."""
    enclosures: tuple[Enclosure, ...]
    published: datetime
    updated: datetime
    summary: str | None
    """HTML; present unless there is content."""
    content: str | None
    """HTML; None when only summaries are published."""
    language: str | None
    rights: str
    thumbnail: str | None
    comments: str | None
    source: Header
    """With id, title and date."""
    feed: str | None
    """Address of the source's document."""
    story: str = ""
    """Key of its story, in outputs that tell stories."""
    coverage: tuple[Mention, ...] = ()
    """What else there is on it."""

    @property
    def text(self) -> str:
        """The longest HTML that is published of it, never empty; what else there is on its story stands below."""
        return (self.content or self.summary or escaped(self.title)) + listed(self.coverage)

    @property
    def teaser(self) -> str | None:
        """The summary beside a longer text; the text itself where there is no other."""
        return self.summary if self.content else self.text


def shown_title(channel: Channel) -> str:
    """Return the channel's title, never empty."""
    return legal.line(channel.title) or channel.name


def publisher(channel: Channel) -> tuple[Person, ...]:
    """Return who publishes the channel."""
    return people((channel.author,)) or (Person(label(shown_title(channel)) or channel.name),)


def hubs_of(channel: Channel) -> tuple[str, ...]:
    """Return the addresses of the channel's hubs, each once."""
    return tuple(dict.fromkeys(filter(None, map(legal.address, channel.hubs))))


def piece(entry: Entry, channel: Channel) -> Piece:
    """Return what the documents of this channel say of this entry; raise ValueError if it has no id."""
    entry = _of_the_original(entry)
    item = entry.item
    if not (identifier := legal.line(entry.id)):
        raise ValueError("an entry without an id")
    source = _source(entry)
    link = legal.address(item.link)
    title = _title(entry, link or source.title)
    summary, content = _texts(item, full=channel.full_content)
    return Piece(
        id=identifier,
        title=title,
        link=link,
        authors=_authors(item, source),
        contributors=people(item.contributors),
        categories=_categories(item.categories),
        enclosures=_enclosures(item.enclosures),
        published=entry.published,
        updated=entry.updated,
        summary=summary or (None if content else escaped(title)),
        content=content,
        language=legal.language(entry.language or item.language),
        rights=plain(item.rights),
        thumbnail=legal.address(item.thumbnail),
        comments=legal.address(item.comments),
        source=source,
        feed=_feed(entry),
        story=entry.story if channel.tells_stories else "",
        coverage=mentions(entry.coverage),
    )


def _of_the_original(entry: Entry) -> Entry:
    """Return an entry that was copied from another feed with that as its source (RFC 4287 section 4.2.11)."""
    original = entry.item.source
    if original is None or entry.private or not legal.line(original.title):
        return entry
    return replace(entry, source=original, feed="")


def _title(entry: Entry, otherwise: str) -> str:
    item = entry.item
    title = legal.line(item.title) or excerpt(plain(item.summary or item.content), _TITLE_LIMIT) or otherwise
    return legal.line(f"{entry.prefix or ''}{title}")


def _texts(item: Item, *, full: bool) -> tuple[str | None, str | None]:
    summary, content = (_unsuspicious(legal.text(markup)).strip() for markup in (item.summary, item.content))
    if not full:
        return escaped(excerpt(plain(summary) or plain(content))) or None, None
    return (summary or None) if summary != content else None, content or None


def _unsuspicious(markup: str) -> str:
    """Take out the two harmless things in our HTML that the feed validator warns of (2026-11-27 in docs/design.md)."""
    if "<bdo" in markup or " controls" in markup:
        return _PLAYER.sub(_without_controls, markup.replace("<bdo", "<bdi").replace("</bdo>", "</bdi>"))
    return markup


def _without_controls(player: re.Match[str]) -> str:
    return _CONTROLS.sub("", player[0])


def people(given: Iterable[Person]) -> tuple[Person, ...]:
    """Return the people who have a name, each once, with legal fields."""
    named = (Person(label(person.name), legal.address(person.uri), legal.email(person.email)) for person in given)
    return tuple(dict.fromkeys(person for person in named if person.name))


def _authors(item: Item, source: Header) -> tuple[Person, ...]:
    original = item.source.authors if item.source else ()
    return people(item.authors) or people(original) or source.authors or (Person(label(source.title) or "?"),)


def _categories(categories: Iterable[Category]) -> tuple[Category, ...]:
    terms: dict[str, Category] = {}
    for category in categories:
        term = legal.line(category.term)
        shown = label(category.label) or label(term)
        if term and shown:
            terms.setdefault(term, Category(term, shown, legal.uri(category.scheme)))
    return tuple(terms.values())


def _enclosures(enclosures: Iterable[Enclosure]) -> tuple[Enclosure, ...]:
    kept: dict[str, Enclosure] = {}
    for enclosure in enclosures:
        if href := legal.address(enclosure.href):
            kept.setdefault(
                href,
                Enclosure(
                    href,
                    legal.media_type(enclosure.type, href),
                    _natural(enclosure.length),
                    _natural(enclosure.duration),
                ),
            )
    return tuple(kept.values())


def _natural(number: int | None) -> int | None:
    return number if number is not None and number > 0 else None


def _feed(entry: Entry) -> str | None:
    own = next((link.href for link in entry.source.links if link.rel == "self"), None)
    return legal.address(entry.feed) or legal.address(own)


def _source(entry: Entry) -> Header:
    header, feed = entry.source, _feed(entry)
    site = legal.address(header.site)
    title = legal.line(header.title) or urlsplit(site or feed or "").netloc or "Untitled source"
    name = feed or entry.feed or title
    return replace(
        header,
        id=legal.uri(header.id) or legal.uri(feed) or uuid.uuid5(uuid.NAMESPACE_URL, legal.text(name)).urn,
        title=title,
        subtitle=plain(header.subtitle),
        updated=header.updated or entry.updated,
        links=_links(header.links, feed),
        authors=people(header.authors),
        rights=plain(header.rights),
        icon=legal.address(header.icon),
    )


def _links(links: Iterable[Link], feed: str | None) -> tuple[Link, ...]:
    """Keep one alternate a type and language (RFC 4287 section 4.1.1) and the licence; self is the feed's address."""
    kept: dict[tuple[str, str | None, str | None], Link] = {}
    for link in links:
        href = legal.address(link.href)
        if href and link.rel in _SOURCE_RELATIONS:
            kind = legal.media_type(link.type, "")
            tongue = legal.language(link.hreflang)
            kept.setdefault((link.rel, kind, tongue), Link(href, link.rel, kind, tongue))
    return (*kept.values(), Link(feed, "self")) if feed else tuple(kept.values())
