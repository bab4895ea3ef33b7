"""Sees clients behind the operator's own reverse proxies (server.trusted_proxies)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aggregator.decide.proxies import FORWARDING, real_client
from aggregator.serve.document import request_headers

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

    from aggregator.serve.shelf import Shelf


class Proxied:
    """Goes in front of what asks who asks; the feeds do not."""

    def __init__(self, shelf: Shelf, app: ASGIApp) -> None:
        self._shelf, self._app = shelf, app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand the request on, as the client's own where its proxies are trusted."""
        if scope["type"] == "http" and (trusted := self._shelf.trusted_proxies()):
            scope = _of_client(scope, trusted)
        await self._app(scope, receive, send)


def _of_client(scope: Scope, trusted: tuple[str, ...]) -> Scope:
    """Return the request as if its client had come directly, without what its proxies wrote; or as it is."""
    peer, port = scope.get("client") or ("", 0)
    client = real_client(peer, request_headers(scope), trusted)
    if client is None:
        return scope
    own = [(name, value) for name, value in scope["headers"] if name.decode("latin-1") not in FORWARDING]
    return {**scope, "client": (client, port), "headers": own}
