"""Remote lists of sources (store.lists.Lists)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aggregator.store.list_rows import list_columns, list_state
from aggregator.store.rows import to_ms

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from aggregator.decide.lists import ListState
    from aggregator.store.sql.session import Session


class SqlLists:
    """Lists in a database."""

    def __init__(self, session: Session) -> None:
        self._db = session

    def sync(self, lists: Mapping[str, bool], now: datetime) -> None:
        self._db.execute("UPDATE list SET due_at = %s WHERE position IS NULL AND due_at IS NULL", [to_ms(now)])
        self._db.execute("UPDATE list SET position = NULL")
        self._db.executemany(
            "INSERT INTO list (address, position, private, due_at, reason) VALUES (%s, %s, %s, %s, 'never read')"
            " ON CONFLICT (address) DO UPDATE SET position = excluded.position, private = excluded.private",
            [(address, place, private, to_ms(now)) for place, (address, private) in enumerate(lists.items())],
        )

    def get(self, address: str) -> ListState | None:
        row = self._db.execute("SELECT * FROM list WHERE address = %s", [address]).fetchone()
        return None if row is None else list_state(row)

    def all(self) -> list[ListState]:
        return [
            list_state(row)
            for row in self._db.execute("SELECT * FROM list WHERE position IS NOT NULL ORDER BY position")
        ]

    def record(self, state: ListState) -> None:
        columns = list_columns(state)
        assignments = ", ".join(f"{name} = %s" for name in columns)
        self._db.execute(f"UPDATE list SET {assignments} WHERE address = %s", [*columns.values(), state.address])
