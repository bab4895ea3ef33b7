"""The language of `search`: words that must all occur, OR, -without, "words in this order", begin*, parentheses.

query   one OR one ...
one     part part ...          all of them; AND may stand between two
part    -part | NOT part | (query) | "some words" | word
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeAlias

_LONGEST, _DEEPEST = 1_000, 20
_PIECE = re.compile(r'\s*(?:(?P<quoted>"[^"]*"?)|(?P<sign>[()]|-(?=[^\s-]))|(?P<word>[^\s()"]+))')
_NOT = ("-", "NOT")


@dataclass(frozen=True, slots=True)
class Words:
    """These words in this order; the last one may only begin so."""

    text: str
    begin: bool = False


@dataclass(frozen=True, slots=True)
class Not:
    """Without this."""

    part: Query


@dataclass(frozen=True, slots=True)
class Every:
    """All of these."""

    parts: tuple[Query, ...]


@dataclass(frozen=True, slots=True)
class Some:
    """One of these at least."""

    parts: tuple[Query, ...]


Query: TypeAlias = "Words | Not | Every | Some"


class Unreadable(ValueError):
    """A text is no query; the message says why, in words that follow `this search`."""


@lru_cache(maxsize=256)
def parse_query(text: str) -> Query:
    """Return what a search asks for; raise Unreadable."""
    if len(text) > _LONGEST:
        raise Unreadable(f"has more than {_LONGEST} characters")
    reader = _Reader(text)
    query = reader.query(0)
    if reader.piece == ")":
        raise Unreadable("closes a parenthesis that it did not open")
    return query


class _Reader:
    """Reads a query from the left, one piece ahead."""

    def __init__(self, text: str) -> None:
        self._text, self._at = text, 0
        self._next()

    def _next(self) -> None:
        found = _PIECE.match(self._text, self._at)
        self.piece = found[found.lastgroup or 0] if found else ""
        self._at = found.end() if found else len(self._text)

    def query(self, depth: int) -> Query:
        if depth > _DEEPEST:
            raise Unreadable(f"has more than {_DEEPEST} parentheses in each other")
        choices = [self._every(depth)]
        while self.piece == "OR":
            self._next()
            choices.append(self._every(depth))
        return choices[0] if len(choices) == 1 else Some(tuple(choices))

    def _every(self, depth: int) -> Query:
        parts = []
        while self.piece not in ("", ")", "OR"):
            if self.piece == "AND":
                self._next()
            else:
                parts.append(self._part(depth))
        if not parts:
            raise Unreadable("has a place where a word is missing")
        return parts[0] if len(parts) == 1 else Every(tuple(parts))

    def _part(self, depth: int) -> Query:
        piece = self.piece
        self._next()
        if piece in _NOT:
            if self.piece in ("", ")", "OR", "AND"):
                raise Unreadable(f"says {piece} without saying what")
            return Not(self._part(depth + 1))
        if piece == "(":
            inner = self.query(depth + 1)
            if self.piece != ")":
                raise Unreadable("does not close a parenthesis")
            self._next()
            return inner
        if piece.startswith('"'):
            if len(piece) < 2 or not piece.endswith('"'):  # noqa: PLR2004 - its own quotation mark is its first
                raise Unreadable("does not close a quotation mark")
            return _words(piece[1:-1])
        return _words(piece)


def _words(text: str) -> Words:
    word = text.removesuffix("*")
    if not any(map(str.isalnum, word)):
        raise Unreadable(f"looks for {text or 'nothing'}, in which there is no letter")
    return Words(word, begin=word != text)
