"""OPML lists of feeds (http://opml.org/spec2.opml), as programs of all kinds write them: bytes in, SourceList out.

One reader for whole and for damaged files: it goes from outline to outline and takes the attributes that it can, so a
quote too many costs one outline at most. expat, which would end there, only says where the first damage is. No entity
is expanded, and nothing is opened.
"""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass, field
from html.entities import name2codepoint
from typing import TYPE_CHECKING

from aggregator.config.addresses import same_address
from aggregator.decide.lists import Remark, SourceList, Subscription
from aggregator.errors import ParseError
from aggregator.parse.clean import clean_text, plain_text
from aggregator.parse.encoding import decode
from aggregator.parse.fields import unique
from aggregator.parse.mend import damage
from aggregator.parse.urls import clean_url

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

MOST_FEEDS = 10_000
MOST_BYTES = 10_000_000
_MOST_REMARKS = 100
_MOST_TAGS = 16
_LONGEST_OUTLINE = 65_536
_FAR = 65_536
_ROOT = re.compile(r"<(?:opml|outline)\b", re.IGNORECASE)
_PART = re.compile(r"<(?P<close>/?)(?P<name>outline|title|body)\b", re.IGNORECASE)
_UNREAD = re.compile(r"<!--.*?(?:-->|\Z)|<!\[CDATA\[.*?(?:\]\]>|\Z)", re.DOTALL)
_ATTRIBUTE = re.compile(r"(?<![\w:.-])([A-Za-z_][\w:.-]*+)\s*+=\s*+(?:\"([^\"]*+)\"|'([^']*+)')")
_REFERENCE = re.compile(r"&(?:#(\d{1,7})|#[xX]([0-9a-fA-F]{1,6})|([A-Za-z][A-Za-z0-9]{1,31}));")
_FEED_SCHEME = re.compile(r"feed:(?://)?(?=https?:)", re.IGNORECASE)
_FEED_HOST = re.compile(r"feed://", re.IGNORECASE)
_FEED_TYPES = frozenset({"", "rss", "atom", "feed", "rdf", "json", "jsonfeed", "podcast", "rss1", "rss2"})


def parse_opml(body: bytes, *, url: str = "", content_type: str | None = None) -> SourceList:
    """Parse a list of feeds; relative addresses in it are resolved against `url`, where it was fetched.

    Raise ParseError for what is no OPML, for over 10 MB, and for a document that declares entities. What is damaged is
    read as far as possible. At most 10,000 feeds, 16 tags each; folders are tags, however deep.
    """
    if len(body) > MOST_BYTES:
        raise ParseError("The list is larger than 10 MB.", "Split it.")
    text, notice = decode(body, content_type)
    root = _ROOT.search(text, 0, _FAR)
    if root is None:
        raise ParseError("The document is no OPML list of feeds.", "Check the address or the file.")
    if "<!entity" in text[: root.start()].lower():
        raise ParseError("The list declares entities, which no list of feeds needs.", "Remove its DOCTYPE.")
    reader = _Reader(url)
    if notice:
        reader.remark(1, notice)
    if flaw := damage("\n" * text.count("\n", 0, root.start()) + text[root.start() :]):
        reader.damaged = True
        reader.remark(flaw[0], f"the list is damaged here ({flaw[1]}); it is read as far as possible")
    reader.read(_UNREAD.sub(lambda found: "\n" * found[0].count("\n"), text))
    return reader.result()


