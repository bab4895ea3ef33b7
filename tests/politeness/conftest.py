"""A world of publishers on loopback with a clock of its own, and the real pipeline that polls them.

What counts is what the servers saw: `world.asked(url)` is their log.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import random
import socket
import ssl
import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import pairwise
from typing import TYPE_CHECKING, Any, TypeAlias

import pytest
import trustme

from aggregator.config.settings import FeedSettings, Network, Polling, Settings, Site
from aggregator.decide.choice import Choice
from aggregator.decide.health import standing
from aggregator.decide.sites import host_of, site_of
from aggregator.fetch.client import Client
from aggregator.fetch.hosts import HostQueue
from aggregator.parse.pool import ParserPool
from aggregator.poll import Pipeline, Stages
from aggregator.run.engine import network_of, take_over
from aggregator.run.round import LEASE, poll_round
from aggregator.store.sqlite.store import SqliteStore

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence
    from pathlib import Path

    from aggregator.decide.health import Standing
    from aggregator.model import FeedState, PollReport, Request
    from aggregator.store.protocols import PollLine

MONDAY = datetime(2026, 5, 4, 12, 17, 5, 123_456, tzinfo=UTC)
"""When every test begins."""
PER_HOST = 4
"""Requests of a host that are claimed at once, as the daemon does."""
MOST = 5000
"""Polls in a row after which a test has run wild."""


@dataclass(frozen=True)
class Seen:
    """A request as a server saw it."""

    at: datetime
    method: str
    scheme: str
    target: str
    headers: tuple[tuple[str, str], ...]

    @property
    def url(self) -> str:
        """The address that was asked for."""
        return f"{self.scheme}://{self.get('Host')}{self.target}"

    @property
    def names(self) -> set[str]:
        """Names of the headers, in lower case."""
        return {name.lower() for name, _ in self.headers}

    @property
    def validators(self) -> tuple[str | None, str | None]:
        """If-None-Match and If-Modified-Since, as they came."""
        return self.get("If-None-Match"), self.get("If-Modified-Since")

    def get(self, name: str) -> str | None:
        """Return a header as it came."""
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)


@dataclass(frozen=True)
class Reply:
    """What a server answers."""

    body: bytes = b""
    status: int = 200
    headers: dict[str, str | None] = field(default_factory=dict)
    """None leaves out one that is sent otherwise."""
    takes: timedelta = timedelta(0)
    """How long it takes by the clock of the world."""
    hangs: bool = False
    """It never comes; `body` is the part of the answer that did."""


Answer: TypeAlias = "Reply | Callable[[Seen], Reply]"


def _handler(world: World, scheme: str) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def _answer(self) -> None:
            target = self.requestline.split(" ")[1]
            reply = world.reply_to(Seen(world.now, self.command, scheme, target, tuple(self.headers.items())))
            if reply.hangs:
                self.wfile.write(reply.body)
                world.over.wait(20)
                return
            world.now += reply.takes
            self.send_response_only(reply.status)
            own = {"Date": world.http_date(), "Content-Length": str(len(reply.body)), "Connection": "close"}
            for name, value in (own | reply.headers).items():
                if value is not None:
                    self.send_header(name, value)
            self.end_headers()
            with contextlib.suppress(ConnectionError):  # the reader may have had enough
                self.wfile.write(reply.body)

        do_GET = do_HEAD = do_POST = do_OPTIONS = _answer  # noqa: N815 - the names are http.server's

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    return Handler


class _Server(ThreadingHTTPServer):
    request_queue_size = 128

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing of clients that hang up."""


class Names:
    """A resolver for which every name is this machine, but those that a test gives another address, or none."""

    def __init__(self) -> None:
        self.addresses: dict[str, list[str]] = {}
        self.hanging: set[str] = set()

    async def resolve(self, host: str, port: int = 0, family: int = socket.AF_INET) -> list[dict[str, Any]]:
        """Return the addresses of a name."""
        if host in self.hanging:
            await asyncio.Event().wait()
        found = self.addresses.get(host, ["127.0.0.1"])
        if not found:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        families = [(ip, socket.AF_INET6 if ":" in ip else socket.AF_INET) for ip in found]
        return [
            {"hostname": host, "host": ip, "port": port, "family": of, "proto": 0, "flags": 0} for ip, of in families
        ]

    async def close(self) -> None:
        """Nothing to close."""


