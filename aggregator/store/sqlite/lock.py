"""One writer: the lock file beside the database, and what it tells about its holder."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import time
from typing import TYPE_CHECKING, Any

from aggregator.errors import FolderNotWritable, LockedDatabase

if TYPE_CHECKING:
    from pathlib import Path

_TRIES = 20
_PAUSE = 0.01
"""Seconds."""


class Lock:
    """An exclusive lock (flock) on a file that holds a small record of the holder; freed when the process ends."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: int | None = None

    def acquire(self) -> None:
        """Take the lock; LockedDatabase names the holder, FolderNotWritable the folder."""
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._file = self._taken()
            self.describe({})
        except OSError as error:
            self._close()
            raise FolderNotWritable(
                f"{self._path.parent} cannot be used: {error.strerror} (user id {os.getuid()}).",
                "Give this user the right to write there, or choose another place with --database.",
            ) from error

    def _taken(self) -> int:
        file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            self._take(file)
        except BaseException:
            os.close(file)
            raise
        return file

    def _take(self, file: int) -> None:
        """Take the lock of an open file; one who only looks who holds it (read_holder) is waited for."""
        for _ in range(_TRIES):
            with contextlib.suppress(BlockingIOError):
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return
            if "pid" in read_holder(self._path):
                break
            time.sleep(_PAUSE)
        raise LockedDatabase(
            f"{self._path.parent} is in use by process {read_holder(self._path).get('pid', 'unknown')}.",
            "Stop it first, or give this one a folder of its own with --database.",
        )

    def describe(self, record: dict[str, Any]) -> None:
        """Write what others may know of the holder beside its pid."""
        if self._file is not None:
            content = json.dumps({"pid": os.getpid(), **record}).encode()
            os.pwrite(self._file, content, 0)
            os.ftruncate(self._file, len(content))

    def release(self) -> None:
        """Free the lock; the file stays, empty: deleting it would let two processes lock two files."""
        if self._file is not None:
            os.ftruncate(self._file, 0)
        self._close()

    def _close(self) -> None:
        if self._file is not None:
            os.close(self._file)
            self._file = None


def read_holder(path: Path) -> dict[str, Any]:
    """Return what the lock's holder says of itself ({} when nobody holds it or it has said nothing yet)."""
    try:
        with path.open("rb") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except OSError:
                record = json.loads(file.read() or b"{}")
                return record if isinstance(record, dict) else {}
    except (OSError, ValueError):
        return {}
    return {}
