"""What belongs to one article of a list: its card, and in it title, date, teaser and picture."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from aggregator.parse.card_dates import date_of
from aggregator.parse.clean import clean_text
from aggregator.parse.links import HEADINGS, LinkTo, address_speaks, is_generic
from aggregator.parse.page_dates import Calendar, read_date
from aggregator.parse.webpage import class_of, lines_of, names_of, text_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    from lxml.html import HtmlElement

    from aggregator.parse.webpage import Webpage

_STOP = frozenset({"body", "main", "html"})
_MANY = "*"
"""In place of an address: the element holds several articles."""
_TITLED = re.compile(
    r"(?:^|[\W_])(?:p-name|entry-title|title-?line|[\w-]*ttl|post-?title|card-?title|[\w-]*title|"
    r"[\w-]*headline|heading)\b",
    re.IGNORECASE,
)
_LOUD = re.compile(r"\b(?:text-(?:[2-6]?xl|lg)|font-(?:bold|semibold|medium)|(?:heading|h)-?[1-6])\b")
_NOT_TITLED = re.compile(
    r"sub-?title|section-?title|site-?title|eyebrow|kicker|categor|label|badge|author|byline|meta\b|date|time\b",
    re.IGNORECASE,
)
_HIDDEN = re.compile(r"sr-only|visually-?hidden|screen-reader", re.IGNORECASE)
_BACKGROUND = re.compile(r"url\(\s*['\"]?([^'\")]{1,2000})['\"]?\s*\)")
_FILE = re.compile(r"\.(?:pdf|docx?|odt|rtf|pptx?)$", re.IGNORECASE)
_SEVERAL = 3
"""Headings with links beyond which links in running text are not articles."""
_LEAD, _SENTENCE = 30, 80
_NEAR = 4
"""Elements around a link in which others accompany it."""
_CJK = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
_LONG_TITLE = 300
_MOST_BESIDE = 6
_HAS_NUMBER = 0.6
_NUMBER = re.compile(r"\d{4,}")
_CALLED = re.compile(r"^(?:Title|Titel|Titre|Título|标题)\s*:\s*", re.IGNORECASE)
_LETTERS = re.compile(r"[^\W\d_]{2}|[\u3040-\u9fff]")


@dataclass(slots=True)
class Card:
    """One article of a list, and the elements that speak of it."""

    link: LinkTo
    element: HtmlElement
    """The largest element that holds no other article."""
    links: list[LinkTo] = field(default_factory=list)
    """All links to the article in it."""
    beside: list[HtmlElement] = field(default_factory=list)
    """Siblings that belong to it, where articles are not in elements of their own."""
    title: str = ""
    date: datetime | None = None
    summary: str | None = None
    image: str | None = None
    headed: bool = False
    """Its title is a heading."""

    @property
    def parts(self) -> list[HtmlElement]:
        """The elements of the card, in order of importance."""
        return [self.element, *self.beside]


def strong_links(links: list[LinkTo], under: str) -> list[LinkTo]:
    """Return the links that by their place are articles': most links in such places speak of one.

    A place is the path of tags from the root: cards of one list have their links in the same place. Addresses that
    begin with `under`, the page's own path, are like an article's.
    """
    places: dict[str, list[LinkTo]] = {}
    for link in links:
        places.setdefault(place_of(link.element), []).append(link)
    strong: set[str] = set()
    for members in places.values():
        speaking = [link for link in members if _speaks(link, under)]
        enough = len(speaking) * 5 >= len(members) * 3
        strong |= {link.key for link in (members if enough else [*speaking, *_numbered(members)])}
    headed = sum(link.heading for link in links if link.key in strong)
    prose = headed >= _SEVERAL
    return [link for link in links if link.key in strong and not (prose and is_in_prose(link))]


def is_in_prose(link: LinkTo) -> bool:
    """Whether a link stands inside a sentence: words before it in its paragraph, and many around it."""
    if link.heading:
        return False
    element, before, around = link.element, "", ""
    while (parent := element.getparent()) is not None:
        own = [parent.text or "", *(each.tail or "" for each in element.itersiblings(preceding=True))]
        before, around = before + "".join(own), around + "".join([parent.text or "", *(x.tail or "" for x in parent)])
        if parent.tag not in ("em", "strong", "b", "i", "span", "mark"):
            break
        element = parent
    return len(before.strip()) >= _LEAD and len(around.strip()) >= _SENTENCE


def place_of(element: HtmlElement) -> str:
    """Return the path of tags down to an element; of table cells also their column."""
    return "/".join(_step(each) for each in reversed([element, *element.iterancestors()]))


def _step(element: HtmlElement) -> str:
    if element.tag != "td":
        return str(element.tag)
    return f"td{sum(1 for _ in element.itersiblings('td', preceding=True))}"


def _speaks(link: LinkTo, under: str) -> bool:
    """Whether a link by itself may be an article's: a heading, several words, or an address like one."""
    like_one = address_speaks(link.href) == 1.0 or (len(under) > 1 and urlsplit(link.href).path.startswith(under))
    if is_generic(link.text) and not link.heading:
        return like_one
    parent = link.element.getparent()
    around = "" if parent is None else class_of(parent)
    named = any(_TITLED.search(name) and not _NOT_TITLED.search(name) for name in (*names_of(link.element), around))
    return bool(link.heading and link.text) or named or says_enough(link.text) or like_one


