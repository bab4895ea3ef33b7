"""Bounds on a document before feedparser sees it: one pass over the text, in time that grows with its length only.

feedparser takes time with the square of a tag's attributes and keeps every item: 50,000 attributes are 16 s,
100,000 items 14 s. Of the categories of an item it compares each with all before it: 5,000 are 0.3 s.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from itertools import accumulate

from aggregator.errors import ParseError
from aggregator.parse.dates import parse_date
from aggregator.parse.mend import is_cut_short

MOST_ITEMS = 1000
_MOST_ATTRIBUTES = 256
_MOST_TAGS = 5_000
"""Elements of one item, or of all that is outside items; real feeds have up to 614 and 1,278."""
_MOST_IN_ALL = 50_000
"""Elements of all items that are read; real feeds have up to 4,200."""
_MOST_BRACKETS = 1_000_000
"""`<` in the whole document, also in HTML that is text: beyond, even this pass would take seconds."""
_LONGEST_RUN = 1_000_000
"""Characters of one text; its item is over the limit of clean_html anyway."""

_TOKEN = re.compile(
    r"<(?:!--.*?(?:-->|\Z)|(?P<cdata>!\[CDATA\[.*?(?:\]\]>|\Z))|\?.*?(?:\?>|\Z)"
    r"|(?P<close>/?)(?P<name>[A-Za-z_][\w.:-]*+)(?P<attributes>(?:[^<>\"']++|\"[^\"<]*+\"|'[^'<]*+')*+))",
    re.DOTALL,
)
_LOOKED_FOR = (b"<skip", b"purl.org/syndication/history")
"""What is read outside items, with patterns: skipHours, skipDays, and whether the document is complete."""
_ITEMS = frozenset({"item", "entry"})
_DATE = re.compile(
    r"<(?:[\w.-]+:)?(?:pubdate|published|issued|date|updated|modified)\b[^<>]*+>\s*+(?:<!\[CDATA\[)?+([^<>]{6,60}?)\s*+[<\]]",
    re.IGNORECASE,
)
_NEVER = datetime.min.replace(tzinfo=UTC)


@dataclass(slots=True)
class _Outline:
    """Where the items are, and what must go."""

    items: list[tuple[int, int]] = field(default_factory=list)
    tags: list[int] = field(default_factory=list)
    """How many each item has."""
    bad: set[int] = field(default_factory=set)
    """Items, by number, with too many tags, or too many attributes on one."""
    runs: list[tuple[int, int]] = field(default_factory=list)
    torn: tuple[int, int] | None = None
    """The item in which the document breaks off: what it would have said makes it another one."""
    opened: int | None = None
    """Where the item begins that is being read."""
    inside: int = 0
    """Tags of the item that is being read."""
    outside: int = 0
    """Tags that are in no item."""

    def open(self, position: int) -> None:
        """Begin an item; one that was not closed ends."""
        self.close(position)
        self.opened, self.inside = position, 0

    def close(self, position: int) -> None:
        """End the item that is being read."""
        if self.opened is not None:
            self.items.append((self.opened, position))
            self.tags.append(self.inside)
        self.opened = None

    def count(self, attributes: int) -> None:
        """Count a tag; raise ParseError when it is too much for what is outside items."""
        if self.opened is not None:
            self.inside += 1
            if self.inside > _MOST_TAGS or attributes > _MOST_ATTRIBUTES:
                self.bad.add(len(self.items))
            return
        self.outside += 1
        if self.outside > _MOST_TAGS or attributes > _MOST_ATTRIBUTES:
            raise ParseError(
                f"The document has over {_MOST_TAGS} tags outside items, or {_MOST_ATTRIBUTES} attributes on one.",
                "No feed needs that: check the address.",
            )


def bound(text: str) -> tuple[str, str, list[str]]:
    """Return the text within the limits, the part of it outside items, and notices of what was left out.

    What is outside is empty where nothing in the document could be of use to `header.read_hints` and `is_complete`.
    Of more than 1,000 items, or 50,000 tags in them, the newest stay, by their dates; without dates the first. An item
    of more than 5,000 tags, or 256 attributes on one, is left out; raise ParseError when the rest of the document has
    as many, or the whole over a million `<`.
    """
    if text.count("<") > _MOST_BRACKETS:
        raise ParseError(f"The document has over {_MOST_BRACKETS} tags.", "No feed needs that: check the address.")
    if _is_modest(text):
        return text, "", []
    outline = _outline(text)
    cuts = list(outline.runs)
    notices = []
    if outline.bad:
        cuts += [outline.items[number] for number in outline.bad]
        rule = f"over {_MOST_TAGS} tags, or a tag of over {_MOST_ATTRIBUTES} attributes"
        notices.append(f"items left out for {rule}: {len(outline.bad)}")
    good = [number for number in range(len(outline.items)) if number not in outline.bad]
    tags = sum(outline.tags[number] for number in good)
    if len(good) > MOST_ITEMS or tags > _MOST_IN_ALL:
        newest = _newest(text, outline, good)
        cuts += [outline.items[number] for number in good if number not in newest]
        many = f" with {tags} tags" if tags > _MOST_IN_ALL else ""
        notices.append(f"the document has {len(good)} items{many}; the newest {len(newest)} were read")
    if outline.torn:
        cuts.append(outline.torn)
        notices.append("the document breaks off inside an item, which was left out")
    if outline.runs:
        notices.append(f"texts cut after {_LONGEST_RUN} characters: {len(outline.runs)}")
    return _without(text, cuts), _without(text, outline.items), notices


def _is_modest(text: str) -> bool:
    """Whether a document is within all limits for certain, told without finding its tags, and without a tag to find."""
    if len(text) > _LONGEST_RUN or text.count("<") > _MOST_TAGS:
        return False
    lower = text.encode("utf-8", "ignore").lower()
    return (
        lower.count(b"item") + lower.count(b"entry") <= MOST_ITEMS
        and not any(word in lower for word in _LOOKED_FOR)
        and not (text.count("=") > _MOST_ATTRIBUTES and _has_many_attributes(text))
        and not is_cut_short(text)
    )


def _has_many_attributes(text: str) -> bool:
    """Whether there is a tag, with the text after it, of more `=` than it may have attributes."""
    return any(piece.count("=") > _MOST_ATTRIBUTES for piece in text.split("<") if len(piece) > _MOST_ATTRIBUTES)


def _outline(text: str) -> _Outline:
    outline = _Outline()
    position = 0
    for token in _TOKEN.finditer(text):
        start, end = token.span()
        if start - position > _LONGEST_RUN:
            _note_run(outline, text, position, start)
        position = end
        if token["name"]:
            _note_tag(outline, text, token)
        elif end - start > _LONGEST_RUN and token["cdata"]:
            outline.runs.append((start + _LONGEST_RUN, end - 3))
    _note_run(outline, text, position, len(text))
    if outline.opened is not None and is_cut_short(text):
        outline.torn = outline.opened, len(text)
    outline.close(len(text))
    return outline


def _note_run(outline: _Outline, text: str, start: int, end: int) -> None:
    """Cut a text between two tags that is too long, not inside a character reference."""
    if end - start > _LONGEST_RUN:
        cut = start + _LONGEST_RUN
        reference = text.rfind("&", cut - 12, cut)
        outline.runs.append((cut if reference < 0 else reference, end))


def _note_tag(outline: _Outline, text: str, tag: re.Match[str]) -> None:
    close, name, attributes = tag.group("close", "name", "attributes")
    if not _is_item(name):
        if not close:
            outline.count(attributes.count("="))
        return
    after = text.find(">", tag.end(), tag.end() + 1) + 1 or tag.end()
    if close:
        outline.close(after)
        return
    outline.open(tag.start())
    outline.count(attributes.count("="))
    if attributes.endswith("/"):
        outline.close(after)


@lru_cache(maxsize=256)
def _is_item(name: str) -> bool:
    return name.rpartition(":")[2].lower() in _ITEMS


def _newest(text: str, outline: _Outline, good: list[int]) -> set[int]:
    """Return the newest items, by number: 1,000 at most, and no more than have 50,000 tags together."""
    ranked = sorted(good, key=lambda number: _date(text, outline.items[number]), reverse=True)[:MOST_ITEMS]
    totals = accumulate(outline.tags[number] for number in ranked)
    return {number for number, total in zip(ranked, totals, strict=True) if total <= _MOST_IN_ALL}


def _date(text: str, span: tuple[int, int]) -> datetime:
    """Return the first date that an item says, as far as can be told without parsing it."""
    match = _DATE.search(text, *span)
    return (parse_date(match[1]) if match else None) or _NEVER


def _without(text: str, cuts: list[tuple[int, int]]) -> str:
    """Return the text less the parts that are cut."""
    pieces = []
    position = 0
    for start, end in sorted(cuts):
        pieces.append(text[position:start])
        position = max(position, end)
    return "".join([*pieces, text[position:]])
