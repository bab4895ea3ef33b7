"""The contract of store.releases.Releases, on every backend."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from aggregator.model import Item

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
A, B = "https://a.example/feed", "https://b.example/feed"


@pytest.fixture
def keys(desk: Any, item: Callable[..., Item]) -> list[int]:
    """Keys of five entries of A and one of B."""
    desk.sync(A, B)
    return [*desk.keep(A, *(item(number) for number in range(5))), *desk.keep(B, item(5))]


def _select(desk: Any, *, limit: int = 100, window: timedelta = timedelta(0), ceiling: int = 500) -> list[int]:
    with desk.store.snapshot() as tx:
        return [one.entry.key for one in tx.releases.select("all", limit=limit, window=window, ceiling=ceiling)]


def test_output_is_opened_once(desk: Any) -> None:
    """An output keeps the time at which it was first known."""
    with desk.store.transaction() as tx:
        assert tx.releases.opened("all") is None
        tx.releases.open_output("all", NOON)
        tx.releases.open_output("all", NOON + HOUR)
        assert tx.releases.opened("all") == NOON
        assert tx.releases.count("all") == 0
        assert tx.releases.select("all", limit=5, window=HOUR, ceiling=9) == []


def test_releases_come_newest_first(desk: Any, keys: list[int]) -> None:
    """What was released last comes first; places grow by the order of release."""
    desk.release("all", *keys[:3])
    desk.release("all", keys[4], at=NOON + HOUR)
    with desk.store.snapshot() as tx:
        released = tx.releases.select("all", limit=10, window=HOUR, ceiling=10)
        assert tx.releases.count("all") == 4
    assert [(one.entry.key, one.released_at) for one in released] == [
        (keys[4], NOON + HOUR), (keys[2], NOON), (keys[1], NOON), (keys[0], NOON),
    ]  # fmt: skip
    assert [one.seq for one in released] == sorted((one.seq for one in released), reverse=True)
    assert released[0].entry == replace(desk.entry("https://news.example/4"), sightings=())


def test_released_once(desk: Any, keys: list[int]) -> None:
    """An entry that an output has already keeps its place and its time there."""
    desk.release("all", keys[0])
    desk.release("all", keys[1], keys[0], keys[1], at=NOON + HOUR)
    with desk.store.snapshot() as tx:
        released = tx.releases.select("all", limit=10, window=HOUR, ceiling=10)
    assert [(one.entry.key, one.released_at) for one in released] == [(keys[1], NOON + HOUR), (keys[0], NOON)]


def test_outputs_are_apart(desk: Any, keys: list[int]) -> None:
    """Each output has releases of its own."""
    desk.release("all", *keys[:2])
    desk.release("labs", keys[1])
    with desk.store.snapshot() as tx:
        assert tx.releases.outputs_of(keys) == {keys[0]: {"all"}, keys[1]: {"all", "labs"}}
        assert tx.releases.outputs_of([]) == {}
        assert (tx.releases.count("all"), tx.releases.count("labs")) == (2, 1)


def test_selection_by_limit_window_and_ceiling(desk: Any, keys: list[int]) -> None:
    """A limit never cuts off what came within the window before the newest, up to the ceiling."""
    for hours, key in enumerate(keys):
        desk.release("all", key, at=NOON + hours * HOUR)
    newest = keys[::-1]
    assert _select(desk, limit=2) == newest[:2]
    assert _select(desk, limit=2, window=3 * HOUR) == newest[:3]
    assert _select(desk, limit=2, window=99 * HOUR) == newest
    assert _select(desk, limit=2, window=99 * HOUR, ceiling=4) == newest[:4]
    assert _select(desk, limit=5, window=99 * HOUR, ceiling=4) == newest[:5]


def test_flood_of_one_source_leaves_room_for_others(desk: Any, keys: list[int], item: Callable[..., Item]) -> None:
    """Where not all within the window have room, every source has as much of it as it needs, or an equal share."""
    (late,) = desk.keep(B, item(6))
    desk.release("all", late, keys[5], at=NOON)
    desk.release("all", *keys[:5], at=NOON + HOUR)
    newest = keys[4::-1]
    assert _select(desk, limit=1, window=2 * HOUR, ceiling=7) == [*newest, keys[5], late]
    assert _select(desk, limit=1, window=2 * HOUR, ceiling=5) == [*newest[:3], keys[5], late]
    assert _select(desk, limit=1, window=2 * HOUR, ceiling=3) == [*newest[:2], keys[5]]
    assert _select(desk, limit=1, window=HOUR, ceiling=3) == newest[:3]


def test_what_fills_an_output_stands_behind(desk: Any, keys: list[int]) -> None:
    """Entries that are added to an output with the time of an earlier release do not push out what came last."""
    desk.release("all", keys[0], at=NOON + HOUR)
    desk.release("all", *keys[1:], at=NOON)
    assert _select(desk, limit=2) == [keys[0], keys[5]]
    with desk.store.snapshot() as tx:
        assert [entry.key for entry in tx.releases.of_output("all")] == [keys[0], *keys[:0:-1]]


def test_released_since(desk: Any, keys: list[int]) -> None:
    """What an output released of one feed since a moment is counted, that moment included."""
    desk.release("all", keys[0])
    desk.release("all", keys[1], keys[5], at=NOON + HOUR)
    desk.release("labs", keys[2], at=NOON + HOUR)
    with desk.store.snapshot() as tx:
        counts = [tx.releases.released_since("all", A, NOON + hours * HOUR) for hours in (0, 1, 2)]
        assert counts == [2, 1, 0]
        assert tx.releases.released_since("all", B, NOON) == 1


def test_missing(desk: Any, keys: list[int]) -> None:
    """What other outputs released and one has not comes with its first release, oldest first."""
    desk.release("all", *keys[:3])
    desk.release("labs", keys[4], keys[1], at=NOON - HOUR)
    desk.release("new", keys[0])
    with desk.store.snapshot() as tx:
        assert tx.releases.missing("new") == [(keys[4], NOON - HOUR), (keys[1], NOON - HOUR), (keys[2], NOON)]
        assert tx.releases.missing("all") == [(keys[4], NOON - HOUR)]
        assert len(tx.releases.missing("unheard of")) == 4


def test_choice(desk: Any) -> None:
    """Whether an output chooses as it did is told once a change, each output by itself."""
    with desk.store.transaction() as tx:
        tx.releases.open_output("all", NOON)
        tx.releases.open_output("labs", NOON)
        assert [bool(tx.releases.note_choices({"all": choice})) for choice in ("a", "a", "b", "b", "a")] == [
            True, False, True, False, True,
        ]  # fmt: skip
        assert tx.releases.note_choices({"all": "a", "labs": "a"}) == {"labs"}


def test_choice_as_an_earlier_version_wrote_it(desk: Any) -> None:
    """What was remembered in an earlier version's form is replaced, and told only where the choice differs."""
    with desk.store.transaction() as tx:
        tx.releases.open_output("all", NOON)
        tx.releases.open_output("labs", NOON)
        tx.releases.note_choices({"all": "old a", "labs": "old b"})
        assert tx.releases.note_choices({"all": "a", "labs": "a"}, before={"all": "old a", "labs": "old a"}) == {"labs"}
        assert tx.releases.note_choices({"all": "a", "labs": "a"}) == set()


def test_entries_of_an_output(desk: Any, keys: list[int], item: Callable[..., Item]) -> None:
    """An output's entries come newest release first, or only those first seen since a moment."""
    (late,) = desk.keep(A, item(9), at=NOON + HOUR)
    desk.release("all", keys[1], late, keys[0])
    with desk.store.snapshot() as tx:
        assert [entry.key for entry in tx.releases.of_output("all")] == [keys[0], late, keys[1]]
        assert [entry.key for entry in tx.releases.of_output("all", since=NOON + HOUR)] == [late]
        assert list(tx.releases.of_output("unheard of")) == []
