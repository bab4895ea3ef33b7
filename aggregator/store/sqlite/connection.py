"""Opening the file: is it ours, is it whole, may we write; and SQLite's errors in our words."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from typing import TYPE_CHECKING

from sqlite_utils import Database

from aggregator.errors import (
    CorruptDatabase,
    DiskFull,
    FolderNotWritable,
    ForeignDatabase,
    LockedDatabase,
    NewerDatabase,
    StoreError,
)
from aggregator.store.sqlite.schema import APPLICATION_ID, migrations

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_MAGIC = b"SQLite format 3\x00"
_BUSY_MS = 5_000
_CACHE_KIB = 65_536

_MEANINGS: dict[int, tuple[type[StoreError], str, str]] = {
    sqlite3.SQLITE_NOTADB: (ForeignDatabase, "is not a SQLite database", "Choose another path with --database."),
    sqlite3.SQLITE_CORRUPT: (
        CorruptDatabase,
        "is damaged",
        "Keep a copy, then restore a backup, or recover with: sqlite3 FILE .recover",
    ),
    sqlite3.SQLITE_BUSY: (LockedDatabase, "is locked by another program", "Close it, or try again later."),
    sqlite3.SQLITE_LOCKED: (LockedDatabase, "is locked by another program", "Close it, or try again later."),
    sqlite3.SQLITE_FULL: (DiskFull, "cannot grow: the disk is full", "Make room; nothing that was stored is lost."),
    sqlite3.SQLITE_READONLY: (FolderNotWritable, "cannot be written", "Give this user the right to write it."),
    sqlite3.SQLITE_CANTOPEN: (FolderNotWritable, "cannot be opened", "Check that the folder exists and is writable."),
    sqlite3.SQLITE_IOERR: (DiskFull, "cannot be read or written", "Check the disk: its space, its health, its mount."),
}


def open_for_writing(path: Path) -> Database:
    """Open the database for the one writer, making it or bringing it up to date first.

    Raises a StoreError: ForeignDatabase, NewerDatabase, CorruptDatabase, LockedDatabase, FolderNotWritable.
    """
    if not _exists(path):
        _create(path)
    _check_file(path)
    with errors_of(path), contextlib.ExitStack() as undo:
        db = _connect(f"file:{_quoted(path)}?mode=rw")
        undo.callback(db.close)
        _check_schema(db, path)
        _migrate(db, path)
        undo.pop_all()
    return db


def open_for_reading(path: Path) -> Database:
    """Open the database beside its writer; a database that is not there yet reads as an empty one."""
    if not _exists(path):
        empty = _connect("file::memory:")
        migrations.apply(empty)
        return _only_reading(empty)
    _check_file(path)
    with errors_of(path), contextlib.ExitStack() as undo:
        db = _connect(f"file:{_quoted(path)}?mode=ro")
        undo.callback(db.close)
        _check_schema(db, path)
        if migrations.pending(db):
            raise LockedDatabase(
                f"{path} was made by an earlier version.",
                "Start the daemon, or run: aggregator migrate",
            )
        undo.pop_all()
    return _only_reading(db)


@contextlib.contextmanager
def errors_of(path: Path) -> Iterator[None]:
    """Turn SQLite's errors into ours, which name the file and the remedy."""
    try:
        yield
    except sqlite3.DatabaseError as error:
        code = getattr(error, "sqlite_errorcode", None)
        known = _MEANINGS.get(code & 0xFF) if code is not None else None
        if known is None:
            raise
        kind, what, remedy = known
        raise kind(f"{path} {what} ({error}).", remedy) from error


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except OSError as error:
        raise _forbidden(path.parent, error) from error


def _forbidden(folder: Path, error: OSError) -> FolderNotWritable:
    return FolderNotWritable(
        f"{folder} cannot be used: {error.strerror} (user id {os.getuid()}).",
        "Give this user the right to write there, or choose another place with --database.",
    )


def _only_reading(db: Database) -> Database:
    db.execute("PRAGMA query_only = ON")
    return db


def _connect(uri: str) -> Database:
    # check_same_thread: the writer's work moves between threads, one at a time.
    connection = sqlite3.connect(uri, uri=True, isolation_level=None, check_same_thread=False, timeout=_BUSY_MS / 1000)
    connection.row_factory = sqlite3.Row
    for pragma in ("foreign_keys = ON", f"cache_size = -{_CACHE_KIB}", "temp_store = MEMORY"):
        connection.execute(f"PRAGMA {pragma}")
    return Database(connection)


def _create(path: Path) -> None:
    """Make the file beside its place and move it there whole: a half-made database is never seen."""
    building = path.with_name(f".{path.name}.new")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # A log left behind by a database that was deleted would be taken for this one's and played into it.
        for leftover in (building, path.with_name(f"{path.name}-wal"), path.with_name(f"{path.name}-shm")):
            leftover.unlink(missing_ok=True)
        building.touch()  # fails with the system's reason, where SQLite has none
        with errors_of(path), contextlib.closing(sqlite3.connect(building, isolation_level=None)) as connection:
            for pragma in ("page_size = 16384", f"application_id = {APPLICATION_ID}", "journal_mode = WAL"):
                connection.execute(f"PRAGMA {pragma}")
            migrations.apply(Database(connection))
        building.rename(path)
    except OSError as error:
        raise _forbidden(path.parent, error) from error


def _check_file(path: Path) -> None:
    try:
        with path.open("rb") as file:
            head = file.read(len(_MAGIC))
    except OSError as error:
        raise FolderNotWritable(
            f"{path} cannot be read: {error.strerror}.", "Check the path and its rights."
        ) from error
    if not head:
        raise ForeignDatabase(
            f"{path} is empty (0 bytes): this was a database that lost its content, or another program's file.",
            "Restore a backup, or delete the file to begin anew.",
        )
    if head != _MAGIC:
        raise ForeignDatabase(f"{path} is not a SQLite database.", "Choose another path with --database.")


def _check_schema(db: Database, path: Path) -> None:
    if db.execute("PRAGMA application_id").fetchone()[0] != APPLICATION_ID:
        raise ForeignDatabase(f"{path} is another program's database.", "Choose another path with --database.")
    applied = {migration.name for migration in migrations.applied(db)}
    if unknown := sorted(applied - _released_names()):
        raise NewerDatabase(
            f"{path} was written by a later version (it has {', '.join(unknown)}).",
            "Install that version again, or restore the backup made before it.",
        )


def _released_names() -> set[str]:
    with contextlib.closing(Database(memory=True)) as empty:
        return {migration.name for migration in migrations.pending(empty)}


def _migrate(db: Database, path: Path) -> None:
    db.execute("PRAGMA journal_mode = WAL")
    db.execute("PRAGMA synchronous = NORMAL")
    if pending := migrations.pending(db):
        _back_up(db, path.with_name(f"{path.name}.before-{pending[0].name}"))
        migrations.apply(db)


def _back_up(db: Database, backup: Path) -> None:
    """Copy the database, what is still in the write-ahead log included; a half copy never has this name."""
    building = backup.with_name(f".{backup.name}.new")
    try:
        building.unlink(missing_ok=True)
        with contextlib.closing(sqlite3.connect(building)) as copy:
            db.conn.backup(copy)
        building.rename(backup)
    except OSError as error:
        raise _forbidden(backup.parent, error) from error


def _quoted(path: Path) -> str:
    return str(path.absolute()).replace("%", "%25").replace("?", "%3f").replace("#", "%23")
