"""The words of a text, in forms that agree across spellings and, for names and words of one root, across languages.

    fold case and accents | cut into words | leave out function words | cut endings

A long word is cut to its first letters: `assistant`, `assistants`, `assistance` agree, and so do `conference` and
`conférence`. A name and its version are also one word together: `Grok-1.5`, `Grok 1.5` and `grok1.5` agree.
Scripts without spaces between words give pairs of characters.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from itertools import chain
from typing import TYPE_CHECKING, Final

from aggregator.decide.stories.common import FUNCTION_WORDS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

MOST_CHARACTERS: Final = 2_000
"""Of a text; what follows says little of what is new in it."""
_MOST_FOLDED = 2 * MOST_CHARACTERS  # one character may stand for eighteen (U+FDFA)
_MOST_LETTERS: Final = 40
"""Of one word: longer runs are data, and would fill a snapshot."""
_MOST_KNOWN: Final = 50_000
"""Words, as written, that are remembered: some 15 MB."""
_SHORTEST_WORD: Final = 2
_NEAR: Final = frozenset({"", " ", "-"})
"""What may part a name from its version."""
_ROOT: Final = 6
"""Letters that stay of a long word; 5 to 8 did about equally well on labelled stories, as did Snowball stemmers."""
_YEAR = re.compile(r"(?:19|20)\d\d")
_NUMBER = re.compile(r"\d+(?:\.\d+)*")
_SHORTEST_NUMBER: Final = 3
"""Digits and dots below which a number by itself says nothing."""
_VERSION = re.compile(r"\d{1,2}(?:\D.*)?")
"""What can be the version of the name before it: 3, 4o, 1.5, 2.1.6; not 250 or 2026."""
_SCRIPTS = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af"
"""Thai, Lao, Burmese, Khmer, Kana, Han; and Hangul, whose particles are written to the word."""
UNSPACED: Final = re.compile(f"[{_SCRIPTS}]+")
"""A run of a script without spaces between words: there a word is found within others."""
_WORD = re.compile(
    rf"\d{{1,3}}(?: \d{{3}}(?!\w))+|v?\d+(?:[.,]\d+)*[^\W_{_SCRIPTS}]*|[{_SCRIPTS}]+"
    rf"|[^\W\d_][^\W_{_SCRIPTS}]*(?:(?<=\d)\.\d+)*"
)
"""A number with what may stand inside it (1.5, 3,8, 128 000, v2.1.6, 8b), a run without spaces, or a word (gr00t)."""
_ADDRESS = re.compile(r"https?://\S*")
_THOUSANDS = re.compile(r"[, ](?=\d{3}(?!\d))")
_NAME = re.compile(r"[^\W\d_]{2,}(?=\d)")
"""The name to which a version is written without a gap: gpt4."""
_IS_NUMBER = re.compile(r"v?\d")
_DIGIT = re.compile(r"\d")


def words_of(text: str) -> list[str]:
    """Return the words of a text in order, repeated ones again; of MOST_CHARACTERS, in linear time."""
    folded = _ADDRESS.sub(" ", fold_accents(text[:MOST_CHARACTERS])[:_MOST_FOLDED])
    pieces = folded.split(" ")
    found: list[Iterable[str] | None] = list(map(_KNOWN.__getitem__, pieces))
    if None in found:
        found = _with_numbers(pieces, found)
    return list(chain.from_iterable(filter(None, found)))


class _Known(dict[str, "tuple[str, ...] | None"]):
    """The words of what stands between two spaces, nearly all of which was met before; None where digits are in it."""

    def __missing__(self, piece: str) -> tuple[str, ...] | None:
        if _DIGIT.search(piece):
            return None
        words = tuple(form for word in _WORD.findall(piece) for form in _forms(word[:_MOST_LETTERS]))
        if len(piece) <= _MOST_LETTERS:  # what is written without spaces is long and seldom the same
            if len(self) >= _MOST_KNOWN:
                self.clear()
            self[piece] = words
        return words


_KNOWN: Final = _Known()


def _with_numbers(pieces: list[str], found: list[Iterable[str] | None]) -> list[Iterable[str] | None]:
    """Return the words of all pieces; numbers are read together with the piece before them, which may be their name."""
    whole: list[Iterable[str] | None] = []
    found.append(None)  # the end
    done = 0
    while (at := found.index(None, done)) < len(pieces):
        start, end = max(at - 1, done), at + 1
        while end < len(pieces) and found[end] is None:
            end += 1
        whole += found[done:start]
        whole.append(_numbered(" ".join(pieces[start:end])))
        done = end
    return whole + found[done:]


def _numbered(text: str) -> Iterator[str]:
    """Give the words of a text with digits."""
    name, end = "", 0
    for match in _WORD.finditer(text):
        word = match[0][:_MOST_LETTERS]
        if _IS_NUMBER.match(word):
            yield from _numbers(word, name if text[end : match.start()] in _NEAR else "")
            name = ""
        else:
            forms = _forms(word)
            yield from forms
            name = word if forms else ""
        end = match.end()


def fold_accents(text: str) -> str:
    """Return a text in lower case, without accents or vowel points, in one width."""
    if not text.isascii():
        text = unicodedata.normalize("NFC", _marks().sub("", unicodedata.normalize("NFKD", text)))
    return text.casefold()


def _forms(word: str) -> tuple[str, ...]:
    """Return what stands for a word that begins with a letter; nothing for function words and single letters."""
    if UNSPACED.match(word):
        return tuple(word[at : at + 2] for at in range(max(len(word) - 1, 1)))
    if len(word) < _SHORTEST_WORD or word in FUNCTION_WORDS:
        return ()
    if word.isalpha():
        return (word[:_ROOT],)
    name = _NAME.match(word)
    return (name[0][:_ROOT], word) if name else (word,)


def _numbers(word: str, name: str) -> Iterator[str]:
    """Give what a word that begins with a digit says: with its name, with its unit, and alone if it is no year."""
    word = _THOUSANDS.sub("", word.removeprefix("v")).replace(",", ".")
    number = _NUMBER.match(word)
    digits = number[0] if number else ""
    if word != digits:
        yield word
    if name and _VERSION.fullmatch(word):
        yield name + word
    elif len(digits) >= _SHORTEST_NUMBER and not _YEAR.fullmatch(digits) and digits.strip("0."):
        yield digits


@cache
def _marks() -> re.Pattern[str]:
    """Return what matches combining marks of the basic plane: accents, vowel points and signs."""
    marks = (chr(code) for code in range(0x300, 0x10000) if unicodedata.category(chr(code)).startswith("M"))
    return re.compile(f"[{''.join(marks)}]")
