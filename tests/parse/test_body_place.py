from __future__ import annotations

import pytest
from lxml import html

from aggregator.parse.body_place import Measures, drop_cards, mark_body

PROSE = "The laboratory asked nine models to count letters, and most were wrong more often than a child of six. "
CARD = "<div><h3><a href='/{n}'>What the others found, part {n}</a></h3><p>{text}</p></div>"


def row(count: int, text: str = "A short teaser.") -> str:
    """Return a row of cards."""
    return "<div id='row'>" + "".join(CARD.format(n=n, text=text) for n in range(count)) + "</div>"


def dropped(body: str) -> bool:
    """Say whether the row of a page is dropped."""
    root = html.document_fromstring(f"<html><body>{body}</body></html>")
    drop_cards(root)
    return not root.xpath("//*[@id='row']")


def test_measures_count_every_element_once() -> None:
    """Text and paragraphs of an element are those of its children, tails of paragraphs and words of links aside."""
    root = html.document_fromstring("<html><body><div>ab<p>cde <a href='/x'>fg</a></p>hi</div></body></html>")
    measures = Measures.of(root)
    assert measures.text[root.find("body/div")] == len("abcde fghi")
    assert measures.paragraphs[root] == len("cde ")


@pytest.mark.parametrize("outside", [True, False], ids=["outside", "inside"])
def test_cards_of_others_are_dropped(outside: bool) -> None:
    """A row of cards beside a short article goes, however long it is, and inside an article when it is a small part."""
    article = f"<div><h1>T</h1><p>{PROSE * 4}</p>{{}}</div>{{}}"
    assert dropped(article.format("", row(9)) if outside else article.format(row(3, ""), ""))


def test_a_roundup_keeps_its_parts() -> None:
    """Parts with linked headings stay when they are most of an article, or longer than cards, or fewer than a row."""
    assert not dropped(f"<div><h1>T</h1><p>{PROSE * 2}</p>{row(6, PROSE)}</div>")
    assert not dropped(f"<div><h1>T</h1><p>{PROSE * 2}</p></div>{row(6, PROSE * 6)}")
    assert not dropped(f"<div><h1>T</h1><p>{PROSE * 2}</p></div>{row(2)}")


def test_a_page_of_cards_alone_keeps_them() -> None:
    """Cards stay where the page has no text beside them, or no h1."""
    assert not dropped(f"<div><h1>T</h1></div>{row(6)}")
    assert not dropped(f"<p>{PROSE * 2}</p>{row(6)}")


@pytest.mark.parametrize(
    ("body", "marked"),
    [
        ("<div><div id='x'>{p}{p}{p}</div><div><p>Join us.</p></div></div>", True),
        ("<div id='x'><p>The first lines, in a box of their own, say what follows.</p><div>{p}</div></div>", True),
        ("<main><div id='x'>{p}{p}</div></main>", False),
        ("<div><div id='x'>{p}</div><div>{p}</div></div>", False),
        ("<div id='x'><p>Short.</p></div>", False),
    ],
    ids=["invitation after", "lead before", "in main", "two halves", "too little"],
)
def test_place_of_the_text_is_marked(body: str, marked: bool) -> None:
    """The smallest element with most paragraphs becomes an article, with its lead, unless the page marks one itself."""
    root = html.document_fromstring("<html><body>" + body.replace("{p}", f"<p>{PROSE * 2}</p>") + "</body></html>")
    mark_body(root)
    assert (root.xpath("//*[@id='x']")[0].tag == "article") is marked
