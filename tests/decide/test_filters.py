from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.config.settings import FilterRule
from aggregator.decide.filters import field_text, filtered, match
from aggregator.model import Category, Item, Person

ITEM = Item(
    title="Grok opens its WEIGHTS",
    link="https://a.example/grok",
    summary="<p>In <b>short</b></p>",
    content="<p>At&nbsp;length</p>",
    authors=(Person("Ann Onym", email="ann@a.example"), Person("Bo")),
    categories=(Category("ml", "Machine learning"), Category("open")),
    language="en-GB",
)


@pytest.mark.parametrize(
    ("field", "text"),
    [
        ("title", "Grok opens its WEIGHTS"),
        ("summary", "In short"),
        ("content", "At length"),
        ("text", "Grok opens its WEIGHTS\nIn short\nAt length"),
        ("author", "Ann Onym ann@a.example\nBo "),
        ("category", "ml\nMachine learning\nopen\n"),
        ("link", "https://a.example/grok"),
        ("language", "en-GB"),
    ],
)
def test_what_a_field_means(field: str, text: str) -> None:
    """A filter sees the words of a field, without markup."""
    assert field_text(ITEM, field) == text


def test_a_field_that_is_missing_is_empty() -> None:
    """What an item does not have contains nothing."""
    assert {field_text(Item(), field) for field in ("title", "link", "summary", "author", "language")} == {""}


@pytest.mark.parametrize(
    ("rule", "found"),
    [
        (FilterRule(contains=("weights",)), "weights"),
        (FilterRule(contains=("nothing", "GROK")), "GROK"),
        (FilterRule(contains=("regex:^grok",)), "regex:^grok"),
        (FilterRule(contains=("regex:weights.",)), None),
        (FilterRule(regex=(r"\bits\b",)), r"\bits\b"),
        (FilterRule(regex=(r"^its",)), None),
        (FilterRule(contains=("x.y",)), None),
    ],
)
def test_words_and_expressions(rule: FilterRule, found: str | None) -> None:
    """Words are literal, expressions are RE2, letter case never counts; the first that is found is named."""
    assert match(rule, ITEM) == found


def test_keep_and_drop() -> None:
    """One rule of keep must match, none of drop; the reason says which word or which fields."""
    grok, other = FilterRule(contains=("grok",)), FilterRule(field="text", contains=("gemma",))
    assert filtered(ITEM, keep=(), drop=()) is None
    assert filtered(ITEM, keep=(other, grok), drop=(other,)) is None
    assert filtered(ITEM, keep=(other,), drop=()) == "filtered: no word of keep in text"
    assert filtered(ITEM, keep=(grok,), drop=(grok,)) == "filtered: title contains grok"


def test_an_expression_cannot_take_forever() -> None:
    """Expressions run in linear time, whatever they look for."""
    assert match(FilterRule(regex=("(a+)+$",)), Item(title="a" * 50_000 + "b")) is None


@given(st.text(min_size=1), st.text(), st.text())
def test_a_literal_word_is_found_wherever_it_stands(word: str, before: str, after: str) -> None:
    """Whatever its characters mean to an expression, a word is found in a title that has it."""
    if not word.startswith("regex:"):
        assert match(FilterRule(contains=(word,)), Item(title=before + word + after)) == word
