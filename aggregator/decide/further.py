"""What documents that go on in each other make together, and where a document goes on."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from aggregator.decide.canonical import canonical_url
from aggregator.decide.sites import host_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aggregator.model import Document, Header, Item

_NEVER = datetime.min.replace(tzinfo=UTC)


def next_link(header: Header) -> str | None:
    """Return the next page of a list."""
    return next((link.href for link in header.links if link.rel == "next"), None)


def secured(url: str, base: str) -> str | None:
    """Return an address that a document at `base` names, never less secure than that; None when it is not http(s).

    What a site on https calls its own http addresses is asked for over https.
    """
    scheme, colon, rest = url.partition("://")
    if not colon or scheme.lower() not in {"http", "https"} or not host_of(url):
        return None
    insecure = scheme.lower() == "http" and base.lower().startswith("https://")
    return f"https://{rest}" if insecure else url


def latest_items(documents: Sequence[Document], most: int) -> tuple[tuple[Item, ...], int]:
    """Return the items of several documents in their order, each address once; and how many were beyond `most`.

    The first that has an address stays. Those beyond are the oldest: undated ones, then by their dates.
    """
    found: dict[str, Item] = {}
    for place, item in enumerate(item for document in documents for item in document.items):
        found.setdefault(canonical_url(item.link) or item.guid or f"#{place}", item)
    items = list(found.values())
    newest = sorted(range(len(items)), key=lambda place: _date(items[place]), reverse=True)[:most]
    return tuple(items[place] for place in sorted(newest)), len(items) - len(newest)


def _date(item: Item) -> datetime:
    return item.published or item.updated or _NEVER
