"""Turns at hosts that several processes share: one of them asks a host at a time, and there is a pause after it.

Each is known by a name of its own; whoever does not say for a while that it still has its turn is taken for dead. All
times are the server's.
"""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING, Self

from psycopg.conninfo import conninfo_to_dict
from psycopg_pool import AsyncConnectionPool

from aggregator.store.postgres.connection import errors_of, name_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import timedelta

_NOW = "(extract(epoch FROM clock_timestamp()) * 1000)::bigint"
_TAKE = f"""
    INSERT INTO turn AS known (host, holder, until, next_allowed_at) VALUES (%(host)s, %(name)s, {_NOW} + %(lease)s, 0)
    ON CONFLICT (host) DO UPDATE SET holder = excluded.holder, until = excluded.until
    WHERE (known.holder IS NULL OR known.until <= {_NOW}) AND known.next_allowed_at <= {_NOW}
    RETURNING host"""
_WAIT = f"""
    SELECT greatest(next_allowed_at, CASE WHEN holder IS NULL THEN 0 ELSE until END) - {_NOW} AS ms
    FROM turn WHERE host = %s"""
_KEEP = f"""
    UPDATE turn SET until = {_NOW} + %(lease)s
    FROM unnest(%(hosts)s::text[], %(names)s::text[]) AS held (host, holder)
    WHERE turn.host = held.host AND turn.holder = held.holder RETURNING turn.host"""
_END = f"UPDATE turn SET holder = NULL, next_allowed_at = {_NOW} + %s WHERE host = %s AND holder = %s"
_TIDY = f"DELETE FROM turn WHERE holder IS NULL AND next_allowed_at < {_NOW} - 86400000"
_CONNECTIONS = 4


class SharedTurns(AbstractAsyncContextManager["SharedTurns"]):
    """The table `turn`, on a few connections of its own; each method raises UnreachableDatabase and the like."""

    def __init__(self, url: str, lease: timedelta) -> None:
        """Take for dead who does not `keep` a turn for as long as a lease."""
        # What is lost of this by a crash of the server is as good as its holders' silence.
        ours = {"application_name": "aggregator turns", "options": "-c synchronous_commit=off"}
        self._name = name_of(url)
        self._lease = lease.total_seconds() * 1000
        self._pool = AsyncConnectionPool(
            kwargs=conninfo_to_dict(url) | ours | {"autocommit": True}, min_size=1, max_size=_CONNECTIONS, open=False
        )

    async def __aenter__(self) -> Self:
        with errors_of(self._name):
            await self._pool.open(wait=True)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._pool.close()

    async def take(self, host: str, name: str) -> float:
        """Take a host's turn if it is free; return 0, or after how many seconds it may be."""
        with errors_of(self._name):
            async with self._pool.connection() as db:
                taken = await db.execute(_TAKE, {"host": host, "name": name, "lease": self._lease})
                if await taken.fetchone() is not None:
                    return 0.0
                found = await (await db.execute(_WAIT, [host])).fetchone()
        return max(found[0] / 1000, 0.001) if found is not None else 0.001

    async def keep(self, held: Mapping[str, str]) -> set[str]:
        """Say that turns, names by hosts, are still had; return the hosts for which that is true."""
        with errors_of(self._name):
            async with self._pool.connection() as db:
                values = {"lease": self._lease, "hosts": list(held), "names": list(held.values())}
                return {host for (host,) in await (await db.execute(_KEEP, values)).fetchall()}

    async def end(self, host: str, name: str, pause: timedelta) -> None:
        """End a turn: the next one begins after a pause."""
        with errors_of(self._name):
            async with self._pool.connection() as db:
                await db.execute(_END, [pause.total_seconds() * 1000, host, name])

    async def tidy(self) -> None:
        """Forget hosts that nobody has asked for a day."""
        with errors_of(self._name):
            async with self._pool.connection() as db:
                await db.execute(_TIDY)
