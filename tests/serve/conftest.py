"""A real database, real renditions, and a real uvicorn on loopback in front of them."""

from __future__ import annotations

import contextlib
import http.client
import socket
import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from uvicorn.protocols.http.auto import AutoHTTPProtocol
from uvicorn.protocols.http.h11_impl import H11Protocol

from aggregator.config.settings import FeedSettings, OutputSettings, Settings, Site
from aggregator.errors import HttpStatus, Unavailable
from aggregator.model import Document, Fetched, Header, Item, Link
from aggregator.publish.press import Press
from aggregator.publish.renditions import Renditions
from aggregator.run.clock import utc_now
from aggregator.serve.__main__ import _Server, configuration
from aggregator.serve.app import create_app
from aggregator.serve.repeats import Repeats
from aggregator.settle import Chance, Result, settle
from aggregator.store.sqlite.store import SqliteStore

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
    from pathlib import Path

TOKEN = "s3cret-token"
PUBLIC, PRIVATE, BROKEN = "https://news.example/feed", "https://inside.example/feed?key=hush", "https://broken.example/"
SETTINGS = Settings(
    site=Site(title="Model News", subtitle="Every story, once", url="https://news.test/sub/"),
    feeds=(
        FeedSettings(url=PUBLIC, title="The Daily Tensor"),
        FeedSettings(url=PRIVATE, title="Secret Letters", private=True),
        FeedSettings(url=BROKEN),
    ),
    outputs=(
        OutputSettings(name="all", title="Model News"),
        OutputSettings(name="agents", title="Agents only", token=TOKEN),
        OutputSettings(name="french", title="En français", languages=("fr",)),
    ),
)


@dataclass
class World:
    """A database and what is published of it."""

    folder: Path
    settings: Settings = SETTINGS
    status: dict[str, Any] | None = field(default_factory=lambda: {"writable": True, "polling": True, "reason": None})
    """What the daemon says of itself; None: it does not answer."""
    hub: bool = False
    """Documents name a hub of ours."""
    answer: dict[str, Any] | None = field(default_factory=lambda: {"status": 202, "reason": "asked"})
    """What the daemon says to subscribers; None: it does not answer."""
    told: list[Mapping[str, Any]] = field(default_factory=list)
    """What it was told."""
    hear: Callable[[Mapping[str, Any]], Awaitable[dict[str, Any]]] | None = None
    """Answers in the daemon's place."""

    @property
    def database(self) -> Path:
        return self.folder / "aggregator.db"

    @property
    def renditions(self) -> Renditions:
        return Renditions(self.folder / "renditions")

    async def ask(self) -> dict[str, Any]:
        if self.status is None:
            raise Unavailable("No daemon runs on this database.", "Start it.")
        return self.status

    async def tell(self, command: Mapping[str, Any]) -> dict[str, Any]:
        if self.answer is None:
            raise Unavailable("No daemon runs on this database.", "Start it.")
        self.told.append(command)
        return self.answer if self.hear is None else await self.hear(command)

    def poll(self, url: str, items: Sequence[Item] = (), *, error: str | None = None) -> None:
        """Settle a poll of a source that found these items, or failed."""
        now = datetime.now(UTC)
        store = SqliteStore(self.database)
        with contextlib.closing(store), store.transaction() as tx:
            tx.feeds.sync(self.settings.sources, now)
            for name in self.settings.published:
                tx.releases.open_output(name, now)
            (request,) = tx.requests.claim([url], now, lease=timedelta(minutes=1))
            header = Header(title="As it calls itself", links=(Link("https://news.example/"),))
            if error is None:
                result = Result(request, now, Fetched(url, 200, now), Document(header, tuple(items)), body_hash="x")
            else:
                result = Result(request, now, error=HttpStatus(error, "Ask its operator."))
            settle(tx, result, self.settings, Chance(0))

    def publish(self) -> None:
        """Write the renditions."""
        press = Press(
            self.settings,
            self.renditions,
            lambda: SqliteStore(self.database, readonly=True),
            hub=self.hub,
            clock=utc_now,
        )
        press.publish(self.settings.published)


