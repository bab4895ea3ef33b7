"""The story stage: which news each entry tells, decided one after the other, the oldest first, in the one writer.

    stories.waiting            entries whose story is undecided
      | links.linked_to        the same link under another title: one story, by exact evidence
      | window.place           added-up evidence against the articles of three days before and after
      | stories.decide         the story with its reasons

What is compared with stays in memory between two steps; it is read from the store where it is missing, and thrown
away when a step fails, so that memory never knows more than the store.

An article that cannot be compared, by a mistake of ours, is told once and stays in its own story: the others go on.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import takewhile
from typing import TYPE_CHECKING

import structlog

from aggregator.decide.stories.links import linked_to, tells_of
from aggregator.decide.stories.relations import Relation
from aggregator.decide.stories.statistics import Statistics
from aggregator.decide.stories.window import APART, Window
from aggregator.kinship import Kinship
from aggregator.store.stories import Decision

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from aggregator.decide.stories.article import Article
    from aggregator.decide.stories.grouping import Placement
    from aggregator.store.protocols import Transaction
    from aggregator.store.stories import Waiting

_log = structlog.get_logger(__name__)

STEP = 100
"""Entries decided in one transaction: results of polls are written between two."""
_MOST = 20_000
"""Articles in memory, beyond which those are dropped that are too old to be compared with."""
_MOMENT = timedelta(milliseconds=1)
"""The store's unit of time: its spans are half open, ours are not."""
_AHEAD = timedelta(hours=6)
"""How far beyond what is needed articles are read: the next ones of a step mostly need them."""
_SAMPLE = 10_000
"""Articles, the latest, whose words are counted; and so many newer ones make it time to count again."""
_FEW, _SHARE = 50, 0.5
"""While there are fewer, words are counted again when the articles have grown by a half, by 50 at least."""


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
        self._known: tuple[Statistics, int] | None = None
        self._near: _Surroundings | None = None
        self._odd: set[int] = set()

    def forget(self) -> None:
        """Drop what is in memory: it is read again."""
        self._known = self._near = None

    def step(self, tx: Transaction, now: datetime, *, limit: int = STEP, mute: Collection[int] = frozenset()) -> Step:
        """Decide the stories of some entries, up to the first that waits for its vector; those of `mute` get none."""
        found = tx.stories.waiting(limit=limit, model=self.model)
        waiting = list(takewhile(lambda one: self._is_read(one, mute), found))
        step = Step(left=len(found) == limit or len(waiting) < len(found))
        if waiting:
            self._take(tx, waiting, step, now)
        return step

    def _is_read(self, one: Waiting, mute: Collection[int]) -> bool:
        return self.model is None or one.article.vector is not None or one.article.key in mute

    def _take(self, tx: Transaction, waiting: list[Waiting], step: Step, now: datetime) -> None:
        statistics = self._statistics(tx, now)
        near = self._near = self._near or _Surroundings(statistics, self.model, self._odd)
        desk = _Desk(tx, now)
        near.begin(waiting[-1].article.published)
        for one in waiting:
            if one.edited:
                near.read_again(one)
            else:
                decision = _decide(desk, one, near)
                desk.decided.append(decision)
                step.decided.append(decision)
                step.stories |= {one.until_now, decision.story}
        desk.write()
        tx.stories.read_again([one.article.key for one in waiting if one.edited])

    def _statistics(self, tx: Transaction, now: datetime) -> Statistics:
        """Return the statistics of the latest snapshot, or of a new one when the articles have become many more."""
        known = self._known or tx.stories.snapshot()
        last = next((article.key for article in tx.stories.latest(1)), 0)
        if known is None or last - known[1] >= _growth(known[0].documents):
            known = self._counted(tx, known[0] if known else Statistics()), last
            tx.stories.keep_snapshot(known[0], last, now)
            self._near = None
        self._known = known
        return known[0]

    def _counted(self, tx: Transaction, before: Statistics) -> Statistics:
        """Return newer statistics; the old ones under a new number when an article cannot be counted."""
        try:
            return Statistics.of(tx.stories.latest(_SAMPLE, model=self.model), version=before.version + 1)
        except Exception:  # noqa: BLE001 - stories are decided all the same
            _log.critical("stories.words_not_counted", exc_info=True)
            return replace(before, version=before.version + 1)


def _growth(documents: int) -> float:
    """Return how many new articles make it time to count words again."""
    return max(_FEW, documents * _SHARE) if documents < _SAMPLE else _SAMPLE


class _Desk:
    """The store within a step: what was decided is written together, before anything is read that may tell of it."""

    def __init__(self, tx: Transaction, now: datetime) -> None:
        self._tx = tx
        self._now = now
        self.decided: list[Decision] = []
        """Not written yet."""

    def write(self) -> Transaction:
        """Write what was decided; return the store, which now knows it."""
        if self.decided:
            self._tx.stories.decide(self.decided, self._now)
            self.decided.clear()
        return self._tx


