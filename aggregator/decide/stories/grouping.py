"""To which of the stories at hand an article belongs, if to any."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from aggregator.decide.stories.likeness import ENOUGH, are_nearly_equal, likeness, must_stay_apart
from aggregator.decide.stories.relations import Relation, relation

if TYPE_CHECKING:
    from aggregator.decide.stories.profile import Profile

METHOD_WORDS: Final = "words/1"
METHOD_BOTH: Final = "words+meaning/1"
"""Names of what decided, with the version of the rules: kept with every link."""
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
    """Mean likeness to the story's articles, or to those of the best story that was not good enough; 1 is enough."""
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
    is_proved: bool
    """An article of the story shares a rare word with it, or is nearly equal."""


def choose(profile: Profile, stories: list[Story]) -> Placement:
    """Return the story that takes an article at the best mean likeness; the first of equals."""
    method = METHOD_WORDS if profile.meaning is None else METHOD_BOTH
    fits = [_fit(profile, story) for story in stories if not _is_barred(profile, story)]
    best = max(fits, key=lambda fit: (fit.is_proved, fit.score), default=None)
    if best is None:
        return Placement(None, 0.0, method, None, (), ())
    joins = best.is_proved and best.score >= ENOUGH
    relations = [relation(profile, member) for member in best.story.members] if joins else []
    return Placement(
        best.story.name if joins else None,
        best.score,
        method,
        best.closest.article.key,
        _shared(profile, best.closest)[:_MOST_SHARED],
        tuple(found for found in relations if found),
    )


def _is_barred(profile: Profile, story: Story) -> bool:
    return any(must_stay_apart(profile, member) for member in story.members)


def _fit(profile: Profile, story: Story) -> _Fit:
    scores = [(likeness(profile, member), -member.article.key, member) for member in story.members]
    mean = sum(score for score, _, _ in scores) / len(scores)
    closest = max(scores, key=lambda score: score[:2])[2]
    proved = any(_shared(profile, member) or are_nearly_equal(profile, member) for member in story.members)
    return _Fit(story, mean, closest, proved)


def _shared(one: Profile, other: Profile) -> tuple[str, ...]:
    return tuple(word for word in one.rare if word in other.rare)
