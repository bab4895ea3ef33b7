"""Any document that a feed's address may answer with, told apart by its content: media types are often wrong."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from aggregator.parse import syndication
from aggregator.parse.encoding import decode
from aggregator.parse.jsonfeed import parse_json
from aggregator.parse.jsontext import looks_like_json
from aggregator.parse.sniff import refuse_binary, refuse_empty

if TYPE_CHECKING:
    from datetime import datetime

    from aggregator.model import Document


def parse(body: bytes, *, url: str, content_type: str | None, received: datetime) -> Document:
    """Parse a document that `url` answered with: RSS, Atom, CDF or JSON Feed.

    Raise EmptyDocument for a body of nothing but white space, NotAFeed for anything that is no feed, with what it is
    and what can be done, and ParseError for a feed that cannot be read. `received` is for formats that need the time.
    """
    refuse_empty(body)
    refuse_binary(body)
    if is_json(body):
        text, notice = decode(body, content_type)
        document = parse_json(text, url=url)
        return replace(document, notices=(notice, *document.notices)) if notice else document
    return syndication.parse(body, url=url, content_type=content_type, received=received)


def is_json(body: bytes) -> bool:
    """Tell whether a document is to be read as JSON."""
    return looks_like_json(body[:200].decode("utf-8-sig", "ignore").replace("\0", "").lstrip("\ufeff"))
