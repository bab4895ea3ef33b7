"""A document that is sent as it is: compressed beforehand, conditional, HEAD (RFC 9110 sections 8, 13)."""

from __future__ import annotations

import gzip
import hashlib
import time
from collections import defaultdict
from dataclasses import dataclass
from email.utils import formatdate
from typing import TYPE_CHECKING, TypeAlias

from aggregator.serve.negotiation import has_current, preferred_coding

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from starlette.types import Receive, Scope, Send

    from aggregator.publish.renditions import Stamp

Headers: TypeAlias = "tuple[tuple[bytes, bytes], ...]"
Origin: TypeAlias = "tuple[tuple[str, Stamp], ...]"
"""Files of which an answer is made, by their names as renditions, as they were then."""

_CSP = (
    b"default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
PROTECTION: Headers = (
    (b"content-security-policy", _CSP),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
)
"""With every answer: nothing in it runs, loads from elsewhere, is framed, or tells others where its reader was."""


def protection(policy: bytes) -> Headers:
    """Return the headers that protect, with another Content-Security-Policy."""
    return ((b"content-security-policy", policy), *PROTECTION[1:])


_DATE_LAG = 2.0
"""Seconds that the server's Date may be behind the clock: it is made about once a second."""


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer, whole."""

    status: int
    headers: list[tuple[bytes, bytes]]
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class Document:
    """Bytes with their validators; an ASGI application that answers GET and HEAD."""

    content_type: bytes
    bodies: Mapping[str, bytes]
    """By content coding: `identity` always, others where there are any."""
    etags: Mapping[str, str]
    """Strong, quoted, by content coding."""
    headers: Headers
    """Sent with 200 and 304: Cache-Control, Vary, and what protects."""
    modified: datetime | None = None
    """When these bytes came to be, to the second; None where If-Modified-Since is not answered."""
    status: int = 200
    origin: Origin = ()

    async def __call__(self, scope: Scope, _: Receive, send: Send) -> None:
        """Answer with its status, else 304; whether the method is GET or HEAD is the caller's affair."""
        reply = self.reply(request_headers(scope))
        await answer(send, reply.status, reply.headers, b"" if scope["method"] == "HEAD" else reply.body)

    @property
    def is_settled(self) -> bool:
        """Whether the same request is answered the same while this is the document: its date does not move any more."""
        return self.modified is not None and self.modified.timestamp() < time.time() - _DATE_LAG

    def reply(self, asked: Mapping[str, str]) -> Reply:
        """Return the answer to GET by the request's headers (request_headers)."""
        coding = preferred_coding(asked.get("accept-encoding"), self.bodies)
        etag = self.etags[coding]
        headers = [*self.headers, (b"etag", etag.encode()), *self._last_modified()]
        if has_current(asked.get("if-none-match"), asked.get("if-modified-since"), etag=etag, modified=self.modified):
            return Reply(304, headers)
        body = self.bodies[coding]
        headers += [(b"content-type", self.content_type), (b"content-length", str(len(body)).encode())]
        if coding != "identity":
            headers.append((b"content-encoding", coding.encode()))
        return Reply(self.status, headers, body)

    def _last_modified(self) -> Headers:
        """Return the date, never later than the answer's Date (RFC 9110 8.8.2.1).

        While it is a little early nobody can hold a stale document for a current one: If-Modified-Since is compared
        with the true date.
        """
        if self.modified is None:
            return ()
        moment = min(self.modified.timestamp(), time.time() - _DATE_LAG)
        return ((b"last-modified", formatdate(moment, usegmt=True).encode()),)


def compressed(body: bytes, content_type: bytes, headers: Headers) -> Document:
    """Return a document of our own making, compressed here."""
    bodies = {"identity": body, "gzip": gzip.compress(body, 6, mtime=0)}
    name = hashlib.sha256(body).hexdigest()[:32]
    return Document(content_type, bodies, {"identity": f'"{name}"', "gzip": f'"{name}-gzip"'}, headers)


def request_headers(scope: Scope) -> Mapping[str, str]:
    """Return a request's headers by their lower-case names; the lines of one header make one list (RFC 9110 5.3)."""
    lines: defaultdict[str, list[str]] = defaultdict(list)
    for name, value in scope["headers"]:
        lines[name.decode("latin-1")].append(value.decode("latin-1"))
    return {name: ", ".join(values) for name, values in lines.items()}


async def answer(send: Send, status: int, headers: Sequence[tuple[bytes, bytes]], body: bytes) -> None:
    """Send a whole answer at once."""
    await send({"type": "http.response.start", "status": status, "headers": list(headers)})
    await send({"type": "http.response.body", "body": body})
