from __future__ import annotations

import contextlib
import socket
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from aggregator.serve import limits

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conftest import Client, World

ROOT = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the server's patience short enough for a test."""
    monkeypatch.setattr(limits, "HEAD_SECONDS", 0.3)
    monkeypatch.setattr(limits, "SEND_SECONDS", 0.6)


def _seconds_until_closed(connection: socket.socket, *, drip: bytes = b"") -> float:
    start = time.monotonic()
    connection.settimeout(0.05)
    with contextlib.suppress(ConnectionError):
        while time.monotonic() - start < 5:
            try:
                if not connection.recv(65536):
                    break
            except TimeoutError:
                connection.sendall(drip)
    return time.monotonic() - start


@pytest.mark.fault("F25")
@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize(
    ("first", "drip"),
    [
        (b"", b""),
        (b"GET / HTTP/1.1\r\n", b"X-A: b\r\n"),
        (ROOT + b"GET / HTTP/1.1\r\n", b"X-A: b\r\n"),
        (b"POST /all.atom HTTP/1.1\r\nHost: x\r\nContent-Length: 900000\r\n\r\n", b"x"),
    ],
    ids=["silent", "head", "second head", "body"],
)
def test_slow_client_is_cut_off(either: Client, first: bytes, drip: bytes) -> None:
    """A connection that says nothing, or drips a head or a body, ends in time; the server goes on."""
    with either.connect() as connection:
        connection.sendall(first)
        assert _seconds_until_closed(connection, drip=drip) < 3
    assert either.get("/healthz").status == 200


@pytest.mark.fault("F25")
@pytest.mark.usefixtures("impatient")
def test_client_that_takes_nothing_is_cut_off(either_own: Client, world: World) -> None:
    """A client that asks for much and reads nothing does not hold its answers in memory for ever."""
    world.renditions.write("all.atom", bytes(20_000_000), media_type="application/atom+xml", modified=datetime.now(UTC))
    with socket.socket() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.connect(("127.0.0.1", either_own.port))
        connection.sendall(b"GET /all.atom HTTP/1.1\r\nHost: x\r\n\r\n")
        received = len(connection.recv(1))  # from now on it is sent
        time.sleep(1.3)
        with contextlib.suppress(ConnectionError):
            while part := connection.recv(2**20):
                received += len(part)
    assert received < 20_000_000
    assert either_own.get("/healthz").status == 200


@pytest.mark.usefixtures("impatient")
def test_client_in_conversation_is_kept(either: Client) -> None:
    """A connection on which requests follow one another lives on past every limit."""
    with either.connect() as connection:
        for _ in range(6):
            connection.sendall(ROOT)
            answer = b""
            while not answer.endswith(b"ok\n"):  # head and content may come apart
                part = connection.recv(65536)
                assert part, "it was closed"
                answer += part
            assert answer.startswith(b"HTTP/1.1 200")
            time.sleep(0.1)


@pytest.mark.fault("F25")
@pytest.mark.parametrize(
    "request_head",
    [
        b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX: " + b"b" * 200_000 + b"\r\n\r\n",
        b"GET / HTTP/1.1\r\nConnection: close\r\n" + b"X-Y: z\r\n" * 50_000 + b"\r\n",
        b"GET /all.atom HTTP/1.1\r\nHost: x\r\nConnection: close\r\nRange: bytes=" + b"0-1," * 2_000 + b"5-\r\n\r\n",
        b"GET-PROPERTY /sources HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
        b"M-SEARCH /all.atom HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: evil.test/<script>@x:99999\r\nConnection: close\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\nConnection: close\r\n\r\n",
        b"GET http://evil.test/sources/ HTTP/1.1\r\nHost: evil.test\r\nConnection: close\r\n\r\n",
        b"GET /\xff\xfe HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
        b"OPTIONS * HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
        b"GET /all.atom HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade, close\r\n\r\n",
        b"POST /subscribe HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 200000\r\n\r\n" + b"a=b&" * 50_000,
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 200,
    ],
    ids=["url", "header", "headers", "range", "method", "known method", "host", "hosts", "absolute", "bytes", "star", "upgrade", "form", "tls"],
)  # fmt: skip
@pytest.mark.fault("T25")
def test_odd_request_is_answered_quickly(either: Client, request_head: bytes) -> None:
    """Huge and odd requests get a plain 2xx or 4xx, or are cut off, in no time, and the server stays up."""
    start = time.monotonic()
    answer = either.raw(request_head)
    assert time.monotonic() - start < 1
    assert not answer or answer.startswith((b"HTTP/1.1 2", b"HTTP/1.1 4")), answer[:100]
    assert b"evil.test" not in answer
    assert either.get("/healthz").status == 200


