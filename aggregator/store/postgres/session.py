"""The statements of one transaction, and the locks that keep what was read true until it is written."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from psycopg import Cursor
    from psycopg.rows import DictRow

    from aggregator.store.postgres.connection import Connection
    from aggregator.store.sql.session import Values

_WRITING = 0x41474752_0002
"""Advisory lock of whoever decides and writes: one at a time in all processes, until its transaction ends.

Places in outputs, `updated` and entries that two feeds share are counted or looked for over all that is kept, and one
transaction settles many results: locks by URL would be taken in a different order by each, and wait for each other.
"""
_CLAIMING = 0x41474752_0003
"""Advisory lock of whoever counts what is held of each host and takes more of it."""
_AT_A_TIME = 200


def md5s(names: Iterable[str]) -> list[str]:
    """Return by what names are found that are too long for an index: as PostgreSQL's md5() of each.

    Computed here, they make a list of constants, for which it always takes the index.
    """
    return [hashlib.md5(name.encode(), usedforsecurity=False).hexdigest() for name in names]


class Session:
    """One transaction's statements; the first that is no claim waits until no other process is writing."""

    def __init__(self, connection: Connection, *, writes: bool) -> None:
        self._db = connection
        self._must_wait = writes

    def among(self, column: str) -> str:
        """Return SQL for "its text is one of `names`"."""
        return f"md5({column}) = ANY(%s)"

    def is_text(self, column: str, value: str = "%s") -> str:
        """Return SQL for "its text is this value"."""
        return f"md5({column}) = md5({value}::text)"

    def member(self, column: str, name: str) -> str:
        """Return SQL for a member of an object in JSON, as text."""
        return f"{column}::json ->> '{name}'"

    def holds(self, column: str, value: str) -> str:
        """Return SQL for "this list in JSON has this text"."""
        return f"{column}::jsonb ? {value}"

    def numbers(self, value: str) -> str:
        """Return SQL for a table of a list of numbers."""
        return f"(SELECT unnest({value}::bigint[]) AS value)"

    def names(self, texts: Iterable[str]) -> list[str]:
        """Return texts by what an index has of them, whatever their length."""
        return md5s(texts)

    def execute(self, statement: str, values: Values = ()) -> Cursor[DictRow]:
        """Run a statement once no other process is writing."""
        self._wait()
        return self._db.execute(statement, values or None)

    def one(self, statement: str, values: Values = ()) -> DictRow:
        """Run a statement that has one row."""
        (row,) = self.execute(statement, values)
        return row

    def executemany(self, statement: str, rows: Sequence[Sequence[Any]]) -> None:
        """Run a statement for each of several rows."""
        if rows:
            self._wait()
            with self._db.cursor() as cursor:
                cursor.executemany(statement, rows)

    def beside(self, statement: str, values: Values = ()) -> Cursor[DictRow]:
        """Run a statement whether another process is writing or not: it must skip what that one has locked."""
        return self._db.execute(statement, values or None)

    def beside_with(self, work: Callable[[Connection], None]) -> None:
        """Let another library run its statements in this transaction, whether another process is writing or not."""
        work(self._db)

    def gradually(self, statement: str, values: dict[str, Any]) -> Iterator[DictRow]:
        """Yield the rows of a result beside writers, read only as far as they are asked for."""
        with self._db.cursor("gradually") as cursor:
            cursor.itersize = _AT_A_TIME
            cursor.execute(statement, values)
            yield from cursor

    def claim(self) -> None:
        """Wait until no other process is claiming.

        Who claims first and writes afterwards, in one transaction, may meet who does it the other way round: one of
        them gets LockedDatabase and tries again. So a transaction that claims does that last.
        """
        self._db.execute("SELECT pg_advisory_xact_lock(%s)", [_CLAIMING])

    def _wait(self) -> None:
        if self._must_wait:
            self._must_wait = False
            # A statement of its own: what the next one sees was committed before the lock was had.
            self._db.execute("SELECT pg_advisory_xact_lock(%s)", [_WRITING])
