"""The SQLite backend: one file, one writing connection, readers beside it."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from aggregator.errors import CorruptDatabase, ForeignDatabase
from aggregator.store.sql.transaction import SqlTransaction
from aggregator.store.sqlite.connection import errors_of, open_for_reading, open_for_writing
from aggregator.store.sqlite.copies import look_over
from aggregator.store.sqlite.entries import SqliteEntries
from aggregator.store.sqlite.kinships import SqliteKinships
from aggregator.store.sqlite.retention import SqliteRetention
from aggregator.store.sqlite.session import SqliteSession

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from aggregator.errors import StoreError


class SqliteTransaction(SqlTransaction):
    """One moment of the database (protocols.Transaction)."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        session = SqliteSession(connection)
        super().__init__(session, SqliteEntries(session))
        self.kinships = SqliteKinships(session, self.entries)
        self.retention = SqliteRetention(session, self.entries)

    @property
    def fleet(self) -> None:
        """None: one process polls for a file."""

    @property
    def size(self) -> int:
        """Bytes of the file, by its own count."""
        pages, each = (self._db.one(f"PRAGMA {name}")[name] for name in ("page_count", "page_size"))
        return int(pages * each)


class SqliteStore:
    """The database in a file (protocols.Store); one thread at a time may use it."""

    def __init__(self, path: Path, *, readonly: bool = False) -> None:
        """Open, make or upgrade the database; raises a StoreError that names the remedy."""
        self.path = path
        self._database = open_for_reading(path) if readonly else open_for_writing(path)
        self._transaction = SqliteTransaction(self._database.conn)
        self._damage: StoreError | None = None
        """What was found to be wrong: nothing is written into a damaged database."""

    def look_over(self, broken_off: Callable[[], bool]) -> None:
        """Look whether the database is well, beside whoever uses this store; CorruptDatabase when it is not."""
        with self._noticing_damage():
            look_over(self.path, broken_off)

    @contextlib.contextmanager
    def _noticing_damage(self) -> Iterator[None]:
        try:
            yield
        except (CorruptDatabase, ForeignDatabase) as error:
            self._damage = self._damage or error
            raise

    @contextlib.contextmanager
    def transaction(self) -> Iterator[SqliteTransaction]:
        """Read and write, all or nothing: BEGIN IMMEDIATE, so that what was read is still true when it is written."""
        if self._damage is not None:
            raise type(self._damage)(self._damage.message, self._damage.remedy)
        yield from self._within("BEGIN IMMEDIATE")

    @contextlib.contextmanager
    def snapshot(self) -> Iterator[SqliteTransaction]:
        """Read one moment's state, beside a writer."""
        yield from self._within("BEGIN")

    def _within(self, begin: str) -> Iterator[SqliteTransaction]:
        connection = self._database.conn
        with self._noticing_damage(), errors_of(self.path):
            connection.execute(begin)
            try:
                yield self._transaction
                connection.execute("COMMIT")
            finally:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")

    def keep_up(self) -> None:
        """Fold the write-ahead log into the file and give back its room; what a reader still needs of it stays.

        SQLite folds it while it writes, but never makes it smaller: one long reader in a busy hour, and it stays large.
        Statistics for the planner are not made: queries name their indexes, and tests hold them to that.
        """
        with errors_of(self.path):
            self._database.conn.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()

    def close(self) -> None:
        """Let go of the file; the last one to do so folds the write-ahead log into it."""
        self._database.close()
