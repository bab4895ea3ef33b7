"""Where the words of a search stand."""

from __future__ import annotations

import pytest

from aggregator.serve.marking import marked, snippet


@pytest.mark.parametrize(
    ("text", "query", "found"),
    [
        ("Open weights are open", "OPEN", ["Open", "open"]),
        ("Das Modell spricht", "modèll", ["Modell"]),
        ("Un modèle parle", "modele", ["modèle"]),
        ("Agents and agent, agency", "agent", ["Agents", "agent"]),
        ("An agent", "agents", ["agent"]),
        ("The cat and cats", "cat", ["cat"]),
        ("Presidential", "president", ["Presidential"]),
        ("言語モデルが方言を学ぶ", "方言", ["方言"]),
        ("言語モデル", "モデル 言語モ", ["言語モ"]),
        ("nothing", "else", []),
        ("nothing", "", []),
        ("a.b (c)", ". (", []),
    ],
)
def test_words_are_marked(text: str, query: str, found: list[str]) -> None:
    """Case, accents and endings do not count; the pieces together are the text."""
    pieces = marked(text, query)
    assert [piece.words for piece in pieces if piece.marked] == found
    assert "".join(piece.words for piece in pieces) == text


def test_a_snippet_has_the_first_word() -> None:
    """A long text is cut to where a word stands; without one, to its beginning, at the end of a word."""
    text = f"{'before ' * 60}needle{' after' * 60}"
    part = snippet(text, "needle", 120)
    assert part.startswith("…before")
    assert part.endswith("after…")
    assert "needle" in part
    assert len(part) <= 124
    assert snippet(text, "nothing", 30) == "before before before before…"
    assert snippet("short needle", "needle", 30) == "short needle"
    assert snippet(f"needle {text}", "needle", 30).startswith("needle before")
    assert snippet(f"{'before ' * 60}needle", "needle", 100).endswith("before needle")
    assert snippet("x" * 500 + " needle", "needle", 100).startswith("…" + "x" * 59 + " needle")
