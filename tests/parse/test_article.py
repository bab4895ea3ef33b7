from __future__ import annotations

import json
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aggregator.errors import EmptyDocument, NotAFeed, ParseError
from aggregator.parse.article import ArticlePage, is_plausible, parse_article
from tests.parse.layouts.texts import TEXTS, Text

if TYPE_CHECKING:
    from collections.abc import Callable

RECEIVED = datetime(2024, 4, 20, 12, tzinfo=UTC)
URL = "https://lab.example/news/why-agents-fail"
SEED = Path(__file__).parents[3] / "shared" / "seed" / "site"
TITLE = "Why agents fail, and what can be done"
PARAGRAPHS = [
    "The agents that we tested were asked to book a journey, to compare three insurances and to file a complaint, and most of them failed.",
    "They failed not because they could not read the pages but because they did not notice that a step had gone wrong, and went on as if it had not.",
    "A model that is told what it has done so far does better: in our tests the share of tasks that were completed rose from a third to more than half.",
    "What remains are tasks for which a page must be understood as a whole, and for these nobody has found a remedy that works for more than one site.",
]
FRENCH = [
    "Les agents que nous avons testés devaient réserver un voyage, comparer trois assurances et déposer une réclamation, et la plupart ont échoué.",
    "Ils ont échoué non parce qu'ils ne savaient pas lire les pages, mais parce qu'ils n'ont pas remarqué qu'une étape s'était mal passée.",
    "Un modèle à qui l'on dit ce qu'il a fait jusque-là s'en sort mieux : la part des tâches accomplies passe d'un tiers à plus de la moitié.",
]
NAV = "<header><a href='/'>Lab</a><nav><ul><li><a href='/models'>Models</a></li><li><a href='/news'>News</a></li></ul></nav></header>"
RECENT = (
    "<section class='recent'><h2>Recent articles</h2>"
    + "".join(
        f"<article class='card'><a href='/news/other-{n}'><h3>Another article, number {n}</h3></a><p>March {n}, 2024</p></article>"
        for n in range(1, 4)
    )
    + "<a href='/news'>See all articles</a></section>"
)
NEWSLETTER = "<div class='newsletter'><h3>Subscribe to our newsletter</h3><p>Get the latest research in your inbox every month, without spam.</p></div>"
FOOT = "<footer><p>© 2024 Lab. All rights reserved.</p><a href='/privacy'>Privacy</a></footer>"


def article(
    body: str | None = None,
    *,
    head: str = "",
    before: str = "",
    after: str = RECENT + NEWSLETTER,
    lang: str = "en",
    title: str = f"{TITLE} | Lab",
) -> str:
    """Return a page with an article, a box of recent ones, a newsletter and a footer."""
    inner = "".join(f"<p>{text}</p>" for text in PARAGRAPHS) if body is None else body
    return (
        f"<!doctype html><html lang='{lang}'><head><meta charset='utf-8'><title>{title}</title>{head}</head><body>{NAV}<main>"
        f"<h1>{TITLE}</h1>{before}<div class='post-body'>{inner}</div>{after}</main>{FOOT}</body></html>"
    )


def read(html: str | bytes, url: str = URL) -> ArticlePage:
    """Parse a page as if its address had answered with it."""
    body = html.encode() if isinstance(html, str) else html
    return parse_article(body, url=url, content_type="text/html; charset=utf-8", received=RECEIVED)


@pytest.mark.parametrize("build", TEXTS, ids=lambda build: build.__name__)
def test_text_is_found(build: Callable[[], Text]) -> None:
    """The page of an article of each kind gives its title, its day and its lines, and nothing of what surrounds them."""
    text = build()
    page = parse_article(
        text.html.encode(), url=text.url, content_type="text/html", received=datetime(2026, 1, 7, 12, tzinfo=UTC)
    )
    assert page.title == text.title
    assert page.published is not None
    assert page.published.date() == text.day
    assert tuple(page.text.split("\n")) == text.lines


def test_body_is_the_article_and_nothing_else() -> None:
    """Of a page with navigation, a box of recent articles, a newsletter and a footer the body is the paragraphs."""
    page = read(
        article(
            before="<p class='post-date'>March 19, 2024</p><div class='share'><a href='https://x.com/intent'>Share this</a></div>"
        )
    )
    assert page.text.split("\n") == PARAGRAPHS
    assert page.content == "".join(f"<p>{text}</p>" for text in PARAGRAPHS) or "Recent" not in (page.content or "")


