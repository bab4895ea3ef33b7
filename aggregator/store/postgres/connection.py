"""Opening the database: is it ours, is it of this version, may we write; and PostgreSQL's errors in our words."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any, TypeAlias

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.rows import DictRow, dict_row
from psycopg.types.string import StrDumperUnknown

from aggregator.errors import (
    ConfigError,
    CorruptDatabase,
    DiskFull,
    FolderNotWritable,
    ForeignDatabase,
    LockedDatabase,
    NewerDatabase,
    Problem,
    StoreError,
    UnreachableDatabase,
)
from aggregator.store.postgres.schema import MIGRATIONS, TABLE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from psycopg.abc import Buffer

Connection: TypeAlias = "psycopg.Connection[DictRow]"

COPYING = "copying"
"""The name in `meta` under which a copy that is not whole says of which database it is one."""
_CONNECT_S = 10
_MIGRATING = 0x41474752_0001
"""Advisory lock (pg_advisory_xact_lock): who makes the tables or brings them up to date."""
_OLDEST = 130_000
"""PostgreSQL 13: the version that has all that is used here."""

_AGAIN = "Try again; if it goes on, look at pg_stat_activity for who holds it."
_GONE = (UnreachableDatabase, "has closed the connection", "Check that the server runs: it is asked again by itself.")
_MEANINGS: dict[str, tuple[type[StoreError], str, str]] = {
    # By code, else by its class, its first two characters (PostgreSQL, appendix A).
    "08": _GONE,
    "57P": _GONE,
    "25006": (FolderNotWritable, "cannot be written: it is a read-only server", "Name the primary server."),
    "40": (LockedDatabase, "was changed by another process at the same time", _AGAIN),
    "55P03": (LockedDatabase, "is locked by another process", _AGAIN),
    "57014": (LockedDatabase, "took too long and was stopped (statement_timeout)", _AGAIN),
    "42501": (FolderNotWritable, "may not be used so by this user", "Let the user own the database, or GRANT it."),
    "53100": (DiskFull, "cannot grow: the disk is full", "Make room; nothing that was stored is lost."),
    "53": (LockedDatabase, "has no room for this now (memory, connections)", "Try again later, or raise its limits."),
    "58": (DiskFull, "cannot be read or written", "Check the server's disk: its space, its health, its mount."),
    "XX": (CorruptDatabase, "is damaged, or PostgreSQL failed", "Read the server's log; restore a backup."),
}


class _Text(StrDumperUnknown):
    """Text without U+0000, which PostgreSQL has no place for: nothing of ours has it, but it may be asked for."""

    def dump(self, obj: str) -> Buffer | None:
        return super().dump(obj.replace("\0", ""))


def open_for_writing(url: str) -> Connection:
    """Open the database for a writer, making its tables or bringing them up to date first.

    Raises a StoreError: UnreachableDatabase, ForeignDatabase, NewerDatabase, LockedDatabase, FolderNotWritable.
    """
    return _opened(url, _migrate, _check_whole)


def open_for_reading(url: str) -> Connection:
    """Open the database beside its writers; LockedDatabase when it has not today's tables yet, or is half copied."""
    return _opened(url, _check_current, _check_whole)


def open_for_copying(url: str) -> Connection:
    """Open a database that is, or is going to be, a copy; each statement outside of a transaction is one of its own."""
    connection = _opened(url, _migrate)
    connection.autocommit = True
    return connection


def name_of(url: str) -> str:
    """Return how a database is called in messages: no user, no password."""
    parts = _parts(url)
    host, port = parts.get("host") or parts.get("hostaddr") or "localhost", parts.get("port")
    return f"PostgreSQL database {parts.get('dbname') or '(default)'} at {host}{f':{port}' if port else ''}"


@contextlib.contextmanager
def errors_of(name: str) -> Iterator[None]:
    """Turn PostgreSQL's errors into ours, which name the database and the remedy."""
    try:
        yield
    except psycopg.Error as error:
        known = _meaning(error)
        if known is None:
            raise
        kind, what, remedy = known
        raise kind(f"{name} {what} ({_first_line(error)}).", remedy) from error


def _meaning(error: psycopg.Error) -> tuple[type[StoreError], str, str] | None:
    code = error.sqlstate
    if code is not None:
        return _MEANINGS.get(code) or _MEANINGS.get(code[:3]) or _MEANINGS.get(code[:2])
    # libpq noticed it, not the server.
    return _GONE if isinstance(error, psycopg.OperationalError | psycopg.InterfaceError) else None


