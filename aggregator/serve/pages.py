"""The pages: what this is, how to subscribe, and how its sources are doing."""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from aggregator.decide.outage import REASON
from aggregator.decide.readership import REMEMBERED
from aggregator.publish.selection import present
from aggregator.serve import views
from aggregator.serve.document import PROTECTION, Document, compressed
from aggregator.serve.html import SERVED, html

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from starlette.requests import Request

    from aggregator.serve.reader import Reader
    from aggregator.serve.shelf import Shelf
    from aggregator.store.protocols import Transaction

_NEWEST = 50
"""Entries on the front page."""
_FRESH = 1.0
"""Seconds for which a page stands: a crowd costs no more than one reader."""
_HEADERS = ((b"cache-control", b"public, max-age=60"), (b"vary", b"Accept-Encoding"), *PROTECTION)


class Pages:
    """Endpoints of the pages; each returns a document."""

    def __init__(self, shelf: Shelf, reader: Reader) -> None:
        self._shelf = shelf
        self._reader = reader
        self._made: dict[str, tuple[float, Document]] = {}
        self._one_at_a_time: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def front(self, _: Request) -> Document:
        """Show what this is, where its feeds are, and the newest entries by day."""
        return await self._fresh("News", self._front)

    async def subscribe(self, _: Request) -> Document:
        """Show every public output with its addresses."""
        return await self._fresh("Subscribe", self._nothing)

    async def sources(self, _: Request) -> Document:
        """Show how every source is doing."""
        return await self._fresh("Sources", self._sources)

    async def _fresh(self, name: str, gather: Callable[[], Awaitable[dict[str, Any]]]) -> Document:
        """Return the page made in the last second, or make it; those who ask meanwhile wait for the same."""
        async with self._one_at_a_time[name]:
            made = self._made.get(name)
            if made is None or time.monotonic() - made[0] > _FRESH:
                made = self._made[name] = time.monotonic(), self._page(name, await gather())
        return made[1]

    def _page(self, name: str, shown: dict[str, Any]) -> Document:
        page = html(name, self._shelf.site(), self._shelf.outputs().values(), SERVED, **shown)
        return compressed(page, b"text/html; charset=utf-8", _HEADERS)

    async def _nothing(self) -> dict[str, Any]:
        return {}

    async def _front(self) -> dict[str, Any]:
        main = self._shelf.outputs().get("all")
        if main is None or main.private:
            return {"days": ()}
        return {"days": await self._reader.read(newest)}

    async def _sources(self) -> dict[str, Any]:
        shown = await self._reader.read(_every_source)
        return shown | {"readers": views.readers(shown["readers"], self._shelf.outputs())}


def newest(tx: Transaction) -> tuple[views.Day, ...]:
    """Return the newest entries of `all` by day, as the front page shows them."""
    released = tx.releases.select("all", limit=_NEWEST, window=timedelta(0), ceiling=_NEWEST)
    return views.days(present([one.entry for one in released if not one.entry.private]))


def _every_source(tx: Transaction) -> dict[str, Any]:
    now, feeds = datetime.now(UTC), tx.feeds.all()
    return {
        "sources": [views.source(feed, now) for feed in feeds],
        "lists": [views.source_list(state) for state in tx.lists.all()],
        "readers": tx.readers.known(now - REMEMBERED),
        "network_down": any(feed.reason == REASON for feed in feeds),
    }
