"""feedgen's extension: what feedgen leaves out or gets wrong in Atom and RSS, supplied through its own API.

feedgen 1.0.0 loses rel, type and length of entry links, most of atom:source, hubs in RSS, authors without an
e-mail address; it takes a missing date for now, and plain text for HTML. The only module that imports feedgen;
feedgen has no types, so its objects are Any from here to atom.py and rss.py.
"""

from __future__ import annotations

from email.utils import format_datetime
from typing import TYPE_CHECKING, Any

from feedgen.feed import FeedGenerator
from lxml import etree

from aggregator.publish import legal
from aggregator.publish.channel import MEDIA_TYPES
from aggregator.publish.piece import hubs_of, shown_title
from aggregator.publish.plain import escaped, label

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from lxml.etree import _Element as Element

    from aggregator.model import Enclosure, Header, Person
    from aggregator.publish.channel import Chain, Channel
    from aggregator.publish.piece import Piece

_ATOM = "{http://www.w3.org/2005/Atom}"
_DC = "{http://purl.org/dc/elements/1.1/}"
_HISTORY = "{http://purl.org/syndication/history/1.0}"
_MEDIA = "{http://search.yahoo.com/mrss/}"
_XML = "{http://www.w3.org/XML/1998/namespace}"


def new_feed(channel: Channel) -> Any:
    """Return a FeedGenerator with our extension and what Atom and RSS both say of the channel."""
    feed: Any = FeedGenerator()
    feed.register_extension("ours", ChannelExtension, EntryExtension)
    feed.ours.channel = channel
    feed.updated(channel.updated)
    feed.generator("aggregator")
    if language := legal.language(channel.language):
        feed.language(language)
    return feed


def add_entry(feed: Any, piece: Piece) -> Any:
    """Append a FeedEntry with our extension and return it."""
    entry: Any = feed.add_entry(order="append")
    entry.ours.piece = piece
    entry.updated(piece.updated)
    return entry


def parsed_back(document: bytes, entries: int, path: str) -> bytes:
    """Return the document after parsing it as a subscriber would; raise ValueError if entries are missing at `path`."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    found = len(etree.fromstring(document, parser).findall(path))
    if found != entries:
        raise ValueError(f"{found} of {entries} entries came back")
    return document


def persons(people: Iterable[Person]) -> list[dict[str, str]]:
    """Return people as feedgen takes them."""
    return [_given(name=person.name, uri=person.uri, email=person.email) for person in people]


def categories(piece: Piece) -> list[dict[str, str]]:
    """Return the categories as feedgen takes them."""
    return [_given(term=kind.term, label=kind.label, scheme=kind.scheme) for kind in piece.categories]


def _given(**fields: str | None) -> dict[str, str]:
    return {name: value for name, value in fields.items() if value is not None}


class _Extension:
    """The part of feedgen's extension API that both levels share."""

    def extend_ns(self) -> dict[str, str]:
        """Return the namespaces to declare."""
        return {"media": _MEDIA[1:-1], "dc": _DC[1:-1]}


class ChannelExtension(_Extension):
    """What a document says of itself."""

    channel: Channel

    def extend_ns(self) -> dict[str, str]:
        """Return the namespaces to declare, that of archives only where it is used."""
        chain = self.channel.chain
        return super().extend_ns() | ({"fh": _HISTORY[1:-1]} if chain and chain.is_archive else {})

    def extend_atom(self, feed: Element) -> Element:
        """Mend title and date; add subtitle, links, and the sign of an archive."""
        _mend(feed, shown_title(self.channel), self.channel.updated)
        _say(feed, "subtitle", legal.line(self.channel.subtitle))
        _add(feed, "link", href=legal.text(self.channel.base), rel="alternate", type="text/html")
        self._own_links(feed, "link", "atom")
        if self.channel.chain:
            _chain(feed, self.channel.chain)
        return feed

    def extend_rss(self, rss: Element) -> Element:
        """Take out the date that feedgen makes up; add links to itself and to hubs."""
        (channel,) = rss
        for made_up in channel.findall("lastBuildDate"):
            channel.remove(made_up)
        self._own_links(channel, f"{_ATOM}link", "rss")
        return rss

    def _own_links(self, parent: Element, tag: str, ending: str) -> None:
        _add(parent, tag, href=legal.text(self.channel.address(ending)), rel="self", type=MEDIA_TYPES[ending])
        for hub in hubs_of(self.channel):
            _add(parent, tag, href=hub, rel="hub")


