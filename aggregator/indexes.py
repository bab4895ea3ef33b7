"""Indexes of sitemaps (https://www.sitemaps.org/protocol.html), in the words of the domain."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime  # noqa: TC003 - the store's codec reads these annotations


@dataclass(frozen=True, slots=True)
class ChildSitemap:
    """A sitemap that an index of sitemaps names."""

    url: str
    updated: datetime | None = None
    """When one of its pages changed last, as the index says."""
    etag: str | None = None
    last_modified: str | None = None
    """The validators that it gave when it was read last."""
