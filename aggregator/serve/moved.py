"""An output that was renamed: its old addresses lead to its own, in every format and its archives too."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from aggregator.decide.months import PART_NAME
from aggregator.serve.document import PROTECTION, answer

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.types import Receive, Scope, Send

    from aggregator.publish.manifest import PublishedOutput

_DAY = 86_400
_PART = re.compile(PART_NAME)
_QUERY = re.compile(rb"[!-~]*")


@dataclass(frozen=True, slots=True)
class Moved:
    """A permanent redirect; an ASGI application that answers GET and HEAD."""

    location: str
    """Relative to the address that was asked for: it holds no token, and nothing of the Host header."""
    private: bool

    async def __call__(self, scope: Scope, _: Receive, send: Send) -> None:
        """Answer 301: of the permanent ones the one that every reader knows. A query goes along."""
        query: bytes = scope["query_string"]
        kept = b"?" + query if query and _QUERY.fullmatch(query) else b""
        caching = b"%s, max-age=%d" % (b"private" if self.private else b"public", _DAY)
        origin = () if self.private else ((b"access-control-allow-origin", b"*"),)
        headers = [(b"location", self.location.encode() + kept), (b"cache-control", caching), *origin]
        await answer(send, 301, [*headers, (b"content-length", b"0"), *PROTECTION], b"")


def moved(place: re.Match[str], renamed: Mapping[str, PublishedOutput]) -> Moved | None:
    """Return where an address leads whose output has another name now; None for who may not see that output.

    `place` is its token, name and ending; an archive's (`/old/2026-01.atom`) has the output's name before that.
    """
    before, name, ending = place["token"], place["name"], place["ending"]
    if _PART.fullmatch(name) and before is not None:
        above, _, old = before.rpartition("/")
        token, prefix, rest = above or None, "../", f"/{name}.{ending}"
    else:
        old, token, prefix, rest = name, before, "", f".{ending}"
    output = renamed.get(old)
    if output is None or ending not in output.formats or not output.admits(token):
        return None
    return Moved(f"{prefix}{output.name}{rest}", output.private)
