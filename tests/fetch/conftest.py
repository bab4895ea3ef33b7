"""A real server on loopback that answers with whatever bytes a test scripts, and a client that may reach it."""

from __future__ import annotations

import asyncio
import socket
import socketserver
import struct
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from aggregator.config.settings import Network
from aggregator.fetch.client import Ask, Client

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Iterator

    from aggregator.model import Fetched

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
RESET = object()


@dataclass(frozen=True)
class Seen:
    """A request as it came over the wire."""

    line: str
    headers: tuple[tuple[str, str], ...]

    @property
    def target(self) -> str:
        """The request target, untouched."""
        return self.line.split(" ")[1]

    def get(self, name: str) -> str | None:
        """Give a header's value."""
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)

    @property
    def names(self) -> set[str]:
        """Names of the headers sent, in lower case."""
        return {name.lower() for name, _ in self.headers}


@dataclass
class Origin:
    """A scripted server: `answers` by request target; an answer is bytes, seconds to wait and RESET, in turn.

    A list of answers is used up one a request, its last for ever after.
    """

    answers: dict[str, Any] = field(default_factory=dict)
    seen: list[Seen] = field(default_factory=list)
    connections: int = 0
    tls: ssl.SSLContext | None = None
    port: int = 0

    @property
    def host(self) -> str:
        """Where it listens, as host:port."""
        return f"127.0.0.1:{self.port}"

    def url(self, path: str = "/feed", host: str = "127.0.0.1") -> str:
        """Give an address of this server."""
        return f"{'https' if self.tls else 'http'}://{host}:{self.port}{path}"

    def answer(self, target: str) -> tuple[Any, ...]:
        """Say what to do for the next request of this target."""
        found = self.answers.get(target, self.answers.get("*", b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"))
        if isinstance(found, list):
            found = found.pop(0) if len(found) > 1 else found[0]
        return found if isinstance(found, tuple) else (found,)


def _serve(origin: Origin) -> type[socketserver.BaseRequestHandler]:
    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            origin.connections += 1
            with suppress(OSError):
                self.request.settimeout(5)
                connection = origin.tls.wrap_socket(self.request, server_side=True) if origin.tls else self.request
                with connection:
                    self._converse(connection)

        def _converse(self, connection: socket.socket) -> None:
            data = b""
            while b"\r\n\r\n" not in data:
                received = connection.recv(65536)
                if not received:
                    return
                data += received
            line, *headers = data.decode().split("\r\n\r\n")[0].split("\r\n")
            pairs = (header.split(": ", 1) for header in headers)
            origin.seen.append(Seen(line, tuple((name, value) for name, value in pairs)))
            for step in origin.answer(origin.seen[-1].target):
                self._play(connection, step)

        def _play(self, connection: socket.socket, step: Any) -> None:
            if step is RESET:
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                connection.close()
            elif isinstance(step, bytes):
                connection.sendall(step)
            else:
                time.sleep(step)

    return Handler


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    request_queue_size = 128


@pytest.fixture
def make_origin() -> Iterator[Callable[..., Origin]]:
    """Start as many scripted servers as a test needs; all stop at its end."""
    servers: list[_Server] = []

    def start(*, address: str = "127.0.0.1", **settings: Any) -> Origin:
        origin = Origin(**settings)
        server = _Server((address, origin.port), _serve(origin))
        origin.port = server.server_address[1]
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.002}, daemon=True).start()
        servers.append(server)
        return origin

    yield start
    for server in servers:
        server.shutdown()
        server.socket.close()


@pytest.fixture
def origin(make_origin: Callable[..., Origin]) -> Origin:
    """One scripted server."""
    return make_origin()


@pytest.fixture
def reset() -> object:
    """Give the step of an answer that breaks the connection."""
    return RESET


@pytest.fixture
def ok() -> Callable[..., bytes]:
    """Write a complete response: body, headers, status line."""

    def write(body: bytes = b"<rss/>", *headers: str, status: str = "200 OK") -> bytes:
        lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers]
        return "\r\n".join(lines).encode("utf-8", "surrogateescape") + b"\r\n\r\n" + body

    return write


class Names:
    """A resolver with addresses of a test's own; a name it does not know has none."""

    def __init__(self, **addresses: list[str]) -> None:
        self.addresses = {name.replace("_", "."): found for name, found in addresses.items()}
        self.asked: list[str] = []

    async def resolve(self, host: str, port: int = 0, family: int = socket.AF_INET) -> list[dict[str, Any]]:
        """Give the addresses scripted for a name; a list of lists is used up one a lookup."""
        self.asked.append(host)
        found: Any = self.addresses.get(host.removesuffix("."))
        if found is None:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        if isinstance(found[0], list):
            found = found.pop(0) if len(found) > 1 else found[0]
        return [
            {"hostname": host, "host": ip, "port": port, "family": socket.AF_INET6 if ":" in ip else socket.AF_INET,
             "proto": 0, "flags": 0}
            for ip in found
        ]  # fmt: skip

    async def close(self) -> None:
        """Nothing to close."""


@pytest.fixture
def names() -> Callable[..., Names]:
    """Make a resolver from addresses by name, dots written as underscores."""
    return Names


@pytest.fixture
def client() -> Callable[..., Client]:
    """Make a client, with settings of network as keywords; loopback is allowed unless said otherwise."""

    def make(*, resolver: Any = None, subscribers: Callable[[], int] | None = None, **network: Any) -> Client:
        settings = Network(**{"allow_private": ("127.0.0.0/8",), "timeout": timedelta(seconds=5), **network})
        return Client(settings, clock=lambda: NOON, resolver=resolver, subscribers=subscribers)

    return make


@pytest.fixture
def get(client: Callable[..., Client]) -> Callable[..., Fetched]:
    """Ask once, with a client of its own."""

    def ask_once(ask: Ask | str, **settings: Any) -> Fetched:
        async def run() -> Fetched:
            async with client(**settings) as one:
                return await one.get(Ask(ask) if isinstance(ask, str) else ask)

        return asyncio.run(run())

    return ask_once
