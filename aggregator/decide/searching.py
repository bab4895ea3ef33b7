"""What an output's `search` finds."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

from aggregator.config.query import Every, Not, Some, parse_query
from aggregator.decide.filters import field_text
from aggregator.decide.stories.words import UNSPACED, fold_accents

if TYPE_CHECKING:
    from aggregator.config.query import Query, Words
    from aggregator.model import Item

_WORD = re.compile(r"[^\W_]+")
_MOST = 50_000
"""Characters of a text that are searched."""


def found_by(search: str, item: Item) -> bool:
    """Tell whether a search finds an item, by title and texts; case and accents do not count."""
    return _holds(parse_query(search), _folded(field_text(item, "text")[:_MOST]))


def _holds(query: Query, text: str) -> bool:
    if isinstance(query, Every):
        return all(_holds(part, text) for part in query.parts)
    if isinstance(query, Some):
        return any(_holds(part, text) for part in query.parts)
    if isinstance(query, Not):
        return not _holds(query.part, text)
    return _has(query, text)


def _has(words: Words, text: str) -> bool:
    wanted = _folded(words.text)
    if UNSPACED.search(wanted):
        return wanted.strip() in text
    return (wanted.rstrip() if words.begin else wanted) in text


@lru_cache(maxsize=64)  # several outputs search one entry, and each search is folded again and again
def _folded(text: str) -> str:
    """Return a text's words with one space before, between and after them."""
    return f" {' '.join(_WORD.findall(fold_accents(text)))} "
