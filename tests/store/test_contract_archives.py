"""The contract of archives.Archives, on every backend."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from aggregator.config.settings import FeedSettings
from aggregator.decide.months import Part, Parts
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


def test_releases_by_number(desk: Any, keys: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    """What an output released comes in the order of its numbers, after any of them, read in batches."""
    monkeypatch.setattr("aggregator.store.sql.archives.BATCH", 3)
    with desk.store.snapshot() as tx:
        everything = list(tx.archives.released("all", 0))
        assert [at for _, at in everything] == [NEW_YEAR - INSTANT] * 2 + [NEW_YEAR] * 2
        assert everything == sorted(everything)
        for place, (number, _) in enumerate(everything, 1):
            assert list(tx.archives.released("all", number)) == everything[place:]
        assert list(tx.archives.released("nowhere", 0)) == []
    desk.release("labs", keys[1], at=NEW_YEAR - INSTANT)
    with desk.store.snapshot() as tx:
        assert [at for _, at in tx.archives.released("labs", 0)] == [NEW_YEAR, NEW_YEAR - INSTANT]


def parts_of(tx: Any, output: str, size: int = 9) -> list[Part]:
    """Return the parts that an output's releases make."""
    parts = Parts(size)
    parts.add(tx.archives.released(output, 0))
    return parts.all()


def test_places_in_the_order_of_release(desk: Any, keys: list[int]) -> None:
    """A month's entries come as they were released, with their ids, those of private sources where they may."""
    with desk.store.snapshot() as tx:
        december, january = parts_of(tx, "all")
        assert [
            (place.key, place.id, place.released_at) for place in tx.archives.places("all", december, private=False)
        ] == [
            (key, entry.id, NEW_YEAR - INSTANT)
            for key, entry in zip([keys[1], keys[0]], tx.archives.entries([keys[1], keys[0]]), strict=True)
        ]
        assert [place.key for place in tx.archives.places("all", january, private=True)] == keys[2:]
        assert [place.key for place in tx.archives.places("all", january, private=False)] == [keys[2]]


def test_places_of_a_part(desk: Any, keys: list[int]) -> None:
    """A part has its own releases alone, also where others of its month came after those of a later one."""
    desk.release("labs", keys[1], at=NEW_YEAR.replace(month=2))
    desk.release("labs", keys[2], at=NEW_YEAR + INSTANT)
    desk.release("labs", keys[3], at=NEW_YEAR)
    with desk.store.snapshot() as tx:
        parts = parts_of(tx, "labs", size=2)
        assert [part.name for part in parts] == ["2026-01", "2026-01-2", "2026-02"]
        places = [tx.archives.places("labs", part, private=True) for part in parts]
        assert [[place.key for place in part] for part in places] == [[keys[0], keys[2]], [keys[3]], [keys[1]]]


def test_what_was_withdrawn_is_left_out(desk: Any, keys: list[int]) -> None:
    """It is named with its release, and counts for nothing but the existence of its month."""
    with desk.store.transaction() as tx:
        for key in keys[:3]:
            tx.kinships.withdraw(key, NEW_YEAR)
    with desk.store.snapshot() as tx:
        gone = {one.key: (one.number, one.released_at) for one in tx.archives.withdrawn("all")}
        assert gone == dict(zip([keys[1], keys[0], keys[2]], tx.archives.released("all", 0), strict=False))
        assert [one.key for one in tx.archives.withdrawn("labs")] == [keys[0]]
        assert tx.archives.places("all", parts_of(tx, "all")[0], private=True) == []


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
