"""Where the words of a search stand in a text. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from aggregator.decide.stories.words import fold_accents

if TYPE_CHECKING:
    from collections.abc import Collection

_WORD = re.compile(r"[^\W_]+")
_STEM, _ENDING = 4, 3
"""Letters of the shorter of two words that begin alike, and how many the other may have more: agent, agents."""
_UNSPACED = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
"""Scripts without spaces between words: a word is marked within others."""
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
    for start, stop in _places(text, _words(query)):
        pieces += [Piece(text[end:start], marked=False), Piece(text[start:stop], marked=True)]
        end = stop
    return tuple(piece for piece in (*pieces, Piece(text[end:], marked=False)) if piece.words)


def snippet(text: str, query: str, limit: int) -> str:
    """Return the part of a text, about so many characters, where words of the query stand first; else its beginning."""
    if len(text) <= limit:
        return text
    first = next(iter(_places(text, _words(query))), (0, 0))[0]
    if first <= max(limit - _LEAD, 0):
        return _cut(text, 0, limit)
    begin = text.rfind(" ", 0, first - _LEAD) + 1 or first - _LEAD
    return "…" + _cut(text, begin, begin + limit)


def _cut(text: str, begin: int, end: int) -> str:
    if end >= len(text):
        return text[begin:]
    space = text.rfind(" ", begin, end)
    return text[begin : space if space > begin + (end - begin) // 2 else end].rstrip(" ,;:.") + "…"


def _words(query: str) -> set[str]:
    return {fold_accents(word) for word in _WORD.findall(query)}


def _places(text: str, wanted: set[str]) -> list[tuple[int, int]]:
    """Return where words stand, begin and end, in order, none within another."""
    spaced = {word for word in wanted if not _UNSPACED.search(word)}
    places = [found.span() for found in _WORD.finditer(text) if spaced and _alike(fold_accents(found[0]), spaced)]
    for word in wanted - spaced:
        places += [found.span() for found in re.finditer(re.escape(word), text)]
    return _apart(sorted(places))


def _apart(places: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Leave out places that lie in ones before them."""
    kept: list[tuple[int, int]] = []
    for place in places:
        if not kept or place[0] >= kept[-1][1]:
            kept.append(place)
    return kept


def _alike(word: str, wanted: Collection[str]) -> bool:
    if word in wanted:
        return True
    return any(
        min(len(word), len(one)) >= _STEM
        and abs(len(word) - len(one)) <= _ENDING
        and (word.startswith(one) or one.startswith(word))
        for one in wanted
    )
