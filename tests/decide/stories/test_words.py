"""The words of a text, in forms that agree across spellings and languages."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aggregator.decide.stories import words as module
from aggregator.decide.stories.words import MOST_CHARACTERS, words_of


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Volcano erupts near Reykjavík!", ["volcan", "erupts", "near", "reykja"]),
        ("The end of the story", ["end", "story"]),
        ("l'éruption d'un volcan", ["erupti", "volcan"]),
        ("Straße", ["strass"]),
        ("Ｆｕｌｌ ｗｉｄｔｈ", ["full", "width"]),
        ("Zeta-1.5, Zeta 1.5 and zeta1.5", ["zeta", "zeta1.5"] * 3),
        ("Zeta 4o", ["zeta", "4o", "zeta4o"]),
        ("zeta-v2.1.6", ["zeta", "zeta2.1.6"]),
        ("v2.1.6", ["2.1.6"]),
        ("3,8 / 3.8", ["3.8", "3.8"]),
        ("128,000 / 128 000 / 128 000", ["128000", "128000", "128000"]),
        ("$500bn", ["500bn", "500"]),
        ("8B", ["8b"]),
        ("in 2024, 12 of 00.0", []),
        ("GR00T b200", ["gr", "gr00t", "b200"]),
        ("a b c", []),
        ("snake_case", ["snake", "case"]),
        ("火山爆发", ["火山", "山爆", "爆发"]),
        ("火", ["火"]),
        ("火山Zeta-V3发布", ["火山", "zeta", "zeta3", "发布"]),
        ("हिन्दी", ["हनद"]),
        ("שָׁלוֹם / שלום", ["שלום", "שלום"]),
        ("see https://news.example/item?id=12345678 now", ["see"]),
        ("\ud800 \0 x", []),
        ("٣٤٥", ["٣٤٥"]),
    ],
)
def test_a_word_has_one_form(text: str, words: list[str]) -> None:
    """Case, accents, width, endings, hyphens, thousands and versions are written in many ways and read in one."""
    assert words_of(text) == words


def test_words_of_one_root_agree_across_languages() -> None:
    """A long word is its first letters, so that endings and languages of one root meet."""
    assert words_of("conferences") == words_of("Conférence") == words_of("Konferenz".replace("K", "C"))


@settings(deadline=None)
@given(st.text(max_size=3 * MOST_CHARACTERS))
def test_any_text_has_words(text: str) -> None:
    """Whatever a feed sends, words come out: short, never empty, and not more than there are characters."""
    words = words_of(text)
    assert all(0 < len(word) <= 80 for word in words)
    assert len(words) <= 4 * MOST_CHARACTERS


@settings(deadline=None)
@given(st.text(max_size=200))
def test_case_makes_no_other_word(text: str) -> None:
    """Reading what was read gives nothing that was not there: a form is its own form."""
    for word in words_of(text):
        if word.isascii() and word.isalpha():
            assert words_of(word) in ([word], [])


@pytest.mark.parametrize("piece", ["1 ", "1,", "1.1", "a-1", "\ufdfa", "é", "火", "v1", "1 000 ", "http://"])
def test_hostile_text_costs_no_more(piece: str) -> None:
    """Time is bounded by what is read of a text, ten megabytes of the worst included."""
    text = piece * (10_000_000 // len(piece))
    start = time.process_time()
    words_of(text)
    assert time.process_time() - start < 60


@pytest.mark.parametrize(
    "text", ["Zeta 3 is out", "3 Zeta", "Zeta  3", "Zeta\n3", "Zeta, 3", "1 000 2 000 a", "Zeta 3 4 Eta 5"]
)
def test_words_far_from_numbers_change_nothing(text: str) -> None:
    """Only what stands beside digits is read together with its neighbours: words before and after are as they are."""
    assert words_of(f"volcano. {text} lagoon") == ["volcan", *words_of(text), "lagoon"]


def test_what_is_remembered_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Memory holds so many words and no long ones, and what is forgotten is read as it was."""
    monkeypatch.setattr(module, "_MOST_KNOWN", 2)
    monkeypatch.setattr(module, "_KNOWN", known := module._Known())
    text = "volcano lagoon " + "glacier" * 9 + " volcano crater"
    assert words_of(text) == words_of(text) == ["volcan", "lagoon", "glacie", "volcan", "crater"]
    assert 0 < len(known) <= 2
    assert max(map(len, known)) < 10
