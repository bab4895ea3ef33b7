"""The feed documents, at their addresses: a small ASGI handler in front of the pages' routes.

/all.atom  /all.rss  /all.json          an output
/{token}/agents.atom ...                an output with a token: nowhere else
/all/2026-01.atom                       its archive of a month; 2026-01-2.atom of its next 2,000 entries
/{token}/agents/2026-01.atom            likewise
/old.atom  /old/2026-01.atom  ...       301 to where the output is that was called so
/sources.opml                           what is aggregated
/sources.atom                           what is wrong with it
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from aggregator.config.settings import FORMATS
from aggregator.decide.months import PART_NAME
from aggregator.publish.searches import PATH
from aggregator.serve.document import PROTECTION, answer, request_headers
from aggregator.serve.moved import Moved, moved
from aggregator.serve.readership import speaks_of_subscribers
from aggregator.serve.repeats import KEY
from aggregator.serve.versions import Published

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

    from aggregator.serve.document import Document
    from aggregator.serve.readership import Readerships
    from aggregator.serve.shelf import Answering, Shelf

_PLACE = re.compile(
    r"/(?:(?P<token>.+)/)?(?P<name>[a-z0-9][a-z0-9_-]{0,63})\.(?P<ending>atom|rss|json|opml)", re.DOTALL
)
SEARCHES = frozenset(f"/{PATH}.{ending}" for ending in FORMATS)
"""Addresses of feeds that are no documents of an output, but made for a request."""
_ARCHIVE = re.compile(
    rf"/(?:(?P<token>.+)/)?(?P<name>[a-z0-9][a-z0-9_-]{{0,63}})/(?P<part>{PART_NAME})\.atom", re.DOTALL
)
_SOURCES = frozenset({"sources.opml", "sources.atom"})
_NAVIGATION = frozenset({(b"sec-fetch-dest", b"document"), (b"sec-fetch-mode", b"navigate")})
"""Headers of a browser that a person sends to the address (Fetch Metadata)."""
_READING = frozenset({"GET", "HEAD"})
_METHODS = b"GET, HEAD, OPTIONS"
_CORS_PREFLIGHT = (
    (b"access-control-allow-origin", b"*"),
    (b"access-control-allow-methods", _METHODS),
    (b"access-control-allow-headers", b"If-Modified-Since, If-None-Match"),
    (b"access-control-max-age", b"86400"),
)
_NOT_FOUND = b"404 Not Found\n"
_NOT_ALLOWED = b"405 Method Not Allowed\n"


class Feeds:
    """Answers for the feed documents and hands every other request on."""

    def __init__(self, shelf: Shelf, otherwise: ASGIApp, readers: Readerships) -> None:
        self._shelf, self._otherwise, self._readers = shelf, otherwise, readers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI 3."""
        path = scope["path"] if scope["type"] == "http" else ""
        place = _PLACE.fullmatch(path)
        if place is None or path in SEARCHES:
            await self._otherwise(scope, receive, send)
            return
        found = self._find(place, navigation=is_navigation(scope))
        if found is None:
            await _refuse(send, 404, _NOT_FOUND)
        elif isinstance(found, Moved) and scope["method"] in _READING:
            await found(scope, receive, send)
        elif not isinstance(found, Moved) and scope["method"] in _READING:
            self._note(place, scope)
            await _give(found, scope, send)
        elif scope["method"] == "OPTIONS":
            await _options(send, private=(_ARCHIVE.fullmatch(path) or place)["token"] is not None)
        else:
            await _refuse(send, 405, _NOT_ALLOWED, (b"allow", _METHODS))

    def _note(self, place: re.Match[str], scope: Scope) -> None:
        """Note what is said of the subscribers to an output's document; most requests say nothing."""
        said = speaks_of_subscribers(scope["headers"])
        if said is not None and place["name"] in self._shelf.outputs() and place["ending"] in FORMATS:
            self._readers.note(place["name"], place["ending"], said)

    def _find(self, place: re.Match[str], *, navigation: bool) -> Answering | Moved | None:
        """Return what answers; an unknown output, an unknown token and a missing document are one and the same None."""
        archive = _ARCHIVE.fullmatch(place[0])
        found = (self._archive if archive else self._document)(archive or place, navigation=navigation)
        return found or moved(place, self._shelf.renamed())

    def _archive(self, place: re.Match[str], *, navigation: bool) -> Document | None:
        output = self._shelf.outputs().get(place["name"])
        if output is None or not output.admits(place["token"]):
            return None
        name = output.archive(place["part"])
        return self._shelf.archives.document(name, private=output.private, navigation=navigation)

    def _document(self, place: re.Match[str], *, navigation: bool) -> Answering | None:
        token, name, ending = place["token"], place["name"], place["ending"]
        if token is None and (document := f"{name}.{ending}") in _SOURCES:
            return self._shelf.document(document, private=False, navigation=navigation)
        output = self._shelf.outputs().get(name)
        if output is None or ending not in output.formats or not output.admits(token):
            return None
        return self._shelf.document(output.rendition(ending), private=output.private, navigation=navigation)


async def _give(found: Answering, scope: Scope, send: Send) -> None:
    """Answer, and let the answer be remembered where the same request is answered the same for some time."""
    asked = request_headers(scope)
    document = found.asked(scope, asked) if isinstance(found, Published) else found
    reply = document.reply(asked)
    if (keep := scope.get(KEY)) is not None and document.is_settled:
        keep(reply, document.origin)
    await answer(send, reply.status, reply.headers, b"" if scope["method"] == "HEAD" else reply.body)


def is_navigation(scope: Scope) -> bool:
    """Tell whether a person sent a browser to the address."""
    return not _NAVIGATION.isdisjoint(scope["headers"])


async def _options(send: Send, *, private: bool) -> None:
    cors = () if private else _CORS_PREFLIGHT
    await answer(send, 204, [(b"allow", _METHODS), *cors, *PROTECTION], b"")


async def _refuse(send: Send, status: int, body: bytes, *headers: tuple[bytes, bytes]) -> None:
    length = (b"content-length", str(len(body)).encode())
    plain = (b"content-type", b"text/plain; charset=utf-8")
    await answer(send, status, [plain, length, (b"cache-control", b"no-store"), *headers, *PROTECTION], body)
