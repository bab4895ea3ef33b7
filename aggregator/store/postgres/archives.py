"""Releases by month (archives.Archives)."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from aggregator.decide.months import bounds, month_of
from aggregator.store.archives import Additions, Month, Place
from aggregator.store.rows import from_ms, to_ms

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from aggregator.model import Entry
    from aggregator.store.postgres.entries import PostgresEntries
    from aggregator.store.postgres.session import Session

_MONTHS = """
    WITH RECURSIVE month(until) AS (
        SELECT 0::bigint
        UNION ALL
        SELECT (1000 * extract(epoch FROM (date_trunc('month', to_timestamp((
            SELECT released_at FROM release WHERE output = %(output)s AND released_at >= until
            ORDER BY released_at LIMIT 1) / 1000.0) AT TIME ZONE 'UTC') + interval '1 month') AT TIME ZONE 'UTC')
            )::bigint
        FROM month WHERE until IS NOT NULL)
    SELECT (SELECT released_at FROM release WHERE output = %(output)s AND released_at < until
        ORDER BY released_at DESC LIMIT 1) AS last
    FROM month WHERE until > 0 ORDER BY until"""
"""The end of each month in turn, each found through the index."""
_GONE = """
    SELECT release.entry, released_at FROM entry JOIN release ON release.entry = entry.id
    WHERE withdrawn_at IS NOT NULL AND output = %(output)s"""
_NEWEST = "SELECT seq FROM release WHERE output = %(output)s ORDER BY seq DESC LIMIT 1"
_ADDED = "SELECT seq, released_at FROM release WHERE output = %(output)s AND seq > %(after)s"
_PLACES = """
    SELECT release.entry, atom_id, released_at
    FROM release JOIN entry ON entry.id = release.entry JOIN feed ON feed.id = entry.feed
    WHERE output = %(output)s AND released_at >= %(since)s AND released_at < %(until)s
        AND (%(private)s OR NOT feed.private) AND withdrawn_at IS NULL
    ORDER BY released_at, seq"""
_BEREFT = """
    SELECT told.id FROM entry AS gone JOIN entry AS told ON told.story = gone.story AND told.id <> gone.id
    JOIN release ON release.entry = told.id
    WHERE gone.withdrawn_at IS NOT NULL AND release.output = %(output)s"""


class PostgresArchives:
    """Archives in PostgreSQL."""

    def __init__(self, session: Session, entries: PostgresEntries) -> None:
        self._db = session
        self._entries = entries

    def months(self, output: str) -> list[Month]:
        gone = defaultdict(set)
        for row in self._db.execute(_GONE, {"output": output}):
            gone[month_of(from_ms(row["released_at"]))].add(row["entry"])
        lasts = [from_ms(row["last"]) for row in self._db.execute(_MONTHS, {"output": output})]
        return [Month(month_of(last), last, frozenset(gone[month_of(last)])) for last in lasts]

    def newest(self, output: str) -> int:
        row = self._db.execute(_NEWEST, {"output": output}).fetchone()
        return row["seq"] if row else 0

    def added(self, output: str, after: int) -> Additions:
        rows = self._db.execute(_ADDED, {"output": output, "after": after}).fetchall()
        months = frozenset(month_of(from_ms(row["released_at"])) for row in rows)
        return Additions(max([after, *(row["seq"] for row in rows)]), months)

    def places(self, output: str, month: str, *, private: bool) -> list[Place]:
        since, until = bounds(month)
        values = {"output": output, "private": private, "since": to_ms(since), "until": to_ms(until)}
        rows = self._db.execute(_PLACES, values)
        return [Place(row["entry"], row["atom_id"], from_ms(row["released_at"])) for row in rows]

    def bereft(self, output: str) -> frozenset[int]:
        return frozenset(row["id"] for row in self._db.execute(_BEREFT, {"output": output}))

    def entries(self, keys: Sequence[int]) -> Iterator[Entry]:
        return self._entries.by_keys(keys)
