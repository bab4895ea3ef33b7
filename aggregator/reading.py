"""Documents and article pages, read by the parsers as there is room: what may hold parsers up waits apart."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

from aggregator.asking import as_read
from aggregator.config.secrets import base_address
from aggregator.decide.answers import is_emptied
from aggregator.decide.listing import unread
from aggregator.errors import EmptyDocument, ParseError, ParserKilled, StoreError
from aggregator.model import RequestKind
from aggregator.parse.header import linked
from aggregator.parse.waiting import WaitingRoom, is_suspect
from aggregator.parse.worker import How

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from datetime import datetime

    from aggregator.config.settings import FeedSettings
    from aggregator.decide.articles import ArticlePage
    from aggregator.model import Document, Fetched
    from aggregator.settle import Result
    from aggregator.store.protocols import Store
    from aggregator.writer import Writer


class Parses(Protocol):
    """What reads documents (parse.pool.ParserPool)."""

    async def parse(
        self,
        body: bytes,
        *,
        url: str,
        content_type: str | None,
        received: datetime,
        how: How,
        suspect: bool,
    ) -> Document:
        """Read a feed, a page or a sitemap; ParseError when it is none, ParserKilled when it is too much."""

    async def article(
        self, body: bytes, *, url: str, content_type: str | None, received: datetime, suspect: bool
    ) -> ArticlePage:
        """Read the page of an article; errors likewise."""

    async def may_visit(self, robots: bytes, url: str) -> bool:
        """Tell whether a robots.txt lets us visit an address; ParserKilled when it is too much."""


class Reading:
    """Reads what servers sent; knows who waits for a parser, and whose documents were too much for one."""

    def __init__(self, parser: Parses, store: Store, writer: Writer, concurrency: int) -> None:
        self._parser, self._store, self._writer = parser, store, writer
        self.limit(concurrency)
        self._killers: set[str] = set()
        """Sources whose last document was too much for a parser."""

    def limit(self, concurrency: int) -> None:
        """Have room for as many documents as requests may be under way (WaitingRoom)."""
        self._waiting = WaitingRoom(concurrency)

    async def read(self, result: Result, source: FeedSettings, *, asked: Callable[[], Awaitable[None]]) -> Result:
        """Read the document of an answer that brings a new one; `asked` is called once nothing is asked any more."""
        fetched, feed = result.fetched, result.feed
        if fetched is None or result.body_hash in {None, feed.body_hash}:
            return result
        if result.request.kind is RequestKind.ARTICLE:
            return await self._read_article(result, fetched, source, asked=asked)
        try:
            document = await self.document(
                fetched, as_read(result.request, source), asked=asked, last=lambda: self._last_listing(result)
            )
        except ParseError as error:
            return replace(result, body_hash=None, error=error)
        listed = len(document.items) or len(document.header.sitemaps) or len(unread(document))
        if result.request.kind is RequestKind.POLL and is_emptied(listed, feed.items):
            emptied = EmptyDocument(f"The document lists nothing, where it listed {feed.items} items before.")
            return replace(result, body_hash=None, error=emptied)
        return replace(result, document=document)

    async def _read_article(
        self, result: Result, fetched: Fetched, source: FeedSettings, *, asked: Callable[[], Awaitable[None]]
    ) -> Result:
        suspect = is_suspect(len(fetched.body), killed=False)
        try:
            async with self._waiting.place(len(fetched.body), suspect=suspect):
                await asked()
                article = await self._parser.article(
                    fetched.body,
                    url=base_address(source, fetched.url),
                    content_type=fetched.content_type,
                    received=fetched.received,
                    suspect=suspect,
                )
        except ParseError as error:
            return replace(result, error=error)
        return replace(result, article=article)

    async def _last_listing(self, result: Result) -> str | None:
        """Return what spares reading the document whole, if there is anything."""
        feed = result.feed
        if feed.kind != "feed" or result.request.kind is not RequestKind.POLL or feed.last_success is None:
            return None

        def last() -> str | None:
            with self._store.snapshot() as tx:
                return tx.listings.last(feed)

        try:
            return await self._writer.run(last)
        except StoreError:  # what is wrong with the store is told when the result is written
            return None

    async def whole(self, result: Result, source: FeedSettings | None) -> Result:
        """Read a document whole of which a part was not enough to decide by."""
        fetched = result.fetched
        if fetched is None or source is None:
            return result
        try:
            document = await self.document(fetched, source, asked=_nothing_more)
        except ParseError as error:
            return replace(result, document=None, body_hash=None, error=error)
        return replace(result, document=document)

    async def document(
        self,
        fetched: Fetched,
        source: FeedSettings,
        *,
        asked: Callable[[], Awaitable[None]],
        last: Callable[[], Awaitable[str | None]] | None = None,
    ) -> Document:
        """Read what a server sent; raises ParseError. `last` tells what spares reading it whole."""
        suspect = is_suspect(len(fetched.body), killed=source.url in self._killers)
        async with self._waiting.place(len(fetched.body), suspect=suspect):
            await asked()
            return await self._parse(fetched, source, await last() if last else None, suspect=suspect)

    async def _parse(self, fetched: Fetched, source: FeedSettings, last: str | None, *, suspect: bool) -> Document:
        try:
            document = await self._parser.parse(
                fetched.body,
                url=base_address(source, fetched.url),
                content_type=fetched.content_type,
                received=fetched.received,
                how=How.of(source, last),
                suspect=suspect,
            )
        except ParserKilled:
            self._killers.add(source.url)
            raise
        self._killers.discard(source.url)
        return document if source.private else linked(document, fetched.links, base=fetched.url)


async def _nothing_more() -> None:
    """Tell nobody that nothing more is asked."""
