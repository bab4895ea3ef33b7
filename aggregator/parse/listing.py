"""Which articles a page lists: links that stand in the same place, alike, with titles and dates.

    links that may lead to articles | cards | lists of cards in the same kind of place | the best list, and its like

Every list is judged by what its cards have: a date, a heading, a title of several words, an address like an
article's. The best one is taken, and with it those that are nearly as good or whose addresses are of the same kind: a
featured article before the list, a second row. Sidebars and boxes of popular articles are taken only where there is
nothing else.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from aggregator.decide.sites import host_of
from aggregator.parse.cards import Card, cards_of, place_of, read_cards, says_enough, strong_links
from aggregator.parse.links import OPEN, address_speaks, links_of
from aggregator.parse.webpage import class_of

if TYPE_CHECKING:
    from collections.abc import Collection

    from lxml.html import HtmlElement

    from aggregator.parse.page_dates import Calendar
    from aggregator.parse.webpage import Webpage

_MOST_CARDS = 2_000
_ENOUGH = 12
"""Cards beyond which a list is no better for being longer."""
_SEVERAL = 3
"""Cards from which a further list is judged as one."""
_SOFT = 0.3
"""What a list in a sidebar or a box is worth of one in the open."""
_AS_GOOD, _ALIKE, _UNLIKE = 0.6, 0.4, 0.85
"""How good a further list must be, in parts of the best: in general, at the same addresses, at others without days."""
_LEAST = 0.6
"""Worth of a list's cards below which it is no list of articles: links, nothing more."""
_MARKED = re.compile(r"(?:^|\s)(?:h-entry|hentry|post|entry|article|blog-post|news-item)(?:\s|$)", re.IGNORECASE)
_VARIABLE = re.compile(
    r"\d|^(?:first|last|odd|even|active|featured|sticky|is-|has-|js-|category-|tag-|post-|md:|lg:|sm:|xl:)"
)


@dataclass(slots=True)
class CardList:
    """Cards that stand in the same kind of place."""

    cards: list[Card]
    soft: bool
    worth: float = 0.0
    """Mean of what its cards have, 0 to 4."""
    first_segments: tuple[str, ...] = ()
    """What the addresses of its articles have in common."""

    @property
    def score(self) -> float:
        """Rank among the lists of the page."""
        many = math.sqrt(min(len({card.link.key for card in self.cards}), _ENOUGH))
        return self.worth * many * (_SOFT if self.soft else 1)


def listed_articles(page: Webpage, calendar: Calendar, known: Collection[str] = ()) -> list[Card]:
    """Return a card for every article that a page lists, in page order, each article once.

    `known` are keys of articles that the page names in its data (JSON-LD).
    """
    cards = cards_of(strong_links(links_of(page), urlsplit(page.url).path.rstrip("/") + "/"))[:_MOST_CARDS]
    lists = _lists_of(cards)
    for each in lists:
        read_cards(each.cards, page, calendar)
        each.cards = [card for card in each.cards if card.title]
    lists = [each for each in lists if each.cards]
    for each in lists:
        each.first_segments = _common_segments(each.cards)
        each.worth = sum(_worth(card, page, known) for card in each.cards) / len(each.cards)
    best = max(lists, key=lambda each: each.score, default=None)
    if best is None or best.worth < _LEAST:
        return []
    taken = {id(card) for each in lists if _belongs(each, best) for card in each.cards}
    found = _once([card for card in cards if id(card) in taken])
    return found if len(found) > 1 or found[0].date or found[0].link.key in known else []


def _lists_of(cards: list[Card]) -> list[CardList]:
    """Group cards by the place of their container and the way from it to the link."""
    groups: dict[tuple[str, str, bool], list[Card]] = {}
    for card in cards:
        container = card.element.getparent()
        inner = place_of(card.link.element)[len(place_of(card.element)) :]
        around = _named_place(container) if container is not None else ""
        groups.setdefault((around + "/" + str(card.element.tag), inner, card.link.region != OPEN), []).append(card)
    return [CardList(members, soft) for (_, _, soft), members in groups.items()]


def _named_place(element: HtmlElement) -> str:
    """Return the path to an element with the class names that are not of single cards."""
    return "/".join(_name(each) for each in [element, *element.iterancestors()])


def _name(element: HtmlElement) -> str:
    tokens = [token for token in class_of(element).split() if not _VARIABLE.search(token)]
    return f"{element.tag}.{'.'.join(tokens[:3])}"


def _worth(card: Card, page: Webpage, known: Collection[str]) -> float:
    """Add up what speaks for a card, 0 to 4."""
    same = host_of(card.link.href) == host_of(page.url)
    under = urlsplit(page.url).path.rstrip("/") + "/"
    worth = 1.0 if card.date else 0.0
    worth += 0.7 if card.headed else 0.0
    worth += 0.5 if says_enough(card.title) else 0.0
    worth += 0.5 * address_speaks(card.link.href)
    worth += 0.5 if same and len(under) > 1 and urlsplit(card.link.href).path.startswith(under) else 0.0
    worth += 0.3 if card.image or card.summary else 0.0
    worth += 0.3 if _is_marked(card) else 0.0
    worth += 0.5 if card.link.key in known else 0.0
    return worth if same or card.date or card.headed else worth * 0.5


def _is_marked(card: Card) -> bool:
    """Whether the card is marked as an article: the element, a microformat, microdata, a class name."""
    return any(
        each.tag == "article" or _MARKED.search(class_of(each)) or "schema.org" in (each.get("itemtype") or "")
        for each in (card.element, *card.element.iterchildren("article"))
    )


def _common_segments(cards: list[Card]) -> tuple[str, ...]:
    """Return host and first segment of the addresses when four of five share them, else the host alone."""
    counts = Counter(_first_segments(card.link.href) for card in cards)
    (segments, count), *_ = counts.most_common(1)
    return segments if count * 5 >= len(cards) * 4 else segments[:1]


def _first_segments(href: str) -> tuple[str, ...]:
    path = [segment for segment in urlsplit(href).path.split("/") if segment]
    return (host_of(href) or "", *(path[:1] if len(path) > 1 else ()))


def _belongs(other: CardList, best: CardList) -> bool:
    """Whether a list is part of what the page lists, going by the best list of it."""
    if other is best:
        return True
    if other.soft and (not best.soft or other.score < best.score * _UNLIKE):
        return False
    if _is_dated(best) and not any(card.date or card.headed for card in other.cards):
        return False
    return other.worth >= best.worth * _demanded(other, best)


def _demanded(other: CardList, best: CardList) -> float:
    """Return how good a further list must be, in parts of the best one."""
    if len(best.first_segments) == 1:
        return _AS_GOOD
    if other.first_segments == best.first_segments:
        return _ALIKE
    on_site = other.first_segments[0] == best.first_segments[0]
    dated = len(other.cards) >= _SEVERAL and _is_dated(other) and _is_dated(best)
    return _AS_GOOD if on_site and dated else _UNLIKE


def _is_dated(each: CardList) -> bool:
    """Whether four of five cards have a date."""
    return sum(card.date is not None for card in each.cards) * 5 >= len(each.cards) * 4


def _once(cards: list[Card]) -> list[Card]:
    """Return a card for every article where it first stands, with what the further cards of it add."""
    found: dict[str, Card] = {}
    for card in cards:
        first = found.setdefault(card.link.key, card)
        if first is not card:
            first.date = first.date or card.date
            first.summary = first.summary or card.summary
            first.image = first.image or card.image
            if card.headed and not first.headed:
                first.title, first.headed = card.title, True
    return list(found.values())
