"""A whole SQLite database copied into an empty one on a server, and compared row by row afterwards."""

from __future__ import annotations

import contextlib
import hashlib
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

from psycopg.rows import tuple_row

from aggregator.errors import CorruptDatabase, ForeignDatabase
from aggregator.store.postgres.connection import errors_of, name_of, open_for_writing
from aggregator.store.postgres.search import VECTOR, configuration_of, vector_values
from aggregator.store.sqlite import connection as sqlite

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from aggregator.store.postgres.connection import Connection

TABLES = (
    "meta", "feed", "poll_log", "listing", "list", "request", "site", "output", "entry", "revision", "sighting",
    "article", "release", "membership", "relation", "snapshot", "vector", "telling", "issue",
)  # fmt: skip
"""All that are copied, each after those that it refers to."""
_OURS = frozenset({"configuration", "search"})
"""Columns of `entry` that SQLite has not: they are made of the others."""
_BATCH = 1_000
_MODULUS = 2**256
_READ: dict[str, Callable[[Any], Any]] = {
    "boolean": bool,
    "double precision": float,
    "text": lambda text: text.replace("\0", ""),  # a server has no place for it
}
"""What a value of SQLite is on the server, by kind of column."""


@dataclass(frozen=True, slots=True)
class Copied:
    """A table that was copied: how many rows, and the digest that both databases have of them."""

    table: str
    rows: int
    digest: str


def count_rows(path: Path) -> int:
    """Return how many rows `copy` is going to copy."""
    with contextlib.closing(sqlite.open_for_reading(path)) as db, sqlite.errors_of(path):
        return sum(db.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in TABLES)


def copy(path: Path, url: str, told: Callable[[int], None]) -> list[Copied]:
    """Copy a SQLite database, all or nothing; `told` hears of each batch how many rows it had.

    Numbers, ids and times stay, so that feeds that were published go on. Nobody may write meanwhile. Raises
    ForeignDatabase when the other one is not empty, CorruptDatabase when it does not have what it was given.
    """
    name = name_of(url)
    with (
        contextlib.closing(sqlite.open_for_reading(path)) as source,
        contextlib.closing(open_for_writing(url)) as target,
        sqlite.errors_of(path),
        errors_of(name),
        target.transaction(),
    ):
        source.execute("BEGIN")
        _check_empty(target, name)
        target.execute("DELETE FROM meta")
        copied = [_copy(source.conn, target, table, told) for table in TABLES]
        for one in copied:
            _compare(target, one, name)
        _continue_numbers(target)
    return copied


def _check_empty(target: Connection, name: str) -> None:
    found = target.execute("SELECT EXISTS (SELECT 1 FROM feed) OR EXISTS (SELECT 1 FROM output) AS used").fetchone()
    if found is not None and found["used"]:
        raise ForeignDatabase(
            f"{name} is in use: it has sources or outputs already.", "Make a new one (createdb NAME), and name that."
        )


def _compare(target: Connection, given: Copied, name: str) -> None:
    kept = _Digest()
    kept.add(_rows_on_server(target, given.table))
    if (kept.rows, kept.text) != (given.rows, given.digest):
        raise CorruptDatabase(f"{name} did not keep `{given.table}` as it was given.", "Nothing was changed there.")


def _copy(source: sqlite3.Connection, target: Connection, table: str, told: Callable[[int], None]) -> Copied:
    columns = _columns(target, table)
    digest = _Digest()
    rows = _rows_in_file(source, table, columns)
    while batch := list(islice(rows, _BATCH)):
        digest.add(batch)
        _write(target, table, list(columns), batch)
        told(len(batch))
    return Copied(table, digest.rows, digest.text)


def _columns(target: Connection, table: str) -> dict[str, str]:
    """Return a table's columns, and of which kind each is."""
    found = target.execute(
        "SELECT column_name, data_type FROM information_schema.columns"
        " WHERE table_schema = current_schema() AND table_name = %s ORDER BY ordinal_position",
        [table],
    )
    return {row["column_name"]: row["data_type"] for row in found if row["column_name"] not in _OURS}


def _rows_in_file(source: sqlite3.Connection, table: str, columns: Mapping[str, str]) -> Iterator[tuple[Any, ...]]:
    reads = [_READ.get(kind, lambda value: value) for kind in columns.values()]
    for row in source.execute(f"SELECT {', '.join(columns)} FROM {table}"):
        yield tuple(None if value is None else read(value) for read, value in zip(reads, row, strict=True))


def _rows_on_server(target: Connection, table: str) -> Iterator[tuple[Any, ...]]:
    with target.cursor("copied", row_factory=tuple_row) as cursor:
        cursor.itersize = _BATCH
        yield from cursor.execute(f"SELECT {', '.join(_columns(target, table))} FROM {table}")


def _write(target: Connection, table: str, columns: Sequence[str], rows: Sequence[tuple[Any, ...]]) -> None:
    names, marks = ", ".join(columns), ", ".join(["%s"] * len(columns))
    if table == "entry":
        names, marks = f"{names}, configuration, search", f"{marks}, %s, {VECTOR}"
        rows = [(*row, *_searched(dict(zip(columns, row, strict=True)))) for row in rows]
    with target.cursor() as cursor:
        cursor.executemany(f"INSERT INTO {table} ({names}) VALUES ({marks})", rows)


def _searched(entry: Mapping[str, Any]) -> list[str]:
    configuration = configuration_of(entry["language"])
    return [configuration, *vector_values(entry["title"], entry["text"], configuration)]


def _continue_numbers(target: Connection) -> None:
    """Let new rows have the numbers after those that were copied."""
    for table in TABLES:
        if "id" in _columns(target, table):
            target.execute(
                f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), coalesce(max(id), 0) + 1, FALSE) FROM {table}"
            )


class _Digest:
    """Of a table's rows, whatever their order: the sum of the SHA-256 of each."""

    def __init__(self) -> None:
        self.rows = 0
        self._sum = 0

    def add(self, rows: Iterable[tuple[Any, ...]]) -> None:
        """Count further rows in."""
        for row in rows:
            self.rows += 1
            self._sum += int.from_bytes(hashlib.sha256(repr(row).encode()).digest())

    @property
    def text(self) -> str:
        """The digest so far, in hexadecimal."""
        return f"{self._sum % _MODULUS:064x}"
