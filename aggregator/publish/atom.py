"""Atom 1.0 (RFC 4287)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aggregator.publish import legal
from aggregator.publish.extension import add_entry, categories, new_feed, parsed_back, persons
from aggregator.publish.piece import publisher, shown_title
from aggregator.publish.rendering import rendered
from aggregator.publish.styling import styled

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aggregator.publish.channel import Channel
    from aggregator.publish.piece import Piece


def render_atom(channel: Channel, pieces: Sequence[Piece] | None = None) -> bytes:
    """Return the channel as an Atom feed document, UTF-8."""
    return rendered(channel, _document, pieces)


def _document(channel: Channel, pieces: Sequence[Piece]) -> bytes:
    feed = new_feed(channel)
    feed.id(legal.text(channel.id))
    feed.title(shown_title(channel))
    feed.author(persons(publisher(channel)))
    for piece in pieces:
        _entry(add_entry(feed, piece), piece)
    return parsed_back(styled(feed.atom_str(), channel.path), len(pieces), "{http://www.w3.org/2005/Atom}entry")


def _entry(entry: Any, piece: Piece) -> None:
    entry.id(piece.id)
    entry.title(piece.title)
    if piece.link:
        entry.link(href=piece.link)
    entry.author(persons(piece.authors))
    entry.contributor(persons(piece.contributors))
    entry.category(categories(piece))
    if piece.teaser:
        # Without markup it is the same as text, which a browser can show: html is escaped, tags and all.
        entry.summary(piece.teaser, type="html" if "<" in piece.teaser or "&" in piece.teaser else "text")
    if piece.content or not piece.link:  # without an alternate link there has to be content
        entry.content(piece.text, type="html")
