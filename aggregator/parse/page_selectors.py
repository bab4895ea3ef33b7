"""A list page read by the operator's selectors (design.md section 5)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lxml.cssselect import CSSSelector
from lxml.etree import XPathError

from aggregator.errors import ParseError
from aggregator.parse.cards import Card, read_cards
from aggregator.parse.links import OPEN, LinkTo
from aggregator.parse.page_dates import Calendar, read_date, read_format, search_date
from aggregator.parse.webpage import text_of

if TYPE_CHECKING:
    from datetime import datetime

    from lxml.html import HtmlElement

    from aggregator.config.settings import ItemSelectors
    from aggregator.parse.webpage import Webpage

_LOOK = "`aggregator check` shows what is found without selectors; look at the page's source for what has changed."


def selected_articles(page: Webpage, selectors: ItemSelectors, calendar: Calendar) -> list[Card]:
    """Return a card for every element that `select` matches and that has a title and a link, in page order.

    Raise ParseError when `select` matches nothing, or another selector nothing in all that it matches.
    """
    elements = _matches(page.root, selectors.select or "")
    if not elements:
        raise ParseError(f"Nothing on the page matches `select: {selectors.select}`.", f"Has it been rebuilt? {_LOOK}")
    cards = [card for each in elements if (card := _card(each, page, selectors))]
    if not cards:
        named = f"`link: {selectors.link}`" if selectors.link else "a link"
        raise ParseError(f"No element of `select: {selectors.select}` has {named}.", _LOOK)
    read_cards(cards, page, calendar)
    for card in cards:
        _apply(card, selectors, calendar)
    titled = [card for card in cards if card.title]
    if not titled:
        named = f"`title: {selectors.title}`" if selectors.title else "a title"
        raise ParseError(f"No element of `select: {selectors.select}` has {named}.", _LOOK)
    return list({card.link.key: card for card in reversed(titled)}.values())[::-1]


def _matches(element: HtmlElement, selector: str) -> list[HtmlElement]:
    """Return the elements that a CSS selector matches; ParseError when it is none."""
    try:
        found: list[HtmlElement] = CSSSelector(selector, translator="html")(element)
    except (SyntaxError, XPathError, ValueError) as error:
        raise ParseError(f"`{selector}` is no CSS selector: {error}.", "Correct it in feeds.yaml.") from error
    return found


def value_at(element: HtmlElement, selector: str) -> str:
    """Return what a selector names in an element: `h3` its text, `@href` its attribute, `a@href` a descendant's.

    An element itself counts as its own descendant. Empty when there is no such thing.
    """
    inner, mark, attribute = selector.partition("@")
    found = _matches(element, inner.strip()) if inner.strip() else [element]
    if not found:
        return ""
    return (found[0].get(attribute.strip()) or "").strip() if mark else text_of(found[0])


def _card(element: HtmlElement, page: Webpage, selectors: ItemSelectors) -> Card | None:
    """Return the card of an element, with its link: as selected, else its own, its heading's, or the first."""
    if selectors.link and "@" in selectors.link:
        href, anchor = page.address(value_at(element, selectors.link)), element
    else:
        anchors = _anchors(element, selectors.link)
        anchor = next((each for each in anchors if page.address(each.get("href"))), element)
        href = page.address(anchor.get("href"))
    if not href:
        return None
    link = LinkTo(anchor, href, href, text_of(anchor, limit=400), heading=False, region=OPEN)
    return Card(link, element, [link])


def _anchors(element: HtmlElement, selector: str | None) -> list[HtmlElement]:
    if selector:
        found = _matches(element, selector)
        return [inner for each in found for inner in each.iter("a")] or found
    if element.tag == "a":
        return [element]
    headed = [
        each for each in element.iter("a") if any(up.tag in ("h1", "h2", "h3", "h4") for up in each.iterancestors())
    ]
    around = element.iterancestors("a")
    return [*headed, *element.iter("a"), *around]


def _apply(card: Card, selectors: ItemSelectors, calendar: Calendar) -> None:
    """Put what the selectors say in place of what was found."""
    if selectors.title:
        card.title = value_at(card.element, selectors.title)
    if selectors.date or selectors.date_format:
        card.date = _date(card, selectors, calendar)


def _date(card: Card, selectors: ItemSelectors, calendar: Calendar) -> datetime | None:
    selector = selectors.date or "time"
    text = value_at(card.element, selector)
    if selectors.date_format:
        stated = value_at(card.element, f"{selector}@datetime") if "@" not in selector else ""
        formatted = (read_format(each, selectors.date_format, calendar) for each in (text, stated) if each)
        return next(filter(None, formatted), None)
    stated = value_at(card.element, f"{selector}@datetime") if "@" not in selector else ""
    if moment := read_date(stated, calendar) if stated else None:
        return moment
    found = search_date(text, calendar)
    return read_date(text, calendar) or (found.moment if found else None)
