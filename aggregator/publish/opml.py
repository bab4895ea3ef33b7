"""OPML 2.0 subscription lists (http://opml.org/spec2.opml)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lxml import etree

from aggregator.publish import legal

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from aggregator.config.settings import FeedSettings
    from aggregator.model import FeedState

_GLUED_AMPERSAND = re.compile(r"\s*&(?=\S)")
_ANGLES = str.maketrans(
    {
        "<": "\N{SINGLE LEFT-POINTING ANGLE QUOTATION MARK}",
        ">": "\N{SINGLE RIGHT-POINTING ANGLE QUOTATION MARK}",
    }
)


@dataclass(frozen=True, slots=True)
class OpmlSource:
    """One subscription."""

    url: str
    """The feed's address; masked by the caller where it is private."""
    title: str
    site: str | None = None
    tags: tuple[str, ...] = ()


def subscriptions(sources: Iterable[FeedSettings], feeds: Mapping[str, FeedState]) -> list[OpmlSource]:
    """Return the sources that anybody may know of and that are read, with what is known of them by address."""
    return [
        OpmlSource(source.url, feed.title, feed.header.site, source.tags)
        if (feed := feeds.get(source.url))
        else OpmlSource(source.url, source.title or source.url, None, source.tags)
        for source in sources
        if source.enabled and not source.private
    ]


def render_opml(title: str, sources: Sequence[OpmlSource]) -> bytes:
    """Return a subscription list, UTF-8, in the order given and without a date."""
    opml = etree.Element("opml", version="2.0")
    etree.SubElement(etree.SubElement(opml, "head"), "title").text = _words(title) or "Subscriptions"
    body = etree.SubElement(opml, "body")
    for source in sources:
        etree.SubElement(body, "outline", _outline(source))
    if not sources:  # a body needs an outline
        etree.SubElement(body, "outline", text="No subscriptions yet")
    document: bytes = etree.tostring(opml, encoding="UTF-8", xml_declaration=True, pretty_print=True)
    return document


def _outline(source: OpmlSource) -> dict[str, str]:
    title = _words(source.title) or _words(source.url) or "Untitled"
    outline = {"type": "rss", "text": title, "title": title, "xmlUrl": legal.line(source.url)}
    if site := legal.address(source.site):
        outline["htmlUrl"] = site
    if source.tags:
        outline["category"] = ",".join(legal.line(tag).replace(",", " ") for tag in source.tags)
    return outline


def _words(words: str) -> str:
    """Return words that say the same to readers that take them for text and to those that take them for HTML."""
    return _GLUED_AMPERSAND.sub(" & ", legal.line(words)).translate(_ANGLES)
