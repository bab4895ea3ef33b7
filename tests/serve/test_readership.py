"""What services say of their subscribers: noted in memory, handed to the daemon, shown on a page and in numbers."""

from __future__ import annotations

import asyncio
import contextlib
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from aggregator.decide.readership import Readership
from aggregator.errors import Unavailable
from aggregator.serve import readership
from aggregator.serve.readership import MOST, Readerships, speaks_of_subscribers
from aggregator.store.hub import DELIVERED, FAILED
from aggregator.store.sqlite.store import SqliteStore

if TYPE_CHECKING:
    from collections.abc import Mapping

    from conftest import Client, World

FEEDLY = "Feedly/1.0 (+http://www.feedly.com/fetcher.html; 16 subscribers; like FeedFetcher-Google)"
FEEDBIN = "Feedbin feed-id:1234 - 3 subscribers"


@pytest.mark.parametrize(
    ("headers", "heard"),
    [
        ([(b"accept", b"*/*"), (b"user-agent", FEEDLY.encode()), (b"via", b"5 subscribers")], FEEDLY),
        ([(b"user-agent", b"Feedspot 2 Readers\xe9")], "Feedspot 2 Readers\xe9"),
        ([(b"user-agent", b"Firefox"), (b"via", b"5 subscribers")], None),
        ([(b"via", b"5 subscribers")], None),
        ([], None),
    ],
)
def test_most_requests_say_nothing(headers: list[tuple[bytes, bytes]], heard: str | None) -> None:
    """Only a User-Agent that may speak of subscribers is looked at any further."""
    assert speaks_of_subscribers(headers) == heard


class Daemon:
    """Takes what it is told, or is not there."""

    def __init__(self) -> None:
        self.told: list[Mapping[str, Any]] = []
        self.there = True

    async def tell(self, command: Mapping[str, Any]) -> Mapping[str, Any]:
        if not self.there:
            raise Unavailable("No daemon runs on this database.")
        self.told.append(command)
        return {"done": True}


def test_what_was_said_is_handed_on_once() -> None:
    """The last word of each service; nothing when nothing was said; readers of one person say nothing."""
    daemon = Daemon()
    readers = Readerships(daemon.tell)
    asyncio.run(readers.hand_on())
    for user_agent in (FEEDLY, FEEDLY.replace("16", "17"), FEEDBIN, "Firefox", "Miniflux (feed reader)"):
        readers.note("all", "atom", user_agent)
    asyncio.run(readers.hand_on())
    asyncio.run(readers.hand_on())
    (command,) = daemon.told
    assert command["command"] == "readers"
    assert command["seen"] == [("all", "atom", "Feedly", "", 17), ("all", "atom", "Feedbin", "1234", 3)]


def test_what_cannot_be_handed_on_is_kept() -> None:
    """While there is no daemon it waits, within bounds."""
    daemon = Daemon()
    daemon.there = False
    readers = Readerships(daemon.tell)
    for number in range(MOST + 50):
        readers.note("all", "atom", f"Flood/1 ({number + 1} subscribers; feed-id={number})")
    asyncio.run(readers.hand_on())
    daemon.there = True
    asyncio.run(readers.hand_on())
    assert len(daemon.told[0]["seen"]) == MOST


def test_what_is_said_meanwhile_is_handed_on_next() -> None:
    """A word that comes while the daemon is told is not lost."""
    daemon = Daemon()

    async def tell(command: Mapping[str, Any]) -> Mapping[str, Any]:
        if not daemon.told:
            readers.note("all", "atom", FEEDLY.replace("16", "20"))
        return await daemon.tell(command)

    readers = Readerships(tell)
    readers.note("all", "atom", FEEDLY)
    asyncio.run(readers.hand_on())
    asyncio.run(readers.hand_on())
    assert [command["seen"][0][4] for command in daemon.told] == [16, 20]


def test_it_goes_on_by_itself() -> None:
    """From time to time, until it is cancelled."""
    daemon = Daemon()

    async def run() -> None:
        readers = Readerships(daemon.tell, pause=0.001)
        task = asyncio.create_task(readers.keep_handing_on())
        readers.note("all", "atom", FEEDLY)
        while not daemon.told:
            await asyncio.sleep(0.001)
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task

    asyncio.run(run())


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """The web process hands on at once."""
    monkeypatch.setattr(readership, "PAUSE", 0.01)
    monkeypatch.setattr(Readerships.__init__, "__defaults__", (0.01,))


def test_documents_of_outputs_are_counted(hasty: None, world: World, own_client: Client) -> None:
    """Whoever asks for an output, private or not; pages, what tells of sources, and guesses are none."""
    paths = ("/all.atom", "/all.json", "/s3cret-token/agents.rss", "/sources.atom", "/sources.opml", "/", "/none.atom",
             "/wrong/agents.rss")  # fmt: skip
    for path in paths:
        own_client.get(path, {"User-Agent": FEEDBIN})
    seen: set[tuple[str, str]] = set()
    while len(seen) < 3:
        seen = {(one[0], one[1]) for command in world.told for one in command["seen"]}
    assert seen == {("all", "atom"), ("all", "json"), ("agents", "rss")}


def _note(world: World, *known: Readership, days: int = 0) -> None:
    with contextlib.closing(SqliteStore(world.database)) as store, store.transaction() as tx:
        tx.readers.note(known, datetime.now(UTC) - timedelta(days=days), most=99)
        tx.tallies.add(DELIVERED, 7, datetime.now(UTC))
        tx.tallies.add(FAILED, 2, datetime.now(UTC))


def test_the_page_and_the_numbers(world: World, own_client: Client) -> None:
    """/sources tells of public outputs, by service; /metrics counts all; who has not come for a month is in neither."""
    evil = Readership("all", "rss", "Evil & Co", "", 4)
    _note(world, Readership("all", "atom", "Feedly", "", 16), evil, Readership("agents", "atom", "Hidden", "", 5))
    _note(world, Readership("french", "atom", "Gone", "", 9), days=31)
    page = own_client.get("/sources").text
    assert "<dt>Model News</dt><dd>20: Feedly 16, others 4</dd>" in page
    assert "Hidden" not in page
    assert "Evil" not in page
    assert "Gone" not in page
    numbers = own_client.get("/metrics").text
    assert 'aggregator_subscribers{output="all"} 20.0' in numbers
    assert 'aggregator_subscribers{output="agents"} 5.0' in numbers
    assert "french" not in numbers
    assert 'aggregator_hub_deliveries_total{outcome="arrived"} 14.0' in numbers
    assert 'aggregator_hub_deliveries_total{outcome="failed"} 4.0' in numbers


def test_a_page_without_readers(client: Client) -> None:
    """Where nobody reports any there is no heading."""
    assert "<h2>Readers</h2>" not in client.get("/sources").text
