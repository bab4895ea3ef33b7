"""The queue (protocols.Requests)."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from aggregator.model import Request, RequestKind
from aggregator.store.sqlite.rows import FEED_COLUMNS, feed_state, from_ms, to_ms, to_ms_or_none

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Collection, Iterable
    from datetime import datetime, timedelta

    from aggregator.decide.cadence import NextPoll

# The due index gives the longest due first; the window function then keeps a few of each host, so that one
# slow host cannot take all the places. Looking at `limit` times 8 candidates bounds the work of a tick.
_CLAIM_DUE = """
    UPDATE request SET lease_until = :lease WHERE id IN (
        SELECT id FROM (
            SELECT id, due_at, row_number() OVER (PARTITION BY host ORDER BY due_at, id) AS place FROM (
                SELECT id, host, due_at FROM request
                WHERE due_at <= :now AND lease_until <= :now
                  AND host NOT IN (SELECT name FROM host WHERE next_allowed_at > :now)
                ORDER BY due_at LIMIT :limit * 8)
            ) WHERE place <= :per_host - (
                SELECT count(*) FROM request AS held
                WHERE held.host = (SELECT host FROM request AS own WHERE own.id = id) AND held.lease_until > :now)
        ORDER BY due_at, id LIMIT :limit)
    RETURNING id"""


class SqliteRequests:
    """Requests in SQLite."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection

    def claim_due(self, now: datetime, *, limit: int, lease: timedelta, per_host: int) -> list[Request]:
        numbers = {"now": to_ms(now), "lease": to_ms(now + lease), "limit": limit, "per_host": per_host}
        return self._requests(row["id"] for row in self._db.execute(_CLAIM_DUE, numbers).fetchall())

    def claim(self, urls: Collection[str], now: datetime, *, lease: timedelta) -> list[Request]:
        rows = self._db.execute(
            """
            UPDATE request SET lease_until = ? WHERE lease_until <= ? AND not_before <= ? AND kind = 'poll'
              AND feed IN (SELECT id FROM feed WHERE url IN (SELECT value FROM json_each(?)))
              AND host NOT IN (SELECT name FROM host WHERE next_allowed_at > ?)
            RETURNING id""",
            [to_ms(now + lease), to_ms(now), to_ms(now), json.dumps(list(urls)), to_ms(now)],
        ).fetchall()
        return self._requests(row["id"] for row in rows)

    def _requests(self, ids: Iterable[int]) -> list[Request]:
        rows = self._db.execute(
            f"""
            SELECT {FEED_COLUMNS}, request.id AS request_id, request.kind AS request_kind, request.host AS request_host
            FROM request JOIN feed ON feed.id = request.feed
            WHERE request.id IN (SELECT value FROM json_each(?)) ORDER BY request.due_at, request.id""",
            [json.dumps(list(ids))],
        )
        return [
            Request(row["request_id"], RequestKind(row["request_kind"]), feed_state(row), row["request_host"])
            for row in rows
        ]

    def reschedule(self, request: Request, then: NextPoll) -> None:
        self._db.execute(
            "UPDATE request SET due_at = ?, reason = ?, not_before = ?, lease_until = 0 WHERE id = ?",
            [to_ms_or_none(then.at), then.reason, to_ms_or_none(then.not_before) or 0, request.key],
        )

    def give_back(self, requests: Collection[Request]) -> None:
        self._db.executemany(
            "UPDATE request SET lease_until = 0 WHERE id = ?", [(request.key,) for request in requests]
        )

    def void_leases(self) -> None:
        self._db.execute("UPDATE request SET lease_until = 0 WHERE lease_until > 0")

    def pause_host(self, host: str, until: datetime, reason: str) -> None:
        self._db.execute(
            """
            INSERT INTO host (name, next_allowed_at, reason) VALUES (?, ?, ?) ON CONFLICT (name) DO UPDATE
            SET next_allowed_at = excluded.next_allowed_at, reason = excluded.reason
            WHERE excluded.next_allowed_at > host.next_allowed_at""",
            [host, to_ms(until), reason],
        )

    def paused_until(self, host: str, now: datetime) -> datetime | None:
        row = self._db.execute(
            "SELECT next_allowed_at FROM host WHERE name = ? AND next_allowed_at > ?", [host, to_ms(now)]
        ).fetchone()
        return None if row is None else from_ms(row["next_allowed_at"])
