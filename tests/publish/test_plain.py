from __future__ import annotations

import html

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.publish.plain import escaped, excerpt, label, markup_like, plain


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        ("<p>One</p><p>Two<br>Three</p>", "One Two Three"),
        ("w<b>or</b>d &amp; &lt;tag&gt;", "word & <tag>"),
        ("a<script>alert(1)</script><style>b{}</style>c", "ac"),
        ("plain\ntext", "plain text"),
        ("<img src='x.png'>", ""),
        ("broken <a href='", "broken"),
        ("\ud800<p>x</p>", "x"),
        (None, ""),
    ],
)
def test_plain_reads_html_as_text(markup: str | None, text: str) -> None:
    """Tags go, blocks stay apart, references are decoded once, scripts are no text."""
    assert plain(markup) == text


def test_plain_is_bounded() -> None:
    """What stands beyond all that an excerpt needs is not looked at, however much it is."""
    assert plain("<b>seen</b>" + "<div>" * 500_000 + "unseen") == "seen"


@given(st.text())
def test_escaped_text_comes_back(words: str) -> None:
    """Text that is escaped as HTML reads back as that text."""
    assert plain(escaped(words)) == plain(escaped(plain(escaped(words))))
    assert html.unescape(escaped(words)) == words


@given(st.text(min_size=1), st.integers(min_value=5, max_value=50))
def test_excerpt_is_a_short_beginning(words: str, limit: int) -> None:
    """An excerpt is at most as long as allowed, begins as the text begins, and is left alone the second time."""
    short = excerpt(words, limit)
    assert len(short) <= limit
    assert words.startswith(short.removesuffix("…"))
    assert excerpt(short, limit) == short


def test_excerpt_ends_with_a_word() -> None:
    """The cut falls between words; a text without blanks is cut anyway."""
    assert excerpt("one two three four", 12) == "one two…"
    assert excerpt("onetwothreefour", 8) == "onetwot…"
    assert excerpt("short", 8) == "short"


@pytest.mark.parametrize("words", ["<b>bold</b>", "a <b c", "AT&amp;T", "&copy 2026", "<!-- x -->", "&#60;"])
def test_markup_like(words: str) -> None:
    """What a guessing reader would take for HTML is recognised."""
    assert markup_like(words)


@pytest.mark.parametrize("words", ["AT&T", "R & D", "I <3 you", "a < b > c", "plain"])
def test_not_markup_like(words: str) -> None:
    """Ordinary ampersands and signs are not."""
    assert not markup_like(words)


@pytest.mark.parametrize(
    ("given_label", "shown"),
    [
        ("Ann <ann@a.example>", "Ann"),
        ("AT&amp;T", "AT&T"),
        ("<b>x</b>", "x"),
        ("&lt;b&gt;x", "x"),
        (" a\nb ", "a b"),
    ],
)
def test_label_has_no_markup(given_label: str, shown: str) -> None:
    """Names and labels hold no tags."""
    assert label(given_label) == shown
