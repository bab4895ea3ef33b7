"""Releases by month (archives.Archives)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aggregator.decide.months import bounds
from aggregator.store.archives import Month, Place
from aggregator.store.rows import from_ms, to_ms

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from aggregator.model import Entry
    from aggregator.store.postgres.entries import PostgresEntries
    from aggregator.store.postgres.session import Session

_LEFT = """
    entry NOT IN (SELECT id FROM entry WHERE withdrawn_at IS NOT NULL
        UNION ALL SELECT entry.id FROM feed JOIN entry ON entry.feed = feed.id
        WHERE feed.private AND NOT %(private)s)"""


class PostgresArchives:
    """Archives in PostgreSQL."""

    def __init__(self, session: Session, entries: PostgresEntries) -> None:
        self._db = session
        self._entries = entries

    def months(self, output: str, *, private: bool) -> list[Month]:
        rows = self._db.execute(
            f"""
            SELECT to_char(to_timestamp(released_at / 1000.0) AT TIME ZONE 'UTC', 'YYYY-MM') AS name,
                max(released_at) AS last, count(*) FILTER (WHERE {_LEFT}) AS entries,
                coalesce(sum(entry) FILTER (WHERE {_LEFT}), 0) AS mark
            FROM release WHERE output = %(output)s GROUP BY name ORDER BY name""",
            {"output": output, "private": private},
        )
        return [Month(row["name"], row["entries"], int(row["mark"]), from_ms(row["last"])) for row in rows]

    def places(self, output: str, month: str, *, private: bool) -> list[Place]:
        since, until = bounds(month)
        rows = self._db.execute(
            f"""
            SELECT entry, atom_id, released_at FROM release JOIN entry ON entry.id = release.entry
            WHERE output = %(output)s AND released_at >= %(since)s AND released_at < %(until)s AND {_LEFT}
            ORDER BY released_at, seq""",
            {"output": output, "private": private, "since": to_ms(since), "until": to_ms(until)},
        )
        return [Place(row["entry"], row["atom_id"], from_ms(row["released_at"])) for row in rows]

    def bereft(self, output: str) -> frozenset[int]:
        rows = self._db.execute(
            """
            SELECT told.id FROM entry AS gone JOIN entry AS told ON told.story = gone.story AND told.id <> gone.id
            JOIN release ON release.entry = told.id
            WHERE gone.withdrawn_at IS NOT NULL AND release.output = %s""",
            [output],
        )
        return frozenset(row["id"] for row in rows)

    def entries(self, keys: Sequence[int]) -> Iterator[Entry]:
        return self._entries.by_keys(keys)
