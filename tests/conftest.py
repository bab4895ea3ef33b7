"""Fixtures for every test: a database, publishers on loopback that answer what a test tells them to, a newsdesk."""

from __future__ import annotations

import asyncio
import os
import sys
import threading
from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import structlog
from hypothesis import settings

from aggregator.articles import complete
from aggregator.config.settings import FeedSettings, OutputSettings, Settings
from aggregator.model import Document, Fetched, Header, Item
from aggregator.publish.renderers import RENDERERS
from aggregator.publish.selection import channel
from aggregator.releasing import release_missing
from aggregator.run.stories import StoryStage
from aggregator.settle import Chance, Result, settle
from aggregator.store.sqlite.store import SqliteStore

sys.path.insert(0, str(Path(__file__).parent / "servers"))
import browser as real_browser
from postgres_server import HOW_TO_GET_ONE, PostgresServer, find_programs, shared

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from aggregator.decide.articles import ArticlePage
    from aggregator.model import Entry, Request
    from aggregator.settle import Settled

# Images of Python set this. Here it would have each of the thousand programs that tests start compile itself anew.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

# A slow machine is no fault of what is tested.
settings.register_profile("patient", deadline=None)
settings.load_profile("patient")


WHOLE = frozenset({"attacks", "browser", "end_to_end", "faults", "invariants", "politeness", "simulation"})
"""Folders whose tests are of more than a part."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark tests of the whole by their folders; begin with the slow ones: at the end, all would wait for the longest."""
    here = Path(__file__).parent
    for item in items:
        if item.path.is_relative_to(here) and item.path.relative_to(here).parts[0] in WHOLE:
            item.add_marker("whole")
    items.sort(key=lambda item: item.get_closest_marker("slow") is None)


@pytest.fixture(autouse=True)
def _logs_of_its_own() -> Iterator[None]:
    """Undo what a test's program did to the logs of this process."""
    before = dict(structlog.get_config())
    yield
    structlog.configure(**before)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[SqliteStore]:
    """Return an empty database of the test's own, open for writing."""
    store = SqliteStore(tmp_path / "aggregator.db")
    yield store
    store.close()


