"""What becomes visible, where: backlog and flood guards, and which outputs an entry belongs to."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from aggregator.decide.filters import FILTERED, filtered
from aggregator.decide.sameness import EARLIEST
from aggregator.decide.searching import found_by
from aggregator.model import Held

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from aggregator.config.settings import FeedSettings, OutputSettings, Publishing
    from aggregator.decide.changes import Addition, KnownEntry, Sight
    from aggregator.model import Item

FRESH_START = timedelta(hours=1)
"""Feeds and pages that answer this soon after the database's creation show all that they list: a full feed at first."""
LATE = timedelta(hours=48)
"""An entry dated this long before the source's last good poll should have been listed then: it is old."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """The circumstances in which a document's new entries arrive."""

    now: datetime
    created: datetime
    """When the database was made."""
    last_success: datetime | None
    """The source's last good poll before this one; None at the first."""
    whole_site: bool = False
    """The document is a sitemap: it lists all that a site ever had, and says when it changed, not when it came out."""


def hold(
    additions: Sequence[Addition], arrival: Arrival, source: FeedSettings, publishing: Publishing
) -> dict[int, str]:
    """Return why entries are held back, by the key of the addition; those that are not in it are released."""
    held = {
        addition.key: why
        for addition in additions
        if (why := filtered(addition.candidate.item, keep=source.keep, drop=source.drop)) is not None
    }
    dates = _told(additions, publishing) if arrival.whole_site else {each.key: each.published for each in additions}
    return held | _late({key: date for key, date in dates.items() if key not in held}, arrival, publishing)


def _told(additions: Sequence[Addition], publishing: Publishing) -> dict[int, datetime]:
    """Return when a sitemap's entries came out, as far as it tells; what may be old counts as old.

    So does what has no date, and what many share a day of change with: the site was built anew.
    """
    items = {addition.key: addition.candidate.item for addition in additions}
    changed = {key: item.updated for key, item in items.items() if item.published is None and item.updated is not None}
    days = Counter(date.date() for date in changed.values())
    news = {key: date for key, date in changed.items() if days[date.date()] <= publishing.flood}
    published = {addition.key: addition.published for addition in additions}
    return {key: published[key] if item.published or key in news else EARLIEST for key, item in items.items()}


def _late(published: Mapping[int, datetime], arrival: Arrival, publishing: Publishing) -> dict[int, str]:
    """Return which of the entries that arrive together are held back for their age, by their keys."""
    if arrival.last_success is None:
        return _backlog(published, arrival, publishing)
    line = arrival.last_success - LATE
    old = [key for key, date in published.items() if date < line]
    return dict.fromkeys(old, Held.FLOOD.value) if len(old) > publishing.flood else {}


def _backlog(published: Mapping[int, datetime], arrival: Arrival, publishing: Publishing) -> dict[int, str]:
    if arrival.now - arrival.created <= FRESH_START and not arrival.whole_site:
        return {}
    newest = sorted(published, key=lambda key: (published[key], -key), reverse=True)
    oldest_shown = arrival.now - publishing.first_max_age
    shown = {key for key in newest[: publishing.first_entries] if published[key] >= oldest_shown}
    return {key: Held.BACKLOG.value for key in published if key not in shown}


@dataclass(frozen=True, slots=True)
class Subject:
    """An entry, as far as outputs choose by it."""

    item: Item
    published: datetime
    language: str | None = None
    tags: frozenset[str] = frozenset()
    """Of the public sources that list it."""
    private_tags: frozenset[str] = frozenset()
    """Of the private ones."""
    private: bool = False
    """Its title and body come from a private source."""
    feed: str = ""
    """Address of the source that supplies them."""
    held: str | None = None


def outputs_for(
    subject: Subject, outputs: Mapping[str, OutputSettings], *, now: datetime, except_for: Iterable[str] = ()
) -> list[str]:
    """Return the names of the outputs that an entry belongs to, those left out that have it already."""
    done = set(except_for)
    return [name for name, output in outputs.items() if name not in done and belongs(subject, output, now=now)]


def belongs(subject: Subject, output: OutputSettings, *, now: datetime) -> bool:
    """Tell whether an entry belongs to an output, by all that it chooses by; private ones need a token."""
    if subject.private and not output.token:
        return False
    tags = subject.tags | subject.private_tags if output.token else subject.tags
    return (
        (not output.tags or not tags.isdisjoint(output.tags))
        and (not output.languages or _speaks(subject.language, output.languages))
        and (output.max_age is None or subject.published >= now - output.max_age)
        and filtered(subject.item, keep=output.keep, drop=output.drop) is None
        and (output.search is None or found_by(output.search, subject.item))
    )


def _speaks(language: str | None, wanted: Sequence[str]) -> bool:
    """Tell whether a language tag is in one of the wanted ranges (RFC 4647 section 3.3.1, basic filtering)."""
    said = (language or "").lower()
    return any(said == want.lower() or said.startswith(f"{want.lower()}-") for want in wanted)


def unheld(
    sights: Iterable[Sight],
    known: Mapping[int, KnownEntry],
    arrival: Arrival,
    source: FeedSettings,
    publishing: Publishing,
) -> set[int]:
    """Return held entries that a document makes news, as far as its new entries would be released.

    What one source filters or floods, or tells in private, another tells; an edit may pass the source's filters.
    """
    told = {
        entry.key: sight.candidate.item.published or sight.candidate.item.updated or entry.published
        for sight in sights
        if (entry := known.get(sight.entry)) is not None
        and _is_told(sight, entry, source)
        and filtered(sight.candidate.item, keep=source.keep, drop=source.drop) is None
    }
    return told.keys() - _late(told, arrival, publishing).keys()


def retold(
    sights: Iterable[Sight], known: Mapping[int, KnownEntry], arrival: Arrival, publishing: Publishing
) -> set[int]:
    """Return entries of other sources that a document lists for the first time, as far as new ones would be released.

    They may belong to more outputs by it; what the source lists under another name only belongs to no other.
    """
    told = {
        entry.key: entry.published
        for sight in sights
        if sight.first and (entry := known.get(sight.entry)) is not None and not entry.here
    }
    return told.keys() - _late(told, arrival, publishing).keys()


def _is_told(sight: Sight, entry: KnownEntry, source: FeedSettings) -> bool:
    """Tell whether a held entry is listed by another source, by a public one at last, or edited."""
    if entry.held in {None, Held.WITHDRAWN}:
        return False
    if sight.first and not entry.here:
        return True
    if entry.held == Held.PRIVATE:
        return not source.private
    edited = entry.feed == source.url and sight.candidate.digest != entry.digest
    return edited and entry.held.startswith(FILTERED)
