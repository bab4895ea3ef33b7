"""What systemd hears: that the program is ready once it works, alive while it works, and that it stops."""

from __future__ import annotations

import asyncio
import os
import socket
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
from structlog.testing import capture_logs

from aggregator.run import service
from aggregator.run.schedule import Schedule
from aggregator.run.service import Service

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(params=["path", "abstract"])
def supervisor(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[str, socket.socket]]:
    """Return an address as systemd gives it, and the socket behind it."""
    with closing(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)) as ear:
        ear.settimeout(5)
        address = f"{tmp_path}/notify" if request.param == "path" else f"@aggregator-test-{os.getpid()}"
        ear.bind(address.replace("@", "\0"))
        yield address, ear


def _hear(ear: socket.socket) -> list[str]:
    return ear.recv(4096).decode().split("\n")


@pytest.mark.fault("F2")
def test_a_life(supervisor: tuple[str, socket.socket]) -> None:
    """It is ready when nothing is wrong for the first time, feeds the watchdog while so, and says what is wrong."""
    address, ear = supervisor
    told = Service.of({"NOTIFY_SOCKET": address, "WATCHDOG_USEC": "60000"}, os.getpid())
    troubles = iter(["the web process does not answer", None, None, "no tick for 61 s"])

    async def trouble() -> str | None:
        return next(troubles, None)

    async def live() -> list[list[str]]:
        schedule = Schedule()
        told.beat_on(schedule, trouble)
        schedule.start()
        heard = [await asyncio.to_thread(_hear, ear) for _ in range(5)]
        await schedule.end()
        return heard

    with capture_logs() as logged:
        found = asyncio.run(live())
    assert [line["trouble"] for line in logged] == ["no tick for 61 s"]  # that it only begins is none
    assert found == [
        ["STATUS=the web process does not answer"],
        ["READY=1", "WATCHDOG=1", "STATUS=running"],
        ["WATCHDOG=1"],
        ["STATUS=no tick for 61 s"],
        ["WATCHDOG=1"],
    ]
    told.stopping()
    while (heard := _hear(ear)) == ["WATCHDOG=1"]:
        pass
    assert heard == ["STOPPING=1", "STATUS=stopping"]


@pytest.mark.parametrize(
    ("environment", "pause"),
    [
        ({}, 10),
        ({"WATCHDOG_USEC": "3000000"}, 1),
        ({"WATCHDOG_USEC": "3000000", "WATCHDOG_PID": "1"}, 10),
        ({"WATCHDOG_USEC": "3000000", "WATCHDOG_PID": str(os.getpid())}, 1),
        ({"WATCHDOG_USEC": "often"}, 10),
        ({"WATCHDOG_USEC": "120000000"}, 10),
    ],
)
def test_how_often(environment: dict[str, str], pause: float) -> None:
    """A beat comes three times in the watchdog's time, at least every ten seconds; another's watchdog is none of ours."""
    assert Service.of(environment, os.getpid()).pause == pause


def test_what_never_begins_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """A part that has not worked after a minute is trouble, though nobody supervises this process."""

    async def trouble() -> str | None:
        return "the web process does not answer"

    async def live(alone: Service) -> None:
        schedule = Schedule()
        alone.beat_on(schedule, trouble)
        schedule.start()
        await asyncio.sleep(0.1)
        await schedule.end()

    for beginning, told in ((60.0, []), (-1.0, ["service.stuck"])):
        monkeypatch.setattr(service, "_BEGINNING", beginning)
        with capture_logs() as logged:
            asyncio.run(live(Service(None)))
        assert [line["event"] for line in logged] == told


@pytest.mark.parametrize("address", ["", "vsock:2:1234", "/nowhere/notify"])
def test_nobody_listens(address: str) -> None:
    """Without a supervisor, or with one that cannot be reached, nothing is wrong."""
    Service.of({"NOTIFY_SOCKET": address}, os.getpid()).stopping()
    Service(None).stopping()