class _Surroundings:
    """The articles that those being decided are compared with: a window that follows their dates."""

    def __init__(self, statistics: Statistics, model: str | None, odd: set[int]) -> None:
        self.statistics = statistics
        self._model = model
        self._odd = odd
        """Articles of which it was told that they cannot be compared."""
        self._window = Window(statistics)
        self._first = self._last = datetime.min.replace(tzinfo=UTC)
        """The window knows what was published from the first up to the last."""
        self._furthest = self._last
        """To here the articles of a step are compared."""
        self._ahead: deque[Article] = deque()
        """Read already, of what was published from the last up to `_read_to`, the oldest first."""
        self._read_to: datetime | None = None

    def begin(self, latest: datetime) -> None:
        """Begin a step, whose latest article has this date; what was read ahead may have changed."""
        self._furthest = latest + APART + _MOMENT
        self._read_to = None

    def place(self, desk: _Desk, article: Article) -> Placement | None:
        """Return where an article belongs, by the articles near it; None when it cannot be compared."""
        self._move(desk, article)
        try:
            return self._window.place(article)
        except Exception:  # noqa: BLE001 - see the module
            self._note(article)
        return None

    def add(self, article: Article) -> None:
        """Take an article whose story is decided."""
        if article.published >= self._last:
            self._read_to = None  # it belongs to what is ahead
        self._add(article)

    def _add(self, article: Article) -> None:
        try:
            self._window.add(article)
        except Exception:  # noqa: BLE001 - see the module
            self._note(article)

    def _note(self, article: Article) -> None:
        if article.key not in self._odd:
            _log.critical("stories.not_compared", entry=article.key, title=article.title, exc_info=True)
        self._odd.add(article.key)

    def _move(self, desk: _Desk, article: Article) -> None:
        """Have all articles in the window that this one is to be compared with."""
        first, last = article.published - APART, article.published + APART + _MOMENT
        if first > self._last or last < self._first:
            self._window, self._first, self._last, self._read_to = Window(self.statistics), first, first, None
        if len(self._window) > _MOST and first > self._first:
            self._window.forget(first)
            self._first = first
        if first < self._first:
            self._take(self._around(desk, first, self._first))
            self._first = first
        if last > self._last:
            self._take(self._up_to(desk, last))
            self._last = last

    def read_again(self, one: Waiting) -> None:
        """Take an edited article as it is now, if it is among them."""
        if one.article.key in self._window:
            self.add(replace(one.article, story=one.until_now))

    def _up_to(self, desk: _Desk, last: datetime) -> Iterator[Article]:
        """Give the articles from the window's last moment on; they are read for the whole step, as far as is sensible.

        Most articles of a step move the window by seconds, and there is mostly nothing there.
        """
        if self._read_to is None or self._read_to < last:
            self._read_to = max(last, min(self._furthest, last + _AHEAD))
            self._ahead = deque(self._around(desk, self._last, self._read_to))
        while self._ahead and self._ahead[0].published < last:
            yield self._ahead.popleft()

    def _around(self, desk: _Desk, first: datetime, last: datetime) -> list[Article]:
        return desk.write().stories.around(first, last, model=self._model)

    def _take(self, articles: Iterable[Article]) -> None:
        for article in articles:
            self._add(article)


def _decide(desk: _Desk, one: Waiting, near: _Surroundings) -> Decision:
    decision = _by_hand(desk, one) or _by_link(desk, one) or _by_words(desk, one, near)
    near.add(replace(one.article, story=decision.story))
    return decision


def _by_hand(desk: _Desk, one: Waiting) -> Decision | None:
    joined = desk.write().kinships.joined(one.article.key) if one.by_hand else []
    return Decision(one.article.key, joined[0][1], "by hand", 1.0, closest=joined[0][0]) if joined else None


def _by_link(desk: _Desk, one: Waiting) -> Decision | None:
    if not one.linked:
        return None
    tx, article = desk.write(), one.article
    others = [other for other in tx.stories.linked(article.canonical or "") if other.key != article.key]
    other = linked_to(article, others)
    if other is None or other.story is None or not article.apart.isdisjoint(tx.kinships.keys_of_story(other.key)):
        return None
    related = (Relation(Kinship.LINKS_TO, other.key),) if tells_of(article, other) else ()
    return Decision(article.key, other.story, "same link", 1.0, closest=other.key, relations=related)


def _by_words(desk: _Desk, one: Waiting, near: _Surroundings) -> Decision:
    found = near.place(desk, one.article)
    if found is None:
        return Decision(one.article.key, one.founds, "first")
    method = found.method if found.story else "first"
    return Decision(
        one.article.key,
        found.story or one.founds,
        method,
        found.score,
        found.closest,
        found.shared,
        near.statistics.version,
        found.relations,
    )