def test_structure_of_the_body_stays() -> None:
    """Headings, lists of both kinds, quotes, code, tables, links and pictures stay, their addresses absolute."""
    body = (
        f"<p>{PARAGRAPHS[0]} See <a href='/paper'>the <b>paper</b></a> and <code>x = 1</code>.</p><h2>Method</h2><ul><li>One thing</li><li>Another thing</li></ul>"
        f"<p>{PARAGRAPHS[1]}</p><ol><li>First step</li><li>Second step</li></ol><blockquote><p>A quote of some words by a reader.</p></blockquote>"
        f"<p>{PARAGRAPHS[2]}</p><pre><code>def f():\n    return 1\n</code></pre><figure><img src='fig/1.png' alt='A curve'></figure>"
        f"<table><tr><th>Model</th><th>Score</th></tr><tr><td>A</td><td>41</td></tr></table><p>{PARAGRAPHS[3]}</p>"
    )
    content = read(article(body)).content or ""
    for piece in (
        'href="https://lab.example/paper"', "<code>x = 1</code>", "<h2>Method</h2>", "<li>One thing</li>", "<ol>", "<blockquote>",
        "def f():\n    return 1", '<img src="https://lab.example/news/fig/1.png" alt="A curve">', "<th>Model</th>", "<td>41</td>",
    ):  # fmt: skip
        assert piece in content
    assert (
        content.index("First step") < content.index("def f()") < content.index("41") < content.index("nobody has found")
    )


def test_hostile_markup_is_cleaned() -> None:
    """Scripts, event attributes and addresses with other schemes do not reach the content; names that are none harm nothing."""
    body = f"<p onclick='x()' {{}}x=1>{PARAGRAPHS[0]}<script>alert(1)</script></p><p><a {{='1' {{}}y='2' href='javascript:alert(1)'>{PARAGRAPHS[1]}</a></p><p>{PARAGRAPHS[2]}<img {{}}z=3 src=x onerror=alert(1)></p>"
    content = (read(article(body)).content or "").lower()
    assert PARAGRAPHS[0].lower() in content
    assert not any(word in content for word in ("script", "alert", "onclick", "onerror"))


JSON_LD = json.dumps({"@graph": [{"@type": "WebSite", "name": "Lab"}, {"@type": "NewsArticle", "mainEntityOfPage": {"@id": URL}, "headline": TITLE, "datePublished": "2024-03-19T09:00:00Z", "dateModified": "2024-04-02T09:00:00Z", "author": [{"@type": "Person", "name": "Jane Doe"}, {"@type": "Person", "name": "Richard Roe"}], "image": {"url": "/ld.png"}}]})  # fmt: skip


@pytest.mark.parametrize(
    ("head", "before"),
    [
        (f"<script type='application/ld+json'>{JSON_LD}</script>", ""),
        (
            f"<script type='application/ld+json'>//<![CDATA[\n{JSON_LD}\n//]]></script>",
            "<time datetime='2024-04-02'>Updated April 2</time>",
        ),
        (
            "<meta property='article:modified_time' content='2024-04-02'><meta property='article:published_time' content='2024-03-19T10:00:00+01:00'>",
            "",
        ),
        ("<meta itemprop='datePublished' content='2024-03-19T09:00'>", ""),
        (
            "",
            "<time class='entry-date published' datetime='2024-03-19T09:00:00Z'>x</time><time class='updated' datetime='2024-04-02'>y</time>",
        ),
        (
            "",
            "<div class='meta'><span>Jane Doe</span> · <time datetime='2024-03-19T09:00:00Z'>3 weeks ago</time></div>",
        ),
        ("", "<p class='byline'>By Jane Doe on Mar 19, 2024 9:00 AM</p>"),
        ("", "<p>Last updated: April 2, 2024</p><p>19 March 2024, 09:00</p>"),
    ],
)
def test_day_of_publication(head: str, before: str) -> None:
    """The date is when it was published, from JSON-LD, meta, time or a line near the title, never when it was changed."""
    assert read(article(head=head, before=before)).published == datetime(2024, 3, 19, 9, tzinfo=UTC)


def test_no_date_is_taken_from_elsewhere() -> None:
    """Dates of other articles, of changes, of the footer and in the prose are not the article's."""
    body = (
        f"<p>On March 3, 2024, something else happened. {PARAGRAPHS[0]}</p><p>{PARAGRAPHS[1]}</p><p>{PARAGRAPHS[2]}</p>"
    )
    assert read(article(body, head="<meta property='article:modified_time' content='2024-04-02'>")).published is None