@pytest.fixture(scope="session")
def postgres_of_the_run(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Iterator[PostgresServer]:
    """Return a PostgreSQL server of the tests' own, one for all workers; skip where there is none."""
    programs = find_programs()
    if programs is None or find_spec("psycopg") is None:
        pytest.skip(HOW_TO_GET_ONE)
    place = tmp_path_factory.getbasetemp()
    with shared(programs, place if worker_id == "master" else place.parent) as server:
        yield server


@pytest.fixture
def postgres(postgres_of_the_run: PostgresServer) -> Iterator[PostgresServer]:
    """Return the server; databases that the test makes there are its own."""
    yield postgres_of_the_run
    postgres_of_the_run.drop_all()


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Return a real browser (playwright.sync_api.Browser); skip where there is none.

    Playwright's event loop runs in this thread meanwhile: a module that uses this cannot run its own.
    """
    with real_browser.started() as one:
        if one is None:
            pytest.skip(real_browser.HOW_TO_GET_ONE)
        yield one


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


NEWS = {
    "grok": (
        "Grok opens its weights in Memphis",
        "Memphis: weights of Grok are open",
        "Open weights: Grok leaves Memphis",
    ),
    "chip": ("Tachyum ships Prodigy silicon", "Prodigy silicon by Tachyum ships", "Silicon: Tachyum ships its Prodigy"),
    "law": (
        "Brussels delays biometric rules",
        "Biometric rules: Brussels delays",
        "Delays in Brussels for biometric rules",
    ),
}
"""Titles of three articles on each piece of news; those of one share rare words, and none with another's."""


@dataclass
class Newsdesk:
    """Polls, the story stage and outputs on a real database; `now` is shortly after the database was made."""

    store: SqliteStore
    settings: Settings = field(init=False)
    now: datetime = field(init=False)
    changed: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        with self.store.snapshot() as tx:
            self.now = tx.created.replace(microsecond=0) + timedelta(minutes=1)
        self.configure({"name": "stories", "by": "story"})
        self.reopen()

    def reopen(self, embedder: Any = None) -> None:
        """Begin with a story stage that remembers nothing, as after a restart."""
        self.stage = StoryStage(
            self.store,
            lambda: self.settings,
            clock=lambda: self.now,
            changed=self.changed.extend,
            embedder=embedder,
        )

    def configure(self, *outputs: dict[str, Any], **feeds: dict[str, Any]) -> None:
        """Take these outputs over, and settings of the sources a to d."""
        sources = tuple(FeedSettings(url=self.feed(name), **feeds.get(name, {})) for name in "abcd")
        self.settings = Settings(feeds=sources, outputs=tuple(OutputSettings(**output) for output in outputs))
        with self.store.transaction() as tx:
            tx.feeds.sync(self.settings.sources, self.now)
            release_missing(tx, self.settings, self.now)

    @staticmethod
    def feed(name: str) -> str:
        """Return the address of a source; each has a site of its own."""
        return f"https://{name}.example/feed"

    def item(self, site: str, title: str, *, hours: float = 1, **fields: Any) -> Item:
        """Return an item of a site, so many hours old."""
        link = f"https://{site}.example/{title.replace(' ', '-')}"
        return Item(
            **{"title": title, "guid": link, "link": link, "published": self.now - timedelta(hours=hours), **fields}
        )

    def bring(self, site: str, *items: Item, drain: bool = True) -> None:
        """Poll a source that lists these, then decide stories."""
        with self.store.transaction() as tx:
            (request,) = tx.requests.claim([self.feed(site)], self.now, lease=timedelta(hours=1))
            fetched = Fetched(url=self.feed(site), status=200, received=self.now)
            document = Document(Header(title=f"The {site.upper()}"), items)
            settle(
                tx, Result(request, self.now, fetched, document, body_hash=f"{hash(items)}"), self.settings, Chance(0)
            )
        if drain:
            self.drain()

    def asks(self, site: str) -> Request | None:
        """Claim the next article of a source that is due."""
        with self.store.transaction() as tx:
            return tx.requests.claim_page(self.feed(site), self.now, lease=timedelta(hours=1))

    def article(self, site: str, page: ArticlePage | None = None, **result: Any) -> Settled:
        """Let the next article of a source that is due come, or what else comes of asking for it; decide no stories."""
        request = self.asks(site)
        assert request is not None
        with self.store.transaction() as tx:
            return complete(tx, Result(request, self.now, article=page, **result), self.settings, Chance(0))

    def tell(self, site: str, news: str, number: int, *, hours: float = 1, drain: bool = True, **fields: Any) -> str:
        """Let a source tell a piece of news in its own words; return the entry's id."""
        item = self.item(site, NEWS[news][number], hours=hours, **fields)
        self.bring(site, item, drain=drain)
        return str(item.guid)

    def drain(self) -> None:
        """Decide all that waits, and tell outputs what is due."""
        asyncio.run(self.stage.drain())

    def correct(self, action: str, *ids: str) -> dict[str, Any]:
        """Correct by hand, as an operator does."""
        return asyncio.run(self.stage.correct(action, ids))

    def entry(self, entry_id: str) -> Entry:
        """Return an entry."""
        with self.store.snapshot() as tx:
            found = tx.entries.get(entry_id)
        assert found is not None
        return found

    def entries(self) -> list[Entry]:
        """Return all entries, the newest published first."""
        with self.store.snapshot() as tx:
            return list(tx.entries.all())

    def groups(self) -> set[frozenset[str]]:
        """Return the stories as sets of ids."""
        stories: dict[str, set[str]] = {}
        for entry in self.entries():
            stories.setdefault(entry.story, set()).add(entry.id)
        return {frozenset(ids) for ids in stories.values()}

    def methods(self) -> dict[str, str]:
        """Return by which evidence each entry is in its story."""
        with self.store.snapshot() as tx:
            return {one.entry_id: one.method for entry in tx.entries.all() for one in tx.kinships.members(entry.key)}

    def released(self, output: str = "stories") -> list[tuple[str, datetime]]:
        """Return what an output has released, the first release first."""
        with self.store.snapshot() as tx:
            found = tx.releases.select(output, limit=500, window=timedelta(0), ceiling=500)
        return [(one.entry.id, one.released_at) for one in sorted(found, key=lambda one: one.seq)]

    def leads(self, output: str = "stories") -> list[str]:
        """Return the ids of what an output has released, the first release first."""
        return [entry_id for entry_id, _ in self.released(output)]

    def told(self, output: str = "stories") -> dict[str, list[str]]:
        """Return what an output's documents say: each lead's id, and the ids of the rest of its story."""
        with self.store.snapshot() as tx:
            found = channel(tx, self.settings.published[output], self.settings)
        return {entry.id: [one.id for one in entry.coverage] for entry in found.entries}

    def render(self, output: str = "stories", ending: str = "atom") -> bytes:
        """Return an output's document."""
        with self.store.snapshot() as tx:
            found = channel(tx, self.settings.published[output], self.settings)
        return RENDERERS[ending](found)


@pytest.fixture
def newsdesk(database: SqliteStore) -> Newsdesk:
    """Return a newsdesk with four sources and, beside `all`, the output `stories`, which tells stories."""
    return Newsdesk(database)
