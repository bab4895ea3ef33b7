"""RSS 0.90 to 2.0, Atom 0.3 and 1.0, CDF: bytes in, Document out.

    decode | find the root | bound | mend if damaged | feedparser | adapt

feedparser gets well-formed UTF-8 without a DOCTYPE, within limits, and a Content-Type that says so: it opens nothing,
expands nothing, and its guesses at encodings, dates and safety are not asked for. Its dictionaries end here.
"""

from __future__ import annotations

import io
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import feedparser
from feedparser.mixin import _FeedParserMixin

from aggregator.errors import NotAFeed, ParseError
from aggregator.model import Document
from aggregator.parse.encoding import decode
from aggregator.parse.handlers import read_strictly
from aggregator.parse.header import is_complete, read_header, read_hints
from aggregator.parse.items import MEDIA_DESCRIPTION, Context, read_item
from aggregator.parse.limits import MOST_ITEMS, bound
from aggregator.parse.mend import damage, is_cut_short, mend
from aggregator.parse.sniff import find_root, refuse_binary, refuse_empty

if TYPE_CHECKING:
    from datetime import datetime

    from aggregator.parse.handlers import Found

_DECLARATION = "<?xml version='1.0' encoding='utf-8'?>"
_MEDIA_DESCRIPTION = re.compile(r"<(/?)media:description\b[^<>]*?(/?)>")
_CDF = re.compile(r"\A<\?[^>]*>\s*<CHANNEL\b", re.IGNORECASE)
_HEADERS = {"content-type": "application/xml; charset=utf-8"}

# An id is compared, never resolved (RFC 4287 section 4.2.6.1): with xml:base feedparser would change bare ones.
_FeedParserMixin.can_be_relative_uri = _FeedParserMixin.can_be_relative_uri - {"id"}


@dataclass(frozen=True, slots=True)
class Opened:
    """A document that is one of ours to read: text from its root on, in UTF-8 without a DOCTYPE."""

    text: str
    notices: tuple[str, ...] = ()


def parse(body: bytes, *, url: str, content_type: str | None, received: datetime) -> Document:  # noqa: ARG001
    """Parse a feed document that `url` answered with.

    Raise EmptyDocument for a body of nothing but white space, NotAFeed for anything that is no RSS, Atom or CDF, with
    what it is and what can be done, and ParseError for a feed that cannot be read. A damaged feed gives the items that
    could be read, and a notice; a feed without items is a document. `received` is taken for parsers that need the
    time; this one never fills in a date.
    """
    return read(opened(body, url=url, content_type=content_type), url=url)


def opened(body: bytes, *, url: str, content_type: str | None) -> Opened:
    """Decode a document and find its root; errors as those of `parse`."""
    refuse_empty(body)
    refuse_binary(body)
    text, notice = decode(body, content_type)
    root, strange = find_root(text, url)
    whole = _DECLARATION + "\n" * text.count("\n", 0, root) + text[root:]
    return Opened(whole, tuple(filter(None, (notice, strange))))


def read(document: Opened, *, url: str) -> Document:
    """Read an opened document; errors as those of `parse`."""
    text, outside, left_out = bound(document.text)
    cut_short = is_cut_short(text)
    flaw, (feed, entries, version) = _read(text)
    if not version and not entries and not feed.get("title"):
        raise NotAFeed("The document is RDF or XML of a kind that holds no feed.", "Check the address.")
    if not version and _CDF.search(text):  # feedparser knows it by its elements, and gives it no name
        version = "cdf"
    header = read_header(feed, base=url)
    context = Context(url=url, format=version, language=header.language)
    items = tuple(read_item(entry, context) for entry in entries[:MOST_ITEMS])
    damaged = [f"{flaw}; {len(items)} items were read"] if flaw else []
    counted = [f"{what}: {count}" for what, count in context.notices.items()]
    return Document(
        header,
        items,
        read_hints(feed, outside),
        version,
        (*document.notices, *damaged, *left_out, *counted),
        cut_short=flaw is not None and cut_short,
        complete=is_complete(outside),
    )


def _read(text: str) -> tuple[str | None, Found]:
    """Return what is wrong with a document, and what feedparser says of it, mended if it is not well-formed."""
    renamed = _renamed(text)
    found = _ask_handlers(renamed)
    flaw = damage(text) if found is None or renamed != text else None
    if flaw is None:
        return None, found or _ask_feedparser(renamed)
    mended = _renamed(mend(text))
    return "the document is damaged near line {}: {}".format(*flaw), _ask_handlers(mended) or _ask_feedparser(mended)


def _renamed(text: str) -> str:
    """Give media:description another name: feedparser would put it in place of the item's own description."""
    if "media:description" not in text:
        return text
    return _MEDIA_DESCRIPTION.sub(rf"<\1{MEDIA_DESCRIPTION.replace('_', ':')}\2>", text)


def _ask_handlers(text: str) -> Found | None:
    """Return feed, entries and version, or None for a document that only feedparser itself might read."""
    try:
        return read_strictly(text)
    except MemoryError:
        raise
    except Exception:  # noqa: BLE001 - not well-formed, or made to trip a handler: then feedparser decides
        return None


def _ask_feedparser(text: str) -> Found:
    """Return feed, entries and version as plain dictionaries."""
    try:
        result = feedparser.parse(
            io.BytesIO(text.encode()),
            response_headers=_HEADERS,
            sanitize_html=False,
            resolve_relative_uris=False,
        )
    except MemoryError:
        raise
    except Exception as error:  # whatever its handlers meet in documents made to trip them
        raise ParseError(
            f"The document is too damaged to be read ({type(error).__name__}).", "Tell the publisher."
        ) from error
    return dict(result["feed"]), [dict(entry) for entry in result["entries"]], result["version"] or ""
