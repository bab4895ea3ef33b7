"""A worker in this process, on a real server: what it polls, what it gives back, and when it leads."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from structlog.testing import capture_logs

from aggregator.config.settings import FeedSettings, Network, Polling, Settings
from aggregator.errors import ClockApart, LockedDatabase
from aggregator.run.clock import utc_now
from aggregator.run.engine import synchronise
from aggregator.store.opening import standing

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from datetime import datetime

    from postgres_server import PostgresServer

    from aggregator.run.fleet.worker import Worker

pytest.importorskip("procrastinate")
FEEDS = 3


class Place:
    """A database on a server, and sources that answer as a test tells them to."""

    def __init__(self, url: str, publisher: Any) -> None:
        self.url, self.publisher = url, publisher
        self.settings = self.with_feeds(FEEDS)
        self.changed: Settings | None = None
        self.ahead = timedelta()
        """How far the clock of this machine is, as far as its place knows."""

    def clock(self) -> datetime:
        """Return the time of this machine."""
        return utc_now() + self.ahead

    def with_feeds(self, count: int, **polling: Any) -> Settings:
        """Return settings with so many sources."""
        network = Network(allow_private=("127.0.0.0/8",), timeout=timedelta(seconds=5))
        feeds = tuple(FeedSettings(url=self.publisher.url(f"/{number}")) for number in range(count))
        return Settings(
            database=self.url, feeds=feeds, network=network, polling=Polling(host_gap=timedelta(0), **polling)
        )

    def _reload(self) -> Settings | None:
        changed, self.changed = self.changed, None
        return changed

    def run(self, scenario: Callable[[Worker], Awaitable[None]]) -> list[str]:
        """Run a worker beside a scenario, then stop it; return the events that it logged."""
        from aggregator.run.fleet.worker import Parts, Worker  # noqa: PLC0415 - an extra
        from aggregator.store.postgres.store import PostgresStore  # noqa: PLC0415

        async def play() -> None:
            with (
                standing(self.url, alone=False, clock=self.clock) as place,
                contextlib.closing(PostgresStore(self.url)) as store,
            ):
                settings = synchronise(store, self.settings, utc_now())
                worker = Worker(settings, Parts(store, self.url, place, self._reload))
                task = asyncio.create_task(worker.run())
                try:
                    async with asyncio.timeout(40):
                        await scenario(worker)
                finally:
                    worker.stop()
                    await task

        with capture_logs() as logged:
            asyncio.run(play())
        return [line["event"] for line in logged]

    async def until(self, what: Callable[[], Any]) -> None:
        """Wait until something is true."""
        while not what():
            await asyncio.sleep(0.05)


@pytest.fixture
def place(postgres: PostgresServer, publisher: Any, rss: Callable[..., bytes]) -> Place:
    """Return a place whose sources have one item each."""
    for number in range(FEEDS + 2):
        publisher.say(f"/{number}", rss(f"News-{number}", site=f"https://s{number}.example/"))
    return Place(postgres.empty(), publisher)


def _entries(postgres: PostgresServer, place: Place) -> int:
    with contextlib.suppress(Exception), postgres.connect(place.url) as db:
        return int(db.execute("SELECT count(*) FROM entry").fetchone()[0])
    return 0


def _held(postgres: PostgresServer, place: Place) -> int:
    with postgres.connect(place.url) as db:
        return int(db.execute("SELECT count(*) FROM request WHERE lease_until IS NOT NULL").fetchone()[0])


def test_it_polls_leads_and_follows_its_file(place: Place, postgres: PostgresServer) -> None:
    """Alone it leads and decides stories; a source that is added to feeds.yaml is polled."""

    async def scenario(worker: Worker) -> None:
        await place.until(lambda: _entries(postgres, place) == FEEDS)
        place.changed = place.with_feeds(FEEDS + 1)
        await place.until(lambda: _entries(postgres, place) == FEEDS + 1)
        with postgres.connect(place.url) as db:
            await place.until(lambda: db.execute("SELECT count(*) FROM membership").fetchone() == (FEEDS + 1,))

    logged = place.run(scenario)
    assert {"worker.started", "worker.leads", "config.reloaded", "worker.stopped"} <= set(logged)
    assert _held(postgres, place) == 0


def test_a_stop_gives_back_what_was_not_asked(place: Place, postgres: PostgresServer) -> None:
    """Stopped while the first of a host's sources hangs, it gives the others back at once: they stay due."""
    hangs = threading.Event()
    for reply in place.publisher.replies.values():
        reply.wait = hangs

    async def scenario(worker: Worker) -> None:
        await place.until(lambda: place.publisher.asked)
        worker.stop()

    place.run(scenario)
    hangs.set()
    assert len(place.publisher.asked) == 1
    assert _held(postgres, place) == 0
    with postgres.connect(place.url) as db:
        (due,) = db.execute("SELECT count(*) FROM request WHERE due_at <= extract(epoch FROM now()) * 1000").fetchone()
        assert due == FEEDS - 1
        assert db.execute("SELECT count(*) FROM turn WHERE holder IS NOT NULL").fetchone() == (0,)


