"""What can be said in public of two articles of one story: a copy, a translation."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from aggregator.decide.canonical import titles_agree
from aggregator.decide.stories.likeness import are_of_one_publisher, meanings_alike
from aggregator.decide.stories.statistics import primary_language
from aggregator.decide.stories.words import words_of
from aggregator.kinship import Kinship

if TYPE_CHECKING:
    from aggregator.decide.stories.profile import Profile

_COPIED: Final = 0.9
"""Share of the shorter text's word pairs that stand in the longer one."""
_COPIED_WORDS: Final = 25
"""Words of a text below which agreement proves nothing."""
_TRANSLATED: Final = 0.7
"""Cosine of centred embeddings from which the same is said, not only told."""


@dataclass(frozen=True, slots=True)
class Relation:
    """What an article is to another one, given by its key."""

    kind: Kinship
    other: int


def relation(one: Profile, other: Profile) -> Relation | None:
    """Return what can be said of an article beside another one of its story; mostly nothing."""
    if are_of_one_publisher(one, other):
        return None
    if _is_copy(one, other):
        return Relation(Kinship.COPY, other.article.key)
    if _is_translation(one, other):
        return Relation(Kinship.TRANSLATION, other.article.key)
    return None


def _is_copy(one: Profile, other: Profile) -> bool:
    if not titles_agree(one.article.title, other.article.title):
        return False
    short, long = sorted((_pairs(one.article.text), _pairs(other.article.text)), key=len)
    return len(short) >= _COPIED_WORDS and len(short & long) >= _COPIED * len(short)


def _pairs(text: str) -> set[tuple[str, str]]:
    words = words_of(text)
    return set(pairwise(words))


def _is_translation(one: Profile, other: Profile) -> bool:
    languages = {primary_language(one.article.language), primary_language(other.article.language)}
    if len(languages) == 1 or "" in languages or one.form.is_of_other_version(other.form):
        return False
    return meanings_alike(one, other) >= _TRANSLATED