HEADS = {
    "url": b"GET /all.atom?" + b"a" * 40_000 + b" HTTP/1.1\r\nHost: x\r\n",
    "header": b"GET /all.atom HTTP/1.1\r\nHost: x\r\nX: " + b"b" * 40_000 + b"\r\n",
    "headers": b"GET /all.atom HTTP/1.1\r\nHost: x\r\n" + b"X-Y: z\r\n" * 5_000,
}


@pytest.mark.fault("F25")
@pytest.mark.parametrize("head", HEADS.values(), ids=HEADS)
@pytest.mark.parametrize("pieces", [1, 2])
def test_large_head_is_refused_though_it_ends(either: Client, head: bytes, pieces: int) -> None:
    """A whole head over the limit is answered 431 and the connection closed, in one piece or in several."""
    with either.connect() as connection:
        half = len(head) // 2 if pieces == 2 else 0
        connection.sendall(head[:half])
        time.sleep(0.05 if half else 0)
        connection.sendall(head[half:] + b"\r\n")
        connection.settimeout(2)
        answer = b""
        with contextlib.suppress(ConnectionResetError):
            while part := connection.recv(65536):
                answer += part
    assert answer.startswith((b"HTTP/1.1 431", b"HTTP/1.1 400")), answer[:100]
    assert b"<feed" not in answer


def test_head_below_the_limit_is_answered(either: Client) -> None:
    """What browsers send with many cookies is no attack."""
    assert either.get("/all.atom", {"Cookie": "c" * 30_000}).status == 200


@pytest.mark.fault("F25")
def test_endless_head_is_refused(either: Client) -> None:
    """A head that goes on and on ends at the limit, not in memory."""
    sent = 0
    with either.connect() as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n")
        with contextlib.suppress(ConnectionError):
            while sent < 50_000_000:
                connection.sendall(b"X-Filler: " + b"y" * 1000 + b"\r\n")
                sent += 1012
    assert sent < 20_000_000
    assert either.get("/healthz").status == 200


@contextlib.contextmanager
def _many(client: Client, count: int) -> Iterator[list[socket.socket]]:
    with contextlib.ExitStack() as held:
        yield [held.enter_context(client.connect()) for _ in range(count)]


@pytest.mark.fault("F25")
def test_idle_crowd_makes_room(either: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """When strangers hold more connections than there may be, those that ask something are still served."""
    monkeypatch.setattr(limits, "CONNECTIONS", 20)
    with _many(either, 100) as crowd:
        for _ in range(5):
            assert either.get("/healthz").status == 200
        assert _seconds_until_closed(crowd[0]) < 1
        crowd[-1].sendall(ROOT)
        assert crowd[-1].recv(65536).startswith(b"HTTP/1.1 200")


@pytest.mark.fault("F25")
def test_pipelined_requests_are_answered_in_order(either: Client) -> None:
    """Some requests at once on one connection are all answered, and do not count as one big head."""
    answer = either.raw(ROOT * 90 + b"GET /nope HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    assert answer.count(b"HTTP/1.1 200") == 90
    assert answer.count(b"HTTP/1.1 404") == 1
    assert answer.rindex(b"HTTP/1.1 404") > answer.rindex(b"HTTP/1.1 200")


@pytest.mark.fault("F25")
def test_flood_of_pipelined_requests_is_not_queued(either: Client) -> None:
    """Who sends requests by the hundred thousand without reading answers is cut off or left waiting, not stored."""
    with either.connect() as flood:
        flood.settimeout(0.2)
        sent = 0
        with contextlib.suppress(TimeoutError, ConnectionError):
            while sent < 100_000_000:
                sent += flood.send(ROOT * 2_000)
        assert sent < 30_000_000
        start = time.monotonic()
        assert either.get("/healthz").status == 200
        assert time.monotonic() - start < 1
