"""What of the river of news is asked for: filters and a place in it, as a query says them. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import urlencode

from aggregator.store.pages import Place, Wanted
from aggregator.store.rows import from_ms, to_ms

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    from aggregator.publish.manifest import PublishedOutput

STORIES = 40
"""On a page."""
_LONGEST = {"output": 64, "tag": 64, "language": 35, "source": 2_000, "before": 32}
"""Characters of each filter, and of a place."""
_PLACE = re.compile(r"([0-9a-f]{1,11})-([0-9a-f]{1,15})")
_BYTES = 80_000
"""Of the stories of a page: with all around them it stays below 100 KB."""
_FRAME = 900
"""Bytes of the markup around one story."""

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Asked:
    """What a reader asks for; "" is no filter."""

    output: str = ""
    tag: str = ""
    language: str = ""
    source: str = ""
    before: str = ""
    """A place (`written`); "": the newest."""

    def __bool__(self) -> bool:
        return self != Asked()

    def address(self, **changes: str) -> str:
        """Return where these stories are, with changes, relative to the front page; a change of filter starts anew."""
        query = _query(replace(self, **{"before": "", **changes}))
        return f"./?{query}" if query else "./"

    @property
    def filters(self) -> dict[str, str]:
        """What is filtered by, and for what."""
        return {name: value for name, value in _values(self).items() if name != "before"}

    def wanted(self, output: str) -> Wanted:
        """Return this for the store; `output` is the one that is shown where none is asked for."""
        return Wanted(self.output or output, self.tag or None, self.language or None, self.source or None)


def asked(parameters: Mapping[str, str]) -> Asked:
    """Read a query; ValueError for what is too long or no place. What is no filter of ours is left out."""
    given = {name: parameters.get(name, "").strip() for name in _LONGEST}
    if any(len(value) > _LONGEST[name] for name, value in given.items()):
        raise ValueError("too long")
    if given["before"]:
        place(given["before"])
    return Asked(**given)


def place(text: str) -> Place | None:
    """Read a place; None for "", ValueError for what is none."""
    if not text:
        return None
    found = _PLACE.fullmatch(text)
    if found is None:
        raise ValueError("no place in the river")
    return Place(from_ms(int(found[1], 16)), int(found[2], 16))


def written(where: Place) -> str:
    """Write a place, opaquely."""
    return f"{to_ms(where.published):x}-{where.key:x}"


def shown_in(outputs: Mapping[str, PublishedOutput], wanted: str) -> PublishedOutput | None:
    """Return the public output of this name, or the main one, whose releases the river shows; None: there is none."""
    public = browsable(outputs.values())
    if wanted:
        return public.get(wanted)
    return public.get("all") or next(iter(public.values()), None)


def browsable(outputs: Collection[PublishedOutput]) -> dict[str, PublishedOutput]:
    """Return the outputs that can be looked through, by name."""
    return {output.name: output for output in outputs if not output.private and output.as_released}


def fitting(lines: Sequence[_T], size: Callable[[_T], int]) -> int:
    """Return how many lines fit on a page, at least one; `size` gives the bytes of what a line says."""
    room = _BYTES
    for number, line in enumerate(lines):
        room -= size(line) + _FRAME
        if room < 0:
            return max(number, 1)
    return len(lines)


def _query(what: Asked) -> str:
    return urlencode(_values(what))


def _values(what: Asked) -> dict[str, str]:
    values = {field.name: str(getattr(what, field.name)) for field in fields(what)}
    return {name: value for name, value in values.items() if value}
