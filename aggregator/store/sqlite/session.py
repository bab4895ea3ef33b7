"""The statements of one transaction, put into SQLite's words (store.sql.session)."""

from __future__ import annotations

import json
import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Sequence

    from aggregator.store.sql.session import Values

_ANY = re.compile(r"= ANY\((%s|%\(\w+\)s)\)")
_ALL = re.compile(r"<> ALL\((%s|%\(\w+\)s)\)")
_NEEDLESS = (' COLLATE "C"', " FOR UPDATE SKIP LOCKED")
"""There is no other order of texts, and nobody else who locks."""
_BY = re.compile(r"/\* by (\w+) \*/")
_NAMED = re.compile(r"%\((\w+)\)s")


class SqliteSession:
    """Statements on one connection; a list among their values is one of JSON to SQLite."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection

    def among(self, column: str) -> str:
        """Return SQL for "its text is one of `names`"."""
        return f"{column} = ANY(%s)"

    def is_text(self, column: str, value: str = "%s") -> str:
        """Return SQL for "its text is this value"."""
        return f"{column} = {value}"

    def member(self, column: str, name: str) -> str:
        """Return SQL for a member of an object in JSON, as text."""
        return f"json_extract({column}, '$.{name}')"

    def holds(self, column: str, value: str) -> str:
        """Return SQL for "this list in JSON has this text"."""
        return f"EXISTS (SELECT 1 FROM json_each({column}) WHERE value = {value})"

    def numbers(self, value: str) -> str:
        """Return SQL for a table of a list of numbers."""
        return f"json_each({value})"

    def names(self, texts: Iterable[str]) -> list[str]:
        """Return texts as they are: an index takes them at any length."""
        return list(texts)

    def execute(self, statement: str, values: Values = ()) -> sqlite3.Cursor:
        """Run a statement."""
        return self._db.execute(_in_sqlite(statement), _values(values))

    def one(self, statement: str, values: Values = ()) -> sqlite3.Row:
        """Run a statement that has one row."""
        row: sqlite3.Row
        (row,) = self.execute(statement, values).fetchall()
        return row

    def claim(self) -> None:
        """Nothing: no other process writes."""

    def beside(self, statement: str, values: Values = ()) -> sqlite3.Cursor:
        """Run a statement."""
        return self.execute(statement, values)

    def gradually(self, statement: str, values: dict[str, Any]) -> sqlite3.Cursor:
        """Run a statement; its rows are read as they are asked for."""
        return self.execute(statement, values)

    def executemany(self, statement: str, rows: Sequence[Sequence[Any]]) -> None:
        """Run a statement for each of several rows."""
        self._db.executemany(_in_sqlite(statement), rows)


@lru_cache(maxsize=1024)
def _in_sqlite(statement: str) -> str:
    """Return a statement as SQLite has it: its marks for values, tables of JSON for arrays, hints for its planner."""
    statement = statement.replace("JOIN /* then */", "CROSS JOIN").replace("/* by rowid */", "NOT INDEXED")
    statement = _BY.sub(r"INDEXED BY \1", statement)
    for needless in _NEEDLESS:
        statement = statement.replace(needless, "")
    listed = _ANY.sub(r"IN (SELECT value FROM json_each(\1))", statement)
    listed = _ALL.sub(r"NOT IN (SELECT value FROM json_each(\1))", listed)
    return _NAMED.sub(r":\1", listed).replace("%s", "?")


def _values(values: Values) -> Values:
    if isinstance(values, dict):
        return {name: _value(value) for name, value in values.items()}
    return [_value(value) for value in values]


def _value(value: Any) -> Any:
    return json.dumps(value) if isinstance(value, list) else value
