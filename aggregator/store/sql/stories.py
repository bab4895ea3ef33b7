"""Stories (store.stories.Stories)."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from aggregator.model import Held
from aggregator.store.rows import to_ms
from aggregator.store.stories import Waiting
from aggregator.store.story_rows import article

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence
    from datetime import datetime

    from aggregator.decide.stories.article import Article
    from aggregator.decide.stories.statistics import Statistics
    from aggregator.store.rows import Row
    from aggregator.store.sql.session import Session
    from aggregator.store.stories import Decision

_TEXT = 2_000
"""Characters of an entry's text that tell what it is about."""
_LINKED = 64
_KEPT_SNAPSHOTS = 3
_ARTICLE = f"""
    SELECT entry.id, entry.title, substr(entry.text, 1, {_TEXT}) AS text, entry.published, entry.language, entry.link,
        entry.canonical, entry.story, entry.founds, entry.grouped, feed.url AS feed, vector.value AS vector
    FROM entry JOIN feed ON feed.id = entry.feed
    LEFT JOIN vector ON vector.entry = entry.id AND vector.model = %(model)s"""


class SqlStories:
    """Stories in a database."""

    def __init__(self, session: Session) -> None:
        self._db = session

    def waiting(self, *, limit: int, model: str | None = None) -> list[Waiting]:
        found = self._db.execute(
            f"{_ARTICLE} WHERE entry.grouped <> 1 AND (entry.held IS NULL OR entry.held <> %(unread)s)"
            " ORDER BY entry.published, entry.id LIMIT %(limit)s",
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

    def _several(self, canonical: Sequence[str | None]) -> set[str]:
        """Return those of canonical URLs that several entries have."""
        found = self._db.execute(
            f"SELECT canonical FROM entry WHERE {self._db.among('canonical')} GROUP BY canonical HAVING count(*) > 1",
            [self._db.names(one for one in canonical if one is not None)],
        )
        return {row["canonical"] for row in found}

    def _joined(self, keys: Sequence[int]) -> set[int]:
        """Return those of entries that the operator put together with others."""
        found = self._db.execute(
            """
            SELECT entry FROM relation WHERE kind = 'together' AND entry = ANY(%(keys)s)
            UNION
            SELECT other FROM relation WHERE kind = 'together' AND other = ANY(%(keys)s)""",
            {"keys": keys},
        )
        return {row["entry"] for row in found}

    def around(self, first: datetime, last: datetime, *, model: str | None = None) -> list[Article]:
        span = {"first": to_ms(first), "last": to_ms(last), "model": model}
        return self._articles(
            self._db.execute(
                f"{_ARTICLE} WHERE entry.published >= %(first)s AND entry.published < %(last)s AND entry.grouped <> 0"
                " AND entry.withdrawn_at IS NULL ORDER BY entry.published, entry.id",
                span,
            ).fetchall()
        )

    def linked(self, canonical: str) -> list[Article]:
        return self._articles(
            self._db.execute(
                f"{_ARTICLE} WHERE {self._db.is_text('entry.canonical', '%(canonical)s')} AND entry.grouped <> 0"
                f" AND entry.withdrawn_at IS NULL ORDER BY entry.published, entry.id LIMIT {_LINKED}",
                {"canonical": canonical, "model": None},
            ).fetchall()
        )

    def latest(self, limit: int, *, model: str | None = None) -> Iterator[Article]:
        rows = self._db.execute(f"{_ARTICLE} ORDER BY entry.id DESC LIMIT %(limit)s", {"limit": limit, "model": model})
        return (article(row, frozenset()) for row in rows)

    def _articles(self, found: Sequence[Row]) -> list[Article]:
        if not found:
            return []
        apart: dict[int, set[int]] = {}
        for row in self._db.execute(
            """
            SELECT entry, other FROM relation WHERE kind = 'apart' AND entry = ANY(%(keys)s)
            UNION
            SELECT other, entry FROM relation WHERE kind = 'apart' AND other = ANY(%(keys)s)""",
            {"keys": [row["id"] for row in found]},
        ):
            apart.setdefault(row["entry"], set()).add(row["other"])
        return [article(row, frozenset(apart.get(row["id"], ()))) for row in found]

    def decide(self, decisions: Sequence[Decision], now: datetime) -> None:
        self._db.executemany(
            "UPDATE entry SET story = %s, grouped = 1 WHERE id = %s", [(one.story, one.entry) for one in decisions]
        )
        self._db.executemany(
            "INSERT INTO membership (entry, method, score, closest, shared, version, decided_at)"
            " VALUES (%s, %s, %s, %s, %s, %s, %s) ON CONFLICT (entry) DO UPDATE SET method = excluded.method,"
            " score = excluded.score, closest = excluded.closest, shared = excluded.shared,"
            " version = excluded.version, decided_at = excluded.decided_at",
            [
                (one.entry, one.method, one.score, one.closest, json.dumps(one.shared), one.version, to_ms(now))
                for one in decisions
            ],
        )
        self._db.executemany(
            "DELETE FROM relation WHERE entry = %s AND kind NOT IN ('together', 'apart')",
            [(one.entry,) for one in decisions],
        )
        self._db.executemany(
            "INSERT INTO relation (entry, other, kind, at) VALUES (%s, %s, %s, %s) ON CONFLICT DO NOTHING",
            [(one.entry, to.other, to.kind, to_ms(now)) for one in decisions for to in one.relations],
        )

    def read_again(self, keys: Collection[int]) -> None:
        self._db.executemany("UPDATE entry SET grouped = 1 WHERE id = %s", [(key,) for key in keys])

    def undecide(self) -> None:
        self._db.execute("UPDATE entry SET grouped = 0")

    def snapshot(self) -> tuple[Statistics, int] | None:
        from aggregator.decide.stories.statistics import Statistics  # noqa: PLC0415 - it needs numpy: see story_rows

        row = self._db.execute("SELECT * FROM snapshot ORDER BY version DESC LIMIT 1").fetchone()
        return (Statistics.from_json(json.loads(row["statistics"])), row["through"]) if row else None

    def keep_snapshot(self, statistics: Statistics, through: int, now: datetime) -> None:
        self._db.execute(
            "INSERT INTO snapshot (version, at, through, statistics) VALUES (%s, %s, %s, %s)",
            [statistics.version, to_ms(now), through, json.dumps(statistics.to_json(), separators=(",", ":"))],
        )
        self._db.execute("DELETE FROM snapshot WHERE version <= %s", [statistics.version - _KEPT_SNAPSHOTS])

    def keep_vectors(self, vectors: Mapping[int, bytes], model: str) -> None:
        self._db.executemany(
            "INSERT INTO vector (entry, model, value) VALUES (%s, %s, %s)"
            " ON CONFLICT (entry) DO UPDATE SET model = excluded.model, value = excluded.value",
            [(key, model, value) for key, value in vectors.items()],
        )
