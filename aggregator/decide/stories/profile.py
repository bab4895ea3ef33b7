"""What is compared of an article: its telling words, its title as a form, its publisher, its meaning."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from typing import TYPE_CHECKING, Final

from aggregator.decide.sites import host_of, is_public, site_of
from aggregator.decide.stories.templates import Form
from aggregator.decide.stories.words import words_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import numpy as np
    from numpy.typing import NDArray

    from aggregator.decide.stories.article import Article
    from aggregator.decide.stories.statistics import Statistics

_TITLE: Final = 2.0
"""Weight of a word of the title; in the text as well, that much more."""
_LEAD: Final = 1.0
_LEAD_WORDS: Final = 40
"""Words of the text that say what is new; what follows explains."""
_BODY: Final = 0.4
_IN_TEXT: Final = 0.5
"""What a word of the text proves, to one of the title."""
_VERSIONED: Final = 0.4
_IS_VERSION = re.compile(r"\d|[^\W\d_]{2,}\d")
"""A number, or a number after the name that is a word of its own as well; B200 is a name."""
_MOST_WORDS: Final = 64
"""The most telling words that are kept: they bound the cost of a comparison and the weight of a long text."""
_MOST_RARE: Final = 24


_EXAMPLES: Final = frozenset({"example.com", "example.net", "example.org"})
"""RFC 2606 section 3."""


@dataclass(frozen=True, slots=True, eq=False)
class Profile:
    """An article under one snapshot of the statistics."""

    article: Article
    weights: Mapping[str, float]
    """TF-IDF of its most telling words, as a vector of length 1."""
    evidence: Mapping[str, float]
    """How much each of them proves where another article has it: 1 for a word of the title that was never met."""
    rare: tuple[str, ...]
    """Those of them that are rare, the most telling first."""
    form: Form
    publisher: str
    """The site of its link; "" where that does not say who publishes it."""
    meaning: NDArray[np.float32] | None
    """Its embedding, centred."""


def profile_of(article: Article, statistics: Statistics) -> Profile:
    """Return what is compared of an article."""
    title = words_of(article.title)
    places = _places(title, words_of(article.text))
    for word in statistics.habits_of(article.feed).intersection(places):
        del places[word]
    news = dict(zip(places, statistics.weights(places), strict=True))
    weights = _telling(places, news)
    headline = frozenset(title)
    vector = article.vector
    return Profile(
        article,
        weights,
        _evidence(weights, headline, news),
        tuple(islice(statistics.rare(weights), _MOST_RARE)),
        Form.of(article.title),
        _publisher(host_of(article.link or "")),
        None if vector is None else statistics.centred(vector, article.language),
    )


def _telling(places: Mapping[str, float], news: Mapping[str, float]) -> dict[str, float]:
    """Return the weights of the most telling words, in falling order."""
    found = [(place * news[word], word) for word, place in places.items()]
    found.sort(reverse=True)
    del found[_MOST_WORDS:]
    length = math.sqrt(sum(weight * weight for weight, _ in found))
    return {word: weight / length for weight, word in found}


def _places(title: list[str], text: list[str]) -> dict[str, float]:
    """Return how prominently each word stands; repetition adds nothing."""
    places = dict.fromkeys(text[_LEAD_WORDS:], _BODY)
    places.update(dict.fromkeys(text[:_LEAD_WORDS], _LEAD))
    for word in set(title):
        places[word] = places.get(word, 0.0) + _TITLE
    return places


def _evidence(words: Iterable[str], headline: frozenset[str], news: Mapping[str, float]) -> dict[str, float]:
    """Return how much shared words prove; a version, beside the name with which it comes, hardly more."""
    found = {word: news[word] if word in headline else news[word] * _IN_TEXT for word in words}
    for word in words:
        if not word.isalpha() and _IS_VERSION.match(word):
            found[word] *= _VERSIONED
    return found


@lru_cache(maxsize=10_000)
def _publisher(host: str) -> str:
    """Return the site of a public host; behind a private address, or a name kept for examples, may be anybody."""
    site = site_of(host) if host else ""
    return site if is_public(host) and site not in _EXAMPLES else ""
