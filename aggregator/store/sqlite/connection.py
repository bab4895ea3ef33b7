"""Opening the file: is it ours, is it whole, may we write; and SQLite's errors in our words.

What is made here (folder, database, its log, copies) is its owner's alone; what exists keeps the rights it was given.
What root makes belongs to the owner of the folder: the daemon is likely another user, and must be able to read it.
Nothing that another program made is changed or deleted.
"""

from __future__ import annotations

import contextlib
import errno
import os
import sqlite3
import stat
import threading
from collections import Counter
from typing import TYPE_CHECKING

from aggregator.errors import (
    CorruptDatabase,
    DiskFull,
    FolderNotWritable,
    ForeignDatabase,
    LockedDatabase,
    NewerDatabase,
    StoreError,
)
from aggregator.store.sqlite.loading import Database
from aggregator.store.sqlite.schema import APPLICATION_ID, migrations

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_MAGIC = b"SQLite format 3\x00"
_FRACTIONS = b"\x40\x20\x20"
"""Bytes 21 to 23 of every database's header (SQLite file format, section 1.3)."""
_LOG_MAGICS = (b"\x37\x7f\x06\x82", b"\x37\x7f\x06\x83")
"""How a write-ahead log begins (section 4.1)."""
NO_SPACE = (errno.ENOSPC, errno.EDQUOT)
_BUSY_MS = 5_000
_CACHE_KIB = 24_576

_held: Counter[tuple[int, int]] = Counter()
"""Files that this process has open through SQLite, by device and number."""
_looking = threading.Lock()

_MEANINGS: dict[int, tuple[type[StoreError], str, str]] = {
    sqlite3.SQLITE_NOTADB: (ForeignDatabase, "is not a SQLite database", "Choose another path; or {restore}"),
    sqlite3.SQLITE_CORRUPT: (
        CorruptDatabase,
        "is damaged",
        "{restore}; or recover what can be read: sqlite3 FILE .recover. Until then serve: aggregator run --no-poll",
    ),
    sqlite3.SQLITE_BUSY: (LockedDatabase, "is locked by another program", "Close it, or try again later."),
    sqlite3.SQLITE_LOCKED: (LockedDatabase, "is locked by another program", "Close it, or try again later."),
    sqlite3.SQLITE_FULL: (DiskFull, "cannot grow: the disk is full", "Make room; nothing that was stored is lost."),
    sqlite3.SQLITE_READONLY: (FolderNotWritable, "cannot be written", "Give this user the right to write it."),
    sqlite3.SQLITE_CANTOPEN: (FolderNotWritable, "cannot be opened", "Check that the folder exists and is writable."),
    sqlite3.SQLITE_IOERR: (DiskFull, "cannot be read or written", "Check the disk: its space, its health, its mount."),
}


def check_place(path: Path) -> None:
    """Look, and change nothing: the database is ours, or there is none and one may be made.

    Raises ForeignDatabase and FolderNotWritable.
    """
    if _exists(path):
        _check_file(path)
        return
    try:
        _leftovers(path)
    except OSError as error:
        raise _forbidden(path.parent, error) from error


def open_for_writing(path: Path) -> Database:
    """Open the database for the one writer, making it or bringing it up to date first.

    Raises a StoreError: ForeignDatabase, NewerDatabase, CorruptDatabase, LockedDatabase, FolderNotWritable.
    """
    if not _exists(path):
        _create(path)
    with errors_of(path), contextlib.ExitStack() as undo:
        db = _open(path, "rw")
        undo.callback(db.close)
        _check_schema(db, path)
        _migrate(db, path)
        undo.pop_all()
    return db


def open_for_reading(path: Path) -> Database:
    """Open the database beside its writer; a database that is not there yet reads as an empty one."""
    if not _exists(path):
        empty = Database(_connect("file::memory:"))
        migrations.apply(empty)
        return _only_reading(empty)
    with errors_of(path), contextlib.ExitStack() as undo:
        db = _open(path, "ro")
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
        known = _MEANINGS.get(_code_of(error, path))
        if known is None:
            raise
        kind, what, remedy = known
        raise kind(f"{path} {what} ({error}).", remedy.format(restore=restoring(path))) from error


