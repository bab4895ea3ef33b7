"""What to ask a source's server, and the names by which an answer that is known already is told."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING

from aggregator.decide.archives import as_asked
from aggregator.decide.sites import host_of, is_public, origin_of
from aggregator.fetch.client import Ask
from aggregator.model import RequestKind
from aggregator.parse.changed import READING

if TYPE_CHECKING:
    from aggregator.config.settings import FeedSettings
    from aggregator.model import FeedState, Request


def ask_of(request: Request, source: FeedSettings, *, refetch: bool) -> Ask:
    """Return what to ask a source's server; validators go where they came from, and with the headers they came for."""
    feed = request.feed
    ask = Ask(
        feed.fetch_url,
        headers=source.headers,
        verify=source.verify,
        outside=_outside(host_of(feed.url), feed.fetch_url)
        or _outside(host_of(source.listed_in or ""), feed.fetch_url),
        name="" if feed.private else hashlib.sha256(feed.url.encode()).hexdigest()[:8],
    )
    match request.kind:
        case RequestKind.ARCHIVE:
            return _of_page(ask, feed, feed.gap.page if feed.gap is not None else None)
        case RequestKind.ARTICLE:
            return _of_page(ask, feed, request.page)
    known = not refetch and feed.asked_as in (None, asked_as(ask, source))
    return replace(ask, validators=feed.validators) if known else ask


def _of_page(ask: Ask, feed: FeedState, page: str | None) -> Ask:
    """Return what to ask for a page that the feed's document named: what is secret stays with the feed's origin."""
    if not page:
        return ask
    outside = ask.outside or _outside(host_of(feed.fetch_url), page)
    if origin_of(page) != origin_of(feed.fetch_url):
        return replace(ask, url=page, headers={}, verify=True, outside=outside)
    return replace(ask, url=as_asked(feed, page), outside=outside)


def as_read(request: Request, source: FeedSettings) -> FeedSettings:
    """Return a source as what its request asks for is to be read: a feed without an archive may have a sitemap."""
    gap = request.feed.gap
    by_sitemap = request.kind is RequestKind.ARCHIVE and gap is not None and gap.by_sitemap
    return source.model_copy(update={"kind": "sitemap"}) if by_sitemap else source


def _outside(own: str, url: str) -> str | None:
    """Return the public host that leads to an address elsewhere."""
    return own if own != host_of(url) and is_public(own) else None


def asked_as(ask: Ask, source: FeedSettings) -> str:
    """Name an address with all that what is read of the answer depends on; short, so that it tells nothing of secrets.

    Validators of a page are worth nothing when the operator says that it is read in another way.
    """
    return _name_of(ask.url, tuple(sorted(ask.headers.items())), *_read_as(source))


@lru_cache(maxsize=1024)  # named twice for every request
def _name_of(url: str, headers: tuple[tuple[str, str], ...], *read_as: str) -> str:
    asked = json.dumps([url, headers, *read_as])
    return hashlib.sha256(asked.encode()).hexdigest()[:8]


def name_of(body: bytes, source: FeedSettings | None) -> str:
    """Name a body together with all that decides what is read in it."""
    read_as = " ".join(_read_as(source)) if source is not None else ""
    return hashlib.sha256(f"{READING}{read_as}".encode() + body).hexdigest()


def _read_as(source: FeedSettings) -> list[str]:
    """Return what the operator says of how a document is read; nothing for a feed."""
    return [] if source.kind == "feed" else [source.kind, str(source.pages), source.item.model_dump_json()]
