"""The queue (protocols.Requests)."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from itertools import islice
from typing import TYPE_CHECKING

from aggregator.decide.cadence import MAX_JITTER
from aggregator.store import rows, turning
from aggregator.store.rows import FEED_COLUMNS, from_ms, to_ms, to_ms_up

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator
    from datetime import datetime

    from aggregator.decide.cadence import NextPoll
    from aggregator.model import Request
    from aggregator.store.sql.session import Session

HELD = "SELECT host, count(*) AS count FROM request WHERE lease_until > %s GROUP BY host"
FREE = """NOT parked AND not_before <= %(now)s AND (lease_until IS NULL OR lease_until <= %(now)s)
      AND site NOT IN (SELECT name FROM site WHERE next_allowed_at > %(now)s)"""
# Read in the order of the due index and only as far as needed: hosts that have no place left are passed over here,
# so that thousands of due requests to one of them cost a look at the index, and keep nobody else waiting.
DUE = f"SELECT id, host FROM request WHERE due_at <= %(now)s AND {FREE} AND host <> ALL(%(full)s) ORDER BY due_at, id"
# What a writer holds just now is being rescheduled or parked: it is passed over, not waited for.
_TAKE = """
    UPDATE request SET lease_until = %(lease)s WHERE id IN (
        SELECT id FROM request WHERE {which} ORDER BY due_at, id LIMIT %(limit)s FOR UPDATE SKIP LOCKED)
    RETURNING id"""
_DROP_PAUSES = """
    DELETE FROM site WHERE name IN (SELECT name FROM site WHERE next_allowed_at <= %(now)s FOR UPDATE SKIP LOCKED)"""

_ALL = 2**62
_APART = timedelta(seconds=30)
"""How far apart a site's requests begin after a pause, at most."""


class SqlRequests:
    """Requests in a database."""

    def __init__(self, session: Session) -> None:
        self._db = session

    def claim_due(self, now: datetime, *, limit: int, lease: timedelta, per_host: int) -> list[Request]:
        self._db.claim()
        # Pauses that are over: each claim reads all that there are.
        self._db.beside(*drop_pauses(now))
        held = Counter({row["host"]: row["count"] for row in self._db.beside(HELD, [to_ms(now)])})
        chosen = list(islice(self._due(now, held, per_host), limit))
        return self._take(f"id = ANY(%(ids)s) AND due_at <= %(now)s AND {FREE}", now, lease, {"ids": chosen})

    def _due(self, now: datetime, held: Counter[str], per_host: int) -> Iterator[int]:
        """Yield due requests, the longest due first, while their hosts have a place left."""
        full = [host for host, count in held.items() if count >= per_host]
        for row in self._db.gradually(DUE, {"now": to_ms(now), "full": full}):
            if held[row["host"]] < per_host:
                held[row["host"]] += 1
                yield row["id"]

    def _take(
        self, which: str, now: datetime, lease: timedelta, values: dict[str, object], limit: int = _ALL
    ) -> list[Request]:
        values |= {"now": to_ms(now), "lease": to_ms(now + lease), "limit": limit}
        return self.by_keys(row["id"] for row in self._db.beside(_TAKE.format(which=which), values).fetchall())

    def claim(self, urls: Collection[str], now: datetime, *, lease: timedelta) -> list[Request]:
        self._db.claim()
        of_feeds = "kind = 'poll' AND feed IN (SELECT id FROM feed WHERE url = ANY(%(urls)s))"
        return self._take(f"{of_feeds} AND {FREE}", now, lease, {"urls": list(urls)})

    def claim_page(self, url: str, now: datetime, *, lease: timedelta) -> Request | None:
        self._db.claim()
        of_feed = "kind <> 'poll' AND feed = (SELECT id FROM feed WHERE url = %(url)s)"
        found = self._take(f"{of_feed} AND due_at <= %(now)s AND {FREE}", now, lease, {"url": url}, limit=1)
        return next(iter(found), None)

    def by_keys(self, ids: Iterable[int]) -> list[Request]:
        """Return requests by their numbers, the longest due first."""
        found = self._db.beside(
            f"""
            SELECT {FEED_COLUMNS}, request.id AS request_id, request.kind AS request_kind, request.host AS request_host,
                request.entry AS request_entry, article.url AS request_page
            FROM request JOIN feed ON feed.id = request.feed LEFT JOIN article ON article.entry = request.entry
            WHERE request.id = ANY(%s) ORDER BY request.due_at, request.id""",
            [list(ids)],
        )
        return [rows.request(row) for row in found]

    def reschedule(self, request: Request, then: NextPoll) -> None:
        self._db.execute(
            "UPDATE request SET due_at = %s, reason = %s, not_before = %s, lease_until = NULL WHERE id = %s",
            [
                None if then.at is None else to_ms_up(then.at),
                then.reason,
                0 if then.not_before is None else to_ms_up(then.not_before),
                request.key,
            ],
        )

    def give_back(self, requests: Collection[Request]) -> None:
        keys = [request.key for request in requests]
        self._db.execute("UPDATE request SET lease_until = NULL WHERE id = ANY(%s)", [keys])

    def hasten(self, reason: str, now: datetime, *, limit: int | None = None) -> None:
        self._db.execute(
            "UPDATE request SET due_at = %(now)s WHERE id IN (SELECT id FROM request WHERE reason = %(reason)s"
            " AND due_at > %(now)s ORDER BY due_at, id LIMIT %(limit)s)",
            {"reason": reason, "now": to_ms(now), "limit": _ALL if limit is None else limit},
        )

    def void_leases(self) -> None:
        self._db.execute("UPDATE request SET lease_until = NULL WHERE lease_until IS NOT NULL")

    def pause_site(self, site: str, until: datetime, reason: str) -> None:
        self._db.execute(
            """
            INSERT INTO site (name, next_allowed_at, reason) VALUES (%s, %s, %s) ON CONFLICT (name) DO UPDATE
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
            "SELECT id FROM request WHERE site = %s AND due_at < %s ORDER BY due_at, id", [site, until]
        ).fetchall()
        step = min(_APART, MAX_JITTER / max(len(due), 1)) // timedelta(milliseconds=1)
        self._db.executemany(
            "UPDATE request SET due_at = %s, reason = 'its site asked to be left alone' WHERE id = %s",
            [(until + step * place, row["id"]) for place, row in enumerate(due)],
        )

    def pauses(self, now: datetime) -> dict[str, datetime]:
        found = self._db.execute("SELECT name, next_allowed_at FROM site WHERE next_allowed_at > %s", [to_ms(now)])
        return {row["name"]: from_ms(row["next_allowed_at"]) for row in found}

    def turn_back(self, now: datetime) -> timedelta | None:
        by = turning.ahead(self._db.one(turning.LAST_POLL)["last_poll"], now)
        if by is not None:
            for statement in turning.statements(by, now):
                self._db.execute(statement)
        return by


def drop_pauses(now: datetime) -> tuple[str, dict[str, int]]:
    """Return the statement that forgets the pauses that are over."""
    return _DROP_PAUSES, {"now": to_ms(now)}
