"""The words of a text, in forms that agree across spellings and, for names and words of one root, across languages.

    fold case and accents | cut into words | leave out function words | cut endings

A long word is cut to its first letters: `assistant`, `assistants`, `assistance` agree, and so do `conference` and
`conférence`. A name and its version are also one word together: `Grok-1.5`, `Grok 1.5` and `grok1.5` agree.
Scripts without spaces between words give pairs of characters.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Final

from aggregator.decide.stories.common import FUNCTION_WORDS

if TYPE_CHECKING:
    from collections.abc import Iterator

MOST_CHARACTERS: Final = 2_000
"""Of a text; what follows says little of what is new in it."""
_MOST_FOLDED = 2 * MOST_CHARACTERS  # one character may stand for eighteen (U+FDFA)
_MOST_LETTERS: Final = 40
"""Of one word: longer runs are data, and would fill a snapshot."""
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
_UNSPACED = re.compile(f"[{_SCRIPTS}]+")
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


def words_of(text: str) -> list[str]:
    """Return the words of a text in order, repeated ones again; of MOST_CHARACTERS, in linear time."""
    folded = _ADDRESS.sub(" ", fold_accents(text[:MOST_CHARACTERS])[:_MOST_FOLDED])
    found: list[str] = []
    name, end = "", 0
    for match in _WORD.finditer(folded):
        word = match[0][:_MOST_LETTERS]
        if _IS_NUMBER.match(word):
            found += _numbers(word, name if folded[end : match.start()] in _NEAR else "")
            name = ""
        else:
            forms = _forms(word)
            found += forms
            name = word if forms else ""
        end = match.end()
    return found


def fold_accents(text: str) -> str:
    """Return a text in lower case, without accents or vowel points, in one width."""
    if not text.isascii():
        text = unicodedata.normalize("NFC", _marks().sub("", unicodedata.normalize("NFKD", text)))
    return text.casefold()


@lru_cache(maxsize=50_000)
def _forms(word: str) -> tuple[str, ...]:
    """Return what stands for a word that begins with a letter; nothing for function words and single letters."""
    if _UNSPACED.match(word):
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
