"""The story stage: which news each entry tells, decided one after the other, the oldest first, in the one writer.

    stories.waiting            entries whose story is undecided
      | links.linked_to        the same link under another title: one story, by exact evidence
      | window.place           added-up evidence against the articles of three days before and after
      | stories.decide         the story with its reasons

What is compared with stays in memory between two steps; it is read from the store where it is missing, and thrown
away when a step fails, so that memory never knows more than the store.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from aggregator.decide.stories.links import linked_to, tells_of
from aggregator.decide.stories.relations import Relation
from aggregator.decide.stories.statistics import Statistics
from aggregator.decide.stories.window import SPAN, Window
from aggregator.model import Kinship
from aggregator.store.stories import Decision

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from aggregator.decide.stories.article import Article
    from aggregator.store.protocols import Transaction
    from aggregator.store.stories import Waiting

STEP = 100
"""Entries decided in one transaction: results of polls are written between two."""
_MOST = 20_000
"""Articles in memory, beyond which those are dropped that are too old to be compared with."""
_SAMPLE = 20_000
"""Articles, the latest, whose words are counted."""
_FEW, _SHARE, _MANY = 50, 0.25, 5_000
"""Words are counted again when the articles have grown by a quarter, by 50 at least and by 5,000 at most."""


@dataclass(slots=True)
class Step:
    """What a step came to."""

    decided: list[Decision] = field(default_factory=list)
    stories: set[str] = field(default_factory=set)
    """Keys of the stories that gained or lost an entry."""
    left: bool = False
    """There is more to do."""


class Grouping:
    """Decides stories; one thread at a time may use it, inside the writer's transaction."""

    def __init__(self, model: str | None = None) -> None:
        """Take the name of the embedder whose vectors are used, if one is."""
        self.model = model
        self._window: Window | None = None
        self._first: datetime | None = None
        self._last: datetime | None = None
        self._known: tuple[Statistics, int] | None = None

    def forget(self) -> None:
        """Drop what is in memory: it is read again."""
        self._window = self._known = None

    def step(self, tx: Transaction, now: datetime, *, limit: int = STEP) -> Step:
        """Decide the stories of some entries."""
        waiting = tx.stories.waiting(limit=limit, model=self.model)
        step = Step(left=len(waiting) == limit)
        if not waiting:
            return step
        self._count_words(tx, now)
        for one in waiting:
            if one.edited:
                self._read_again(one)
            else:
                decision = self._decide(tx, one)
                tx.stories.decide([decision], now)  # at once: the next may have its link
                step.decided.append(decision)
                step.stories |= {one.until_now, decision.story}
        tx.stories.read_again([one.article.key for one in waiting if one.edited])
        return step

    def _count_words(self, tx: Transaction, now: datetime) -> None:
        """Take the statistics of the latest snapshot, or of a new one when the articles have become many more."""
        if self._known is None:
            self._known = tx.stories.snapshot()
        last = next((article.key for article in tx.stories.latest(1)), 0)
        if self._known is None or last - self._known[1] >= _growth(self._known[0]):
            version = self._known[0].version + 1 if self._known else 1
            statistics = Statistics.of(tx.stories.latest(_SAMPLE, model=self.model), version=version)
            tx.stories.keep_snapshot(statistics, last, now)
            self._known, self._window = (statistics, last), None
        if self._window is None:
            self._window, self._first, self._last = Window(self._known[0]), None, None

    def _decide(self, tx: Transaction, one: Waiting) -> Decision:
        window = self._around(tx, one.article)
        decision = self._by_hand(tx, one) or self._by_link(tx, one) or self._by_words(window, one)
        window.add(replace(one.article, story=decision.story))
        return decision

    def _by_hand(self, tx: Transaction, one: Waiting) -> Decision | None:
        joined = tx.kinships.joined(one.article.key)
        return Decision(one.article.key, joined[0][1], "by hand", 1.0, closest=joined[0][0]) if joined else None

    def _by_link(self, tx: Transaction, one: Waiting) -> Decision | None:
        article = one.article
        others = [other for other in tx.stories.linked(article.canonical or "") if other.key != article.key]
        other = linked_to(article, others)
        if other is None or other.story is None:
            return None
        related = (Relation(Kinship.LINKS_TO, other.key),) if tells_of(article, other) else ()
        return Decision(article.key, other.story, "same link", 1.0, closest=other.key, relations=related)

    def _by_words(self, window: Window, one: Waiting) -> Decision:
        found = window.place(one.article)
        return Decision(
            one.article.key,
            found.story or one.founds,
            found.method,
            found.score,
            found.closest,
            found.shared,
            window.statistics.version,
            found.relations,
        )

    def _read_again(self, one: Waiting) -> None:
        if self._window is not None and one.article.key in self._window:
            self._window.replace(one.article)

    def _around(self, tx: Transaction, article: Article) -> Window:
        """Return the window, with all articles in it that this one is to be compared with."""
        assert self._window is not None  # noqa: S101 - _count_words has made it
        first, last = article.published - SPAN, article.published + SPAN
        if self._first is None or self._last is None or first > self._last or last < self._first:
            self._window = Window(self._window.statistics)
            self._first = self._last = first
        if len(self._window) > _MOST and first > self._first:
            self._window.forget(first)
            self._first = first
        if first < self._first:
            self._add(tx.stories.around(first, self._first, model=self.model))
            self._first = first
        if last > self._last:
            self._add(tx.stories.around(self._last, last, model=self.model))
            self._last = last
        return self._window

    def _add(self, articles: Iterable[Article]) -> None:
        for article in articles:
            self._window.add(article)  # type: ignore[union-attr]


def _growth(statistics: Statistics) -> float:
    return max(_FEW, min(statistics.documents * _SHARE, _MANY))
