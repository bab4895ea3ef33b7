"""The web process: it loads its program beside ours, serves when it is told to, and is replaced when it dies."""

from __future__ import annotations

import asyncio
import http.client
import os
import signal
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from structlog.testing import capture_logs

from aggregator.run.web import WebProcess, listen

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="processes are looked up in Linux's /proc")
PATIENCE = 30.0


def _children() -> set[int]:
    """Return the web processes of this one."""
    words = f"/proc/self/task/{os.getpid()}/children"
    found = {int(word) for word in Path(words).read_text().split()}
    return {number for number in found if b"aggregator.serve" in Path(f"/proc/{number}/cmdline").read_bytes()}


def _child() -> int:
    """Return the one that there is; what has been started just now has no words yet."""
    end = time.monotonic() + PATIENCE
    while not (found := _children()):
        assert time.monotonic() < end
    (number,) = found
    return number


def _web(folder: Path) -> WebProcess:
    return WebProcess(listen("127.0.0.1", 0), folder / "a.db", folder / "renditions")


def _status(address: str, patience: float) -> int | None:
    """Ask whether it is alive; None: nobody has answered within so many seconds."""
    connection = http.client.HTTPConnection(address.removeprefix("http://").strip("/"), timeout=patience)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status
    except TimeoutError:
        return None
    finally:
        connection.close()


async def _until(holds: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < end
        await asyncio.sleep(0.02)


def test_it_serves_only_once_it_is_told_to(tmp_path: Path) -> None:
    """It loads as soon as there is the process; who asks meanwhile is answered when what holds now is published."""

    async def tried() -> None:
        with _web(tmp_path) as web:
            early = asyncio.create_task(asyncio.to_thread(_status, web.address, PATIENCE))
            assert await asyncio.to_thread(_status, web.address, 2.0) is None
            assert not early.done()
            async with web:
                assert await early == 200
                first = _child()
            assert first not in _children()

    asyncio.run(tried())


def test_one_that_dies_is_replaced(tmp_path: Path) -> None:
    """Whoever connects meanwhile waits, and is answered by the next: the socket stays open."""

    async def tried() -> None:
        with capture_logs() as said:
            async with _web(tmp_path) as web:
                assert await asyncio.to_thread(_status, web.address, PATIENCE) == 200
                first = _child()
                os.kill(first, signal.SIGKILL)
                await _until(lambda: any(event["event"] == "web.ended" for event in said))
                assert await asyncio.to_thread(_status, web.address, PATIENCE) == 200
                assert _child() != first
        (event,) = [event for event in said if event["event"] == "web.ended"]
        assert event["status"] == -signal.SIGKILL
        assert not _children()

    asyncio.run(tried())


def test_one_that_dies_while_it_loads_is_replaced(tmp_path: Path) -> None:
    """The daemon finds out when it is ready itself."""

    async def tried() -> None:
        with _web(tmp_path) as web:
            first = _child()
            os.kill(first, signal.SIGKILL)
            async with web:
                assert await asyncio.to_thread(_status, web.address, PATIENCE) == 200
                assert first not in _children()

    asyncio.run(tried())


def test_a_start_that_fails_leaves_no_process(tmp_path: Path) -> None:
    """What was loading for a daemon that refuses its database ends with it, and its port is free."""

    def refused() -> None:
        with web:
            assert _child()
            raise OSError("the database is damaged")

    web = _web(tmp_path)
    address = web.address
    with pytest.raises(OSError, match="damaged"):
        refused()
    assert not _children()
    with pytest.raises(ConnectionRefusedError):
        _status(address, 1.0)
