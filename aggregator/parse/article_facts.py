"""What an article's page says of the article: title, day, authors, canonical address, picture.

Publishers say each of these in several places that do not always agree: JSON-LD and `<meta>` for machines, headings and
lines for people. The order in which they are believed is written down in each function.
"""

from __future__ import annotations

import re
from copy import deepcopy
from itertools import islice
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from aggregator.decide.canonical import canonical_url, fold
from aggregator.decide.sites import host_of, same_site, site_of
from aggregator.model import Person
from aggregator.parse.clean import clean_text, plain_text
from aggregator.parse.embedded import is_article, json_ld
from aggregator.parse.links import HARD, regions_of
from aggregator.parse.webpage import class_of, text_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lxml.html import HtmlElement

    from aggregator.parse.webpage import Webpage

_TAIL = re.compile(
    r"\s+[|\u2013\u2014\u00b7\u2022\u00bb\u00ab-]\s+|\s*[\uff5c\u2502]\s*|\s*::\s*|\s*[_|](?=[^_|]{2,20}$)"
)
_PARTED = re.compile(r".{1,60}\s*[:|\u2013\u2014\u00b7\u00bb-]\s+|\s+[:|\u2013\u2014\u00b7\u00ab-]\s.{1,60}")
_NOT_OF_TITLE = re.compile(
    r"kicker|eyebrow|overline|dachzeile|spitzmarke|topline|sr-only|visually-?hidden|screen-reader|descriptor",
    re.IGNORECASE,
)
_CALLED = re.compile(r"^(?:Title|Titel|Titre|Título|标题)\s*:\s*")
_MARK = 3
_MOST_HEADINGS, _MOST_PARTS = 100, 50
_PARTING = re.compile(r"\s*[|_\uff5c\u2502]|\s+[\u2013\u2014\u00b7\u00bb\u00ab-]\s")
_FEW_WORDS = 4
_AUTHORS = (
    "author", "article:author", "byl", "parsely-author", "sailthru.author", "citation_author", "dc.creator",
    "dcterms.creator",
)  # fmt: skip
_AUTHOR_NAME = re.compile(
    r"(?:^|[\W_])(?:author|byline|p-author|writer|auteur|autor)(?:[\W_]?name)?(?:$|[\W_])", re.IGNORECASE
)
_BY = re.compile(r"^\s*(?:written\s+by|posted\s+by|by|par|von|por|door|di|作者|文|著者)\s*[:\uff1a]?\s+", re.IGNORECASE)
_AND = re.compile(r"\s*(?:,|;|&|\||/|、|\uff0c|\band\b|\bet\b|\bund\b|\by\b)\s*", re.IGNORECASE)
_NOBODY = re.compile(
    r"(?:admin(?:istrator)?|editor(?:ial)?(?: team| staff)?|staff(?: writer)?|webmaster|redaktion|"
    r"la rédaction|redacción|"
    r"team|guest(?: author)?|author|unknown|anonymous|root|user|wordpress|press(?: office)?|news(?:room)?|n/?a|none|"
    r".*\.(?:com|org|net|de|fr)|.*\d{3,}.*|小编|编辑部?|管理员|編集部)",
    re.IGNORECASE,
)
_MOST_AUTHORS = 20


def title_of(page: Webpage) -> str:
    """Return the title: the page's one heading, else the headline for machines, without the site's name.

    A heading counts when it agrees with what is said to machines, or is as long as titles are.
    """
    stated = [clean_title(each, page) for each in _stated_titles(page)]
    headings = [text for each in headings_of(page) if (text := heading_text(each))]
    site = fold(page.meta("og:site_name") or "")
    for heading in headings:
        agreeing = [each for each in stated if _agree(heading, each)]
        if agreeing and fold(heading) != site:
            shortest = min(agreeing, key=len)
            return shortest if len(fold(shortest)) < len(fold(heading)) * 0.6 and len(agreeing) > 1 else heading
    lone = headings[0] if len(headings) == 1 else ""
    if lone and fold(lone) not in _site_names(page) and any(_begins(each, lone) for each in _stated_titles(page)):
        return lone
    if len(lone.split()) >= _FEW_WORDS and fold(lone) != site:
        return lone
    return _heading_in(next(iter(stated), ""), page) or next(iter(stated), "") or lone


