"""What statements are run with: PostgreSQL's dialect, as far as SQLite's session can say it in its own.

Values are `%s` and `%(name)s`; `= ANY(%s)` and `<> ALL(%s)` take a list. SQLite's planner decides without statistics,
so it is told what PostgreSQL's finds out, which skips comments:

    JOIN /* then */ entry            in this order: CROSS JOIN
    FROM telling /* by its_index */  by this index: INDEXED BY its_index
    FROM poll_log /* by rowid */     by none: NOT INDEXED

Where the two have to ask differently altogether, each has a class of its own, over the one of this folder.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from aggregator.store.rows import Row

Values: TypeAlias = "Sequence[Any] | dict[str, Any]"


class Found(Protocol):
    """The rows of a result; `rowcount`: how many a statement has changed."""

    @property
    def rowcount(self) -> int: ...

    def fetchone(self) -> Row | None: ...

    def fetchall(self) -> Sequence[Row]: ...

    def __iter__(self) -> Iterator[Row]: ...


class Dialect(Protocol):
    """What each backend says in its own way, to be put into statements."""

    def among(self, column: str) -> str:
        """Return SQL for "its text is one of these", which are given as `names` returns them.

        For what may be too long for an index: keys, links and ids.
        """

    def is_text(self, column: str, value: str = "%s") -> str:
        """Return SQL for "its text is this value", likewise."""

    def member(self, column: str, name: str) -> str:
        """Return SQL for a member of an object in JSON, as text."""

    def holds(self, column: str, value: str) -> str:
        """Return SQL for "this list in JSON has this text"."""

    def numbers(self, value: str) -> str:
        """Return SQL for a table of one column, `value`, of a list of numbers."""

    def names(self, texts: Iterable[str]) -> list[str]:
        """Return texts as `among` compares them."""


class Session(Dialect, Protocol):
    """The statements of one transaction."""

    def execute(self, statement: str, values: Values = ()) -> Found:
        """Run a statement."""

    def one(self, statement: str, values: Values = ()) -> Row:
        """Run a statement that has one row."""

    def claim(self) -> None:
        """Wait until no other process is claiming."""

    def beside(self, statement: str, values: Values = ()) -> Found:
        """Run a statement whether another process is writing or not: it skips what that one has locked."""

    def gradually(self, statement: str, values: dict[str, Any]) -> Iterable[Row]:
        """Return the rows of a result, which are read only as far as they are asked for."""

    def executemany(self, statement: str, rows: Sequence[Sequence[Any]]) -> None:
        """Run a statement for each of several rows."""
