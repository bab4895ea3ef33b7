"""Titles made by filling in a form: they differ in a number, a version or a date only, and are different news.

Claude Code 2.1.5 / Claude Code 2.1.6 · Weekly roundup 12 / 13 · Open thread, March 3 / March 10
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from aggregator.decide.stories.common import listed
from aggregator.decide.stories.words import fold_accents

if TYPE_CHECKING:
    from collections.abc import Iterator

_MOST_CHARACTERS: Final = 300
_PIECE = re.compile(r"v?\d+(?:[.,]\d+)*[^\W_]*|[^\W\d_]+")
_STEP = re.compile(r"v?\d")
_DATE_WORDS: Final = listed(
    "january february march april may june july august september october november december "
    "jan feb mar apr jun jul aug sep sept oct nov dec monday tuesday wednesday thursday friday saturday sunday "
    "janvier fevrier mars avril mai juin juillet aout septembre octobre novembre decembre lundi mardi mercredi jeudi "
    "vendredi samedi dimanche januar februar marz juni juli oktober dezember montag dienstag mittwoch donnerstag "
    "freitag samstag sonntag enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre "
    "lunes martes miercoles jueves viernes sabado domingo gennaio febbraio aprile maggio giugno luglio settembre "
    "ottobre dicembre"
)
_LIST = re.compile(r"[;\uff1b][^;\uff1b]*[;\uff1b]|,[^,]*,[^,]*,")
"""Three topics between semicolons, or four between commas."""
_BLANK = "#"
_SHORTEST_NAME: Final = 2


@dataclass(frozen=True, slots=True)
class Form:
    """A title as a form, `grok # is out`, and what fills its blanks."""

    words: tuple[str, ...]
    """With # for each number or name of a day or month."""
    blanks: tuple[str, ...]
    is_roundup: bool
    """It lists several topics."""
    versions: frozenset[tuple[str, str]]
    """Each name with the number after it."""

    @classmethod
    def of(cls, title: str) -> Form:
        """Read a title."""
        return _form(title[:_MOST_CHARACTERS])

    def is_twin(self, other: Form) -> bool:
        """Tell whether two titles are one form, filled in differently."""
        return self.words == other.words and self.blanks != other.blanks

    def is_in_series(self, other: Form) -> bool:
        """Tell whether two titles begin alike until a number in which they differ: numbers 12 and 13 of a series."""
        for at, (one, two) in enumerate(zip(self._filled(), other._filled(), strict=False)):
            if one != two:
                return at > 0 and self.words[at] == other.words[at] == _BLANK
        return False

    def is_of_other_version(self, other: Form) -> bool:
        """Tell whether two titles name versions of one thing, and no version of any thing that both name."""
        if not self.versions or not other.versions or not self.versions.isdisjoint(other.versions):
            return False
        return not {name for name, _ in self.versions}.isdisjoint({name for name, _ in other.versions})

    def _filled(self) -> Iterator[str]:
        blanks = iter(self.blanks)
        return (next(blanks) if word == _BLANK else word for word in self.words)


@lru_cache(maxsize=10_000)
def _form(title: str) -> Form:
    words, blanks = [], []
    for piece in _PIECE.findall(fold_accents(title)):
        if _STEP.match(piece) or piece in _DATE_WORDS:
            words.append(_BLANK)
            blanks.append(piece.removeprefix("v").replace(",", ".") if _STEP.match(piece) else piece)
        else:
            words.append(piece)
    return Form(tuple(words), tuple(blanks), bool(_LIST.search(title)), frozenset(_versions(words, blanks)))


def _versions(words: list[str], blanks: list[str]) -> Iterator[tuple[str, str]]:
    fillings = iter(blanks)
    before = ""
    for word in words:
        if word == _BLANK:
            number = next(fillings)
            if len(before) >= _SHORTEST_NAME and number[0].isdigit():
                yield before, number
        before = "" if word == _BLANK else word