def _parts(url: str) -> dict[str, Any]:
    try:
        return conninfo_to_dict(url)
    except psycopg.ProgrammingError as error:
        remedy = "Write postgresql://USER:PASSWORD@HOST/NAME, with % before what is special in a password."
        problem = Problem("", None, "database", "this is not the address of a PostgreSQL database.", remedy)
        raise ConfigError([problem]) from error


def _opened(url: str, *prepare: Callable[[Connection, str], None]) -> Connection:
    name = name_of(url)
    with contextlib.ExitStack() as undo:
        connection = connect(url, name)
        undo.callback(connection.close)
        with errors_of(name):
            for step in prepare:
                step(connection, name)
        undo.pop_all()
    return connection


def connect(url: str, name: str) -> Connection:
    """Connect, without looking at what is there; `name` is used in messages. Raises UnreachableDatabase."""
    settings: dict[str, Any] = {"connect_timeout": _CONNECT_S, "application_name": "aggregator"} | _parts(url)
    try:
        connection: Connection = psycopg.connect(
            make_conninfo("", **settings | {"client_encoding": "utf8"}), row_factory=dict_row
        )
    except psycopg.OperationalError as error:
        raise UnreachableDatabase(f"{name} cannot be opened: {_first_line(error)}.", _remedy(error)) from error
    connection.adapters.register_dumper(str, _Text)
    try:
        _check_server(connection, name)
    except BaseException:
        connection.close()
        raise
    return connection


def _first_line(error: psycopg.Error) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[0].rstrip(".") if lines else type(error).__name__


def _remedy(error: psycopg.OperationalError) -> str:
    """Say what to do about a connection that was not made; libpq gives no code, only words."""
    words = str(error)
    if "database" in words and "does not exist" in words:
        return "Make it (createdb NAME), or correct the name in `database`."
    if "password" in words or "authentication" in words or "role" in words:
        return "Check user and password in `database`, and the server's pg_hba.conf."
    return "Check that the server runs, and host and port in `database`."


def _check_server(connection: Connection, name: str) -> None:
    if connection.info.server_version < _OLDEST:
        version = connection.info.server_version // 10_000
        raise ForeignDatabase(f"{name} is on PostgreSQL {version}; 13 or later is needed.", "Upgrade the server.")
    if (encoding := connection.info.parameter_status("server_encoding")) != "UTF8":
        raise ForeignDatabase(f"{name} keeps text as {encoding}, not UTF-8.", "Make one: createdb --encoding=UTF8 NAME")


def _migrate(connection: Connection, name: str) -> None:
    """Apply what is missing, all or nothing; of several processes that begin at once, one does it."""
    if not _pending(connection, name):
        return
    with connection.transaction():
        connection.execute("SELECT pg_advisory_xact_lock(%s)", [_MIGRATING])
        pending = _pending(connection, name)
        connection.execute(f"CREATE TABLE IF NOT EXISTS {TABLE} (name TEXT PRIMARY KEY, applied_at TIMESTAMPTZ)")
        for migration in pending:
            migration(connection)
            connection.execute(f"INSERT INTO {TABLE} (name, applied_at) VALUES (%s, now())", [migration.__name__])


def _check_current(connection: Connection, name: str) -> None:
    if _pending(connection, name):
        raise LockedDatabase(
            f"{name} is empty, or was made by an earlier version.", "Start the daemon, or run: aggregator migrate"
        )


def _check_whole(connection: Connection, name: str) -> None:
    with connection.transaction():
        found = connection.execute("SELECT 1 FROM meta WHERE name = %s", [COPYING]).fetchone()
    if found is not None:
        raise LockedDatabase(
            f"{name} is a copy that is not whole yet.", "Go on with it: run the same `aggregator migrate --to` again."
        )


def _pending(connection: Connection, name: str) -> list[Callable[[Connection], None]]:
    """Return the migrations that a database lacks; ForeignDatabase or NewerDatabase when it is not ours to change."""
    with connection.transaction():
        tables = {
            row["tablename"]
            for row in connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = current_schema()")
        }
        found = connection.execute(f"SELECT name FROM {TABLE}").fetchall() if TABLE in tables else []
    if TABLE not in tables and (others := sorted(one for one in tables if not one.startswith("procrastinate_"))):
        raise ForeignDatabase(
            f"{name} has another program's tables ({', '.join(others[:3])}).",
            "Make a database of its own (createdb NAME), and name it in `database`.",
        )
    applied, ours = {row["name"] for row in found}, {one.__name__ for one in MIGRATIONS}
    if unknown := sorted(applied - ours):
        raise NewerDatabase(
            f"{name} was written by a later version (it has {', '.join(unknown)}).",
            "Install that version again, or restore the backup made before it.",
        )
    return [one for one in MIGRATIONS if one.__name__ not in applied]
