from __future__ import annotations

import json
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aggregator.config.settings import ItemSelectors
from aggregator.errors import EmptyDocument, NotAFeed, ParseError
from aggregator.parse.page import parse_page
from tests.parse.layouts import LAYOUTS, SITE, Layout, page

if TYPE_CHECKING:
    from collections.abc import Callable

    from aggregator.model import Document

RECEIVED = datetime(2026, 1, 7, 12, tzinfo=UTC)
SEED = Path(__file__).parents[3] / "shared" / "seed" / "site"


def read(
    html: str | bytes, url: str = f"{SITE}/news", selectors: ItemSelectors | None = None, received: datetime = RECEIVED
) -> Document:
    """Parse a page as if its address had answered with it."""
    body = html.encode() if isinstance(html, str) else html
    return parse_page(body, url=url, content_type="text/html", received=received, selectors=selectors)


@pytest.mark.parametrize("build", LAYOUTS, ids=lambda build: build.__name__)
def test_list_is_found(build: Callable[[], Layout]) -> None:
    """A list page of each kind gives its articles in order, with title and day, and nothing else of the page."""
    layout = build()
    items = read(layout.html, layout.url).items
    assert [(item.link or "").partition("?source")[0] for item in items] == [each.url for each in layout.articles]
    assert [item.title for item in items] == [each.title for each in layout.articles]
    assert [item.published.date() if item.published else None for item in items] == [
        each.day for each in layout.articles
    ]


def cards(*names: str) -> str:
    """Return a page with a card for every name."""
    return page(
        "<nav><a href='/x'>X</a></nav><main>"
        + "".join(
            f"<div class='c'><a class='more' href='/n/{name}' data-on='19|12'>Go</a><b class='t'>{name}</b><i class='d'>03/04/2025</i></div>"
            for name in names
        )
        + "</main>"
    )


def test_selectors_say_where_articles_are() -> None:
    """With selectors the items are what they match: title by element, link by attribute, date in the format given."""
    selectors = ItemSelectors(select="div.c", title=".t", link="a.more@href", date=".d", date_format="%d/%m/%Y")
    items = read(cards("one", "two"), selectors=selectors).items
    assert [(item.title, item.link, item.published) for item in items] == [
        ("one", f"{SITE}/n/one", datetime(2025, 4, 3, tzinfo=UTC)),
        ("two", f"{SITE}/n/two", datetime(2025, 4, 3, tzinfo=UTC)),
    ]


def test_selected_element_may_be_the_link() -> None:
    """`select` may match the links themselves: `@href` is then their own address, and `@...` a date's attribute."""
    html = page(
        "<a class='k' href='/n/1' data-on='2025-12-19'><h3>First</h3></a><a class='k' href='/n/2'><h3>Second</h3></a>"
    )
    items = read(html, selectors=ItemSelectors(select="a.k", title="h3", link="@href", date="@data-on")).items
    assert [(item.title, item.link) for item in items] == [("First", f"{SITE}/n/1"), ("Second", f"{SITE}/n/2")]
    assert items[0].published == datetime(2025, 12, 19, tzinfo=UTC)


def test_selectors_that_are_left_out_are_found() -> None:
    """With `select` alone title, link and date of each element are found as in a page without selectors."""
    html = page(
        "".join(
            f"<p class='x'><a href='/n/{n}'>A title of several words, {n}</a> <time>Dec {n + 1}, 2025</time></p>"
            for n in range(3)
        )
    )
    items = read(html, selectors=ItemSelectors(select="p.x")).items
    assert [item.title for item in items] == [f"A title of several words, {n}" for n in range(3)]
    assert [item.published and item.published.day for item in items] == [1, 2, 3]


@pytest.mark.parametrize(
    ("selectors", "named"),
    [
        (ItemSelectors(select=".gone"), "select: .gone"),
        (ItemSelectors(select=".c", link=".gone@href"), "link: .gone@href"),
        (ItemSelectors(select=".c", title=".gone"), "title: .gone"),
        (ItemSelectors(select="]["), "no CSS selector"),
    ],
)
def test_selector_without_a_match_is_an_error(selectors: ItemSelectors, named: str) -> None:
    """A selector that matches nothing is named, with what can be done: a page that was rebuilt is a failing source."""
    with pytest.raises(ParseError, match=named.replace("][", "").replace(".", r"\.")) as caught:
        read(cards("one", "two"), selectors=selectors)
    assert caught.value.remedy


