"""Rows of what pages show and its types, for every backend."""

from __future__ import annotations

import json
from collections import defaultdict
from datetime import timedelta
from typing import TYPE_CHECKING

from aggregator.model import Outcome
from aggregator.store.pages import Facets, Others, Told
from aggregator.store.rows import from_ms

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date, datetime

    from aggregator.store.rows import Row

DAY = 86_400_000
"""Milliseconds."""
LATEST = 1 << 53, 1 << 53
"""Before the first entry of the river, in milliseconds and as a key."""
_LANGUAGES_OF = 1_000
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


LANGUAGES = f"""
    SELECT DISTINCT language FROM (
        SELECT language, feed FROM entry ORDER BY published DESC LIMIT {_LANGUAGES_OF}) AS newest
    JOIN feed ON feed.id = newest.feed WHERE language IS NOT NULL AND NOT feed.private"""  # noqa: S608 - our number
TAGS = "SELECT DISTINCT tags FROM feed WHERE position IS NOT NULL AND NOT private AND tags <> '[]'"