def _code_of(error: sqlite3.DatabaseError, path: Path) -> int:
    """Return SQLite's primary code, 0 without one; a log that finds no room to grow is an I/O error, too."""
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    with contextlib.suppress(OSError):
        if code == sqlite3.SQLITE_IOERR and os.statvfs(path.parent).f_bavail == 0:
            return sqlite3.SQLITE_FULL
    return code


def restoring(path: Path) -> str:
    """Return how the database is had back: the newest nightly copy is named where there is one."""
    newest = max(path.parent.glob("backups/*.db"), default="FILE")
    return f"Restore a backup (what is there is kept beside it): aggregator restore {newest}"


def _exists(path: Path) -> bool:
    try:
        return path.is_symlink() or path.exists()  # a link that leads nowhere is not ours to replace
    except OSError as error:
        raise _forbidden(path.parent, error) from error


def _forbidden(folder: Path, error: OSError) -> StoreError:
    if error.errno in NO_SPACE:
        return DiskFull(f"{folder} has no room: {error.strerror}.", "Make room; nothing that was stored is lost.")
    return FolderNotWritable(
        f"{folder} cannot be used: {error.strerror} (user id {os.getuid()}).",
        "Give this user the right to write there, or choose another place with --database.",
    )


def _only_reading(db: Database) -> Database:
    db.execute("PRAGMA query_only = ON")
    return db


class _Held(Database):
    """A database of which this process knows that it has its file open."""

    def __init__(self, connection: sqlite3.Connection, file: tuple[int, int]) -> None:
        super().__init__(connection)
        self._files = [file]

    def close(self) -> None:
        super().close()
        with _looking:
            _held.subtract(self._files)
            self._files = []


def _open(path: Path, mode: str) -> Database:
    """Open a database whose file was looked at first, unless this process has it open already.

    POSIX locks belong to a process: whoever opens a file beside SQLite and closes it drops the locks that SQLite holds
    on it, and the next program that lets go of the database takes itself for the last one, and deletes the log that is
    written to here (sqlite.org/howtocorrupt.html, section 2.2).
    """
    with _looking:
        file = _number(path)
        if file is None or not _held[file]:
            _check_file(path)
        file = file or (0, 0)
        connection = _connect(f"file:{_quoted(path)}?mode={mode}")
        _held.update([file])
    return _Held(connection, file)


