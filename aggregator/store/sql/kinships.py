"""How entries are related (store.stories.Kinships)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aggregator.kinship import Kinship
from aggregator.model import Held
from aggregator.store.rows import to_ms
from aggregator.store.stories import Kin
from aggregator.store.story_rows import membership

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from aggregator.store.sql.entries import SqlEntries
    from aggregator.store.sql.session import Session
    from aggregator.store.stories import Membership

_MEMBERS = """
    SELECT entry.atom_id, entry.title, feed.url AS feed, feed.private, membership.method, membership.score,
        closest.atom_id AS closest, membership.shared, membership.version,
        coalesce(membership.decided_at, entry.first_seen) AS decided_at
    FROM entry JOIN feed ON feed.id = entry.feed
    LEFT JOIN membership ON membership.entry = entry.id
    LEFT JOIN entry AS closest ON closest.id = membership.closest
    WHERE entry.story = (SELECT story FROM entry WHERE id = %s) ORDER BY entry.published, entry.id"""
_KIN = """
    SELECT entry.atom_id, entry.title, relation.kind, relation.entry = %(key)s AS outgoing
    FROM relation JOIN entry ON entry.id = CASE relation.entry WHEN %(key)s THEN relation.other ELSE relation.entry END
    WHERE relation.entry = %(key)s OR relation.other = %(key)s
    ORDER BY relation.kind COLLATE "C", entry.published, entry.id"""
_JOINED = """
    WITH RECURSIVE together (key) AS (SELECT CAST(%(key)s AS BIGINT) UNION {next})
    SELECT entry.id, entry.story FROM together JOIN entry ON entry.id = key
    WHERE key <> %(key)s AND grouped <> 0 ORDER BY entry.published, entry.id"""


class SqlKinships:
    """Kinships in a database."""

    next_together = """
        SELECT CASE relation.entry WHEN key THEN other ELSE entry END FROM together
        JOIN relation ON key IN (relation.entry, relation.other) WHERE kind = 'together'"""
    """What the operator put together with what is together so far, in SQL; it may name that once."""

    def __init__(self, session: Session, entries: SqlEntries) -> None:
        self._db = session
        self._entries = entries

    def members(self, key: int) -> list[Membership]:
        return [membership(row) for row in self._db.execute(_MEMBERS, [key])]

    def keys_of_story(self, key: int) -> list[int]:
        rows = self._db.execute(
            "SELECT id FROM entry WHERE story = (SELECT story FROM entry WHERE id = %s) ORDER BY published, id", [key]
        )
        return [row["id"] for row in rows]

    def kin(self, key: int) -> list[Kin]:
        return [
            Kin(row["atom_id"], row["title"], Kinship(row["kind"]), outgoing=bool(row["outgoing"]))
            for row in self._db.execute(_KIN, {"key": key})
        ]

    def relate(self, pairs: Iterable[tuple[int, int]], kind: Kinship, now: datetime) -> None:
        self._db.executemany(
            "INSERT INTO relation (entry, other, kind, at) VALUES (%s, %s, %s, %s) ON CONFLICT DO NOTHING",
            [(one, other, kind.value, to_ms(now)) for one, other in pairs],
        )

    def sever(self, pairs: Iterable[tuple[int, int]], kind: Kinship) -> None:
        self._db.executemany(
            "DELETE FROM relation WHERE kind = %s AND (entry = %s AND other = %s OR entry = %s AND other = %s)",
            [(kind.value, one, other, other, one) for one, other in pairs],
        )

    def joined(self, key: int) -> list[tuple[int, str]]:
        joined = _JOINED.format(next=self.next_together)
        return [(row["id"], row["story"]) for row in self._db.execute(joined, {"key": key})]

    def note_correction(self) -> None:
        self._db.execute(
            "INSERT INTO meta (name, value) VALUES ('corrections', '1')"
            " ON CONFLICT (name) DO UPDATE SET value = CAST(meta.value AS BIGINT) + 1"
        )

    def corrections(self) -> int:
        row = self._db.execute("SELECT value FROM meta WHERE name = 'corrections'").fetchone()
        return int(row["value"]) if row else 0

    def withdraw(self, key: int, now: datetime) -> None:
        self._entries.leave_index([key])
        self._db.execute(
            """
            UPDATE entry SET title = '', link = NULL, summary = NULL, content = NULL, text = '', rights = NULL,
                comments = NULL, thumbnail = NULL, authors = '[]', contributors = '[]', categories = '[]',
                enclosures = '[]', source = NULL, held = %s, withdrawn_at = %s,
                grouped = CASE grouped WHEN 0 THEN 0 ELSE 2 END
            WHERE id = %s""",
            [Held.WITHDRAWN.value, to_ms(now), key],
        )
        self._entries.enter_index([key])
        self._db.execute(
            "DELETE FROM request WHERE kind = 'article' AND entry = %(entry)s"
            " AND feed = (SELECT feed FROM article WHERE entry = %(entry)s)",
            {"entry": key},
        )
        for table in ("revision", "vector", "telling", "article"):
            self._db.execute(f"DELETE FROM {table} WHERE entry = %s", [key])
