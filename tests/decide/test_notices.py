from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from aggregator.decide.notices import (
    NO_ARCHIVE,
    TOLD,
    current_flood,
    current_gap,
    gap_words,
    is_lasting,
    missed_words,
    notices,
)
from aggregator.losses import Flood, Gap
from aggregator.model import FeedState

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
GAP = Gap(at=NOON, before=NOON - HOUR, least=9, likely=12, most=16)


def feed(**facts: Any) -> FeedState:
    """Return a source."""
    return FeedState(**{"key": 1, "url": "u", "fetch_url": "u"} | facts)


def test_how_much_was_missed() -> None:
    """An estimate is told as what it is: a number, a number with its range, or an upper bound."""
    assert missed_words(GAP) == "about 12 entries (9 to 16)"
    assert missed_words(replace(GAP, least=0, likely=0)) == "up to 16 entries"
    assert missed_words(replace(GAP, least=1, likely=1, most=1)) == "1 entry"


def test_a_gap_in_words() -> None:
    """A gap is told with when it was noticed and what became of it so far."""
    noticed = "A gap of about 12 entries (9 to 16) was noticed on 2026-05-04 at 12:00 UTC; "
    lost = replace(GAP, ended=NOON, outcome=NO_ARCHIVE)
    assert gap_words(lost) == f"{noticed}{NO_ARCHIVE}."
    under_way = replace(GAP, page="p", recovered=3)
    assert gap_words(under_way) == f"{noticed}3 recovered from the feed's archive so far."
    refused = replace(under_way, tries=2, outcome="500 Oh")
    assert gap_words(refused).endswith("so far (asked 2 times in vain: 500 Oh).")
    assert gap_words(replace(GAP, recovered=11, repaired=True)) == f"{noticed}11 recovered from the feed's archive."
    part = replace(GAP, recovered=4, outcome="where its archive ends")
    assert gap_words(part) == f"{noticed}4 recovered from the feed's archive, where its archive ends."
    assert gap_words(replace(GAP, times=7)).startswith("Its documents list nothing of the one before, time after time")
    assert gap_words(replace(GAP, times=7)) == gap_words(replace(GAP, times=8)), "an entry that stays as it is"


def test_how_long_they_are_told() -> None:
    """Gaps and floods are told for a week after the last that happened; what happens all the time as long as it does."""
    told = feed(gap=replace(GAP, ended=NOON + HOUR), flood=Flood(NOON, 80))
    assert [words[:7] for words in notices(told, NOON + HOUR)] == ["A flood", "A gap o"]
    assert "80 entries" in notices(told, NOON + HOUR)[0]
    assert current_flood(told, NOON + TOLD) is None
    assert current_gap(told, NOON + TOLD) is not None
    assert notices(told, NOON + TOLD + HOUR) == []
    assert current_gap(feed(gap=replace(GAP, times=9)), NOON + 50 * TOLD) is not None
    assert notices(feed(), NOON) == []


def test_a_lasting_gap() -> None:
    """A gap lasts that was not repaired and is searched for no more."""
    assert is_lasting(GAP)
    assert not is_lasting(replace(GAP, page="p"))
    assert not is_lasting(replace(GAP, repaired=True))
