"""What is compared of an article."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aggregator.decide.stories.article import Article
from aggregator.decide.stories.profile import profile_of
from aggregator.decide.stories.statistics import Statistics

if TYPE_CHECKING:
    from collections.abc import Callable


def test_the_title_says_most(write: Callable[..., Article]) -> None:
    """A word weighs most in title and text, then in the title, then in the lead, least in what follows."""
    text = "volcano lagoon " + "strange filling " * 20 + "harbour"
    weights = profile_of(write("Volcano, glacier", text), Statistics()).weights
    assert weights["volcan"] > weights["glacie"] > weights["lagoon"] > weights["harbou"]
    assert math.hypot(*weights.values()) == pytest.approx(1.0)


def test_a_feeds_habits_are_left_out(write: Callable[..., Article]) -> None:
    """What a feed says under every article is compared with nothing, in that feed; elsewhere it counts."""
    statistics = Statistics(1, 100, habits={"https://f.example/": frozenset({"subscr"})})
    assert "subscr" not in profile_of(write("Volcano", "subscribe", feed="https://f.example/"), statistics).weights
    assert "subscr" in profile_of(write("Volcano", "subscribe"), statistics).weights


def test_rare_words_come_in_order(write: Callable[..., Article]) -> None:
    """The most telling word comes first, and common words are not among them."""
    profile = profile_of(write("Volcano glacier", "lagoon"), Statistics(1, 90, {"glacie": 60}))
    assert profile.rare == ("volcan", "lagoon")


@settings(deadline=None)
@given(st.text(max_size=300), st.text(max_size=3000))
def test_any_article_has_a_profile(title: str, text: str) -> None:
    """Nothing that a feed sends breaks a profile, and it stays small."""
    article = Article(1, title, text, datetime(2026, 4, 20, tzinfo=UTC), "feed", link="::bad::")
    profile = profile_of(article, Statistics())
    assert len(profile.weights) <= 64
    assert set(profile.evidence) == set(profile.weights)
    assert profile.publisher == ""
    assert profile.meaning is None
