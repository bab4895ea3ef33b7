"""One writer: the lock file, with real second processes."""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from aggregator.errors import FolderNotWritable, LockedDatabase
from aggregator.store.sqlite.lock import Lock, read_holder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

HOLD = """
import sys
from pathlib import Path
from aggregator.store.sqlite.lock import Lock
lock = Lock(Path(sys.argv[1]))
lock.acquire()
lock.describe({"control": "/somewhere/control.sock"})
print("held", flush=True)
sys.stdin.read()
lock.release()
"""


@pytest.fixture
def hold(tmp_path: Path) -> Iterator[Callable[[], subprocess.Popen[str]]]:
    """Start other processes that hold the lock `tmp_path/lock`."""
    started: list[subprocess.Popen[str]] = []

    def start() -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-c", HOLD, str(tmp_path / "lock")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


def test_second_writer_is_refused(tmp_path: Path, hold: Callable[[], subprocess.Popen[str]]) -> None:
    """Who comes second is told who holds the database; once that one ends, the lock can be had."""
    first = hold()
    lock = Lock(tmp_path / "lock")
    with pytest.raises(LockedDatabase, match=f"in use by process {first.pid}") as raised:
        lock.acquire()
    assert raised.value.exit_code == 75
    assert str(tmp_path) in raised.value.message
    assert read_holder(tmp_path / "lock") == {"pid": first.pid, "control": "/somewhere/control.sock"}
    first.communicate("")
    lock.acquire()
    assert read_holder(tmp_path / "lock") == {"pid": os.getpid()}
    lock.release()


def test_killed_writer_frees_the_lock(tmp_path: Path, hold: Callable[[], subprocess.Popen[str]]) -> None:
    """A process that is killed holds nothing, though its record still stands in the file."""
    first = hold()
    first.send_signal(signal.SIGKILL)
    first.wait()
    assert str(first.pid) in (tmp_path / "lock").read_text()
    assert read_holder(tmp_path / "lock") == {}
    lock = Lock(tmp_path / "lock")
    lock.acquire()
    lock.release()


def test_released_lock(tmp_path: Path) -> None:
    """Who lets go leaves an empty file that holds nobody; letting go again, or describing, is no error."""
    lock = Lock(tmp_path / "db" / "lock")
    lock.acquire()
    lock.describe({"control": "a long address that comes first"})
    lock.describe({"control": "short"})
    assert read_holder(tmp_path / "db" / "lock") == {"pid": os.getpid(), "control": "short"}
    lock.release()
    lock.release()
    lock.describe({"control": "x"})
    assert (tmp_path / "db" / "lock").read_bytes() == b""
    assert read_holder(tmp_path / "db" / "lock") == {}


def test_same_process_cannot_hold_it_twice(tmp_path: Path) -> None:
    """A second lock of the same process is a second one."""
    lock = Lock(tmp_path / "lock")
    lock.acquire()
    with pytest.raises(LockedDatabase, match=str(os.getpid())):
        Lock(tmp_path / "lock").acquire()
    lock.release()


def test_one_who_looks_is_waited_for(tmp_path: Path) -> None:
    """Somebody who only looks who holds the lock, at the same moment, does not keep the first writer out."""
    path = tmp_path / "lock"
    path.touch()
    with path.open("rb") as looking:
        fcntl.flock(looking, fcntl.LOCK_SH)
        timer = threading.Timer(0.05, fcntl.flock, (looking, fcntl.LOCK_UN))
        timer.start()
        lock = Lock(path)
        lock.acquire()
        timer.join()
    assert read_holder(path) == {"pid": os.getpid()}
    lock.release()


def test_nameless_holder(tmp_path: Path) -> None:
    """A holder that never says who it is keeps others out all the same, and not for long."""
    path = tmp_path / "lock"
    for content in (b"", b"[1]", b"{not json"):
        path.write_bytes(content)
        with path.open("rb") as holding:
            fcntl.flock(holding, fcntl.LOCK_EX)
            assert read_holder(path) == {}
            started = time.monotonic()
            with pytest.raises(LockedDatabase, match="process unknown"):
                Lock(path).acquire()
            assert time.monotonic() - started < 2


def test_no_lock_file(tmp_path: Path) -> None:
    """Where there is no lock file nobody holds it."""
    assert read_holder(tmp_path / "nowhere" / "lock") == {}


@pytest.mark.parametrize("path", ["file/lock", "folder", "/proc/nowhere/lock", "/dev/full"])
def test_lock_that_cannot_be_written(tmp_path: Path, path: str) -> None:
    """Where no lock file can be written, the folder is named, with the remedy."""
    (tmp_path / "file").touch()
    (tmp_path / "folder").mkdir()
    with pytest.raises(FolderNotWritable, match=f"user id {os.getuid()}") as raised:
        Lock(tmp_path / path).acquire()
    assert str((tmp_path / path).parent) in raised.value.message
    assert raised.value.exit_code == 78


def test_path_of_the_lock_is_kept(tmp_path: Path) -> None:
    """Acquiring and releasing never deletes the file: two processes would lock two files."""
    lock = Lock(tmp_path / "lock")
    lock.acquire()
    inode = Path(tmp_path / "lock").stat().st_ino
    lock.release()
    assert Path(tmp_path / "lock").stat().st_ino == inode
