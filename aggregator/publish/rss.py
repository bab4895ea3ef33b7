"""RSS 2.0, with the RSS Profile of the RSS Advisory Board and the modules dc, content, media and atom."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from aggregator.publish import legal
from aggregator.publish.extension import add_entry, categories, new_feed, parsed_back
from aggregator.publish.piece import shown_title
from aggregator.publish.plain import escaped, markup_like
from aggregator.publish.rendering import rendered
from aggregator.publish.styling import styled

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aggregator.model import Enclosure
    from aggregator.publish.channel import Channel
    from aggregator.publish.piece import Piece

_TTL = 5
"""Minutes; the same as Cache-Control's max-age=300."""
_UNKNOWN_TYPE = "application/octet-stream"
_PLAIN_TEXT = re.compile(rb"(<(?:title|category|source)(?: [^>]*)?>)([^<]+)")
_DESCRIPTION = re.compile(rb"(<description>)([^<]+)")
"""The first is the channel's, which is plain text; those of items are HTML."""


def render_rss(channel: Channel, pieces: Sequence[Piece] | None = None) -> bytes:
    """Return the channel as an RSS 2.0 document, UTF-8."""
    return rendered(channel, _document, pieces)


def _document(channel: Channel, pieces: Sequence[Piece]) -> bytes:
    feed = new_feed(channel)
    title = _plain_text(shown_title(channel))
    feed.title(title)
    feed.description(_plain_text(legal.line(channel.subtitle)) or title)
    feed.link(href=legal.text(channel.base))
    feed.ttl(_TTL)
    for piece in pieces:
        _item(add_entry(feed, piece), piece)
    written = _DESCRIPTION.sub(_hexadecimal, _PLAIN_TEXT.sub(_hexadecimal, feed.rss_str()), count=1)
    return parsed_back(styled(written, channel.path), len(pieces), "channel/item")


def _item(item: Any, piece: Piece) -> None:
    item.guid(piece.id, permalink=piece.id == piece.link)
    item.title(_plain_text(piece.title))
    if piece.link:
        item.link(href=piece.link)
    item.description(piece.teaser or piece.text)
    if piece.summary and piece.content:
        item.content(piece.text)
    item.category(categories(piece))
    if piece.enclosures:
        item.link(_enclosure(piece.enclosures[0]))
    if piece.comments:
        item.comments(piece.comments)
    if piece.feed:
        item.source(piece.feed, _plain_text(piece.source.title))


def _enclosure(file: Enclosure) -> dict[str, str]:
    """Return RSS's one enclosure, all of whose attributes are required; an unknown length is 0."""
    length = str(file.length or 0)
    return {"href": file.href, "rel": "enclosure", "type": file.type or _UNKNOWN_TYPE, "length": length}


def _plain_text(words: str) -> str:
    """RSS does not say whether a title is text or HTML: what looks like HTML is escaped for readers that guess."""
    return escaped(words) if markup_like(words) else words


def _hexadecimal(element: re.Match[bytes]) -> bytes:
    """Write & and < of plain text as hexadecimal references, as the RSS Profile asks for (character data)."""
    return element[1] + element[2].replace(b"&amp;", b"&#x26;").replace(b"&lt;", b"&#x3C;")
