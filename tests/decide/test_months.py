"""When months begin, and how much of the running one is archived."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.decide.months import PART_NAME, Part, Parts, bounds, held_by_archive, month_of

MOMENTS = st.datetimes(datetime(1990, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - hypothesis wants naive bounds


@pytest.mark.parametrize(
    ("month", "following"), [("2026-01", "2026-02"), ("2026-11", "2026-12"), ("2026-12", "2027-01")]
)
def test_a_month_ends_where_the_next_begins(month: str, following: str) -> None:
    """The bounds are the first moments of a month and of the next, also over a year's end."""
    assert bounds(month)[1] == bounds(following)[0]
    assert f"{bounds(month)[0]:%Y-%m-%dT%H:%M:%S%z}" == f"{month}-01T00:00:00+0000"


@given(MOMENTS)
def test_every_moment_is_in_the_month_that_it_names(moment: datetime) -> None:
    """A moment lies within the bounds of its own month, and of no neighbour's."""
    begins, ends = bounds(month_of(moment))
    assert begins <= moment < ends
    assert not moment < bounds(month_of(begins - timedelta(days=1)))[1]
    assert month_of(moment.astimezone(timezone(timedelta(hours=14)))) == month_of(moment)


@given(st.sets(st.integers(0, 60)), st.integers(0, 60), st.integers(1, 20))
def test_archive_and_subscription_document_hold_everything(shown: set[int], count: int, limit: int) -> None:
    """What is not shown is held, whatever is shown; and no more than a step beyond."""
    released = list(range(count))
    held = held_by_archive(released, shown, limit)
    assert set(released) <= set(released[:held]) | shown
    assert (held > 0) == (count > 0)
    unseen = [place for place in released if place not in shown]
    assert held < max(unseen[-1] + 1 + limit if unseen else 2, 2)
    assert held <= count


@pytest.mark.parametrize(("limit", "step"), [(1, 1), (3, 2), (64, 64), (100, 64), (127, 64)])
def test_it_changes_once_in_a_step(limit: int, step: int) -> None:
    """Where the newest `limit` are shown, as many releases pass between two changes of the archive."""
    changes = [held_by_archive(range(so_far), range(max(so_far - limit, 0), so_far), limit) for so_far in range(1, 500)]
    assert set(changes) == {1, *range(step, 499 - limit + step, step)}


@given(st.lists(st.integers(0, 3), max_size=120), st.integers(1, 40), st.integers(1, 40))
def test_it_never_shrinks(pushed_out: list[int], room: int, limit: int) -> None:
    """Whichever of those shown gives way to a release: what its address promised stays in the archive."""
    shown: list[int] = []
    before = 0
    for released, place in enumerate(pushed_out, 1):
        shown.append(released - 1)
        if len(shown) > room:
            del shown[min(place, len(shown) - 2 if room > 1 else 0)]
        held = held_by_archive(range(released), set(shown), limit)
        assert held >= before
        before = held


def test_a_source_that_shares_the_room_changes_little() -> None:
    """Where sources share the room, it changes much more rarely than entries are released."""
    shown: list[int] = []
    changes = set()
    for released in range(2000):
        shown.append(released)
        if len(shown) > 100:
            del shown[released * 7 % 90]
        changes.add(held_by_archive(range(released + 1), set(shown), 1000))
    assert len(changes) < 300


@given(st.lists(st.tuples(MOMENTS, st.booleans()), max_size=30), st.integers(1, 4))
def test_parts_have_every_release_once(releases: list[tuple[datetime, bool]], size: int) -> None:
    """Counted at once or one after the other, each release is in one part of its month, and none has more than `size`."""
    numbered = [(2 * number, moment) for number, (moment, _) in enumerate(releases, 1)]
    parts, again = Parts(size), Parts(size)
    parts.add(numbered)
    for one in numbered:
        again.add([one])
    assert parts.all() == again.all()
    assert parts.seen == again.seen == 2 * len(numbered)
    found = [parts.of(number, moment) for number, moment in numbered]
    for part in parts.all():
        inside = [one for one, where in zip(numbered, found, strict=True) if where is part]
        assert {month_of(moment) for _, moment in inside} == {part.month}
        assert (part.first, part.count) == (inside[0][0], len(inside))
        assert part.last == max(moment for _, moment in inside)
        assert part.count <= size
        assert re.fullmatch(PART_NAME, part.name)
    assert [part.name for part in parts.all()] == [
        part.name for part in sorted(parts.all(), key=lambda part: (part.month, part.number))
    ]


def test_parts_of_a_month_are_numbered() -> None:
    """The first has the month's name; what comes later under an earlier date comes to the last part of its month."""
    day = datetime(2026, 1, 5, tzinfo=UTC)
    parts = Parts(2)
    parts.add((number, day) for number in range(1, 4))
    parts.add([(4, day.replace(month=2)), (5, day), (6, day)])
    assert [part.name for part in parts.all()] == ["2026-01", "2026-01-2", "2026-01-3", "2026-02"]
    assert parts.all()[1] == Part("2026-01", 2, 3, day, 2)
    assert parts.of(5, day).name == "2026-01-2"


@pytest.mark.parametrize("name", ["2026-01-1", "2026-01-0", "2026-01-02", "2026-1", "2026-01-", "2026-01-12345"])
def test_other_names_are_none(name: str) -> None:
    """Every part has one name."""
    assert not re.fullmatch(PART_NAME, name)
