"""Durations, sizes and the strict, frozen base of every setting."""

from __future__ import annotations

import re
from datetime import timedelta
from decimal import Decimal
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, PlainSerializer, WithJsonSchema

_NUMBER = r"[0-9]{1,15}(?:\.[0-9]{1,9})?"
_DURATION = re.compile(rf"({_NUMBER}) *(ms|s|m|h|d|w)")
_SIZE = re.compile(rf"({_NUMBER}) *(B|KB|MB|GB)", re.IGNORECASE)
_MICROSECONDS = {
    "d": 86_400_000_000,
    "h": 3_600_000_000,
    "m": 60_000_000,
    "s": 1_000_000,
    "ms": 1_000,
    "w": 604_800_000_000,
}
_BYTES = {"B": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9}

# A hundred years: far enough for any plan, near enough that no date computed from it leaves the calendar.
LONGEST = timedelta(days=36_500)


class Frozen(BaseModel):
    """A group of settings: immutable, and an unknown key is a mistake."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


def parse_duration(value: Any) -> timedelta:
    """Read `90s`, `15m`, `1h`, `7d`, exact to the microsecond; raise ValueError on anything else."""
    if isinstance(value, timedelta):
        return value
    match = _DURATION.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise ValueError("a duration is a number with a unit, such as 30s, 15m, 1h or 7d")
    microseconds = round(Decimal(match[1]) * _MICROSECONDS[match[2]])
    if microseconds > LONGEST // timedelta(microseconds=1):
        raise ValueError("a duration is at most 36500d")
    return timedelta(microseconds=microseconds)


def parse_size(value: Any) -> int:
    """Read `500KB`, `10MB`, or a number of bytes; raise ValueError on anything else."""
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return value
    match = _SIZE.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise ValueError("a size is a number with a unit, such as 500KB or 10MB")
    return int(Decimal(match[1]) * _BYTES[match[2].upper()])


def format_duration(value: timedelta) -> str:
    """Write a duration as parse_duration reads it, in the largest unit that divides it."""
    microseconds = value // timedelta(microseconds=1)
    if not microseconds:
        return "0s"
    for unit in ("d", "h", "m", "s", "ms"):
        if microseconds % _MICROSECONDS[unit] == 0:
            return f"{microseconds // _MICROSECONDS[unit]}{unit}"
    return f"{Decimal(microseconds) / 1000}ms"


Duration = Annotated[
    timedelta,
    BeforeValidator(parse_duration),
    PlainSerializer(format_duration, return_type=str),
    WithJsonSchema({"type": "string", "pattern": rf"^{_NUMBER} *(ms|s|m|h|d|w)$", "examples": ["15m", "1h", "7d"]}),
]
Size = Annotated[
    int,
    BeforeValidator(parse_size),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "integer", "minimum": 0},
                {"type": "string", "pattern": rf"^{_NUMBER} *([kKmMgG]?[bB])$", "examples": ["10MB"]},
            ]
        }
    ),
]
