"""The language of `search`."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.config.query import Every, Not, Some, Unreadable, Words, parse_query

A, B, C = Words("a"), Words("b"), Words("c")


@pytest.mark.parametrize(
    ("text", "query"),
    [
        ("a", A),
        ("a b", Every((A, B))),
        ("a AND b", Every((A, B))),
        ("a OR b", Some((A, B))),
        ("a b OR c", Some((Every((A, B)), C))),
        ("a (b OR c)", Every((A, Some((B, C))))),
        ("a -b", Every((A, Not(B)))),
        ("NOT (a b)", Not(Every((A, B)))),
        ("---a", Words("---a")),
        ("a-b", Words("a-b")),
        ('"open weights" c', Every((Words("open weights"), C))),
        ('-"a b"', Not(Words("a b"))),
        ("agent*", Words("agent", begin=True)),
        ('"ai agent*"', Words("ai agent", begin=True)),
        ("or and", Every((Words("or"), Words("and")))),
    ],
)
def test_what_is_asked_for(text: str, query: object) -> None:
    """All words, one of several, none of some, words in their order, beginnings; in capitals OR, AND, NOT."""
    assert parse_query(text) == query


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "a word is missing"),
        ("a OR", "a word is missing"),
        ("OR a", "a word is missing"),
        ("()", "a word is missing"),
        ("(a", "does not close a parenthesis"),
        ("a)", "did not open"),
        ('"a', "quotation mark"),
        ('a "', "quotation mark"),
        ('""', "no letter"),
        ("a --", "no letter"),
        ("NOT", "without saying what"),
        ("(NOT)", "without saying what"),
        ("*", "no letter"),
        ("(" * 30 + "a" + ")" * 30, "in each other"),
        ("a " * 600, "more than 1000 characters"),
    ],
)
def test_what_is_no_search(text: str, why: str) -> None:
    """The reason says what is wrong."""
    with pytest.raises(Unreadable, match=why):
        parse_query(text)


@given(st.text(alphabet='ab ()-"*ORNOTAND', max_size=40))
def test_any_text_is_a_search_or_is_not(text: str) -> None:
    """No text does anything else."""
    with contextlib.suppress(Unreadable):
        parse_query(text)
