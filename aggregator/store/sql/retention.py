"""Texts that nobody lists any more (store.retention.Retention)."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from aggregator.store.rows import to_ms

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from aggregator.store.sql.entries import SqlEntries
    from aggregator.store.sql.session import Session

_OLD = """
    SELECT id FROM entry
    WHERE id > %(after)s AND first_seen < %(before)s AND (text <> '' OR summary IS NOT NULL OR content IS NOT NULL)
      AND withdrawn_at IS NULL AND id <> ALL(%(kept)s)
      AND NOT EXISTS (SELECT 1 FROM sighting WHERE sighting.entry = entry.id AND last_seen >= %(before)s)
      AND NOT EXISTS (SELECT 1 FROM release WHERE release.entry = entry.id AND released_at >= %(released_since)s)
    ORDER BY id LIMIT %(limit)s"""


class SqlRetention:
    """Retention in a database."""

    also = ""
    """What else of an entry is its text, set to something else, in SQL."""
    without_text: ClassVar[str]
    """An article's page without its text, in SQL."""

    def __init__(self, session: Session, entries: SqlEntries) -> None:
        self._db = session
        self._entries = entries

    def forget(
        self, before: datetime, *, released_since: datetime, kept: Collection[int], after: int, limit: int
    ) -> list[int]:
        moments = {"before": to_ms(before), "released_since": to_ms(released_since)}
        found = self._db.execute(_OLD, moments | {"after": after, "limit": limit, "kept": list(kept)})
        keys = [row["id"] for row in found]
        self._drop(keys)
        return keys

    def _drop(self, keys: list[int]) -> None:
        self._entries.leave_index(keys)
        self._db.execute(
            f"UPDATE entry SET summary = NULL, content = NULL, text = ''{self.also} WHERE id = ANY(%s)", [keys]
        )
        self._entries.enter_index(keys)
        for table in ("revision", "vector"):
            self._db.execute(f"DELETE FROM {table} WHERE entry = ANY(%s)", [keys])
        self._db.execute(
            f"UPDATE article SET page = {self.without_text} WHERE page IS NOT NULL AND entry = ANY(%s)", [keys]
        )
