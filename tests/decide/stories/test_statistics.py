"""Snapshots of how common words are."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aggregator.decide.stories import statistics as module
from aggregator.decide.stories.article import Article
from aggregator.decide.stories.statistics import Statistics

if TYPE_CHECKING:
    from collections.abc import Callable


def test_a_word_says_less_the_more_often_it_is_met(write: Callable[..., Article]) -> None:
    """Weights fall with the number of articles, from 1 for a word met once at most."""
    articles = [write("volcano" if number % 4 else "volcano glacier") for number in range(40)]
    counted = Statistics.of([*articles, write("lagoon")], version=3)
    assert counted.version == 3
    assert counted.documents == 41
    assert counted.weight("lagoon") == counted.weight("never met") == 1.0
    assert 1.0 > counted.weight("glacie") > counted.weight("volcan") > 0.0


def test_words_of_the_trade_are_common_from_the_start() -> None:
    """A database that has seen nothing yet knows that `OpenAI` says little, and a word that it never met much."""
    empty = Statistics()
    assert empty.weight("openai") < 0.6
    assert empty.weight("reykja") == 1.0


@pytest.mark.parametrize(
    ("count", "documents", "rare"), [(15, 20, True), (16, 20, False), (25, 1000, True), (26, 1000, False)]
)
def test_a_rare_word_is_in_few_articles(count: int, documents: int, rare: bool) -> None:
    """A word is rare in one article of forty, or in fifteen however few there are."""
    found = Statistics(1, documents, {"volcan": count}).rare(["volcan", "lagoon"])
    assert list(found) == (["volcan", "lagoon"] if rare else ["lagoon"])


def test_what_a_feed_repeats_is_its_habit(write: Callable[..., Article]) -> None:
    """A signature that stands under every article is known as such; the word of one story, and a small feed's, are not."""
    signed = [
        write(f"{chr(97 + number % 26)}{number // 26}q", "Subscribe to Gazette", feed="https://gazette.example/")
        for number in range(30)
    ]
    small = [write("glacier", "Ours", feed="https://small.example/") for _ in range(11)]
    counted = Statistics.of([*signed, *small], version=1)
    assert counted.habits_of("https://gazette.example/") == {"subscr", "gazett"}
    assert counted.habits_of("https://small.example/") == frozenset()
    assert counted.habits_of("https://unknown.example/") == frozenset()


def test_a_language_has_its_mean(write: Callable[..., Article]) -> None:
    """Embeddings are seen from their language's mean; where that is unknown, from the mean of all."""
    english = [write("a", toward=(10, 1, number % 2), language="en-GB") for number in range(20)]
    french = [write("b", toward=(1, 10, number % 2), language="fr") for number in range(20)]
    few = [write("c", toward=(1, 1, 1), language="de") for _ in range(3)]
    counted = Statistics.of([*english, *french, *few, write("d")], version=1)
    assert set(counted.means) == {"", "en", "fr"}
    vectors = [each.vector for each in (english[0], english[1], french[0])]
    one, two, other = (vector for vector in vectors if vector is not None)
    assert one @ two > 0.9
    assert counted.centred(one, "en") @ counted.centred(two, "EN-us") < 0
    assert counted.centred(one, "en") @ counted.centred(other, "fr") > 0.9
    assert np.linalg.norm(counted.centred(one, None)) == pytest.approx(1.0)


def test_a_vector_is_left_as_it_is_without_means() -> None:
    """A database that knows no mean yet compares embeddings as they are; a vector of nothing stays one."""
    assert Statistics().centred(np.array([3, 4], np.float32), "en") == pytest.approx([0.6, 0.8])
    assert Statistics().centred(np.zeros(2, np.float32), None) == pytest.approx([0.0, 0.0])


def test_a_snapshot_is_stored_and_read(write: Callable[..., Article]) -> None:
    """What is written as JSON is read as the same snapshot."""
    articles = [write("volcano", toward=(1, number), language="is", feed="https://x.example/") for number in range(30)]
    counted = Statistics.of(articles, version=7)
    read = Statistics.from_json(json.loads(json.dumps(counted.to_json())))
    assert (read.version, read.documents, read.counts, read.habits) == (7, 30, {"volcan": 30}, counted.habits)
    assert read.means["is"] == pytest.approx(counted.means["is"])


def test_a_snapshot_is_bounded(write: Callable[..., Article], monkeypatch: pytest.MonkeyPatch) -> None:
    """Words met once are not kept, nor more than there is room for, the commonest first."""
    monkeypatch.setattr(module, "_MOST_COUNTS", 2)
    counted = Statistics.of([write("aa bb cc dd"), write("aa bb cc"), write("aa bb")], version=1)
    assert counted.counts == {"aa": 3, "bb": 3}
    assert Statistics.of([write("aa"), write("bb")], version=1).counts == {}


@settings(deadline=None)
@given(st.permutations(["volcano erupts", "glacier melts", "volcano sleeps", "lagoon"]))
def test_order_makes_no_other_snapshot(titles: list[str]) -> None:
    """Articles are counted, in whatever order they came."""
    first = Article(0, "", "", datetime(2026, 4, 20, tzinfo=UTC), "https://x.example/")
    counted = Statistics.of((replace(first, title=title) for title in titles), version=1)
    assert counted.counts == {"volcan": 2}


def test_weights_that_were_forgotten_are_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    """So many weights are remembered; the others are made again, and are what they were."""
    monkeypatch.setattr(module, "_MOST_WEIGHTS", 2)
    words = ["volcan", "lagoon", "glacie"]
    counted = Statistics(1, 50, {"volcan": 20, "lagoon": 3})
    assert list(counted.weights(words)) == list(counted.weights(words)) == [counted.weight(word) for word in words]
    assert len(counted._weights) <= 2