def test_a_budget_holds_for_the_whole_fleet(place: Place, postgres: PostgresServer) -> None:
    """With polling.budget no more is put into the queue than the hour's polls allow."""
    place.settings = place.with_feeds(FEEDS, budget=1)

    async def scenario(worker: Worker) -> None:
        await place.until(lambda: _entries(postgres, place) >= 1)
        await asyncio.sleep(5)

    place.run(scenario)
    assert _entries(postgres, place) == 1


def test_a_daemon_that_came_to_poll_alone(place: Place, postgres: PostgresServer) -> None:
    """When its place is lost to a daemon, a worker stops, and says why."""

    async def scenario(worker: Worker) -> None:
        await place.until(lambda: _entries(postgres, place) == FEEDS)
        with postgres.connect(place.url) as db:
            cut = "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND mode = 'ShareLock'"
            while True:
                db.execute(cut)
                with contextlib.suppress(LockedDatabase):
                    alone = standing(place.url, alone=True)
                    alone.__enter__()
                    break
        await place.until(worker._stop.is_set)
        alone.__exit__(None, None, None)

    with pytest.raises(LockedDatabase, match="alone"):
        place.run(scenario)


@pytest.mark.fault("F9")
def test_a_clock_that_jumps(place: Place, postgres: PostgresServer) -> None:
    """A worker whose clock is not the server's ends, and says by how much."""

    async def scenario(worker: Worker) -> None:
        await place.until(lambda: _entries(postgres, place) == FEEDS)
        place.ahead = timedelta(days=-1)
        await place.until(worker._stop.is_set)

    with pytest.raises(ClockApart, match=r"86400 s behind"):
        place.run(scenario)


@pytest.mark.fault("F9")
def test_what_a_wrong_clock_wrote(place: Place, postgres: PostgresServer) -> None:
    """What was put a year away before a worker ended is polled when it would have been: the next leader sees to that."""
    place.run(lambda _: place.until(lambda: _entries(postgres, place) == FEEDS))
    year = timedelta(days=365) // timedelta(milliseconds=1)
    with postgres.connect(place.url) as db:
        (due,) = db.execute("SELECT max(due_at) FROM request").fetchone()
        db.execute("UPDATE request SET due_at = due_at + %s", [year])
        db.execute("UPDATE feed SET last_poll = last_poll + %s", [year])

    def is_near() -> bool:
        with postgres.connect(place.url) as db:
            (now,) = db.execute("SELECT max(due_at) FROM request").fetchone()
        return bool(abs(now - due) < 60_000)

    events = place.run(lambda _: place.until(is_near))
    assert "clock.set_back" in events
