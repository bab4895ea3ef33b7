"""What others poll is rendered soon after it is written, and by the settings that hold now."""

from __future__ import annotations

import asyncio
import contextlib
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

import pytest

from aggregator.config.settings import FeedSettings, OutputSettings, Settings, Websub
from aggregator.errors import ConfigError, DiskFull, Problem
from aggregator.fetch.client import Client, Message, Reply
from aggregator.model import Document, Fetched, Header, Item
from aggregator.publish.press import Press
from aggregator.publish.renditions import Renditions
from aggregator.releasing import release_missing
from aggregator.run import printer as module
from aggregator.run.clock import utc_now
from aggregator.run.control import call
from aggregator.run.printer import Parts, Printer
from aggregator.settle import Chance, Result, settle
from aggregator.store.sqlite.store import SqliteStore

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

FEED = "https://a.example/feed"
SETTINGS = Settings(feeds=(FeedSettings(url=FEED),))


class Unserved(contextlib.AbstractAsyncContextManager[None]):
    """Stands where the web process would."""

    async def __aexit__(self, *_: object) -> None:
        return None

    async def trouble(self) -> str | None:
        """Return that all is well."""
        return None


class Place:
    """A database that others write, and a printer beside it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._store = SqliteStore(folder / "aggregator.db")
        with self._store.snapshot() as tx:
            self._now = tx.created.replace(microsecond=0)
        self.sync(SETTINGS)

    def sync(self, settings: Settings) -> None:
        """Take settings over, as another process does."""
        with self._store.transaction() as tx:
            tx.feeds.sync(settings.sources, self._now)
            release_missing(tx, settings, self._now)
        self.changed: Settings | Exception | None = None
        self.described: dict[str, Any] = {}

    def _reload(self) -> Settings | None:
        changed, self.changed = self.changed, None
        if isinstance(changed, Exception):
            raise changed
        return changed

    def tell(self, title: str) -> None:
        """Let the source bring an entry, as another process does."""
        self._now += timedelta(hours=1)
        item = Item(title=title, guid=title, link=f"https://a.example/{title}", published=self._now)
        with self._store.transaction() as tx:
            (request,) = tx.requests.claim([FEED], self._now, lease=timedelta(minutes=1))
            document = Document(Header(), (item,))
            result = Result(request, self._now, Fetched(FEED, 200, self._now), document, body_hash=title)
            tx.editions.note(settle(tx, result, SETTINGS, Chance(0)).changed)

    def run(self, scenario: Callable[[Printer], Awaitable[None]]) -> None:
        database = self.folder / "aggregator.db"

        async def play() -> None:
            store = SqliteStore(database, readonly=True)
            out = Renditions(self.folder / "out")
            press = Press(SETTINGS, out, lambda: SqliteStore(database, readonly=True), clock=utc_now)
            web: Any = Unserved()
            parts = Parts(
                store, lambda: SqliteStore(database), press, self._reload, self.folder, self.described.update, web, out
            )
            printer = Printer(SETTINGS, parts)
            task = asyncio.create_task(printer.run())
            try:
                async with asyncio.timeout(20):
                    while not (self.folder / "out/all.atom").exists():
                        await asyncio.sleep(0.01)
                    await scenario(printer)
            finally:
                printer.stop()
                await task
                store.close()

        asyncio.run(play())

    async def shows(self, words: bytes, name: str = "all.atom") -> None:
        """Wait until a document has these words."""
        path = self.folder / "out" / name
        while not path.exists() or words not in path.read_bytes():
            await asyncio.sleep(0.01)

    async def status(self) -> dict[str, Any]:
        """Ask it how it is."""
        return await asyncio.to_thread(
            lambda: next(iter(call(self.folder / "control.sock", {"command": "status"}, timeout=5)))
        )


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    """Return a database with one source, and a printer that looks often."""
    for name in ("LOOK", "RELOAD", "SOURCES_TOO", "TELL"):
        monkeypatch.setattr(module, name, 0.05)
    return Place(tmp_path)


def test_it_publishes_what_others_write(place: Place) -> None:
    """An entry that another process releases is in the documents soon; nothing else makes them be written anew."""

    async def scenario(printer: Printer) -> None:
        place.tell("First")
        await place.shows(b"First")
        written = (place.folder / "out/all.atom").stat().st_mtime_ns
        await asyncio.sleep(0.3)
        assert (place.folder / "out/all.atom").stat().st_mtime_ns == written
        place.tell("Second")
        await place.shows(b"Second")
        assert place.described["polls"] is False

    place.run(scenario)


def test_it_keeps_what_readers_say(place: Place) -> None:
    """What the web process noted of services that read for many is kept; of outputs that there are not, nothing is."""

    async def scenario(_: Printer) -> None:
        seen = [[output, "atom", "Feedly", "", 12] for output in ("all", "nowhere")]
        command = {"command": "readers", "seen": seen}
        answer = await asyncio.to_thread(lambda: list(call(place.folder / "control.sock", command, timeout=5)))
        assert answer[0]["noted"] == 1
        with SqliteStore(place.folder / "aggregator.db", readonly=True).snapshot() as tx:
            (known,) = tx.readers.known(datetime(2026, 1, 1, tzinfo=UTC))
        assert (known.output, known.service, known.subscribers) == ("all", "Feedly", 12)

    place.run(scenario)


def test_it_goes_by_its_file(place: Place) -> None:
    """A changed feeds.yaml is taken over; a wrong one changes nothing."""

    async def scenario(printer: Printer) -> None:
        place.changed = ConfigError([Problem("feeds.yaml", 1, "feeds", "this is wrong.", "Mend it.")])
        while place.changed is not None:
            await asyncio.sleep(0.01)
        more = Settings(feeds=SETTINGS.feeds, outputs=(OutputSettings(name="labs"),))
        place.sync(more)
        place.changed = more
        await place.shows(b"<feed", "labs.atom")

    place.run(scenario)


def test_other_peoples_hubs_are_told(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """A fleet has no hub of its own: its servers tell those that are listed of what changed after they began."""
    told: list[tuple[str, list[str]]] = []

    async def tell(_: Client, message: Message) -> Reply:
        told.append((message.url, parse_qs((message.body or b"").decode())["hub.url"]))
        return Reply(204, b"")

    monkeypatch.setattr(Client, "tell", tell)
    monkeypatch.setattr("aggregator.run.pings._PAUSE", 0.0)

    async def scenario(printer: Printer) -> None:
        place.changed = Settings(feeds=SETTINGS.feeds, websub=Websub(hub=("https://hub.example/",)))
        await place.shows(b'rel="hub"')
        await asyncio.sleep(0.2)  # what is there by now is no news
        told.clear()
        place.tell("First")
        while len(told) < 3:
            await asyncio.sleep(0.01)
        topics = {f"http://localhost:8080/all.{ending}" for ending in ("atom", "rss", "json")}
        assert {hub for hub, _ in told} == {"https://hub.example/"}
        assert {topic for _, (topic,) in told} == topics

    place.run(scenario)


def test_what_is_wrong(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """While documents cannot be written it says so, and then is well again."""
    full = {"now": False}
    write = Renditions.write

    def maybe(self: Renditions, *words: Any, **more: Any) -> bool:
        if full["now"]:
            raise DiskFull("There is no space left.", "Make some.")
        return write(self, *words, **more)

    monkeypatch.setattr(Renditions, "write", maybe)

    async def scenario(printer: Printer) -> None:
        assert (await place.status())["writable"]
        full["now"] = True
        place.tell("First")
        while (status := await place.status())["writable"]:
            await asyncio.sleep(0.05)
        assert status["reason"] == "There is no space left."
        full["now"] = False
        await place.shows(b"First")
        while not (await place.status())["writable"]:
            await asyncio.sleep(0.05)

    place.run(scenario)
