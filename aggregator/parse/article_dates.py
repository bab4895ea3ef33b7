"""When an article was published, as its page says it: to machines, then to people near the title.

Dates of changes are never taken, and none of other articles that the page speaks of.
"""

from __future__ import annotations

import re
from itertools import islice
from typing import TYPE_CHECKING

from aggregator.decide.canonical import fold
from aggregator.parse.article_facts import headings_of, main_article
from aggregator.parse.card_dates import date_in_address
from aggregator.parse.embedded import json_ld, types_of
from aggregator.parse.links import HARD, HEADINGS, regions_of
from aggregator.parse.page_dates import Calendar, read_date, search_date
from aggregator.parse.webpage import class_of, id_of, lines_of, text_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from lxml.html import HtmlElement

    from aggregator.parse.webpage import Webpage

_PUBLISHED = (
    "article:published_time", "og:article:published_time", "og:published_time", "datepublished", "parsely-pub-date",
    "sailthru.date", "article.published", "publish-date", "publish_date", "publication_date", "published-date",
    "pubdate",
    "dc.date.issued", "dcterms.created", "dcterms.date", "dc.date", "citation_publication_date", "citation_online_date",
    "citation_date", "article_date_original", "cxenseparse:recs:publishtime", "date", "rnews:datepublished",
)  # fmt: skip
_DATE_NAME = re.compile(
    r"(?:^|[\W_])(?:date|time|timestamp|pub-?date|post-?date|posted|published|publish|entry-date|byline|"
    r"meta|dateline|fecha|datum)(?:$|[\W_])",
    re.IGNORECASE,
)
_CHANGED_NAME = re.compile(r"modified|updated", re.IGNORECASE)
_CHANGED_WORDS = re.compile(
    r"\b(?:updated|modified|edited|revised|mise? à jour|modifié|aktualisiert|geändert|actualizado)\b|更新",
    re.IGNORECASE,
)
_PUBLISHED_WORDS = re.compile(
    r"\b(?:published|posted|publiée?|veröffentlicht|publicad[oa]|pubblicato|gepubliceerd)\b|发布|公開", re.IGNORECASE
)
_PROSE, _PROSE_CJK = 120, 50
_CJK = re.compile(r"[\u3040-\u30ff\u3400-\u9fff]")
_YEAR = re.compile(r"(?:19|20)\d\d")
_MOST_LINES, _LABEL = 2_000, 60
_NEAR = 25
"""Lines after the title in which the date stands."""
_MOST_BEFORE, _LEVELS, _FEW_LINKS = 3, 3, 3
"""What stands before the title: so many elements on so many levels, with fewer links than lists have."""


def published_of(page: Webpage, bare: Webpage, title: str, calendar: Calendar) -> datetime | None:
    """Return when the article was published; `bare` is the page without its surroundings.

    JSON-LD is believed first, then `<meta>`, then `<time>` and lines near the title, then the address. Dates of changes
    are never taken.
    """
    article = main_article(page)
    stated = [article.get("datePublished"), article.get("dateCreated"), *page.metas(*_PUBLISHED)]
    if not article:
        pages = (node for node in json_ld(page) if types_of(node) & {"webpage", "itempage"})
        stated += [node.get("datePublished") for node in pages]
    readable = (read_date(each, calendar) for each in stated if isinstance(each, str))
    return (
        next(filter(None, readable), None)
        or _marked_date(bare, calendar)
        or _date_near_title(bare, title, calendar)
        or _named_date(bare, calendar)
        or date_in_address(page.url, calendar)
        or _only_date(page, calendar)
    )


def _only_date(page: Webpage, calendar: Calendar) -> datetime | None:
    """Read the one day that the page's lines name, wherever they stand; None when they name several."""
    days: dict[str, datetime] = {}
    for element, text in lines_of(page.root, most=_MOST_LINES):
        if (
            len(text) > _LABEL
            or not _YEAR.search(text)
            or _says_changed(element, text)
            or any(True for _ in element.iterancestors("a", "head"))
        ):
            continue
        moment = _found(text, calendar) if element.tag != "a" else None
        if moment and moment.date() != calendar.received.date():
            days.setdefault(f"{moment:%Y-%m-%d}", moment)
    return next(iter(days.values())) if len(days) == 1 else None


def _marked_date(page: Webpage, calendar: Calendar) -> datetime | None:
    """Read microdata and microformats: itemprop=datePublished, `<time pubdate>`, dt-published, entry-date, hAtom."""
    for element in page.root.iter():
        if isinstance(element.tag, str) and _is_marked(element):
            stated = (
                element.get("content") or element.get("datetime") or element.get("title") or text_of(element, limit=100)
            )
            if moment := read_date(stated, calendar) or _found(stated, calendar):
                return moment
    return None


def _is_marked(element: HtmlElement) -> bool:
    names = f"{element.get('itemprop') or ''} {class_of(element)}"
    if element.get("pubdate") is not None or (element.tag == "abbr" and "published" in names.split()):
        return True
    is_marked = "datePublished" in names or "dt-published" in names or "entry-date" in names
    return is_marked and "updated" not in names.replace("published updated", "")


