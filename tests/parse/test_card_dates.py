from __future__ import annotations

from datetime import UTC, datetime

import pytest

from aggregator.parse.page import parse_page

RECEIVED = datetime(2026, 1, 7, 12, tzinfo=UTC)


def days(body: str, lang: str = "en") -> list[str | None]:
    """Return the days of the articles that a page lists."""
    page = f"<html lang='{lang}'><body><main>{body}</main></body></html>".encode()
    items = parse_page(
        page, url="https://lab.example/news", content_type="text/html", received=RECEIVED, selectors=None
    ).items
    return [item.published and f"{item.published:%Y-%m-%d}" for item in items]


def rows(*dates: str, element: str = "<li>{d} <a href='/news/{n}'>What we found in part {n}</a></li>") -> str:
    """Return a list of articles with these dates."""
    return "<ul>" + "".join(element.format(d=date, n=n) for n, date in enumerate(dates)) + "</ul>"


def test_year_is_of_the_heading() -> None:
    """Days without a year are of the year they stand under; days that say theirs are not, nor later years' than theirs."""
    assert days(f"<h2>2024</h2>{rows('Dec 3', 'Mar 1', 'Feb 29')}") == ["2024-12-03", "2024-03-01", "2024-02-29"]
    assert days(f"<h2>2023</h2>{rows('Mar 1, 2024', 'Feb 3, 2024', 'Feb 1')}") == [
        "2024-03-01",
        "2024-02-03",
        "2023-02-01",
    ]
    assert days(f"<h2>2026</h2>{rows('Dec 30', 'Dec 3', 'Dec 1')}") == ["2025-12-30", "2025-12-03", "2025-12-01"]


def test_a_cards_day_is_not_the_next_ones() -> None:
    """A date inside one card counts for no other, as one between cards does."""
    boxes = "".join(
        f"<article><span class='date'>{d}</span><h3><a href='/news/{n}'>What we found in part {n}</a></h3></article>"
        for n, d in enumerate(("Jan 3, 2026", "soon", "Jan 1, 2026"))
    )
    assert days(boxes) == ["2026-01-03", None, "2026-01-01"]


@pytest.mark.parametrize(
    ("dates", "expected"),
    [
        (("1/5/26", "12/28/25", "12/3/25"), ["2026-01-05", "2025-12-28", "2025-12-03"]),
        (("05/01/2026", "28/12/2025", "03/12/2025"), ["2026-01-05", "2025-12-28", "2025-12-03"]),
        (("1/5/26", "2/6/25", "3/7/25"), [None, None, None]),
        (("1/5/26", "28/12/25", "12/28/25"), [None, "2025-12-28", "2025-12-28"]),
    ],
    ids=["month first", "day first", "unknown", "both"],
)
def test_order_of_day_and_month_is_the_pages(dates: tuple[str, ...], expected: list[str | None]) -> None:
    """Where the language leaves it open, one date after the twelfth says for all which number is the day."""
    assert days(rows(*dates)) == expected


@pytest.mark.parametrize(
    "stated",
    [
        "<abbr class='published' title='2025-11-02T10:00:00Z'>x</abbr>",
        "<span title='2025-11-02 10:00:00 +0000'>9 weeks ago</span>",
        "<i data-publish-date='2025-11-02T10:00:00Z'></i>",
        "<i data-timestamp='1762077600'></i>",
    ],
)
def test_days_for_machines_are_read(stated: str) -> None:
    """An abbr of hAtom, moments in titles and attributes that are named dates are read before words."""
    assert days(rows(stated, stated, stated)) == ["2025-11-02"] * 3


def test_files_are_articles_where_nothing_else_is_linked() -> None:
    """A button that loads a file is the article when its card has no other, and is none beside one."""
    cards = "".join(
        f"<div><h3>What we found in part {n}</h3><time datetime='2026-01-0{n}'></time><a href='/files/what-we-found-in-part-{n}.pdf'>Download PDF</a></div>"
        for n in (1, 2, 3)
    )
    assert days(cards) == ["2026-01-01", "2026-01-02", "2026-01-03"]


def test_todays_date_above_a_list_is_nobodys() -> None:
    """The day that newspapers print on top of their pages is not that of articles without one."""
    undated = rows("", "", "").replace("<ul>", "<h1>News</h1><ul>")
    assert days(f"<div class='current-date'>Wednesday, January 7, 2026</div>{undated}") == [None, None, None]


def test_links_in_sentences_are_no_articles_of_posts() -> None:
    """Links inside the text of posts that are shown whole are left out; those that begin a line of news are not."""
    words = "and what came of it in the end was quite another thing than we had planned at the beginning of the year"
    posts = "".join(
        f"<article><h2><a href='/news/{n}'>What we found in part {n}</a></h2><p>{words}, as <a href='https://x.example/a-study-of-{n}-things'>a study of {n} things</a> says, {words}.</p></article>"
        for n in range(3)
    )
    lines = "".join(
        f"<li><a href='/news/a-line-of-news-{n}'>A line of news, number {n}</a> {words}.</li>" for n in range(4)
    )
    assert len(days(posts)) == len("abc")
    assert len(days(f"{posts}<ul>{lines}</ul>")) == len("abcdefg")
