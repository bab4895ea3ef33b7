"""The whole pipeline against faulty servers: every fault is polled together with twenty healthy feeds.

Everything is real, from the resolver's threads to the database; only the clock, chance, and what names resolve to are
a test's own.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import socket
import socketserver
import struct
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
from daemon_here import House  # in tests/servers

from aggregator.config.settings import FeedSettings, Network, Polling, Settings
from aggregator.decide.choice import Choice
from aggregator.decide.health import State, state_of
from aggregator.fetch import guard
from aggregator.fetch.client import Client
from aggregator.fetch.hosts import HostQueue
from aggregator.model import Outcome
from aggregator.parse.pool import ParserPool
from aggregator.poll import Pipeline, Stages
from aggregator.run.engine import take_over
from aggregator.run.round import poll_round

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Iterator

    from aggregator.model import FeedState, PollReport
    from aggregator.store.sqlite.store import SqliteStore

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
HEALTHY = 20
HANG = 30.0
"""Seconds that a server or a name server is silent at most; the test's end ends it, too."""


@dataclass(frozen=True)
class Seen:
    """A request as it came over the wire; names of headers in lower case."""

    target: str
    headers: dict[str, str]
    begun: float = 0.0
    ended: float = 0.0

    @property
    def host(self) -> str:
        """The host asked for."""
        return urlsplit(self.target).netloc or self.headers.get("host", "")