def heading_text(heading: HtmlElement) -> str:
    """Return the text of a heading without the line above the title, words for screen readers, and `#` to link to."""
    whole = text_of(heading, limit=400)
    if sum(1 for _ in islice(heading.iter(), _MOST_PARTS)) == _MOST_PARTS:  # it holds far more than a title
        return whole
    heading = deepcopy(heading)
    for each in list(heading.iterdescendants("a", "span", "div", "small", "p")):
        mark = each.tag == "a" and (each.get("href") or "").startswith("#") and len(text_of(each)) < _MARK
        if each.getparent() is not None and (mark or _NOT_OF_TITLE.search(class_of(each))):
            each.drop_tree()
    return _CALLED.sub("", text_of(heading, limit=400)).strip(" :") or whole


def _heading_in(title: str, page: Webpage) -> str:
    """Return the lower heading that a title for machines has behind or before the name of the site; "" if none."""
    regions = regions_of(page.root)
    for each in islice(page.root.iter("h2", "h3"), _MOST_HEADINGS):
        text = heading_text(each) if regions.get(each) is None else ""
        rest = title.removesuffix(text) if title.endswith(text) else title.removeprefix(text)
        if text and rest != title and _PARTED.fullmatch(rest) and len(text) > len(rest):
            return text
    return ""


def headings_of(page: Webpage) -> list[HtmlElement]:
    """Return the h1 of a page, without those of navigation."""
    regions = regions_of(page.root)
    found = [each for each in page.root.iter("h1") if not _is_site_name(each, page)]
    return [each for each in found if regions.get(each) != HARD] or found


def _is_site_name(heading: HtmlElement, page: Webpage) -> bool:
    """Whether a heading is the site's logo: a link to the front page."""
    links = [page.address(each.get("href")) for each in heading.iter("a")]
    return any(link and urlsplit(link).path in ("", "/") for link in links)


def _stated_titles(page: Webpage) -> Iterator[str]:
    article = main_article(page)
    headline = article.get("headline") or article.get("name")
    if isinstance(headline, str):
        yield plain_text(headline, markup=True, limit=400)
    yield from (
        plain_text(each, markup=True, limit=400) for each in page.metas("og:title", "twitter:title", "citation_title")
    )
    yield clean_text(page.root.findtext(".//title") or "", limit=400)


def _begins(title: str, heading: str) -> bool:
    """Whether a heading is the first part of a title, before a mark that parts it from the site's name."""
    rest = title.removeprefix(heading)
    return fold(heading) == fold(_TAIL.split(title)[0]) or (rest != title and bool(_PARTING.match(rest)))


def _agree(one: str, other: str) -> bool:
    """Whether one text is the other, or the larger part of it."""
    first, second = sorted((fold(one), fold(other)), key=len)
    return bool(first) and first in second and len(first) * 5 >= len(second) * 3


def clean_title(title: str, page: Webpage) -> str:
    """Return a title without the name of the site behind it, or before it."""
    names = _site_names(page)
    pieces = _TAIL.split(title)
    if len(pieces) < 2:  # noqa: PLR2004
        return title
    for _ in range(2):
        if len(pieces) > 1 and _is_site(pieces[-1], names, pieces[:-1]):
            title = title[: title.rfind(pieces[-1])].rstrip(" |\u2013\u2014\u00b7\u2022\u00bb\u00ab-\uff5c\u2502:_")
            pieces = pieces[:-1]
    if len(pieces) > 1 and fold(pieces[0]) in names:
        title = title[title.find(pieces[0]) + len(pieces[0]) :].lstrip(
            " |\u2013\u2014\u00b7\u2022\u00bb\u00ab-\uff5c\u2502:_"
        )
    return title


def _site_names(page: Webpage) -> set[str]:
    """Return the names that the site goes by, folded: as it says, and as its host does."""
    stated = page.meta("og:site_name", "application-name") or ""
    return {fold(stated), fold(site_of(host_of(page.url)).split(".")[0])} - {""}


def _is_site(piece: str, names: set[str], before: list[str]) -> bool:
    folded = fold(piece)
    if any(name in folded or folded in name for name in names if folded and len(name) > 1):
        return True
    words = sum(len(each.split()) for each in before)
    return (
        len(piece.split()) <= _FEW_WORDS - 1
        and words > 2 * len(piece.split())
        and piece[:1].isupper()
        and words >= _FEW_WORDS
    )


