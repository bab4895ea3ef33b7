"""How sure it is that two articles tell the same news: evidence added up.

Two measures, because each alone is fooled. *Score* says how much of what the two say is the same; two headlines of
four words with `Linux` in both are alike in that sense. *Proof* says how much it is that is the same, in words never
met before: `Linux` is less than one of them, and a story needs more.
"""

from __future__ import annotations

from math import fsum
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from aggregator.decide.stories.profile import Profile

WORDS_ENOUGH: Final = 0.14
"""Cosine of telling words that is enough by itself."""
BOTH_ENOUGH: Final = 0.19
"""Mean of the cosines of words and of meanings that is enough where both are known."""
PROOF_ENOUGH: Final = 1.3
"""Words never met before, in both titles, to which shared words must come up."""
NEARLY_EQUAL: Final = 0.65
"""Cosine of meanings that is proof enough."""
_MEANING_PROOF: Final = 0.85
"""What a cosine of meanings adds to the proof of shared words, in multiples of what is enough."""
_OWN: Final = 0.45
"""What evidence counts between two articles of one publisher, who seldom tells the same news twice."""
_SAME_LIST: Final = 0.8
"""What evidence counts between two sites' articles that one feed lists: its readers chose them by their taste."""
_ROUNDUP: Final = 0.4
"""What evidence counts where a title lists several topics, of which another article has one."""
_OTHER_VERSION: Final = 0.5
"""What evidence counts between two titles that name different versions of one thing."""


class Likeness(NamedTuple):
    """Of two articles, in multiples of what is enough."""

    score: float
    """How much of what they say is the same; may be negative where meanings are known."""
    proof: float
    """How much is the same."""


def likeness(one: Profile, other: Profile) -> Likeness:
    """Compare two articles."""
    words, shared = _words_alike(one, other)
    meanings = _meanings_alike(one, other)
    if meanings is None:
        score, proof = words / WORDS_ENOUGH, shared / PROOF_ENOUGH
    else:
        score = (words + meanings) / 2 / BOTH_ENOUGH
        proof = max(shared / PROOF_ENOUGH + _MEANING_PROOF * max(meanings, 0.0), meanings / NEARLY_EQUAL)
    part = _what_counts(one, other)
    return Likeness(min(score, score * part), proof * part)


def _what_counts(one: Profile, other: Profile) -> float:
    """Return the share of the evidence that counts, considering whose and what kind of articles they are."""
    part = 1.0
    if are_of_one_publisher(one, other):
        part = _OWN
    elif one.article.feed == other.article.feed:
        part = _SAME_LIST
    if one.form.words == other.form.words:
        return part
    if one.form.is_roundup or other.form.is_roundup:
        part *= _ROUNDUP
    if one.form.is_of_other_version(other.form):
        part *= _OTHER_VERSION
    return part


def meanings_alike(one: Profile, other: Profile) -> float:
    """Return the cosine of the centred embeddings, -1 to 1; 0 where one is missing."""
    return _meanings_alike(one, other) or 0.0


def must_stay_apart(one: Profile, other: Profile) -> bool:
    """Tell whether two articles are never of one story: split by the operator, or numbers of a series."""
    if other.article.key in one.article.apart or one.article.key in other.article.apart:
        return True
    if one.form.is_twin(other.form):
        return True
    one_source = are_of_one_publisher(one, other) or one.article.feed == other.article.feed
    return one_source and one.form.is_in_series(other.form)


def are_of_one_publisher(one: Profile, other: Profile) -> bool:
    """Tell whether two articles lie on one site; without two links, whether one feed lists them."""
    if one.article.link and other.article.link:
        return bool(one.publisher) and one.publisher == other.publisher
    return one.article.feed == other.article.feed


def _words_alike(one: Profile, other: Profile) -> tuple[float, float]:
    """Return the cosine of the telling words, 0 to 1, and how much the shared ones prove."""
    first, second = one.weights, other.weights
    shared = first.keys() & second.keys()
    cosine = fsum([first[word] * second[word] for word in shared])  # exact in whatever order
    first, second = one.evidence, other.evidence
    return cosine, fsum([first[word] + second[word] for word in shared]) / 2


def _meanings_alike(one: Profile, other: Profile) -> float | None:
    if one.meaning is None or other.meaning is None:
        return None
    return float(one.meaning @ other.meaning)
