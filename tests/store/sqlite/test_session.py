"""Statements are put into SQLite's words, and mean there what they mean in PostgreSQL."""

from __future__ import annotations

import contextlib
import sqlite3
from typing import TYPE_CHECKING

import pytest

from aggregator.store.sqlite.session import SqliteSession

if TYPE_CHECKING:
    from collections.abc import Iterator


class _Told:
    """A session, and the statements that SQLite was told, without their values."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.session = SqliteSession(connection)
        self._connection = connection

    def plan(self, statement: str, values: list[object]) -> str:
        """Return how SQLite finds the rows of a statement."""
        steps = self.session.execute(f"EXPLAIN QUERY PLAN {statement}", values)
        return "; ".join(row["detail"] for row in steps)

    def ids(self, condition: str, values: list[object] | dict[str, object]) -> list[int]:
        """Return which rows of the first table hold to a condition."""
        statement = f"SELECT id FROM one WHERE {condition} ORDER BY id"  # noqa: S608 - a test's own
        return [row["id"] for row in self.session.execute(statement, values)]


@pytest.fixture
def told() -> Iterator[_Told]:
    """Return a session on a database with two tables of three rows."""
    with contextlib.closing(sqlite3.connect(":memory:")) as connection:
        connection.row_factory = sqlite3.Row
        connection.executescript(
            """
            CREATE TABLE one (id INTEGER PRIMARY KEY, name TEXT, data TEXT);
            CREATE INDEX one_name ON one (name);
            CREATE TABLE other (id INTEGER PRIMARY KEY, one INTEGER);
            CREATE INDEX other_one ON other (one);
            INSERT INTO one VALUES (1, 'a', '{"title": "A"}'), (2, 'b', '{"title": "B"}'), (3, 'c', '["x", "y"]');
            INSERT INTO other VALUES (1, 1), (2, 2), (3, 3);"""
        )
        yield _Told(connection)


@pytest.mark.parametrize(
    ("condition", "values", "found"),
    [
        ("name = %s", ["b"], [2]),
        ("name = %(name)s AND id = %(id)s", {"name": "b", "id": 2, "more": 0}, [2]),
        ("name = ANY(%s)", [["a", "c"]], [1, 3]),
        ("name = ANY(%(names)s)", {"names": ["a", "c"]}, [1, 3]),
        ("id = ANY(%s)", [[]], []),
        ("name <> ALL(%s)", [["a", "c"]], [2]),
        ("name <> ALL(%s) AND id > %s", [[], 1], [2, 3]),
    ],
)
def test_values(told: _Told, condition: str, values: list[object] | dict[str, object], found: list[int]) -> None:
    """Single values and lists, by place and by name; what a statement does not name is left alone."""
    assert told.ids(condition, values) == found


def test_texts_that_are_found_at_any_length(told: _Told) -> None:
    """Here they are compared as they are."""
    session = told.session
    long = "c" * 100_000
    session.execute("UPDATE one SET name = %s WHERE id = 3", [long])
    assert told.ids(session.among("name"), [session.names({long})]) == [3]
    assert told.ids(session.is_text("name"), [long]) == [3]
    assert told.ids(session.is_text("name", "%(name)s"), {"name": long}) == [3]


def test_json(told: _Told) -> None:
    """Members of objects, texts in lists, and lists of numbers as tables."""
    session = told.session
    assert told.ids(f"id < 3 AND {session.member('data', 'title')} = %s", ["B"]) == [2]
    assert told.ids(f"id = 3 AND {session.holds('data', '%(text)s')}", {"text": "y"}) == [3]
    assert told.ids(f"id = 3 AND {session.holds('data', '%(text)s')}", {"text": "z"}) == []
    listed = " ".join(("id IN (SELECT value FROM", session.numbers("%(ids)s"), "AS wanted)"))
    assert told.ids(listed, {"ids": [3, 1]}) == [1, 3]


def test_hints_for_the_planner(told: _Told) -> None:
    """Comments, which PostgreSQL skips, say in which order tables are joined, and by which index."""
    told.session.execute("INSERT INTO other SELECT NULL, 1 FROM one AS a, one AS b, one AS c", [])
    joined = "SELECT 1 FROM one JOIN {} other ON other.one = one.id WHERE other.id = 1"
    assert told.plan(joined.format(""), []).startswith("SEARCH other")
    assert told.plan(joined.format("/* then */"), []).startswith("SCAN one")
    listed = "SELECT id FROM one {} WHERE name > %s AND id > %s"
    assert "one_name" in told.plan(listed.format("/* by one_name */"), ["a", 0])
    assert "one_name" not in told.plan(listed.format("/* by rowid */"), ["a", 0])


def test_what_only_a_server_needs(told: _Told) -> None:
    """Nobody else locks rows or orders texts in another way here; who claims waits for nobody."""
    session = told.session
    session.claim()
    ordered = 'SELECT id FROM one ORDER BY name COLLATE "C" DESC LIMIT %s FOR UPDATE SKIP LOCKED'
    assert [row["id"] for row in session.beside(ordered, [2])] == [3, 2]
    assert [row["id"] for row in session.gradually("SELECT id FROM one WHERE id > %(id)s", {"id": 2})] == [3]


def test_one_and_many(told: _Told) -> None:
    """A statement for each of several rows; one that has to have a single row."""
    told.session.executemany("INSERT INTO other (one) VALUES (%s)", [(7,), (8,)])
    assert told.session.one("SELECT count(*) AS count FROM other WHERE one > %s", [6])["count"] == 2
    with pytest.raises(ValueError, match="unpack"):
        told.session.one("SELECT id FROM one")