def _number(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None  # the look at it says why
    return found.st_dev, found.st_ino


def _connect(uri: str) -> sqlite3.Connection:
    # check_same_thread: the writer's work moves between threads, one at a time.
    connection = sqlite3.connect(uri, uri=True, isolation_level=None, check_same_thread=False, timeout=_BUSY_MS / 1000)
    connection.row_factory = sqlite3.Row
    for pragma in ("foreign_keys = ON", f"cache_size = -{_CACHE_KIB}", "temp_store = MEMORY"):
        connection.execute(f"PRAGMA {pragma}")
    return connection


def _create(path: Path) -> None:
    """Make the file beside its place and move it there whole: a half-made database is never seen."""
    building = path.with_name(f".{path.name}.new")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        for leftover in _leftovers(path):
            leftover.unlink(missing_ok=True)
        make_private(building, like=path.parent)
        with errors_of(path), contextlib.closing(sqlite3.connect(building, isolation_level=None)) as connection:
            for pragma in ("page_size = 16384", f"application_id = {APPLICATION_ID}", "journal_mode = WAL"):
                connection.execute(f"PRAGMA {pragma}")
            migrations.apply(Database(connection))
        building.rename(path)
    except OSError as error:
        raise _forbidden(path.parent, error) from error


def make_private(building: Path, *, like: Path | None = None) -> None:
    """Make an empty file for its owner alone, in place of a half-made one; SQLite gives its logs the same rights.

    Its owner is that of `like`, a file or folder, where we may choose.
    """
    building.unlink(missing_ok=True)
    file = os.open(building, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    try:
        if like is not None:
            give_to_owner_of(like, file)
    finally:
        os.close(file)


def give_to_owner_of(like: Path, file: int) -> None:
    """Give an open file that was made just now to whom `like` belongs, where root acts for the daemon's user."""
    if os.geteuid() == 0:
        owner = like.stat()
        os.chown(file, owner.st_uid, owner.st_gid)


def _leftovers(path: Path) -> list[Path]:
    """Return what a deleted database left behind: played into a new one, its log would damage it.

    Raises FolderNotWritable when a file is in the way that SQLite's write-ahead logging did not leave.
    """
    log, index, journal = (path.with_name(f"{path.name}-{ending}") for ending in ("wal", "shm", "journal"))
    left = [log, index] if _is_log(log) else []
    for file in (log, index, journal):
        if _exists(file) and (file not in left or not stat.S_ISREG(file.lstat().st_mode)):
            raise FolderNotWritable(
                f"{file} is in the way: there is no database that it belongs to.",
                "Move it away, or choose another place with --database.",
            )
    return left


def _is_log(path: Path) -> bool:
    """Whether a file is a write-ahead log, or an empty file."""
    if not (_exists(path) and stat.S_ISREG(path.lstat().st_mode)):
        return False
    with path.open("rb") as file:
        return file.read(4) in (b"", *_LOG_MAGICS)


def _check_file(path: Path) -> None:
    """Check the header without SQLite, which would write a foreign database's log into it."""
    head = _head(path)
    if not head:
        raise ForeignDatabase(
            f"{path} is empty (0 bytes): this was a database that lost its content, or another program's file.",
            f"{restoring(path)}; or delete the file to begin anew.",
        )
    if not _is_sqlite(head):
        was_ours = f", or its header is damaged. {restoring(path)}" if _is_home(path) else "."
        raise ForeignDatabase(f"{path} is not a SQLite database.", f"Choose another path with --database{was_ours}")
    if not _is_ours(head):
        raise ForeignDatabase(f"{path} is another program's database.", "Choose another path with --database.")


def check_replaceable(path: Path) -> None:
    """Look whether a copy may be put in this place: over a damaged database of ours, never over another's file.

    Raises ForeignDatabase and FolderNotWritable.
    """
    if not _exists(path):
        check_place(path)
        return
    head = _head(path)
    if not _is_ours(head) and (_is_sqlite(head) or (head and not _is_home(path))):
        raise ForeignDatabase(f"{path} is another program's file.", "Move it away, or choose another path.")


def _head(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(100)
    except OSError as error:
        raise FolderNotWritable(
            f"{path} cannot be read: {error.strerror}.", "Check the path and its rights."
        ) from error


def _is_sqlite(head: bytes) -> bool:
    return head.startswith(_MAGIC) and head[21:24] == _FRACTIONS


def _is_ours(head: bytes) -> bool:
    return _is_sqlite(head) and int.from_bytes(head[68:72], "big") == APPLICATION_ID


def _is_home(path: Path) -> bool:
    """Whether a database of ours was here once: what the daemon makes beside it is."""
    return any(path.with_name(name).is_dir() for name in ("backups", "renditions"))


def _check_schema(db: Database, path: Path) -> None:
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
        _back_up(db, path, path.with_name(f"{path.name}.before-{pending[0].name}"))
        with db.atomic():  # all of them or none: the version before reads what a killed one leaves
            migrations.apply(db)


def _back_up(db: Database, path: Path, backup: Path) -> None:
    """Copy the database, what is still in the write-ahead log included; a half copy never has this name."""
    building = backup.with_name(f".{backup.name}.new")
    try:
        make_private(building, like=path)
        with contextlib.closing(sqlite3.connect(building)) as copy:
            db.conn.backup(copy)
        building.rename(backup)
    except OSError as error:
        raise _forbidden(backup.parent, error) from error


def _quoted(path: Path) -> str:
    return str(path.absolute()).replace("%", "%25").replace("?", "%3f").replace("#", "%23")
