"""To which of the stories at hand an article belongs, if to any."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from aggregator.decide.stories.relations import Relation
from aggregator.decide.stories.statistics import Statistics
from aggregator.kinship import Kinship

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from aggregator.decide.stories.article import Article

ERUPTION = "Volcano erupts near Reykjavik, hundreds flee"
AGAIN = "Hundreds flee as volcano near Reykjavik erupts"


def test_two_tellings_are_one_story(write: Callable[..., Article], desk: Callable[[], Any]) -> None:
    """The second article joins the story of the first, and says why."""
    ours = desk()
    first, second = write(ERUPTION), write(AGAIN)
    begun, joined = ours.take(first), ours.take(second)
    assert (begun.story, begun.score, begun.closest, begun.shared) == (None, 0.0, None, ())
    assert joined.story == ours.stories[first.key]
    assert joined.score > 1
    assert joined.method == "words/1"
    assert joined.closest == first.key
    assert {"volcan", "reykja"} <= set(joined.shared)
    assert joined.relations == ()


def test_an_unlike_article_says_what_came_closest(write: Callable[..., Article], desk: Callable[[], Any]) -> None:
    """What begins a story of its own still tells which article it was closest to."""
    ours = desk()
    first = write(ERUPTION)
    ours.take(first)
    alone = ours.take(write("Volcano museum opens its doors in Naples after repairs"))
    assert alone.story is None
    assert alone.score > 0
    assert alone.closest == first.key


def test_a_story_takes_by_its_mean(write: Callable[..., Article], desk: Callable[[], Any]) -> None:
    """Of two stories, the one whose articles are more like it in the mean takes an article."""
    ours = desk()
    eruption, floods = write(ERUPTION), write("Floods hit Lima after glacier melts")
    ours.take(eruption)
    ours.take(floods)
    assert (
        ours.take(write("Lima under water: glacier sends floods after volcano night")).story == ours.stories[floods.key]
    )
    assert ours.take(write(AGAIN)).story == ours.stories[eruption.key]


def test_what_all_of_a_story_say_is_proof(write: Callable[..., Article], desk: Callable[[], Any]) -> None:
    """One name, no proof between two headlines, is enough where it is all that a story's articles share."""
    titles = ["Smorgasburg sales weak in winter", "Smorgasburg sales fell", "Weak harbour for Smorgasburg"]
    ours = desk()
    assert ours.together(*(write(title) for title in titles))
    late = write("Smorgasburg tries breakfast")
    assert ours.take(late).story is not None
    lone = desk()
    lone.take(write(titles[0]))
    assert lone.take(late).story is None


def test_a_copied_pair_shares_everything(write: Callable[..., Article], desk: Callable[[], Any]) -> None:
    """One word of a headline that two sites carry is not what makes the story of the two."""
    ours = desk()
    ours.take(write("Smorgasburg opens lagoon harbour"))
    ours.take(write("Smorgasburg opens lagoon harbour"))
    assert ours.take(write("Smorgasburg breakfast")).story is None


def test_numbers_of_a_series_are_news_each(write: Callable[..., Article], desk: Callable[[], Any]) -> None:
    """Releases and roundups of one feed never group, however alike they read."""
    ours = desk()
    for number in range(5, 9):
        text = "The release fixes crashes and speeds up the harbour plugin."
        assert ours.take(write(f"Zetamax 2.1.{number}", text, feed="https://z.example/")).story is None


def test_what_was_split_stays_apart(write: Callable[..., Article], desk: Callable[[], Any]) -> None:
    """An article does not come back to a story with one from which the operator split it."""
    first, second = write(ERUPTION), write(AGAIN)
    assert not desk().together(first, replace(second, apart=frozenset({first.key})))
    assert not desk().together(replace(first, apart=frozenset({second.key})), second)


def test_relations_are_told(write: Callable[..., Article], desk: Callable[[], Any]) -> None:
    """An article that joins a story as a copy of one of its articles says of which."""
    text = " ".join(f"{chr(97 + number)}{chr(98 + number % 7)}k stood" for number in range(26))
    ours = desk()
    first = write(ERUPTION, text)
    ours.take(first)
    assert ours.take(write(ERUPTION, text)).relations == (Relation(Kinship.COPY, first.key),)


def test_a_large_story_is_compared_in_part(write: Callable[..., Article], desk: Callable[[], Any]) -> None:
    """A story of more articles than are compared still takes the next, and closest is the oldest of equals."""
    ours = desk()
    articles = [write(ERUPTION) for _ in range(40)]
    assert ours.together(*articles)
    assert ours.take(write(ERUPTION)).closest == articles[0].key


def test_hours_of_a_large_story(write: Callable[..., Article], desk: Callable[[], Any]) -> None:
    """Of a large story the articles nearest in time are looked at."""
    ours = desk()
    assert ours.together(*(write(ERUPTION, hours=number) for number in range(40)))
    last = write(ERUPTION, hours=41)
    assert ours.take(last).closest == 9


@pytest.mark.parametrize("size", [2, 5])
def test_a_young_database_behaves(write: Callable[..., Article], desk: Callable[..., Any], size: int) -> None:
    """With a handful of articles in all, unlike ones stay apart and like ones meet."""
    titles = [
        "OpenAI launches a new AI model for developers",
        "Google launches AI assistant for developers",
        "Anthropic releases a new AI agent",
        "Microsoft says AI tools help people work",
        "Meta announces new AI chips",
    ][:size]
    articles = [write(title) for title in titles]
    ours = desk(Statistics.of(articles, version=1))
    assert all(ours.take(article).story is None for article in articles)
    ours.take(write(ERUPTION))
    assert ours.take(write(AGAIN)).story is not None
