"""Where the feed of a site is: what its page names, the likeliest first; else common places; else a list, or a sitemap.

Pure: a page comes in as what parse.heads read of it. Whoever asks servers goes down the list and stops at the first
document that is a feed, so that a page which names its feed costs one request more, and a feed none.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit

from aggregator.decide.platforms import platform_feed
from aggregator.decide.sitemaps import likeliness
from aggregator.decide.sites import host_of, same_site

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_MOST_NAMED = 10
_MOST_GUESSES = 8
_MOST_SITEMAPS = 5
_SITEMAP = re.compile(r"^[ \t]*sitemap[ \t]*:[ \t]*(\S+)", re.IGNORECASE | re.MULTILINE)
_FORMATS = (
    "application/atom+xml",
    "application/rss+xml",
    "application/feed+json",
    "application/json",
    "application/rdf+xml",
)
"""Of two documents that are one feed the earlier is taken: Atom always has ids and dates of changes."""
_COMMENTS = re.compile(
    r"(?<![a-z])comments?(?![a-z])|commentaires|kommentar|comentari|coment[áa]rio|commenti\b|reacties|r[ée]ponses|replies|コメント|评论|評論|留言|댓글|комментари",
    re.IGNORECASE,
)
_FORMAT_WORDS = frozenset(
    {
        "rss",
        "rss1",
        "rss2",
        "atom",
        "json",
        "jsonfeed",
        "rdf",
        "xml",
        "feed",
        "feeds",
        "index",
        "default",
        "alt",
        "format",
        "type",
    }
)
_WORD = re.compile(r"[^\W_]+")
_BY_FOLDER = ("feed", "rss.xml", "feed.xml", "index.xml")
_BY_SITE = ("feed", "rss.xml", "feed.xml", "atom.xml", "rss", "index.xml", "feed.json")
"""Most common first: WordPress and Substack have /feed, Hugo /index.xml, Jekyll /feed.xml and /atom.xml, Ghost /rss."""


@dataclass(frozen=True, slots=True)
class Offer:
    """A feed that a page names (`<link rel=alternate>`), or links to (`<a>`)."""

    href: str
    type: str = ""
    """Media type in small letters."""
    title: str = ""
    language: str | None = None
    """hreflang."""
    linked: bool = False
    """A mere link whose address looks like a feed's."""


@dataclass(frozen=True, slots=True)
class Page:
    """What a web page says of itself and of its feeds."""

    url: str
    """Where it was fetched."""
    title: str = ""
    language: str | None = None
    canonical: str | None = None
    offers: tuple[Offer, ...] = ()


@dataclass(frozen=True, slots=True)
class Place:
    """Where entries may be had from."""

    url: str
    kind: str
    """As in feeds.yaml: feed, page or sitemap."""
    reason: str
    """Why there, for the operator."""


def places(page: Page, languages: Sequence[str] = ()) -> tuple[Place, ...]:
    """Return where a page's feed may be, the likeliest first; `languages` as the operator prefers them."""
    named = [Place(url, "feed", "the page names it") for url in named_feeds(page, languages)]
    guessed = [Place(url, "feed", "a common place of feeds") for url in common_places(page.url)]
    return (*named, *(place for place in guessed if place.url not in {one.url for one in named}))


def named_feeds(page: Page, languages: Sequence[str] = ()) -> tuple[str, ...]:
    """Return the feeds that a page names, at most ten, the likeliest first; documents that are one feed count once.

    Feeds of comments come last. Before others comes what lies below the page's own address (a section's feed), then
    what is in a preferred language: the operator's, else the page's.
    """
    preferred = [_main(language) for language in languages] or ([_main(page.language)] if page.language else [])
    ranked = sorted(_each_once(page.offers), key=lambda offer: _rank(offer, page.url, preferred))
    found = [offer.href for offer in ranked if offer.href != page.url]
    known = platform_feed(page.canonical) if page.canonical and not found else None
    return tuple(dict.fromkeys([known.url] if known else found))[:_MOST_NAMED]


def common_places(url: str) -> tuple[str, ...]:
    """Return where feeds often are on a site, at most eight: below this address, then below its root."""
    if not host_of(url):
        return ()
    path = urlsplit(url).path
    folder = path if path.endswith("/") or "." not in path.rpartition("/")[2] else path.rpartition("/")[0]
    below = [f"{folder.rstrip('/')}/{name}" for name in _BY_FOLDER] if folder.strip("/") else []
    found = (urljoin(url, place) for place in (*below, *(f"/{name}" for name in _BY_SITE)))
    return tuple(dict.fromkeys(place for place in found if place != url))[:_MOST_GUESSES]


def last_resorts(url: str, robots: str) -> tuple[Place, ...]:
    """Return where the entries of a page that has no feed may be had from: its own list, then the site's sitemaps.

    Sitemaps are those that robots.txt names, at most five, of the site itself only, the likeliest to have news first
    (https://www.sitemaps.org/protocol.html, "Specifying the Sitemap location"); else the common place.
    """
    if not host_of(url):
        return ()
    named = dict.fromkeys(match[1] for match in _SITEMAP.finditer(robots) if same_site(match[1], url))
    ranked = sorted(named, key=likeliness, reverse=True)[:_MOST_SITEMAPS]
    sitemaps = [Place(each, "sitemap", "robots.txt names it") for each in ranked]
    common = Place(urljoin(url, "/sitemap.xml"), "sitemap", "the common place of a sitemap")
    return Place(url, "page", "it lists articles"), *(sitemaps or [common])


def _each_once(offers: Iterable[Offer]) -> list[Offer]:
    """Return one offer a feed: the same in Atom and in RSS differs in nothing but the words for formats."""
    kept: dict[tuple[object, ...], Offer] = {}
    for offer in offers:
        name = _name(offer)
        first = kept.get(name)
        if first is None or _format(offer) < _format(first):
            kept[name] = offer
    return list(kept.values())


def _name(offer: Offer) -> tuple[object, ...]:
    parts = urlsplit(offer.href)
    address = tuple(word for word in _words(f"{parts.path} {parts.query}") if word not in _FORMAT_WORDS)
    title = tuple(word for word in _words(offer.title) if word not in _FORMAT_WORDS and not word.isdigit())
    return host_of(offer.href), address, title, offer.language, offer.linked


def _words(text: str) -> list[str]:
    return [word.lower() for word in _WORD.findall(text)]


def _format(offer: Offer) -> int:
    return _FORMATS.index(offer.type) if offer.type in _FORMATS else len(_FORMATS)


def _rank(offer: Offer, page: str, preferred: Sequence[str]) -> tuple[int, ...]:
    """Return what an offer is sorted by; equal ones stay in the page's order."""
    comments = bool(
        _COMMENTS.search(offer.title) or _COMMENTS.search(urlsplit(offer.href).path + urlsplit(offer.href).query)
    )
    return comments, offer.linked, not _below(offer.href, page), _foreign(offer, preferred)


def _below(href: str, page: str) -> bool:
    """Tell whether an address lies below a page's; below the root lies nothing in particular."""
    folder = urlsplit(page).path.rstrip("/")
    return bool(folder) and same_site(href, page) and urlsplit(href).path.startswith(f"{folder}/")


def _foreign(offer: Offer, preferred: Sequence[str]) -> int:
    """Return the place of an offer's language among the preferred; one that is not said is better than another."""
    if not preferred or offer.language is None:
        return len(preferred)
    language = _main(offer.language)
    return preferred.index(language) if language in preferred else len(preferred) + 1


def _main(language: str) -> str:
    return language.partition("-")[0].lower()
