"""Rows and the domain's types: how one is written as the other, for every backend.

Rows of stories are in story_rows.py, those of lists in list_rows.py, what a poll changes in feed_columns.py.
"""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from pydantic import TypeAdapter

from aggregator.decide.articles import ArticlePage, Lacking, Wait
from aggregator.decide.changes import KnownEntry
from aggregator.decide.origins import names_of
from aggregator.listings import NamedBy, Naming
from aggregator.losses import Flood, Gap
from aggregator.model import (
    Category,
    Enclosure,
    Entry,
    FeedState,
    Header,
    Held,
    Hints,
    Item,
    Move,
    Outcome,
    Person,
    Request,
    RequestKind,
    Rhythm,
    Sighting,
    Validators,
)
from aggregator.store.protocols import PollLine

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from aggregator.decide.changes import Sight

HEADER = TypeAdapter(Header)
HINTS = TypeAdapter(Hints)
_T = TypeVar("_T")
_NONE = "[]"
PERSONS = TypeAdapter(tuple[Person, ...])
CATEGORIES = TypeAdapter(tuple[Category, ...])
ENCLOSURES = TypeAdapter(tuple[Enclosure, ...])
GAP = TypeAdapter(Gap)
FLOOD = TypeAdapter(Flood)
PAGE = TypeAdapter(ArticlePage)

SEARCHED = 2_000
"""How many of those that a stranger's search finds are looked at, the last stored."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)

FEED_COLUMNS = "feed.*, request.due_at, request.reason, request.not_before"
ENTRY_COLUMNS = """entry.*, feed.url AS feed_url, feed.title AS feed_title, feed.header AS feed_header,
    feed.private AS feed_private,
    feed.tags AS feed_tags, feed.rank AS feed_rank, feed.prefix AS feed_prefix,
    (SELECT count(*) FROM entry AS member WHERE member.story = entry.story
        AND member.withdrawn_at IS NULL) AS story_size"""


class Row(Protocol):
    """A row of a result, by names of columns."""

    def __getitem__(self, name: str, /) -> Any: ...


def to_ms(moment: datetime) -> int:
    """Write an aware datetime as milliseconds since 1970, rounded down."""
    return (moment - _EPOCH) // _MILLISECOND


def to_ms_up(moment: datetime) -> int:
    """Write an aware datetime as milliseconds since 1970, rounded up: a poll must not be early by any."""
    return -((_EPOCH - moment) // _MILLISECOND)


def to_ms_or_none(moment: datetime | None) -> int | None:
    """Write a datetime that may be missing."""
    return None if moment is None else to_ms(moment)


def from_ms(value: int) -> datetime:
    """Read milliseconds since 1970."""
    return _EPOCH + value * _MILLISECOND


def from_ms_or_none(value: int | None) -> datetime | None:
    """Read milliseconds that may be NULL."""
    return None if value is None else from_ms(value)


def to_json(adapter: TypeAdapter[Any], value: object) -> str:
    """Write a record or a list of records."""
    return _NONE if value == () else adapter.dump_json(value, exclude_defaults=True).decode()


def feed_state(row: Row) -> FeedState:
    """Read a row of FEED_COLUMNS."""
    header = HEADER.validate_json(row["header"])
    return FeedState(
        key=row["id"],
        url=row["url"],
        fetch_url=row["fetch_url"],
        title=row["title"] or header.title or row["url"],
        kind=row["kind"],
        enabled=bool(row["enabled"]),
        private=bool(row["private"]),
        tags=_words(row["tags"]),
        header=header,
        hints=HINTS.validate_json(row["hints"]),
        validators=Validators(row["etag"], row["last_modified"]),
        body_hash=row["body_hash"],
        naming=_naming(row),
        items=row["items"],
        entries=row["entries"],
        added_at=from_ms(row["added_at"]),
        last_poll=from_ms_or_none(row["last_poll"]),
        last_success=from_ms_or_none(row["last_success"]),
        last_new=from_ms_or_none(row["last_new"]),
        rhythm=rhythm(row),
        claimed=from_ms_or_none(row["claimed"]),
        restamped_at=from_ms_or_none(row["restamped_at"]),
        move=_move(row),
        asked_as=row["asked_as"],
        errors=row["errors"],
        failing_since=from_ms_or_none(row["failing_since"]),
        fresh_until=from_ms_or_none(row["fresh_until"]),
        error=row["error"],
        remedy=row["remedy"],
        gone=bool(row["gone"]),
        next_poll_at=from_ms_or_none(row["due_at"]),
        reason=row["reason"] or "",
        not_before=from_ms_or_none(row["not_before"] or None),
        gap=GAP.validate_json(row["gap"]) if row["gap"] else None,
        flood=FLOOD.validate_json(row["flood"]) if row["flood"] else None,
        gaps=row["gaps"],
        recovered=row["recovered"],
    )


def rhythm(row: Row) -> Rhythm:
    """Read a feed's rhythm from a row of `feed`."""
    return Rhythm(row["rhythm_entries"], row["rhythm_days"], from_ms_or_none(row["news_at"]))


def _naming(row: Row) -> Naming:
    since = from_ms_or_none(row["naming_since"])
    return Naming(NamedBy(row["naming"]), row["naming_reason"], since, row["naming_doubts"])


def _move(row: Row) -> Move | None:
    if row["moved_to"] is None:
        return None
    return Move(row["moved_to"], from_ms(row["moved_since"]), row["moved_times"])


