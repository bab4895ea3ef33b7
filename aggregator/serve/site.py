"""What the published feeds say of the whole site: the web process reads no feeds.yaml."""

from __future__ import annotations

import json
from dataclasses import dataclass

from aggregator.publish import legal


@dataclass(frozen=True, slots=True)
class Site:
    """What the published feeds say of the whole; `url` ends with a slash, and is "" while it is not known."""

    title: str = "News"
    subtitle: str = ""
    url: str = ""
    language: str = "en"


def site_of(feed: bytes) -> Site:
    """Return what a published JSON Feed says of the site."""
    said = json.loads(feed)
    return Site(
        title=legal.line(said.get("title")) or Site().title,
        subtitle=legal.line(said.get("description")),
        url=legal.address(said.get("home_page_url")) or "",
        language=legal.language(said.get("language")) or "",
    )