def _numbered(members: list[LinkTo]) -> list[LinkTo]:
    """Return links whose only words are the numbers of what they lead to, as archives of papers have them."""
    worded = [link for link in members if not is_generic(link.text)]
    numbered = [link for link in worded if address_speaks(link.href) >= _HAS_NUMBER and _NUMBER.search(link.text)]
    return numbered if len(numbered) >= 4 and len(numbered) * 2 > len(worded) else []  # noqa: PLR2004


def says_enough(text: str) -> bool:
    """Whether a text is as long as titles are: four words, 24 characters, or seven of Chinese or Japanese."""
    return len(text.split()) >= 4 or len(text) >= 24 or len(_CJK.findall(text)) >= 7  # noqa: PLR2004


def cards_of(links: list[LinkTo]) -> list[Card]:
    """Return a card for every place where articles are linked; an article that is linked twice may have two."""
    links = _without_companions(links)
    owners = _owners(links)
    cards: dict[HtmlElement, Card] = {}
    for link in links:
        element = _card_element(link, owners)
        card = cards.setdefault(element, Card(link, element))
        card.links.append(link)
        if _weight(link) > _weight(card.link):
            card.link = link
    _take_siblings(list(cards.values()), owners)
    return list(cards.values())


def _without_companions(links: list[LinkTo]) -> list[LinkTo]:
    """Leave out the buttons that load an article's file, `Download PDF`, where the article itself is linked beside."""
    around: dict[HtmlElement, set[str]] = {}
    for link in links:
        if not _FILE.search(urlsplit(link.href).path):
            for each in _near(link.element):
                around.setdefault(each, set()).add(link.key)
    return [link for link in links if not _accompanies(link, around)]


def _accompanies(link: LinkTo, around: dict[HtmlElement, set[str]]) -> bool:
    if not is_generic(link.text) or not _FILE.search(urlsplit(link.href).path):
        return False
    return len(next((around[each] for each in _near(link.element) if each in around), ())) == 1


def _near(element: HtmlElement) -> Iterator[HtmlElement]:
    return islice(element.iterancestors(), _NEAR)


def _weight(link: LinkTo) -> tuple[bool, bool, int]:
    return (link.heading, bool(link.text) and not is_generic(link.text), min(len(link.text), 80))


def _owners(links: list[LinkTo]) -> dict[HtmlElement, str]:
    """Return for every element with articles in it the one's key, or _MANY."""
    owners: dict[HtmlElement, str] = {}
    for link in links:
        element: HtmlElement | None = link.element
        while element is not None and owners.get(element) not in (link.key, _MANY):
            owners[element] = link.key if element not in owners else _MANY
            element = element.getparent()
    return owners


