"""Parts of a document: what is new since a version that was served before (RFC 3229, `A-IM: feed`), the newest of it.

Entries are cut out of the bytes that are served whole, and known by their digests. Of earlier versions only entity
tags are kept, and with each entry of today since which version it is there: memory does not grow with history, and a
tag that is too old, or of before a restart, is answered in full.
"""

from __future__ import annotations

import hashlib
import re
from collections import OrderedDict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from aggregator.publish.cutting import cut
from aggregator.serve.document import compressed
from aggregator.serve.negotiation import entity_tags, wants_feed_delta

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from starlette.types import Scope

    from aggregator.publish.cutting import Cut
    from aggregator.serve.document import Document, Headers

_LIMIT = re.compile(rb"(?:.*&)?limit=(10|25|50)(?:&.*)?", re.DOTALL)
"""The only numbers of entries that are given out: each costs a document in memory."""
WITH_PARTS = frozenset({"atom", "rss", "json"})
"""Endings of documents that are also given in parts."""
_WITH_DELTAS = frozenset({"atom", "rss"})
_TAGS = 512
"""Entity tags that are remembered of a document: of a day, at a change in five minutes and two codings."""
_READY = 16
"""Deltas of a document that are kept ready."""


class Versions:
    """One published document in its versions; the newest is given in parts."""

    def __init__(self, ending: str) -> None:
        """`ending`: `atom`, `rss` or `json`."""
        self._ending = ending
        self._number = 0
        self._tags: OrderedDict[str, int] = OrderedDict()
        self._since: dict[bytes, int] = {}
        self._parts: Cut | None = None
        self._made: OrderedDict[tuple[str, int], Document] = OrderedDict()

    def succeed(self, whole: Document) -> None:
        """Take over a document that has changed, before it is served."""
        self._number += 1
        self._made.clear()
        try:
            self._parts = cut(whole.bodies["identity"], self._ending)
        except ValueError:
            self._parts = None
            return
        self._since = {one: self._since.get(one, self._number) for one in map(_digest, self._parts.entries)}
        for tag in whole.etags.values():
            self._tags[tag] = self._number
            self._tags.move_to_end(tag)
        while len(self._tags) > _TAGS:
            self._tags.popitem(last=False)

    def newest(self, whole: Document, limit: int) -> Document:
        """Return the document with no more than so many entries, the first."""
        parts = self._parts
        if parts is None or len(parts.entries) <= limit:
            return whole
        return self._ready(("newest", limit), whole, parts, parts.entries[:limit])

    def delta(self, whole: Document, tags: Iterable[str]) -> Document | None:
        """Return what came or changed since the latest version that has one of these tags; None when none is known."""
        base = max((self._tags.get(tag, 0) for tag in tags), default=0)
        if self._parts is None or self._ending not in _WITH_DELTAS or base in (0, self._number):
            return None
        news = [entry for entry in self._parts.entries if self._since[_digest(entry)] > base]
        made = self._ready(("since", base), whole, self._parts, news)
        codings = whole.etags.keys() & made.bodies.keys()
        return replace(
            made,
            status=226,
            bodies={coding: made.bodies[coding] for coding in codings},
            etags={coding: whole.etags[coding] for coding in codings},
            headers=_of_delta(whole.headers),
        )

    def _ready(self, key: tuple[str, int], whole: Document, parts: Cut, entries: Iterable[bytes]) -> Document:
        made = self._made.pop(key, None)
        if made is None:
            body = compressed(parts.joined(entries), whole.content_type, whole.headers)
            made = replace(body, modified=whole.modified)
        self._made[key] = made
        while len(self._made) > _READY:
            self._made.popitem(last=False)
        return made


@dataclass(frozen=True, slots=True)
class Published:
    """A document as it is given on demand: whole, the newest of it, or what is new since the client's."""

    whole: Document
    versions: Versions

    def asked(self, scope: Scope, headers: Mapping[str, str]) -> Document:
        """Return the document that is asked for, in the type of the whole; `headers` as request_headers has them."""
        found = self._part(scope, headers)
        return found if found is self.whole else replace(found, content_type=self.whole.content_type)

    def _part(self, scope: Scope, headers: Mapping[str, str]) -> Document:
        if limit := _LIMIT.fullmatch(scope.get("query_string", b"")):
            return self.versions.newest(self.whole, int(limit[1]))
        if scope["method"] == "GET" and wants_feed_delta(headers.get("a-im"), headers.get("user-agent")):
            tags = entity_tags(headers.get("if-none-match", ""))
            if not tags & {*self.whole.etags.values()}:
                return self.versions.delta(self.whole, tags) or self.whole
        return self.whole


def _of_delta(headers: Headers) -> Headers:
    """Say that it is one, and that caches which do not know deltas must not keep it (RFC 3229 section 10.8)."""
    kept = [(name, value) for name, value in headers if name != b"cache-control"]
    vary = [(name, value + b", A-IM, If-None-Match" if name == b"vary" else value) for name, value in kept]
    return ((b"im", b"feed"), (b"cache-control", b"no-store, im"), *vary)


def _digest(entry: bytes) -> bytes:
    return hashlib.blake2b(entry, digest_size=16).digest()