def poll_line(row: Row) -> PollLine:
    """Read a row of poll_log."""
    return PollLine(
        at=from_ms(row["at"]),
        outcome=Outcome(row["outcome"]),
        status=row["status"],
        bytes=row["bytes"],
        elapsed=row["elapsed_ms"] / 1000,
        new=row["new"],
        updated=row["updated"],
        duplicates=row["duplicates"],
        error=row["error"],
        unconditional=bool(row["unconditional"]),
    )


def item(row: Row) -> Item:
    """Read what an entry's publisher says from a row of `entry`."""
    return Item(
        title=row["title"],
        link=row["link"],
        summary=row["summary"],
        content=row["content"],
        authors=_all(PERSONS, row["authors"]),
        contributors=_all(PERSONS, row["contributors"]),
        categories=_all(CATEGORIES, row["categories"]),
        enclosures=_all(ENCLOSURES, row["enclosures"]),
        thumbnail=row["thumbnail"],
        language=row["language"],
        rights=row["rights"],
        comments=row["comments"],
        source=HEADER.validate_json(row["source"]) if row["source"] else None,
    )


def _words(text: str) -> tuple[str, ...]:
    return () if text == _NONE else tuple(json.loads(text))


def _all(kind: TypeAdapter[tuple[_T, ...]], text: str) -> tuple[_T, ...]:
    return () if text == _NONE else kind.validate_json(text)  # most items have none


def entry(row: Row, sightings: Sequence[Sighting] = ()) -> Entry:
    """Read a row of ENTRY_COLUMNS."""
    return Entry(
        key=row["id"],
        id=row["atom_id"],
        item=item(row),
        published=from_ms(row["published"]),
        updated=from_ms(row["updated"]),
        first_seen=from_ms(row["first_seen"]),
        feed=row["feed_url"],
        source=_titled(HEADER.validate_json(row["feed_header"]), row["feed_title"]),
        private=bool(row["feed_private"]),
        tags=_words(row["feed_tags"]),
        rank=row["feed_rank"],
        prefix=row["feed_prefix"],
        canonical=row["canonical"],
        language=row["language"],
        story=row["story"],
        story_size=row["story_size"],
        revisions=row["revisions"],
        held=row["held"],
        sightings=tuple(sightings),
    )


def _titled(header: Header, configured: str | None) -> Header:
    return replace(header, title=configured) if configured else header


def item_columns(value: Item) -> dict[str, Any]:
    """Write what a publisher says as columns of `entry`."""
    return {
        "title": value.title,
        "link": value.link,
        "summary": value.summary,
        "content": value.content,
        "language": value.language,
        "rights": value.rights,
        "comments": value.comments,
        "thumbnail": value.thumbnail,
        "authors": to_json(PERSONS, value.authors),
        "contributors": to_json(PERSONS, value.contributors),
        "categories": to_json(CATEGORIES, value.categories),
        "enclosures": to_json(ENCLOSURES, value.enclosures),
        "source": to_json(HEADER, value.source) if value.source is not None else None,
    }


def sighting_columns(feed: FeedState, sight: Sight, now: datetime) -> list[Any]:
    """Write a sighting: feed, key, entry, guid, link, digest, first and last time, evidence."""
    candidate = sight.candidate
    return [
        *(feed.key, candidate.key, sight.entry, candidate.item.guid, candidate.item.link, candidate.digest),
        *(to_ms(now), to_ms(now), sight.evidence),
    ]


def known_entries(found: Iterable[Row]) -> Iterator[tuple[int, KnownEntry]]:
    """Read what judging needs of entries, by their keys."""
    names: dict[str, frozenset[str]] = {}
    for row in found:
        url = row["feed_url"]
        if url not in names:
            names[url] = names_of(url, row["fetch_url"], HEADER.validate_json(row["header"]))
        yield row["id"], _known_entry(row, names[url])


def _known_entry(row: Row, names: frozenset[str]) -> KnownEntry:
    source = HEADER.validate_json(row["source"]) if row["source"] else None
    return KnownEntry(
        key=row["id"],
        feed=row["feed_url"],
        item=Item(title=row["title"], link=row["link"], content=row["body"], source=source),
        digest=row["digest"],
        canonical=row["canonical"],
        content_key=row["content_key"],
        published=from_ms(row["published"]),
        updated=from_ms(row["updated"]),
        id=row["atom_id"],
        names=names,
        private=bool(row["feed_private"]),
        held=row["held"],
        here=tuple(json.loads(row["here"])),
        elsewhere=bool(row["elsewhere"]),
        left=bool(row["left"]),
    )


def lacking(row: Row) -> Lacking:
    """Read an entry with its article that is asked for."""
    return Lacking(
        entry=row["id"],
        feed=row["feed_url"],
        key=row["key"] or "",
        item=item(row),
        published=from_ms(row["published"]),
        updated=from_ms(row["updated"]),
        first_seen=from_ms(row["first_seen"]),
        held=row["held"],
        wait=Wait(row["article_url"], from_ms_or_none(row["oldest"]), Held(row["why"])),
        tries=row["tries"],
    )


def request(row: Row) -> Request:
    """Read a request with the row of its feed."""
    return Request(
        key=row["request_id"],
        kind=RequestKind(row["request_kind"]),
        feed=feed_state(row),
        host=row["request_host"],
        entry=row["request_entry"],
        page=row["request_page"] or "",
    )
