"""Feeds' last documents (listings.Listings)."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from aggregator.decide.listing import is_as_listed
from aggregator.listings import to_text
from aggregator.store.rows import to_ms

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Collection
    from datetime import datetime

    from aggregator.listings import Line, Listing
    from aggregator.model import FeedState

_UNREAD = """
    SELECT sighting.id, sighting.key, sighting.digest, entry.canonical
    FROM sighting JOIN entry ON entry.id = sighting.entry
    WHERE sighting.feed = ? AND sighting.key IN (SELECT value FROM json_each(?))
      AND entry.feed = sighting.feed AND entry.held IS NULL"""


class SqliteListings:
    """Last documents in SQLite."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection

    def last(self, feed: FeedState) -> str | None:
        row = self._db.execute("SELECT value FROM listing WHERE feed = ?", [feed.key]).fetchone()
        return None if row is None else str(row["value"])

    def keep(self, feed: FeedState, listing: Listing) -> None:
        self._db.execute(
            "INSERT INTO listing (feed, value) VALUES (?, ?) ON CONFLICT (feed) DO UPDATE SET value = excluded.value",
            [feed.key, to_text(listing)],
        )

    def unread(self, feed: FeedState, lines: Collection[Line]) -> list[int] | None:
        if not lines:
            return []
        by_key = {line.key: line for line in lines}
        rows = self._db.execute(_UNREAD, [feed.key, json.dumps(list(by_key))]).fetchall()
        same = [row["id"] for row in rows if is_as_listed(by_key[row["key"]], row["digest"], row["canonical"])]
        return same if len(same) == len(lines) else None

    def sight(self, sightings: Collection[int], now: datetime) -> None:
        self._db.execute(
            "UPDATE sighting SET last_seen = ?, count = count + 1 WHERE id IN (SELECT value FROM json_each(?))",
            [to_ms(now), json.dumps(list(sightings))],
        )
