"""What a process is among those that use a database: the only one that polls, one of several, or their leader.

These are advisory locks of a session: the server gives them back by itself when a process dies.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from aggregator.errors import LockedDatabase, StoreError
from aggregator.store.postgres.connection import connect, errors_of, name_of

if TYPE_CHECKING:
    from typing import Self

    from aggregator.store.postgres.connection import Connection

_POLLING = 0x41474752_0004
_LEADING = 0x41474752_0005


class Standing:
    """Holds a place among those that poll, on a connection of its own; one thread at a time may use it."""

    def __init__(self, url: str, *, alone: bool) -> None:
        """`alone`: nobody else may poll beside it."""
        self.alone = alone
        self._url, self._name = url, name_of(url)
        self._db: Connection | None = None
        self._leads = False

    def __enter__(self) -> Self:
        """Take the place; LockedDatabase when others do not let it."""
        self._take()
        return self

    def __exit__(self, *_: object) -> None:
        if self._db is not None:
            self._db.close()

    def still(self) -> bool:
        """Make sure of the place, after a restart of the server too; return whether this process leads the others.

        Raises StoreError: UnreachableDatabase, or LockedDatabase when the place was lost to somebody else.
        """
        if self._db is None or self._db.closed:
            self._take()
        try:
            self._leads = self._leads or self._try("pg_try_advisory_lock", _LEADING)
            with errors_of(self._name):
                self._connection.execute("SELECT 1")
        except StoreError:
            self._leave()
            raise
        return self._leads

    @property
    def _connection(self) -> Connection:
        assert self._db is not None  # noqa: S101 - taken by whoever calls
        return self._db

    def _take(self) -> None:
        self._db = connect(self._url, self._name)
        self._db.autocommit = True
        kind = "pg_try_advisory_lock" if self.alone else "pg_try_advisory_lock_shared"
        if not self._try(kind, _POLLING):
            self._leave()
            who, what = ("Workers poll", "Stop them, or leave the polling to them: aggregator run --no-poll")
            if not self.alone:
                who, what = ("A daemon polls alone", "Stop it, or start it with --no-poll")
            raise LockedDatabase(f"{who} on {self._name}.", f"{what}.")

    def _try(self, kind: str, lock: int) -> bool:
        with errors_of(self._name):
            row = self._connection.execute(f"SELECT {kind}(%s) AS had", [lock]).fetchone()
        return bool(row and row["had"])

    def _leave(self) -> None:
        self._leads = False
        if self._db is not None:
            self._db.close()
            self._db = None
