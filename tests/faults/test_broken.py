"""Answers that break off or are no answers: each is told in its own words, and nothing of it is kept."""

from __future__ import annotations

import gzip
from typing import Any

import pytest

HEAD = b"HTTP/1.1 200 OK\r\nETag: bad\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
PART = b'<rss version="2.0"><channel><title>T</title><item><title>four</title><guid>four</guid></item>'
BREAK = None
BROKEN: dict[str, tuple[Any, str]] = {
    "truncated body": (HEAD + b"Content-Length: 9999\r\n\r\n" + PART, "cut short; less came than was announced"),
    "bad chunk": (CHUNKED + b"ZZ\r\nabc\r\n0\r\n\r\n", "chunks are malformed"),
    "missing last chunk": (CHUNKED + b"5d\r\n" + PART + b"\r\n", "its last chunk is missing"),
    "reset": ((0.05, BREAK), "broke the connection off without an answer"),
    "empty reply": (b"", "closed the connection without an answer"),
    "garbage": (b"\x00\xff\xfegarbage\r\n\r\n", "not HTTP"),
    "bad Content-Length": (HEAD + b"Content-Length: -5\r\n\r\n" + PART, "headers are malformed"),
}


@pytest.mark.fault("F13")
@pytest.mark.parametrize("name", BROKEN)
def test_F13_a_broken_answer_is_named_and_nothing_of_it_kept(name: str, world: Any) -> None:
    """A feed whose server breaks off fails alone, keeps entries and validators, and recovers by itself."""
    world.suffers(*BROKEN[name])


@pytest.mark.fault("F13")
def test_F13_a_reset_in_the_middle_keeps_nothing(world: Any) -> None:
    """A connection that breaks after half the document is no document."""
    half = HEAD + b"Content-Length: 9999\r\n\r\n" + PART
    world.suffers((half, 0.1, BREAK), "cut short")


@pytest.mark.fault("F13")
def test_F13_http_09_is_not_http(world: Any) -> None:
    """A document without status and headers is not read."""
    world.suffers(PART + b"</channel></rss>", "the answer is not HTTP")


@pytest.mark.fault("F13")
def test_F13_tls_to_a_plain_port_is_told_apart(world: Any) -> None:
    """https:// at a port without TLS: the message suggests http://; once the address is right, it is read."""
    url = world.origin.url(scheme="https")

    class Plain:
        def wrap_socket(self, connection: Any, *, server_side: bool) -> Any:
            connection.recv(65536)
            connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
            raise OSError

    world.origin.tls = Plain()
    world.configure(url)
    world.round().check_healthy()
    feed = world.feed(url)
    assert feed.error.startswith(f"faulty.example:{world.origin.port}: no encrypted connection could be made")
    assert "http://" in feed.remedy
    assert (feed.errors, feed.validators.etag) == (1, None)


@pytest.mark.fault("F13")
def test_F13_every_way_to_break_has_its_own_words(world: Any) -> None:
    """All faults in one round, beside the healthy: no two of them are told alike."""
    urls = {name: world.origin.url(f"/{number}") for number, name in enumerate(BROKEN)}
    world.origin.answers = {f"/{number}": found for number, (found, _) in enumerate(BROKEN.values())}
    world.configure(*urls.values(), polling={"per_host": 64})
    world.round().check_healthy()
    messages = {name: world.feed(url).error for name, url in urls.items()}
    assert len(set(messages.values())) == len(BROKEN), messages


TEXT = PART + b"</channel></rss>"


@pytest.mark.fault("F14")
@pytest.mark.parametrize(("framed", "lost"), [("by length", 8), ("by length", 40), ("by chunks", 1), ("by the end", 8)])
def test_F14_a_truncated_gzip_is_flagged(framed: str, lost: int, world: Any) -> None:
    """A gzip body without its end is no document, even where all the text is there and the framing is right."""
    body = gzip.compress(TEXT)[:-lost]
    head = HEAD + b"Content-Encoding: gzip\r\n"
    whole = {
        "by length": b"Content-Length: %d\r\n\r\n%b" % (len(body), body),
        "by chunks": b"Transfer-Encoding: chunked\r\n\r\n%x\r\n%b\r\n0\r\n\r\n" % (len(body), body),
        "by the end": b"\r\n" + body,
    }[framed]
    world.suffers(head + whole, "gzip body was cut short")
