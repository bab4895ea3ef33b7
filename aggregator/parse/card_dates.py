"""The day of a list's articles: as their cards say it, or the headings that they stand under."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from lxml import etree

from aggregator.parse.page_dates import Calendar, read_date, search_date
from aggregator.parse.webpage import class_of, lines_of, names_of, text_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from lxml.html import HtmlElement

    from aggregator.parse.cards import Card
    from aggregator.parse.webpage import Webpage

_DATED = re.compile(r"date|time|publish|posted|meta|byline|info|day|when|issued", re.IGNORECASE)
_DATA_NAME = re.compile(r"data-(?:[\w-]*-)?(?:date|published|publish(?:ed)?-?(?:at|on|date)|timestamp|datetime)")
_MACHINE = re.compile(r"\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d|$)|\d{10}(?:\d{3})?$")
_MOMENT = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d")
_URL_DATE = re.compile(r"/((?:19|20)\d\d)[/-](\d{1,2})[/-](\d{1,2})(?=[/-]|$)")
_HEADINGS = frozenset({"h2", "h3", "h4", "h5", "dt", "th", "time"})
_DAY_NAME = re.compile(r"^(?!.*(?:current|today|update)).*date", re.IGNORECASE)
_YEAR = re.compile(r"(?:19|20)\d\d")
_ASIDE = re.compile(r"\s*[(\uff08][^()]{0,60}[)\uff09]\s*$")
_LABEL = 80


def date_of(card: Card, lines: list[tuple[HtmlElement, str]], calendar: Calendar) -> datetime | None:
    """Return the date of a card: as machines read it, as a line of its own, inside a line about it, in the address."""
    for part in card.parts:
        for each in part.iter():
            for stated in _stated(each):
                if moment := read_date(stated, calendar):
                    return moment
    others = [(each, text) for each, text in lines if text != card.title and card.title not in text]
    whole = (read_date(text, calendar) for _, text in others)
    if moment := next(filter(None, whole), None):
        return moment
    for each, text in others:
        is_label = len(text) < _LABEL or each.tag == "time" or _DATED.search(" ".join(names_of(each)))
        if is_label and (found := search_date(text, calendar)):
            return found.moment
    return _split_date(card, calendar) or date_in_address(card.link.href, calendar)


def _stated(element: HtmlElement) -> Iterator[str]:
    """Yield what an element says to machines of its day: `<time>`, microdata, hAtom's abbr, data attributes."""
    if element.tag == "time":
        yield element.get("datetime") or ""
        return
    if "datePublished" in (element.get("itemprop") or ""):
        yield element.get("content") or element.get("datetime") or element.get("title") or ""
    title = element.get("title") or ""
    if "published" in class_of(element).split() or _MOMENT.match(title):
        yield title
    for name, value in element.attrib.items():
        is_machine = name.startswith("data-") and _DATA_NAME.fullmatch(name) and _MACHINE.match(value)
        if is_machine or name in ("data-date", "data-published"):
            yield value


def _split_date(card: Card, calendar: Calendar) -> datetime | None:
    """Read a date that is spread over several elements: `<b>19</b><i>Mar</i>`."""
    for part in card.parts:
        for each in part.iter():
            is_split = each.tag != "a" and 1 < len(each) < 5 and _DATED.search(class_of(each))  # noqa: PLR2004
            if is_split and (moment := read_date(" ".join(text for _, text in lines_of(each)), calendar)):
                return moment
    return None


def date_in_address(href: str, calendar: Calendar) -> datetime | None:
    """Return the day that an address names: /2024/03/19/."""
    match = _URL_DATE.search(href)
    return read_date("-".join(match.groups()), calendar) if match else None


def with_date_headings(cards: list[Card], page: Webpage, calendar: Calendar) -> list[Card]:
    """Give cards what the headings say that they stand under: the day where they have none, the year of their day."""
    by_element = {card.element: card for card in cards}
    inside = {each for card in cards for part in card.parts for each in part.iterdescendants()}
    day, year = None, None
    for element in page.root.iter("*"):
        card = by_element.get(element)
        if card is not None and card.date is None:
            card.date = day
        elif card is not None and card.date and year and year < card.date.year and not _says_year(card):
            card.date = _in_year(card.date, year)
        elif element not in inside and (element.tag in _HEADINGS or _DAY_NAME.search(class_of(element))):
            text = text_of(element, limit=_LABEL)
            year = int(text) if _YEAR.fullmatch(text) else year
            day = read_date(_ASIDE.sub("", text), calendar) or (day if element.tag != "h2" else None)
    return cards


def _says_year(card: Card) -> bool:
    """Whether a card names the year of its day anywhere, in words or to machines."""
    year = str(card.date.year) if card.date else ""
    return any(year in etree.tostring(part, encoding="unicode", with_tail=False) for part in card.parts)


def _in_year(moment: datetime, year: int) -> datetime:
    try:
        return moment.replace(year=year)
    except ValueError:  # 29 February
        return moment
