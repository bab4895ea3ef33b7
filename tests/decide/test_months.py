"""When months begin, and how much of the running one is archived."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.decide.months import bounds, held_by_archive, month_of

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
def test_archive_and_subscription_document_hold_everything(shown: set[int], count: int, step: int) -> None:
    """What is not shown is held, whatever is shown; and no more than the step demands."""
    released = list(range(count))
    held = held_by_archive(released, shown, step)
    assert set(released) <= set(released[:held]) | shown
    assert (held > 0) == (count > 0)
    unseen = [place for place in released if place not in shown]
    assert held <= max(unseen[-1] + step if unseen else 1, 1)
    assert not unseen or held % step == 0 or held == count


@given(st.integers(1, 50), st.integers(0, 400))
def test_it_changes_once_in_a_step(limit: int, count: int) -> None:
    """Where the newest `limit` are shown, as many releases pass between two changes of the archive."""
    changes = [
        held_by_archive(range(so_far), range(max(so_far - limit, 0), so_far), limit) for so_far in range(1, count + 1)
    ]
    assert changes == sorted(changes)
    assert len(set(changes)) <= count // limit + 1
