"""One writer: the lock file, with real second processes."""

from __future__ import annotations

import contextlib
import fcntl
import os
import resource
import signal
import sqlite3
import stat
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from aggregator.errors import FolderNotWritable, ForeignDatabase, LockedDatabase
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


@pytest.mark.fault("F8")
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


@pytest.mark.fault("F8")
def test_killed_writer_frees_the_lock(tmp_path: Path, hold: Callable[[], subprocess.Popen[str]]) -> None:
    """A process that is killed holds nothing; its record stands in the file until somebody has looked over the database."""
    first = hold()
    first.send_signal(signal.SIGKILL)
    first.wait()
    assert str(first.pid) in (tmp_path / "lock").read_text()
    assert read_holder(tmp_path / "lock") == {}
    lock = Lock(tmp_path / "lock")
    for was_broken_off, looked_over in ((True, False), (True, True), (False, False)):
        lock.acquire()
        assert (lock.was_broken_off, read_holder(tmp_path / "lock")) == (was_broken_off, {"pid": os.getpid()})
        if looked_over:
            lock.was_broken_off = False
        lock.release()
        assert read_holder(tmp_path / "lock") == {}


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


@pytest.fixture
def no_room() -> Iterator[None]:
    """Let no file of this process grow for as long."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, hard))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.usefixtures("no_room")
def test_lock_without_room_for_its_record(tmp_path: Path) -> None:
    """When the record cannot be written the lock is not held, and the folder is named."""
    with pytest.raises(FolderNotWritable, match="File too large"):
        Lock(tmp_path / "lock").acquire()
    with (tmp_path / "lock").open("rb") as file:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


def test_only_the_owner_reads(tmp_path: Path) -> None:
    """The folder is made 0700 and the lock 0600, whatever the umask is; rights that they were given stay."""
    path = tmp_path / "db" / "lock"
    before = os.umask(0)
    try:
        rights = []
        for chosen in (None, 0o640):
            if chosen:
                path.chmod(chosen)
            lock = Lock(path)
            lock.acquire()
            lock.release()
            rights.append(stat.S_IMODE(path.stat().st_mode))
    finally:
        os.umask(before)
    assert rights == [0o600, 0o640]
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


@pytest.mark.parametrize("content", [b"mine", b"[1]", b"{}", b'{"pid": "x"}', b"\x00", b" ", b'{"name": 1, "pid": 7}'])
def test_file_of_another_program_is_not_taken(tmp_path: Path, content: bytes) -> None:
    """A file named lock that does not hold our record is refused with the remedy, and left as it is."""
    path = tmp_path / "lock"
    path.write_bytes(content)
    with pytest.raises(FolderNotWritable, match="lock was not written by this program") as raised:
        Lock(path).acquire()
    assert raised.value.remedy
    assert raised.value.exit_code == 78
    assert path.read_bytes() == content
    with path.open("rb") as file:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


@pytest.mark.parametrize("content", [b"", b'{"pid": 7}', b'{"pid": 7, "control": "/x"}', b'{"pid": 7}ntrol": "/x"}'])
def test_lock_that_a_dead_process_left(tmp_path: Path, content: bytes) -> None:
    """Our own record is replaced, also one in the midst of whose writing its process was killed."""
    path = tmp_path / "lock"
    path.write_bytes(content)
    lock = Lock(path)
    lock.acquire()
    assert read_holder(path) == {"pid": os.getpid()}
    lock.release()


@pytest.mark.parametrize("content", [b"mine", b"", b'{"pid": 7}', None])
def test_lock_that_is_a_link(tmp_path: Path, content: bytes | None) -> None:
    """A link is not followed, wherever it leads: its target is neither written nor made."""
    if content is not None:
        (tmp_path / "other").write_bytes(content)
    (tmp_path / "lock").symlink_to("other")
    with pytest.raises(FolderNotWritable, match="lock is no regular file"):
        Lock(tmp_path / "lock").acquire()
    assert read_holder(tmp_path / "lock") == {}
    assert (tmp_path / "lock").is_symlink()
    assert ((tmp_path / "other").read_bytes() if content is not None else None) == content
    assert (tmp_path / "other").exists() == (content is not None)


def test_lock_that_is_no_file(tmp_path: Path) -> None:
    """A folder or a pipe is refused at once, and nobody waits for the pipe's other end."""
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    for name in ("folder", "pipe"):
        with pytest.raises(FolderNotWritable, match=f"{name} is no regular file") as raised:
            Lock(tmp_path / name).acquire()
        assert raised.value.exit_code == 78
        assert read_holder(tmp_path / name) == {}


@pytest.mark.parametrize("content", [b"", b"feeds: []", None], ids=["empty", "text", "another program's"])
def test_no_lock_beside_a_foreign_database(tmp_path: Path, content: bytes | None) -> None:
    """Beside a file that is not our database nothing is made, and what is there is not changed."""
    database = tmp_path / "aggregator.db"
    if content is None:
        with contextlib.closing(sqlite3.connect(database)) as db:
            db.execute("CREATE TABLE diary (line)")
    else:
        database.write_bytes(content)
    before = database.read_bytes()
    with pytest.raises(ForeignDatabase) as raised:
        Lock(tmp_path / "lock", guards=database).acquire()
    assert raised.value.exit_code == 65
    assert {found.name: found.read_bytes() for found in tmp_path.iterdir()} == {"aggregator.db": before}


def test_lock_beside_a_database_that_is_not_there_yet(tmp_path: Path) -> None:
    """Where no database is, the lock is taken; the database itself is not made by that."""
    lock = Lock(tmp_path / "db" / "lock", guards=tmp_path / "db" / "aggregator.db")
    lock.acquire()
    assert [found.name for found in (tmp_path / "db").iterdir()] == ["lock"]
    lock.release()


@pytest.mark.fault("F4")
@pytest.mark.parametrize("path", ["file/lock", "/proc/nowhere/lock"])
def test_lock_that_cannot_be_written(tmp_path: Path, path: str) -> None:
    """Where no lock file can be written, the folder is named, with the remedy."""
    (tmp_path / "file").touch()
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
