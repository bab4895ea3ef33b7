"""How often outputs have changed (store.releases.Editions)."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection

    from aggregator.store.sql.session import Session


class SqlEditions:
    """Editions in a database."""

    def __init__(self, session: Session) -> None:
        self._db = session

    def note(self, outputs: Collection[str]) -> None:
        if outputs:
            self._db.execute("UPDATE output SET changes = changes + 1 WHERE name = ANY(%s)", [sorted(outputs)])

    def all(self) -> dict[str, int]:
        return {row["name"]: row["changes"] for row in self._db.execute("SELECT name, changes FROM output")}
