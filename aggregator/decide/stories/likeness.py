"""How sure it is that two articles tell the same news: evidence added up, in multiples of what is enough."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from aggregator.decide.stories.profile import Profile

ENOUGH: Final = 1.0
"""Score from which an article belongs to a story."""
WORDS_ENOUGH: Final = 0.15
"""Cosine of telling words that is enough by itself."""
BOTH_ENOUGH: Final = 0.21
"""Mean of the cosines of words and of meanings that is enough where both are known."""
NEARLY_EQUAL: Final = 0.65
"""Cosine of words, or of meanings, that needs no shared rare word."""
_OWN: Final = 0.45
"""What evidence counts between two articles of one publisher, who seldom tells the same news twice."""
_OTHER_VERSION: Final = 0.5
"""What evidence counts between two titles that name different versions of one thing."""


def words_alike(one: Profile, other: Profile) -> float:
    """Return the cosine of the telling words, 0 to 1."""
    few, many = one.weights, other.weights
    if len(few) > len(many):
        few, many = many, few
    return sum(weight * many[word] for word, weight in few.items() if word in many)


def meanings_alike(one: Profile, other: Profile) -> float | None:
    """Return the cosine of the centred embeddings, -1 to 1; None where one is missing."""
    if one.meaning is None or other.meaning is None:
        return None
    return float(one.meaning @ other.meaning)


def likeness(one: Profile, other: Profile) -> float:
    """Return the evidence that two articles tell the same news; ENOUGH and above for yes."""
    words, meanings = words_alike(one, other), meanings_alike(one, other)
    score = words / WORDS_ENOUGH if meanings is None else (words + meanings) / 2 / BOTH_ENOUGH
    if score <= 0:
        return score
    if are_of_one_publisher(one, other):
        score *= _OWN
    if one.form.is_of_other_version(other.form):
        score *= _OTHER_VERSION
    return score


def must_stay_apart(one: Profile, other: Profile) -> bool:
    """Tell whether two articles are never of one story: split by the operator, or numbers of a series."""
    if other.article.key in one.article.apart or one.article.key in other.article.apart:
        return True
    if one.form.is_twin(other.form):
        return True
    return are_of_one_publisher(one, other) and one.form.is_in_series(other.form)


def are_of_one_publisher(one: Profile, other: Profile) -> bool:
    """Tell whether two articles lie on one site; without two links, whether one feed lists them."""
    if one.site and other.site:
        return one.site == other.site
    return one.article.feed == other.article.feed


def are_nearly_equal(one: Profile, other: Profile) -> bool:
    """Tell whether two articles are so close that no rare word is asked for."""
    return words_alike(one, other) >= NEARLY_EQUAL or (meanings_alike(one, other) or 0.0) >= NEARLY_EQUAL
