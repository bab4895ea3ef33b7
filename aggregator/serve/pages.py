"""The pages: the river of news, a story, how to subscribe, and how the sources are doing."""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from aggregator.serve import views
from aggregator.serve.health import plain
from aggregator.serve.html import SERVED, document, html
from aggregator.serve.lines import EMPTY
from aggregator.serve.ondemand import OnDemand
from aggregator.serve.rates import Rate, Rates
from aggregator.serve.reading import Asking, one_story, sources, stretch
from aggregator.serve.river import asked, shown_in

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from starlette.requests import Request
    from starlette.types import ASGIApp

    from aggregator.serve.document import Document
    from aggregator.serve.reader import Reader
    from aggregator.serve.river import Asked
    from aggregator.serve.shelf import Shelf

_FRESH = 1.0
"""Seconds for which a page stands: a crowd costs no more than one reader."""
_FRESH_ON_DEMAND, _PATIENCE = 5.0, 5.0
_EACH, _TOGETHER = Rate(60, 5.0), Rate(120, 20.0)
"""Of pages that are made for what somebody chose."""
_NO_STORY = "404 Not Found: there is no such story, or it was withdrawn."


class Pages:
    """Endpoints of the pages; each returns a document."""

    def __init__(self, shelf: Shelf, reader: Reader) -> None:
        self._shelf = shelf
        self._reader = reader
        self._made: dict[str, tuple[float, Document]] = {}
        self._one_at_a_time: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._chosen: OnDemand[Document | None] = OnDemand(Rates(_EACH, _TOGETHER))

    async def front(self, request: Request) -> ASGIApp:
        """Show the newest stories by day, or those that are asked for."""
        try:
            wanted = asked(request.query_params)
        except ValueError as error:
            return plain(f"400 Bad Request: {error}.", 400)
        if not wanted:
            return await self._fresh("News", partial(self._front, wanted))
        if wanted.output and shown_in(self._shelf.outputs(), wanted.output) is None:
            return plain("404 Not Found", 404)
        return await self._choose(request, wanted, partial(self._page, "News", partial(self._front, wanted)))

    async def story(self, request: Request) -> ASGIApp:
        """Show one story: its first entry in full, and what else there is on it."""
        images = request.query_params.get("images") == "1"
        key = request.path_params["key"]
        return await self._choose(request, ("story", key, images), partial(self._story, key, images=images))

    async def subscribe(self, _: Request) -> ASGIApp:
        """Show every public output with its addresses."""
        return await self._fresh("Subscribe", self._nothing)

    async def sources(self, request: Request) -> ASGIApp:
        """Show how the sources are doing, some at a time."""
        try:
            asking = Asking.read(request.query_params)
        except ValueError as error:
            return plain(f"400 Bad Request: {error}.", 400)
        if asking == Asking():
            return await self._fresh("Sources", partial(self._sources, asking))
        return await self._choose(request, asking, partial(self._page, "Sources", partial(self._sources, asking)))

    async def _choose(self, request: Request, key: Any, make: Callable[[], Any]) -> ASGIApp:
        made = await self._chosen.answer(request, key, make, fresh=_FRESH_ON_DEMAND, patience=_PATIENCE)
        return plain(_NO_STORY, 404) if made is None else made

    async def _fresh(self, name: str, gather: Callable[[], Awaitable[dict[str, Any]]]) -> Document:
        """Return the page made in the last second, or make it; those who ask meanwhile wait for the same."""
        async with self._one_at_a_time[name]:
            made = self._made.get(name)
            if made is None or time.monotonic() - made[0] > _FRESH:
                made = self._made[name] = time.monotonic(), await self._page(name, gather)
        return made[1]

    async def _page(self, name: str, gather: Callable[[], Awaitable[dict[str, Any]]]) -> Document:
        return document(html(name, self._shelf.site(), self._shelf.outputs().values(), SERVED, **await gather()))

    async def _nothing(self) -> dict[str, Any]:
        return {"apps": views.apps(self._shelf.site())}

    async def _front(self, wanted: Asked) -> dict[str, Any]:
        outputs = self._shelf.outputs()
        if shown_in(outputs, wanted.output) is None:
            return {"river": EMPTY}
        return await self._reader.read(partial(stretch, wanted=wanted, outputs=outputs))

    async def _story(self, key: str, *, images: bool) -> Document | None:
        outputs = self._shelf.outputs()
        found = await self._reader.read(partial(one_story, key=key, outputs=outputs, images=images))
        if found is None:
            return None
        page = html("Story", self._shelf.site(), outputs.values(), SERVED, above="../", **found)
        return document(page, images=images)

    async def _sources(self, asking: Asking) -> dict[str, Any]:
        outputs = self._shelf.outputs()
        return await self._reader.read(partial(sources, asking=asking, outputs=outputs, now=datetime.now(UTC)))
