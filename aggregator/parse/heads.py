"""What a web page says of itself in its head, and of its feeds anywhere: text in, decide.discovery.Page out."""

from __future__ import annotations

import re
from html import unescape
from typing import TYPE_CHECKING

from lxml import etree

from aggregator.decide.discovery import Offer, Page
from aggregator.decide.sites import same_site
from aggregator.parse.clean import plain_text
from aggregator.parse.fields import language_tag
from aggregator.parse.urls import absolute, clean_url

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_NEAR = 262_144
"""Characters that are parsed as HTML."""
_FAR = 2_000_000
"""Characters in which a head is looked for that begins behind a megabyte of script."""
_MOST_OFFERS = 100
_FEED_TYPES = frozenset(
    {"application/rss+xml", "application/atom+xml", "application/rdf+xml", "application/feed+json", "application/json"}
)
_JSON_FEED = re.compile(r"feed|\.json$", re.IGNORECASE)
_NO_FEED = re.compile(r"wp-json|oembed|manifest", re.IGNORECASE)
_FEEDLIKE = re.compile(
    r"(?:^|/)(?:feed|rss|atom)(?:/(?:rss2?|atom|rdf))?/?$|(?:^|/)(?:feed|rss|atom|index)\.(?:xml|rss|atom|rdf)$|\.(?:rss|atom|rdf)$"
    r"|(?:^|/)feed\.json$|[?&]feed=(?:rss2?|atom)\b",
    re.IGNORECASE,
)
_LINK = re.compile(r"<link\b([^<>]{0,2000})>", re.IGNORECASE)
_ATTRIBUTE = re.compile(
    r"(?<![\w-])(rel|type|href|title|hreflang)\s*+=\s*+(?:\"([^\"]*+)\"|'([^']*+)'|([^\s\"'>]++))", re.IGNORECASE
)


def read_page(text: str, url: str) -> Page:
    """Return what a page that was fetched at `url` says; every address is absolute, http or https.

    Of a page longer than 256 KB only `<link>` is read behind that, in at most 2 MB.
    """
    root = _parsed(text)
    if root is None:
        return Page(url)
    base = next((absolute(each.get("href") or "", url) for each in root.iter("base")), url)
    links = [dict(each.attrib.items()) for each in root.iter("link")]
    offers = [offer for link in links if (offer := _offer(link, base))]
    if not offers and len(text) > _NEAR:
        links += [_attributes(found[1]) for found in _LINK.finditer(text, _NEAR, _FAR)]
        offers = [offer for link in links if (offer := _offer(link, base))]
    canonical = next((link.get("href") or "" for link in links if "canonical" in _words(link.get("rel"))), "")
    return Page(
        url=url,
        title=plain_text(root.findtext(".//title") or "", markup=False, limit=100),
        language=language_tag(root.get("lang") or ""),
        canonical=clean_url(canonical, base=base),
        offers=(*offers[:_MOST_OFFERS], *_linked(root, base)),
    )


def _parsed(text: str) -> etree._Element | None:
    parser = etree.HTMLParser(no_network=True, huge_tree=False, remove_comments=True)
    try:
        return etree.fromstring(text[:_NEAR].encode(), parser)
    except etree.LxmlError:
        return None


def _attributes(tag: str) -> dict[str, str]:
    return {name.lower(): unescape(one or other or bare) for name, one, other, bare in _ATTRIBUTE.findall(tag)}


def _words(value: str | None) -> list[str]:
    return (value or "").lower().split()


def _offer(link: Mapping[str, str], base: str) -> Offer | None:
    """Return the feed that a `<link rel=alternate>` names."""
    kind = (link.get("type") or "").partition(";")[0].strip().lower()
    if "alternate" not in _words(link.get("rel")) or kind not in _FEED_TYPES:
        return None
    href = clean_url(link.get("href") or "", base=base)
    if not href or _NO_FEED.search(href) or (kind == "application/json" and not _JSON_FEED.search(href)):
        return None
    title = plain_text(link.get("title") or "", markup=False, limit=200)
    return Offer(href, kind, title, language_tag(link.get("hreflang") or ""))


def _linked(root: etree._Element, base: str) -> Iterator[Offer]:
    """Yield links in a page's text to what looks like a feed of the same site."""
    found = 0
    for anchor in root.iter("a"):
        spelling = anchor.get("href") or ""
        if not _FEEDLIKE.search(spelling):
            continue
        href = clean_url(spelling, base=base)
        if href and same_site(href, base):
            yield Offer(href, title=plain_text("".join(anchor.itertext()), markup=False, limit=200), linked=True)
            found += 1
            if found == _MOST_OFFERS:
                return
