"""polling.budget: how much longer pauses become, and how many polls may begin now, so that all stay within it."""

from __future__ import annotations

import math
from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

HOUR = timedelta(hours=1)
SLICE = timedelta(minutes=5)
"""The budget is spread over the hour: each slice has its share."""
_SLICES = HOUR // SLICE
_CLOSE = 1e-3
"""How near the stretch is computed."""


def stretch(earned: Collection[timedelta], fixed: Iterable[timedelta], budget: int, longest: timedelta) -> float:
    """Return how many times longer the pauses that feeds have earned must be, at least 1, to stay within the budget.

    `fixed` are the operator's intervals, which are law; `longest` is max_interval. Where even that is too much for
    the budget, all are as long as they get, and polls come late.
    """
    left = budget - sum(HOUR / pause for pause in fixed)

    def polls(times: float) -> float:
        return sum(HOUR / min(pause * times, longest) for pause in earned)

    low, high = 1.0, max((longest / pause for pause in earned), default=1.0)
    if high <= low or polls(low) <= left:
        return low
    while high / low > 1 + _CLOSE:
        middle = math.sqrt(low * high)
        low, high = (low, middle) if polls(middle) <= left else (middle, high)
    return high


def allowance(budget: int, *, last_hour: int, last_slice: int, under_way: int) -> int:
    """Return how many polls may begin now; `last_hour` and `last_slice` count those that have ended."""
    share = math.ceil(budget / _SLICES)
    return max(min(budget - last_hour, share - last_slice) - under_way, 0)
