"""What a request's headers ask for: a content coding, and whether the client has the document already (RFC 9110)."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection

_QVALUE = re.compile(r"0(?:\.\d{0,3})?|1(?:\.0{0,3})?")
_ENTITY_TAG = re.compile(r'(?:W/)?("[\x21\x23-\x7e\x80-\xff]*")')


_ASKS_UNASKED = "feedparser/"
"""What the names of clients begin with that ask for deltas unasked. One is rss2email, which never reads 226."""
_CODINGS = ("br", "zstd", "gzip")
"""In the order of preference, where a client prefers none: the smallest first."""


def preferred_coding(accept_encoding: str | None, available: Collection[str]) -> str:
    """Return the coding to answer in: of those available the one wanted most, else `identity` (RFC 9110 12.5.3).

    `*` is taken for gzip alone: who writes it may be older than the others. A client that refuses everything gets
    identity: that is more use to it than 406.
    """
    wanted = _weights(accept_encoding or "")
    wanted.setdefault("gzip", wanted.get("x-gzip", wanted.get("*", 0.0)))
    best = max(_CODINGS, key=lambda coding: wanted.get(coding, 0.0) if coding in available else 0.0)
    # Listing a coding is asking for it: identity wins only where it is given the greater weight itself.
    enough = wanted.get(best, 0.0) > 0 and wanted.get(best, 0.0) >= wanted.get("identity", 0.0)
    return best if best in available and enough else "identity"


def _weights(header: str) -> dict[str, float]:
    """Read a list of codings with q-values (RFC 9110 12.4.2); an element that is none is left out."""
    weights = {}
    for element in header.split(","):
        coding, *parameters = (part.strip().lower() for part in element.split(";"))
        values = [value.strip() for name, _, value in (one.partition("=") for one in parameters) if name.strip() == "q"]
        weight = values[0] if values else "1"
        if coding and _QVALUE.fullmatch(weight):
            weights[coding] = float(weight)
    return weights


def has_current(
    if_none_match: str | None, if_modified_since: str | None, *, etag: str, modified: datetime | None
) -> bool:
    """Tell whether the client has this document, so that 304 is the answer to GET or HEAD (RFC 9110 13.2.2).

    If-None-Match, compared weakly, decides alone where it is given. `etag` is quoted and strong.
    """
    if if_none_match is not None:
        return if_none_match.strip() == "*" or etag in entity_tags(if_none_match)
    since = _http_date(if_modified_since)
    return since is not None and modified is not None and modified <= since


def entity_tags(header: str) -> set[str]:
    """Return the entity tags of a list, quoted, weak ones as if they were strong."""
    return set(_ENTITY_TAG.findall(header))


def wants_feed_delta(a_im: str | None, user_agent: str | None = None) -> bool:
    """Tell whether A-IM asks for deltas of feeds: `feed`, an instance manipulation of RFC 3229's registry.

    feedparser asks on its own, whatever is made of it; who goes by its name may take the answer, 226, for a failure.
    """
    return _weights(a_im or "").get("feed", 0.0) > 0 and not (user_agent or "").startswith(_ASKS_UNASKED)


def _http_date(value: str | None) -> datetime | None:
    """Read a date; None for what is none, which a recipient must ignore (RFC 9110 13.1.3)."""
    try:
        moment = parsedate_to_datetime(value or "")
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
