"""A round that asks archives too, with a real engine and a real publisher on loopback."""

from __future__ import annotations

import asyncio
import threading
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from aggregator.config.settings import FeedSettings, Network, Polling, Settings
from aggregator.decide.choice import Choice
from aggregator.model import Outcome
from aggregator.run.clock import utc_now
from aggregator.run.engine import Engine, take_over
from aggregator.run.round import poll_round

if TYPE_CHECKING:
    from collections.abc import Callable

    from aggregator.model import PollReport
    from aggregator.poll import Pipeline
    from aggregator.store.sqlite.store import SqliteStore


class Room:
    """A source that turned over between two polls, and rounds of polls."""

    def __init__(self, store: SqliteStore, publisher: Any, rss: Callable[..., bytes]) -> None:
        self.store, self.publisher, self._rss = store, publisher, rss
        self.url = publisher.url("/news.xml")
        network = Network(allow_private=("127.0.0.0/8",), timeout=timedelta(seconds=5))
        polling = Polling(host_gap=timedelta(0))
        self.settings = Settings(feeds=(FeedSettings(url=self.url),), network=network, polling=polling)
        take_over(store, self.settings, utc_now())
        publisher.say("/news.xml", self.document(range(10)))
        self.run(self.round)
        publisher.say("/news.xml", self.document(range(30, 40), "/2"))

    def document(self, numbers: range, page: str | None = None) -> bytes:
        """Return a document that may name a page of its archive."""
        body = self._rss(*(f"{number * 7919 % 997}-x" for number in reversed(numbers)))
        atom = "http://www.w3.org/2005/Atom"
        link = f'<a:link xmlns:a="{atom}" rel="next" href="{page}"/>' if page else ""
        return body.replace(b"<title>T</title>", f"<title>T</title>{link}".encode(), 1)

    def run(self, scenario: Callable[[Pipeline], Any]) -> Any:
        """Run a scenario in an engine."""

        async def play() -> Any:
            async with Engine(self.store, self.settings) as engine:
                return await scenario(engine.pipeline)

        return asyncio.run(asyncio.wait_for(play(), 20))

    async def round(self, pipeline: Pipeline) -> PollReport:
        """Poll the source by name, whenever it was polled last."""
        choice = Choice(frozenset({self.url}), force=True)
        (report,) = [one async for one in poll_round(pipeline, self.store, choice, utc_now)]
        return report

    def archive_requests(self) -> list[tuple[bool, bool]]:
        """Return of each archive request whether somebody holds it, and whether it is due now."""
        rows = self.store._database.execute(
            "SELECT lease_until IS NOT NULL, due_at <= ? FROM request WHERE kind = 'archive'",
            [utc_now().timestamp() * 1000],
        )
        return [(bool(row[0]), bool(row[1])) for row in rows]


@pytest.fixture
def room(database: SqliteStore, publisher: Any, rss: Callable[..., bytes]) -> Room:
    """Return a room."""
    return Room(database, publisher, rss)


def test_one_report_for_all(room: Room) -> None:
    """A round ends with what the archive brought, counted as its feed's."""
    room.publisher.say("/2", room.document(range(20, 30), "/3"))
    room.publisher.say("/3", room.document(range(5, 20)))
    report = room.run(room.round)
    assert (report.outcome, report.new, report.entries) == (Outcome.NEW, 30, 10)
    assert room.publisher.paths[1:] == ["/news.xml", "/2", "/3"]
    assert room.archive_requests() == []


def test_a_page_that_is_broken_off(room: Room) -> None:
    """A round that is given up while a page is asked leaves nothing leased, and the page for later."""
    room.publisher.say("/2", room.document(range(5, 30)))
    room.publisher.replies["/2"].wait = threading.Event()

    async def scenario(pipeline: Pipeline) -> None:
        task = asyncio.create_task(room.round(pipeline))
        while "/2" not in room.publisher.paths:
            await asyncio.sleep(0.01)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    room.run(scenario)
    assert room.archive_requests() == [(False, False)]
    room.publisher.replies["/2"].wait.set()
    with room.store.transaction() as tx:
        feed = tx.feeds.get(room.url)
        assert feed is not None
        assert feed.next_poll_at is not None
        tx.gaps.ask(feed, room.publisher.url("/2"), utc_now(), "test")
    report = room.run(room.round)
    assert report.new == 20
