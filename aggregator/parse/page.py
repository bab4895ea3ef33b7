"""List pages (`kind: page`): bytes in, Document out: the articles that a page lists, in its order.

    decode | tree | the operator's selectors, else the list that is found | what the page's data adds | items

A page that lists nothing is a failing source, never an empty one: pages are rebuilt, and an empty list would say that
all is well.
"""

from __future__ import annotations

import re
from html import escape
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

from aggregator.decide.canonical import canonical_url
from aggregator.decide.sites import host_of
from aggregator.errors import ParseError
from aggregator.model import Document, Header, Item, Link
from aggregator.parse.card_dates import with_date_headings
from aggregator.parse.clean import clean_html, clean_text
from aggregator.parse.embedded import Stated, scripted_articles, stated_articles
from aggregator.parse.limits import MOST_ITEMS
from aggregator.parse.links import links_of, may_be_article
from aggregator.parse.listing import listed_articles
from aggregator.parse.page_dates import Calendar, read_date
from aggregator.parse.page_selectors import selected_articles
from aggregator.parse.webpage import Webpage, read_webpage, text_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from aggregator.config.settings import ItemSelectors
    from aggregator.parse.cards import Card

_FEWEST = 3
"""Articles below which data for scripts is looked at as well."""
_ICONS = ("apple-touch-icon", "icon")
_NEXT = re.compile(
    r"(?:next(?: page)?|older(?: posts| articles| entries| news)?|load more|suivante?s?|page suivante|"
    r"articles plus anciens|"
    r"weiter|nächste(?: seite)?|ältere(?: beiträge)?|siguiente|más antiguos?|下一页|下一頁|下页|次へ|次のページ|次)",
    re.IGNORECASE,
)
_NEXT_PATH = re.compile(
    r"(?:[/-](?:page|p|seite|pagina)[/-]?|[?&](?:page|paged|p|pg|seite)=)(\d{1,5})(?:/|\.html?|$|&)",
    re.IGNORECASE,
)


def parse_page(
    body: bytes, *, url: str, content_type: str | None, received: datetime, selectors: ItemSelectors | None
) -> Document:
    """Parse a page that lists articles and that `url` answered with.

    Items have title, link and, where the page says them, date, teaser and picture. The header's links are the page
    itself (alternate) and the next page of the list (next). Raise ParseError, with a remedy, when the page lists no
    articles, or when the selectors match none; EmptyDocument and NotAFeed as read_webpage does.
    """
    page = read_webpage(body, url=url, content_type=content_type)
    calendar = Calendar.of(received, page.language).after(page.words)
    if selectors is not None and selectors.select:
        items = [_item(card, page) for card in selected_articles(page, selectors, calendar)]
    else:
        items = _found(page, calendar)
    if not items:
        raise _nothing(page)
    many = len(items) > MOST_ITEMS
    notices = (f"the page has {len(items)} items; the first {MOST_ITEMS} were read",) if many else ()
    return Document(_header(page), tuple(items[:MOST_ITEMS]), format="page", notices=(*page.notices, *notices))


def _nothing(page: Webpage) -> ParseError:
    title = clean_text(page.root.findtext(".//title") or "", limit=100)
    named = f' ("{title}")' if title else ""
    if page.may_be_challenge:
        return ParseError(
            f"A bot check or an error page{named} answered in place of the page.",
            "Ask the publisher to let feed readers through, or look for another address.",
        )
    return ParseError(
        f"No list of articles was found on the page{named}.",
        "Say where they are with `item: {select: ...}` in feeds.yaml; a page that is built by scripts cannot be read.",
    )


def _found(page: Webpage, calendar: Calendar) -> list[Item]:
    """Return the items of the list that is found in the page, else of one in its data."""
    stated = {key: each for each in stated_articles(page) if (key := _key(each, page))}
    cards = listed_articles(page, calendar, stated.keys())
    if len(cards) < _FEWEST:
        data = [item for each in scripted_articles(page) if (item := _from_data(each, page, calendar))]
        data = data if len(data) > len(cards) else []
        data = data or [item for each in stated.values() if (item := _from_data(each, page, calendar))]
        if len(data) > len(cards):
            return list({item.link: item for item in data}.values())
    cards = with_date_headings(cards, page, calendar)
    return [_completed(_item(card, page), stated.get(card.link.key), page, calendar) for card in cards]


def _key(stated: Stated, page: Webpage) -> str | None:
    return canonical_url(page.address(stated.url))


