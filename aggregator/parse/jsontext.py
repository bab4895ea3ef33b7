"""JSON text to values (RFC 8259), within bounds; of an object that is damaged, what can be read before the damage."""

from __future__ import annotations

import json
import re
from typing import Any

from aggregator.errors import NotAFeed, ParseError
from aggregator.parse.clean import plain_text

_MOST_BRACKETS = 500_000
"""`{` and `[` in the whole document, also in strings: an object takes up to 232 bytes of memory."""
_LONGEST_NUMBER = 18
"""Digits that a database's integer holds; a longer number is kept as its digits."""
_REMEDY = "Open the address in a browser to see more."
_BLANK = re.compile(r"[ \t\r\n]*")
_ERRORS = (ValueError, RecursionError)
"""RecursionError: nested deeper than anything that is meant."""


def looks_like_json(text: str) -> bool:
    """Tell whether a document is JSON if it is anything: it begins with a brace or a bracket."""
    return text.lstrip(" \t\r\n")[:1] in ("{", "[")


def read_json(text: str) -> tuple[Any, str | None]:
    """Return the value, and what is wrong with a text that ends early or is damaged.

    Of a damaged object come the members before the damage; of a list among them that is cut, its members before it.
    Control characters in strings are let through, NaN and Infinity are None. Raise NotAFeed when nothing can be read,
    and ParseError for over 500,000 brackets.
    """
    if text.count("{") + text.count("[") > _MOST_BRACKETS:
        raise ParseError(f"The document has over {_MOST_BRACKETS} objects.", "No feed needs that: check the address.")
    try:
        return _DECODER.decode(text), None
    except _ERRORS as error:
        flaw = _place(error)
    found = _Salvage(text).members()
    if not found:
        quoted = plain_text(text, markup=False, limit=60)
        raise NotAFeed(f'The document is no feed but JSON data or text that is damaged: "{quoted}".', _REMEDY)
    return found, f"the document is damaged {flaw}"


def _place(error: Exception) -> str:
    if isinstance(error, json.JSONDecodeError):
        return f"near line {error.lineno}: {error.msg}"
    return "in being nested too deep"


def _whole(digits: str) -> int | str:
    return int(digits) if len(digits) <= _LONGEST_NUMBER else digits


_DECODER = json.JSONDecoder(strict=False, parse_int=_whole, parse_constant=lambda _: None)


class _Salvage:
    """Reads an object member by member until it cannot go on."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._position = 0

    def members(self) -> dict[str, Any]:
        """Return the members of the object that the text begins with, as far as they can be read."""
        found: dict[str, Any] = {}
        try:
            self._take("{")
            while True:
                name = self._value()
                self._take(":")
                if not isinstance(name, str) or not self._member(found, name):
                    return found
                self._take(",")
        except _ERRORS:
            return found

    def _member(self, found: dict[str, Any], name: str) -> bool:
        """Read one member; False when it is a list that is cut, of which the members before the cut are kept."""
        start = self._position
        try:
            found[name] = self._value()
        except _ERRORS:
            self._position = start
            listed: list[Any] = []
            found[name] = listed
            self._list(listed)
            return False
        return True

    def _list(self, listed: list[Any]) -> None:
        """Read a list that is known to be damaged; ends by ValueError where it is."""
        self._take("[")
        while True:
            listed.append(self._value())
            self._take(",")

    def _value(self) -> Any:
        self._skip()
        value, self._position = _DECODER.raw_decode(self._text, self._position)
        return value

    def _take(self, mark: str) -> None:
        self._skip()
        if self._text[self._position : self._position + 1] != mark:
            raise ValueError(mark)
        self._position += 1

    def _skip(self) -> None:
        if blank := _BLANK.match(self._text, self._position):
            self._position = blank.end()
