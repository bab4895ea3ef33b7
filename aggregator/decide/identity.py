"""What makes an item the same item: its key within a feed, its digest, and the id it is published under."""

from __future__ import annotations

import hashlib
import re
import uuid
from collections import Counter
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING

from aggregator.decide.appearance import appearance
from aggregator.decide.canonical import canonical_url, fold, fold_title, plain_text
from aggregator.listings import NamedBy
from aggregator.marks import Marks

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from aggregator.model import Item

_NAMESPACE = uuid.UUID("6f1d8d0c-51a5-5b5e-9a0e-3c5f0f9b7a11")
"""Ids that we make ourselves are name-based (RFC 9562 section 5.5): a lost database gives the same ones again."""

_LETTER = (
    r"(?!\s)[A-Za-z0-9._~!$&'()*+,;=:@/?\-\xa1-\u1fff\u2010-\u2027\u2030-\u205e\u2070-\ud7ff\uf900-\ufdcf\ufdf0-\uffef"
    r"\U00010000-\U0001fffd\U00020000-\U0002fffd\U00030000-\U0003fffd]"
)
"""What stands for itself in an IRI (RFC 3987 section 2.2), without the marks of direction (section 4.1).

Whoever publishes it must not clean it: two ids that differ in one lost character would become one.
"""
_CHARACTER = rf"(?:{_LETTER}|%[0-9A-Fa-f]{{2}})"
_HOST = rf"(?:\[[0-9A-Fa-f:.]+\]|(?:(?![/?:@]){_LETTER})+)"
_IRI = re.compile(
    rf"https?://{_HOST}(?::\d+)?(?:[/?]{_CHARACTER}*)?(?:#{_CHARACTER}*)?"
    rf"|tag:[A-Za-z0-9@._-]+,\d{{4}}(?:-\d\d){{0,2}}:{_CHARACTER}*"
    rf"|urn:(?!uuid:)[A-Za-z0-9][A-Za-z0-9-]{{1,31}}:{_CHARACTER}+"
    r"|urn:uuid:[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
)
_DERIVED = re.compile(r"urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
_MAX_IRI = 2000
_ENOUGH_TEXT = 200
_ENOUGH_TITLE = 10
GUID = "g:"
"""What a key that is a guid begins with."""
_PREFIXES = {NamedBy.GUID: GUID, NamedBy.LINK: "l:", NamedBy.TITLE: "t:", NamedBy.DATE: "d:", NamedBy.CONTENT: "h:"}
"""What keys begin with, by what they name an item."""
_IN_TWO = frozenset({_PREFIXES[NamedBy.TITLE], _PREFIXES[NamedBy.DATE]})
_SEPARATOR = "\x1f"
"""Parts a key; XML forbids it."""
DIGEST = 2
"""The way in which digests are made; 1 had no number."""
SHORT = "short:"
"""What the content key of a short text begins with: it tells an item that has moved, never a copy in another feed."""


def item_keys(items: Sequence[Item], by: NamedBy = NamedBy.GUID) -> list[str]:
    """Return a key for each item that names it within its feed; equal only for items that nothing tells apart.

    What it is `by` is the feed's (decide.naming): guid, link, link and title, link and date, or title, date and text.
    An item that lacks it is named by the next that it has. What shares a name with another item of the document is
    told apart by as much more as it takes: link, title, date, text.
    """
    names = [_names(item, by) for item in items]
    bearers = Counter(name[:length] for name in set(names) for length in range(1, len(name) + 1))
    return [_SEPARATOR.join(_shortest(name, bearers)) for name in names]


def _names(item: Item, by: NamedBy) -> tuple[str, ...]:
    """Return what names an item, ever more exactly; no part holds the separator, which XML forbids."""
    title, date = fold_title(item.title), str(item.published)
    link, _, _, text = marks_of(item)
    if item.guid and by is NamedBy.GUID:
        return (f"{GUID}{item.guid}", link or "", title or text, date)
    if link and by is NamedBy.TITLE:
        return (f"t:{link}", title or text, date, text)
    if link and by is NamedBy.DATE:
        return (f"d:{link}", date, title, text)
    if link and by is not NamedBy.CONTENT:
        return (f"l:{link}", title or text, date, text)
    return ("h:" + _hash(item.title, date, text),)


def _shortest(name: tuple[str, ...], bearers: Counter[tuple[str, ...]]) -> tuple[str, ...]:
    return next(name[:length] for length in range(_least(name[0]), len(name) + 1) if bearers[name[:length]] == 1)


def _least(first: str) -> int:
    """Return how many parts a name has at least that begins like this."""
    return 2 if first[:2] in _IN_TWO else 1


def is_named_by(key: str, by: NamedBy) -> bool:
    """Tell whether a key is of this kind, rather than of the next one that the item had."""
    return key.startswith(_PREFIXES[by])


def least_name(key: str) -> str:
    """Return the key that an item would have if it shared its name with no other item of the document."""
    return _SEPARATOR.join(key.split(_SEPARATOR)[: _least(key)])


def marked(item: Item) -> Item:
    """Return an item that brings along what it is recognised by."""
    return replace(item, marks=marks_of(replace(item, marks=None)))


def marks_of(item: Item) -> Marks:
    """Return what an item is recognised by: as it brings it along, else computed."""
    if item.marks is not None:
        return item.marks
    text = plain_text(item.content or item.summary)
    return Marks(canonical_url(item.link), digest(item), _content_key(item, text), _hash(text))


def digest(item: Item) -> str:
    """Return a digest of what a reader sees of an item (decide.appearance), after the number of the way it was made.

    Dates and categories are left out: feeds invent them anew at every poll. Stored ones are made anew (a migration)
    when the way changes, so that nothing seems edited by it.
    """
    return f"{DIGEST}:{_hash(*appearance(item))}"


def content_key(item: Item) -> str | None:
    """Return a digest of title and text by which an item is known at another address; None when they say too little.

    Short texts need a title of ten letters, and the date makes up for the rest (SHORT).
    """
    return _content_key(item, plain_text(item.content or item.summary))


def _content_key(item: Item, text: str) -> str | None:
    title, text = fold_title(item.title), fold(text)
    if len(text) >= _ENOUGH_TEXT:
        return _hash(title, text)
    if len(title) >= _ENOUGH_TITLE and item.published is not None:
        return SHORT + _hash(title, text, str(item.published))
    return None


def publisher_id(item: Item) -> str | None:
    """Return the guid where it can serve as an Atom id (RFC 4287 section 4.2.6): an http(s), tag or urn IRI."""
    guid = item.guid or ""
    return guid if len(guid) <= _MAX_IRI and _IRI.fullmatch(guid) else None


def derived_id(feed: str, key: str) -> str:
    """Return the `urn:uuid:` of the item `key` of a feed."""
    name = f"{feed}\n{key}"
    return f"urn:uuid:{uuid.uuid5(_NAMESPACE, name)}"


def is_derived(entry_id: str) -> bool:
    """Tell whether an id has the form of those that we make: a name-based UUID (RFC 9562 section 5.5)."""
    return _DERIVED.fullmatch(entry_id) is not None


def story_key(entry_id: str) -> str:
    """Return the short opaque key of the story that begins with an entry."""
    return hashlib.sha256(entry_id.encode()).hexdigest()[:12]


@lru_cache(maxsize=1024)
def feed_id(instance: str, name: str) -> str:
    """Return the permanent Atom id of an output of the database `instance`."""
    return f"urn:uuid:{uuid.uuid5(_NAMESPACE, f'{instance}/{name}')}"


def same_day(one: datetime | None, other: datetime | None) -> bool:
    """Tell whether two dates are at most a day apart, or one of them is missing."""
    return one is None or other is None or abs((one - other).total_seconds()) <= 86_400  # noqa: PLR2004 - a day


def _hash(*parts: str) -> str:
    return hashlib.sha256("\x1f".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:32]
