"""Servers that take their time, or never stop."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

HEAD = b"HTTP/1.1 200 OK\r\nETag: bad\r\n"
SHORT = {"timeout": timedelta(seconds=1.5)}
SILENT = (30.0,)
LATE = r"^faulty\.example: no complete answer within 1500ms\.$"
LARGE = r"^faulty\.example: .* over 1,000,000 bytes"
HEADERS = r"^faulty\.example: the answer's headers are too large\.$"


@pytest.mark.fault("F12")
def test_F12_a_server_that_never_answers_ends_at_the_timeout(world: Any) -> None:
    """Silence costs its own feed the timeout; the healthy are done before."""
    world.suffers(SILENT, LATE, hangs=True, network=SHORT)


@pytest.mark.fault("F12")
def test_F12_dripped_headers_end_at_the_timeout(world: Any) -> None:
    """A header line every 50 ms keeps nobody beyond the timeout."""
    world.suffers((HEAD, *(b"X: y\r\n", 0.05) * 200), LATE, hangs=True, network=SHORT)


@pytest.mark.fault("F12")
def test_F12_a_dripped_body_ends_at_the_timeout(world: Any) -> None:
    """A byte every 50 ms keeps nobody beyond the timeout."""
    world.suffers((HEAD, b"Content-Length: 999\r\n\r\n", *(b"x", 0.05) * 200), LATE, hangs=True, network=SHORT)


@pytest.mark.fault("F12")
def test_F12_an_endless_body_ends_at_the_limit(world: Any) -> None:
    """A server that never stops is left once the limit is passed."""
    endless = (HEAD, b"\r\n", *[b"x" * 10_000] * 10_000)
    world.suffers(endless, LARGE, network={"max_body": 1_000_000})


@pytest.mark.fault("F12")
@pytest.mark.parametrize(
    "headers",
    [
        pytest.param([b"X: y\r\n" * 1000] * 10_000, id="endless headers"),
        pytest.param([b"X: ", *[b"x" * 10_000] * 10_000], id="one endless header"),
        pytest.param([b"X: " + b"x" * 200_000 + b"\r\n\r\n"], id="a header of 200 KB"),
        pytest.param([b"Set-Cookie: a=b\r\n" * 5_000 + b"\r\n"], id="5,000 cookies"),
    ],
)
def test_F12_headers_without_measure_are_refused(headers: list[bytes], world: Any) -> None:
    """Too many or too long headers are refused at once, whatever follows."""
    world.suffers((HEAD, *headers), HEADERS)


@pytest.mark.fault("F12")
def test_F12_forty_silent_servers_hold_up_nobody(world: Any) -> None:
    """While forty hosts are silent, twenty healthy feeds are read and reported."""
    silent = [world.origin.url(host=f"silent{number}.example") for number in range(40)]
    world.origin.answers["*"] = SILENT
    world.configure(*silent, network=SHORT)
    told = world.round()
    told.check_healthy(before=silent[0])
    assert set(list(told.reports)[20:]) == set(silent)
    assert {world.feed(url).error for url in silent} == {
        f"silent{number}.example: no complete answer within 1500ms." for number in range(40)
    }
    assert not told.network_down, "they were reached"
