"""Disks without room, and databases that another program holds: a running daemon waits, and goes on by itself."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import subprocess
import sys
import threading
from typing import TYPE_CHECKING, Any

import pytest

from aggregator.errors import AggregatorError, DiskFull
from aggregator.serve.health import Readiness
from aggregator.store.sqlite import connection
from aggregator.store.sqlite.lock import Lock
from aggregator.store.sqlite.store import SqliteStore

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

HOLD = """
import sqlite3, sys
other = sqlite3.connect(sys.argv[1], isolation_level=None)
other.execute("BEGIN EXCLUSIVE")
print("held", flush=True)
sys.stdin.read()
"""


class Room:
    """How much may be written: all, or nothing more."""

    def __init__(self, store: SqliteStore) -> None:
        self._db = store._database

    def fill(self) -> None:
        """Let the database not grow."""
        self._db.execute(f"PRAGMA max_page_count = {self._db.execute('PRAGMA page_count').fetchone()[0]}").fetchone()

    def free(self) -> None:
        """Let it grow again."""
        self._db.execute("PRAGMA max_page_count = 1000000").fetchone()


class Ballast:
    """The same, on a disk that is full."""

    def __init__(self, disk: Path) -> None:
        self._file = disk / "ballast"

    def fill(self) -> None:
        """Take all room that is left."""
        with self._file.open("wb", buffering=0) as file, contextlib.suppress(OSError):
            while file.write(b"x" * 4096):
                pass

    def free(self) -> None:
        """Give it back."""
        self._file.unlink()


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """Return a small disk; skip where this user may not mount one."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=48m", "none", str(folder)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("only root mounts a small disk")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def news(house: Any, answer: Callable[..., bytes]) -> None:
    """Let every feed have news, one of them so much that it needs room."""
    item = "<item><title>large {0}</title><guid>{0}</guid><description>{1}</description></item>"
    items = "".join(item.format(number, f"{number} " + "text " * 20_000) for number in range(8))
    body = f'<rss version="2.0"><channel><title>T</title><link>https://l.example/</link>{items}</channel></rss>'
    house.world.origin.answers["/feed"] = answer(body.encode(), 'ETag: "large"')
    house.world.publisher.edition += 1


async def pauses(house: Any) -> None:
    """Hold a daemon whose sources are polled every second to ask nothing more, once those under way have arrived."""
    seen = house.world.publisher.seen
    for _ in range(20):
        asked = len(seen)
        await asyncio.sleep(1.2)
        if len(seen) == asked:
            return
    raise AssertionError("polling goes on")


async def waits(house: Any, trouble: str) -> dict[str, Any]:
    """Wait until answers wait to be stored; hold the daemon to say so, to ask nothing more, and to be read still."""
    writer = house.daemon._pipeline.writer
    while writer.held_up is None:
        await asyncio.sleep(0.02)
    await pauses(house)
    before = house.stored("%")
    status: dict[str, Any] = await house.command("status")
    assert (status["writable"], status["trouble"]) == (False, trouble)
    assert status["waiting"] == writer.backlog > 0
    assert status["reason"].endswith(f"{writer.backlog} answers of sources wait to be stored")

    async def told() -> dict[str, Any]:
        return status

    words = (await Readiness(told)(None)).body.decode()  # type: ignore[arg-type]
    assert words == f"not ready: {trouble}; {writer.backlog} answers wait to be stored\n"
    assert house.stored("%") == before
    assert b"healthy0.example/feed-0" in house.published, "what was published is there"
    return status


def check_all_is_there(house: Any, logged: list[dict[str, Any]]) -> None:
    """Hold what waited to be stored once, and to have been told of once."""
    assert house.stored("large %") == 8
    with contextlib.closing(SqliteStore(house.database, readonly=True)) as store, store.snapshot() as tx:
        titles = [entry.item.title for entry in tx.entries.all()]
        assert len(set(titles)) == len(titles)
        assert tx.feeds.get(house.world.origin.url()).validators.etag == '"large"'
    events = [line["event"] for line in logged if line["event"].startswith(("writer.", "poll.lost", "store.failed"))]
    assert [event for event in events if event != "store.failed"] == ["writer.waits", "writer.goes_on"]
    assert events.count("store.failed") <= 2


