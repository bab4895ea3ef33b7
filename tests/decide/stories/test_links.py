"""One link is one story: a headline elsewhere, a commentary, under the article's own address."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from aggregator.decide.stories.article import Article
from aggregator.decide.stories.links import linked_to, tells_of

LINK = "https://lab.example/grok"
NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)
OWN = Article(1, "Grok", "", NOON, "https://lab.example/feed", link=LINK, canonical="lab.example/grok", story="s")
HEADLINE = replace(OWN, key=2, title="Grok is open", feed="https://news.example/rss")
COMMENT = replace(OWN, key=3, title="On Grok", feed="https://blog.example/rss")


def test_the_articles_own_site_comes_first() -> None:
    """Of several with one link, the one that the link's site tells is it; else the first."""
    assert linked_to(COMMENT, [HEADLINE, OWN]) is OWN
    assert linked_to(OWN, [HEADLINE, COMMENT]) is HEADLINE
    assert linked_to(OWN, []) is None


@pytest.mark.parametrize("canonical", [None, "", "lab.example"])
def test_a_home_page_is_no_article(canonical: str | None) -> None:
    """Without a path or a query a link says nothing of news."""
    assert linked_to(replace(HEADLINE, canonical=canonical), [replace(OWN, canonical=canonical)]) is None


def test_a_query_is_a_place() -> None:
    """Old sites tell articles apart by their query alone."""
    there = "lab.example?p=7"
    assert linked_to(replace(HEADLINE, canonical=there), [found := replace(OWN, canonical=there)]) is found


def test_a_page_of_many_entries_is_no_article() -> None:
    """Release notes: one feed lists several entries under one link, which then decides nothing for anybody."""
    notes = replace(OWN, key=4, title="Version 2")
    assert linked_to(notes, [OWN]) is None
    assert linked_to(COMMENT, [OWN, notes]) is None


def test_what_the_operator_keeps_apart() -> None:
    """A link does not bring together what was split."""
    assert linked_to(replace(COMMENT, apart=frozenset({1})), [OWN, HEADLINE]) is None
    assert linked_to(replace(COMMENT, apart=frozenset({7})), [OWN, HEADLINE]) is OWN


def test_who_tells_of_whom() -> None:
    """What stands under another's address tells of it; of two that both do, the one that came later."""
    assert tells_of(HEADLINE, OWN)
    assert not tells_of(OWN, HEADLINE)
    assert tells_of(COMMENT, HEADLINE)
