"""Remote lists of sources (store.lists.Lists)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import TypeAdapter

from aggregator.decide.lists import ListState, Remark, Subscription
from aggregator.model import Validators
from aggregator.store.sqlite.rows import from_ms_or_none, to_json, to_ms, to_ms_or_none, to_ms_up

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping
    from datetime import datetime

_FEEDS = TypeAdapter(tuple[Subscription, ...])
_REMARKS = TypeAdapter(tuple[Remark, ...])


class SqliteLists:
    """Lists in SQLite."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection

    def sync(self, lists: Mapping[str, bool], now: datetime) -> None:
        self._db.execute("UPDATE list SET due_at = ? WHERE position IS NULL AND due_at IS NULL", [to_ms(now)])
        self._db.execute("UPDATE list SET position = NULL")
        self._db.executemany(
            "INSERT INTO list (address, position, private, due_at, reason) VALUES (?, ?, ?, ?, 'never read')"
            " ON CONFLICT (address) DO UPDATE SET position = excluded.position, private = excluded.private",
            [(address, place, int(private), to_ms(now)) for place, (address, private) in enumerate(lists.items())],
        )

    def get(self, address: str) -> ListState | None:
        row = self._db.execute("SELECT * FROM list WHERE address = ?", [address]).fetchone()
        return None if row is None else _state(row)

    def all(self) -> list[ListState]:
        return [
            _state(row) for row in self._db.execute("SELECT * FROM list WHERE position IS NOT NULL ORDER BY position")
        ]

    def record(self, state: ListState) -> None:
        columns = {
            "title": state.title,
            "feeds": to_json(_FEEDS, state.feeds),
            "remarks": to_json(_REMARKS, state.remarks),
            "etag": state.validators.etag,
            "last_modified": state.validators.last_modified,
            "body_hash": state.body_hash,
            "last_poll": to_ms_or_none(state.last_poll),
            "last_success": to_ms_or_none(state.last_success),
            "errors": state.errors,
            "failing_since": to_ms_or_none(state.failing_since),
            "error": state.error,
            "remedy": state.remedy,
            "due_at": None if state.next_at is None else to_ms_up(state.next_at),
            "reason": state.reason,
            "not_before": None if state.not_before is None else to_ms_up(state.not_before),
        }
        assignments = ", ".join(f"{name} = ?" for name in columns)
        self._db.execute(f"UPDATE list SET {assignments} WHERE address = ?", [*columns.values(), state.address])


def _state(row: sqlite3.Row) -> ListState:
    return ListState(
        address=row["address"],
        private=bool(row["private"]),
        title=row["title"],
        feeds=_FEEDS.validate_json(row["feeds"]),
        remarks=_REMARKS.validate_json(row["remarks"]),
        validators=Validators(row["etag"], row["last_modified"]),
        body_hash=row["body_hash"],
        last_poll=from_ms_or_none(row["last_poll"]),
        last_success=from_ms_or_none(row["last_success"]),
        errors=row["errors"],
        failing_since=from_ms_or_none(row["failing_since"]),
        error=row["error"],
        remedy=row["remedy"],
        next_at=from_ms_or_none(row["due_at"]),
        reason=row["reason"],
        not_before=from_ms_or_none(row["not_before"]),
    )
