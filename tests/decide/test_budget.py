from __future__ import annotations

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from aggregator.decide.budget import HOUR, allowance, stretch

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
pauses = st.lists(st.timedeltas(min_value=15 * MINUTE, max_value=DAY), max_size=40)


@given(earned=pauses, fixed=pauses, budget=st.integers(1, 400))
def test_the_stretched_pauses_keep_the_budget(earned: list[timedelta], fixed: list[timedelta], budget: int) -> None:
    """All pauses made that much longer fit the budget, no longer than needed, unless even the longest do not fit."""
    times = stretch(earned, fixed, budget, DAY)
    assert times >= 1

    def polls(factor: float) -> float:
        return sum(HOUR / min(pause * factor, DAY) for pause in earned) + sum(HOUR / pause for pause in fixed)

    at_most = sum(HOUR / DAY for _ in earned) + sum(HOUR / pause for pause in fixed)
    assert polls(times) <= max(budget, at_most) * 1.001
    if times > 1:
        assert polls(times / 1.01) > budget


def test_without_need_nothing_is_stretched() -> None:
    """Feeds that fit the budget as they are keep their own pauses, and so do no feeds at all."""
    assert stretch([HOUR] * 10, [HOUR], 11, DAY) == 1
    assert stretch([HOUR] * 10, [], 5, DAY) > 1.9
    assert stretch([], [], 1, DAY) == 1
    assert stretch([DAY], [], 1, DAY) == 1


def test_polls_are_spread_over_the_hour() -> None:
    """A twelfth of the budget may be used in five minutes, all of it in an hour; what is under way counts."""
    assert allowance(120, last_hour=0, last_slice=0, under_way=0) == 10
    assert allowance(120, last_hour=50, last_slice=4, under_way=2) == 4
    assert allowance(120, last_hour=119, last_slice=0, under_way=0) == 1
    assert allowance(120, last_hour=200, last_slice=0, under_way=0) == 0
    assert allowance(1, last_hour=0, last_slice=0, under_way=0) == 1