@dataclass
class Origin:
    """A server that answers what a test scripts: `answers` by target, "*" for the others.

    An answer is bytes, seconds to wait, and None, which breaks the connection, in turn; a list of answers is used up
    one a request.
    """

    answers: dict[str, Any] = field(default_factory=dict)
    seen: list[Seen] = field(default_factory=list)
    connections: int = 0
    tls: ssl.SSLContext | Any = None
    address: str = "127.0.0.1"
    port: int = 0
    over: threading.Event = field(default_factory=threading.Event)

    def url(self, path: str = "/feed", host: str = "faulty.example", scheme: str = "http") -> str:
        """Give an address of this server."""
        return f"{scheme}://{host}:{self.port}{path}"

    @property
    def targets(self) -> list[str]:
        """What was asked for, in order."""
        return [seen.target for seen in self.seen]

    def converse(self, plain: socket.socket) -> None:
        """Read one request and answer it."""
        self.connections += 1
        plain.settimeout(HANG)
        with self.tls.wrap_socket(plain, server_side=True) if self.tls else plain as connection:
            data = b""
            while b"\r\n\r\n" not in data:
                received = connection.recv(65536)
                if not received:
                    return
                data += received
            line, *headers = data.decode("latin-1").split("\r\n\r\n")[0].split("\r\n")
            pairs = (header.partition(": ") for header in headers)
            self.seen.append(Seen(line.split(" ")[1], {name.lower(): value for name, _, value in pairs}))
            for step in self._answer(self.seen[-1].target):
                if self.over.is_set():
                    return
                self._play(connection, step)

    def _answer(self, target: str) -> tuple[Any, ...]:
        found = self.answers.get(target, self.answers.get("*", b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"))
        if isinstance(found, list):
            found = found.pop(0) if len(found) > 1 else found[0]
        return found if isinstance(found, tuple) else (found,)

    def _play(self, connection: socket.socket, step: Any) -> None:
        if step is None:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            connection.close()
        elif isinstance(step, bytes):
            connection.sendall(step)
        else:
            self.over.wait(step)


class _Scripted(socketserver.ThreadingTCPServer):
    daemon_threads = True
    request_queue_size = 256

    def __init__(self, origin: Origin) -> None:
        self.origin = origin
        super().__init__((origin.address, origin.port), socketserver.BaseRequestHandler)
        origin.port = self.server_address[1]

    def finish_request(self, request: Any, client_address: Any) -> None:
        with contextlib.suppress(OSError):
            self.origin.converse(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of clients that hang up."""


class Publisher(ThreadingHTTPServer):
    """An ordinary server: a feed at every address, with an ETag, one item more with every edition."""

    daemon_threads = True
    request_queue_size = 256

    def __init__(self, rss: Callable[..., bytes]) -> None:
        super().__init__(("127.0.0.1", 0), _Ordinary)
        self.rss = rss
        self.edition = 0
        self.seen: list[Seen] = []
        self.under_way: Counter[str] = Counter()
        self.most: Counter[str] = Counter()
        """Requests at once, by host; "" is all of them."""
        self.delay = 0.0
        self.gate: threading.Event | None = None
        """Answers are given when this is set."""
        self.lock = threading.Lock()

    def url(self, path: str = "/feed", host: str = "healthy.example") -> str:
        """Give an address of this server."""
        return f"http://{host}:{self.server_port}{path}"

    @contextlib.contextmanager
    def counted(self, host: str) -> Iterator[None]:
        """Count a request while it is under way."""
        with self.lock:
            self.under_way.update([host, ""])
            self.most |= self.under_way
        try:
            yield
        finally:
            with self.lock:
                self.under_way.subtract([host, ""])

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of clients that hang up."""


class _Ordinary(BaseHTTPRequestHandler):
    server: Publisher

    def do_GET(self) -> None:
        begun, target = time.monotonic(), self.path
        headers = {name.lower(): value for name, value in self.headers.items()}
        asked = Seen(target, headers)
        with self.server.counted(asked.host):
            if self.server.gate is not None:
                self.server.gate.wait(HANG)
            time.sleep(self.server.delay)
        etag = f'"{self.server.edition}"'
        known = headers.get("if-none-match") == etag
        name = f"{asked.host.partition(':')[0]}{urlsplit(target).path}"
        titles = (f"{name}-{number}" for number in range(self.server.edition))
        body = b"" if known else self.server.rss(*titles)
        self.server.seen.append(Seen(target, headers, begun, time.monotonic()))
        self.send_response(304 if known else 200)
        self.send_header("ETag", etag)
        if not known:
            self.send_header("Content-Type", "application/rss+xml")
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def answer(body: bytes = b"", *headers: str, status: str = "200 OK", length: int | None = None) -> bytes:
    """Write a complete response."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body) if length is None else length}", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


class Names:
    """What names resolve to, in place of socket.getaddrinfo: every name is this machine unless a test says otherwise.

    Addresses, an error, or HANG; a list of lists is used up one a lookup.
    """

    def __init__(self) -> None:
        self.found: dict[str, Any] = {}
        self.failed = 0
        self.failures_over: tuple[int, Callable[[], None]] | None = None
        """After how many failures to call what."""
        self.over = threading.Event()

    def _fail(self, error: OSError) -> None:
        self.failed += 1
        if self.failures_over is not None and self.failed == self.failures_over[0]:
            self.failures_over[1]()
        raise type(error)(*error.args)

    def __call__(self, host: str, port: Any, *_: Any, **__: Any) -> list[Any]:
        """Look a name up."""
        found = self.found.get(host.removesuffix("."), ["127.0.0.1"])
        if found == HANG:
            self.over.wait(HANG)
            found = socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")
        if isinstance(found, OSError):
            self._fail(found)
        if isinstance(found[0], list):
            found = found.pop(0) if len(found) > 1 else found[0]
        return [
            (socket.AF_INET6, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", (ip, port, 0, 0))
            if ":" in ip
            else (socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", (ip, port))
            for ip in found
        ]


@dataclass
class Round:
    """What one round of polls came to: its reports by address, in the order in which they came."""

    reports: dict[str, PollReport]
    healthy: list[str]
    network_down: bool

    def __getitem__(self, url: str) -> PollReport:
        return self.reports[url]

    def check_healthy(self, *, before: str | None = None) -> None:
        """Hold every healthy feed to its news, and to be done before the one that hangs."""
        told = {url: (self[url].outcome, self[url].error) for url in self.healthy}
        assert told == dict.fromkeys(self.healthy, (Outcome.NEW, None))
        if before is not None:
            places = list(self.reports)
            assert places.index(before) > max(map(places.index, self.healthy))


class World:
    """The pipeline, its database, twenty healthy feeds, and a faulty server; a clock that stands still."""

    def __init__(
        self, store: SqliteStore, runner: asyncio.Runner, parser: ParserPool, rss: Callable[..., bytes]
    ) -> None:
        self.store, self.runner, self.parser, self.rss = store, runner, parser, rss
        self.now = NOON
        self.random: Callable[[], float] = lambda: 0.0
        """Decides the jitter: none, unless a test says otherwise."""
        self.names = Names()
        self._servers = contextlib.ExitStack()
        self.publisher = self._start(Publisher(rss))
        self.origin = self.make_origin()
        self.healthy = [self.publisher.url(host=f"healthy{number}.example") for number in range(HEALTHY)]
        self._works: contextlib.AsyncExitStack | None = None

    def _start(self, server: Any) -> Any:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        self._servers.callback(server.server_close)
        self._servers.callback(thread.join)
        self._servers.callback(server.shutdown)
        return server

    def make_origin(self, **settings: Any) -> Origin:
        """Start another scripted server."""
        origin = Origin(**settings)
        self._start(_Scripted(origin))
        self._servers.callback(origin.over.set)
        return origin

    def configure(self, *sources: FeedSettings | str, healthy: bool = True, **groups: dict[str, Any]) -> None:
        """Begin with these sources beside the healthy ones; `network` and `polling` are settings."""
        self.begin(self.settings_of(*sources, healthy=healthy, **groups))

    def settings_of(
        self, *sources: FeedSettings | str, healthy: bool = True, interval: timedelta | None = None, **groups: Any
    ) -> Settings:
        """Return a configuration with these sources beside the healthy ones, all polled at an interval or by rhythm."""
        urls = [*sources, *(self.healthy if healthy else ())]
        feeds = (url if isinstance(url, FeedSettings) else FeedSettings(url=url, interval=interval) for url in urls)
        network = {"allow_private": ("127.0.0.0/8",), "timeout": timedelta(seconds=10), **groups.get("network", {})}
        return Settings(
            feeds=tuple(feeds),
            network=Network(**network),
            polling=Polling(**{"host_gap": timedelta(0), **groups.get("polling", {})}),
        )

    def begin(self, settings: Settings) -> None:
        """Begin with a configuration, as after a restart."""
        self._end()
        self.settings = settings
        take_over(self.store, settings, self.now)
        self.runner.run(self._set_up())

    async def _set_up(self) -> None:
        polling = self.settings.polling
        self._works = contextlib.AsyncExitStack()
        self.client = await self._works.enter_async_context(Client(self.settings.network, clock=self.clock))
        hosts = HostQueue(polling.per_host, polling.host_gap, monotonic=time.monotonic)
        stages = Stages(self.store, self.client, hosts, self.parser, clock=self.clock, random=self._chance)
        self.pipeline = await self._works.enter_async_context(Pipeline(stages, self.settings))

    def _end(self) -> None:
        if self._works is not None:
            works, self._works = self._works, None
            self.runner.run(works.aclose())

    def close(self) -> None:
        """Stop everything."""
        self.names.over.set()
        self._end()
        self._servers.close()

    def clock(self) -> datetime:
        """Tell the time."""
        return self.now

    def _chance(self) -> float:
        return self.random()

    def later(self, **span: float) -> None:
        """Let time pass."""
        self.now += timedelta(**span)

    def round(self, *, due: bool = False) -> Round:
        """Poll what is due, or everything that may be asked; the healthy have news."""
        self.publisher.edition += 1

        async def play() -> dict[str, PollReport]:
            self.client._session.connector.clear_dns_cache()  # type: ignore[attr-defined]
            reports = poll_round(self.pipeline, self.store, Choice(force=not due), self.clock)
            return {report.url: report async for report in reports}

        reports = self.runner.run(asyncio.wait_for(play(), 90))
        return Round(reports, self.healthy, self.pipeline.network_down)

    def feed(self, url: str) -> FeedState:
        """Return what is known of a feed."""
        with self.store.snapshot() as tx:
            found = tx.feeds.get(url)
        assert found is not None
        return found

    def titles(self, url: str) -> set[str]:
        """Return the titles of a feed's entries."""
        with self.store.snapshot() as tx:
            return {
                entry.item.title for entry in tx.entries.all() if url in {sighting.feed for sighting in entry.sightings}
            }

    def suffers(
        self, fault: Any, words: str, *, hangs: bool = False, source: FeedSettings | None = None, **groups: Any
    ) -> FeedState:
        """Let a feed that was well meet a fault, beside healthy ones, and get well again; return what it was meanwhile.

        `fault` is an answer, or is called to make it. It alone fails, for as long as it lasts; entries, validators and
        body are those of the last good answer.
        """
        source = source or FeedSettings(url=self.origin.url())
        url = source.url
        good = answer(self.rss("one", "two", "three"), 'ETag: "good"')
        self.origin.answers["/feed"] = good
        self.configure(source, **groups)
        self.round().check_healthy()
        before = self.feed(url)
        assert (before.errors, before.validators.etag, self.titles(url)) == (0, '"good"', {"one", "two", "three"})
        self.later(hours=2)
        heal = contextlib.ExitStack()
        with heal:
            if isinstance(fault, contextlib.AbstractContextManager):
                heal.enter_context(fault)
            else:
                self.origin.answers["/feed"] = fault
            told = self.round()
            told.check_healthy(before=url if hangs else None)
        failed = self._failed(before, told[url], words)
        self.origin.answers["/feed"] = good
        self.later(minutes=31)
        assert self.round(due=True)[url].error is None
        assert (self.feed(url).errors, self.feed(url).error) == (0, None)
        asked = [seen for seen in self.origin.seen if seen.target == "/feed"]
        assert asked[-1].headers["if-none-match"] == '"good"'
        return failed

    def _failed(self, before: FeedState, report: PollReport, words: str) -> FeedState:
        failed = self.feed(before.url)
        assert report.outcome is Outcome.ERROR
        assert report.error == f"{failed.error} {failed.remedy}"
        assert re.search(words, failed.error or "")
        assert "made a mistake" not in (failed.error or "")
        assert len(failed.remedy or "") > 10
        assert (failed.validators, failed.body_hash, failed.items) == (before.validators, before.body_hash, 3)
        assert (failed.errors, failed.failing_since, state_of(failed, self.now)) == (1, self.now, State.FAILING)
        assert failed.next_poll_at == self.now + timedelta(minutes=30)
        assert failed.reason == "failure 1 in a row, backoff 30 min"
        assert self.titles(before.url) == {"one", "two", "three"}
        return failed


@pytest.fixture(scope="session")
def runner() -> Iterator[asyncio.Runner]:
    """Return one event loop for all, so that tests can share their parsers."""
    with asyncio.Runner() as runner:
        yield runner


@pytest.fixture(scope="session")
def parser(runner: asyncio.Runner) -> Iterator[ParserPool]:
    """Return parsers that run."""
    pool = ParserPool(workers=2)
    runner.run(pool.__aenter__())
    yield pool
    runner.run(pool.__aexit__(None, None, None))


@pytest.fixture
def world(
    database: SqliteStore,
    runner: asyncio.Runner,
    parser: ParserPool,
    rss: Callable[..., bytes],
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[World]:
    """Return a world; at its end no error may be left that nobody looked at."""
    left: list[dict[str, Any]] = []
    runner.get_loop().set_exception_handler(lambda _, context: left.append(context))
    made = World(database, runner, parser, rss)
    monkeypatch.setattr(socket, "getaddrinfo", made.names)
    yield made
    made.close()
    assert left == []


@pytest.fixture
def short_steps(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let daemons look for work more often than they do, and read documents with parsers that run already."""
    for name in ("TICK", "PUBLISH", "STORIES", "RELOAD"):
        monkeypatch.setattr(f"aggregator.run.daemon.{name}", 0.1)
    monkeypatch.setattr("aggregator.writer._SOON", 0.1)
    monkeypatch.setattr("aggregator.run.engine.ParserPool", lambda **_: contextlib.nullcontext(world.parser))
    monkeypatch.setattr("aggregator.run.engine.find_embedder", lambda: None)


@pytest.fixture
def house(new_house: Callable[[World], House], world: World) -> House:
    """Return a daemon that can be run."""
    return new_house(world)


@pytest.fixture
def new_house(short_steps: None) -> Callable[[World], House]:
    """Return what puts a daemon into a world."""

    def make(world: World) -> House:
        second = timedelta(seconds=1)
        polling = {"min_interval": second}
        world.origin.answers["/feed"] = answer(world.rss("one"), 'ETag: "one"')
        return House(world, world.settings_of(world.origin.url(), interval=second, polling=polling))

    return make


@pytest.fixture
def outside(world: World, monkeypatch: pytest.MonkeyPatch) -> Origin:
    """Return a server whose address counts as public: loopback has no other. The name public.org leads to it."""
    kind = guard._kind
    monkeypatch.setattr(guard, "_kind", lambda address: None if str(address) == "127.0.0.9" else kind(address))
    world.names.found["public.org"] = ["127.0.0.9"]
    return world.make_origin(address="127.0.0.9")


@pytest.fixture(name="answer")
def answer_() -> Callable[..., bytes]:
    """Return what writes a complete response."""
    return answer
