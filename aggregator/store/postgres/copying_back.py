"""A whole database of a server copied into a SQLite file, beside the place where it is put when whole."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

from psycopg import IsolationLevel

from aggregator.errors import ForeignDatabase
from aggregator.store.postgres.connection import COPYING, errors_of, name_of, open_for_reading
from aggregator.store.postgres.copied import (
    TABLES,
    Digest,
    batches,
    columns,
    compared,
    rows_in_file,
    rows_on_server,
)
from aggregator.store.sqlite import connection as sqlite

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable
    from pathlib import Path

    from aggregator.store.postgres.connection import Connection
    from aggregator.store.postgres.copied import Copied


def count_rows(url: str) -> int:
    """Return how many rows `copy` is going to copy."""
    with contextlib.closing(open_for_reading(url)) as db, errors_of(name_of(url)):
        found = [db.execute(f"SELECT count(*) AS count FROM {table}").fetchone() for table in TABLES]
    return sum(row["count"] for row in found if row is not None)


def copy(url: str, path: Path, told: Callable[[int], None]) -> list[Copied]:
    """Copy a server's database into a new file, or go on with a copy; as copying.copy.

    Nobody may write to the server meanwhile. Raises ForeignDatabase when there is a file already.
    """
    if path.exists():
        raise ForeignDatabase(f"{path} exists.", "Name a file that does not, or move this one away.")
    building = path.with_name(f"{path.name}.copying")
    with (
        contextlib.closing(open_for_reading(url)) as source,
        contextlib.closing(sqlite.open_for_writing(building)) as target,
        sqlite.errors_of(building),
        errors_of(name_of(url)),
    ):
        source.isolation_level, source.read_only = IsolationLevel.REPEATABLE_READ, True
        with source.transaction():
            _begin(source, target.conn, building)
            given = {table: _copied(source, target.conn, table, told) for table in TABLES}
            copied = compared(given, lambda table: rows_in_file(target.conn, source, table), str(building))
        target.conn.execute("INSERT INTO entry_fts (entry_fts) VALUES ('rebuild')")
        target.conn.execute("DELETE FROM meta WHERE name = ?", [COPYING])
        target.conn.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    building.rename(path)
    return copied


def _begin(source: Connection, target: sqlite3.Connection, building: Path) -> None:
    found = source.execute("SELECT value FROM meta WHERE name = 'instance'").fetchone()
    instance = found["value"] if found else ""
    known: dict[str, Any] = {row["name"]: row["value"] for row in target.execute("SELECT name, value FROM meta")}
    if known.get(COPYING, instance) != instance:
        raise ForeignDatabase(f"{building} was begun as a copy of another database.", "Delete it, and begin anew.")
    if COPYING not in known:
        target.execute("DELETE FROM meta")
        target.execute("INSERT INTO meta (name, value) VALUES (?, ?)", [COPYING, instance])


def _copied(source: Connection, target: sqlite3.Connection, table: str, told: Callable[[int], None]) -> Digest:
    """Write those of a table's rows that are not there yet; return the digest of all of them."""
    digest, names = Digest(), list(columns(source, table))
    there = 0 if table == "meta" else target.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
    statement = f"INSERT INTO {table} ({', '.join(names)}) VALUES ({', '.join('?' * len(names))})"
    if table == "meta":
        statement = statement.replace("INSERT", "INSERT OR REPLACE")
    for batch in batches(rows_on_server(source, table)):
        missing = batch[max(there - digest.rows, 0) :]
        digest.add(batch)
        if missing:
            target.execute("BEGIN IMMEDIATE")
            target.executemany(statement, missing)
            target.execute("COMMIT")
        told(len(batch))
    return digest
