"""A subscriber of hubs on loopback (WebSub), and what it says to them."""

from __future__ import annotations

import contextlib
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import feedparser

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass
class Push:
    """What a callback was sent."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def titles(self) -> list[str]:
        """The titles of the entries, sorted."""
        return sorted(entry.title for entry in feedparser.parse(self.body).entries)


@dataclass
class Callbacks:
    """A web server on loopback with callbacks: what their paths begin with says how they answer."""

    port: int = 0
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    """Path and query of each question."""
    pushes: list[Push] = field(default_factory=list)
    deaf: bool = False
    """Answer 503 to what is pushed."""

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    def modes(self, path: str) -> list[str]:
        """What a callback was asked, in order."""
        return [query["hub.mode"] for asked, query in self.asked if asked == path]


def _handler(subscriber: Callbacks) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = urllib.parse.urlsplit(self.path)
            query = dict(urllib.parse.parse_qsl(parts.query))
            subscriber.asked.append((parts.path, query))
            challenge = query.get("hub.challenge", "")
            if parts.path.startswith("/hangs"):
                time.sleep(7)
            if parts.path.startswith("/redirects"):
                self.send_response(302)
                self.send_header("Location", subscriber.url("/ok-elsewhere?" + parts.query))
                self.end_headers()
                return
            body = {"/wrong": challenge[:-1] + "?", "/long": challenge * 2}.get(parts.path, challenge).encode()
            self._answer(404 if parts.path.startswith("/unknown") else 200, body)

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            subscriber.pushes.append(Push(self.path, dict(self.headers), body))
            self._answer(410 if self.path.startswith("/ok-gone") else 503 if subscriber.deaf else 204, b"")

        def _answer(self, status: int, body: bytes) -> None:
            with contextlib.suppress(ConnectionError):  # who waited may have gone
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    return Handler


@contextlib.contextmanager
def listening() -> Iterator[Callbacks]:
    """Yield a subscriber that listens."""
    one = Callbacks()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(one))
    server.daemon_threads = True
    one.port = server.server_port
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield one
    finally:
        server.shutdown()
        thread.join()
        server.socket.close()


def ask(
    daemon: Any, callback: str, mode: str = "subscribe", topic: str = "http://news.example/all.atom", **more: str
) -> tuple[int, str]:
    """Ask the hub for something; return status and what it says."""
    form = {"hub.mode": mode, "hub.topic": topic, "hub.callback": callback}
    form |= {f"hub.{name}": value for name, value in more.items()}
    request = urllib.request.Request(daemon.base + "hub", urllib.parse.urlencode(form).encode())
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()
