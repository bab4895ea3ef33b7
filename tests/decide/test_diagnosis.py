"""What `doctor` calls a problem."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from aggregator.decide.diagnosis import clock, room, versions

NOON = datetime(2026, 12, 1, 12, tzinfo=UTC)
BUILT = datetime(2026, 11, 1, tzinfo=UTC)
GB = 2**30


@pytest.mark.parametrize(
    ("sqlite", "expat", "warned"),
    [("3.40.1", "2.5.0", ["sqlite", "expat"]), ("3.51.2", "2.7.2", ["sqlite"]), ("3.51.3", "2.8.0", [])],
)
@pytest.mark.fault("T20")
def test_versions_with_known_faults(sqlite: str, expat: str, warned: list[str]) -> None:
    """Each is told, those with faults are warned of, and a remedy is named."""
    told, *warnings = versions({"Python": "3.11.7", "sqlite": sqlite, "expat": expat})
    assert (told.grade, told.words) == ("ok", f"Python 3.11.7, sqlite {sqlite}, expat {expat}")
    assert [(finding.check, finding.grade, bool(finding.remedy)) for finding in warnings] == [
        (name, "warning", True) for name in warned
    ]


@pytest.mark.fault("F9")
@pytest.mark.parametrize(
    ("now", "last", "grade"),
    [
        (NOON, None, "ok"),
        (NOON, NOON - timedelta(days=9), "ok"),
        (NOON, NOON + timedelta(seconds=30), "ok"),
        (NOON, NOON + timedelta(hours=1), "problem"),
        (datetime(1970, 1, 1, tzinfo=UTC), None, "problem"),
    ],
)
def test_a_clock_that_is_wrong(now: datetime, last: datetime | None, grade: str) -> None:
    """Before this version was made, or before what was written last, no clock is right."""
    assert clock(now, last, BUILT).grade == grade


@pytest.mark.parametrize(("free", "database", "grade"), [(5, 1, "ok"), (1, 2, "warning"), (0.1, 0.01, "problem")])
def test_room(free: float, database: float, grade: str) -> None:
    """Little room is a problem, too little for a copy of the database a warning."""
    assert room(int(free * GB), int(database * GB)).grade == grade
