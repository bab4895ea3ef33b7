"""Feeds' last documents (listings.Listings)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aggregator.decide.listing import is_as_listed
from aggregator.listings import to_text
from aggregator.store.rows import to_ms

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from aggregator.listings import Line, Listing
    from aggregator.model import FeedState
    from aggregator.store.sql.session import Session

_UNREAD = """
    SELECT sighting.id, sighting.key, sighting.digest, entry.canonical
    FROM sighting JOIN entry ON entry.id = sighting.entry
    WHERE sighting.feed = %s AND {of_keys}
      AND entry.feed = sighting.feed AND entry.held IS NULL"""


class SqlListings:
    """Last documents in a database."""

    def __init__(self, session: Session) -> None:
        self._db = session

    def last(self, feed: FeedState) -> str | None:
        row = self._db.execute("SELECT value FROM listing WHERE feed = %s", [feed.key]).fetchone()
        return None if row is None else str(row["value"])

    def keep(self, feed: FeedState, listing: Listing) -> None:
        self._db.execute(
            "INSERT INTO listing (feed, value) VALUES (%s, %s) ON CONFLICT (feed) DO UPDATE SET value = excluded.value",
            [feed.key, to_text(listing)],
        )

    def unread(self, feed: FeedState, lines: Collection[Line]) -> list[int] | None:
        if not lines:
            return []
        by_key = {line.key: line for line in lines}
        unread = _UNREAD.format(of_keys=self._db.among("sighting.key"))
        rows = self._db.execute(unread, [feed.key, self._db.names(by_key)]).fetchall()
        same = [row["id"] for row in rows if is_as_listed(by_key[row["key"]], row["digest"], row["canonical"])]
        return same if len(same) == len(lines) else None

    def sight(self, sightings: Collection[int], now: datetime) -> None:
        self._db.execute(
            "UPDATE sighting SET last_seen = %s, count = count + 1 WHERE id = ANY(%s)",
            [to_ms(now), list(sightings)],
        )
