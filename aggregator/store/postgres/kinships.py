"""What of kinships is PostgreSQL's own (store.sql.kinships)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aggregator.store.sql.kinships import SqlKinships

if TYPE_CHECKING:
    from datetime import datetime


class PostgresKinships(SqlKinships):
    """Kinships in PostgreSQL, where an entry's words are a column of its own."""

    def withdraw(self, key: int, now: datetime) -> None:
        super().withdraw(key, now)
        self._db.execute("UPDATE entry SET search = '' WHERE id = %s", [key])