@pytest.mark.fault("F3")
def test_F3_answers_wait_for_room(house: Any, answer: Callable[..., bytes]) -> None:
    """Nothing is stored by halves, polling pauses, everybody is told; with room all that waited is stored, once."""
    room = Room(house.world.store)

    async def scenario() -> None:
        await house.goes_on()
        await house.in_writer(room.fill)
        news(house, answer)
        status = await waits(house, DiskFull.in_short)
        assert "the disk is full" in status["reason"]
        feed = await house.in_writer(lambda: house.world.feed(house.world.origin.url()))
        assert feed.validators.etag == '"one"', "validators are never ahead"
        await house.in_writer(room.free)
        await house.goes_on()

    check_all_is_there(house, house.run(scenario))


@pytest.mark.fault("F3")
@pytest.mark.usefixtures("short_steps")
def test_F3_a_disk_that_is_really_full(disk: Path, world: Any, new_house: Any, answer: Callable[..., bytes]) -> None:
    """On a disk that something else fills not even a claim is stored: nothing is asked, all is read, and it goes on."""
    store = SqliteStore(disk / "aggregator.db")
    world.store, ballast = store, Ballast(disk)
    house = new_house(world)

    async def scenario() -> None:
        await house.goes_on()
        ballast.fill()
        news(house, answer)
        while (status := await house.command("status"))["writable"]:
            await asyncio.sleep(0.05)
        assert status["trouble"] == DiskFull.in_short, status["reason"]
        await pauses(house)
        assert (house.stored("healthy%"), b"healthy0.example/feed-0" in house.published) == (20, True)
        ballast.free()
        await house.goes_on()
        while house.stored("large %") < 8:
            await asyncio.sleep(0.05)

    with contextlib.closing(store):
        house.run(scenario)
        assert (house.stored("large %"), house.stored("healthy%")) == (8, 60)


@pytest.mark.fault("F3", "F2")
def test_F3_a_daemon_on_a_full_disk_can_be_stopped(house: Any, answer: Callable[..., bytes]) -> None:
    """It ends cleanly; what could not be stored is asked for again after the start, and nothing is missing."""
    room = Room(house.world.store)

    async def scenario() -> None:
        await house.goes_on()
        await house.in_writer(room.fill)
        news(house, answer)
        while house.daemon._pipeline.writer.held_up is None:
            await asyncio.sleep(0.02)

    logged = house.run(scenario)
    assert logged[-1]["event"] == "daemon.stopped"
    assert "writer.goes_on" not in {line["event"] for line in logged}
    assert house.stored("large %") == 0
    room.free()

    async def afterwards() -> None:
        await house.goes_on()
        while house.stored("large %") < 8:
            await asyncio.sleep(0.05)

    house.run(afterwards)


@pytest.mark.fault("F3")
def test_F3_no_room_to_begin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where not even a lock or an empty database can be written, that is said, with the exit code of a passing fault."""

    def full(*_: object, **__: object) -> Any:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("os.pwrite", full)
    with pytest.raises(DiskFull, match="has no room: No space left on device") as raised:
        Lock(tmp_path / "lock").acquire()
    assert raised.value.exit_code == 75
    monkeypatch.setattr(connection, "make_private", full)
    with pytest.raises(DiskFull, match="has no room"):
        SqliteStore(tmp_path / "aggregator.db")


@contextlib.contextmanager
def held_by_another(path: Path) -> Iterator[None]:
    """Let another process hold the database, as a backup tool does."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"held\n"
        yield
        other.communicate()


@pytest.mark.fault("F7")
def test_F7_answers_wait_for_whoever_holds_the_database(house: Any, answer: Callable[..., bytes]) -> None:
    """However long another program holds it, longer than SQLite waits: nothing is lost, all is stored, once."""
    gate = house.world.publisher.gate = threading.Event()

    async def scenario() -> None:
        gate.set()
        await house.goes_on()
        await house.in_writer(lambda: house.world.store._database.execute("PRAGMA busy_timeout = 100").fetchone())
        gate.clear()
        news(house, answer)
        while not house.world.publisher.under_way[""]:  # asked before the database was held
            await asyncio.sleep(0.02)
        with held_by_another(house.database):
            gate.set()
            status = await waits(house, "another program holds the database")
            assert "is locked by another program" in status["reason"]
            with pytest.raises(AggregatorError, match="is locked by another program"):
                await house.command("poll")
        await house.goes_on()

    check_all_is_there(house, house.run(scenario))
