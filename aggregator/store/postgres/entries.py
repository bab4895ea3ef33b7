"""How entries are found and searched in PostgreSQL (store.sql.entries)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aggregator.store.postgres.search import (
    QUERY,
    RANKED_BY,
    VECTOR,
    WEIGHTS,
    configuration_of,
    query_values,
    vector_values,
)
from aggregator.store.rows import SEARCHED
from aggregator.store.sql.entries import NEAREST, SqlEntries

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from aggregator.model import Entry

_NEAR = f"""
    SELECT near.id FROM unnest(%s::text[]) AS wanted(value) CROSS JOIN LATERAL (
        SELECT id FROM entry WHERE md5(entry.{{column}}) = wanted.value ORDER BY id DESC LIMIT {NEAREST}
    ) AS near"""


class PostgresEntries(SqlEntries):
    """Entries in PostgreSQL: their words are a column of their own."""

    all_keys = "coalesce(json_agg(key ORDER BY id), '[]')::text"

    def _near(self, column: str, values: Collection[str]) -> set[int]:
        return {row["id"] for row in self._among(_NEAR.format(column=column), self._db.names(values))}

    def _insert(self, columns: Mapping[str, Any]) -> int:
        written, values = self._written(columns)
        names, marks = ", ".join(written), ", ".join(written.values())
        row = self._db.one(f"INSERT INTO entry ({names}) VALUES ({marks}) RETURNING id", values)
        return int(row["id"])

    def _written(self, columns: Mapping[str, Any]) -> tuple[dict[str, str], list[Any]]:
        configuration = configuration_of(columns["language"])
        written, values = super()._written({**columns, "configuration": configuration})
        return written | {"search": VECTOR}, values + vector_values(columns["title"], columns["text"], configuration)

    def leave_index(self, keys: Collection[int]) -> None:
        """Nothing: their words are written with them."""

    def enter_index(self, keys: Collection[int]) -> None:
        """Nothing likewise."""

    def search(self, query: str, *, limit: int) -> list[Entry]:
        found = self._db.execute(
            f"SELECT id FROM ({QUERY}) AS asked JOIN entry ON entry.search @@ asked.words"
            " AND entry.configuration = asked.configuration"
            f" ORDER BY ts_rank('{WEIGHTS}', entry.search, asked.words, {RANKED_BY}) DESC, id DESC LIMIT %s",
            [*query_values(query), limit],
        ).fetchall()
        return list(self.by_keys([row["id"] for row in found]))

    def released_matches(self, query: str, outputs: Collection[str], limit: int) -> list[int]:
        found = self._db.execute(
            # Materialized: else the planner may read all entries, the last first, in the hope of finding enough soon.
            f"""
            WITH matching AS MATERIALIZED (
                SELECT id FROM ({QUERY}) AS asked JOIN entry ON entry.search @@ asked.words
                AND entry.configuration = asked.configuration),
            found AS (SELECT id FROM matching ORDER BY id DESC LIMIT %s)
            SELECT entry.id FROM found JOIN entry ON entry.id = found.id JOIN feed ON feed.id = entry.feed
            WHERE entry.withdrawn_at IS NULL AND NOT feed.private AND EXISTS (
                SELECT 1 FROM release WHERE release.entry = entry.id AND release.output = ANY(%s))
            ORDER BY entry.id DESC LIMIT %s""",
            [*query_values(query), SEARCHED, list(outputs), limit],
        ).fetchall()
        return [row["id"] for row in found]
