from __future__ import annotations

import pytest

from aggregator.decide.canonical import canonical_url
from aggregator.parse.links import HARD, OPEN, SOFT, address_speaks, is_generic, links_of, may_be_article
from aggregator.parse.webpage import read_webpage

PAGE = "https://a.example/blog/"


@pytest.mark.parametrize(
    "href",
    [
        "/blog/gpt", "/blog/2025/12/19/a-name", "/archives/1234.html", "/p/1234", "/index.php?id=12", "/en/news/a-name.html",
        "https://b.example/a-name", "/2025/48210", "/blog/category-theory-for-models", "/ai/a-name/",
    ],
)  # fmt: skip
def test_address_may_be_an_article(href: str) -> None:
    """Addresses below the page, with a name, a date or a number, and on other hosts may be articles."""
    page = read_webpage(f"<html><body><a href='{href}'>x</a></body></html>".encode(), url=PAGE, content_type=None)
    assert [link.href for link in links_of(page)] == [page.address(href)]


@pytest.mark.parametrize(
    "href",
    [
        "/", "/blog", "/blog/", "/blog/#top", "/fr", "/tag/ai", "/blog/tags/ai/", "/author/jane-doe", "/about", "/privacy-policy",
        "/blog/page/2/", "/blog/?page=3", "/@jane", "/2025/11/", "/archives/2025/11", "/feed.xml", "/report.zip",
        "https://x.com/lab", "https://www.linkedin.com/company/lab", "https://b.example/", "/search?q=a",
    ],
)  # fmt: skip
def test_address_is_no_article(href: str) -> None:
    """The page itself, what is above it, topics, people, other pages of the list, files and networks are no articles."""
    address = "https://a.example" + href if href.startswith("/") else href
    assert not may_be_article(address, canonical_url(address) or "", PAGE, canonical_url(PAGE) or "")


@pytest.mark.parametrize(
    ("html", "region"),
    [
        ("<main>{}</main>", OPEN),
        ("<article><header>{}</header></article>", OPEN),
        ("<nav>{}</nav>", HARD),
        ("<footer>{}</footer>", HARD),
        ("<div class='site-footer'>{}</div>", HARD),
        ("<aside>{}</aside>", SOFT),
        ("<div id='right-rail'>{}</div>", SOFT),
        ("<section><h2>Les plus lus</h2>{}</section>", SOFT),
        ("<section><h2>人気記事</h2>{}</section>", SOFT),
    ],
)
def test_region_of_a_link(html: str, region: int) -> None:
    """Navigation and footers are told from sidebars and boxes of other articles, and both from the rest."""
    rest = "<div>" + "".join(f"<p><a href='/blog/rest-{n}'>x</a></p>" for n in range(5)) + "</div>"
    body = html.format("<a href='/blog/a-name'>A name</a>") + rest
    page = read_webpage(f"<html><body>{body}</body></html>".encode(), url=PAGE, content_type=None)
    found = {link.href.rpartition("/")[2]: link.region for link in links_of(page)}
    assert found.get("a-name", HARD) == region


def test_topics_are_above_articles() -> None:
    """An address below which two others lie is a topic."""
    links = "".join(f"<a href='/blog/{each}'>x</a>" for each in ("tools", "tools/one", "tools/two", "one-more"))
    page = read_webpage(f"<html><body>{links}</body></html>".encode(), url=PAGE, content_type=None)
    assert [link.href.removeprefix(PAGE) for link in links_of(page)] == ["tools/one", "tools/two", "one-more"]


@pytest.mark.parametrize("text", ["Read more", "Read more »", "Learn more about this", "View all news", "Get started", "En savoir plus", "Weiterlesen", "Leer más", "阅读全文", "続きを読む", "3 comments", "→"])  # fmt: skip
def test_words_of_buttons(text: str) -> None:
    """What invites to read on is no title."""
    assert is_generic(text)


@pytest.mark.parametrize(
    "text",
    [
        "Reading between the lines",
        "More is different",
        "GPT-4o",
        "Orion-2",
        "Leerer Raum",
        "Mehr Geld für die Forschung",
        "Alle Modelle im Vergleich",
        "Voir loin, penser petit",
        "More data, fewer errors",
        "Get the most out of agents",
        "人工智能",
    ],
)
def test_words_of_titles(text: str) -> None:
    """Titles that begin with such words are titles."""
    assert not is_generic(text)


def test_addresses_speak() -> None:
    """A name of several words or a date says more than a number, and a number more than a word."""
    assert (
        address_speaks("/a-name-of-words")
        == address_speaks("/2025/12/19/x")
        > address_speaks("/news/48210")
        > address_speaks("/x")
    )
