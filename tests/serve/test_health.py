from __future__ import annotations

import asyncio
import json
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from aggregator.errors import Unavailable
from aggregator.serve.health import ask_daemon
from aggregator.store.sqlite.lock import Lock

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from conftest import Client, World

UNWRITTEN = "the database or the documents cannot be written"
GOOD: dict[str, Any] = {"writable": True, "polling": True, "answered": True, "last_tick_age": 0.2, "reason": None}


def test_alive_is_alive_whatever_the_daemon_does(own_client: Client, world: World) -> None:
    """/healthz speaks for the web process alone."""
    world.status = None
    answer = own_client.get("/healthz")
    assert (answer.status, answer.body, answer["Cache-Control"]) == (200, b"ok\n", "no-store")


def test_ready_when_the_daemon_polls_and_writes(client: Client) -> None:
    """/readyz is 200 while everything works."""
    assert client.get("/readyz").status == 200


@pytest.mark.parametrize(
    ("status", "why"),
    [
        (None, "No daemon runs on this database. Start it."),
        ({**GOOD, "writable": False, "reason": "/home/ann/db/a.db: no space"}, UNWRITTEN),
        ({**GOOD, "writable": False}, UNWRITTEN),
        ({**GOOD, "polling": False, "reason": "<b>/home/ann</b>"}, "polling is late"),
        ({**GOOD, "polling": False, "writable": False}, UNWRITTEN),
        ({}, UNWRITTEN),
        ({**GOOD, "answered": False, "reason": "see: aggregator feeds"}, "no source has answered for two hours"),
    ],
)
def test_not_ready_says_why(own_client: Client, world: World, status: dict[str, Any] | None, why: str) -> None:
    """/readyz is 503 when the daemon is in trouble or gone; strangers are told what is wrong, not where."""
    world.status = status
    answer = own_client.get("/readyz")
    assert (answer.status, answer.text) == (503, f"not ready: {why}\n")
    assert answer["Content-Type"] == "text/plain; charset=utf-8"
    assert "default-src 'none'" in (answer["Content-Security-Policy"] or "")


@pytest.fixture
def socket_path() -> Iterator[Path]:
    """Return a path short enough for a socket."""
    folder = tempfile.mkdtemp()
    yield Path(folder) / "c.sock"
    shutil.rmtree(folder)


async def _asked(lock: Path, socket_path: Path, *lines: bytes) -> tuple[Mapping[str, Any], bytes]:
    """Ask a daemon that answers these lines; return what was understood and what it was sent."""
    received = b""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal received
        received = await reader.readline()
        writer.writelines(lines)
        writer.close()
        await writer.wait_closed()

    async with await asyncio.start_unix_server(answer, socket_path):
        return await ask_daemon(lock), received


@pytest.fixture
def lock(tmp_path: Path, socket_path: Path) -> Iterator[Path]:
    """Return a lock file held by a daemon that says where its socket is."""
    holder = Lock(tmp_path / "lock")
    holder.acquire()
    holder.describe({"control": str(socket_path)})
    yield tmp_path / "lock"
    holder.release()


def test_daemon_is_asked_over_its_socket(lock: Path, socket_path: Path) -> None:
    """One command is sent; the fields of all lines up to `done` are the answer."""
    lines = json.dumps(GOOD).encode() + b"\n", b'{"done": true}\n', b"never read\n"
    status, received = asyncio.run(_asked(lock, socket_path, *lines))
    assert json.loads(received) == {"command": "status"}
    assert status == {**GOOD, "done": True}


@pytest.mark.parametrize("line", [b"", b'{"writable": true}\n', b"nonsense\n", b"[1]\n", b'{"done": true, "error": "Unknown.", "remedy": "Try."}\n'])  # fmt: skip
def test_daemon_that_breaks_off_is_unavailable(lock: Path, socket_path: Path, line: bytes) -> None:
    """Silence, half an answer, nonsense and an error are all Unavailable, in words of our own."""
    with pytest.raises(
        Unavailable, match=r"^The daemon (does not answer|broke off|cannot say how it is)\. Its log says"
    ):
        asyncio.run(_asked(lock, socket_path, line))


def test_daemon_that_is_gone_is_unavailable(lock: Path, tmp_path: Path) -> None:
    """A socket that nobody listens on, a lock that nobody holds, and no lock at all are told apart from a crash."""
    with pytest.raises(Unavailable, match="does not answer"):
        asyncio.run(ask_daemon(lock))
    (tmp_path / "free").write_text('{"control": "/nowhere"}')
    for path in (tmp_path / "free", tmp_path / "none"):
        with pytest.raises(Unavailable, match="No daemon runs"):
            asyncio.run(ask_daemon(path))


def test_silent_daemon_is_not_waited_for(lock: Path, socket_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A daemon that takes the question and says nothing is Unavailable when patience ends."""
    monkeypatch.setattr("aggregator.serve.health._PATIENCE", 0.1)

    async def ask() -> None:
        async with await asyncio.start_unix_server(_silent, socket_path):
            await ask_daemon(lock)

    with pytest.raises(Unavailable, match="does not answer"):
        asyncio.run(ask())


async def _silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read()
    writer.close()
    await writer.wait_closed()
