"""What was computed of entries and is compared with what is computed today: made anew when the way changes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aggregator.decide.canonical import canonical_url
from aggregator.decide.identity import digest
from aggregator.store import rows

if TYPE_CHECKING:
    import sqlite3

_BATCH = 500


def renew(db: sqlite3.Connection) -> None:
    """Compute canonical URL and digest of every entry anew, and forget the digests of sightings.

    Those are of what a feed listed last, which is not kept; without them an item is compared with its entry alone.
    """
    last = 0
    while batch := db.execute("SELECT * FROM entry WHERE id > ? ORDER BY id LIMIT ?", [last, _BATCH]).fetchall():
        items = [(rows.item(row), row["id"]) for row in batch]
        db.executemany(
            "UPDATE entry SET canonical = ?, digest = ? WHERE id = ?",
            [(canonical_url(item.link), digest(item), key) for item, key in items],
        )
        last = batch[-1]["id"]
    db.execute("UPDATE sighting SET digest = ''")