class World:
    """Publishers, a clock, and the one pipeline with its store; other settings than `feeds` count from the first poll."""

    def __init__(self, folder: Path, runner: asyncio.Runner, parser: ParserPool) -> None:
        self.folder, self._runner, self._parser = folder, runner, parser
        self.now = MONDAY
        self.random: Callable[[], float] = random.Random(7).random  # noqa: S311 - the same each time
        self.site = Site()
        self.network = Network(allow_private=("127.0.0.0/8", "::1"), timeout=timedelta(seconds=10))
        self.polling = Polling()
        self.subscribers: Callable[[], int] | None = None
        self.names = Names()
        self.feeds: dict[str, FeedSettings] = {}
        self.answers: dict[str, list[Answer]] = {}
        self.seen: list[Seen] = []
        self.over = threading.Event()
        self.store = SqliteStore(folder / "aggregator.db")
        self.pipeline: Pipeline | None = None
        self._stack = contextlib.AsyncExitStack()
        self._servers = contextlib.ExitStack()
        self.port = self._serve("http")
        self._secure_port: int | None = None

    # The publishers.

    def _serve(self, scheme: str, context: ssl.SSLContext | None = None) -> int:
        server = _Server(("127.0.0.1", 0), _handler(self, scheme))
        if context is not None:
            server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.005})
        thread.start()
        for stop in (server.server_close, thread.join, server.shutdown):
            self._servers.callback(stop)
        return int(server.server_address[1])

    @property
    def secure_port(self) -> int:
        """Where the same publishers are asked by https; nobody trusts the certificate."""
        if self._secure_port is None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            trustme.CA().issue_cert("localhost").configure_cert(context)
            self._secure_port = self._serve("https", context)
        return self._secure_port

    def url(self, path: str = "/feed", host: str = "127.0.0.1", *, secure: bool = False) -> str:
        """Return an address of these publishers; any public name will do as `host`."""
        return f"https://{host}:{self.secure_port}{path}" if secure else f"http://{host}:{self.port}{path}"

    def says(self, url: str, *answers: Answer) -> None:
        """Answer so from now on: one answer a request, the last for ever."""
        self.answers[url.partition("#")[0]] = list(answers)

    def reply_to(self, request: Seen) -> Reply:
        """Note a request and return the answer to it: 404 where nothing was said."""
        self.seen.append(request)
        answers = self.answers.get(request.url) or [Reply(status=404)]
        answer = answers.pop(0) if len(answers) > 1 else answers[0]
        return answer(request) if callable(answer) else answer

    @staticmethod
    def reply(body: bytes = b"", status: int = 200, *, takes: timedelta = timedelta(0), **headers: str | None) -> Reply:
        """Return an answer; underscores in names of headers stand for hyphens."""
        return Reply(body, status, {name.replace("_", "-"): value for name, value in headers.items()}, takes)

    @staticmethod
    def hangs(started: bytes = b"") -> Reply:
        """Return an answer of which no more than this comes, ever."""
        return Reply(started, hangs=True)

    def redirect(self, status: int, to: str) -> Reply:
        """Return a redirect."""
        return self.reply(status=status, Location=to)

    def conditional(self, body: bytes | None = None, etag: str = '"x"', **headers: str) -> Callable[[Seen], Reply]:
        """Answer 304 to who knows the ETag, and the document to all others."""

        def answer(request: Seen) -> Reply:
            if request.get("If-None-Match") == etag:
                return self.reply(status=304, ETag=etag, **headers)
            return self.reply(self.rss("one", "two", "three") if body is None else body, ETag=etag, **headers)

        return answer

    def publishing(self, every: timedelta, more: str = "", **headers: str) -> Callable[[Seen], Reply]:
        """Answer with an item more each time that so much has passed; no validators but those in `headers`."""

        def answer(_: Seen) -> Reply:
            count = (self.now - MONDAY) // every + 3
            return self.reply(self.rss(*(f"item {number}" for number in range(count)[-9:]), more=more), **headers)

        return answer

    @staticmethod
    def rss(*titles: str, more: str = "") -> bytes:
        """Return an RSS document: `more` is put into its channel."""
        items = "".join(
            f"<item><title>{title}</title><guid>{title}</guid><link>https://site.example/{title}</link></item>"
            for title in titles
        )
        space = "http://purl.org/rss/1.0/modules/syndication/"
        return f'<rss version="2.0" xmlns:sy="{space}"><channel><title>T</title>{more}{items}</channel></rss>'.encode()

    def http_date(self, moment: datetime | None = None) -> str:
        """Return a moment, now if not said, as HTTP writes it."""
        return format_datetime(moment or self.now, usegmt=True)

    # What the operator does.

    def feed(self, path: str, *answers: Answer, host: str = "127.0.0.1", secure: bool = False, **settings: Any) -> str:
        """Add a source; without answers it says the same for ever, and 304 to who knows that."""
        url = self.url(path, host, secure=secure)
        self.says(url, *(answers or [self.conditional()]))
        self.source(url, **settings)
        return url

    def source(self, url: str, *, without: Collection[str] = (), **settings: Any) -> None:
        """Write a source into feeds.yaml, or other settings of one that is there, and take others out."""
        self.feeds[url] = FeedSettings(url=url, **settings)
        self.feeds = {url: source for url, source in self.feeds.items() if url not in without}
        take_over(self.store, self.settings, self.now)
        if self.pipeline is not None:
            self.pipeline.adopt(self.settings)

    @property
    def settings(self) -> Settings:
        """The configuration."""
        return Settings(site=self.site, feeds=tuple(self.feeds.values()), network=self.network, polling=self.polling)

    def restart(self) -> None:
        """Stop the program, and start it again."""
        self.stop()
        self.store.close()
        self.store = SqliteStore(self.folder / "aggregator.db")
        take_over(self.store, self.settings, self.now)

    def stop(self) -> None:
        """Stop the pipeline, if it runs."""
        self.pipeline = None
        self.run(self._stack.aclose())

    def close(self) -> None:
        """End it all."""
        self.over.set()
        self.stop()
        self.store.close()
        self._servers.close()

    # Time and polls.

    def clock(self) -> datetime:
        """Return the time."""
        return self.now

    def sleep(self, **span: float) -> None:
        """Let time pass in which the program does nothing."""
        self.now += timedelta(**span)

    def _seconds(self) -> float:
        return (self.now - MONDAY).total_seconds()

    def _chance(self) -> float:
        return self.random()

    async def _wait(self, seconds: float) -> None:
        until = self.now + timedelta(seconds=seconds)
        await asyncio.sleep(0)
        self.now = max(self.now, until)

    def run(self, scenario: Any) -> Any:
        """Run a coroutine."""
        return self._runner.run(asyncio.wait_for(scenario, 30))

    async def _ready(self) -> Pipeline:
        if self.pipeline is None:
            self._stack = contextlib.AsyncExitStack()
            client = Client(
                network_of(self.settings), clock=self.clock, resolver=self.names, subscribers=self.subscribers
            )
            self.client = await self._stack.enter_async_context(client)
            polling = self.settings.polling
            hosts = HostQueue(
                polling.per_host,
                polling.host_gap,
                monotonic=self._seconds,
                sleep=self._wait,
            )
            stages = Stages(self.store, client, hosts, self._parser, clock=self.clock, random=self._chance)
            self.pipeline = await self._stack.enter_async_context(Pipeline(stages, self.settings))
        self.client._session.connector.clear_dns_cache()  # names change faster here than elsewhere
        return self.pipeline

    def poll(self, *urls: str, every: bool = False, force: bool = True, refetch: bool = False) -> list[PollReport]:
        """Do what `aggregator poll` does."""
        choice = Choice(frozenset(urls), every=every, force=force, refetch=refetch)

        async def play() -> list[PollReport]:
            return [report async for report in poll_round(await self._ready(), self.store, choice, self.clock)]

        reports: list[PollReport] = self.run(play())
        return reports

    def claim(self) -> list[Request]:
        """Claim what is due, as the daemon does."""
        with self.store.transaction() as tx:
            return tx.requests.claim_due(self.now, limit=256, lease=LEASE, per_host=PER_HOST)

    def carry_out(self, requests: Sequence[Request]) -> list[PollReport]:
        """Poll what was claimed, all at once."""

        async def play() -> list[PollReport]:
            pipeline = await self._ready()
            return await asyncio.gather(*(pipeline.poll(request) for request in requests))

        reports: list[PollReport] = self.run(play())
        return reports

    def runs(self, **span: float) -> None:
        """Let the daemon run for so long: whatever falls due is asked at that moment."""
        end, polls = self.now + timedelta(**span), 0
        while True:
            if requests := self.claim():
                polls += len(self.carry_out(requests))
                assert polls < MOST
                continue
            upcoming = [moment for moment in self._moments() if moment > self.now]
            if not upcoming or min(upcoming) > end:
                self.now = max(self.now, end)
                return
            self.now = min(upcoming)

    def _moments(self) -> Iterator[datetime]:
        """Yield when something may become due."""
        with self.store.snapshot() as tx:
            for feed in tx.feeds.all():
                paused = tx.requests.pauses(self.now).get(site_of(host_of(feed.fetch_url)))
                yield from (moment for moment in (feed.next_poll_at, feed.not_before, paused) if moment is not None)

    # What came of it.

    def asked(self, *urls: str) -> list[Seen]:
        """Return what the servers were asked, of these addresses or of all."""
        return [request for request in self.seen if not urls or request.url in urls]

    def gaps(self, *urls: str) -> list[timedelta]:
        """Return the times between the requests for these addresses."""
        return [later.at - earlier.at for earlier, later in pairwise(self.asked(*urls))]

    def state(self, url: str) -> FeedState:
        """Return what is known of a source."""
        with self.store.snapshot() as tx:
            found = tx.feeds.get(url)
        assert found is not None
        return found

    def standing(self, url: str) -> Standing:
        """Return what the operator is told of a source."""
        return standing(self.state(url), self.now)

    def log(self, url: str) -> list[PollLine]:
        """Return the poll log of a source."""
        with self.store.snapshot() as tx:
            return tx.feeds.polls(self.state_in(tx, url), 10_000)

    @staticmethod
    def state_in(tx: Any, url: str) -> FeedState:
        """Return what is known of a source within a transaction."""
        found: FeedState = tx.feeds.get(url)
        return found

    def titles(self) -> set[str]:
        """Return the titles of all entries."""
        with self.store.snapshot() as tx:
            return {entry.item.title for entry in tx.entries.all()}