def _card_element(link: LinkTo, owners: dict[HtmlElement, str]) -> HtmlElement:
    element = link.element
    while True:
        parent = element.getparent()
        if parent is None or parent.tag in _STOP or owners.get(parent) != link.key:
            return element
        element = parent


def _take_siblings(cards: list[Card], owners: dict[HtmlElement, str]) -> None:
    """Give cards the siblings between them: what follows each, or what stands before each where dates come first."""
    by_parent: dict[HtmlElement, list[Card]] = {}
    for card in cards:
        parent = card.element.getparent()
        if parent is not None:
            by_parent.setdefault(parent, []).append(card)
    for parent, members in by_parent.items():
        children = list(parent)
        if len(members) > 1 and len(children) > len(members):
            _share_out(children, {card.element: card for card in members}, owners)


def _share_out(children: list[HtmlElement], cards: dict[HtmlElement, Card], owners: dict[HtmlElement, str]) -> None:
    before, places = _stands_before(children, cards), {child: number for number, child in enumerate(children)}
    tags = Counter(child.tag for child in children if child not in cards)
    sections = {"h1", "h2", *(tag for tag in HEADINGS if 0 < tags[tag] < len(cards))}
    current: Card | None = None
    for child in reversed(children) if before else children:
        if child in cards:
            current = cards[child]
        elif child in owners or child.tag in sections:
            current = None
        elif current is not None and len(current.beside) < _MOST_BESIDE:
            current.beside.append(child)
    if len(cards) <= 2:  # noqa: PLR2004
        return
    *others, last = sorted(cards.values(), key=lambda card: places[card.element], reverse=before)
    most = max(len(card.beside) for card in others)
    last.beside = last.beside[:most]  # what comes after the list is not the last article's


def _stands_before(children: list[HtmlElement], cards: dict[HtmlElement, Card]) -> bool:
    """Whether what belongs to an article stands before its link: something before the first, nothing after the last."""
    numbers = [number for number, child in enumerate(children) if child in cards]
    leading = children[0] if numbers[0] == 1 else None
    after_last = numbers[-1] == len(children) - 1
    return leading is not None and after_last and leading.tag not in ("h1", "h2")


def read_cards(cards: Iterable[Card], page: Webpage, calendar: Calendar) -> None:
    """Fill in title, date, teaser and picture of cards that are of one list."""
    cards = list(cards)
    lines = {id(card): [line for part in card.parts for line in lines_of(part)] for card in cards}
    labels = _labels(lines.values())
    for card in cards:
        own = lines[id(card)]
        card.title, card.headed = _title(card, own, labels, calendar)
        card.date = date_of(card, own, calendar)
        card.summary = _summary(card, own, labels, calendar)
        card.image = _image(card, page)


def _labels(cards: Iterable[list[tuple[HtmlElement, str]]]) -> set[str]:
    """Return the texts that several cards have in common: names of categories, `5 min read`, buttons."""
    counts = Counter(text for card in cards for text in {text for _, text in card})
    return {text for text, count in counts.items() if count > 1 and len(text) < 60}  # noqa: PLR2004


def _title(card: Card, lines: list[tuple[HtmlElement, str]], labels: set[str], calendar: Calendar) -> tuple[str, bool]:
    """Return the title of a card, and whether it is a heading."""
    candidates = [text_of(each, limit=_LONG_TITLE) for each in _headings(card)]
    if title := next((text for text in candidates if _may_be_title(text, calendar)), None):
        return _without_kicker(title, card), True
    inner = [line for line in lines if any(_inside(line[0], link.element) for link in card.links)]
    named = (*_named_titles(inner), *_single_lines(card), *_named_titles(lines))
    if title := next((text for text in named if text not in labels and _may_be_title(text, calendar)), None):
        return _CALLED.sub("", title), False
    own = [text for each, text in lines if _inside(each, card.link.element)]
    free = [text for text in own if text not in labels and _may_be_title(text, calendar)]
    stated = clean_text(card.link.element.get("title") or card.link.element.get("aria-label") or "", limit=_LONG_TITLE)
    if (
        stated
        and _may_be_title(stated, calendar)
        and (not free or not says_enough(free[0]) or free[0][-1] in "\u2026.")
    ):
        return stated, False
    rest = [text for _, text in lines if text not in labels and _may_be_title(text, calendar)]
    texts = free or rest or [text for text in own if _may_be_title(text, calendar)]
    best = next(filter(says_enough, texts), None) or max(texts, key=len, default="")
    return best or _alternative(card), False


