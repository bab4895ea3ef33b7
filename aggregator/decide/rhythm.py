"""A feed's own rhythm: how often it publishes, and how often it is worth asking.

For a fixed number of polls the mean delay of entries is least when a feed is asked at a rate that grows with the
square root of its publishing rate: minimise the sum of lambda_i / r_i at a fixed sum of r_i. A rate in proportion to
lambda, which schedulers of the mean gap have, is no better than the same rate for all.
"""

from __future__ import annotations

import math
from datetime import timedelta
from typing import TYPE_CHECKING

from aggregator.model import Rhythm

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

HALF_LIFE = 90.0
"""Days after which what was counted weighs half."""
USUAL_RATE = 4.0
"""Entries a day of a feed that is asked at polling.default_interval."""
PRIOR_DAYS = 0.25
"""What is believed of an unknown feed, that it has the usual rate, weighs as much as a quarter of a day."""
HISTORY = timedelta(days=365)
"""How far back a first document's dates are believed to tell of today's rhythm."""
_KNOWN = 2.0
"""Entries without which a rhythm is not known."""
_DAY = timedelta(days=1)
_MEAN_LIFE = HALF_LIFE / math.log(2)


def learn(rhythm: Rhythm, entries: int, now: datetime) -> Rhythm:
    """Count entries that have come since the latest news; without any, nothing is to be written."""
    if not entries:
        return rhythm
    counted, days = _at(rhythm, now)
    return Rhythm(counted + entries, days, now)


def of_history(dates: Collection[datetime], now: datetime) -> Rhythm:
    """Learn from the dates of a first document's items; those of the future and of long ago say nothing."""
    told = sorted(date for date in dates if now - HISTORY <= date <= now)
    if not told:
        return Rhythm(at=max((date for date in dates if date <= now), default=now))
    # The oldest one only says where counting begins: what came before it the document does not list any more.
    rhythm = Rhythm(at=told[0])
    for date in told[1:]:
        rhythm = learn(rhythm, 1, date)
    return rhythm


def rate(rhythm: Rhythm, now: datetime) -> float:
    """Return entries a day, the silence since the latest news included; never 0."""
    entries, days = _at(rhythm, now)
    return (entries + USUAL_RATE * PRIOR_DAYS) / (days + PRIOR_DAYS)


def worth(per_day: float, default_interval: timedelta) -> timedelta:
    """Return the pause between two polls that so many entries a day are worth."""
    return default_interval * math.sqrt(USUAL_RATE / per_day)


def usual_gap(rhythm: Rhythm) -> timedelta | None:
    """Return the mean time between two entries as it was at the latest news; None while it is not known."""
    if rhythm.entries < _KNOWN or rhythm.at is None:
        return None
    return _DAY * (rhythm.days / rhythm.entries)


def _at(rhythm: Rhythm, now: datetime) -> tuple[float, float]:
    """Return the counts as they weigh at a later moment, the time until then counted as watched."""
    if rhythm.at is None:
        return rhythm.entries, rhythm.days
    left = 0.5 ** (max((now - rhythm.at) / _DAY, 0.0) / HALF_LIFE)
    return rhythm.entries * left, rhythm.days * left + _MEAN_LIFE * (1 - left)
