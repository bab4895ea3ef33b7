"""Texts that nobody lists any more (store.retention.Retention)."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from aggregator.store.rows import to_ms

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Collection
    from datetime import datetime

_OLD = """
    SELECT id FROM entry
    WHERE id > :after AND first_seen < :before AND (text <> '' OR summary IS NOT NULL OR content IS NOT NULL)
      AND withdrawn_at IS NULL AND id NOT IN (SELECT value FROM json_each(:kept))
      AND NOT EXISTS (SELECT 1 FROM sighting WHERE sighting.entry = entry.id AND last_seen >= :before)
      AND NOT EXISTS (SELECT 1 FROM release WHERE release.entry = entry.id AND released_at >= :released_since)
    ORDER BY id LIMIT :limit"""
_THESE = "IN (SELECT value FROM json_each(?))"


class SqliteRetention:
    """Retention in SQLite."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection

    def forget(
        self, before: datetime, *, released_since: datetime, kept: Collection[int], after: int, limit: int
    ) -> list[int]:
        moments = {"before": to_ms(before), "released_since": to_ms(released_since)}
        found = self._db.execute(_OLD, moments | {"after": after, "limit": limit, "kept": json.dumps(list(kept))})
        keys = [row["id"] for row in found]
        self._drop([json.dumps(keys)])
        return keys

    def _drop(self, these: list[str]) -> None:
        self._db.execute(
            "INSERT INTO entry_fts (entry_fts, rowid, title, text)"
            f" SELECT 'delete', id, title, text FROM entry WHERE id {_THESE}",
            these,
        )
        self._db.execute(f"UPDATE entry SET summary = NULL, content = NULL, text = '' WHERE id {_THESE}", these)
        self._db.execute(
            f"INSERT INTO entry_fts (rowid, title, text) SELECT id, title, text FROM entry WHERE id {_THESE}", these
        )
        for table in ("revision", "vector"):
            self._db.execute(f"DELETE FROM {table} WHERE entry {_THESE}", these)
        self._db.execute(
            "UPDATE article SET page = json_set(page, '$.content', NULL, '$.text', '')"
            f" WHERE page IS NOT NULL AND entry {_THESE}",
            these,
        )
