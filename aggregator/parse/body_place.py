"""Where on its page an article's text stands: the cards of other articles are dropped, and its place is marked."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING

from aggregator.parse.links import HEADINGS
from aggregator.parse.webpage import text_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lxml.html import HtmlElement

_FEWEST_CARDS, _CARD, _CARD_TITLE = 3, 500, 12
"""A row of cards has so many; a card is no longer, and its title no shorter."""
_SOME_TEXT = 120
"""Characters of paragraphs that a page has beside its cards: else they are what it is about."""
_SMALL_PART = 0.4
"""What cards inside the article may be of its text."""
_MOST, _LEAD = 0.85, 0.03
"""Parts of a page's paragraphs: those of its text, and above them what may be its first lines."""
_BOXES = ("div", "ul", "ol", "section")


@dataclass(slots=True)
class Measures:
    """How much text elements hold, in characters, read in one pass."""

    text: dict[HtmlElement, int] = field(default_factory=dict)
    paragraphs: dict[HtmlElement, int] = field(default_factory=dict)
    """In paragraphs, links aside."""

    @classmethod
    def of(cls, root: HtmlElement) -> Measures:
        """Measure every element of a tree."""
        measures = cls()
        for element in reversed(list(root.iter())):
            measures._add(element, element.getparent())
        return measures

    def _add(self, element: HtmlElement, parent: HtmlElement | None) -> None:
        own = self.text.get(element, 0) + len(element.text or "") * isinstance(element.tag, str)
        self.text[element] = own
        if element.tag == "p":
            self.paragraphs[element] = paragraph_text(element)
        if parent is not None:
            self.text[parent] = self.text.get(parent, 0) + own + len(element.tail or "")
            self.paragraphs[parent] = self.paragraphs.get(parent, 0) + self.paragraphs.get(element, 0)


def paragraph_text(element: HtmlElement) -> int:
    """Count the characters of paragraphs, without those of links."""
    return sum(
        max(len(p.text_content()) - sum(len(a.text_content()) for a in p.iter("a")), 0) for p in element.iter("p")
    )


def drop_cards(root: HtmlElement) -> None:
    """Drop rows of cards, each a linked heading and a teaser: other articles, whatever their box is called."""
    measures = Measures.of(root)
    rows = [each for each in root.iter(*_BOXES) if _is_row(each, measures)]
    home = _home(root, rows, measures) if rows else None
    if home is None:
        return
    around = {home, *home.iterancestors()}
    most = _SMALL_PART * measures.paragraphs.get(home, 0)
    for row in rows:
        if row in around or row.getparent() is None:
            continue
        if home not in row.iterancestors() or measures.text[row] <= most:
            row.drop_tree()


def _home(root: HtmlElement, rows: list[HtmlElement], measures: Measures) -> HtmlElement | None:
    """Return the smallest element around the h1 that has some text, cards aside."""
    cards: Counter[HtmlElement] = Counter()
    known = set(rows)
    for row in rows:
        around = list(row.iterancestors())
        if known.isdisjoint(around):
            cards.update(dict.fromkeys(around, measures.paragraphs.get(row, 0)))
    heading = next(root.iter("h1"), None)
    for each in heading.iterancestors() if heading is not None else ():
        if measures.paragraphs.get(each, 0) - cards[each] >= _SOME_TEXT:
            return each
    return None


def _is_row(element: HtmlElement, measures: Measures) -> bool:
    """Whether most children of an element, three or more of one kind, are cards."""
    tags = Counter(child.tag for child in element)
    if not tags or max(tags.values()) < _FEWEST_CARDS:
        return False
    cards = sum(_is_card(each, measures) for each in element)
    return cards >= _FEWEST_CARDS and cards * 5 >= len(element) * 4


def _is_card(element: HtmlElement, measures: Measures) -> bool:
    if element.tag not in ("div", "li", "article", "a", "section") or measures.text[element] > _CARD:
        return False
    headings = list(islice(element.iter(*HEADINGS), _FEWEST_CARDS))
    if not 0 < len(headings) < _FEWEST_CARDS:
        return False
    return _is_linked(headings[0]) and len(text_of(headings[0], limit=200)) >= _CARD_TITLE


def _is_linked(heading: HtmlElement) -> bool:
    links: Iterator[HtmlElement] = heading.iter("a")
    return any(True for _ in heading.iterancestors("a")) or any(True for _ in links)


def mark_body(root: HtmlElement) -> None:
    """Make an `<article>` of the element that holds most paragraphs, where the page marks none around them."""
    paragraphs = Measures.of(root).paragraphs
    total = paragraphs.get(root, 0)
    element = root.find("body")
    while element is not None and element.tag not in ("article", "main"):
        inner = max(element, key=lambda each: paragraphs.get(each, 0), default=None)
        if inner is None or inner.tag == "p" or paragraphs.get(inner, 0) < total * _MOST:
            break
        if sum(paragraphs.get(each, 0) for each in inner.itersiblings(preceding=True)) > total * _LEAD:
            break
        element = inner
    if element is not None and element.tag in ("div", "section") and total >= _SOME_TEXT:
        element.tag = "article"
