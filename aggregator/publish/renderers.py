"""The formats that a channel is published in."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Protocol

from aggregator.publish.atom import render_atom
from aggregator.publish.jsonfeed import render_json
from aggregator.publish.rss import render_rss

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from aggregator.publish.channel import Channel
    from aggregator.publish.piece import Piece


class Renderer(Protocol):
    """Writes a channel."""

    def __call__(self, channel: Channel, pieces: Sequence[Piece] | None = None) -> bytes:
        """Return a document, UTF-8; `pieces` are those of the channel, when they are there already (rendering)."""


RENDERERS: Mapping[str, Renderer] = MappingProxyType({"atom": render_atom, "rss": render_rss, "json": render_json})
"""How to write a channel, by the ending of the document's address."""
