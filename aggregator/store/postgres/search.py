"""Full-text search: what the index knows of an entry, and what a query asks of it.

PostgreSQL's own parser takes texts apart by rules of English prose (`4.5` after a space is `-4.5` after a hyphen), so
it is given words that are apart already. Each stands in the index as it is, without case and accents, and where
PostgreSQL knows the entry's language, as its stem there. A word of a query is found by either, by the stem only
among entries of that language.
"""

from __future__ import annotations

import re
import unicodedata

from aggregator.decide.stories.words import fold_accents

_CONFIGURATIONS = {
    "ar": "arabic", "da": "danish", "de": "german", "el": "greek", "en": "english", "es": "spanish", "fi": "finnish",
    "fr": "french", "ga": "irish", "hu": "hungarian", "id": "indonesian", "it": "italian", "lt": "lithuanian",
    "nb": "norwegian", "ne": "nepali", "nl": "dutch", "nn": "norwegian", "no": "norwegian", "pt": "portuguese",
    "ro": "romanian", "ru": "russian", "sv": "swedish", "ta": "tamil", "tr": "turkish",
}  # fmt: skip
"""Text search configurations of PostgreSQL 13 and later, by language (ISO 639-1)."""
_NONE = "simple"
_ALL = sorted({_NONE, *_CONFIGURATIONS.values()})
_LONGEST = 200
"""Characters of a word: a tsvector takes 2,047 bytes."""
_WORD = re.compile(r"[^\W_]+")

WEIGHTS = "{0.25, 0.25, 0.25, 1.0}"
"""Of D (the text), C, B and A (the title)."""
RANKED_BY = 1
"""A long text says a word more often: divide by 1 + log of its length (ts_rank's normalization)."""
VECTOR = (
    "setweight(to_tsvector('simple', %s), 'A') || setweight(to_tsvector('simple', %s), 'D')"
    " || setweight(to_tsvector(%s::regconfig, %s), 'A') || setweight(to_tsvector(%s::regconfig, %s), 'D')"
)
"""An entry's tsvector in SQL, of vector_values."""
QUERY = """
    SELECT configuration, string_agg('(' || forms || ')', ' & ')::tsquery AS words FROM (
        SELECT configuration, concat_ws(' | ', nullif(plainto_tsquery('simple', folded)::text, ''),
            nullif(plainto_tsquery(configuration::regconfig, plain)::text, '')) AS forms
        FROM unnest(%s::text[], %s::text[]) AS asked(folded, plain), unnest(%s::text[]) AS known(configuration)
    ) AS word WHERE forms <> '' GROUP BY configuration"""
"""A query's tsquery for each configuration in SQL, of query_values; no rows when it has no words."""


def configuration_of(language: str | None) -> str:
    """Return the text search configuration for texts in a language (RFC 5646)."""
    return _CONFIGURATIONS.get((language or "").lower().partition("-")[0], _NONE)


def vector_values(title: str, text: str, configuration: str) -> list[str]:
    """Return the values of VECTOR."""
    stemmed = ["", ""] if configuration == _NONE else [_plain(title), _plain(text)]
    return [_folded(title), _folded(text), configuration, stemmed[0], configuration, stemmed[1]]


def query_values(query: str) -> list[list[str]]:
    """Return the values of QUERY: words without accents, the same with them, configurations."""
    words = list(dict.fromkeys(_words(query)))
    return [[_folded(word) for word in words], [_plain(word) for word in words], _ALL]


def _folded(text: str) -> str:
    return " ".join(_words(fold_accents(text)))


def _plain(text: str) -> str:
    return " ".join(_words(unicodedata.normalize("NFC", text).casefold()))


def _words(text: str) -> list[str]:
    return [word[:_LONGEST] for word in _WORD.findall(text)]