def _found(text: str, calendar: Calendar) -> datetime | None:
    found = search_date(text, calendar)
    return found.moment if found else None


def _date_near_title(page: Webpage, title: str, calendar: Calendar) -> datetime | None:
    """Read the date in the lines that follow the title up to the text, that stand just before it, or in the text."""
    heading = _title_element(page, title)
    if heading is None:
        return None
    after = _lines_from(heading)
    prose = [number for number, (_, text) in enumerate(after) if _is_prose(text)]
    first, second = (*prose[:2], _NEAR, _NEAR)[:2]
    after = after[: min(second, _NEAR)]
    before = list(_lines_before(heading))
    for lines, today in ((after[:first], True), (before, False), (after[first:], True), (before, True)):
        for element, text in lines:
            moment = None if _says_changed(element, text) else _date_of_line(element, text, calendar)
            if moment and (today or moment.date() != calendar.received.date()):  # newspapers tell the day above it all
                return moment
    return None


def _title_element(page: Webpage, title: str) -> HtmlElement | None:
    """Return the element that shows the title: a heading, else one that holds nothing else, else the first h1."""
    regions, folded = regions_of(page.root), fold(title)
    for tags in (sorted(HEADINGS), ("p", "div", "span", "td", "font", "strong", "b")):
        for each in islice(page.root.iter(*tags), _MOST_LINES):
            if regions.get(each) != HARD and folded and fold(text_of(each, limit=400)) == folded:
                return each
    return next(iter(headings_of(page)), None)


def _is_prose(text: str) -> bool:
    return len(text) > _PROSE or len(_CJK.findall(text)) > _PROSE_CJK


def _date_of_line(element: HtmlElement, text: str, calendar: Calendar) -> datetime | None:
    stated = element.get("datetime") if element.tag == "time" else None
    if moment := (read_date(stated, calendar) if stated else None) or read_date(text, calendar):
        return moment
    found = search_date(text, calendar) if len(text) < 100 else None  # noqa: PLR2004
    return found.moment if found and (element.tag == "time" or _is_label(text, element)) else None


def _lines_before(heading: HtmlElement) -> Iterator[tuple[HtmlElement, str]]:
    """Yield the lines that stand before an element, the nearest elements first, without those of lists."""
    for each in (heading, *islice(heading.iterancestors(), _LEVELS - 1)):
        if each.tag in ("body", "html", "main"):
            return
        for before in islice(each.itersiblings(preceding=True), _MOST_BEFORE):
            if isinstance(before.tag, str) and sum(1 for _ in before.iter("a")) < _FEW_LINKS:
                yield from lines_of(before, most=5)


def _says_changed(element: HtmlElement, text: str) -> bool:
    """Whether a line, its element or the line around it says when the article was changed, and only that."""
    if _CHANGED_NAME.search(f"{class_of(element)} {element.get('itemprop') or ''}"):
        return True
    parent = element.getparent()
    around = text_of(parent, limit=80) if parent is not None and element.tag in ("time", "span") else ""
    return any(_CHANGED_WORDS.search(each) and not _PUBLISHED_WORDS.search(each) for each in (text[:40], around[:40]))


def _is_label(text: str, element: HtmlElement) -> bool:
    """Whether a line is about the article, not of it: short, or in an element that is named so."""
    return len(text) < 60 or bool(_DATE_NAME.search(class_of(element)) or _PUBLISHED_WORDS.match(text))  # noqa: PLR2004


def _lines_from(heading: HtmlElement) -> list[tuple[HtmlElement, str]]:
    """Return the lines that follow an element in the document, up to twice as many as are near."""
    lines: list[tuple[HtmlElement, str]] = []
    element: HtmlElement | None = heading
    while element is not None and len(lines) < 2 * _NEAR and element.tag not in ("body", "html"):
        for sibling in element.itersiblings():
            if isinstance(sibling.tag, str) and sibling.tag not in ("script", "nav", "aside", "footer"):
                lines += lines_of(sibling, most=_NEAR)
            if len(lines) >= 2 * _NEAR:
                break
        element = element.getparent()
    return lines


def _named_date(page: Webpage, calendar: Calendar) -> datetime | None:
    """Read the first `<time>` or element named a date that is not in navigation, where there is but one day of it."""
    regions = regions_of(page.root)
    for element in page.root.iter("time", "span", "p", "div"):
        name = f"{class_of(element)} {id_of(element)}"
        if (
            regions.get(element)
            or _CHANGED_NAME.search(name)
            or (element.tag != "time" and not _DATE_NAME.search(name))
        ):
            continue
        text = element.get("datetime") or text_of(element, limit=120)
        if moment := read_date(text, calendar) or (_found(text, calendar) if len(text) < 80 else None):  # noqa: PLR2004
            return moment
    return None
