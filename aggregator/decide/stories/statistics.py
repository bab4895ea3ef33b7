"""What is known of words and languages: a versioned snapshot, so that scores do not depend on arrival order."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from aggregator.decide.stories.common import TRADE_WORDS
from aggregator.decide.stories.words import words_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from numpy.typing import NDArray

    from aggregator.decide.stories.article import Article

_PRIOR: Final = 2_000
"""Imagined articles, in every tenth of which each word of the trade stands: they carry a database of few articles."""
_PRIOR_TRADE: Final = 200
_PRIOR_ANY: Final = 20
"""Imagined articles with any other word: one met once says hardly more than one met in all articles of a story."""
_RARE_PART: Final = 0.025
"""Share of all articles up to which a word is rare."""
_RARE_COUNT: Final = 15
"""Articles in which a word may stand and be rare, however few there are: one story has as many."""
_MOST_COUNTS: Final = 200_000
"""Words kept: about 3 MB of JSON."""
_MOST_WEIGHTS: Final = 50_000
"""Words whose weights are remembered."""
_LEAST_COUNT: Final = 2
_HABIT_COUNT: Final = 12
"""Articles of a feed in which a word stands from which it may be a habit: fewer may be one story."""
_HABIT_PART: Final = 0.05
"""Share of a feed's articles from which a word is a habit: its own name, a signature, `Show HN`."""
_MOST_HABITS: Final = 100
_MEAN_ARTICLES: Final = 20
"""Embeddings of a language below which their mean is noise."""
_ROOT_OF_TRADE = frozenset(form for word in TRADE_WORDS for form in words_of(word))
_NO_HABITS: Final[frozenset[str]] = frozenset()


class _Weights(dict[str, float]):
    """How much words say, as far as it was asked."""

    def __init__(self, counts: Mapping[str, int], documents: int) -> None:
        super().__init__()
        self._counts = counts
        self._documents = documents

    def __missing__(self, word: str) -> float:
        if len(self) >= _MOST_WEIGHTS:
            self.clear()
        known = self._counts.get(word, 1) + (_PRIOR_TRADE if word in _ROOT_OF_TRADE else _PRIOR_ANY)
        articles = max(self._documents, known) + _PRIOR
        return self.setdefault(word, math.log(articles / known) / math.log(articles / (_PRIOR_ANY + 1)))


@dataclass(frozen=True, slots=True, eq=False)
class Statistics:
    """How common words are, overall and in each feed, and where each language's embeddings lie in the mean."""

    version: int = 0
    documents: int = 0
    counts: Mapping[str, int] = field(default_factory=dict)
    """Articles in which a word stands, from 2 on."""
    habits: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """By feed, words that stand in so many of its articles that they are no evidence."""
    means: Mapping[str, NDArray[np.float32]] = field(default_factory=dict)
    """By language, and for all under ""; of unit vectors, so shorter than 1."""
    _weights: _Weights = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_weights", _Weights(self.counts, self.documents))

    @classmethod
    def of(cls, articles: Iterable[Article], *, version: int) -> Statistics:
        """Count articles, in any order."""
        census = _Census()
        for article in articles:
            census.add(article)
        return cls(version, census.documents, census.counts(), census.habits(), census.means())

    def weight(self, word: str) -> float:
        """Return how much a word says: 1 when it was met once at most, less the more often it is met."""
        return self._weights[word]

    def weights(self, words: Iterable[str]) -> Iterator[float]:
        """Return how much each of some words says."""
        return map(self._weights.__getitem__, words)

    def rare(self, words: Iterable[str]) -> Iterator[str]:
        """Give those of some words that are seldom enough to make two articles candidates."""
        met, most = self.counts.get, max(_RARE_COUNT, _RARE_PART * self.documents)
        return (word for word in words if met(word, 1) <= most)

    def habits_of(self, feed: str) -> frozenset[str]:
        """Return the words that a feed repeats."""
        return self.habits.get(feed, _NO_HABITS)

    def centred(self, vector: NDArray[np.float32], language: str | None) -> NDArray[np.float32]:
        """Return an embedding relative to the mean of its language, of length 1."""
        mean = self.means.get(primary_language(language), self.means.get(""))
        moved = vector if mean is None else vector - mean
        length = float(np.linalg.norm(moved))
        return moved / length if length else moved

    def to_json(self) -> dict[str, Any]:
        """Return the snapshot as JSON-able data."""
        return {
            "version": self.version,
            "documents": self.documents,
            "counts": dict(self.counts),
            "habits": {feed: sorted(words) for feed, words in self.habits.items()},
            "means": {language: [float(x) for x in mean] for language, mean in self.means.items()},
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Statistics:
        """Read what to_json returned. Raise KeyError, TypeError or ValueError for anything else."""
        return cls(
            int(data["version"]),
            int(data["documents"]),
            {str(word): int(count) for word, count in data["counts"].items()},
            {feed: frozenset(words) for feed, words in data["habits"].items()},
            {language: np.array(mean, np.float32) for language, mean in data["means"].items()},
        )


class _Census:
    """Counts under way."""

    def __init__(self) -> None:
        self.documents = 0
        self._words: Counter[str] = Counter()
        self._feeds: dict[str, Counter[str]] = defaultdict(Counter)
        self._sizes: Counter[str] = Counter()
        self._sums: dict[str, Any] = {}
        self._vectors: Counter[str] = Counter()

    def add(self, article: Article) -> None:
        words = set(words_of(article.title)).union(words_of(article.text))
        self.documents += 1
        self._words.update(words)
        self._sizes[article.feed] += 1
        self._feeds[article.feed].update(words)
        if article.vector is not None:
            for language in {"", primary_language(article.language)}:
                self._sums[language] = self._sums.get(language, 0) + article.vector.astype(np.float64)
                self._vectors[language] += 1

    def counts(self) -> dict[str, int]:
        return {word: count for word, count in self._words.most_common(_MOST_COUNTS) if count >= _LEAST_COUNT}

    def habits(self) -> dict[str, frozenset[str]]:
        found = {}
        for feed, counts in self._feeds.items():
            least = max(_HABIT_COUNT, _HABIT_PART * self._sizes[feed])
            words = frozenset(word for word, count in counts.most_common(_MOST_HABITS) if count >= least)
            if words:
                found[feed] = words
        return found

    def means(self) -> dict[str, NDArray[np.float32]]:
        return {
            language: (total / self._vectors[language]).astype(np.float32)
            for language, total in self._sums.items()
            if self._vectors[language] >= _MEAN_ARTICLES
        }


def primary_language(language: str | None) -> str:
    """Return the language of a tag without script and region; "" for none."""
    return (language or "").partition("-")[0].lower()
