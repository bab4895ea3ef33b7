"""Copies of a database: made beside its writer, checked, and put back in its place."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import sqlite3
from typing import TYPE_CHECKING

from aggregator.errors import CorruptDatabase, DiskFull, FolderNotWritable, ForeignDatabase, NewerDatabase, Usage
from aggregator.store.sqlite.connection import (
    NO_SPACE,
    check_place,
    check_replaceable,
    errors_of,
    make_private,
    open_for_reading,
    restoring,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime
    from pathlib import Path

SQLITE_VERSION = sqlite3.sqlite_version
_PAGES = 1_000
"""Of 16 KB, copied at a time, between two words of how far it is."""
_STEPS = 10_000
"""Of SQLite's machine, between two looks at whether a check is broken off."""
_SPARE = 100 * 2**20
"""Bytes that a nightly copy leaves free."""
_NIGHTLY = re.compile(r".+-\d{8}-\d{6}\.db")
_UNFINISHED = re.compile(rf"\.{_NIGHTLY.pattern}\.new(-wal|-shm|-journal)?")


def back_up(path: Path, copy: Path, told: Callable[[int, int], None]) -> None:
    """Copy a database that may be written meanwhile into a new file, and check it; a half copy never has its name.

    `told` hears how many pages are done, of how many. Raises Usage when the file exists, StoreError when the copy
    cannot be made or is damaged.
    """
    if not path.exists():
        raise Usage(f"{path} does not exist: there is nothing to back up.")
    if copy.exists() or copy.is_symlink():
        raise Usage(f"{copy} exists.", "Name a file that does not, or move this one away.")
    building = copy.with_name(f".{copy.name}.new")
    with _named_errors(copy), _removed_when_broken_off(building):
        make_private(building)
        with (
            contextlib.closing(open_for_reading(path)) as source,
            errors_of(path),
            contextlib.closing(sqlite3.connect(building)) as target,
        ):
            _stay_at_this_moment(source.conn)
            source.conn.backup(target, pages=_PAGES, progress=lambda _, left, pages: told(pages - left, pages))
            target.execute("PRAGMA journal_mode = DELETE")  # one file, without a log beside it
        check(building)
        _sync(building)
        building.rename(copy)


def _stay_at_this_moment(connection: sqlite3.Connection) -> None:
    """Read one moment's state from now on: a copy of what is written meanwhile would begin anew with every write."""
    connection.execute("BEGIN")
    connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()


def keep_copy(path: Path, keep: int, now: datetime) -> Path:
    """Copy a database into `backups/` beside it, and delete all but the newest `keep` of such copies; at least one.

    Raises DiskFull when it would leave no room, and what `back_up` does.
    """
    folder = path.with_name("backups")
    with _named_errors(folder):
        folder.mkdir(mode=0o700, exist_ok=True)
        for unfinished in _named(folder, _UNFINISHED):
            unfinished.unlink()
        free, needed = shutil.disk_usage(folder).free, path.stat().st_size + _SPARE
    if free < needed:
        raise DiskFull(
            f"There is no room for a copy of {path} ({needed >> 20} MB, {free >> 20} MB are free).",
            "Make room, or write `backup: {keep: 0}` and copy it elsewhere: aggregator backup FILE",
        )
    copy = folder / f"{path.stem}-{now:%Y%m%d-%H%M%S}.db"
    back_up(path, copy, lambda _, __: None)
    for old in _named(folder, _NIGHTLY)[: -max(keep, 1)]:
        old.unlink(missing_ok=True)
    return copy


def _named(folder: Path, pattern: re.Pattern[str]) -> list[Path]:
    return sorted(path for path in folder.iterdir() if pattern.fullmatch(path.name))


def check(path: Path) -> None:
    """Read a database whole; CorruptDatabase, ForeignDatabase or NewerDatabase when it is not one of ours and well."""
    with contextlib.closing(open_for_reading(path)) as db, errors_of(path):
        found = [row[0] for row in db.execute("PRAGMA integrity_check(3)")]
    if found != ["ok"]:
        raise CorruptDatabase(f"{path} is damaged: {found[0]}.", "Use another copy, or recover: sqlite3 FILE .recover")


def look_over(path: Path, broken_off: Callable[[], bool]) -> None:
    """Look whether a database is well, beside its writer, until `broken_off`; CorruptDatabase when it is not."""
    with contextlib.closing(open_for_reading(path)) as db, errors_of(path):
        db.conn.set_progress_handler(broken_off, _STEPS)
        try:
            (found,) = db.execute("PRAGMA quick_check(1)").fetchone()
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode == sqlite3.SQLITE_INTERRUPT:
                return
            raise
    if found != "ok":
        raise CorruptDatabase(f"{path} is damaged: {found}.", f"Nothing more is written. {restoring(path)}")


def restore(copy: Path, path: Path, now: datetime) -> Path | None:
    """Put a copy in a database's place; whoever calls holds its lock. Return where the database is that was there.

    It has the rights of what it replaces, and its owner when root restores; else it is the folder's owner's alone.
    Raises ForeignDatabase when the copy is none of ours, CorruptDatabase when it is damaged; then nothing is changed.
    """
    if not copy.exists():
        raise ForeignDatabase(f"{copy} does not exist.", "Name the file that `aggregator backup` wrote.")
    building = path.with_name(f".{path.name}.new")
    with _named_errors(path), _removed_when_broken_off(building):
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        make_private(building, like=path if path.exists() else path.parent)
        shutil.copyfile(copy, building)
        _check_copy(building, copy)
        if path.exists():
            shutil.copymode(path, building)
        _sync(building)
        aside = _moved_aside(path, now)
        building.rename(path)
    return aside


def _check_copy(building: Path, copy: Path) -> None:
    """Read what was copied whole; errors name the copy that it was made of."""
    try:
        check(building)
    except (CorruptDatabase, ForeignDatabase, NewerDatabase) as error:
        message = error.message.replace(str(building), str(copy))
        is_newer = isinstance(error, NewerDatabase)
        remedy = error.remedy if is_newer else "Choose another copy; the database is as it was."
        raise type(error)(message, remedy) from error


def _moved_aside(path: Path, now: datetime) -> Path | None:
    """Rename a database and its log; what of it is whole can be had back."""
    if not path.exists():
        check_place(path)
        return None
    check_replaceable(path)
    aside = path.with_name(f"{path.name}.before-restore-{now:%Y%m%d-%H%M%S}")
    for ending in ("-wal", "-shm", ""):
        file = path.with_name(path.name + ending)
        if file.exists():
            file.rename(aside.with_name(aside.name + ending))
    return aside


def _sync(file: Path) -> None:
    """Have what was written on the disk before it gets its name."""
    with file.open("rb") as opened:
        os.fsync(opened.fileno())


@contextlib.contextmanager
def _removed_when_broken_off(building: Path) -> Iterator[None]:
    try:
        yield
    except BaseException:
        for ending in ("", "-wal", "-shm", "-journal"):
            building.with_name(building.name + ending).unlink(missing_ok=True)
        raise


@contextlib.contextmanager
def _named_errors(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno in NO_SPACE:
            raise DiskFull(f"There is no room for {path}: {error.strerror}.", "Make room.") from error
        raise FolderNotWritable(
            f"{path} cannot be written: {error.strerror} (user id {os.getuid()}).",
            "Give this user the right to write there.",
        ) from error
