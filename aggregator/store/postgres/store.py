"""The PostgreSQL backend: one connection, other processes beside it."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from psycopg import IsolationLevel

from aggregator.errors import UnreachableDatabase
from aggregator.store.postgres.connection import errors_of, name_of, open_for_reading, open_for_writing
from aggregator.store.postgres.entries import PostgresEntries
from aggregator.store.postgres.kinships import PostgresKinships
from aggregator.store.postgres.queue import PostgresQueue
from aggregator.store.postgres.retention import PostgresRetention
from aggregator.store.postgres.session import Session
from aggregator.store.sql.transaction import SqlTransaction

if TYPE_CHECKING:
    from collections.abc import Iterator

    from aggregator.store.fleet import Fleet
    from aggregator.store.postgres.connection import Connection


class PostgresTransaction(SqlTransaction):
    """One moment of the database (protocols.Transaction)."""

    def __init__(self, session: Session) -> None:
        super().__init__(session, PostgresEntries(session))
        self.kinships = PostgresKinships(session, self.entries)
        self.retention = PostgresRetention(session, self.entries)
        self.queue = PostgresQueue(session, self.requests)

    @property
    def fleet(self) -> Fleet | None:
        """How the queue and the workers are."""
        return self.queue.state()

    @property
    def size(self) -> int:
        """Bytes of the database, by the server's count."""
        return int(self._db.one("SELECT pg_database_size(current_database()) AS size")["size"])


class PostgresStore:
    """A database on a server (protocols.Store); one thread at a time may use it, and other processes beside it."""

    def __init__(self, url: str, *, readonly: bool = False) -> None:
        """Open, make or upgrade the tables; raises a StoreError that names the remedy."""
        self.name = name_of(url)
        self._url = url
        self._open = open_for_reading if readonly else open_for_writing
        self._connection: Connection | None = self._open(url)
        self._closed = False

    @contextlib.contextmanager
    def transaction(self) -> Iterator[PostgresTransaction]:
        """Read and write, all or nothing: one process at a time, so that what was read is still true when written.

        Each statement sees what was committed until it began. Claims alone wait for nobody who writes (Session).
        """
        yield from self._within(IsolationLevel.READ_COMMITTED, writes=True)

    @contextlib.contextmanager
    def snapshot(self) -> Iterator[PostgresTransaction]:
        """Read one moment's state, beside writers."""
        yield from self._within(IsolationLevel.REPEATABLE_READ, writes=False)

    def _within(self, isolation: IsolationLevel, *, writes: bool) -> Iterator[PostgresTransaction]:
        connection = self._connected()
        with errors_of(self.name):
            connection.isolation_level, connection.read_only = isolation, not writes
            with connection.transaction():
                yield PostgresTransaction(Session(connection, writes=writes))

    def _connected(self) -> Connection:
        """Return the connection, a new one when it was lost."""
        if self._closed:
            raise UnreachableDatabase(f"{self.name} was let go of.")
        if self._connection is None or self._connection.closed:
            self._connection = self._open(self._url)
        return self._connection

    def keep_up(self) -> None:
        """Nothing: the server's autovacuum does it."""

    def close(self) -> None:
        """Let go of the connection."""
        self._closed = True
        if self._connection is not None:
            self._connection.close()
