"""Fixtures for every test: a database, and publishers on loopback that answer what a test tells them to."""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

import pytest

from aggregator.store.sqlite.store import SqliteStore

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


@pytest.fixture
def database(tmp_path: Path) -> Iterator[SqliteStore]:
    """Return an empty database of the test's own, open for writing."""
    store = SqliteStore(tmp_path / "aggregator.db")
    yield store
    store.close()


@dataclass
class Reply:
    """What a publisher answers."""

    body: bytes = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    wait: threading.Event | None = None
    """Answer when this is set."""
    hang_up: bool = False
    """Close the connection instead."""


@dataclass
class Publisher:
    """A web server on loopback; `replies` by path, 404 for any other; what it was asked is counted and kept."""

    port: int = 0
    replies: dict[str, Reply] = field(default_factory=dict)
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    """Path and headers (names in lower case) of each request."""
    under_way: Counter[str] = field(default_factory=Counter)
    most: int = 0
    """Most requests that were under way at once."""

    def url(self, path: str = "/feed") -> str:
        """Return the address of a path."""
        return f"http://127.0.0.1:{self.port}{path}"

    def say(self, path: str, body: bytes = b"", status: int = 200, **headers: str) -> None:
        """Answer this from now on; underscores in names of headers stand for hyphens."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.replies[path] = Reply(body, status, named)

    @property
    def paths(self) -> list[str]:
        """What was asked for, in order."""
        return [path for path, _ in self.asked]


def _handler(publisher: Publisher) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            publisher.asked.append((self.path, {name.lower(): value for name, value in self.headers.items()}))
            publisher.under_way[self.path] += 1
            publisher.most = max(publisher.most, publisher.under_way.total())
            reply = publisher.replies.get(self.path, Reply(status=404))
            if reply.wait is not None:
                reply.wait.wait(10)
            publisher.under_way[self.path] -= 1
            if reply.hang_up:
                return
            self.send_response(reply.status)
            for name, value in {"Content-Length": str(len(reply.body)), **reply.headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(reply.body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    return Handler


class _Server(ThreadingHTTPServer):
    request_queue_size = 128

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing of clients that hang up."""


@pytest.fixture
def publisher() -> Iterator[Publisher]:
    """Return a publisher that listens."""
    publisher = Publisher()
    with _Server(("127.0.0.1", 0), _handler(publisher)) as server:
        publisher.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield publisher
        finally:
            _stop(publisher, server)
            thread.join()


def _stop(publisher: Publisher, server: _Server) -> None:
    for reply in publisher.replies.values():
        if reply.wait is not None:
            reply.wait.set()
    server.shutdown()


@pytest.fixture
def rss() -> Callable[..., bytes]:
    """Return what writes an RSS document: titles of its items, which name guid and link, too."""

    def write(*titles: str, site: str = "https://news.example/", date: str | None = None) -> bytes:
        dated = f"<pubDate>{date}</pubDate>" if date else ""
        items = "".join(
            f"<item><title>{title}</title><guid>{site}{title}</guid><link>{site}{title}</link>{dated}</item>"
            for title in titles
        )
        return f'<rss version="2.0"><channel><title>T</title><link>{site}</link>{items}</channel></rss>'.encode()

    return write
