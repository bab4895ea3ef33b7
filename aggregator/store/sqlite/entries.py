"""How entries are found and searched in SQLite (store.sql.entries)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from aggregator.store.rows import SEARCHED
from aggregator.store.sql.entries import NEAREST, SqlEntries

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from aggregator.model import Entry


class SqliteEntries(SqlEntries):
    """Entries in SQLite: their words are in an index beside them (FTS5), which is told of what is no longer so."""

    all_keys = "json_group_array(key)"

    def _near(self, column: str, values: Collection[str]) -> set[int]:
        latest = f"SELECT id FROM entry WHERE {column} = %s ORDER BY id DESC LIMIT {NEAREST}"
        known = self._among(f"SELECT DISTINCT {column} AS value FROM entry WHERE {column} = ANY(%s)", values)
        return {each["id"] for row in known for each in self._db.execute(latest, [row["value"]])}

    def _insert(self, columns: Mapping[str, Any]) -> int:
        # Without RETURNING: with it, SQLite looks through all that could refer to the entry.
        names, marks = ", ".join(columns), ", ".join(["%s"] * len(columns))
        self._db.execute(f"INSERT INTO entry ({names}) VALUES ({marks})", list(columns.values()))
        return int(self._db.one("SELECT last_insert_rowid() AS id")["id"])

    def leave_index(self, keys: Collection[int]) -> None:
        self._db.execute(
            "INSERT INTO entry_fts (entry_fts, rowid, title, text)"
            " SELECT 'delete', id, title, text FROM entry WHERE id = ANY(%s)",
            [list(keys)],
        )

    def enter_index(self, keys: Collection[int]) -> None:
        self._db.execute(
            "INSERT INTO entry_fts (rowid, title, text) SELECT id, title, text FROM entry WHERE id = ANY(%s)",
            [list(keys)],
        )

    def search(self, query: str, *, limit: int) -> list[Entry]:
        if not (match := _match(query)):
            return []
        ids = self._db.execute(
            "SELECT rowid FROM entry_fts WHERE entry_fts MATCH %s"
            " ORDER BY bm25(entry_fts, 4.0, 1.0), rowid DESC LIMIT %s",
            [match, limit],
        )
        return list(self.by_keys([row["rowid"] for row in ids]))

    def released_matches(self, query: str, outputs: Collection[str], limit: int) -> list[int]:
        if not (match := _match(query)):
            return []
        ids = self._db.execute(
            """
            SELECT entry.id FROM (
                SELECT rowid FROM entry_fts WHERE entry_fts MATCH %(match)s ORDER BY rowid DESC LIMIT %(most)s) AS found
            JOIN entry ON entry.id = found.rowid JOIN feed ON feed.id = entry.feed
            WHERE entry.withdrawn_at IS NULL AND NOT feed.private AND EXISTS (
                SELECT 1 FROM release WHERE release.entry = entry.id
                AND release.output = ANY(%(outputs)s))
            ORDER BY entry.id DESC LIMIT %(limit)s""",
            {"match": match, "most": SEARCHED, "outputs": list(outputs), "limit": limit},
        ).fetchall()
        return [row["id"] for row in ids]


def _match(query: str) -> str:
    """Return FTS5's query for all words of a text: each is quoted, so that none is an operator; "" without words."""
    return " ".join(f'"{word}"' for word in re.findall(r"\w+", query))