@dataclass(slots=True)
class _Reader:
    """Goes through the outlines of a text and keeps what they say."""

    base: str
    title: str = ""
    damaged: bool = False
    feeds: list[Subscription] = field(default_factory=list)
    remarks: list[Remark] = field(default_factory=list)
    unsaid: int = 0
    """Remarks beyond the first hundred."""
    folders: list[str] = field(default_factory=list)
    """The outlines that are open: their names, "" for what is no folder."""
    commented: int | None = None
    """How many were open when one began that is commented out with all below it."""
    lines: dict[str, int] = field(default_factory=dict)
    """Line by address."""

    def remark(self, line: int, message: str) -> None:
        """Note what is not taken."""
        if len(self.remarks) < _MOST_REMARKS:
            self.remarks.append(Remark(line, message))
        else:
            self.unsaid += 1

    def result(self) -> SourceList:
        """Return the list."""
        if self.unsaid:
            self.remarks.append(Remark(0, f"{self.unsaid} more remarks are left out"))
        return SourceList(self.title, tuple(self.feeds), tuple(self.remarks), self.damaged)

    def read(self, text: str) -> None:
        """Take what every part of the text says that begins with a tag of OPML's."""
        for tag, rest, line in _parts(text):
            name = tag["name"].lower()
            if name == "title" and not tag["close"] and not self.title:
                self.title = plain_text(_unescaped(rest.partition(">")[2]), markup=False, limit=200)
            elif name == "outline" and tag["close"]:
                self._close()
            elif name == "outline":
                self._outline(rest, line)
            if len(self.feeds) >= MOST_FEEDS:
                self.damaged = True
                self.remark(line, f"the list is longer than {MOST_FEEDS} feeds; the rest is left out")
                return

    def _close(self) -> None:
        if self.folders:
            self.folders.pop()
        if self.commented is not None and len(self.folders) <= self.commented:
            self.commented = None

    def _outline(self, rest: str, line: int) -> None:
        tag = rest[: rest.rfind(">") + 1] or rest
        attributes = _attributes(tag)
        if attributes.get("iscomment", "").lower() == "true" and self.commented is None:
            self.commented = len(self.folders)
        is_open = not tag.rstrip(">").endswith("/")
        address = _address(attributes)
        if address and self.commented is None:
            self._feed(address, attributes, line)
        elif not is_open and self.commented is None:
            self.remark(line, f'"{_name(attributes)}" has no address of a feed')
        self.folders.append("" if address else _name(attributes))
        if not is_open:
            self._close()

    def _feed(self, address: str, attributes: Mapping[str, str], line: int) -> None:
        kind = attributes.get("type", "").strip().lower()
        url = _url(address, self.base)
        shown = clean_text(address, limit=200)
        if kind not in _FEED_TYPES:
            shown_kind = clean_text(attributes["type"], limit=40)
            self.remark(line, f'{shown} is of type "{shown_kind}", not a feed')
        elif url is None:
            self.remark(line, f'"{shown}" is no http(s) address')
        elif (key := same_address(url)) in self.lines:
            self.remark(line, f"{url} is listed twice, first in line {self.lines[key]}")
        else:
            self.lines[key] = line
            site = clean_url(attributes.get("htmlurl", ""), base=self.base)
            self.feeds.append(Subscription(url, line, _name(attributes), site, self._tags(attributes)))

    def _tags(self, attributes: Mapping[str, str]) -> tuple[str, ...]:
        """Return the folders around, and the categories ("/news/tech,ai": comma-separated, slash-delimited)."""
        categories = attributes.get("category", "")[:2000].replace("/", ",").split(",")
        folders = list(filter(None, self.folders[: 2 * _MOST_TAGS]))
        return unique(tag for word in (*folders, *categories) if (tag := clean_text(word, limit=50)))[:_MOST_TAGS]


def _parts(text: str) -> Iterator[tuple[re.Match[str], str, int]]:
    """Yield each tag of interest, what follows up to the next one, and its line."""
    tags = _PART.finditer(text)
    tag = next(tags, None)
    line, counted = 1, 0
    while tag is not None:
        following = next(tags, None)
        line += text.count("\n", counted, tag.start())
        counted = tag.start()
        yield tag, text[tag.end() : following.start() if following else len(text)][:_LONGEST_OUTLINE], line
        tag = following


def _attributes(tag: str) -> dict[str, str]:
    """Return the attributes of a tag by their names in small letters, the first of a name."""
    found: dict[str, str] = {}
    for name, double, single in _ATTRIBUTE.findall(tag):
        found.setdefault(name.lower(), _unescaped(double or single))
    return found


def _address(attributes: Mapping[str, str]) -> str:
    """Return a feed's address: xmlUrl, or `url` where the outline says that it is a feed's."""
    stated = attributes.get("type", "").strip().lower()
    other = attributes.get("url", "") if stated and stated in _FEED_TYPES else ""
    return attributes.get("xmlurl", "").strip() or other.strip()


def _url(address: str, base: str) -> str | None:
    """Return an address as feeds.yaml takes it: no fragment, and `feed:` written as what it means."""
    address = _FEED_HOST.sub("http://", _FEED_SCHEME.sub("", address, count=1), count=1)
    return clean_url(address.partition("#")[0], base=base)


def _name(attributes: Mapping[str, str]) -> str:
    return plain_text(attributes.get("title") or attributes.get("text") or "", markup=False, limit=200)


def _unescaped(value: str) -> str:
    """Decode XML's references and HTML's names, once; a loose ampersand stays, as in `?a=1&copy=2`."""
    return _REFERENCE.sub(_character, value)


def _character(reference: re.Match[str]) -> str:
    if name := reference[3]:
        point = {"apos": ord("'")}.get(name, name2codepoint.get(name))
    else:
        point = int(reference[1]) if reference[1] else int(reference[2], 16)
    return reference[0] if point is None or point > sys.maxunicode else chr(point)
