"""What is kept of a feed's last document: by what its items are known, and which of them need not be read again."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import datetime  # noqa: TC003 - the store's codec reads these annotations
from enum import StrEnum
from typing import NamedTuple


class NamedBy(StrEnum):
    """By what a feed's items are known within it, from the trusting to the strict."""

    GUID = "guid"
    LINK = "link"
    TITLE = "link and title"
    DATE = "link and date"
    CONTENT = "content"


@dataclass(frozen=True, slots=True)
class Naming:
    """By what a feed's items are known, why, and since when; it only becomes stricter (decide.naming)."""

    by: NamedBy = NamedBy.GUID
    reason: str = ""
    since: datetime | None = None
    doubts: int = 0
    """Documents in a row that spoke against it."""


class Line(NamedTuple):
    """An item of the last document that may be left unread while its bytes stay the same (decide.listing)."""

    raw: str
    """Digest of its bytes."""
    key: str
    """Its name within its feed."""
    digest: str
    """Of what a reader sees of it, shortened; so are the canonical form of its link, and its folded title."""
    canonical: str
    title: str
    published: int | None
    updated: int | None
    """Its dates, in milliseconds since 1970."""


@dataclass(frozen=True, slots=True)
class Listing:
    """A feed's last document."""

    context: str = ""
    """Digest of all that its items inherit from it, and of how it was read; empty where it cannot be read in parts."""
    by: NamedBy = NamedBy.GUID
    lines: tuple[Line, ...] = ()
    others: tuple[str, ...] = ()
    """Keys of the items that are read each time."""

    @property
    def keys(self) -> set[str]:
        """Names of all its items."""
        return {line.key for line in self.lines} | set(self.others)


def to_text(listing: Listing) -> str:
    """Write a listing down."""
    told = (listing.context, listing.by.value, listing.lines, listing.others)
    return json.dumps(told, separators=(",", ":"), ensure_ascii=False)


def from_text(text: str) -> Listing:
    """Read what to_text wrote."""
    context, by, lines, others = json.loads(text)
    return Listing(context, NamedBy(by), tuple(Line(*line) for line in lines), tuple(others))


@dataclass(frozen=True, slots=True)
class Parts:
    """How a document was read: which of its items were, and what the others are."""

    context: str
    """As in Listing."""
    raws: tuple[str, ...] = ()
    """Digests of the bytes of the items that were read, in their order."""
    unread: tuple[Line, ...] = field(default=())
    """Items that the last document listed in the same bytes."""
