"""Stories (store.stories.Stories)."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from aggregator.model import Held
from aggregator.store.rows import to_ms
from aggregator.store.stories import Waiting
from aggregator.store.story_rows import article

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Collection, Iterator, Mapping, Sequence
    from datetime import datetime

    from aggregator.decide.stories.article import Article
    from aggregator.decide.stories.statistics import Statistics
    from aggregator.store.stories import Decision

_TEXT = 2_000
"""Characters of an entry's text that tell what it is about."""
_LINKED = 64
_KEPT_SNAPSHOTS = 3
_ARTICLE = f"""
    SELECT entry.id, entry.title, substr(entry.text, 1, {_TEXT}) AS text, entry.published, entry.language, entry.link,
        entry.canonical, entry.story, entry.founds, entry.grouped, feed.url AS feed, vector.value AS vector
    FROM entry JOIN feed ON feed.id = entry.feed
    LEFT JOIN vector ON vector.entry = entry.id AND vector.model = :model"""


class SqliteStories:
    """Stories in SQLite."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection

    def waiting(self, *, limit: int, model: str | None = None) -> list[Waiting]:
        found = self._db.execute(
            f"{_ARTICLE} WHERE entry.grouped <> 1 AND entry.held IS NOT :unread"
            " ORDER BY entry.published, entry.id LIMIT :limit",
            {"limit": limit, "model": model, "unread": Held.ARTICLE.value},
        ).fetchall()
        if not found:
            return []
        several, joined = self._several([row["canonical"] for row in found]), self._joined([row["id"] for row in found])
        return [
            Waiting(
                one,
                row["founds"],
                row["story"],
                edited=row["grouped"] == 2,  # noqa: PLR2004 - see the schema
                linked=row["canonical"] in several,
                by_hand=row["id"] in joined,
            )
            for row, one in zip(found, self._articles(found), strict=True)
        ]

    def _several(self, canonical: list[str | None]) -> set[str]:
        """Return those of canonical URLs that several entries have."""
        found = self._db.execute(
            "SELECT canonical FROM entry WHERE canonical IN (SELECT value FROM json_each(?))"
            " GROUP BY canonical HAVING count(*) > 1",
            [json.dumps(canonical)],
        )
        return {row[0] for row in found}

    def _joined(self, keys: list[int]) -> set[int]:
        """Return those of entries that the operator put together with others."""
        found = self._db.execute(
            """
            SELECT entry FROM relation WHERE kind = 'together' AND entry IN (SELECT value FROM json_each(?1))
            UNION
            SELECT other FROM relation WHERE kind = 'together' AND other IN (SELECT value FROM json_each(?1))""",
            [json.dumps(keys)],
        )
        return {row[0] for row in found}

    def around(self, first: datetime, last: datetime, *, model: str | None = None) -> list[Article]:
        span = {"first": to_ms(first), "last": to_ms(last), "model": model}
        return self._articles(
            self._db.execute(
                f"{_ARTICLE} WHERE entry.published >= :first AND entry.published < :last AND entry.grouped <> 0"
                " AND entry.withdrawn_at IS NULL ORDER BY entry.published, entry.id",
                span,
            ).fetchall()
        )

    def linked(self, canonical: str) -> list[Article]:
        return self._articles(
            self._db.execute(
                f"{_ARTICLE} WHERE entry.canonical = :canonical AND entry.grouped <> 0"
                f" AND entry.withdrawn_at IS NULL ORDER BY entry.published, entry.id LIMIT {_LINKED}",
                {"canonical": canonical, "model": None},
            ).fetchall()
        )

    def latest(self, limit: int, *, model: str | None = None) -> Iterator[Article]:
        rows = self._db.execute(f"{_ARTICLE} ORDER BY entry.id DESC LIMIT :limit", {"limit": limit, "model": model})
        return (article(row, frozenset()) for row in rows)

    def _articles(self, found: Sequence[sqlite3.Row]) -> list[Article]:
        if not found:
            return []
        apart: dict[int, set[int]] = {}
        for row in self._db.execute(
            """
            SELECT entry, other FROM relation WHERE kind = 'apart' AND entry IN (SELECT value FROM json_each(?1))
            UNION
            SELECT other, entry FROM relation WHERE kind = 'apart' AND other IN (SELECT value FROM json_each(?1))""",
            [json.dumps([row["id"] for row in found])],
        ):
            apart.setdefault(row[0], set()).add(row[1])
        return [article(row, frozenset(apart.get(row["id"], ()))) for row in found]

    def decide(self, decisions: Sequence[Decision], now: datetime) -> None:
        self._db.executemany(
            "UPDATE entry SET story = ?, grouped = 1 WHERE id = ?", [(one.story, one.entry) for one in decisions]
        )
        self._db.executemany(
            "INSERT OR REPLACE INTO membership (entry, method, score, closest, shared, version, decided_at)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            [
                (one.entry, one.method, one.score, one.closest, json.dumps(one.shared), one.version, to_ms(now))
                for one in decisions
            ],
        )
        self._db.executemany(
            "DELETE FROM relation WHERE entry = ? AND kind NOT IN ('together', 'apart')",
            [(one.entry,) for one in decisions],
        )
        self._db.executemany(
            "INSERT OR IGNORE INTO relation (entry, other, kind, at) VALUES (?, ?, ?, ?)",
            [(one.entry, to.other, to.kind, to_ms(now)) for one in decisions for to in one.relations],
        )

    def read_again(self, keys: Collection[int]) -> None:
        self._db.executemany("UPDATE entry SET grouped = 1 WHERE id = ?", [(key,) for key in keys])

    def undecide(self) -> None:
        self._db.execute("UPDATE entry SET grouped = 0")

    def snapshot(self) -> tuple[Statistics, int] | None:
        from aggregator.decide.stories.statistics import Statistics  # noqa: PLC0415 - it needs numpy: see story_rows

        row = self._db.execute("SELECT * FROM snapshot ORDER BY version DESC LIMIT 1").fetchone()
        return (Statistics.from_json(json.loads(row["statistics"])), row["through"]) if row else None

    def keep_snapshot(self, statistics: Statistics, through: int, now: datetime) -> None:
        self._db.execute(
            "INSERT INTO snapshot (version, at, through, statistics) VALUES (?, ?, ?, ?)",
            [statistics.version, to_ms(now), through, json.dumps(statistics.to_json(), separators=(",", ":"))],
        )
        self._db.execute("DELETE FROM snapshot WHERE version <= ?", [statistics.version - _KEPT_SNAPSHOTS])

    def keep_vectors(self, vectors: Mapping[int, bytes], model: str) -> None:
        self._db.executemany(
            "INSERT OR REPLACE INTO vector (entry, model, value) VALUES (?, ?, ?)",
            [(key, model, value) for key, value in vectors.items()],
        )
