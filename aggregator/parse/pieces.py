"""A feed document cut at its items, by the bytes: what did not change is left out before anything reads it.

Only what is well-formed and of the usual shape is cut (items in the channel of an rss, entries in a feed). One pass of
expat that builds nothing finds the places, so markup inside of CDATA or comments is no item.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from xml.parsers import expat

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

_ITEM = {("rss", "channel"): "item", ("feed",): "entry"}
_TIMES = frozenset({"lastBuildDate", "pubDate", "updated", "modified", "dc:date"})
"""Of the feed: they change with every document, and no item inherits them."""
_MOST_TAGS = 50_000
"""`<` in a document that is cut: more than limits.py leaves in any."""


@dataclass(frozen=True, slots=True)
class Pieces:
    """Where the items of a document are, and what they are."""

    text: bytes
    items: tuple[tuple[int, int], ...]
    raws: tuple[str, ...]
    """Digests of the items' bytes."""
    context: str
    """Digest of all else, save for the feed's times, comments and white space."""

    def only(self, wanted: Collection[int]) -> str:
        """Return the document without its other items."""
        kept, position = [], 0
        for place, (start, end) in enumerate(self.items):
            if place not in wanted:
                kept.append(self.text[position:start])
                position = end
        return (b"".join(kept) + self.text[position:]).decode()


def cut(text: str) -> Pieces | None:
    """Return a document cut at its items; None for one that is to be read whole."""
    body = text.encode()
    if body.count(b"<") > _MOST_TAGS:
        return None
    knife = _Knife(body)
    try:
        knife.parser.Parse(body, True)
    except expat.ExpatError:
        return None
    if not knife.items or knife.strange:
        return None
    raws = tuple(_digest(body[start:end]) for start, end in knife.items)
    around = b"\0".join(_without(body, sorted(knife.items + knife.passing)))
    return Pieces(body, tuple(knife.items), raws, _digest(around))


def _without(body: bytes, spans: list[tuple[int, int]]) -> Iterator[bytes]:
    """Yield what is between the spans, if it is more than white space."""
    position = 0
    for start, end in [*spans, (len(body), len(body))]:
        if piece := body[position:start].strip():
            yield piece
        position = end


def _digest(data: bytes) -> str:
    return hashlib.blake2b(data, digest_size=12).hexdigest()


@dataclass
class _Knife:
    """What expat tells of a document, as far as its items are concerned."""

    body: bytes
    items: list[tuple[int, int]] = field(default_factory=list)
    passing: list[tuple[int, int]] = field(default_factory=list)
    """Times and comments outside items."""
    strange: bool = False
    path: list[str] = field(default_factory=list)
    inside: int = 0
    """Depth within an item, or one of the feed's times."""
    opened: int = 0

    def __post_init__(self) -> None:
        self.parser = expat.ParserCreate("utf-8")
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CommentHandler = self._comment

    def _start(self, name: str, _: object) -> None:
        if self.inside:
            self.inside += 1
            return
        parent = tuple(self.path)
        if name == _ITEM.get(parent) or (parent in _ITEM and name in _TIMES):
            self.inside, self.opened = 1, self.parser.CurrentByteIndex
        else:
            self.strange = self.strange or name.rpartition(":")[2].lower() in ("item", "entry")
            self.path.append(name)

    def _end(self, name: str) -> None:
        if not self.inside:
            self.path.pop()
            return
        self.inside -= 1
        if not self.inside:
            last = self.parser.CurrentByteIndex
            self.strange = self.strange or not self.body.startswith(f"</{name}".encode(), last)  # <item/>
            span = self.opened, self.body.index(b">", last) + 1
            (self.passing if name in _TIMES else self.items).append(span)

    def _comment(self, _: str) -> None:
        if not self.inside:
            start = self.parser.CurrentByteIndex
            self.passing.append((start, self.body.index(b"-->", start) + 3))
