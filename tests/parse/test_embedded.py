from __future__ import annotations

import json

import pytest

from aggregator.parse.embedded import json_ld, scripted_articles, stated_articles
from aggregator.parse.webpage import Webpage, read_webpage

POSTS = [{"title": f"Title {n}", "slug": f"title-{n}", "publishedAt": f"2026-01-0{n}"} for n in range(1, 5)]


def page(scripts: str) -> Webpage:
    """Return a page with scripts in it."""
    return read_webpage(
        f"<html><body><p>x</p>{scripts}</body></html>".encode(), url="https://a.example/blog", content_type=None
    )


def ld(data: object) -> str:
    """Return JSON-LD as it stands in a page."""
    return f"<script type='application/ld+json'>{json.dumps(data)}</script>"


@pytest.mark.parametrize(
    "wrapped",
    ["{}", "<![CDATA[{}]]>", "//<![CDATA[\n{}\n//]]>", "/*<![CDATA[*/{}/*]]>*/", "<!--{}-->", "{};"],
)
def test_json_ld_is_read_in_any_wrapping(wrapped: str) -> None:
    """JSON-LD is read as it is, in CDATA sections and in comments."""
    text = wrapped.replace("{}", '{"@type": "Article", "headline": "A"}')
    assert json_ld(page(f"<script type='application/ld+json'>{text}</script>"))[0]["headline"] == "A"


@pytest.mark.parametrize(
    "data",
    [
        {"@type": "ItemList", "itemListElement": [{"@type": "ListItem", "url": "/a", "name": "A"}]},
        {
            "@type": "ItemList",
            "itemListElement": [{"@type": "ListItem", "item": {"@type": "Thing", "url": "/a", "name": "A"}}],
        },
        {"@type": "Blog", "blogPost": [{"@type": ["BlogPosting"], "url": "/a", "headline": "A"}]},
        {"@graph": [{"@type": "http://schema.org/NewsArticle", "mainEntityOfPage": {"@id": "/a"}, "headline": "A"}]},
    ],
)
def test_articles_of_json_ld(data: object) -> None:
    """Articles in lists, blogs and graphs are found with address and title."""
    assert [(each.url, each.title) for each in stated_articles(page(ld(data)))] == [("/a", "A")]


def test_breadcrumbs_are_no_articles() -> None:
    """What JSON-LD says of the way to a page is no list of articles."""
    crumbs = {
        "@type": "BreadcrumbList",
        "itemListElement": [{"@type": "ListItem", "position": 1, "item": "https://a.example/", "name": "Home"}],
    }
    assert stated_articles(page(ld([crumbs, {"@type": "Organization", "url": "/", "name": "Lab"}]))) == []


@pytest.mark.parametrize(
    "script",
    [
        f"<script id='__NEXT_DATA__' type='application/json'>{json.dumps({'props': {'posts': POSTS}})}</script>",
        f"<script>window.__STATE__ = {json.dumps({'posts': POSTS})};</script>",
        f"<script>self.__next_f.push([1, {json.dumps('7:' + json.dumps(POSTS))}])</script>",
        f"<script type='application/json'>{json.dumps([{'node': post} for post in POSTS])}</script>",
        f"<script type='application/json'>{json.dumps([{'id': 1, 'attributes': post} for post in POSTS])}</script>",
    ],
)
def test_articles_in_data_for_scripts(script: str) -> None:
    """A list of titles with slugs is found in each kind of data that pages are built from."""
    found = scripted_articles(page(script))
    assert [(each.title, each.url, each.date, each.is_slug) for each in found][:1] == [
        ("Title 1", "title-1", "2026-01-01", True)
    ]
    assert len(found) == 4


@pytest.mark.parametrize(
    "text", ["{", "[" * 100_000, "null", "[1, 2, 3]", '[{"title": "a"}, {"title": "b"}, {"title": "c"}]', "\x00"]
)
def test_data_without_a_list_is_nothing(text: str) -> None:
    """Broken, deep and other data gives no articles and no error."""
    assert scripted_articles(page(f"<script type='application/json'>{text}</script>")) == []
    assert stated_articles(page(f"<script type='application/ld+json'>{text}</script>")) == []
