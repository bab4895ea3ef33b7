"""Requests on their way through a fleet's queue of jobs: claimed by one process, carried out by another."""

from __future__ import annotations

from collections import defaultdict
from itertools import islice
from typing import TYPE_CHECKING

from aggregator.store.fleet import Fleet
from aggregator.store.rows import to_ms
from aggregator.store.sql.requests import DUE, FREE, HELD, SqlRequests, drop_pauses

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator
    from datetime import datetime

    from aggregator.model import Request
    from aggregator.store.postgres.connection import Connection
    from aggregator.store.postgres.session import Session

_QUEUED = "SELECT queueing_lock AS host FROM procrastinate_jobs WHERE status = 'todo' AND queueing_lock IS NOT NULL"
# What a host has due is read by an index of its own, and only as far as its job reaches: a host may have thousands.
_FIRST = f"""
    SELECT first.id FROM unnest(%(hosts)s::text[]) AS wanted CROSS JOIN LATERAL (
        SELECT id, due_at FROM request WHERE host = wanted AND due_at <= %(now)s AND {FREE}
        ORDER BY due_at, id LIMIT %(per_host)s) AS first
    ORDER BY first.due_at, first.id LIMIT %(most)s"""
# Given as constants: for a subquery, the planner may choose to look at all requests for each host.
_TAKE = f"""
    UPDATE request SET lease_until = %(lease)s WHERE id IN (
        SELECT id FROM request WHERE id = ANY(%(ids)s) AND due_at <= %(now)s AND {FREE} FOR UPDATE SKIP LOCKED)
    RETURNING id, host"""
_STATE = """
    SELECT
        (SELECT count(*) FROM procrastinate_workers
            WHERE last_heartbeat > now() - make_interval(secs => %s)) AS workers,
        count(*) FILTER (WHERE status = 'todo') AS waiting, count(*) FILTER (WHERE status = 'doing') AS running,
        count(*) FILTER (WHERE status IN ('todo', 'doing') AND attempts > 0) AS again,
        count(*) FILTER (WHERE status = 'failed') AS failed
    FROM procrastinate_jobs"""
DEAD_AFTER = 20.0
"""Seconds without a heartbeat after which a worker is taken for dead."""


class PostgresQueue:
    """Claims for jobs, each of which carries what is due of one host.

    A claim is known by its requests' keys and the moment at which its lease ends: a job that is run twice, because the
    process that had it seemed dead, finds only what is left of it.
    """

    def __init__(self, session: Session, requests: SqlRequests) -> None:
        self._db, self._requests = session, requests

    def prepare(self, schema: str) -> None:
        """Make the tables of the queue where there are none."""
        self._db.claim()
        if not self._is_there():
            self._db.beside(schema)

    def _is_there(self) -> bool:
        return self._db.beside("SELECT to_regclass('procrastinate_jobs') AS jobs").fetchone() != {"jobs": None}

    def state(self) -> Fleet | None:
        """Return how workers and their jobs do (protocols.Transaction.fleet)."""
        if not self._is_there():
            return None
        (row,) = self._db.beside(_STATE, [DEAD_AFTER])
        return Fleet(**row)

    def under_way(self, now: datetime) -> int:
        """Count the requests that are held."""
        return sum(row["count"] for row in self._db.beside(HELD, [to_ms(now)]))

    def claim(self, now: datetime, until: datetime, *, hosts: int, per_host: int, most: int) -> dict[str, list[int]]:
        """Take due requests of hosts none of whose requests are held or queued, longest due first.

        Of so many hosts at most, and `per_host` of each, and `most` in all. Return their keys by host; their leases
        end at `until`.
        """
        self._db.claim()
        self._db.beside(*drop_pauses(now))
        moment, chosen = {"now": to_ms(now)}, list(islice(self._idle(now), hosts))
        first = self._db.beside(_FIRST, moment | {"hosts": chosen, "per_host": per_host, "most": most})
        ids = [row["id"] for row in first]
        taken = self._db.beside(_TAKE, moment | {"lease": to_ms(until), "ids": ids})
        claimed: dict[str, list[int]] = defaultdict(list)
        for row in taken:
            claimed[row["host"]].append(row["id"])
        return claimed

    def _idle(self, now: datetime) -> Iterator[str]:
        """Yield hosts that have requests due and none on their way, the longest due first."""
        busy = {row["host"] for row in self._db.beside(HELD, [to_ms(now)])}
        busy |= {row["host"] for row in self._db.beside(_QUEUED)}
        for row in self._db.gradually(DUE, {"now": to_ms(now), "full": list(busy)}):
            if row["host"] not in busy:
                busy.add(row["host"])
                yield row["host"]

    def claimed(self, keys: Collection[int], lease: int) -> list[Request]:
        """Return what is left of a claim; `lease`: when it ends, in milliseconds since 1970."""
        left = self._db.beside("SELECT id FROM request WHERE id = ANY(%s) AND lease_until = %s", [list(keys), lease])
        return self._requests.by_keys(row["id"] for row in left.fetchall())

    def defer(self, work: Callable[[Connection], None]) -> None:
        """Let the queue put its jobs where the claims are: both, or neither."""
        self._db.beside_with(work)

    def waiting(self, queue: str) -> int:
        """Count the jobs that wait in a queue."""
        counted = self._db.beside(
            "SELECT count(*) AS count FROM procrastinate_jobs WHERE status = 'todo' AND queue_name = %s", [queue]
        )
        return sum(row["count"] for row in counted)
