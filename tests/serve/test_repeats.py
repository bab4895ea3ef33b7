from __future__ import annotations

import contextlib
import re
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from aggregator.config.settings import OutputSettings, Settings
from aggregator.model import Item
from aggregator.serve import document, limits, repeats

if TYPE_CHECKING:
    import socket
    from collections.abc import Iterator

    from conftest import Client, World

PUBLIC = "https://news.example/feed"
ATOM = b"GET /all.atom HTTP/1.1\r\nHost: x\r\nAccept-Encoding: gzip\r\n\r\n"
HEALTH = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"


@pytest.fixture(autouse=True)
def _are_old(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let documents of this second count as settled."""
    monkeypatch.setattr(document, "_DATE_LAG", -60.0)


@contextlib.contextmanager
def _connection(client: Client) -> Iterator[socket.socket]:
    with client.connect() as connection:
        connection.settimeout(10)
        yield connection


def _ask(connection: socket.socket, request: bytes) -> bytes:
    """Send a request and return one answer, without the date."""
    connection.sendall(request)
    return _answer(connection)


def _answer(connection: socket.socket) -> bytes:
    answer = b""
    while b"\r\n\r\n" not in answer:
        answer += connection.recv(1)
    length = re.search(rb"content-length: (\d+)", answer)
    wanted = 0 if length is None or answer.startswith(b"HTTP/1.1 304") else int(length[1])
    while wanted:
        part = connection.recv(wanted)
        assert part
        answer, wanted = answer + part, wanted - len(part)
    return re.sub(rb"date: [^\r]*", b"date:", answer)


def _known(client: Client) -> int:
    assert client.repeats is not None
    return len(client.repeats)


def test_the_same_again(either_own: Client) -> None:
    """A request that came before gets the very bytes of then, on this connection and on others; so does a 304."""
    with _connection(either_own) as one, _connection(either_own) as other:
        first = _ask(one, ATOM)
        assert first.startswith(b"HTTP/1.1 200 OK\r\ndate:\r\n")
        assert _known(either_own) == 1
        assert [_ask(one, ATOM), _ask(other, ATOM), _ask(one, ATOM)] == [first] * 3
        tag = re.search(rb'etag: ("[^"]*")', first)
        assert tag is not None
        conditional = ATOM[:-2] + b"If-None-Match: " + tag[1] + b"\r\n\r\n"
        unchanged = _ask(one, conditional)
        assert unchanged.startswith(b"HTTP/1.1 304 Not Modified\r\n")
        assert [_ask(other, conditional), _ask(other, ATOM)] == [unchanged, first]
        assert _known(either_own) == 2


def test_what_is_new_is_served_at_once(either_own: Client, world: World) -> None:
    """A document that was published anew, or whose output is no more, is never answered from memory."""
    with _connection(either_own) as connection:
        before = _ask(connection, ATOM)
        world.poll(
            PUBLIC, [Item(title="News", guid="news", link="https://news.example/news", published=datetime.now(UTC))]
        )
        world.publish()
        after = _ask(connection, ATOM)
        assert after.startswith(b"HTTP/1.1 200")
        assert after != before
        assert _ask(connection, ATOM) == after
        outputs = (OutputSettings(name="all", token="now-a-secret"),)
        world.settings = Settings(site=world.settings.site, feeds=world.settings.feeds, outputs=outputs)
        world.publish()
        assert _ask(connection, ATOM).startswith(b"HTTP/1.1 404")


def test_bytes_of_a_body_are_no_request(either_own: Client) -> None:
    """What looks like a known request inside of a body stays a body: nobody slips a request past a proxy."""
    with _connection(either_own) as connection:
        _ask(connection, ATOM)
        body = b"GET /all.atom HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(ATOM)
        assert _ask(connection, body).startswith(b"HTTP/1.1 200")
        connection.sendall(ATOM)  # the body, which comes late
        assert b"text/plain" in _ask(connection, HEALTH)


def test_requests_that_come_in_pieces_or_together(either_own: Client) -> None:
    """A head in two parts, two heads at once, and a known one behind an unknown one are answered in their order."""
    with _connection(either_own) as connection:
        known = _ask(connection, ATOM)
        connection.sendall(ATOM[:20])
        time.sleep(0.05)
        connection.sendall(ATOM[20:] + HEALTH)
        assert [_answer(connection), b"text/plain" in _answer(connection)] == [known, True]
        connection.sendall(ATOM + ATOM)
        assert [_answer(connection), _answer(connection)] == [known, known]
        connection.sendall(HEALTH + ATOM)
        assert [b"text/plain" in _answer(connection), _answer(connection)] == [True, known]
        connection.sendall(ATOM[:20])
        time.sleep(0.05)
        connection.sendall(ATOM)  # belongs to the head that began
        assert not _answer(connection).startswith(b"HTTP/1.1 200")


@pytest.mark.parametrize(
    "request_",
    [
        ATOM.replace(b"HTTP/1.1", b"HTTP/1.0"),
        ATOM[:-2] + b"Connection: close\r\n\r\n",
        ATOM[:-2] + b"Connection: keep-alive, Upgrade\r\nUpgrade: h2c\r\n\r\n",
        ATOM[:-2] + b"User-Agent: Reader/1.0 (16 Subscribers)\r\n\r\n",
        ATOM[:-2] + b"X-Long: " + b"x" * 2_048 + b"\r\n\r\n",
        ATOM.replace(b"GET", b"HEAD"),
        ATOM.replace(b"all.atom", b"all.atom?limit=10") + ATOM,
        HEALTH,
        b"GET /nothing.atom HTTP/1.1\r\nHost: x\r\n\r\n",
    ],
    ids=["1.0", "closing", "upgrade", "reports subscribers", "long", "HEAD", "two", "no feed", "not found"],
)
def test_what_is_not_remembered(either_own: Client, request_: bytes) -> None:
    """What ends a connection, is counted each time, is no feed or is not one whole GET goes the usual way."""
    with _connection(either_own) as connection:
        connection.sendall(request_)
        assert connection.recv(12).startswith(b"HTTP/1.1 ")
    assert _known(either_own) == 0


def test_a_document_of_this_second_is_not_remembered(either_own: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its Last-Modified moves until it is two seconds old."""
    monkeypatch.setattr(document, "_DATE_LAG", 3_600.0)
    with _connection(either_own) as connection:
        _ask(connection, ATOM)
    assert _known(either_own) == 0


def test_who_repeats_is_not_idle(either_own: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """A connection that only ever asks the same stays open while it asks, and ends when it falls silent."""
    monkeypatch.setattr(limits, "HEAD_SECONDS", 0.3)
    with _connection(either_own) as connection:
        for _ in range(12):
            assert _ask(connection, ATOM).startswith(b"HTTP/1.1 200")
            time.sleep(0.1)
        assert connection.recv(1) == b""


def test_memory_is_bounded(either_own: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many different requests come, only so many answers are remembered."""
    monkeypatch.setattr(repeats, "_MOST", 8)
    with _connection(either_own) as connection:
        for number in range(30):
            _ask(connection, ATOM[:-2] + b"X: %d\r\n\r\n" % number)
            assert 1 <= _known(either_own) <= 8
