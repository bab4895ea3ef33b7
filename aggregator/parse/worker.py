"""What runs in a parsing process: one document under a limit of CPU time and memory."""

from __future__ import annotations

import math
import os
import resource
import signal
import time
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple, TypedDict

from aggregator.decide.identity import marked
from aggregator.model import Item
from aggregator.parse import changed

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from aggregator.config.settings import FeedSettings, ItemSelectors
    from aggregator.decide.articles import ArticlePage
    from aggregator.decide.lists import SourceList
    from aggregator.model import Document

OUT_OF_MEMORY = 71
"""Exit status of a worker whose document needed more memory than it may have."""


class Told(TypedDict):
    """What is known of an answer beside its body."""

    url: str
    content_type: str | None
    received: datetime


class How(NamedTuple):
    """How the operator says that a source's document is read."""

    kind: str = "feed"
    """feed, page or sitemap."""
    item: ItemSelectors | None = None
    """Where a page keeps its articles."""
    ignore: tuple[str, ...] = ()
    """Fields that are distrusted."""
    last: str | None = None
    """A feed's last listing (listings.to_text): what it has may stay unread."""

    @classmethod
    def of(cls, source: FeedSettings, last: str | None = None) -> How:
        """Return how a source is read."""
        return cls(source.kind, source.item if source.kind == "page" else None, source.ignore, last)


FEED = How()


def prepare() -> None:
    """Make the process end at once when it is told to, also while C code runs, and leave no core file."""
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    load()


def load() -> None:
    """Load what is loaded on first use: that is no document's time, and no single worker's memory."""
    marked(Item(link="https://example.org/"))


def work(body: bytes, told: Told, how: How, limits: tuple[float, int]) -> Document:
    """Parse one document: a feed, a page that lists articles where the selectors say, or a sitemap.

    Its items lack what is distrusted, and bring along what they are recognised by: there are several of these
    processes, and one that decides. `limits` are seconds of CPU time (the kernel kills beyond) and bytes of address
    space.
    """
    with _limited(*limits):
        return _READ[how.kind](body, told, how)


def read_list(body: bytes, url: str, content_type: str | None, limits: tuple[float, int]) -> SourceList:
    """Parse one list of feeds (OPML), under the same limits."""
    from aggregator.parse.opml import parse_opml  # noqa: PLC0415 - seldom needed

    with _limited(*limits):
        return parse_opml(body, url=url, content_type=content_type)


def _feed(body: bytes, told: Told, how: How) -> Document:
    return changed.parse(body, ignore=how.ignore, last=how.last, **told)


def _page(body: bytes, told: Told, how: How) -> Document:
    from aggregator.parse.page import parse_page  # noqa: PLC0415 - workers that read feeds alone do without

    return changed.marked_all(parse_page(body, selectors=how.item, **told), how.ignore)


def read_article(body: bytes, told: Told, limits: tuple[float, int]) -> ArticlePage:
    """Parse the page of an article, under the same limits."""
    with _limited(*limits):
        from aggregator.parse.article import parse_article  # noqa: PLC0415 - likewise

        return parse_article(body, **told)


def may_visit(robots: bytes, url: str, limits: tuple[float, int]) -> bool:
    """Tell whether a robots.txt lets us visit an address, under the same limits."""
    with _limited(*limits):
        from aggregator.parse import robots as rules  # noqa: PLC0415 - likewise

        return rules.may_visit(robots, url)


def _sitemap(body: bytes, told: Told, how: How) -> Document:
    """Return the articles of a sitemap, or the sitemaps of an index in the header."""
    from aggregator.parse.sitemap import parse_sitemap  # noqa: PLC0415 - likewise
    from aggregator.parse.sitemap_articles import articles_in  # noqa: PLC0415

    read = parse_sitemap(body, wanted=articles_in(told["url"]), **told)
    found = changed.marked_all(read.document, how.ignore)
    return replace(found, header=replace(found.header, sitemaps=read.children))


_READ = {"feed": _feed, "page": _page, "sitemap": _sitemap}


@contextmanager
def _limited(seconds: float, memory: int) -> Iterator[None]:
    """Hold the process to the limits for one document; the way there and back is free of them."""
    with (
        _at_most(resource.RLIMIT_CPU, math.ceil(time.process_time() + seconds)),
        _at_most(resource.RLIMIT_AS, memory),
    ):
        try:
            yield
        except MemoryError:
            os._exit(OUT_OF_MEMORY)  # what is left of this process's memory is no place for the next document


@contextmanager
def _at_most(what: int, most: int) -> Iterator[None]:
    before = resource.getrlimit(what)
    most = most if before[1] == resource.RLIM_INFINITY else min(most, before[1])
    resource.setrlimit(what, (most, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(what, before)
