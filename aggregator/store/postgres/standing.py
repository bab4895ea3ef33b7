"""What a process is among those that use a database: the only one that polls, one of several, or their leader.

These are advisory locks of a session: the server gives them back by itself when a process dies.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from aggregator.errors import ClockApart, LockedDatabase, StoreError
from aggregator.store.postgres.connection import connect, errors_of, name_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from typing import Self

    from aggregator.store.postgres.connection import Connection

_POLLING = 0x41474752_0004
_LEADING = 0x41474752_0005
APART = timedelta(seconds=30)
"""How far a clock may be from the server's: less than any lease, more than clocks drift that are ever corrected."""


class Standing:
    """Holds a place among those that poll, on a connection of its own; one thread at a time may use it."""

    def __init__(self, url: str, *, alone: bool, clock: Callable[[], datetime] | None = None) -> None:
        """`alone`: nobody else may poll beside it; `clock` has to agree with the server's, where others poll too."""
        self.alone = alone
        self._clock = clock
        self._url, self._name = url, name_of(url)
        self._db: Connection | None = None
        self._leads = False

    def __enter__(self) -> Self:
        """Take the place; LockedDatabase when others do not let it, ClockApart when it tells another time."""
        self._take()
        try:
            self._compare_clocks()
        except StoreError:
            self._leave()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        if self._db is not None:
            self._db.close()

    def still(self) -> bool:
        """Make sure of the place, after a restart of the server too; return whether this process leads the others.

        Raises StoreError: UnreachableDatabase, LockedDatabase when the place was lost to somebody else, or ClockApart.
        """
        if self._db is None or self._db.closed:
            self._take()
        try:
            self._compare_clocks()
            self._leads = self._leads or self._try("pg_try_advisory_lock", _LEADING)
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

    def _compare_clocks(self) -> None:
        """Make sure that the server answers, and that it is as late there as it is here."""
        with errors_of(self._name):
            before = None if self._clock is None else self._clock()
            row = self._connection.execute("SELECT clock_timestamp() AS now").fetchone()
        if self._clock is None or before is None or row is None:
            return
        if before - row["now"] > APART:
            raise self._apart(f"{(before - row['now']).total_seconds():.0f} s ahead of")
        if row["now"] - (after := self._clock()) > APART:
            raise self._apart(f"{(row['now'] - after).total_seconds():.0f} s behind")

    def _apart(self, how: str) -> ClockApart:
        return ClockApart(
            f"This machine's clock is {how} that of {self._name}.",
            "Set the clocks of all machines, for good by NTP: timedatectl set-ntp true",
        )

    def _try(self, kind: str, lock: int) -> bool:
        with errors_of(self._name):
            row = self._connection.execute(f"SELECT {kind}(%s) AS had", [lock]).fetchone()
        return bool(row and row["had"])

    def _leave(self) -> None:
        self._leads = False
        if self._db is not None:
            self._db.close()
            self._db = None
