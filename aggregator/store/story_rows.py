"""Rows of stories and the domain's types, for every backend."""

from __future__ import annotations

import json
from collections import defaultdict
from typing import TYPE_CHECKING

from aggregator.decide.stories.article import Article
from aggregator.kinship import Coverage, Kinship
from aggregator.store.rows import from_ms
from aggregator.store.stories import Due, Membership, Teller

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    import numpy as np
    from numpy.typing import NDArray

    from aggregator.store.rows import Row


def article(row: Row, apart: Iterable[int]) -> Article:
    """Read an entry as stories see it, with those that it is to be kept apart from."""
    return Article(
        key=row["id"],
        title=row["title"],
        text=row["text"],
        published=from_ms(row["published"]),
        language=row["language"],
        link=row["link"],
        canonical=row["canonical"],
        feed=row["feed"],
        story=row["story"] if row["grouped"] else None,
        vector=_vector(row["vector"]) if row["vector"] else None,
        apart=frozenset(apart),
    )


def _vector(value: bytes) -> NDArray[np.float32]:
    import numpy as np  # noqa: PLC0415 - commands that only read, and the web process, start without it

    return np.frombuffer(value, dtype=np.float32)


def membership(row: Row) -> Membership:
    """Read why an entry is in its story."""
    return Membership(
        entry_id=row["atom_id"],
        title=row["title"],
        feed=row["feed"],
        private=bool(row["private"]),
        method=row["method"] or "undecided",
        score=row["score"] or 0.0,
        closest=row["closest"],
        shared=tuple(json.loads(row["shared"] or "[]")),
        version=row["version"] or 0,
        decided_at=from_ms(row["decided_at"]),
    )


def dues(rows: Iterable[Row]) -> list[Due]:
    """Read the stories that outputs are to be told of, an entry a row."""
    found: dict[tuple[str, str], list[Row]] = defaultdict(list)
    for row in rows:
        found[row["output"], row["story"]].append(row)
    return [
        Due(
            output,
            story,
            as_of=_as_of([row["as_of"] for row in entries]),
            told=bool(entries[0]["told"]),
            tellers=tuple(Teller(row["id"], from_ms(row["published"]), row["rank"], row["feed"]) for row in entries),
        )
        for (output, story), entries in found.items()
    ]


def _as_of(dates: Sequence[int | None]) -> datetime | None:
    """Return the earliest of several dates, None where one is missing: a story with anything new is news."""
    known = [date for date in dates if date is not None]
    return from_ms(min(known)) if len(known) == len(dates) else None


def coverage(row: Row) -> Coverage:
    """Read what else an output knows of a story."""
    return Coverage(
        id=row["atom_id"],
        title=row["title"],
        link=row["link"],
        source=row["source"],
        language=row["language"],
        published=from_ms(row["published"]),
        rank=row["rank"],
        private=bool(row["private"]),
        kind=Kinship(row["kind"]) if row["kind"] else None,
    )
