"""The web application: feed documents in front, pages and health behind. It only reads."""

from __future__ import annotations

import contextlib
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING

import structlog
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.routing import Route

from aggregator.errors import StoreError
from aggregator.serve.document import PROTECTION, Document, compressed
from aggregator.serve.feeds import Feeds
from aggregator.serve.health import Readiness, Status, healthz, plain
from aggregator.serve.pages import Pages
from aggregator.serve.reader import Reader
from aggregator.serve.shelf import Shelf

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.types import ASGIApp

    from aggregator.publish.renditions import Renditions

_log = structlog.get_logger(__name__)
_STATIC = {"style.css": b"text/css; charset=utf-8", "icon.svg": b"image/svg+xml"}
_STATIC_HEADERS = ((b"cache-control", b"public, max-age=3600"), (b"vary", b"Accept-Encoding"), *PROTECTION)


def create_app(renditions: Renditions, database: Path, status: Status) -> ASGIApp:
    """Return the application; `status` asks the daemon how it is, for /readyz."""
    shelf, reader = Shelf(renditions), Reader(database)
    pages = Pages(shelf, reader)
    routes = [
        Route("/", pages.front),
        Route("/subscribe", pages.subscribe),
        Route("/sources", pages.sources),
        Route("/healthz", healthz),
        Route("/readyz", Readiness(status).__call__),
        *(Route(f"/static/{name}", _Static(name)) for name in _STATIC),
    ]
    app = Starlette(
        routes=routes,
        exception_handlers={HTTPException: _refused, StoreError: _unreadable, Exception: _mistake},
        lifespan=_closing(reader),
    )
    # Starlette would redirect /sources/ to an address made of the Host header.
    app.router.redirect_slashes = False
    return Feeds(shelf, app)


class _Static:
    """A file of ours, in memory."""

    def __init__(self, name: str) -> None:
        body = (Path(__file__).parent / "static" / name).read_bytes()
        self._document = compressed(body, _STATIC[name], _STATIC_HEADERS)
