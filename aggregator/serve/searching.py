"""/search?q= and /search.atom?q=, .rss, .json: a search as a page and as a feed.

Strangers choose what is looked for, so all of it is bounded.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, TypeAlias
from urllib.parse import urlencode

from starlette.responses import Response

from aggregator.publish.channel import MEDIA_TYPES
from aggregator.publish.renderers import RENDERERS
from aggregator.publish.searches import LONGEST, PATH, asked, found
from aggregator.serve import lines
from aggregator.serve.feeds import is_navigation
from aggregator.serve.health import plain
from aggregator.serve.html import SERVED, document, html
from aggregator.serve.ondemand import OnDemand
from aggregator.serve.rates import Rate, Rates
from aggregator.serve.river import fitting
from aggregator.serve.shelf import public

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from starlette.requests import Request
    from starlette.types import ASGIApp

    from aggregator.publish.manifest import PublishedSite
    from aggregator.serve.document import Document
    from aggregator.serve.reader import Reader
    from aggregator.serve.shelf import Shelf
    from aggregator.store.pages import Told
    from aggregator.store.protocols import Transaction

_FRESH = 30.0
"""Seconds for which an answer stands."""
_SHOWN = 30
"""Entries of a page."""
_PATIENCE = 2.0
"""Seconds for a search, with waiting for its turn."""
_EACH, _TOGETHER = Rate(20, 0.5), Rate(40, 10.0)

_Answer: TypeAlias = "tuple[Document, Document]"
"""For feed readers, and for browsers that navigate there."""


class Searches:
    """The endpoints: feeds of searches, and the page. They share one rate."""

    def __init__(self, shelf: Shelf, reader: Reader) -> None:
        """`reader` is for searches alone: one that takes long keeps nobody else waiting."""
        self._shelf, self._reader = shelf, reader
        rates = Rates(_EACH, _TOGETHER)
        self._feeds: OnDemand[_Answer] = OnDemand(rates)
        self._pages: OnDemand[Document] = OnDemand(rates)

    async def __call__(self, request: Request) -> ASGIApp:
        """Return the feed of what is looked for, or say in plain text why there is none."""
        query = _query(request)
        if not query:
            return plain(f"400 Bad Request: write what to look for, /{PATH}.atom?q=WORDS, {LONGEST} characters.", 400)
        ending = request.url.path.rpartition(".")[2]
        answer = await self._feeds.answer(
            request, (query, ending), partial(self._feed, query, ending), fresh=_FRESH, patience=_PATIENCE
        )
        return answer if isinstance(answer, Response) else answer[1 if is_navigation(request.scope) else 0]

    async def page(self, request: Request) -> ASGIApp:
        """Return the page of what is looked for, with its words marked; without any, where to write them."""
        query = _query(request)
        if query is None:
            return plain(f"400 Bad Request: at most {LONGEST} characters.", 400)
        if not query:
            return self._shown("", ())
        made = partial(self._page, query)
        return await self._pages.answer(request, query, made, fresh=_FRESH, patience=_PATIENCE)

    async def _feed(self, query: str, ending: str) -> _Answer:
        work = partial(_document, query=query, ending=ending, outputs=self._outputs(), site=self._shelf.site())
        return public(await self._reader.read(work), MEDIA_TYPES[ending])

    async def _page(self, query: str) -> Document:
        outputs = self._outputs()
        found = await self._reader.read(lambda tx: tx.pages.found(query, outputs, limit=_SHOWN))
        return self._shown(query, found)

    def _shown(self, query: str, found: Sequence[Told]) -> Document:
        told = [lines.found(one, query) for one in found]
        told = told[: fitting(told, lines.size)]
        shown: dict[str, Any] = {"query": query, "lines": told, "longest": LONGEST}
        shown["feed"] = f"{PATH}.atom?{urlencode({'q': query})}"
        shown["more"] = len(told) < len(found) or len(found) == _SHOWN
        return document(html("Search", self._shelf.site(), self._shelf.outputs().values(), SERVED, **shown))

    def _outputs(self) -> list[str]:
        return [output.name for output in self._shelf.outputs().values() if not output.private]


def _query(request: Request) -> str | None:
    """Return what is looked for, "" for nothing, None when it is too long."""
    query = request.query_params.get("q", "")
    return asked(query) if len(query) <= LONGEST else None


def _document(tx: Transaction, *, query: str, ending: str, outputs: Collection[str], site: PublishedSite) -> bytes:
    return RENDERERS[ending](found(tx, query, outputs, site))
