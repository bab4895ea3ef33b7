"""The invented publishers' web server, well-behaved: validators, redirects, content types, compression."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Self

from aiohttp import ETag, hdrs, web

from aggregator.demo import documents

if TYPE_CHECKING:
    from datetime import datetime

    from aggregator.demo.documents import Representation

_HOST = "127.0.0.1"
_CONTENT_TYPES = {
    ".atom": "application/atom+xml",
    ".html": "text/html",
    ".rdf": "application/rdf+xml",
    ".rss": "application/rss+xml",
    ".xml": "text/xml",
}
_CACHE_CONTROL = {"/brindlewick.atom": "public, max-age=600"}
_COMPRESSED = frozenset({"/morning-tensor.rss"})
_MOVED = {"/teakettle.xml": "/teakettle.atom"}


@dataclass(frozen=True, slots=True)
class Expected:
    """What polling every source of the demo comes to in one round, whatever the order of the sources."""

    new: int
    """Entries that no source had before."""
    updated: int
    """Entries whose source has edited them."""
    duplicates: int
    """Items that repeat an entry of another source, counted when first seen."""
    errors: int
    """Sources that give no feed, nor a page that names one."""


EXPECTED = (
    Expected(new=25, updated=0, duplicates=6, errors=1),
    Expected(new=2, updated=1, duplicates=1, errors=1),
)
"""By round. In the second one publisher also changes the guid of an old entry: that is nothing new."""


class Publishers:
    """Invented publishers on a free loopback port, from `async with` to its end.

    `now` is an aware datetime: every date they state is between 5 minutes and 4 days before it.
    """

    requests: Counter[int]
    """Answers so far, by HTTP status."""
    base: str
    """The server's address, without a final slash; known once started."""

    def __init__(self, now: datetime) -> None:
        self.requests = Counter()
        self._now = now
        self._documents: dict[str, Representation] = {}
        self._runner = web.AppRunner(self._app(), access_log=None, shutdown_timeout=1)

    async def __aenter__(self) -> Self:
        await self._runner.setup()
        await web.TCPSite(self._runner, _HOST, 0).start()
        self.base = f"http://{_HOST}:{self._runner.addresses[0][1]}"
        self._publish(documents.ROUNDS[0])
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._runner.cleanup()

    def config(self) -> str:
        """Write a feeds.yaml for them: their feeds, two sources that fail, three outputs."""
        return documents.config(base=self.base)

    def advance(self) -> None:
        """Publish the second round, which is the last: new entries, an edit, a repeat, a changed guid."""
        self._publish(documents.ROUNDS[-1])

    def _publish(self, number: int) -> None:
        self._documents = documents.documents(number, base=self.base, now=self._now)

    def _app(self) -> web.Application:
        app = web.Application()
        app.on_response_prepare.append(self._count)
        app.router.add_get("/{name}", self._answer)
        return app

    async def _count(self, _request: web.Request, response: web.StreamResponse) -> None:
        self.requests[response.status] += 1

    async def _answer(self, request: web.Request) -> web.Response:
        if request.path in _MOVED:
            raise web.HTTPMovedPermanently(_MOVED[request.path])
        document = self._documents.get(request.path)
        if document is None:
            raise web.HTTPNotFound
        response = web.Response(status=304) if _is_current(request, document) else _whole(request, document)
        _describe(response, request.path, document)
        return response


def _is_current(request: web.Request, document: Representation) -> bool:
    """Whether the client has this document already (RFC 9110 section 13.2.2)."""
    if request.if_none_match is not None:
        return any(tag.value in ("*", document.etag) for tag in request.if_none_match)
    since = request.if_modified_since
    return since is not None and document.modified <= since


def _whole(request: web.Request, document: Representation) -> web.Response:
    content_type = _CONTENT_TYPES[PurePosixPath(request.path).suffix]
    response = web.Response(body=document.body, content_type=content_type, charset="utf-8")
    if request.path in _COMPRESSED and "gzip" in request.headers.get(hdrs.ACCEPT_ENCODING, ""):
        response.enable_compression(web.ContentCoding.gzip)
    return response


def _describe(response: web.Response, path: str, document: Representation) -> None:
    """Add validators and caching headers, the same for 200 and 304 (RFC 9110 section 15.4.5)."""
    response.last_modified = document.modified
    response.etag = ETag(document.etag)
    if path in _COMPRESSED:
        # One tag for both encodings is a weak one (RFC 9110 section 8.8.1).
        response.etag = ETag(document.etag, is_weak=True)
        response.headers[hdrs.VARY] = hdrs.ACCEPT_ENCODING
    if path in _CACHE_CONTROL:
        response.headers[hdrs.CACHE_CONTROL] = _CACHE_CONTROL[path]
