"""The articles of the last days, found by their rare words and by their meaning."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from datetime import timedelta
from heapq import nlargest
from itertools import islice
from typing import TYPE_CHECKING, Final

from aggregator.decide.stories.grouping import ENOUGH, Placement, Story, choose
from aggregator.decide.stories.likeness import NEARLY_EQUAL
from aggregator.decide.stories.meanings import Meanings
from aggregator.decide.stories.profile import Profile, profile_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import datetime

    from aggregator.decide.stories.article import Article
    from aggregator.decide.stories.statistics import Statistics

APART: Final = timedelta(hours=72)
"""Between the dates of any two articles of a story."""
_MOST_LISTED: Final = 300
"""Articles of a window in which a word stands, from which it finds nothing any more: the cost's bound."""
_MOST_CANDIDATES: Final = 16
_MOST_SORTED: Final = 2 * _MOST_CANDIDATES
"""Some of them are too old or too new."""
_MOST_STORIES: Final = 6
"""Stories, of the closest candidates, that are looked at in full."""


class Window:
    """An index of decided articles, under one snapshot of the statistics; `enough` is for trying other thresholds."""

    def __init__(self, statistics: Statistics, *, enough: float = ENOUGH) -> None:
        self._statistics = statistics
        self._enough = enough
        self._profiles: dict[int, Profile] = {}
        self._moments: dict[int, float] = {}
        self._listed: defaultdict[str, dict[int, float]] = defaultdict(dict)
        """By rare word, the articles in which it stands and its weight there."""
        self._stories: defaultdict[str, dict[int, Profile]] = defaultdict(dict)
        """By name of the story, its articles."""
        self._meanings = Meanings()
        self._latest: Profile | None = None

    def __len__(self) -> int:
        return len(self._profiles)

    def __contains__(self, key: object) -> bool:
        return key in self._profiles

    def add(self, article: Article) -> None:
        """Take an article whose story is decided, in place of an earlier form of it. Raise ValueError for others."""
        if article.story is None:
            raise ValueError(f"Article {article.key} has no story yet.")
        self.remove(article.key)
        profile = self._profile(article)
        self._profiles[article.key] = profile
        self._moments[article.key] = article.published.timestamp()
        self._stories[article.story][article.key] = profile
        for word in profile.rare:
            self._listed[word][article.key] = profile.weights[word]
        if profile.meaning is not None:
            self._meanings.add(article.key, profile.meaning)

    def remove(self, key: int) -> None:
        """Forget an article; nothing happens if it is not there."""
        profile = self._profiles.pop(key, None)
        if profile is None:
            return
        del self._moments[key]
        for word in profile.rare:
            _drop(self._listed, word, key)
        _drop(self._stories, profile.article.story or "", key)
        self._meanings.remove(key)

    def forget(self, before: datetime) -> None:
        """Forget the articles dated before a moment."""
        line = before.timestamp()
        for key in [key for key, moment in self._moments.items() if moment < line]:
            self.remove(key)

    def place(self, article: Article) -> Placement:
        """Return the story to which an article belongs; it is not added, and compared with itself nowhere."""
        profile = self._profile(article)
        self._latest = profile
        return choose(profile, self._candidates(profile), enough=self._enough)

    def _profile(self, article: Article) -> Profile:
        """Return an article's profile; that of the article just placed is at hand."""
        latest = self._latest
        if latest is not None and latest.article.key == article.key and _say_the_same(latest.article, article):
            return replace(latest, article=article)
        return profile_of(article, self._statistics)

    def _candidates(self, profile: Profile) -> list[Story]:
        """Return the stories, near in time, of the articles that share most words."""
        best = islice(self._near(profile, self._sharing(profile)), _MOST_CANDIDATES)
        names = dict.fromkeys(map(self._story_of, best))
        stories = (Story(name, self._others(name, profile)) for name in list(names)[:_MOST_STORIES])
        return [story for story in stories if all(_are_near(profile, member) for member in story.members)]

    def _story_of(self, key: int) -> str:
        return self._profiles[key].article.story or ""

    def _sharing(self, profile: Profile) -> dict[int, float]:
        """Return articles that share a rare word, or nearly the meaning, with how much they share."""
        strengths: defaultdict[int, float] = defaultdict(float)
        for word in profile.rare:
            listed = self._listed.get(word)
            if listed and len(listed) <= _MOST_LISTED:
                weight = profile.weights[word]
                for key, other in listed.items():
                    strengths[key] += weight * other
        if profile.meaning is not None:
            for key, cosine in self._meanings.near(profile.meaning, NEARLY_EQUAL):
                strengths[key] += cosine
        strengths.pop(profile.article.key, None)
        return strengths

    def _near(self, profile: Profile, strengths: Mapping[int, float]) -> Iterator[int]:
        """Yield those near in time, the strongest first; dates are looked at only as far as somebody asks."""
        moment = profile.article.published.timestamp()
        moments, most = self._moments, APART.total_seconds()
        for key in _strongest_first(strengths):
            if abs(moments[key] - moment) <= most:
                yield key

    def _others(self, story: str, profile: Profile) -> tuple[Profile, ...]:
        return tuple(member for key, member in self._stories[story].items() if key != profile.article.key)


def _strongest_first(strengths: Mapping[int, float]) -> Iterator[int]:
    """Yield keys in falling order, of equals the smaller; only those are sorted that somebody asks for."""
    line = min(nlargest(_MOST_SORTED, strengths.values()), default=0.0)
    yield from _sorted((key, strength) for key, strength in strengths.items() if strength >= line)
    yield from _sorted((key, strength) for key, strength in strengths.items() if strength < line)


def _sorted(strengths: Iterable[tuple[int, float]]) -> list[int]:
    return [key for _, key in sorted([(-strength, key) for key, strength in strengths])]


def _are_near(one: Profile, other: Profile) -> bool:
    return abs(one.article.published - other.article.published) <= APART


def _say_the_same(one: Article, other: Article) -> bool:
    """Tell whether two forms of an article differ in nothing that a profile is made of."""
    return one.vector is other.vector and (one.title, one.text, one.feed, one.link, one.language) == (
        other.title,
        other.text,
        other.feed,
        other.link,
        other.language,
    )


def _drop(
    index: defaultdict[str, dict[int, Profile]] | defaultdict[str, dict[int, float]], name: str, key: int
) -> None:
    index[name].pop(key, None)
    if not index[name]:
        del index[name]
