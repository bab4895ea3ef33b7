"""How often outputs have changed (store.releases.Editions)."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Collection


class SqliteEditions:
    """Editions in SQLite."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection

    def note(self, outputs: Collection[str]) -> None:
        if outputs:
            self._db.execute(
                "UPDATE output SET changes = changes + 1 WHERE name IN (SELECT value FROM json_each(?))",
                [json.dumps(sorted(outputs))],
            )

    def all(self) -> dict[str, int]:
        return {row["name"]: row["changes"] for row in self._db.execute("SELECT name, changes FROM output")}
