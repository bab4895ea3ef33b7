"""The queue (protocols.Requests)."""

from __future__ import annotations

import json
from collections import Counter
from datetime import timedelta
from itertools import islice
from typing import TYPE_CHECKING

from aggregator.decide.cadence import MAX_JITTER
from aggregator.store import rows, turning
from aggregator.store.rows import FEED_COLUMNS, from_ms, to_ms, to_ms_up

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Collection, Iterable, Iterator
    from datetime import datetime

    from aggregator.decide.cadence import NextPoll
    from aggregator.model import Request

_HELD = "SELECT host, count(*) AS count FROM request WHERE lease_until > ? GROUP BY host"
# Read in the order of the due index and only as far as needed: hosts that have no place left are passed over here,
# so that thousands of due requests to one of them cost a look at the index, and keep nobody else waiting.
_DUE = """
    SELECT id, host FROM request
    WHERE due_at <= :now AND NOT parked AND not_before <= :now AND (lease_until IS NULL OR lease_until <= :now)
      AND site NOT IN (SELECT name FROM site WHERE next_allowed_at > :now)
      AND host NOT IN (SELECT value FROM json_each(:full))
    ORDER BY due_at, id"""

_APART = timedelta(seconds=30)
"""How far apart a site's requests begin after a pause, at most."""


class SqliteRequests:
    """Requests in SQLite."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection

    def claim_due(self, now: datetime, *, limit: int, lease: timedelta, per_host: int) -> list[Request]:
        # Pauses that are over: each claim reads all that there are.
        self._db.execute("DELETE FROM site WHERE next_allowed_at <= ?", [to_ms(now)])
        held = Counter({row["host"]: row["count"] for row in self._db.execute(_HELD, [to_ms(now)])})
        chosen = list(islice(self._due(now, held, per_host), limit))
        self._db.execute(
            "UPDATE request SET lease_until = ? WHERE id IN (SELECT value FROM json_each(?))",
            [to_ms(now + lease), json.dumps(chosen)],
        )
        return self.by_keys(chosen)

    def _due(self, now: datetime, held: Counter[str], per_host: int) -> Iterator[int]:
        """Yield due requests, the longest due first, while their hosts have a place left."""
        full = [host for host, count in held.items() if count >= per_host]
        for row in self._db.execute(_DUE, {"now": to_ms(now), "full": json.dumps(full)}):
            if held[row["host"]] < per_host:
                held[row["host"]] += 1
                yield row["id"]

    def claim(self, urls: Collection[str], now: datetime, *, lease: timedelta) -> list[Request]:
        rows = self._db.execute(
            """
            UPDATE request SET lease_until = :lease
            WHERE kind = 'poll' AND NOT parked AND not_before <= :now AND (lease_until IS NULL OR lease_until <= :now)
              AND feed IN (SELECT id FROM feed WHERE url IN (SELECT value FROM json_each(:urls)))
              AND site NOT IN (SELECT name FROM site WHERE next_allowed_at > :now)
            RETURNING id""",
            {"now": to_ms(now), "lease": to_ms(now + lease), "urls": json.dumps(list(urls))},
        ).fetchall()
        return self.by_keys(row["id"] for row in rows)

    def claim_page(self, url: str, now: datetime, *, lease: timedelta) -> Request | None:
        found = self._db.execute(
            """
            UPDATE request SET lease_until = :lease WHERE id = (
                SELECT id FROM request
                WHERE feed = (SELECT id FROM feed WHERE url = :url) AND kind <> 'poll' AND due_at <= :now
                  AND NOT parked AND not_before <= :now AND (lease_until IS NULL OR lease_until <= :now)
                  AND site NOT IN (SELECT name FROM site WHERE next_allowed_at > :now)
                ORDER BY due_at, id LIMIT 1)
            RETURNING id""",
            {"now": to_ms(now), "lease": to_ms(now + lease), "url": url},
        ).fetchall()
        return next(iter(self.by_keys(row["id"] for row in found)), None)

    def by_keys(self, ids: Iterable[int]) -> list[Request]:
        """Return requests by their numbers, the longest due first."""
        found = self._db.execute(
            f"""
            SELECT {FEED_COLUMNS}, request.id AS request_id, request.kind AS request_kind, request.host AS request_host,
                request.entry AS request_entry, article.url AS request_page
            FROM request JOIN feed ON feed.id = request.feed LEFT JOIN article ON article.entry = request.entry
            WHERE request.id IN (SELECT value FROM json_each(?)) ORDER BY request.due_at, request.id""",
            [json.dumps(list(ids))],
        )
        return [rows.request(row) for row in found]

    def reschedule(self, request: Request, then: NextPoll) -> None:
        self._db.execute(
            "UPDATE request SET due_at = ?, reason = ?, not_before = ?, lease_until = NULL WHERE id = ?",
            [
                None if then.at is None else to_ms_up(then.at),
                then.reason,
                0 if then.not_before is None else to_ms_up(then.not_before),
                request.key,
            ],
        )

    def give_back(self, requests: Collection[Request]) -> None:
        self._db.executemany(
            "UPDATE request SET lease_until = NULL WHERE id = ?", [(request.key,) for request in requests]
        )

    def hasten(self, reason: str, now: datetime, *, limit: int | None = None) -> None:
        self._db.execute(
            "UPDATE request SET due_at = :now WHERE id IN"
            " (SELECT id FROM request WHERE reason = :reason AND due_at > :now ORDER BY due_at, id LIMIT :limit)",
            {"reason": reason, "now": to_ms(now), "limit": -1 if limit is None else limit},
        )

    def void_leases(self) -> None:
        self._db.execute("UPDATE request SET lease_until = NULL WHERE lease_until IS NOT NULL")

    def pause_site(self, site: str, until: datetime, reason: str) -> None:
        self._db.execute(
            """
            INSERT INTO site (name, next_allowed_at, reason) VALUES (?, ?, ?) ON CONFLICT (name) DO UPDATE
            SET next_allowed_at = excluded.next_allowed_at, reason = excluded.reason
            WHERE excluded.next_allowed_at > site.next_allowed_at""",
            [site, to_ms_up(until), reason],
        )
        self._spread(site, to_ms_up(until))

    def _spread(self, site: str, until: int) -> None:
        """Put what would be due in a pause after it, one after the other: all at its end would be a stampede.

        Soon after it, though: a source that is refused at every poll must not keep the others from their turn.
        """
        due = self._db.execute(
            "SELECT id FROM request WHERE site = ? AND due_at < ? ORDER BY due_at, id", [site, until]
        ).fetchall()
        step = min(_APART, MAX_JITTER / max(len(due), 1)) // timedelta(milliseconds=1)
        self._db.executemany(
            "UPDATE request SET due_at = ?, reason = 'its site asked to be left alone' WHERE id = ?",
            [(until + step * place, row["id"]) for place, row in enumerate(due)],
        )

    def pauses(self, now: datetime) -> dict[str, datetime]:
        rows = self._db.execute("SELECT name, next_allowed_at FROM site WHERE next_allowed_at > ?", [to_ms(now)])
        return {row["name"]: from_ms(row["next_allowed_at"]) for row in rows}

    def turn_back(self, now: datetime) -> timedelta | None:
        by = turning.ahead(self._db.execute(turning.LAST_POLL).fetchone()["last_poll"], now)
        if by is not None:
            for statement in turning.statements(by, now):
                self._db.execute(statement)
        return by
