"""Sitemaps (https://www.sitemaps.org/protocol.html), Google's news sitemaps, and indexes: bytes in, Sitemap out.

    unpack (gzip, by content) | expat, in pieces | the newest 1,000 | model

expat sees the document as it is unpacked, so that 50 MB of XML are never in memory at once; entities are refused. A
document that is not well-formed is mended and read once more where it is no larger than any other document may be. The
protocol's other formats, a list of addresses in a text and a feed, are read too.
"""

from __future__ import annotations

import re
import zlib
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import islice
from typing import TYPE_CHECKING
from urllib.parse import urljoin
from xml.parsers import expat

from aggregator.decide.sitemaps import Sitemap, title_of
from aggregator.decide.sites import same_site
from aggregator.errors import NotAFeed, ParseError
from aggregator.indexes import ChildSitemap
from aggregator.model import Category, Document, Header, Item, Link
from aggregator.parse import document as documents
from aggregator.parse.clean import clean_text
from aggregator.parse.dates import parse_date
from aggregator.parse.encoding import decode
from aggregator.parse.fields import MANY, language_tag
from aggregator.parse.limits import MOST_ITEMS
from aggregator.parse.mend import mend
from aggregator.parse.sniff import after_prolog, refuse_empty
from aggregator.parse.urls import clean_url

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator, Mapping

MOST_URLS = 50_000
MOST_BYTES = 50 * 2**20
"""After unpacking; both are the protocol's."""
_MENDABLE = 10_000_000
_PIECE = 65_536
_LONGEST = 8192
_DEEPEST = 32
_GZIP = b"\x1f\x8b"
_NEVER = datetime.min.replace(tzinfo=UTC)
_ENTRIES = {"urlset": "url", "sitemapindex": "sitemap"}
_FEEDS = frozenset({"rss", "rdf", "feed", "channel"})
_FIELDS = {
    ("loc",): "loc",
    ("lastmod",): "lastmod",
    ("news", "title"): "title",
    ("news", "publication_date"): "published",
    ("news", "language"): "language",
    ("news", "publication", "language"): "language",
    ("news", "publication", "name"): "publication",
    ("news", "keywords"): "keywords",
    ("image", "loc"): "image",
}
_UNREADABLE = "the document is in an encoding that cannot be read"
_WORD = re.compile(r"\S+")

_Entry = dict[str, str]


def parse_sitemap(
    body: bytes,
    *,
    url: str,
    content_type: str | None,
    received: datetime,
    wanted: Callable[[str], bool] = lambda _: True,
) -> Sitemap:
    """Parse a sitemap that `url` answered with, packed (gzip) or not; `wanted` tells which addresses are to be items.

    Of a news sitemap all are; what has no title there is called after its address.
    Raise EmptyDocument for white space, NotAFeed for what is no sitemap, and ParseError for what cannot be read or
    declares entities. Of the first 50,000 addresses in 50 MB the 1,000 that changed last are items; without dates, as
    many from both ends. An index gives child sitemaps instead, those of the same site only, the newest 1,000.
    """
    refuse_empty(body)
    unpacked = _Unpacked(body)
    start = unpacked.start()
    if not start.lstrip(b"\xef\xbb\xbf \t\r\n").startswith((b"<", b"\xff\xfe", b"\xfe\xff")):
        reader = _listed(unpacked, content_type)
    else:
        reader = _read(unpacked, content_type)
    if reader.root in _FEEDS:
        feed = unpacked.whole(_MENDABLE)
        return Sitemap(documents.parse(feed, url=url, content_type=content_type, received=received))
    return _sitemap(reader, url, unpacked.notice, wanted)


class _Unpacked:
    """A body in pieces, unpacked where it is gzip's, at most 50 MB of it."""

    def __init__(self, body: bytes) -> None:
        self._body = body
        self.notice: str | None = None
        """What kept it from being read to its end."""

    def start(self) -> bytes:
        """Return the first piece."""
        return next(iter(self), b"")

    def whole(self, most: int) -> bytes:
        """Return the first `most` bytes."""
        pieces = []
        size = 0
        for piece in self:
            pieces.append(piece)
            size += len(piece)
            if size >= most:
                break
        return b"".join(pieces)[:most]

    def __iter__(self) -> Iterator[bytes]:
        size = 0
        for piece in self._pieces():
            if size + len(piece) > MOST_BYTES:
                self.notice = f"the sitemap is larger than {MOST_BYTES // 2**20} MB; the rest was not read"
                return
            size += len(piece)
            yield piece

    def _pieces(self) -> Iterator[bytes]:
        """Yield the body as it came, in pieces, or what is packed in it."""
        pieces = (self._body[start : start + _PIECE] for start in range(0, len(self._body), _PIECE))
        if not self._body.startswith(_GZIP):
            yield from pieces
            return
        try:
            ended = yield from _unzipped(pieces)
        except zlib.error:
            self.notice = "the gzip data is damaged; it was read as far as possible"
        else:
            self.notice = None if ended else "the gzip data ends early; it was read as far as possible"


