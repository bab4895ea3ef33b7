"""The doors: what is tried, what it begins with, and which words it is made of."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from tests.fuzzing import asked, configuration, documents, seeds

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from contextlib import AbstractContextManager

FINDINGS = Path(__file__).parent / "findings"


@dataclass(frozen=True, slots=True)
class Entry:
    """One door."""

    opened: Callable[[], AbstractContextManager[Callable[[bytes], None]]]
    """Yields what is called with bytes, and raises for what should not be."""
    seeds: Callable[[], Iterable[bytes]]
    words: Iterable[str]


def _plain(function: Callable[[bytes], None]) -> Callable[[], AbstractContextManager[Callable[[bytes], None]]]:
    return partial(contextlib.nullcontext, function)


ENTRIES = {
    "feed": Entry(_plain(documents.feed), seeds.feeds, (*seeds.XML_WORDS, *seeds.HTML_WORDS)),
    "jsonfeed": Entry(_plain(documents.json_feed), seeds.json_feeds, seeds.HTML_WORDS),
    "page": Entry(_plain(documents.page), seeds.pages, seeds.HTML_WORDS),
    "article": Entry(_plain(documents.article), seeds.articles, seeds.HTML_WORDS),
    "opml": Entry(_plain(documents.opml), seeds.opml, seeds.XML_WORDS),
    "sitemap": Entry(_plain(documents.sitemap), seeds.sitemaps, seeds.XML_WORDS),
    "settings": Entry(configuration.settings, seeds.settings, seeds.SETTINGS_WORDS),
    "websub": Entry(asked.websub, seeds.websub, (*seeds.QUERY_WORDS, "sha256=", "right", "hub.topic=")),
    "queries": Entry(asked.queries, seeds.queries, seeds.QUERY_WORDS),
}
