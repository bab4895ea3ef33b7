"""What outputs know of stories (store.stories.Tellings)."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from aggregator.store.rows import from_ms, to_ms
from aggregator.store.story_rows import coverage, dues

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from aggregator.kinship import Coverage
    from aggregator.model import Entry
    from aggregator.store.sql.entries import SqlEntries
    from aggregator.store.sql.session import Session
    from aggregator.store.stories import Due

_DAY = 86_400_000
# In this order: SQLite would begin with all that an output knows, which only grows.
_TOLD = """EXISTS (
    SELECT 1 FROM entry AS lead JOIN /* then */ release ON release.entry = lead.id AND release.output = telling.output
    WHERE lead.story = entry.story AND lead.withdrawn_at IS NULL)"""
# The two steps are one statement so that a story comes whole: what is not due yet is told with what is.
_DUE = f"""
    SELECT telling.output, entry.story, entry.id, entry.published, telling.as_of, feed.rank, feed.url AS feed,
        {_TOLD} AS told
    FROM (SELECT DISTINCT telling.output, entry.story
          FROM telling /* by telling_due */ JOIN /* then */ entry ON entry.id = telling.entry
          WHERE telling.due_at <= %(now)s AND entry.grouped <> 0) AS wanted
    JOIN /* then */ entry ON entry.story = wanted.story AND entry.grouped <> 0
    JOIN /* then */ telling ON telling.output = wanted.output AND telling.entry = entry.id
        AND telling.due_at IS NOT NULL
    JOIN /* then */ feed ON feed.id = entry.feed ORDER BY telling.output COLLATE "C", entry.published, entry.id"""
_COVERAGE = """
    SELECT lead.id AS lead, entry.atom_id, entry.title, entry.link, entry.language, entry.published,
        coalesce(nullif(feed.title, ''), nullif({title}, ''),
            CASE WHEN feed.private THEN 'private' ELSE feed.url END) AS source,
        feed.rank, feed.private,
        (SELECT kind FROM relation WHERE kind IN ('links-to', 'copy', 'translation')
            AND relation.entry IN (lead.id, entry.id) AND relation.other IN (lead.id, entry.id) LIMIT 1) AS kind
    FROM {leads} AS wanted JOIN /* then */ entry AS lead ON lead.id = wanted.value
    JOIN /* then */ entry ON entry.story = lead.story AND entry.id <> lead.id
    JOIN /* then */ telling ON telling.output = %(output)s AND telling.entry = entry.id
    JOIN /* then */ feed ON feed.id = entry.feed
    WHERE entry.withdrawn_at IS NULL AND entry.held IS NULL
    ORDER BY entry.published, entry.id"""


class SqlTellings:
    """Tellings in a database."""

    def __init__(self, session: Session, entries: SqlEntries) -> None:
        self._db = session
        self._entries = entries

    def add(self, output: str, keys: Collection[int], due_at: datetime, *, as_of: datetime | None = None) -> None:
        self._db.executemany(
            "INSERT INTO telling (output, entry, due_at, as_of) VALUES (%s, %s, %s, %s) ON CONFLICT DO NOTHING",
            [(output, key, to_ms(due_at), to_ms(as_of) if as_of else None) for key in keys],
        )

    def of(self, keys: Collection[int]) -> dict[int, set[str]]:
        found: dict[int, set[str]] = defaultdict(set)
        for row in self._db.execute(
            "SELECT entry, output FROM telling WHERE entry = ANY(%s)",
            [list(keys)],
        ):
            found[row["entry"]].add(row["output"])
        return dict(found)

    def due(self, now: datetime) -> list[Due]:
        return dues(self._db.execute(_DUE, {"now": to_ms(now)}))

    def told(self, output: str, keys: Collection[int]) -> None:
        self._db.executemany(
            "UPDATE telling SET as_of = coalesce(as_of, due_at), due_at = NULL WHERE output = %s AND entry = %s",
            [(output, key) for key in keys],
        )

    def drop(self, output: str, keys: Collection[int]) -> None:
        self._db.executemany("DELETE FROM telling WHERE output = %s AND entry = %s", [(output, key) for key in keys])

    def orphaned(self, now: datetime, stories: Collection[str]) -> None:
        self._db.execute(
            f"""
            UPDATE telling SET due_at = %s WHERE due_at IS NULL AND (output, entry) IN (
                SELECT telling.output, telling.entry FROM entry JOIN telling ON telling.entry = entry.id
                WHERE entry.story = ANY(%s)
                  AND telling.due_at IS NULL AND NOT {_TOLD}
                  AND NOT EXISTS (SELECT 1 FROM entry AS one WHERE one.story = entry.story AND one.grouped = 0))""",
            [to_ms(now), list(stories)],
        )

    def coverage(self, output: str, leads: Collection[int]) -> dict[int, list[Coverage]]:
        found: dict[int, list[Coverage]] = defaultdict(list)
        told = _COVERAGE.format(title=self._db.member("feed.header", "title"), leads=self._db.numbers("%(leads)s"))
        for row in self._db.execute(told, {"output": output, "leads": list(leads)}):
            found[row["lead"]].append(coverage(row))
        return dict(found)

    def close_days(self, output: str, before: datetime) -> bool:
        line = to_ms(before) // _DAY * _DAY
        closed = self._db.execute(
            "INSERT INTO issue (output, day) SELECT DISTINCT output, released_at / %(day)s FROM release"
            " WHERE output = %(output)s AND released_at < %(line)s AND released_at >= %(day)s *"
            " (SELECT coalesce(max(day) + 1, 0) FROM issue WHERE issue.output = %(output)s)",
            {"output": output, "day": _DAY, "line": line},
        )
        return closed.rowcount > 0

    def issues(self, output: str, *, limit: int) -> list[tuple[datetime, list[Entry]]]:
        days = self._db.execute(
            "SELECT day FROM issue WHERE output = %s ORDER BY day DESC LIMIT %s", [output, limit]
        ).fetchall()
        return [(from_ms(row["day"] * _DAY), self._released_on(output, row["day"])) for row in days]

    def _released_on(self, output: str, day: int) -> list[Entry]:
        rows = self._db.execute(
            "SELECT release.entry FROM release /* by release_time */ JOIN entry ON entry.id = release.entry"
            " WHERE release.output = %s AND released_at >= %s AND released_at < %s AND entry.withdrawn_at IS NULL"
            " ORDER BY seq",
            [output, day * _DAY, (day + 1) * _DAY],
        )
        return list(self._entries.by_keys([row["entry"] for row in rows]))
