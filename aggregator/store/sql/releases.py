"""What became visible where (store.releases.Releases)."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from aggregator.store.releases import Released
from aggregator.store.rows import from_ms, to_ms

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence
    from datetime import datetime, timedelta

    from aggregator.model import Entry
    from aggregator.store.rows import Row
    from aggregator.store.sql.entries import SqlEntries
    from aggregator.store.sql.session import Session


class SqlReleases:
    """Releases in a database."""

    def __init__(self, session: Session, entries: SqlEntries) -> None:
        self._db = session
        self._entries = entries

    def open_output(self, name: str, now: datetime) -> None:
        self._db.execute(
            "INSERT INTO output (name, created_at) VALUES (%s, %s) ON CONFLICT DO NOTHING", [name, to_ms(now)]
        )

    def opened(self, name: str) -> datetime | None:
        row = self._db.execute("SELECT created_at FROM output WHERE name = %s", [name]).fetchone()
        return from_ms(row["created_at"]) if row else None

    def append(self, output: str, keys: Sequence[int], at: datetime) -> None:
        last = self._db.one("SELECT max(seq) AS last FROM release WHERE output = %s", [output])["last"] or 0
        self._db.executemany(
            "INSERT INTO release (output, seq, entry, released_at) VALUES (%s, %s, %s, %s) ON CONFLICT DO NOTHING",
            [(output, last + place, key, to_ms(at)) for place, key in enumerate(keys, start=1)],
        )

    def outputs_of(self, keys: Collection[int]) -> dict[int, set[str]]:
        found: dict[int, set[str]] = defaultdict(set)
        for row in self._db.execute(
            "SELECT entry, output FROM release WHERE entry = ANY(%s)",
            [list(keys)],
        ):
            found[row["entry"]].add(row["output"])
        return dict(found)

    def released_since(self, output: str, feed: str, since: datetime) -> int:
        row = self._db.one(
            """
            SELECT count(*) AS count FROM release JOIN entry ON entry.id = release.entry
            JOIN feed ON feed.id = entry.feed
            WHERE release.output = %s AND feed.url = %s AND release.released_at >= %s""",
            [output, feed, to_ms(since)],
        )
        return int(row["count"])

    def note_choices(self, choices: Mapping[str, str], *, before: Mapping[str, str] | None = None) -> set[str]:
        self._db.execute(
            "UPDATE output SET choice = NULL WHERE name <> ALL(%s)",
            [list(choices)],
        )
        for name, known in (before or {}).items():
            self._db.execute(
                "UPDATE output SET choice = %s WHERE name = %s AND choice = %s", [choices[name], name, known]
            )
        change = "UPDATE output SET choice = %s WHERE name = %s AND (choice IS NULL OR choice <> %s)"
        return {
            name for name, choice in choices.items() if self._db.execute(change, [choice, name, choice]).rowcount > 0
        }

    def missing(self, output: str, *, tells_stories: bool = False) -> list[tuple[int, datetime]]:
        rows = self._db.execute(
            """
            SELECT entry, min(at) AS first FROM (
                SELECT entry, released_at AS at, seq FROM release
                UNION ALL SELECT telling.entry, first_seen, 0 FROM telling JOIN entry ON entry.id = telling.entry
            ) AS known
            WHERE entry NOT IN (SELECT entry FROM release WHERE output = %(output)s AND NOT %(tells_stories)s
                UNION ALL SELECT entry FROM telling WHERE output = %(output)s AND %(tells_stories)s)
            GROUP BY entry ORDER BY first, min(seq)""",
            {"output": output, "tells_stories": tells_stories},
        )
        return [(row["entry"], from_ms(row["first"])) for row in rows]

    def select(self, output: str, *, limit: int, window: timedelta, ceiling: int) -> list[Released]:
        most = max(limit, ceiling)
        rows = self._db.execute(
            "SELECT seq, entry, released_at FROM release WHERE output = %s AND NOT EXISTS"
            " (SELECT 1 FROM entry WHERE entry.id = release.entry AND withdrawn_at IS NOT NULL)"
            " ORDER BY released_at DESC, seq DESC LIMIT %s",
            [output, most + 1],
        ).fetchall()
        if not rows:
            return []
        line = rows[0]["released_at"] - to_ms_span(window)
        if rows[-1]["released_at"] > line and len(rows) > most:
            chosen: Sequence[Row] = self._shared_out(output, line, most)
        else:
            chosen = [row for place, row in enumerate(rows) if place < limit or row["released_at"] > line]
        keys = [row["entry"] for row in chosen]
        entries = {entry.key: entry for entry in self._entries.by_keys(keys, sightings=False)}
        return [Released(row["seq"], entries[row["entry"]], from_ms(row["released_at"])) for row in chosen]

    def _shared_out(self, output: str, line: int, most: int) -> Sequence[Row]:
        return self._db.execute(
            """
            SELECT seq, entry, released_at FROM (
                SELECT seq, entry, released_at, row_number() OVER newest AS place
                FROM release JOIN entry ON entry.id = release.entry WHERE output = %(output)s AND released_at > %(line)s
                  AND withdrawn_at IS NULL
                WINDOW newest AS (PARTITION BY entry.feed ORDER BY released_at DESC, seq DESC)
                ORDER BY place, released_at DESC, seq DESC LIMIT %(most)s) AS shared
            ORDER BY released_at DESC, seq DESC""",
            {"output": output, "line": line, "most": most},
        ).fetchall()

    def of_output(self, output: str, *, since: datetime | None = None) -> Iterator[Entry]:
        rows = self._db.execute(
            "SELECT release.entry FROM release JOIN entry ON entry.id = release.entry"
            " WHERE release.output = %s AND entry.first_seen >= %s AND entry.withdrawn_at IS NULL"
            " ORDER BY release.released_at DESC, release.seq DESC",
            [output, to_ms(since) if since else 0],
        ).fetchall()
        return self._entries.by_keys([row["entry"] for row in rows])

    def count(self, output: str) -> int:
        row = self._db.one("SELECT count(*) AS count FROM release WHERE output = %s", [output])
        return int(row["count"])


def to_ms_span(span: timedelta) -> int:
    """Write a span as milliseconds."""
    return round(span.total_seconds() * 1000)
