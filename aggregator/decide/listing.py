"""Which items of a document need not be read again: those whose bytes, and all that they inherit, stayed the same.

Such an item says what it said, so it changes nothing; only that it is listed is noted. That holds as long as nothing
else that is read has something in common with it, for then the two are compared, and as long as the feed still
supplies its entry. Whatever is in doubt, the document is read whole: what comes of it must be the same either way.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from aggregator.decide.canonical import fold_title
from aggregator.decide.identity import is_named_by, least_name
from aggregator.listings import Line, Listing, NamedBy

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from aggregator.decide.candidates import Candidate
    from aggregator.decide.changes import Known, KnownEntry, Verdict
    from aggregator.listings import Parts
    from aggregator.model import Document, FeedState

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
_DIGEST = 14


def short(text: str) -> str:
    """Return a short digest of a text, to compare it by."""
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=6).hexdigest()


def unchanged(last: Listing, context: str, raws: Sequence[str]) -> dict[int, Line]:
    """Return which items of a document the last one listed in the same bytes, by their places in it.

    None of them where anything that items inherit has changed, or where two items have the same bytes.
    """
    if not last.context or last.context != context or len(set(raws)) < len(raws):
        return {}
    lines = {line.raw: line for line in last.lines}
    return {place: line for place, raw in enumerate(raws) if (line := lines.get(raw)) is not None}


def stand_alone(listed: Collection[Candidate], unread: Collection[Line]) -> bool:
    """Tell whether the items that were read have nothing in common with those that were not: name, link or title."""
    names = {line.key for line in unread}
    links, titles = {line.canonical for line in unread}, {line.title for line in unread}
    return all(
        candidate.canonical is not None
        and least_name(candidate.key) not in names
        and short(candidate.canonical) not in links
        and short(fold_title(candidate.item.title)) not in titles
        for candidate in listed
    )


def unread(document: Document | None) -> tuple[Line, ...]:
    """Return the items of a document that were left unread."""
    return document.parts.unread if document is not None and document.parts is not None else ()


def listing_of(
    parts: Parts | None,
    listed: Sequence[Candidate],
    judged: tuple[Known, Verdict],
    held: Collection[int],
    feed: FeedState,
    by: NamedBy,
) -> Listing:
    """Return what to keep of a document that was judged; `held` are the keys of additions that are in no output."""
    if parts is None or len(parts.raws) != len(listed):
        return Listing(by=by, others=tuple({candidate.key for candidate in listed}))
    known, verdict = judged
    sights = {sight.candidate.key: sight.entry for sight in verdict.sights}
    own = {sight for sight in sights.values() if sight < 0 and sight not in held}
    own |= {key for key, entry in known.entries.items() if _is_shown(entry) and entry.feed == feed.url}
    own |= {revision.entry for revision in verdict.revisions if _is_shown(known.entries.get(revision.entry))}
    bearers = Counter(candidate.key for candidate in listed)
    lines, others = list(parts.unread), []
    for raw, candidate in zip(parts.raws, listed, strict=True):
        line = _line(raw, candidate, by) if bearers[candidate.key] == 1 else None
        if line is not None and sights[candidate.key] in own:
            lines.append(line)
        else:
            others.append(candidate.key)
    return Listing(parts.context, by, tuple(lines), tuple(others))


def _is_shown(entry: KnownEntry | None) -> bool:
    return entry is not None and entry.held is None


def _line(raw: str, candidate: Candidate, by: NamedBy) -> Line | None:
    """Return an item as what may stay unread; None where its name depends on others, or its dates on the time."""
    item = candidate.item
    if not is_named_by(candidate.key, by) or least_name(candidate.key) != candidate.key:
        return None
    if candidate.canonical is None or any(date.microsecond % 1000 for date in (item.published, item.updated) if date):
        return None
    return Line(
        raw,
        candidate.key,
        candidate.digest[:_DIGEST],
        short(candidate.canonical),
        short(fold_title(item.title)),
        _milliseconds(item.published),
        _milliseconds(item.updated),
    )


def is_as_listed(line: Line, digest: str, canonical: str | None) -> bool:
    """Tell whether what is kept of a sighting and its entry still is what the line says."""
    return digest[:_DIGEST] == line.digest and canonical is not None and short(canonical) == line.canonical


def dates_of(line: Line) -> list[datetime]:
    """Return the dates that an item gives, published first."""
    return [_EPOCH + said * _MILLISECOND for said in (line.published, line.updated) if said is not None]


def _milliseconds(date: datetime | None) -> int | None:
    return None if date is None else (date - _EPOCH) // _MILLISECOND
