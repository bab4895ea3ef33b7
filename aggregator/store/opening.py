"""Which backend keeps what: a file is SQLite's, an address names a PostgreSQL server."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from aggregator.errors import UnreachableDatabase
from aggregator.store.sqlite.store import SqliteStore

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from types import ModuleType

    from aggregator.store.postgres.standing import Standing
    from aggregator.store.protocols import Store

Place: TypeAlias = "Path | str"
"""Where a database is: a file, or the address (postgresql://...) of one on a server."""

DATABASE = "AGGREGATOR_DATABASE"
"""The environment variable that names a database."""


def open_store(place: Place, *, readonly: bool = False) -> Store:
    """Open a database, to write after making it or bringing it up to date, or only to read.

    Raises a StoreError that names the remedy; ConfigError when the address of a server makes no sense.
    """
    if isinstance(place, Path):
        return SqliteStore(place, readonly=readonly)
    _need_driver()
    from aggregator.store.postgres.store import PostgresStore  # noqa: PLC0415 - an extra

    return PostgresStore(place, readonly=readonly)


def standing(url: str, *, alone: bool, clock: Callable[[], datetime] | None = None) -> Standing:
    """Return a place among those that poll for a database on a server; UnreachableDatabase without the extra.

    `clock`: it has to agree with the server's.
    """
    _need_driver()
    from aggregator.store.postgres.standing import Standing  # noqa: PLC0415 - an extra

    return Standing(url, alone=alone, clock=clock)


def shown(place: Place) -> str:
    """Return how a database is called in messages and logs: no user, no password."""
    if isinstance(place, Path) or find_spec("psycopg") is None:
        return str(place) if isinstance(place, Path) else "PostgreSQL"
    from aggregator.store.postgres.connection import name_of  # noqa: PLC0415 - an extra

    return name_of(place)


def copying_to_server() -> ModuleType:
    """Return what copies a file to a server; UnreachableDatabase where the extra is not installed."""
    _need_driver()
    from aggregator.store.postgres import copying  # noqa: PLC0415 - an extra

    return copying


def copying_to_file() -> ModuleType:
    """Return what copies a server's database to a file; UnreachableDatabase where the extra is not installed."""
    _need_driver()
    from aggregator.store.postgres import copying_back  # noqa: PLC0415 - an extra

    return copying_back


def _need_driver() -> None:
    if find_spec("psycopg") is None:
        raise UnreachableDatabase(
            "PostgreSQL needs the extra [fleet], which is not installed.",
            'Install it, in the folder of the source: pip install ".[fleet]"',
        )