def _unzipped(packed: Iterable[bytes]) -> Generator[bytes, None, bool]:
    """Unpack gzip's members, which follow each other (RFC 1952 section 2.2); return whether the last one ended."""
    member = zlib.decompressobj(wbits=31)
    for data in packed:
        piece = b""
        while data or piece:
            if member.eof:
                data = data.lstrip(b"\0")  # noqa: PLW2901 - padding
                if not data:
                    break
                member = zlib.decompressobj(wbits=31)
            piece = member.decompress(data, _PIECE)
            data = member.unused_data if member.eof else member.unconsumed_tail  # noqa: PLW2901 - what is left
            if piece:
                yield piece
    return member.eof


@dataclass(slots=True)
class _Reader:
    """Collects what expat finds."""

    root: str = ""
    entries: list[_Entry] = field(default_factory=list)
    beyond: int = 0
    """Entries after the first 50,000."""
    flaw: str | None = None
    path: list[str] = field(default_factory=list)
    entry: _Entry | None = None
    taking: str | None = None
    """The field that text goes to."""

    def start(self, name: str, _: Mapping[str, str]) -> None:
        """Enter an element."""
        local = name.rpartition(":")[2].lower()
        if not self.root:
            self.root = local
        self.path.append(local)
        if len(self.path) > _DEEPEST:
            raise ParseError("The sitemap is nested too deep.", "Tell the publisher.")
        if len(self.path) == 2:  # noqa: PLR2004 - an entry of the root
            self.entry = {} if local == _ENTRIES.get(self.root) else None
        elif self.entry is not None:
            name = _FIELDS.get(tuple(self.path[2:]), "")
            self.taking = name if name and name not in self.entry else None
            if self.taking:
                self.entry[self.taking] = ""

    def text(self, words: str) -> None:
        """Take text."""
        if self.entry is not None and self.taking and len(self.entry[self.taking]) < _LONGEST:
            self.entry[self.taking] += words

    def end(self, _: str) -> None:
        """Leave an element."""
        self.path.pop()
        self.taking = None
        if len(self.path) == 1 and self.entry is not None:
            if len(self.entries) < MOST_URLS:
                self.entries.append(self.entry)
            else:
                self.beyond += 1
            self.entry = None

    def refuse(self, *_: object) -> None:
        """End at a declaration of an entity."""
        raise ParseError("The sitemap declares entities, which no sitemap needs.", "Tell the publisher.")


def _read(unpacked: _Unpacked, content_type: str | None) -> _Reader:
    """Read XML; what is damaged once more, mended, and so is what is in an encoding that expat has not."""
    reader = _parsed(unpacked)
    if reader.flaw is None or reader.root in _FEEDS:
        return reader
    raw = unpacked.whole(_MENDABLE + 1)
    if len(raw) > _MENDABLE:
        return reader
    text, _ = decode(raw, content_type)
    mended = _parsed([mend(text[after_prolog(text) :]).encode()])
    if len(mended.entries) < len(reader.entries):
        return reader
    if reader.flaw is not _UNREADABLE:
        mended.flaw = reader.flaw
    return mended


def _parsed(pieces: Iterable[bytes]) -> _Reader:
    reader = _Reader()
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.text
    parser.EntityDeclHandler = reader.refuse
    try:
        for piece in pieces:
            parser.Parse(piece, False)
            if reader.root and reader.root not in _ENTRIES:
                return reader
        parser.Parse(b"", True)
    except expat.ExpatError as error:
        reader.flaw = f"the document is damaged near line {error.lineno}: {expat.ErrorString(error.code)}"
    except (LookupError, ValueError):  # of codecs: it has no such encoding, or none with characters of several bytes
        reader.flaw = _UNREADABLE
    return reader


def _listed(unpacked: _Unpacked, content_type: str | None) -> _Reader:
    """Read a text with an address in each line; ParseError when it has none."""
    text, _ = decode(unpacked.whole(_MENDABLE), content_type)
    words = (word[0] for word in islice(_WORD.finditer(text), MOST_URLS))
    entries = [{"loc": word} for word in words if word.startswith(("https://", "http://"))]
    if not entries:
        raise NotAFeed("The document is no sitemap but text or data.", "Check the address.")
    return _Reader(root="urlset", entries=entries)


