"""Releases for archives (archives.Archives)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aggregator.decide.months import bounds
from aggregator.store.archives import BATCH, Place, Withdrawn
from aggregator.store.rows import from_ms, to_ms

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from aggregator.decide.months import Part
    from aggregator.model import Entry
    from aggregator.store.sql.entries import SqlEntries
    from aggregator.store.sql.session import Session

_RELEASED = """
    SELECT seq, released_at FROM release WHERE output = %(output)s AND seq > %(after)s ORDER BY seq LIMIT %(batch)s"""
_WITHDRAWN = """
    SELECT release.entry, seq, released_at FROM entry JOIN /* then */ release ON release.entry = entry.id
    WHERE withdrawn_at IS NOT NULL AND output = %(output)s"""
_PLACES = """
    SELECT part.entry, atom_id, released_at
    FROM (
        SELECT seq, entry, released_at FROM release
        WHERE output = %(output)s AND seq >= %(first)s AND +released_at >= %(since)s AND +released_at < %(until)s
        ORDER BY seq LIMIT %(count)s) AS part
    JOIN entry ON entry.id = part.entry JOIN feed ON feed.id = entry.feed
    WHERE withdrawn_at IS NULL AND (%(private)s OR NOT feed.private)
    ORDER BY seq"""
"""+: by the order of release; by dates it would walk through the whole month."""
_BEREFT = """
    SELECT told.id FROM entry AS gone JOIN /* then */ entry AS told ON told.story = gone.story AND told.id <> gone.id
    JOIN /* then */ release ON release.entry = told.id
    WHERE gone.withdrawn_at IS NOT NULL AND release.output = %(output)s"""


class SqlArchives:
    """Archives in a database."""

    def __init__(self, session: Session, entries: SqlEntries) -> None:
        self._db = session
        self._entries = entries

    def released(self, output: str, after: int) -> Iterator[tuple[int, datetime]]:
        while rows := self._db.execute(_RELEASED, {"output": output, "after": after, "batch": BATCH}).fetchall():
            yield from ((row["seq"], from_ms(row["released_at"])) for row in rows)
            after = rows[-1]["seq"]

    def withdrawn(self, output: str) -> list[Withdrawn]:
        rows = self._db.execute(_WITHDRAWN, {"output": output})
        return [Withdrawn(row["entry"], row["seq"], from_ms(row["released_at"])) for row in rows]

    def places(self, output: str, part: Part, *, private: bool) -> list[Place]:
        since, until = map(to_ms, bounds(part.month))
        values = {"output": output, "first": part.first, "count": part.count, "since": since, "until": until}
        rows = self._db.execute(_PLACES, {**values, "private": private})
        return [Place(row["entry"], row["atom_id"], from_ms(row["released_at"])) for row in rows]

    def bereft(self, output: str) -> frozenset[int]:
        return frozenset(row["id"] for row in self._db.execute(_BEREFT, {"output": output}))

    def entries(self, keys: Sequence[int]) -> Iterator[Entry]:
        return self._entries.by_keys(keys, sightings=False)
