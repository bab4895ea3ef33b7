"""Digests: one entry a day made of the day's stories."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import feedparser
import pytest
from lxml import html

if TYPE_CHECKING:
    from collections.abc import Callable

DAY = timedelta(days=1)
DAILY = {"name": "daily", "digest": "daily", "title": "AI, daily"}


@pytest.fixture
def day(newsdesk: Any) -> Callable[..., Any]:
    """Return what lets a day pass and returns the newest issue as a reader sees it."""

    def pass_(output: str = "daily", ending: str = "atom") -> Any:
        newsdesk.now += DAY
        newsdesk.drain()
        return feedparser.parse(newsdesk.render(output, ending)).entries[0]

    return pass_


def test_an_issue_lists_the_days_stories(newsdesk: Any, day: Any) -> None:
    """The most covered first, with link, source, number of others and the beginning of the text."""
    newsdesk.configure(DAILY)
    chip = newsdesk.tell("a", "chip", 0, hours=1, summary="<p>Silicon &amp; more. " + "words " * 99 + "</p>")
    newsdesk.tell("b", "grok", 0, hours=3)
    newsdesk.tell("c", "grok", 1, hours=2)
    date = f"{newsdesk.now:%Y-%m-%d}"
    issue = day()
    assert issue.title == f"AI, daily: {date}"
    first, second = html.fromstring(issue.content[0].value if "content" in issue else issue.summary).iterfind(".//li")
    assert first.text_content() == "Grok opens its weights in Memphis (The B and 1 more)"
    assert second.text_content().startswith("Tachyum ships Prodigy silicon (The A)Silicon & more. words")
    assert second.text_content().endswith("…")
    assert second.find(".//a").get("href") == chip
    assert issue.updated == f"{newsdesk.now:%Y-%m-%d}T00:00:00Z"


@pytest.mark.parametrize("ending", ["atom", "rss", "json"])
def test_an_issue_is_the_same_in_every_format_and_at_any_time(newsdesk: Any, day: Any, ending: str) -> None:
    """Ids stay, bytes stay, each format parses back."""
    newsdesk.configure(DAILY)
    newsdesk.tell("a", "grok", 0)
    newsdesk.now += DAY
    newsdesk.drain()
    before = newsdesk.render("daily", ending)
    newsdesk.now += DAY
    newsdesk.reopen()
    newsdesk.drain()
    assert newsdesk.render("daily", ending) == before
    assert before.count(b"Grok opens its weights") == 1


def test_a_day_without_news_has_no_issue(newsdesk: Any, day: Any) -> None:
    """Nothing released, nothing published; and a day of which all was withdrawn disappears."""
    newsdesk.configure(DAILY)
    only = newsdesk.tell("a", "grok", 0)
    issue = day()
    assert day().id == issue.id
    newsdesk.correct("withdraw", only)
    assert newsdesk.told("daily") == {}


def test_hostile_titles_stay_words(newsdesk: Any, day: Any) -> None:
    """Markup in titles is shown, links that are none are left out, languages are marked where they are known."""
    newsdesk.configure(DAILY)
    evil = newsdesk.item("a", "<script>alert(1)</script> \"Zyxel\" & 'co'", link=None, guid="x", language="fr")
    newsdesk.bring("a", evil, newsdesk.item("a", "", link="https://a.example/untitled", guid="y", hours=5))
    issue = day()
    tree = html.fromstring(issue.content[0].value if "content" in issue else issue.summary)
    assert {element.tag for element in tree.iter()} <= {"ol", "li", "p", "a", "span", "div"}
    assert "<script>alert(1)</script>" in tree.text_content()
    assert [span.get("lang") for span in tree.iterfind(".//span")] == ["fr"]
    assert "Untitled" in tree.text_content()


def test_top_limits_an_issue(newsdesk: Any, day: Any) -> None:
    """With `top` only so many stories are listed."""
    newsdesk.configure(DAILY | {"top": 1})
    newsdesk.tell("b", "grok", 0, hours=3)
    newsdesk.tell("c", "chip", 0, hours=2)
    day()
    assert b"Tachyum" in newsdesk.render("daily")
    assert b"Grok" not in newsdesk.render("daily")


def test_private_stories_are_told_behind_a_token_only(newsdesk: Any, day: Any) -> None:
    """What a private source tells is in no public issue."""
    newsdesk.configure(DAILY, DAILY | {"name": "club", "token": "club-token-1234"}, d={"private": True})
    newsdesk.tell("a", "grok", 0, hours=3)
    newsdesk.bring("d", newsdesk.item("d", "Tachyum in secret"))
    day()
    assert b"in secret" not in newsdesk.render("daily")
    assert b"in secret" in newsdesk.render("club")
