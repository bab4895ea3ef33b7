"""/websub/{name}: where other people's hubs ask us back and deliver (WebSub sections 5.3 and 7).

What a hub asks, and what it delivers with the right signature, is handed to the daemon, which alone writes. A
delivery waits in a file of this user's alone, and is answered once it is stored. Names and secrets are told nobody.
"""

from __future__ import annotations

import hmac
import os
import re
import secrets
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Self

from aggregator.decide.pushing import State
from aggregator.errors import Unavailable
from aggregator.serve.health import plain
from aggregator.serve.rates import Rate, Rates

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from starlette.requests import Request
    from starlette.responses import Response

    from aggregator.decide.pushing import Push
    from aggregator.serve.hub import Tell
    from aggregator.serve.reader import Reader

_NAME = re.compile(r"[A-Za-z0-9_-]{20,64}")
_CHALLENGE = re.compile(r"[!-~]{1,512}")
_LONGEST = 2000
"""Characters of what a hub may say."""
_METHODS = frozenset({"sha1", "sha256", "sha384", "sha512"})
"""Of signatures (section 7.1)."""
MOST_BYTES = 10_000_000
AT_ONCE = 16
"""Deliveries that are being received."""
_EACH, _TOGETHER = Rate(30, 0.5), Rate(300, 10.0)
"""Requests for one callback, and for all."""
_STRANGERS = ""
"""All callbacks that are none, as one."""
_LATER = {"retry-after": "60"}


class Callback:
    """The endpoint."""

    def __init__(
        self, reader: Reader, tell: Tell, spool: Path, *, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._reader, self._tell, self._spool, self._monotonic = reader, tell, spool, monotonic
        self._rates = Rates(_EACH, _TOGETHER)
        self._receiving = 0

    async def __call__(self, request: Request) -> Response:
        """Answer a hub."""
        name = request.path_params["name"]
        push = await self._known(name) if _NAME.fullmatch(name) else None
        wait = self._rates.wait(_STRANGERS if push is None else name, self._monotonic())
        if wait > 0:
            return plain("429: too many requests; try again in a minute", 429, _LATER)
        if request.method != "POST":
            return plain("404 Not Found", 404) if push is None else await self._asked(name, request.query_params)
        if push is None or push.state is not State.VERIFIED or push.secret is None:
            return plain("410: nobody here wants this", 410)
        return await self._delivered(name, push.secret, request)

    async def _known(self, name: str) -> Push | None:
        found = await self._reader.read(lambda tx: tx.pushes.named(name))
        return found[0] if found is not None else None

    async def _asked(self, name: str, query: Mapping[str, str]) -> Response:
        """Repeat the challenge of a hub that asks for what we asked it for."""
        said = {key: query.get(f"hub.{key}", "") for key in ("mode", "topic", "reason", "challenge")}
        said["lease"] = query.get("hub.lease_seconds", "")
        challenge = said.pop("challenge")
        asks = said["mode"] != "denied"
        if (asks and not _CHALLENGE.fullmatch(challenge)) or any(len(text) > _LONGEST for text in said.values()):
            return plain("404 Not Found", 404)
        try:
            agreed = (await self._tell({"command": "push-asked", "name": name, **said})).get("agreed")
        except Unavailable:
            return plain("503: try again in a minute", 503, _LATER)
        if agreed is not True:
            return plain("404 Not Found", 404)
        answer = plain("")
        answer.body = challenge.encode()
        answer.headers["content-length"] = str(len(answer.body))
        return answer

    async def _delivered(self, name: str, secret: str, request: Request) -> Response:
        """Take a delivery; one with a wrong signature is dropped, and its sender not told so (section 7.1)."""
        method, _, signature = request.headers.get("x-hub-signature", "").strip().partition("=")
        if "content-encoding" in request.headers:
            return plain("415: deliver it as it is, without a Content-Encoding", 415)
        if self._receiving >= AT_ONCE:
            return plain("503: try again in a minute", 503, _LATER)
        self._receiving += 1
        try:
            seal = hmac.new(secret.encode(), digestmod=method if method in _METHODS else "sha256")
            with _Spooled(self._spool) as file:
                if not await _received(request, file, seal):
                    return plain(f"413: a delivery has at most {MOST_BYTES} bytes", 413, {"connection": "close"})
                file.close()
                same = hmac.compare_digest(seal.hexdigest().encode(), signature.strip().lower().encode())
                right = same and method in _METHODS
                return await self._handed_on(name, file, request.headers.get("content-type", ""), right=right)
        except OSError:
            return plain("503: try again in a minute", 503, _LATER)
        finally:
            self._receiving -= 1

    async def _handed_on(self, name: str, file: _Spooled, content_type: str, *, right: bool) -> Response:
        command = {"command": "pushed" if right else "push-refused", "name": name}
        if right:
            command |= {"file": file.name, "content_type": content_type[:_LONGEST]}
        try:
            said = await self._tell(command)
        except Unavailable:
            return plain("503: try again in a minute", 503, _LATER)
        if right and said.get("taken") is not True:
            return plain("410: nobody here wants this", 410)
        return plain("202 Accepted", 202)


class _Spooled:
    """A file for one delivery, gone afterwards; OSError when the disk is full."""

    def __init__(self, folder: Path) -> None:
        self.name = secrets.token_urlsafe(16)
        self._path = folder / self.name

    def __enter__(self) -> Self:
        self._path.parent.mkdir(mode=0o700, exist_ok=True)
        number = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        self._file = os.fdopen(number, "wb")
        return self

    def write(self, piece: bytes) -> None:
        self._file.write(piece)

    def close(self) -> None:
        self._file.close()

    def __exit__(self, *_: object) -> None:
        with suppress(OSError):
            self._file.close()
        self._path.unlink(missing_ok=True)


async def _received(request: Request, file: _Spooled, seal: hmac.HMAC) -> bool:
    """Read a delivery into a file; False when it is too large."""
    length = 0
    async for piece in request.stream():
        length += len(piece)
        if length > MOST_BYTES:
            return False
        seal.update(piece)
        file.write(piece)
    return True
