"""Gaps, floods and archive requests (protocols.Gaps)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aggregator.decide.gaps import Mark
from aggregator.model import Held, RequestKind
from aggregator.store.feed_columns import place_of
from aggregator.store.rows import FLOOD, GAP, from_ms_or_none, to_json, to_ms

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from aggregator.losses import Flood, Gap
    from aggregator.model import FeedState
    from aggregator.store.sql.session import Session


class SqlGaps:
    """Gaps in a database."""

    def __init__(self, session: Session) -> None:
        self._db = session

    def last_listed(self, feed: FeedState) -> list[Mark]:
        # An entry without a date has the time at which it was first seen.
        rows = self._db.execute(
            """
            SELECT coalesce(guid, sighting.link, '') AS name, title, nullif(published, entry.first_seen) AS dated
            FROM sighting JOIN entry ON entry.id = sighting.entry
            WHERE sighting.feed = %(feed)s
              AND sighting.last_seen = (SELECT max(last_seen) FROM sighting WHERE feed = %(feed)s)""",
            {"feed": feed.key},
        )
        return [Mark(row["name"], row["title"], from_ms_or_none(row["dated"])) for row in rows]

    def listed_by(self, feed: FeedState, keys: Collection[str], moment: datetime) -> set[str]:
        rows = self._db.execute(
            f"SELECT key FROM sighting WHERE feed = %s AND first_seen <= %s AND {self._db.among('key')}",
            [feed.key, to_ms(moment), self._db.names(keys)],
        )
        return {row["key"] for row in rows}

    def flooded(self, feed: FeedState) -> set[int]:
        rows = self._db.execute(
            "SELECT entry.id FROM sighting JOIN entry ON entry.id = sighting.entry"
            " WHERE sighting.feed = %s AND entry.held = %s",
            [feed.key, Held.FLOOD.value],
        )
        return {row["id"] for row in rows}

    def note(self, feed: FeedState, gap: Gap, *, noticed: bool = False, recovered: int = 0) -> None:
        self._db.execute(
            "UPDATE feed SET gap = %s, gaps = gaps + %s, recovered = recovered + %s WHERE id = %s",
            [to_json(GAP, gap), int(noticed), recovered, feed.key],
        )

    def note_flood(self, feed: FeedState, flood: Flood | None) -> None:
        kept = to_json(FLOOD, flood) if flood is not None else None
        self._db.execute("UPDATE feed SET flood = %s WHERE id = %s", [kept, feed.key])

    def ask(self, feed: FeedState, page: str, now: datetime, reason: str) -> None:
        self._db.execute(
            """
            INSERT INTO request (kind, feed, host, site, due_at, reason) VALUES (%s, %s, %s, %s, %s, %s)
            ON CONFLICT (feed, kind, entry) DO UPDATE SET
                not_before = CASE request.host WHEN excluded.host THEN request.not_before ELSE 0 END,
                host = excluded.host, site = excluded.site, due_at = excluded.due_at, reason = excluded.reason""",
            [RequestKind.ARCHIVE.value, feed.key, *place_of(page), to_ms(now), reason],
        )

    def drop(self, feed: FeedState) -> None:
        self._db.execute("DELETE FROM request WHERE feed = %s AND kind = %s", [feed.key, RequestKind.ARCHIVE.value])
