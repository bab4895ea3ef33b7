"""Rows of what pages show and its types, for every backend."""

from __future__ import annotations

import json
from collections import defaultdict
from datetime import timedelta
from typing import TYPE_CHECKING

from aggregator.model import FeedState, Outcome
from aggregator.store.pages import Facets, Others, Told
from aggregator.store.rows import from_ms, from_ms_or_none, rhythm

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date, datetime

    from aggregator.store.rows import Row

DAY = 86_400_000
"""Milliseconds."""
LATEST = 1 << 53, 1 << 53
"""Before the first entry of the river, in milliseconds and as a key."""
_LANGUAGES_OF = 400
"""Entries whose languages can be chosen, the newest."""


def told(row: Row) -> Told:
    """Read an entry, in short."""
    return Told(
        key=row["id"],
        id=row["atom_id"],
        own=row["founds"],
        story=row["story"],
        title=row["title"],
        link=row["link"],
        text=row["shown"] or "",
        published=from_ms(row["published"]),
        language=row["language"],
        source=row["source"],
        feed=row["feed_url"],
        prefix=row["prefix"],
    )


def others(rows: Iterable[Row]) -> dict[int, Others]:
    """Read what else there is on stories, an entry a row, each with its lead and their number."""
    counts: dict[int, int] = {}
    found: dict[int, list[Told]] = defaultdict(list)
    for row in rows:
        counts[row["lead"]] = row["count"]
        found[row["lead"]].append(told(row))
    return {lead: Others(counts[lead], tuple(first)) for lead, first in found.items()}


def facets(tags: Iterable[Row], languages: Iterable[Row]) -> Facets:
    """Read what can be asked for: lists of tags as JSON, and languages."""
    words = {word for row in tags for word in json.loads(row["tags"])}
    return Facets(tuple(sorted(words)), tuple(row["language"] for row in languages))


def days(rows: Iterable[Row]) -> dict[int, dict[date, int]]:
    """Read counts by feed and by days since 1970."""
    found: dict[int, dict[date, int]] = defaultdict(dict)
    for row in rows:
        day = (from_ms(0) + timedelta(days=row["day"])).date()
        found[row["feed"]][day] = row["count"]
    return dict(found)


def polls(rows: Iterable[Row]) -> dict[int, list[tuple[datetime, Outcome]]]:
    """Read lines of the poll log by feed."""
    found: dict[int, list[tuple[datetime, Outcome]]] = defaultdict(list)
    for row in rows:
        found[row["feed"]].append((from_ms(row["at"]), Outcome(row["outcome"])))
    return dict(found)


def standing(row: Row) -> FeedState:
    """Read of a source what its state is made of, by STANDINGS."""
    return FeedState(
        key=row["id"],
        url=row["url"],
        fetch_url="",
        enabled=bool(row["enabled"]),
        gone=bool(row["gone"]),
        errors=row["errors"],
        added_at=from_ms(row["added_at"]),
        last_success=from_ms_or_none(row["last_success"]),
        restamped_at=from_ms_or_none(row["restamped_at"]),
        rhythm=rhythm(row),
        reason=row["reason"] or "",
    )


STANDINGS = """
    SELECT feed.id, feed.url, feed.enabled, feed.gone, feed.errors, feed.added_at, feed.last_success, feed.restamped_at,
        feed.rhythm_entries, feed.rhythm_days, feed.news_at, request.reason
    FROM feed LEFT JOIN request ON request.feed = feed.id AND request.kind = 'poll' AND NOT request.parked
    WHERE feed.position IS NOT NULL ORDER BY feed.position"""
LANGUAGES = f"""
    SELECT DISTINCT language FROM (
        SELECT language, feed FROM entry ORDER BY published DESC LIMIT {_LANGUAGES_OF}) AS newest
    JOIN feed ON feed.id = newest.feed WHERE language IS NOT NULL AND NOT feed.private"""  # noqa: S608 - our number
TAGS = "SELECT DISTINCT tags FROM feed WHERE position IS NOT NULL AND NOT private AND tags <> '[]'"
