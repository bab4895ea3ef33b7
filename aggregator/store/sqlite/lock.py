"""One writer: the lock file beside the database, and what it tells about its holder."""

from __future__ import annotations

import fcntl
import json
import os
from typing import TYPE_CHECKING, Any

from aggregator.errors import FolderNotWritable, LockedDatabase

if TYPE_CHECKING:
    from pathlib import Path


class Lock:
    """An exclusive lock (flock) on a file that holds a small record of the holder; freed when the process ends."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: int | None = None

    def acquire(self) -> None:
        """Take the lock; LockedDatabase names the holder, FolderNotWritable the folder."""
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        except OSError as error:
            raise FolderNotWritable(
                f"{self._path.parent} cannot be written: {error.strerror} (user id {os.getuid()}).",
                "Give this user the right to write there, or choose another place with --database.",
            ) from error
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(file)
            pid = read_holder(self._path).get("pid", "unknown")
            raise LockedDatabase(
                f"{self._path.parent} is in use by process {pid}.",
                "Stop it first, or give this one a folder of its own with --database.",
            ) from error
        self._file = file
        self.describe({})

    def describe(self, record: dict[str, Any]) -> None:
        """Write what others may know of the holder beside its pid."""
        if self._file is not None:
            content = json.dumps({"pid": os.getpid(), **record}).encode()
            os.ftruncate(self._file, 0)
            os.pwrite(self._file, content, 0)

    def release(self) -> None:
        """Free the lock; the file stays, empty: deleting it would let two processes lock two files."""
        if self._file is not None:
            os.ftruncate(self._file, 0)
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
