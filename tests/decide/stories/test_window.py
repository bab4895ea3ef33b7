"""The articles of the last days: which are found for a new one, and for how long."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aggregator.decide.stories.statistics import Statistics

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from aggregator.decide.stories.article import Article

ERUPTION = "Volcano erupts near Reykjavik, hundreds flee"
AGAIN = "Hundreds flee as volcano near Reykjavik erupts"


@pytest.mark.parametrize(("hours", "together"), [(0, True), (72, True), (-72, True), (72.1, False), (-72.1, False)])
def test_a_story_lasts_three_days(
    write: Callable[..., Article], desk: Callable[[], Any], hours: float, together: bool
) -> None:
    """Articles are of one story only within 72 hours of each other's dates."""
    assert desk().together(write(ERUPTION), write(AGAIN, hours=hours)) is together


def test_a_story_does_not_creep_on(write: Callable[..., Article], desk: Callable[[], Any]) -> None:
    """An article near the last of a story, and not the first, begins a new one: no chain grows without end."""
    ours = desk()
    assert ours.together(write(ERUPTION), write(AGAIN, hours=50))
    assert ours.take(write(AGAIN + ", again", hours=100)).story is None


def test_meaning_finds_what_words_do_not(write: Callable[..., Article], desk: Callable[[], Any]) -> None:
    """With embeddings an article joins a story with which it shares no word, where they are very close."""
    english, far = write("Volcano erupts", toward=(1, 0, 0.1)), write("Strike ends", toward=(0, 1, 0))
    japanese = write("火山が噴火", toward=(1, 0, 0))
    ours = desk()
    ours.take(far)
    ours.take(english)
    placed = ours.take(japanese)
    assert placed.story == ours.stories[english.key]
    assert placed.method == "words+meaning/1"
    assert placed.shared == ()
    ours.window.remove(english.key)
    assert ours.window.place(japanese).story is None


def test_a_window_knows_its_articles(write: Callable[..., Article], desk: Callable[[], Any]) -> None:
    """Articles are added, replaced by later forms, removed, and forgotten by date, with all that pointed to them."""
    window = desk().window
    like_old, strike = write(ERUPTION, toward=(1, 0)), "Strike ends in Naples"
    old, new = replace(write(ERUPTION, toward=(1, 0)), story="a"), replace(write(AGAIN, hours=9, link=None), story="a")
    window.add(old)
    assert window.place(like_old).closest == old.key
    window.add(new)
    assert (len(window), old.key in window) == (2, True)
    window.add(replace(old, title=strike, story="b"))
    assert len(window) == 2
    assert (window.place(like_old).story, window.place(like_old).closest) == ("a", new.key)
    assert window.place(write(strike)).story == "b"
    window.remove(999)
    window.forget(new.published)
    assert (len(window), old.key in window, new.key in window) == (1, False, True)
    assert window.place(write(strike)).closest is None
    window.remove(new.key)
    assert (len(window), window.place(like_old).closest) == (0, None)
    assert not window._listed
    assert not window._stories
    with pytest.raises(ValueError, match="no story"):
        window.add(replace(new, story=None))


def test_an_article_is_not_compared_with_itself(write: Callable[..., Article], desk: Callable[[], Any]) -> None:
    """Placing anew an article that is there asks where it would belong without itself."""
    ours = desk()
    first, second = write(ERUPTION), write(AGAIN, link="https://one.example/a")
    assert ours.together(first, second)
    assert ours.window.place(second).story == ours.stories[first.key]
    ours.window.remove(first.key)
    assert ours.window.place(second).story is None
    changed = replace(second, title="Strike ends in Naples")
    assert ours.window.place(changed).story is None


def test_a_word_of_everybody_finds_nothing(write: Callable[..., Article], desk: Callable[..., Any]) -> None:
    """A word that fills the window does not make the whole window candidates: it costs nothing to meet it again."""
    ours = desk(Statistics(1, 100_000, {"volcan": 400}))
    for number in range(301):
        ours.take(write(f"Volcano {chr(97 + number % 26)}{number // 26}w"))
    assert ours.take(write("Volcano")).closest is None


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.lists(
                st.sampled_from(["volcano", "reykjavik", "erupts", "lima", "floods", "zeta-1", "zeta-2"]), min_size=1
            ),
            st.integers(0, 200),
        ),
        max_size=14,
    )
)
def test_stories_hold_together(
    write: Callable[..., Article], desk: Callable[[], Any], said: list[tuple[list[str], int]]
) -> None:
    """Whatever comes, articles of one story lie within 72 hours and are no filled forms, and placing has no effect."""
    ours = desk()
    articles = [write(" ".join(words), hours=hours) for words, hours in said]
    for article in articles:
        assert ours.window.place(article) == ours.take(article)
    for one in articles:
        for other in articles:
            if ours.stories[one.key] == ours.stories[other.key]:
                assert abs(one.published - other.published) <= timedelta(hours=72)