def _world(folder: Path) -> World:
    """Return a world in which two sources have told news and a third has failed."""
    world = World(folder)
    now = datetime.now(UTC).replace(microsecond=0)
    item = Item(
        title="Small model <script>alert(1)</script> & friends",
        guid="one",
        link="https://news.example/one",
        summary="<p>It is <b>small</b>.</p>",
        published=now - timedelta(hours=1),
        language="en",
    )
    french = Item(title="Un petit modèle", guid="deux", link="https://news.example/deux", language="fr-CA",
                  published=now - timedelta(days=1, hours=1))  # fmt: skip
    evil = Item(title="Click me", guid="three", link="javascript:alert(1)", published=now - timedelta(hours=2))
    world.poll(PUBLIC, [item, french, evil])
    world.poll(PRIVATE, [Item(title="Between us", guid="p", link="https://inside.example/p?key=hush", published=now)])
    world.poll(BROKEN, error="https://broken.example/ answered 503 <img src=x>.")
    world.publish()
    return world


@dataclass
class Answer:
    """What came back."""

    status: int
    headers: http.client.HTTPMessage
    body: bytes

    def __getitem__(self, header: str) -> str | None:
        return self.headers[header]

    @property
    def text(self) -> str:
        return self.body.decode()


@dataclass
class Client:
    """Asks one server, a connection a request."""

    port: int
    repeats: Repeats | None = None
    """What the server remembers."""

    def get(
        self, path: str, headers: dict[str, str] | None = None, *, method: str = "GET", body: bytes | None = None
    ) -> Answer:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        with contextlib.closing(connection):
            connection.request(method, path, body, headers=headers or {})
            response = connection.getresponse()
            return Answer(response.status, response.headers, response.read())

    def raw(self, request: bytes) -> bytes:
        """Send bytes and return what is answered before the server closes or falls silent."""
        answer = b""
        with self.connect() as connection, contextlib.suppress(TimeoutError, ConnectionError):
            connection.settimeout(1)
            connection.sendall(request)
            while part := connection.recv(65536):
                answer += part
        return answer

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=30)


@contextlib.contextmanager
def _serving(world: World, protocol: type[asyncio.Protocol]) -> Iterator[Client]:
    app = create_app(world.renditions, world.database, world.ask, world.tell)
    repeats = Repeats(world.renditions)
    server = _Server(configuration(app, repeats, protocol))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=server.run, args=([listener],))
        thread.start()
        try:
            yield Client(listener.getsockname()[1], repeats)
        finally:
            server.stop()
            thread.join(10)
    assert not thread.is_alive()


@pytest.fixture(scope="session")
def published(tmp_path_factory: pytest.TempPathFactory) -> World:
    """Return a world that tests only look at."""
    return _world(tmp_path_factory.mktemp("published"))


@pytest.fixture(scope="session")
def client(published: World) -> Iterator[Client]:
    """Return a client of a server, as it is run, of the world that is only looked at."""
    with _serving(published, AutoHTTPProtocol) as client:
        yield client


@pytest.fixture
def world(tmp_path: Path) -> World:
    """Return a world of the test's own."""
    return _world(tmp_path)


@pytest.fixture
def own_client(world: World) -> Iterator[Client]:
    """Return a client of a server of the test's own world."""
    with _serving(world, AutoHTTPProtocol) as client:
        yield client


@pytest.fixture(scope="session", params=[H11Protocol, AutoHTTPProtocol], ids=["h11", "auto"])
def protocol(request: pytest.FixtureRequest) -> type[asyncio.Protocol]:
    """Return uvicorn's protocol class that is always there, and the one that is used."""
    found: type[asyncio.Protocol] = request.param
    return found


@pytest.fixture(scope="session")
def either(protocol: type[asyncio.Protocol], published: World) -> Iterator[Client]:
    """Return a client of a server with either protocol class."""
    with _serving(published, protocol) as client:
        yield client


@pytest.fixture
def either_own(protocol: type[asyncio.Protocol], world: World) -> Iterator[Client]:
    """Return a client of a server with either protocol class, of the test's own world."""
    with _serving(world, protocol) as client:
        yield client


@pytest.fixture
def connect() -> Callable[[int], Client]:
    """Return what makes a client of a port."""
    return Client
