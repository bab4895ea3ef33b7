"""/search.atom?q=, .rss, .json: a search as a feed. Strangers choose what is looked for, so all of it is bounded."""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from functools import partial
from math import ceil
from typing import TYPE_CHECKING, TypeAlias

from aggregator.publish.channel import MEDIA_TYPES
from aggregator.publish.renderers import RENDERERS
from aggregator.publish.searches import LONGEST, PATH, asked, found
from aggregator.serve.feeds import is_navigation
from aggregator.serve.health import plain
from aggregator.serve.rates import Rate, Rates
from aggregator.serve.shelf import public

if TYPE_CHECKING:
    from collections.abc import Collection

    from starlette.requests import Request
    from starlette.types import ASGIApp

    from aggregator.publish.manifest import PublishedSite
    from aggregator.serve.document import Document
    from aggregator.serve.reader import Reader
    from aggregator.serve.shelf import Shelf
    from aggregator.store.protocols import Transaction

_FRESH = 30.0
"""Seconds for which an answer stands."""
_KEPT = 100
"""Answers that are kept."""
_PATIENCE = 2.0
"""Seconds for a search, with waiting for its turn."""
_EACH, _TOGETHER = Rate(20, 0.5), Rate(40, 10.0)

_Answer: TypeAlias = "tuple[Document, Document]"
"""For feed readers, and for browsers that navigate there."""


class Searches:
    """The endpoint."""

    def __init__(self, shelf: Shelf, reader: Reader) -> None:
        """`reader` is for searches alone: one that takes long keeps nobody else waiting."""
        self._shelf, self._reader = shelf, reader
        self._rates = Rates(_EACH, _TOGETHER)
        self._made: OrderedDict[tuple[str, str], tuple[float, _Answer]] = OrderedDict()

    async def __call__(self, request: Request) -> ASGIApp:
        """Return the feed of what is looked for, or say in plain text why there is none."""
        query = request.query_params.get("q", "")
        if not asked(query[: LONGEST + 1]) or len(query) > LONGEST:
            return plain(f"400 Bad Request: write what to look for, /{PATH}.atom?q=WORDS, {LONGEST} characters.", 400)
        query, ending = asked(query), request.url.path.rpartition(".")[2]
        answer = self._kept(query, ending)
        if answer is None:
            if wait := self._rates.wait(request.client.host if request.client else "", time.monotonic()):
                return plain("429 Too Many Requests: ask less often.", 429, {"retry-after": str(ceil(wait))})
            try:
                answer = await asyncio.wait_for(self._make(query, ending), _PATIENCE)
            except TimeoutError:
                return plain("503 Service Unavailable: this search takes too long now.", 503, {"retry-after": "60"})
        return answer[1 if is_navigation(request.scope) else 0]

    def _kept(self, query: str, ending: str) -> _Answer | None:
        made = self._made.get((query, ending))
        return made[1] if made is not None and time.monotonic() - made[0] <= _FRESH else None

    async def _make(self, query: str, ending: str) -> _Answer:
        outputs = [output.name for output in self._shelf.outputs().values() if not output.private]
        work = partial(_document, query=query, ending=ending, outputs=outputs, site=self._shelf.site())
        answer = public(await self._reader.read(work), MEDIA_TYPES[ending])
        self._made[query, ending] = time.monotonic(), answer
        self._made.move_to_end((query, ending))
        if len(self._made) > _KEPT:
            self._made.popitem(last=False)
        return answer


def _document(tx: Transaction, *, query: str, ending: str, outputs: Collection[str], site: PublishedSite) -> bytes:
    return RENDERERS[ending](found(tx, query, outputs, site))
