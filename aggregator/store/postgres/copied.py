"""The rows of both backends as they are compared: the same values, in the same order of columns."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

from psycopg.rows import tuple_row

from aggregator.errors import CorruptDatabase
from aggregator.store.postgres.connection import COPYING

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from aggregator.store.postgres.connection import Connection

TABLES = (
    "feed", "poll_log", "listing", "list", "request", "site", "output", "entry", "revision", "sighting", "article",
    "release", "membership", "relation", "snapshot", "vector", "telling", "issue", "intent", "subscription", "push",
    "reader", "tally", "meta",
)  # fmt: skip
"""All that are copied, each after those that it refers to; `meta`, which makes it a database that has begun, last."""
BATCH = 1_000
_MODULUS = 2**256
_OURS = frozenset({"configuration", "search"})
"""Columns of `entry` that SQLite has not: they are made of the others."""
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


def columns(server: Connection, table: str) -> dict[str, str]:
    """Return a table's columns, and of which kind each is."""
    found = server.execute(
        "SELECT column_name, data_type FROM information_schema.columns"
        " WHERE table_schema = current_schema() AND table_name = %s ORDER BY ordinal_position",
        [table],
    )
    return {row["column_name"]: row["data_type"] for row in found if row["column_name"] not in _OURS}


def keys(server: Connection, table: str) -> list[str]:
    """Return the columns of a table's primary key: its rows are copied in this order."""
    found = server.execute(
        "SELECT attname FROM pg_index JOIN pg_attribute ON attrelid = indrelid AND attnum = ANY(indkey)"
        " WHERE indrelid = %s::regclass AND indisprimary ORDER BY array_position(indkey::int[], attnum::int)",
        [table],
    )
    return [row["attname"] for row in found]


def rows_in_file(file: sqlite3.Connection, server: Connection, table: str) -> Iterator[tuple[Any, ...]]:
    """Yield a table's rows in SQLite as the server has them."""
    kinds = columns(server, table)
    reads = [_READ.get(kind, lambda value: value) for kind in kinds.values()]
    order = ", ".join(keys(server, table))
    for row in file.execute(f"SELECT {', '.join(kinds)} FROM {table} ORDER BY {order}"):
        yield tuple(None if value is None else read(value) for read, value in zip(reads, row, strict=True))


def rows_on_server(server: Connection, table: str) -> Iterator[tuple[Any, ...]]:
    """Yield a table's rows on the server, read only as far as they are asked for."""
    names, order = ", ".join(columns(server, table)), ", ".join(keys(server, table))
    with server.cursor("copied", row_factory=tuple_row) as cursor:
        cursor.itersize = BATCH
        yield from cursor.execute(f"SELECT {names} FROM {table} ORDER BY {order}")


def batches(rows: Iterator[tuple[Any, ...]]) -> Iterator[list[tuple[Any, ...]]]:
    """Yield rows some at a time."""
    while batch := list(islice(rows, BATCH)):
        yield batch


def without_mark(table: str, rows: Iterator[tuple[Any, ...]]) -> Iterator[tuple[Any, ...]]:
    """Leave out what says that a copy is not whole."""
    return (row for row in rows if table != "meta" or row[0] != COPYING)


def compared(given: Mapping[str, Digest], kept: Callable[[str], Iterator[tuple[Any, ...]]], name: str) -> list[Copied]:
    """Compare what a database has been given, by table, with what it kept; CorruptDatabase when that differs."""
    copied = []
    for table, digest in given.items():
        found = Digest()
        found.add(without_mark(table, kept(table)))
        if (found.rows, found.text) != (digest.rows, digest.text):
            raise CorruptDatabase(
                f"{name} does not have `{table}` as it was given: {found.rows} rows, of {digest.rows}.",
                "Was the other one written meanwhile? Delete the copy, stop what writes, and begin anew.",
            )
        copied.append(Copied(table, digest.rows, digest.text))
    return copied


class Digest:
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