def main_article(page: Webpage) -> dict[str, Any]:
    """Return the JSON-LD object of the article: by its address, by its headline, else the first; empty if none."""
    nodes = [node for node in json_ld(page) if is_article(node) and (node.get("headline") or node.get("datePublished"))]
    here = canonical_url(page.url)
    for node in nodes:
        main = node.get("mainEntityOfPage")
        addresses = (node.get("url"), node.get("@id"), main.get("@id") if isinstance(main, dict) else main)
        if any(canonical_url(page.address(each)) == here for each in addresses if isinstance(each, str)):
            return node
    title = page.meta("og:title") or page.root.findtext(".//title") or ""
    agreeing = (node for node in nodes if isinstance(node.get("headline"), str) and _agree(node["headline"], title))
    first = next(iter(nodes), {})
    return next(agreeing, first if len(nodes) == 1 or first.get("articleBody") else {})


def authors_of(page: Webpage, bare: Webpage) -> tuple[Person, ...]:
    """Return the authors: JSON-LD, else `<meta>`, else rel=author and bylines; accounts such as Admin are nobody."""
    places = (_stated_authors(page), page.metas(*_AUTHORS), _shown_authors(bare))
    for place in places:
        names = [name for text in place for name in _names_in(text)]
        people = [name for name in dict.fromkeys(names) if fold(name) != fold(page.meta("og:site_name") or "-")]
        if people:
            return tuple(Person(name) for name in people[:_MOST_AUTHORS])
    return ()


def _stated_authors(page: Webpage) -> Iterator[str]:
    author = main_article(page).get("author")
    by_id = {node["@id"]: node for node in json_ld(page) if isinstance(node.get("@id"), str) and node.get("name")}
    for each in author if isinstance(author, list) else [author]:
        person = by_id.get(each.get("@id"), each) if isinstance(each, dict) and not each.get("name") else each
        name = person.get("name") if isinstance(person, dict) else person
        yield from (part for part in (name if isinstance(name, list) else [name]) if isinstance(part, str))


def _shown_authors(page: Webpage) -> Iterator[str]:
    """Yield names by rel=author, itemprop=author and class names, each kind only where the one before gives none."""
    regions = regions_of(page.root)
    shown = [each for each in page.root.iter("a", "span", "p", "div", "address") if not regions.get(each)]
    linked = [each for each in shown if "author" in (each.get("rel") or "").split()]
    marked = [each for each in shown if "author" in (each.get("itemprop") or "").split()]
    named = [each for each in shown if _AUTHOR_NAME.search(class_of(each))]
    for kind in (linked, marked, named[:2]):
        texts = [text for each in kind if (text := text_of(each, limit=120))]
        if texts:
            yield from texts
            return


def _names_in(text: str) -> Iterator[str]:
    """Yield the names in a byline: up to five words each, no addresses, nobody's accounts."""
    text = _BY.sub("", plain_text(text, markup=True, limit=400))
    if "://" in text:
        return
    for name in _AND.split(text):
        bare = _BY.sub("", name).strip(" .-\u2013\u2014·•@")
        if 1 < len(bare) <= 60 and len(bare.split()) <= 5 and not _NOBODY.fullmatch(bare):  # noqa: PLR2004
            yield bare


def canonical_of(page: Webpage) -> str | None:
    """Return the canonical address, when it is on the same site and names more than its front page."""
    links = (
        link.get("href") for link in page.root.iter("link") if "canonical" in (link.get("rel") or "").lower().split()
    )
    for each in (*links, page.meta("og:url")):
        address = page.address(each)
        if address and same_site(address, page.url) and (urlsplit(address).path.strip("/") or urlsplit(address).query):
            return address.partition("#")[0]
    return None


def image_of(page: Webpage) -> str | None:
    """Return the picture: og:image, twitter:image, else JSON-LD's."""
    stated = main_article(page).get("image")
    stated = stated[0] if isinstance(stated, list) and stated else stated
    stated = stated.get("url") if isinstance(stated, dict) else stated
    metas = page.metas("og:image:secure_url", "og:image", "og:image:url", "twitter:image", "twitter:image:src")
    return next(filter(None, map(page.address, (*metas, stated if isinstance(stated, str) else None))), None)
