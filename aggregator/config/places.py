"""Where a setting stands: its path as people write it, and its line in the file."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping

Place: TypeAlias = tuple[str | int, ...]
"""The way to a setting from the top of the file: `("feeds", 3, "interval")`; lists count from 0."""

_PLAIN = re.compile(r"[\w.-]{1,60}")


@dataclass(frozen=True)
class Places:
    """The line of every setting of a file.

    Two of them are always equal: settings are compared by what they say, not by where they say it.
    """

    lines: Mapping[Place, int] = field(default_factory=dict, compare=False)

    def line(self, place: Place) -> int | None:
        """Return the line of a setting, or of the nearest group around it."""
        while place and place not in self.lines:
            place = place[:-1]
        return self.lines.get(place)


@dataclass(frozen=True, slots=True)
class Mistake:
    """What is wrong at a place, and what would be right; `line` only where the place has several."""

    place: Place
    message: str
    remedy: str = ""
    line: int | None = None


def spell(place: Place, data: Any) -> str:
    """Write a place as `feeds[3].interval`, an output by its name: `outputs[labs].limit`."""
    text = ""
    for depth, part in enumerate(place):
        if isinstance(part, int):
            name = _output_name(data, part) if place[:depth] == ("outputs",) else None
            text += f"[{part if name is None else name}]"
        else:
            text += f".{_key(part)}" if text else _key(part)
    return text


def within(place: Place, data: Any) -> Any:
    """Return the value at a place of the file's data, or None."""
    for part in place:
        if isinstance(part, int):
            data = data[part] if isinstance(data, tuple) and part < len(data) else None
        else:
            data = data.get(part) if isinstance(data, dict) else None
    return data


def _output_name(data: Any, index: int) -> str | None:
    name = within(("outputs", index, "name"), data)
    return name if isinstance(name, str) and _PLAIN.fullmatch(name) else None


def _key(key: str) -> str:
    """Show a key that could be anything: odd characters escaped, and not too long."""
    return key if _PLAIN.fullmatch(key) else ascii(key[:60])
