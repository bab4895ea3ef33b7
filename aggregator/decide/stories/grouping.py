"""To which of the stories at hand an article belongs, if to any."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from aggregator.decide.stories.likeness import Likeness, likeness, must_stay_apart
from aggregator.decide.stories.relations import Relation, relation

if TYPE_CHECKING:
    from aggregator.decide.stories.profile import Profile

METHOD_WORDS: Final = "words/1"
METHOD_BOTH: Final = "words+meaning/1"
"""Names of what decided, with the version of the rules: kept with every link."""
ENOUGH: Final = 1.0
"""Score and proof from which an article belongs to a story."""
_MOST_COMPARED: Final = 32
"""Articles of a story that are looked at, the nearest in time."""
_LEAST_AGREEING: Final = 2
_AGREED: Final = 0.5
"""Share of a story's articles that have a word which makes it a story."""
_COVERED: Final = 0.35
"""Share of the weight of those words that an article must have."""
_AGREED_PROOF: Final = 0.5
"""What those that it has must come up to, in words never met before."""
_MOST_SHARED: Final = 12


@dataclass(frozen=True, slots=True)
class Story:
    """A story's articles at hand, at least one."""

    name: str
    members: tuple[Profile, ...]


@dataclass(frozen=True, slots=True)
class Placement:
    """Where an article belongs, and why."""

    story: str | None
    """None: it begins a story."""
    score: float
    """Mean likeness to the story's articles, or to those of the best story that was not good enough; 1 is enough,
    together with proof."""
    method: str
    closest: int | None
    """Key of the article of that story which is most like it."""
    shared: tuple[str, ...]
    """Rare words that both have."""
    relations: tuple[Relation, ...]
    """To articles of the story that it joins."""


@dataclass(frozen=True, slots=True)
class _Fit:
    """A story measured against an article."""

    story: Story
    score: float
    closest: Profile
    joins: bool
    """It is alike in the mean, and the same as one of its articles by proof."""


def choose(profile: Profile, stories: list[Story], *, enough: float = ENOUGH) -> Placement:
    """Return the story that takes an article at the best mean likeness, `enough` at least; the first of equals."""
    method = METHOD_WORDS if profile.meaning is None else METHOD_BOTH
    fits = [_fit(profile, story, enough) for story in stories if not _is_barred(profile, story)]
    best = max(fits, key=lambda fit: (fit.joins, fit.score), default=None)
    if best is None:
        return Placement(None, 0.0, method, None, (), ())
    relations = [relation(profile, member) for member in best.story.members] if best.joins else []
    return Placement(
        best.story.name if best.joins else None,
        best.score,
        method,
        best.closest.article.key,
        tuple(word for word in profile.rare if word in best.closest.weights)[:_MOST_SHARED],
        tuple(found for found in relations if found),
    )


def _is_barred(profile: Profile, story: Story) -> bool:
    return any(must_stay_apart(profile, member) for member in story.members)


def _fit(profile: Profile, story: Story, enough: float) -> _Fit:
    members = _nearest_in_time(profile, story.members)
    found = [likeness(profile, member) for member in members]
    mean = sum(each.score for each in found) / len(found)
    closest = max(zip(found, members, strict=True), key=_closeness)[1]
    joins = mean >= enough and (any(each.proof >= ENOUGH for each in found) or _has_what_all_have(profile, members))
    return _Fit(story, mean, closest, joins)


def _nearest_in_time(profile: Profile, members: tuple[Profile, ...]) -> tuple[Profile, ...]:
    """Return the articles of a story with which one is compared: all, or as many as the cost allows."""
    if len(members) <= _MOST_COMPARED:
        return members
    moment = profile.article.published
    return tuple(sorted(members, key=lambda each: (abs(each.article.published - moment), each.article.key)))[
        :_MOST_COMPARED
    ]


def _has_what_all_have(profile: Profile, members: tuple[Profile, ...]) -> bool:
    """Tell whether an article has the words that make a story of its articles, few though they may be.

    In four headlines on `McDonald's` the one word that they share proves what it does not between two.
    """
    if len(members) < _LEAST_AGREEING:
        return False
    counts = Counter(word for member in members for word in member.evidence)
    common = [word for word, count in counts.items() if count >= _AGREED * len(members)]
    weights = {word: sum(member.evidence.get(word, 0.0) for member in members) / len(members) for word in common}
    covered = sum(weight for word, weight in weights.items() if word in profile.evidence)
    proof = sum(profile.evidence[word] for word in common if word in profile.evidence)
    return covered >= _COVERED * sum(weights.values()) and proof >= _AGREED_PROOF


def _closeness(pair: tuple[Likeness, Profile]) -> tuple[float, int]:
    """Order by likeness; of equals the older key is the closer one."""
    return pair[0].score, -pair[1].article.key