def _chain(feed: Element, chain: Chain) -> None:
    """Link the archives (RFC 5005 section 4)."""
    links = {"current": chain.current, "prev-archive": chain.previous, "next-archive": chain.following}
    for relation, address in links.items():
        if address:
            _add(feed, "link", href=legal.text(address), rel=relation, type=MEDIA_TYPES["atom"])
    if chain.is_archive:
        etree.SubElement(feed, f"{_HISTORY}archive")


class EntryExtension(_Extension):
    """What a document says of one entry."""

    piece: Piece

    def extend_atom(self, entry: Element) -> Element:
        """Mend title and date; add the other date, language, rights, links, media and source."""
        piece = self.piece
        if piece.language:
            entry.set(f"{_XML}lang", piece.language)
        _mend(entry, piece.title, piece.updated)
        _add(entry, "published", legal.rfc3339(piece.published))
        _say(entry, "rights", piece.rights)
        _entry_links(entry, piece)
        _media(entry, [file for file in piece.enclosures if file.duration], piece.thumbnail)
        _source(entry, piece.source)
        return entry

    def extend_rss(self, item: Element) -> Element:
        """Add the date, authors by name, language, rights and media."""
        piece = self.piece
        _add(item, "pubDate", format_datetime(piece.published, usegmt=True))
        for author in piece.authors:
            _add(item, f"{_DC}creator", author.name)
        _add(item, f"{_DC}language", piece.language)
        _add(item, f"{_DC}rights", piece.rights)
        told = 1 if piece.enclosures and not piece.enclosures[0].duration else 0
        _media(item, piece.enclosures[told:], piece.thumbnail)
        return item


def _entry_links(entry: Element, piece: Piece) -> None:
    """Give back the relation of the one link that feedgen wrote, and add the others."""
    for link in entry.findall("link"):
        link.set("rel", "alternate")
    if piece.comments:
        _add(entry, "link", href=piece.comments, rel="replies", type="text/html")
    for file in piece.enclosures:
        _add(entry, "link", href=file.href, rel="enclosure", type=file.type, length=_number(file.length))
    for one in piece.coverage:
        if one.link:
            _add(entry, "link", href=one.link, rel="related", title=label(one.title) or None, hreflang=one.language)


def _media(entry: Element, files: Sequence[Enclosure], thumbnail: str | None) -> None:
    """Add Media RSS: durations, and the files that an RSS item has no place for."""
    for file in files:
        size, duration = _number(file.length), _number(file.duration)
        _add(entry, f"{_MEDIA}content", url=file.href, type=file.type, fileSize=size, duration=duration)
    if thumbnail:
        _add(entry, f"{_MEDIA}thumbnail", url=thumbnail)


def _source(entry: Element, header: Header) -> None:
    """Add atom:source (RFC 4287 section 4.2.11)."""
    source = etree.SubElement(entry, "source")
    _add(source, "id", header.id)
    _say(source, "title", header.title)
    _say(source, "subtitle", header.subtitle)
    if header.updated:
        _add(source, "updated", legal.rfc3339(header.updated))
    for person in persons(header.authors):
        author = etree.SubElement(source, "author")
        for tag, words in person.items():
            _add(author, tag, words)
    for link in header.links:
        _add(source, "link", href=link.href, rel=link.rel, type=link.type, hreflang=link.hreflang)
    _add(source, "icon", header.icon)
    _say(source, "rights", header.rights)


def _add(parent: Element, tag: str, words: str | None = None, **attributes: str | None) -> None:
    """Add a child with the attributes that are given, unless nothing is."""
    given = _given(**attributes)
    if words or given:
        etree.SubElement(parent, tag, given).text = words


def _mend(parent: Element, title: str, updated: datetime) -> None:
    """Give the title its type and the date its milliseconds; feedgen writes id, title and updated first."""
    _write(parent[1], title)
    parent[2].text = legal.rfc3339(updated)


def _say(parent: Element, tag: str, words: str | None) -> None:
    """Add a text construct, unless there are no words."""
    if words:
        _write(etree.SubElement(parent, tag), words)


def _write(construct: Element, words: str) -> None:
    """Fill a text construct (RFC 4287 section 3.1); plain text that could be taken for HTML is escaped as such."""
    if "<" in words or "&" in words:
        construct.set("type", "html")
        words = escaped(words)
    construct.text = words


def _number(number: int | None) -> str | None:
    return None if number is None else str(number)
