"""A feed document of which only what is new is read: the rest is known from the last document (decide.listing)."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import TYPE_CHECKING

from aggregator.decide.candidates import believed, candidates
from aggregator.decide.identity import DIGEST, marked
from aggregator.decide.listing import stand_alone, unchanged
from aggregator.listings import Parts, from_text
from aggregator.parse import document, syndication
from aggregator.parse.limits import MOST_ITEMS
from aggregator.parse.pieces import cut

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from datetime import datetime

    from aggregator.listings import Line, Listing
    from aggregator.model import Document
    from aggregator.parse.pieces import Pieces
    from aggregator.parse.syndication import Opened

READING = 2
"""The way in which documents are read: with another one, what was read before is read once more, changed or not."""


def parse(
    body: bytes,
    *,
    url: str,
    content_type: str | None,
    received: datetime,
    ignore: tuple[str, ...] = (),
    last: str | None = None,
) -> Document:
    """Parse a document as document.parse does, and mark its items; those that `last` has in the same bytes stay unread.

    `ignore`: fields of items that are distrusted. `last`: listings.to_text of the last document's listing. Raise what
    document.parse raises.
    """
    if document.is_json(body):
        whole = document.parse(body, url=url, content_type=content_type, received=received)
        return marked_all(whole, ignore)
    opened = syndication.opened(body, url=url, content_type=content_type)
    pieces = cut(opened.text) if not opened.notices else None
    if pieces is None:
        return marked_all(syndication.read(opened, url=url), ignore)
    context = _context(pieces, url, ignore)
    if last is not None and (found := _in_part(pieces, from_text(last), context, url, ignore)) is not None:
        return found
    return _whole(opened, pieces, context, url, ignore)


def _context(pieces: Pieces, url: str, ignore: Collection[str]) -> str:
    """Digest all that what is read of an item depends on, beside its bytes."""
    said = "\n".join((str(READING), str(DIGEST), pieces.context, url, *sorted(ignore)))
    return hashlib.blake2b(said.encode(), digest_size=12).hexdigest()


def _whole(opened: Opened, pieces: Pieces, context: str, url: str, ignore: Collection[str]) -> Document:
    found = marked_all(syndication.read(opened, url=url), ignore)
    if found.notices or len(found.items) != len(pieces.raws):
        return found
    return replace(found, parts=Parts(context, pieces.raws))


def _in_part(pieces: Pieces, last: Listing, context: str, url: str, ignore: Collection[str]) -> Document | None:
    """Read what the last document did not list; None where that would not tell all that the whole document does."""
    known: Mapping[int, Line] = unchanged(last, context, pieces.raws)
    if not known or len(pieces.raws) > MOST_ITEMS:
        return None
    wanted = [place for place in range(len(pieces.raws)) if place not in known]
    found = marked_all(syndication.read(syndication.Opened(pieces.only(wanted)), url=url), ignore)
    by = last.by
    if found.notices or len(found.items) != len(wanted):
        return None
    if not stand_alone(candidates(found.items, by=by), known.values()):
        return None
    raws = tuple(pieces.raws[place] for place in wanted)
    return replace(found, parts=Parts(context, raws, tuple(known.values())))


def marked_all(found: Document, ignore: Collection[str]) -> Document:
    """Return a document whose items lack what is distrusted, and bring along what they are recognised by."""
    return replace(found, items=tuple(marked(believed(item, ignore)) for item in found.items))