def _without_kicker(title: str, card: Card) -> str:
    """Return the end of a heading that a link of the card is labelled with: what stands before it is its topic."""
    labels = (clean_text(each.element.get("aria-label") or each.element.get("title") or "") for each in card.links)
    return next((each for each in labels if says_enough(each) and title.endswith(f" {each}")), title)


def _headings(card: Card) -> Iterator[HtmlElement]:
    """Yield headings: in the link, around the link, then elsewhere in the card."""
    for link in sorted(card.links, key=_weight, reverse=True):
        yield from (each for each in link.element.iterdescendants(*HEADINGS))
        yield from (each for each in list(link.element.iterancestors())[:3] if each.tag in HEADINGS)
    yield from card.element.iter(*HEADINGS)


def _named_titles(lines: list[tuple[HtmlElement, str]]) -> Iterator[str]:
    """Yield texts whose element, or the one around it, is called a title; then those that are set large."""
    for pattern in (_TITLED, _LOUD):
        for element, text in lines:
            if any(pattern.search(name) and not _NOT_TITLED.search(name) for name in names_of(element)):
                whole = text_of(element, limit=_LONG_TITLE)
                yield whole if len(whole) < _LONG_TITLE else text


def _single_lines(card: Card) -> Iterator[str]:
    """Yield the texts of links that hold nothing but a text as long as a title."""
    for link in card.links:
        if says_enough(link.text) and len(lines_of(link.element, most=2)) == 1 and link.text[-1] != "\u2026":
            yield link.text


def _may_be_title(text: str, calendar: Calendar) -> bool:
    return bool(_LETTERS.search(text)) and not is_generic(text) and read_date(text, calendar) is None


def _inside(element: HtmlElement, link: HtmlElement) -> bool:
    return element is link or link in element.iterancestors()


def _alternative(card: Card) -> str:
    """Return the text of a picture in the link, where there is no other title."""
    pictures = (each.get("alt") for link in card.links for each in link.element.iter("img"))
    return next((clean_text(text, limit=_LONG_TITLE) for text in pictures if text and says_enough(text)), "")


def _summary(card: Card, lines: list[tuple[HtmlElement, str]], labels: set[str], calendar: Calendar) -> str | None:
    """Return the teaser: the longest text beside the title, if it is a sentence or more."""
    texts = [
        text
        for each, text in lines
        if len(text) >= 40 and text != card.title and text not in labels and card.title not in text  # noqa: PLR2004
        if not _HIDDEN.search(class_of(each)) and read_date(text, calendar) is None
    ]
    return max(texts, key=len, default=None)


def _image(card: Card, page: Webpage) -> str | None:
    """Return the picture of a card; loaders put its address into other attributes."""
    for part in card.parts:
        for each in part.iter("img", "source", "div", "a", "span"):
            spellings: list[str | None]
            if each.tag in ("img", "source"):
                several = (each.get("srcset") or each.get("data-srcset") or "").split(",")[0].split(" ")[0]
                spellings = [each.get("data-src"), each.get("data-lazy-src"), each.get("src"), several]
            else:
                style = _BACKGROUND.search(each.get("style") or "")
                spellings = [style[1] if style else None]
            if address := next(filter(None, map(page.address, spellings)), None):
                return address
    return None