def _sitemap(reader: _Reader, url: str, notice: str | None, wanted: Callable[[str], bool]) -> Sitemap:
    if reader.root not in _ENTRIES:
        kind = "a web page" if reader.root == "html" else f"XML that begins with <{reader.root[:50]}>"
        raise NotAFeed(f"The document is no sitemap but {kind if reader.root else 'data'}.", "Check the address.")
    notices: Counter[str] = Counter()
    entries = list({entry.get("loc", "").strip(): entry for entry in reversed(reader.entries)}.values())[::-1]
    is_index = reader.root == "sitemapindex"
    newest = _newest(entries, (lambda _: True) if is_index else wanted)
    kept = _addressed(newest, url, notices, is_index=is_index)
    told = [text for text in (notice, reader.flaw) if text]
    told += _left_out(len(newest), len(entries), reader.beyond)
    told += [f"{what}: {count}" for what, count in notices.items()]
    children: tuple[ChildSitemap, ...] = ()
    items: tuple[Item, ...] = ()
    if is_index:
        children = tuple(ChildSitemap(each["loc"], parse_date(each.get("lastmod", ""))) for each in kept)
    else:
        items = tuple(_item(each, url) for each in kept)
    cut_short = notice is not None or reader.flaw is not None
    document = Document(
        _header(kept, url), items, format=_format(reader.root, kept), notices=tuple(told), cut_short=cut_short
    )
    return Sitemap(document, children)


def _addressed(entries: list[_Entry], url: str, notices: Counter[str], *, is_index: bool) -> list[_Entry]:
    """Return the entries with their addresses made clean, each once; of an index those of its own site."""
    found: dict[str, _Entry] = {}
    for entry in entries:
        address = clean_url(entry.get("loc", ""), base=url)
        if address is None:
            notices["entries left out because they have no http(s) address"] += 1
        elif is_index and not same_site(address, url):
            notices["sitemaps left out because they are of another site"] += 1
        elif address != url:
            found.setdefault(address, {**entry, "loc": address})
    return list(found.values())


def _left_out(read: int, listed: int, beyond: int) -> list[str]:
    """Return what is to be told of addresses that were not read; those that are no articles belong there."""
    if beyond or read == MOST_ITEMS < listed:
        return [f"the sitemap has {listed + beyond} addresses; the newest {read} were read"]
    return [f"none of the {listed} addresses looks like an article's"] if listed and not read else []


def _newest(entries: list[_Entry], wanted: Callable[[str], bool]) -> list[_Entry]:
    """Return at most 1,000 entries in their order: those that changed last, then undated ones from both ends."""
    last = len(entries) - 1
    ranks = [(_moment(entry), -min(place, last - place), place) for place, entry in enumerate(entries)]
    ranks.sort(key=lambda rank: rank[:2], reverse=True)
    fitting = (place for *_, place in ranks if "title" in entries[place] or wanted(entries[place].get("loc", "")))
    return [entries[place] for place in sorted(islice(fitting, MOST_ITEMS))]


def _moment(entry: _Entry) -> datetime:
    """Return the later of an entry's dates, where they are written as they must be (W3C, "Date and Time Formats")."""
    return max(_iso(entry.get("lastmod", "")), _iso(entry.get("published", "")))


def _iso(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        return _NEVER
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment


def _format(root: str, entries: list[_Entry]) -> str:
    if root == "sitemapindex":
        return "sitemapindex"
    return "news-sitemap" if any("title" in entry for entry in entries) else "sitemap"


def _header(entries: list[_Entry], url: str) -> Header:
    """Return a header: the site, and the name of the publication that most entries give."""
    names = Counter(name for entry in entries if (name := clean_text(entry.get("publication", ""), limit=200)))
    site = clean_url("/", base=url)
    title = names.most_common(1)[0][0] if names else ""
    return Header(title=title, links=(Link(site),) if site else ())


def _item(entry: _Entry, url: str) -> Item:
    keywords = (clean_text(word, limit=200) for word in entry.get("keywords", "").split(",")[:MANY])
    return Item(
        title=clean_text(entry.get("title", "")) or clean_text(title_of(entry["loc"])),
        link=entry["loc"],
        published=parse_date(entry.get("published", "")),
        updated=parse_date(entry.get("lastmod", "")),
        categories=tuple(Category(word) for word in dict.fromkeys(keywords) if word),
        language=language_tag(entry.get("language", "")),
        thumbnail=clean_url(image, base=urljoin(url, "/")) if (image := entry.get("image")) else None,
    )
