"""What a browser that opens a feed shows."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin

import cssselect
import pytest
from lxml import etree
from lxml.cssselect import CSSSelector

import aggregator.serve

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conftest import Client

TOKEN = "s3cret-token"
FEEDS = ("/all.atom", "/all.rss", f"/{TOKEN}/agents.atom", f"/{TOKEN}/agents.rss", "/sources.atom")
SHEET = (Path(aggregator.serve.__file__).parent / "static/feed.css").read_text()
NAMES = {"atom": "http://www.w3.org/2005/Atom"}
NAVIGATION = {"Sec-Fetch-Dest": "document", "Sec-Fetch-Mode": "navigate"}


def rules() -> Iterator[tuple[str, str]]:
    """Yield each selector of the sheet with its declarations; those of other media and of pseudo-elements left out."""
    plain = re.sub(r"/\*.*?\*/|@media[^{]*\{.*?\n\}|@namespace[^;]*;", "", SHEET, flags=re.DOTALL)
    for selectors, declarations in re.findall(r"([^{}]+)\{([^{}]*)\}", plain):
        yield from ((one.strip(), declarations) for one in selectors.split(",") if "::" not in one)


def shown(document: bytes) -> list[Any]:
    """Return the elements that are displayed, by the cascade of the sheet's `display` declarations."""
    root = etree.fromstring(document)
    ranks: dict[Any, tuple[Any, str]] = {}
    for selector, declarations in rules():
        if display := re.search(r"\bdisplay: (\w+)", declarations):
            rank = cssselect.parse(selector)[0].specificity()
            for element in CSSSelector(selector, namespaces=NAMES)(root):
                if element not in ranks or rank >= ranks[element][0]:
                    ranks[element] = rank, display[1]
    hidden = {element for element, (_, display) in ranks.items() if display == "none"}
    return [one for one in root.iter("*") if hidden.isdisjoint([one, *one.iterancestors()])]


@pytest.mark.parametrize("path", FEEDS)
def test_the_style_sheet_is_where_the_feed_says(client: Client, path: str) -> None:
    """From every feed's address its instruction leads to CSS, which the policy sent along allows, and to no other host."""
    answer = client.get(path, NAVIGATION)
    (href,) = re.findall(r'<\?xml-stylesheet type="text/css" href="([^"]*)"\?>', answer.text)
    sheet = client.get(urljoin(path, href))
    assert (sheet.status, sheet["Content-Type"], sheet.text) == (200, "text/css; charset=utf-8", SHEET)
    assert "style-src 'self'" in (answer["Content-Security-Policy"] or "")
    assert not re.search(r"url\((?!\"http://www\.w3\.org/2005/Atom\"\))|@import|expression", SHEET)


def test_atom_shows_what_a_person_reads(client: Client) -> None:
    """Of an Atom document titles, subtitle, its own address, entries with source and date are shown, and no machine's fields."""
    found = shown(client.get("/all.atom").body)
    told = {"/".join(etree.QName(one).localname for one in (*reversed([*e.iterancestors()]), e)) for e in found}
    assert told == {
        "feed",
        "feed/title",
        "feed/subtitle",
        "feed/link",
        "feed/entry",
        "feed/entry/title",
        "feed/entry/source",
        "feed/entry/source/title",
        "feed/entry/published",
        "feed/entry/summary",
        "feed/entry/link",
    }
    assert {e.get("rel") for e in found if etree.QName(e).localname == "link"} == {"self", "alternate"}


def test_rss_shows_what_a_person_reads(client: Client) -> None:
    """Of an RSS document title, description, its own address, and items with source, date and link are shown."""
    found = shown(client.get("/all.rss").body)
    told = {"/".join(etree.QName(one).localname for one in (*reversed([*e.iterancestors()]), e)) for e in found}
    assert told == {
        "rss",
        "rss/channel",
        "rss/channel/title",
        "rss/channel/description",
        "rss/channel/link",
        "rss/channel/item",
        "rss/channel/item/title",
        "rss/channel/item/source",
        "rss/channel/item/pubDate",
        "rss/channel/item/link",
    }


def test_a_summary_is_shown_where_it_is_text() -> None:
    """Escaped HTML would show its tags: only a summary of type text is displayed."""
    document = b'<feed xmlns="%s"><entry><summary type="%s">x</summary></entry></feed>'
    for kind, number in ((b"text", 3), (b"html", 2)):
        assert len(shown(document % (NAMES["atom"].encode(), kind))) == number


def test_both_formats_say_what_they_are() -> None:
    """The explanation is generated before the content of either format, in light and dark, left to right and right to left."""
    explained = re.search(r'atom\|feed::before,\s*channel::before \{\s*content: "([^"]*)"', SHEET)
    assert explained
    assert "This is a feed" in explained[1]
    assert "Copy the address" in explained[1]
    assert "prefers-color-scheme: dark" in SHEET
    assert "unicode-bidi: plaintext" in SHEET
    assert not re.search(r"(?:margin|padding|border|text-align)[-:]\s?(?:left|right)", SHEET)


@pytest.mark.parametrize("path", ["/all.atom", "/all.rss"])
def test_chromium_shows_it(client: Client, browser: Any, path: str) -> None:
    """A real browser lays the feed out: the headline is a block in large letters, the guid is not displayed."""
    page = browser.new_page()
    page.goto(f"http://127.0.0.1:{client.port}{path}")
    style = "tag => getComputedStyle(document.getElementsByTagName(tag)[0])"
    assert page.evaluate(f"({style})('title').display") == "block"
    assert page.evaluate(f"({style})('title').fontSize") == "28px"
    assert page.evaluate(f"({style})('{'id' if path.endswith('atom') else 'guid'}').display") == "none"
    assert "Model News" in page.evaluate("document.documentElement.textContent")
    page.close()