@pytest.mark.parametrize(
    "html",
    [
        page("<p>Nothing here.</p>"),
        page("<nav><a href='/a-b-c-d'>A link of five words</a></nav>"),
        page("<h1>404</h1>"),
    ],
)
def test_page_without_a_list_is_an_error(html: str) -> None:
    """A page that lists nothing is an error with a remedy, never an empty document."""
    with pytest.raises(ParseError, match="No list") as caught:
        read(html)
    assert "select" in caught.value.remedy


def test_bot_check_is_named() -> None:
    """A bot check that answers in place of the page is called one."""
    with pytest.raises(ParseError, match="bot check"):
        read(page("<h1>Verify you are human</h1>", title="Just a moment..."))


def test_other_documents_are_refused() -> None:
    """An empty body, another kind of file and a feed are told apart from a page."""
    with pytest.raises(EmptyDocument):
        read(b"  \n")
    with pytest.raises(NotAFeed):
        read(b"%PDF-1.7")
    with pytest.raises(ParseError, match="feed") as caught:
        read(b"<?xml version='1.0'?><rss version='2.0'><channel/></rss>")
    assert "kind: page" in caught.value.remedy


def test_header_is_read() -> None:
    """The header has the page's title, description, language, icon, its own address and the next page's."""
    layout = next(build() for build in LAYOUTS if build.__name__ == "corporate_de")
    html = layout.html.replace(
        "<title>", "<meta name='description' content='Alles Neue'><link rel='icon' href='/i.png'><title>"
    )
    header = read(html, layout.url).header
    assert (header.title, header.subtitle, header.language) == ("News", "Alles Neue", "de")
    assert (header.site, header.icon) == (layout.url, f"{SITE}/i.png")
    assert [link.href for link in header.links if link.rel == "next"] == [f"{layout.url}?seite=2"]


@pytest.mark.parametrize(
    ("url", "html", "following"),
    [
        ("/blog", "<link rel='next' href='/blog/page/2/'>", "/blog/page/2/"),
        ("/blog", "<a href='/blog?page=2'>2</a>", "/blog?page=2"),
        ("/blog?page=2", "<a href='/blog?page=1'>1</a><a href='/blog?page=3'>3</a>", "/blog?page=3"),
        ("/blog", "<a href='/blog/page/2/'>← Older posts</a>", "/blog/page/2/"),
        ("/blog", "<a href='/page/2/' aria-label='Next'><img src=x></a>", "/page/2/"),
        ("/liste", "<a href='?seite=2'>Weiter</a>", "/liste?seite=2"),
        ("/list", "<a href='/list/index_2.html'>下一页</a>", None),
        ("/blog", "<a rel='next' href='https://other.example/2'>Next</a>", None),
        ("/blog", "<a href='#'>Next</a><a href='/next-steps'>Next</a>", None),
    ],
)
def test_next_page_is_found(url: str, html: str, following: str | None) -> None:
    """The list's next page is found by rel=next, by number and by its words, on the same host only."""
    rows = "".join(
        f"<li><a href='/blog/an-article-with-a-name-{n}'>An article with a name {n}</a></li>" for n in range(4)
    )
    links = read(page(f"<ul>{rows}</ul>{html}"), SITE + url).header.links
    assert next((link.href for link in links if link.rel == "next"), None) == (SITE + following if following else None)


def test_teaser_picture_and_language() -> None:
    """An item brings its teaser as clean HTML and the address of its picture."""
    rows = "".join(
        f"<article><img data-src='/p{n}.jpg' src='data:image/gif;base64,R0'><h2><a href='/n/story-number-{n}'>Story number {n}</a></h2>"
        f"<p>Why 1 &lt; 2 &amp; what it means for everyone who counts, told in number {n}.</p></article>"
        for n in range(3)
    )
    item = read(page(rows)).items[1]
    assert item.summary == "<p>Why 1 &lt; 2 &amp; what it means for everyone who counts, told in number 1.</p>"
    assert item.thumbnail == f"{SITE}/p1.jpg"


def test_addresses_are_clean() -> None:
    """Links to scripts, mail and other schemes are no articles; relative ones follow `<base>`."""
    rows = "".join(
        f"<li><h3><a href='story-of-some-length-{n}'>Story of some length {n}</a></h3></li>" for n in range(3)
    )
    bad = "<li><h3><a href='javascript:alert(1)'>A story that runs a script</a></h3></li><li><h3><a href='mailto:a@b.example'>Write to all of us here</a></h3></li>"
    items = read(page(f"<ul>{rows}{bad}</ul>", head="<base href='https://cdn.example/deep/'>")).items
    assert [item.link for item in items] == [f"https://cdn.example/deep/story-of-some-length-{n}" for n in range(3)]


