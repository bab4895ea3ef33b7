"""Who reads our documents, and numbers that are kept (store.readers)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aggregator.decide.readership import Readership
from aggregator.store.rows import to_ms

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from aggregator.store.sql.session import Session

_KEYS = "output, format, service, feed_id"
_COLUMNS = ("output", "format", "service", "feed_id", "subscribers")


class SqlReaders:
    """Readers in a database."""

    def __init__(self, session: Session) -> None:
        self._db = session

    def note(self, seen: Collection[Readership], now: datetime, *, most: int) -> None:
        for one in seen:
            known = self._db.execute(
                "UPDATE reader SET subscribers = %s, seen_at = %s"
                " WHERE output = %s AND format = %s AND service = %s AND feed_id = %s",
                [one.subscribers, to_ms(now), *one.key],
            ).rowcount
            if not known:
                self._db.execute(
                    f"INSERT INTO reader ({_KEYS}, subscribers, seen_at)"
                    " SELECT %s, %s, %s, %s, CAST(%s AS INTEGER), CAST(%s AS BIGINT)"
                    " WHERE (SELECT count(*) FROM reader) < %s",
                    [*one.key, one.subscribers, to_ms(now), most],
                )

    def known(self, since: datetime) -> list[Readership]:
        found = self._db.execute(f"SELECT {_KEYS}, subscribers FROM reader WHERE seen_at >= %s", [to_ms(since)])
        return sorted((Readership(*(row[name] for name in _COLUMNS)) for row in found), key=lambda one: one.key)

    def forget(self, before: datetime) -> int:
        return self._db.execute("DELETE FROM reader WHERE seen_at < %s", [to_ms(before)]).rowcount


class SqlTallies:
    """Tallies in a database."""

    def __init__(self, session: Session) -> None:
        self._db = session

    def add(self, name: str, count: int, now: datetime) -> None:
        self._db.execute(
            "INSERT INTO tally (name, value, at) VALUES (%s, %s, %s)"
            " ON CONFLICT (name) DO UPDATE SET value = tally.value + excluded.value, at = excluded.at",
            [name, count, to_ms(now)],
        )

    def put(self, name: str, value: int, now: datetime) -> None:
        self._db.execute(
            "INSERT INTO tally (name, value, at) VALUES (%s, %s, %s)"
            " ON CONFLICT (name) DO UPDATE SET value = excluded.value, at = excluded.at",
            [name, value, to_ms(now)],
        )

    def get(self, name: str) -> int:
        row = self._db.execute("SELECT value FROM tally WHERE name = %s", [name]).fetchone()
        return 0 if row is None else int(row["value"])
