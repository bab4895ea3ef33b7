"""Where the words of a search stand in a text. Pure."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from aggregator.decide.stories.words import UNSPACED, fold_accents

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

_WORD = re.compile(r"[^\W_]+")
_STEM, _ENDING = 4, 3
"""Letters of the shorter of two words that begin alike, and how many the other may have more: agent, agents."""
_LEAD = 60
"""Characters before the first marked word."""


class Piece(NamedTuple):
    """A part of a text."""

    words: str
    marked: bool


def marked(text: str, query: str) -> tuple[Piece, ...]:
    """Return a text in pieces, those marked that are words of the query, or nearly; case and accents do not count."""
    pieces: list[Piece] = []
    end = 0
    for start, stop in _apart(sorted(_places(text, query))):
        pieces += [Piece(text[end:start], marked=False), Piece(text[start:stop], marked=True)]
        end = stop
    return tuple(piece for piece in (*pieces, Piece(text[end:], marked=False)) if piece.words)


def snippet(text: str, query: str, limit: int) -> str:
    """Return the part of a text, about so many characters, where a word of a query stands first; else its beginning."""
    if len(text) <= limit:
        return text
    first = next(_places(text, query), (0, 0))[0]
    if first <= max(limit - _LEAD, 0):
        return _cut(text, 0, limit)
    begin = text.rfind(" ", 0, first - _LEAD) + 1 or first - _LEAD
    return "…" + _cut(text, begin, begin + limit)


def _cut(text: str, begin: int, end: int) -> str:
    if end >= len(text):
        return text[begin:]
    space = text.rfind(" ", begin, end)
    return text[begin : space if space > begin + (end - begin) // 2 else end].rstrip(" ,;:.") + "…"


def _places(text: str, query: str) -> Iterator[tuple[int, int]]:
    """Yield where words of a query stand, begin and end: whole words in order, then parts of unspaced text."""
    wanted = {fold_accents(word) for word in _WORD.findall(query)}
    spaced = frozenset(word for word in wanted if not UNSPACED.search(word))
    for found in _perhaps(spaced).finditer(text) if spaced else ():
        if _alike(fold_accents(found[0]), spaced):
            yield found.span()
    for word in wanted - spaced:
        yield from (found.span() for found in re.finditer(re.escape(word), text))


@lru_cache(maxsize=16)
def _perhaps(wanted: frozenset[str]) -> re.Pattern[str]:
    """Return what finds words that may be alike: those that begin so, and those with letters that fold to others."""
    begins = "|".join(re.escape(word[:_STEM]) for word in sorted(wanted))
    return re.compile(rf"(?<![^\W_])(?:(?:{begins})[^\W_]*|[^\W_]*?[^\W_\x00-\x7f][^\W_]*)", re.IGNORECASE)


def _apart(places: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Leave out places that lie in ones before them."""
    kept: list[tuple[int, int]] = []
    for place in places:
        if not kept or place[0] >= kept[-1][1]:
            kept.append(place)
    return kept


def _alike(word: str, wanted: Collection[str]) -> bool:
    return word in wanted or any(
        min(len(word), len(one)) >= _STEM
        and abs(len(word) - len(one)) <= _ENDING
        and (word.startswith(one) or one.startswith(word))
        for one in wanted
    )
