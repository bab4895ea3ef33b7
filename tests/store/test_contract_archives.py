"""The contract of archives.Archives, on every backend."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from aggregator.config.settings import FeedSettings
from aggregator.store.archives import Additions, Month
from aggregator.store.stories import Decision

if TYPE_CHECKING:
    from collections.abc import Callable

    from aggregator.model import Item

NEW_YEAR = datetime(2026, 1, 1, tzinfo=UTC)
INSTANT = timedelta(milliseconds=1)
A, B = "https://a.example/feed", "https://b.example/feed"


@pytest.fixture
def keys(desk: Any, item: Callable[..., Item]) -> list[int]:
    """Keys of three entries of A and one of B, which is private; the last two were released on New Year's Day."""
    desk.sync(A, FeedSettings(url=B, private=True))
    keys = [*desk.keep(A, *(item(number) for number in range(3))), *desk.keep(B, item(3))]
    desk.release("all", keys[1], keys[0], at=NEW_YEAR - INSTANT)
    desk.release("all", *keys[2:], at=NEW_YEAR)
    desk.release("labs", keys[0], at=NEW_YEAR)
    return keys


def test_months_by_time_of_release(desk: Any, keys: list[int]) -> None:
    """A release belongs to the month (UTC) of its millisecond; outputs are apart, months without releases are none."""
    with desk.store.snapshot() as tx:
        assert tx.archives.months("all") == [
            Month("2025-12", NEW_YEAR - INSTANT, frozenset()),
            Month("2026-01", NEW_YEAR, frozenset()),
        ]
        assert tx.archives.months("labs") == [Month("2026-01", NEW_YEAR, frozenset())]
        assert tx.archives.months("nowhere") == []
    desk.release("labs", keys[1], at=NEW_YEAR.replace(year=2031, month=12))
    desk.release("labs", keys[2], at=NEW_YEAR.replace(year=2031, month=12) + INSTANT)
    with desk.store.snapshot() as tx:
        assert [(month.name, month.last.day) for month in tx.archives.months("labs")] == [
            ("2026-01", 1),
            ("2031-12", 1),
        ]


def test_what_was_added(desk: Any, keys: list[int]) -> None:
    """What came after a release is told by its number, also where it is dated in an earlier month."""
    with desk.store.snapshot() as tx:
        everything = tx.archives.added("all", 0)
        assert everything.months == {"2025-12", "2026-01"}
        assert (tx.archives.newest("all"), tx.archives.newest("nowhere")) == (everything.last, 0)
        assert tx.archives.added("all", everything.last) == Additions(everything.last, frozenset())
        before = tx.archives.added("labs", 0)
    desk.release("labs", keys[1], at=NEW_YEAR - INSTANT)
    with desk.store.snapshot() as tx:
        assert tx.archives.added("labs", before.last) == Additions(before.last + 1, frozenset({"2025-12"}))
        assert tx.archives.added("nowhere", 0) == Additions(0, frozenset())


def test_places_in_the_order_of_release(desk: Any, keys: list[int]) -> None:
    """A month's entries come as they were released, with their ids; a month without releases has none."""
    with desk.store.snapshot() as tx:
        december = tx.archives.places("all", "2025-12", private=False)
        assert [(place.key, place.id, place.released_at) for place in december] == [
            (key, entry.id, NEW_YEAR - INSTANT)
            for key, entry in zip([keys[1], keys[0]], tx.archives.entries([keys[1], keys[0]]), strict=True)
        ]
        assert [place.key for place in tx.archives.places("all", "2026-01", private=True)] == keys[2:]
        assert [place.key for place in tx.archives.places("all", "2026-01", private=False)] == [keys[2]]
        assert tx.archives.places("all", "2026-02", private=True) == []


def test_what_was_withdrawn_is_left_out(desk: Any, keys: list[int]) -> None:
    """It counts for nothing but the existence of its month."""
    with desk.store.transaction() as tx:
        for key in keys[:3]:
            tx.kinships.withdraw(key, NEW_YEAR)
    with desk.store.snapshot() as tx:
        assert [month.gone for month in tx.archives.months("all")] == [{keys[0], keys[1]}, {keys[2]}]
        assert [month.gone for month in tx.archives.months("labs")] == [{keys[0]}]
        assert tx.archives.places("all", "2025-12", private=True) == []


def test_stories_that_lost_an_article(desk: Any, keys: list[int]) -> None:
    """Of a story whose article was withdrawn, what is left of it is named, in the outputs that released it."""
    story = desk.entry("https://news.example/0").story
    with desk.store.transaction() as tx:
        tx.stories.decide([Decision(keys[1], story, "by hand", 1.0)], NEW_YEAR)
        assert tx.archives.bereft("all") == frozenset()
        tx.kinships.withdraw(keys[1], NEW_YEAR)
    with desk.store.snapshot() as tx:
        assert tx.archives.bereft("all") == tx.archives.bereft("labs") == {keys[0]}
        assert tx.archives.bereft("nowhere") == frozenset()