def test_english_date_on_a_french_page() -> None:
    """A page in French with an English date, an own small site, gives title, day, language and body."""
    body = "".join(f"<p>{text}</p>" for text in FRENCH)
    box = RECENT.replace("Recent articles", "Articles récents").replace("See all articles", "Voir tous les articles")
    page = read(article(body, before="<p class='post-date'>March 19, 2024</p>", after=box, lang="fr"))
    assert (page.title, page.published, page.language) == (TITLE, datetime(2024, 3, 19, tzinfo=UTC), "fr")
    assert page.text.split("\n") == FRENCH


@pytest.mark.parametrize(
    ("title", "head", "h1", "expected"),
    [
        (f"{TITLE} | Lab", "", TITLE, TITLE),
        (
            f"{TITLE} - The Daily Lab",
            "<meta property='og:title' content='Why agents fail, and what can be done'>",
            "",
            TITLE,
        ),
        (f"{TITLE} \u2013 Lab", "<meta property='og:site_name' content='Lab'>", "<a href='/'>Lab</a>", TITLE),
        ("Lab: news", f"<meta property='og:title' content='{TITLE} | Lab'>", "News", TITLE),
        (f"Lab | {TITLE}", "", "", TITLE),
        (
            "Mistral - a model for code - is out",
            "",
            "Mistral - a model for code - is out",
            "Mistral - a model for code - is out",
        ),
        (
            "大模型推理成本下降九成_科技_新闻网",
            "<meta property='og:site_name' content='新闻网'>",
            "大模型推理成本下降九成",
            "大模型推理成本下降九成",
        ),
        ("GPT-4o", "", "GPT-4o", "GPT-4o"),
    ],
)
def test_title_is_without_the_site(title: str, head: str, h1: str, expected: str) -> None:
    """The title is what heading and metadata agree on, without the site's name, and with dashes of its own."""
    html = article(head=head, title=title).replace(f"<h1>{TITLE}</h1>", f"<h1>{h1}</h1>" if h1 else "")
    assert read(html).title == expected


@pytest.mark.parametrize(
    ("head", "before", "names"),
    [
        (f"<script type='application/ld+json'>{JSON_LD}</script>", "", ["Jane Doe", "Richard Roe"]),
        ("<meta name='author' content='Jane Doe and Richard Roe'>", "", ["Jane Doe", "Richard Roe"]),
        ("<meta name='author' content='admin'>", "<p>By <a rel='author' href='/a'>Jane Doe</a></p>", ["Jane Doe"]),
        ("", "<span class='byline'>Par Zoé Martin</span>", ["Zoé Martin"]),
        ("<meta property='article:author' content='https://facebook.example/x'>", "", []),
        ("<meta name='author' content='Lab'><meta property='og:site_name' content='Lab'>", "", []),
    ],
)
def test_authors_are_people(head: str, before: str, names: list[str]) -> None:
    """Authors come from JSON-LD, meta or a byline; accounts, addresses and the site itself are none."""
    assert [person.name for person in read(article(head=head, before=before)).authors] == names


def test_addresses_of_the_page() -> None:
    """Canonical address and picture are absolute; a canonical address on another site, or the front page, is none."""
    page = read(article(head="<link rel='canonical' href='/news/why'><meta property='og:image' content='/i.png'>"))
    assert (page.canonical, page.image) == ("https://lab.example/news/why", "https://lab.example/i.png")
    for other in ("https://evil.example/x", "https://lab.example/", "javascript:alert(1)"):
        assert read(article(head=f"<link rel='canonical' href='{other}'>")).canonical is None


def test_language_that_cannot_be_is_detected() -> None:
    """A page in French from an English template is in French; one whose language is plausible is as it says."""
    body = "".join(f"<p>{text}</p>" for text in FRENCH)
    assert read(article(body, lang="en-US", after="")).language == "fr"
    assert read(article(lang="en-GB")).language == "en-GB"
    assert not is_plausible("en", "大模型推理成本下降九成" * 10)


def test_nothing_found_is_an_error() -> None:
    """A page without title and body, a bot check, an empty body and a PDF are errors that say so."""
    with pytest.raises(ParseError, match="No article"):
        read("<html><body><div id='root'></div></body></html>")
    with pytest.raises(ParseError, match="bot check"):
        read("<html><head><title>Just a moment...</title></head><body><p>Checking your browser</p></body></html>")
    with pytest.raises(EmptyDocument):
        read(b" ")
    with pytest.raises(NotAFeed):
        read(b"%PDF-1.4")