def test_charset_of_the_page_counts() -> None:
    """A page in Shift_JIS that says so in a meta element only is read in it."""
    layout = next(build() for build in LAYOUTS if build.__name__ == "newsroom_ja")
    body = layout.html.replace("utf-8", "shift_jis").encode("cp932")
    items = parse_page(body, url=layout.url, content_type="text/html", received=RECEIVED, selectors=None).items
    assert [item.title for item in items] == [each.title for each in layout.articles]


HOSTILE = {
    "deep": "<div>" * 50_000 + "<a href='/a-b-c-d-e'>A link of five words</a>",
    "many links": "".join(
        f"<li><a href='/story-with-a-name-{n}'>Story with a name {n}</a></li>" for n in range(20_000)
    ),
    "one card": "<a href='/story-with-a-name-1'>" + "<b>x</b>" * 50_000,
    "many tables": "<table><tr><td>" * 20_000,
    "open quotes": '<a href="' * 50_000,
    "long class": f"<div class='{'a-' * 200_000}'><a href='/a-b-c-d'>A story of words</a></div>",
    "long text": "<ul>" + "".join(f"<li><a href='/story-with-name-{n}'>{'word ' * 20_000}</a></li>" for n in range(10)),
    "deep json": f"<script type='application/ld+json'>{'[' * 100_000}</script>",
    "wide json": f"<script type='application/json'>{json.dumps([{'title': str(n)} for n in range(60_000)])}</script>",
    "dates": "".join(
        f"<li><a href='/story-with-a-name-{n}'>Story with a name</a><span>{'1 ' * 140}</span></li>" for n in range(500)
    ),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_pages_end_soon(name: str) -> None:
    """Deep, wide and broken pages are read or refused within seconds of CPU time, if nothing else slows the machine."""
    enough = 8 if sys.gettrace() is None else 24  # counting branches makes it three times as slow
    assert any(_seconds(HOSTILE[name]) < enough for _ in range(3))


def _seconds(body: str) -> float:
    """Return the CPU time in which a page is read or refused."""
    start = time.process_time()
    try:
        document = read(page(body))
    except ParseError:
        document = None
    assert document is None or len(document.items) <= 1000
    return time.process_time() - start


def test_too_many_tags_or_attributes_are_refused() -> None:
    """A page of more tags than a list of articles needs, or a tag of more attributes, is refused unparsed."""
    with pytest.raises(ParseError, match="300000 tags"):
        read("<html>" + "<b>" * 300_001)
    with pytest.raises(ParseError, match="512 attributes"):
        read("<html><a " + " ".join(f"a{n}" for n in range(2000)) + ">")


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.sampled_from(
            [
                "<a href='/n/a-b-c-d'>",
                "</a>",
                "<h2>",
                "</h2>",
                "<li>",
                "<td>",
                "<article>",
                "Jan 5",
                "words of a title",
                "<time>",
                "<!--",
                "\x00",
                "\ud800",
                "<script>",
                "<script type='application/json'>[{",
                "</script>",
                "<base href='//['>",
            ]
        ),
        max_size=40,
    )
)
def test_any_page_is_read_or_refused(pieces: list[str]) -> None:
    """Whatever tags a page is made of, it is read or refused with ParseError; items have title and link."""
    try:
        items = read("".join(["<html>", *pieces]).encode("utf-8", "surrogatepass")).items
    except ParseError:
        return
    assert all(item.title and item.link and "\x00" not in item.title for item in items)


@pytest.mark.skipif(not SEED.is_dir(), reason="the sample site is not here")
def test_sample_site_is_listed() -> None:
    """The sample site's list gives its five articles in order, with title and day, and none of its navigation."""
    document = read(
        (SEED / "actualites" / "index.html").read_bytes(),
        "http://site.example/actualites/",
        received=datetime(2024, 4, 20, tzinfo=UTC),
    )
    names = [(item.link or "").rpartition("/")[2] for item in document.items]
    assert names == ["mixtral-8x22b", "grok-derniere-cascade-elon-musk", "claude-3", "gemma", "sora"]
    assert (
        document.items[1].title
        == "Grok : Pourquoi la dernière cascade d'IA d'Elon Musk est importante (mais pas non plus)"
    )
    assert document.items[1].published == datetime(2024, 3, 19, tzinfo=UTC)
    assert document.header.language == "fr"
