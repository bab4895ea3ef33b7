"""Names of languages in English, as the pages are: `fr` says little to most people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from babel import Locale

if TYPE_CHECKING:
    from collections.abc import Iterable

_NAMES = Locale("en").languages


def name(tag: str) -> str:
    """Return what a language is called, given its tag (RFC 5646) of whatever detail; the tag where that is unknown."""
    return str(_NAMES.get(tag.partition("-")[0].lower(), tag))


def named(tags: Iterable[str]) -> tuple[tuple[str, str], ...]:
    """Return tags with their names, in the order of names."""
    return tuple(sorted(((tag, name(tag)) for tag in tags), key=lambda one: one[1].casefold()))