def test_page_without_a_body_has_its_facts() -> None:
    """A page whose body cannot be found still gives its title and day."""
    page = read(
        f"<html><head><title>{TITLE}</title><meta property='article:published_time' content='2024-03-19'></head><body></body></html>"
    )
    assert (page.title, page.published, page.content, page.text) == (TITLE, datetime(2024, 3, 19, tzinfo=UTC), None, "")


HOSTILE = {
    "deep": "<div>" * 20_000 + f"<p>{PARAGRAPHS[0]}</p>",
    "many paragraphs": f"<p>{PARAGRAPHS[0]}</p>" * 5_000,
    "many spans": "<p>" + "<span>word </span>" * 8_000,
    "many links": "".join(f"<a href='/{n}'>link {n}</a> " for n in range(10_000)),
    "many headings": "<h2>Related articles</h2><p>x</p>" * 5_000,
    "one text": f"<p>{'word ' * 400_000}</p>",
    "tables": "<table><tr><td>" * 5_000,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_pages_end_soon(name: str) -> None:
    """Deep, wide and broken pages are read, or refused, within a parser's seconds."""
    start = time.process_time()
    read(article(HOSTILE[name]))
    assert time.process_time() - start < 9


@settings(max_examples=30, deadline=None)
@given(
    st.lists(
        st.sampled_from(
            [
                "<p>words and words</p>",
                "<h1>Title of it</h1>",
                "<time datetime='x'>",
                "</div>",
                "<table><tr>",
                "<a href='//['>x</a>",
                '<script type=\'application/ld+json\'>{"@type":"Article","author":[null]}</script>',
                "\x00",
                "<img src=' '>",
                "<br>text",
                "<meta property='og:title' content='&#0;'>",
            ]
        ),
        max_size=25,
    )
)
def test_any_page_is_read_or_refused(pieces: list[str]) -> None:
    """Whatever a page is made of, it is read or refused with ParseError, never with another error."""
    try:
        page = read("".join(["<html>", *pieces]))
    except ParseError:
        return
    assert "\x00" not in page.title + page.text


@pytest.mark.skipif(not SEED.is_dir(), reason="the sample site is not here")
def test_sample_article() -> None:
    """The sample article gives its title, day, language and whole body, without navigation or recent articles."""
    body = (SEED / "actualites" / "grok-derniere-cascade-elon-musk.html").read_bytes()
    page = read(body, "http://site.example/actualites/grok-derniere-cascade-elon-musk")
    assert page.title == "Grok : Pourquoi la dernière cascade d'IA d'Elon Musk est importante (mais pas non plus)"
    assert (page.published, page.language, page.authors) == (datetime(2024, 3, 19, tzinfo=UTC), "fr", ())
    assert page.text.startswith("Soyons réalistes")
    assert page.text.endswith("même si c'est juste pour la nouveauté.")
    assert (page.content or "").count("<h2>") == 3
    assert not any(words in page.text for words in ("récents", "Voir tous", "Mixtral", "Accueil", "March 19"))


def test_day_of_reading_is_not_the_articles() -> None:
    """The day that a newspaper prints above everything counts only where the page has no other, beside the title."""
    today = "<div class='top'>Saturday, April 20, 2024</div>"
    dek = f"<p class='dek'>{PARAGRAPHS[0]}</p>"
    page = (
        "<html lang='en'><body><div><div>{today}</div><div><h1>{title}</h1>{dek}{day}{text}</div></div></body></html>"
    )
    text = "".join(f"<p>{each}</p>" for each in PARAGRAPHS[1:])
    dated = read(page.format(today=today, title=TITLE, dek=dek, day="<p>March 19, 2024</p>", text=text))
    assert dated.published == datetime(2024, 3, 19, tzinfo=UTC)


def test_two_days_in_the_margin_are_none() -> None:
    """Far from the title one day is the article's; two, or the day of reading, are nobody's."""
    margin = "<aside><ul>{}</ul></aside>"
    one, other = "<li>March 19, 2024</li>", "<li>March 2, 2024</li>"
    read_with = [
        read(article(after=margin.format(each))).published for each in (one, one + other, "<li>April 20, 2024</li>")
    ]
    assert read_with == [datetime(2024, 3, 19, tzinfo=UTC), None, None]
