"""Articles made for one test."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from aggregator.decide.canonical import canonical_url
from aggregator.decide.stories.article import Article
from aggregator.decide.stories.statistics import Statistics
from aggregator.decide.stories.window import Window

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from aggregator.decide.stories.grouping import Placement

START = datetime(2026, 4, 20, 12, tzinfo=UTC)


@pytest.fixture
def write() -> Callable[..., Article]:
    """Makes an article, each of a publisher of its own unless the test names one; `hours` is when, `toward` a vector."""
    keys = count(1)

    def make(
        title: str, text: str = "", *, hours: float = 0, toward: Iterable[float] | None = None, **more: Any
    ) -> Article:
        key = next(keys)
        vector = None if toward is None else np.array(list(toward), np.float32)
        given = {"key": key, "feed": f"https://p{key}.example/feed", "link": f"https://p{key}.example/a", **more}
        return Article(
            title=title,
            text=text,
            published=START + timedelta(hours=hours),
            vector=None if vector is None else vector / np.linalg.norm(vector),
            canonical=canonical_url(given["link"]),
            **given,
        )

    return make


class Desk:
    """A window that gives each article the story in which it is placed, or one of its own."""

    def __init__(self, statistics: Statistics | None = None) -> None:
        self.window = Window(statistics or Statistics())
        self.stories: dict[int, str] = {}

    def take(self, article: Article) -> Placement:
        placement = self.window.place(article)
        story = placement.story or f"story of {article.key}"
        self.window.add(replace(article, story=story))
        self.stories[article.key] = story
        return placement

    def together(self, *articles: Article) -> bool:
        """Take articles in this order, and tell whether they are one story."""
        for article in articles:
            self.take(article)
        return len({self.stories[article.key] for article in articles}) == 1


@pytest.fixture
def desk() -> Callable[..., Desk]:
    """Makes a desk, on a database that knows nothing yet unless the test gives statistics."""
    return Desk
