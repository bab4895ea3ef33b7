"""One writer: the lock file beside the database, and what it tells about its holder."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import re
import stat
import time
from typing import TYPE_CHECKING, Any, Self

from aggregator.errors import DiskFull, FolderNotWritable, LockedDatabase
from aggregator.store.sqlite.connection import NO_SPACE, check_place, give_to_owner_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_TRIES = 20
_PAUSE = 0.01
"""Seconds."""
_RECORD = re.compile(rb'\{"pid": \d+[,}]')
"""How a record begins; the end of a longer one may follow it, if a process was killed while it wrote."""
_LONGEST = 65_536


class Lock:
    """An exclusive lock (flock) on a file that holds a small record of the holder; freed when the process ends."""

    def __init__(self, path: Path, *, guards: Path | None = None) -> None:
        """`guards`: the database, looked at first: beside one that is not ours no lock is made."""
        self._path = path
        self._guards = guards
        self._file: int | None = None
        self.was_broken_off = False
        """A holder ended without letting go, killed or with the machine, and nobody has looked over its database since.

        Whoever has does away with this.
        """

    def acquire(self) -> None:
        """Take the lock; LockedDatabase names the holder, FolderNotWritable the folder or a file that is not ours.

        The file is made for its owner alone; one that exists keeps the rights it was given. Raises ForeignDatabase.
        """
        if self._guards is not None:
            check_place(self._guards)
        try:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._file = self._taken()
            self.describe({})
        except OSError as error:
            self._close()
            if error.errno in NO_SPACE:
                raise DiskFull(f"{self._path.parent} has no room: {error.strerror}.", "Make room.") from error
            raise FolderNotWritable(
                f"{self._path.parent} cannot be used: {error.strerror} (user id {os.getuid()}).",
                "Give this user the right to write there, or choose another place with --database.",
            ) from error

    @contextlib.contextmanager
    def held(self) -> Iterator[Self]:
        """Hold the lock for a while; errors as of `acquire`."""
        self.acquire()
        try:
            yield self
        finally:
            self.release()

    def _taken(self) -> int:
        self._check_kind()
        is_new = not self._path.exists()
        file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        try:
            if is_new:
                give_to_owner_of(self._path.parent, file)
            self._take(file)
            self._check_content(file)
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

    def _check_kind(self) -> None:
        with contextlib.suppress(FileNotFoundError):
            if not stat.S_ISREG(self._path.lstat().st_mode):
                raise self._foreign("is no regular file")

    def _check_content(self, file: int) -> None:
        content = os.pread(file, _LONGEST, 0)
        if content and not _RECORD.match(content):
            raise self._foreign("was not written by this program")
        self.was_broken_off = bool(content)

    def _foreign(self, why: str) -> FolderNotWritable:
        return FolderNotWritable(
            f"{self._path} {why}; it has the name of the lock.",
            "Move it away, or choose another place with --database.",
        )

    def describe(self, record: dict[str, Any]) -> None:
        """Write what others may know of the holder beside its pid."""
        if self._file is not None:
            content = json.dumps({"pid": os.getpid(), **record}).encode()
            os.pwrite(self._file, content, 0)
            os.ftruncate(self._file, len(content))

    def release(self) -> None:
        """Free the lock; the file stays: deleting it would let two processes lock two files.

        It is empty, unless it is still to be known that a holder was broken off.
        """
        if self._file is not None and not self.was_broken_off:
            os.ftruncate(self._file, 0)
        self._close()

    def _close(self) -> None:
        if self._file is not None:
            os.close(self._file)
            self._file = None


def read_holder(path: Path) -> dict[str, Any]:
    """Return what the lock's holder says of itself ({} when nobody holds it or it has said nothing yet)."""
    try:
        # Not blocking: whoever opens a pipe would wait for its other end.
        file = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return {}
    try:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return _record(file)
    finally:
        os.close(file)
    return {}


def _record(file: int) -> dict[str, Any]:
    try:
        record = json.loads(os.read(file, _LONGEST) or b"{}")
    except (OSError, ValueError):
        return {}
    return record if isinstance(record, dict) else {}