def _item(card: Card, page: Webpage) -> Item:
    return Item(
        title=clean_text(card.title),
        link=card.link.href,
        summary=clean_html(f"<p>{escape(card.summary)}</p>", base=page.base) if card.summary else None,
        published=card.date,
        thumbnail=card.image,
    )


def _completed(item: Item, stated: Stated | None, page: Webpage, calendar: Calendar) -> Item:
    """Add what the page's data says of an article that the page shows."""
    if stated is None:
        return item
    more = _from_data(stated, page, calendar)
    return Item(
        title=item.title,
        link=item.link,
        summary=item.summary or (more.summary if more else None),
        published=(read_date(stated.date, calendar) if stated.date else None) or item.published,
        thumbnail=item.thumbnail or (more.thumbnail if more else None),
    )


def _from_data(stated: Stated, page: Webpage, calendar: Calendar) -> Item | None:
    """Return an article of the page's data as an item; None when its address may not be an article's."""
    link = _slug_address(stated.url, page) if stated.is_slug else page.address(stated.url)
    if not link or not stated.title or not _is_elsewhere(link, page):
        return None
    return Item(
        title=stated.title,
        link=link,
        summary=clean_html(f"<p>{escape(stated.summary)}</p>", base=page.base) if stated.summary else None,
        published=read_date(stated.date, calendar) if stated.date else None,
        thumbnail=page.address(stated.image),
    )


def _is_elsewhere(link: str, page: Webpage) -> bool:
    key, here = canonical_url(link), canonical_url(page.url) or page.url
    return bool(key) and may_be_article(link, key or "", page.url, here)


def _slug_address(slug: str, page: Webpage) -> str | None:
    """Return the address of a slug: as a link of the page has it, else below the page."""
    ending = "/" + slug.strip("/")
    for link in links_of(page):
        if urlsplit(link.href).path.rstrip("/").endswith(ending):
            return link.href
    parts = urlsplit(page.url)
    return page.address(parts._replace(path=parts.path.rstrip("/") + ending, query="", fragment="").geturl())


def _header(page: Webpage) -> Header:
    links = [Link(page.url)]
    if following := next_page(page):
        links.append(Link(following, rel="next"))
    title = page.root.findtext(".//title") or page.meta("og:title") or ""
    return Header(
        title=clean_text(title),
        subtitle=clean_text(page.meta("description", "og:description") or "", limit=1000) or None,
        links=tuple(links),
        language=page.language,
        icon=_icon(page),
    )


def _icon(page: Webpage) -> str | None:
    for relation in _ICONS:
        for link in page.root.iter("link"):
            if relation in (link.get("rel") or "").lower().split() and (address := page.address(link.get("href"))):
                return address
    return None


def next_page(page: Webpage) -> str | None:
    """Return the address of the list's next page: rel=next, the number after this page's, "Older posts" in words."""
    return next(filter(None, (*_related(page), _numbered(page), _worded(page))), None)


def _related(page: Webpage) -> Iterator[str | None]:
    for element in page.root.iter("link", "a"):
        if "next" in (element.get("rel") or "").lower().split():
            yield _on_site(element.get("href"), page)


def _worded(page: Webpage) -> str | None:
    for element in page.root.iter("a"):
        words = text_of(element, limit=60).strip(" »\u203a→>←«<")
        named = clean_text(element.get("aria-label") or element.get("title") or "", limit=60)
        if _NEXT.fullmatch(words) or (not words and _NEXT.fullmatch(named)):
            address = _on_site(element.get("href"), page)
            if address and (_NEXT_PATH.search(address) or urlsplit(address).query):
                return address
    return None


def _numbered(page: Webpage) -> str | None:
    """Return the link to the page whose number is one more than this page's."""
    following = _number(page.url) + 1
    for element in page.root.iter("a"):
        address = _on_site(element.get("href"), page)
        if address and (text_of(element, limit=20) or "").isdigit() and _number(address) == following:
            return address
    return None


def _number(url: str) -> int:
    match = _NEXT_PATH.search(url)
    return int(match[1]) if match else 1


def _on_site(href: str | None, page: Webpage) -> str | None:
    address = page.address(href)
    if not address or host_of(address) != host_of(page.url):
        return None
    there, here = urlsplit(address), urlsplit(page.url)
    same = there[:3] == here[:3] and parse_qs(there.query) == parse_qs(here.query)
    return None if same else address.partition("#")[0]
