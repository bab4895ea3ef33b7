"""The web application: feed documents in front, pages and health behind. It only reads."""

from __future__ import annotations

import asyncio
import contextlib
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING

import structlog
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.routing import Route

from aggregator.errors import StoreError
from aggregator.serve.callback import Callback
from aggregator.serve.document import PROTECTION, compressed
from aggregator.serve.feeds import SEARCHES, Feeds
from aggregator.serve.health import Readiness, healthz, plain
from aggregator.serve.hub import Hub, no_daemon
from aggregator.serve.metrics import Metrics
from aggregator.serve.pages import Pages
from aggregator.serve.proxied import Proxied
from aggregator.serve.reader import Reader
from aggregator.serve.readership import Readerships
from aggregator.serve.searching import Searches
from aggregator.serve.shelf import Shelf
from aggregator.store.pushes import SPOOL

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from contextlib import AbstractAsyncContextManager

    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.types import ASGIApp

    from aggregator.publish.renditions import Renditions
    from aggregator.serve.health import Status
    from aggregator.serve.hub import Tell
    from aggregator.store.opening import Place

_log = structlog.get_logger(__name__)
_CSS = b"text/css; charset=utf-8"
_STATIC = {
    "style.css": _CSS,
    "feed.css": _CSS,
    "icon.svg": b"image/svg+xml",
    "page.js": b"text/javascript; charset=utf-8",
}
_STATIC_HEADERS = ((b"cache-control", b"public, max-age=3600"), (b"vary", b"Accept-Encoding"), *PROTECTION)


def create_app(renditions: Renditions, database: Place, status: Status, tell: Tell = no_daemon) -> ASGIApp:
    """Return the application; `status` asks the daemon how it is, for /readyz, `tell` tells it something, for /hub."""
    shelf, reader, of_searches, of_hubs = Shelf(renditions), Reader(database), Reader(database), Reader(database)
    folder = renditions.folder.parent
    pages, searches, readers = Pages(shelf, reader), Searches(shelf, of_searches), Readerships(tell)
    routes = [
        Route("/", pages.front),
        Route("/story/{key}", pages.story),
        Route("/search", searches.page),
        Route("/subscribe", pages.subscribe),
        Route("/sources", pages.sources),
        Route("/healthz", healthz),
        Route("/readyz", Readiness(status).__call__),
        Route("/hub", Hub(shelf, tell).__call__, methods=["POST"]),
        Route("/websub/{name}", Callback(of_hubs, tell, folder / SPOOL).__call__, methods=["GET", "POST"]),
        Route("/metrics", Metrics(shelf, reader, status).__call__),
        *(Route(path, searches.__call__) for path in sorted(SEARCHES)),
        *_static(),
    ]
    app = Starlette(
        routes=routes,
        exception_handlers={HTTPException: _refused, StoreError: _unreadable, Exception: _mistake},
        lifespan=_lifespan(readers, reader, of_searches, of_hubs),
    )
    # Starlette would redirect /sources/ to an address made of the Host header.
    app.router.redirect_slashes = False
    return Feeds(shelf, Proxied(shelf, app), readers)


def _static() -> list[Route]:
    """Return the routes of style sheets, script and icon, which stay in memory."""
    folder = Path(__file__).parent / "static"
    return [
        Route(f"/static/{name}", compressed((folder / name).read_bytes(), kind, _STATIC_HEADERS), methods=["GET"])
        for name, kind in _STATIC.items()
    ]


def _lifespan(readers: Readerships, *databases: Reader) -> Callable[[Starlette], AbstractAsyncContextManager[None]]:
    @contextlib.asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        handing_on = asyncio.create_task(readers.keep_handing_on())
        yield
        handing_on.cancel()
        await asyncio.gather(handing_on, return_exceptions=True)
        for database in databases:
            database.close()

    return lifespan


async def _refused(_: Request, error: Exception) -> Response:
    """Answer 404 and 405 in plain text that repeats nothing of the request."""
    status, headers = (error.status_code, error.headers) if isinstance(error, HTTPException) else (500, None)
    return plain(f"{status} {HTTPStatus(status).phrase}", status, headers)


async def _unreadable(_: Request, error: Exception) -> Response:
    """Answer 503; the path in the message is for the log only."""
    _log.error("serve.database_unreadable", error=str(error))
    return plain("503 Service Unavailable: the database cannot be read at the moment; the feeds can.", 503)


async def _mistake(_: Request, __: Exception) -> Response:
    """Answer 500; the server logs what happened."""
    return plain("500 Internal Server Error", 500)
