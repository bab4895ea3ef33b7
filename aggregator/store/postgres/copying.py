"""A whole SQLite database copied to a server: batch by batch, so that a copy that was broken off goes on."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

from aggregator.errors import ForeignDatabase
from aggregator.store.postgres.connection import COPYING, errors_of, name_of, open_for_copying
from aggregator.store.postgres.copied import (
    TABLES,
    Digest,
    batches,
    columns,
    compared,
    rows_in_file,
    rows_on_server,
)
from aggregator.store.postgres.search import VECTOR, configuration_of, vector_values
from aggregator.store.sqlite import connection as sqlite

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from aggregator.store.postgres.connection import Connection
    from aggregator.store.postgres.copied import Copied


_AGAIN = "ON CONFLICT (name) DO UPDATE SET value = excluded.value"


def count_rows(path: Path) -> int:
    """Return how many rows `copy` is going to copy."""
    with contextlib.closing(sqlite.open_for_reading(path)) as db, sqlite.errors_of(path):
        return sum(db.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in TABLES)


def copy(path: Path, url: str, told: Callable[[int], None]) -> list[Copied]:
    """Copy a SQLite database into an empty one, or go on with a copy; `told` hears of each batch how many rows it had.

    Numbers, ids and times stay, so that feeds that were published go on. Nobody may write the file meanwhile. The copy
    can be used once it is whole. Raises ForeignDatabase when the other one is in use, CorruptDatabase when it does not
    have what it was given.
    """
    name = name_of(url)
    with (
        contextlib.closing(sqlite.open_for_reading(path)) as source,
        contextlib.closing(open_for_copying(url)) as target,
        sqlite.errors_of(path),
        errors_of(name),
    ):
        source.execute("BEGIN")
        _begin(source.conn, target, name)
        given = {table: _copied(source.conn, target, table, told) for table in TABLES}
        with target.transaction():
            copied = compared(given, lambda table: rows_on_server(target, table), name)
            _continue_numbers(target)
            target.execute("DELETE FROM meta WHERE name = %s", [COPYING])
    return copied


def _begin(source: sqlite3.Connection, target: Connection, name: str) -> None:
    """Mark an empty database as a copy of this one; ForeignDatabase when it is another's, or in use."""
    (instance,) = source.execute("SELECT value FROM meta WHERE name = 'instance'").fetchone()
    with target.transaction():
        known = {row["name"]: row["value"] for row in target.execute("SELECT name, value FROM meta FOR UPDATE")}
        if known.get(COPYING) == instance:
            return
        used = target.execute("SELECT EXISTS (SELECT 1 FROM feed) OR EXISTS (SELECT 1 FROM output) AS used").fetchone()
        if COPYING in known or used is None or used["used"]:
            what = "was begun as a copy of another database" if COPYING in known else "has sources or outputs already"
            raise ForeignDatabase(f"{name} is in use: it {what}.", "Make a new one (createdb NAME), and name that.")
        target.execute("DELETE FROM meta")
        target.execute("INSERT INTO meta (name, value) VALUES (%s, %s)", [COPYING, instance])


def _copied(source: sqlite3.Connection, target: Connection, table: str, told: Callable[[int], None]) -> Digest:
    """Write those of a table's rows that are not there yet; return the digest of all of them."""
    digest, names = Digest(), list(columns(target, table))
    count = target.execute(f"SELECT count(*) AS count FROM {table} WHERE %s <> 'meta'", [table]).fetchone()
    there = count["count"] if count else 0
    for batch in batches(rows_in_file(source, target, table)):
        missing = batch[max(there - digest.rows, 0) :]
        digest.add(batch)
        if missing:
            with target.transaction():
                _write(target, table, names, missing)
        told(len(batch))
    return digest


def _write(target: Connection, table: str, columns: Sequence[str], rows: Sequence[tuple[Any, ...]]) -> None:
    names, marks = ", ".join(columns), ", ".join(["%s"] * len(columns))
    if table == "entry":
        names, marks = f"{names}, configuration, search", f"{marks}, %s, {VECTOR}"
        rows = [(*row, *_searched(dict(zip(columns, row, strict=True)))) for row in rows]
    with target.cursor() as cursor:
        # Of `meta` the whole is written again by whoever goes on with a copy.
        cursor.executemany(f"INSERT INTO {table} ({names}) VALUES ({marks}) {_AGAIN if table == 'meta' else ''}", rows)


def _searched(entry: Mapping[str, Any]) -> list[str]:
    configuration = configuration_of(entry["language"])
    return [configuration, *vector_values(entry["title"], entry["text"], configuration)]


def _continue_numbers(target: Connection) -> None:
    """Let new rows have the numbers after those that were copied."""
    for table in TABLES:
        if "id" in columns(target, table):
            target.execute(
                f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), coalesce(max(id), 0) + 1, FALSE) FROM {table}"
            )