@pytest.fixture(scope="session")
def runner() -> Iterator[asyncio.Runner]:
    """Return one event loop for all tests of this folder, so that they can share their parsers.

    No error may be left in it that nobody looked at.
    """
    found: list[dict[str, Any]] = []
    with asyncio.Runner() as runner:
        runner.get_loop().set_exception_handler(lambda _, context: found.append(context))
        yield runner
        gc.collect()
    assert found == []


@pytest.fixture(scope="session")
def parser(runner: asyncio.Runner) -> Iterator[ParserPool]:
    """Return parsers that run."""
    pool = ParserPool(workers=2)
    runner.run(pool.__aenter__())
    yield pool
    runner.run(pool.__aexit__(None, None, None))


@pytest.fixture
def closed_door() -> Iterator[int]:
    """Return a port of 127.0.0.1 where connections are neither taken nor refused: its queue is full."""
    with contextlib.ExitStack() as stack:
        door = stack.enter_context(socket.socket())
        door.bind(("127.0.0.1", 0))
        door.listen(0)
        for _ in range(4):
            visitor = stack.enter_context(socket.socket())
            visitor.setblocking(False)
            visitor.connect_ex(door.getsockname())
        yield int(door.getsockname()[1])


@pytest.fixture
def world(tmp_path: Path, runner: asyncio.Runner, parser: ParserPool) -> Iterator[World]:
    """Return a world without sources."""
    world = World(tmp_path, runner, parser)
    yield world
    world.close()
