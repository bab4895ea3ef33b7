"""The language of a text that does not say it: py3langid, which abstains where it cannot tell."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING

from py3langid.langid import MODEL_FILE, LanguageIdentifier

from aggregator.decide.canonical import plain_text

if TYPE_CHECKING:
    from aggregator.model import Item

_ENOUGH = 20
"""Bytes of letters below which a language cannot be told: `GPT-4o mini` is of none."""
_SURE = 0.6
_LOOKED_AT = 600
"""Characters that are looked at: more tell no better."""


def spoken(item: Item, declared: str | None) -> Item:
    """Return an item with its language: declared by itself or by its feed, else detected in its title and text."""
    if item.language or declared:
        return item
    return replace(item, language=detected(f"{item.title}. {plain_text(item.content or item.summary)}"))


def detected(text: str) -> str | None:
    """Return the language (ISO 639-1) that a plain text is written in; None where that is not clear."""
    text = text[:_LOOKED_AT]
    letters = "".join(filter(str.isalpha, text))
    if len(letters.encode("utf-8", "replace")) < _ENOUGH:
        return None
    language, _ = _identifier().classify(text)
    return None if language == "und" else str(language)


@cache
def _identifier() -> LanguageIdentifier:
    """Load the model (a second, and about 130 MB: only where a feed does not say its language)."""
    identifier = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True, min_confidence=_SURE)
    identifier.set_languages([name for name in identifier.labels if len(name) == len("en")])
    return identifier
