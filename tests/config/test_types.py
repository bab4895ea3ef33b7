"""Durations and sizes."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.config.types import LONGEST, format_duration, parse_duration, parse_size


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("1s", 1), ("90s", 90), ("15m", 900), ("1h", 3600), ("7d", 604_800), ("2w", 1_209_600), ("1.5h", 5400), ("250ms", 0.25), ("2 s", 2), ("0s", 0)],
)  # fmt: skip
def test_durations_are_a_number_and_a_unit(text: str, seconds: float) -> None:
    """Every unit is understood, with fractions and with a space before the unit."""
    assert parse_duration(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize(
    "value",
    [
        "",
        "15",
        "m",
        "1 hour",
        "-1h",
        "1h30m",
        "1e3s",
        "٣h",
        " 1h",
        "1h\n",
        ".5h",
        15,
        1.5,
        True,
        None,
        [],
        "1H",
    ],
)
def test_anything_else_is_no_duration(value: object) -> None:
    """What could be read in two ways is refused, with examples of what is right."""
    with pytest.raises(ValueError, match="15m, 1h or 7d"):
        parse_duration(value)


@pytest.mark.parametrize("text", ["36501d", "999999999999w", "36500.000000001d"])
def test_a_duration_stays_inside_the_calendar(text: str) -> None:
    """A duration that could carry a date out of the calendar is refused."""
    with pytest.raises(ValueError, match="at most 36500d"):
        parse_duration(text)


@given(st.timedeltas(min_value=timedelta(0), max_value=LONGEST))
def test_durations_survive_writing_and_reading(value: timedelta) -> None:
    """What is written is read back exactly, to the microsecond."""
    assert parse_duration(format_duration(value)) == value
    assert parse_duration(value) is value


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (timedelta(0), "0s"),
        (timedelta(hours=24), "1d"),
        (timedelta(minutes=90), "90m"),
        (timedelta(milliseconds=1500), "1500ms"),
        (timedelta(microseconds=1), "0.001ms"),
    ],
)
def test_durations_are_written_in_the_largest_unit(value: timedelta, text: str) -> None:
    """A duration reads as a person would write it."""
    assert format_duration(value) == text


@pytest.mark.parametrize(
    ("value", "size"),
    [("10MB", 10_000_000), ("500KB", 500_000), ("1gb", 10**9), ("1.5 MB", 1_500_000), ("12B", 12), (65_536, 65_536), (0, 0)],
)  # fmt: skip
def test_sizes_are_a_number_and_a_unit_or_bytes(value: object, size: int) -> None:
    """Units are decimal and their case does not count; a bare number is bytes."""
    assert parse_size(value) == size


@pytest.mark.parametrize("value", ["", "10", "MB", "10 MiB", "-1MB", -1, 1.5, True, None, "1e3MB"])
def test_anything_else_is_no_size(value: object) -> None:
    """What is no size is refused, with examples of what is right."""
    with pytest.raises(ValueError, match="500KB or 10MB"):
        parse_size(value)


@given(st.integers(0, 10**12 - 1), st.sampled_from([("B", 1), ("KB", 10**3), ("MB", 10**6), ("GB", 10**9)]))
def test_sizes_are_exact(number: int, unit: tuple[str, int]) -> None:
    """No size is rounded."""
    assert parse_size(f"{number}{unit[0]}") == number * unit[1]
