"""The formats that a channel is published in."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from aggregator.publish.atom import render_atom
from aggregator.publish.jsonfeed import render_json
from aggregator.publish.rss import render_rss

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from aggregator.publish.channel import Channel

RENDERERS: Mapping[str, Callable[[Channel], bytes]] = MappingProxyType(
    {"atom": render_atom, "rss": render_rss, "json": render_json}
)
"""How to write a channel, by the ending of the document's address."""
