"""One round of polls, with a real database and a real publisher on loopback."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from aggregator.config.settings import FeedSettings, Network, Polling, Settings, Site
from aggregator.decide.cadence import NextPoll
from aggregator.decide.choice import Choice
from aggregator.errors import LockedDatabase
from aggregator.model import Outcome
from aggregator.run.clock import utc_now
from aggregator.run.engine import Engine, network_of, take_over
from aggregator.run.round import LEASE, Spending, abandon, poll_round
from aggregator.store.protocols import PollRecord

if TYPE_CHECKING:
    from collections.abc import Callable

    from aggregator.model import FeedState, PollReport
    from aggregator.poll import Pipeline
    from aggregator.store.sqlite.store import SqliteStore

PATHS = ("/a", "/b", "/c")


@dataclass
class Daemon:
    """What a round needs of a daemon; sources are paths of the publisher, each answers 404 until told otherwise."""

    store: SqliteStore
    publisher: Any
    settings: Settings = field(default_factory=Settings)

    def configure(self, *feeds: FeedSettings) -> None:
        """Take sources over."""
        self.settings = Settings(
            feeds=feeds,
            network=Network(allow_private=("127.0.0.0/8",), timeout=timedelta(seconds=5)),
            polling=Polling(host_gap=timedelta(0), per_host=9),
        )
        take_over(self.store, self.settings, utc_now())

    def url(self, path: str) -> str:
        """Return a source's address."""
        found: str = self.publisher.url(path)
        return found

    def run(self, scenario: Callable[[Pipeline], Any]) -> Any:
        """Run a scenario in an engine."""

        async def play() -> Any:
            async with Engine(self.store, self.settings) as engine:
                return await scenario(engine.pipeline)

        return asyncio.run(asyncio.wait_for(play(), 20))

    def round(self, *paths: str, **choice: Any) -> dict[str, PollReport]:
        """Run a round; return its reports by path, in their order."""
        chosen = Choice(frozenset(map(self.url, paths)), **choice)

        async def scenario(pipeline: Pipeline) -> list[PollReport]:
            return [report async for report in poll_round(pipeline, self.store, chosen, utc_now)]

        return {report.url.removeprefix(self.url("")): report for report in self.run(scenario)}

    def put_off(self, path: str, until: datetime, *, asked: bool = False) -> None:
        """Make a source due later; `asked`: because the server wants it."""
        with self.store.transaction() as tx:
            (request,) = tx.requests.claim([self.url(path)], utc_now(), lease=LEASE)
            tx.requests.reschedule(request, NextPoll(until, "test", until if asked else None))

    def feed(self, path: str) -> FeedState:
        """Return what is known of a source."""
        with self.store.snapshot() as tx:
            found = tx.feeds.get(self.url(path))
        assert found is not None
        return found

    def leased(self) -> set[str]:
        """Return the paths of requests that somebody holds."""
        rows = self.store._database.execute(
            "SELECT url FROM request JOIN feed ON feed.id = request.feed WHERE lease_until IS NOT NULL"
        )
        return {row["url"].removeprefix(self.url("")) for row in rows}


@pytest.fixture
def daemon(database: SqliteStore, publisher: Any) -> Daemon:
    """Return a daemon with three sources, all due."""
    daemon = Daemon(database, publisher)
    daemon.configure(*(FeedSettings(url=publisher.url(path)) for path in PATHS))
    return daemon


def test_what_is_due(daemon: Daemon) -> None:
    """A round asks what is due, and says why it skips the rest; a second one asks nothing."""
    later = datetime.now(UTC) + timedelta(hours=1)
    daemon.put_off("/b", later)
    reports = daemon.round()
    assert next(iter(reports)) == "/b"
    assert reports["/b"].outcome is Outcome.SKIPPED
    assert timedelta(0) <= reports["/b"].next_poll_at - later < timedelta(milliseconds=1), "never early"
    assert "due" in reports["/b"].reason
    assert {reports[path].status for path in ("/a", "/c")} == {404}
    assert sorted(daemon.publisher.paths) == ["/a", "/c"]
    assert {report.outcome for report in daemon.round().values()} == {Outcome.SKIPPED}
    assert (len(daemon.publisher.asked), daemon.leased()) == (2, set())


def test_named_sources(daemon: Daemon) -> None:
    """Named sources alone are asked, due or not, and alone are told of."""
    daemon.put_off("/b", datetime.now(UTC) + timedelta(hours=1))
    assert {path: report.status for path, report in daemon.round("/a", "/b").items()} == {"/a": 404, "/b": 404}
    assert sorted(daemon.publisher.paths) == ["/a", "/b"]


def test_all_but_what_was_just_polled(daemon: Daemon, rss: Callable[..., bytes]) -> None:
    """A round of all leaves out what was polled just now; with force it is asked again."""
    for path in PATHS:
        daemon.publisher.say(path, rss(path[1:]))
    daemon.round("/a")
    reports = daemon.round(every=True)
    assert reports["/a"].reason == "polled less than 5 minutes ago"
    assert {reports[path].outcome for path in ("/b", "/c")} == {Outcome.NEW}
    assert {report.outcome for report in daemon.round(every=True, force=True).values()} == {Outcome.UNCHANGED}
    assert len(daemon.publisher.asked) == 6


def test_retry_after_is_never_overridden(daemon: Daemon) -> None:
    """Not even force asks a source before the time that its server asked for."""
    daemon.put_off("/a", datetime.now(UTC) + timedelta(hours=1), asked=True)
    (report,) = daemon.round("/a", force=True).values()
    assert (report.outcome, "Retry-After" in report.reason) == (Outcome.SKIPPED, True)
    assert daemon.publisher.asked == []


def test_refetch_sends_no_validators(daemon: Daemon, rss: Callable[..., bytes]) -> None:
    """A round may ask for whole documents."""
    daemon.publisher.say("/a", rss("one"), ETag='"x"')
    for refetch in (False, False, True):
        daemon.round("/a", force=True, refetch=refetch)
    assert [headers.get("if-none-match") for _, headers in daemon.publisher.asked] == [None, '"x"', None]


def test_sources_that_cannot_be_asked(daemon: Daemon) -> None:
    """Disabled sources, and those that somebody asks already, are skipped with the reason."""
    daemon.configure(FeedSettings(url=daemon.url("/a"), enabled=False), FeedSettings(url=daemon.url("/c")))
    with daemon.store.transaction() as tx:
        tx.requests.claim([daemon.url("/c")], utc_now(), lease=LEASE)
    reports = daemon.round(every=True, force=True)
    assert {report.outcome for report in reports.values()} == {Outcome.SKIPPED}
    assert [reports[path].reason.partition(" ")[0] for path in ("/a", "/c")] == ["disabled", "being"]
    assert daemon.publisher.asked == []


def test_nothing_to_do(daemon: Daemon) -> None:
    """A round over no sources is over at once."""
    daemon.configure()
    assert daemon.round() == {}


def test_reports_come_one_by_one(daemon: Daemon) -> None:
    """A report is told as soon as its poll is over, not at the end of the round."""
    daemon.publisher.say("/a")
    gate = daemon.publisher.replies["/a"].wait = threading.Event()

    async def scenario(pipeline: Pipeline) -> list[str]:
        told = []
        async for report in poll_round(pipeline, daemon.store, Choice(every=True), utc_now):
            told.append(report.url.removeprefix(daemon.url("")))
            if len(told) == 2:
                gate.set()
        return told

    assert daemon.run(scenario)[-1] == "/a"


@pytest.mark.parametrize("skipped_first", [False, True])
def test_round_that_is_broken_off(daemon: Daemon, monkeypatch: pytest.MonkeyPatch, *, skipped_first: bool) -> None:
    """When nobody wants the reports any more, what is under way is cancelled; who was asked is not asked again at once."""
    for path in PATHS[not skipped_first :]:
        daemon.publisher.say(path)
        daemon.publisher.replies[path].wait = threading.Event()
    if skipped_first:
        daemon.put_off("/a", datetime.now(UTC) + timedelta(hours=1))

    async def scenario(pipeline: Pipeline) -> set[str]:
        async with contextlib.aclosing(poll_round(pipeline, daemon.store, Choice(), utc_now)) as reports:
            first = await anext(reports)
        assert first.url == daemon.url("/a")
        return daemon.leased()

    monkeypatch.setattr("aggregator.run.round.GRACE", 0.1)
    assert daemon.run(scenario) == set()
    for path in ("/b", "/c"):
        feed = daemon.feed(path)
        due = timedelta(0) if skipped_first else timedelta(minutes=15)  # or it was not asked yet
        assert feed.last_poll is None
        assert feed.reason == ("never polled" if skipped_first else "it was broken off while it was asked")
        assert feed.next_poll_at is not None
        assert abs(feed.next_poll_at - datetime.now(UTC) - due) < timedelta(minutes=1)


def test_what_is_being_asked_has_a_moment_to_answer(daemon: Daemon, rss: Callable[..., bytes]) -> None:
    """An answer that comes while polling stops is kept: nobody is asked twice because of a restart."""
    for path in PATHS:
        daemon.publisher.say(path, rss(path[1:]))
    daemon.publisher.replies["/b"].wait = gate = threading.Event()

    async def scenario(pipeline: Pipeline) -> None:
        async with contextlib.aclosing(poll_round(pipeline, daemon.store, Choice(), utc_now)) as reports:
            await anext(reports)
            asyncio.get_running_loop().call_later(0.3, gate.set)

    daemon.run(scenario)
    assert daemon.feed("/b").last_success is not None
    assert sorted(daemon.publisher.paths) == ["/a", "/b", "/c"]


def test_more_polls_than_room(daemon: Daemon, monkeypatch: pytest.MonkeyPatch) -> None:
    """Polls that do not fit in begin as others end; those that never began are given back, and are due as before."""
    monkeypatch.setattr("aggregator.run.round._MOST", 1)
    monkeypatch.setattr("aggregator.run.round._AHEAD", 1)
    polling = daemon.settings.polling.model_copy(update={"concurrency": 1, "per_host": 1})
    daemon.settings = daemon.settings.model_copy(update={"polling": polling})
    assert {report.status for report in daemon.round(every=True).values()} == {404}
    assert sorted(daemon.publisher.paths) == ["/a", "/b", "/c"]

    async def scenario(pipeline: Pipeline) -> None:
        choice = Choice(every=True, force=True)
        async with contextlib.aclosing(poll_round(pipeline, daemon.store, choice, utc_now)) as reports:
            await anext(reports)

    before = {path: daemon.feed(path).last_poll for path in PATHS}
    daemon.run(scenario)
    assert daemon.leased() == set()
    assert any(daemon.feed(path).last_poll == last for path, last in before.items())


def test_database_in_trouble(daemon: Daemon) -> None:
    """When results cannot be stored the round ends with that error; nothing stays held when it is over."""
    gate = threading.Event()
    for path in PATHS:
        daemon.publisher.say(path)
        daemon.publisher.replies[path].wait = gate
    daemon.store._database.execute("PRAGMA busy_timeout = 10")

    async def scenario(pipeline: Pipeline) -> None:
        reports = poll_round(pipeline, daemon.store, Choice(), utc_now)
        first = asyncio.ensure_future(anext(reports))
        while len(daemon.publisher.asked) < len(PATHS):
            await asyncio.sleep(0.01)
        with contextlib.closing(sqlite3.connect(daemon.store.path, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            gate.set()
            with pytest.raises(LockedDatabase):
                await first

    daemon.run(scenario)
    assert daemon.leased() == set()


def test_abandoned_polls(daemon: Daemon) -> None:
    """Of polls that are abandoned those that are over stay over; the requests of the others are given back."""
    daemon.publisher.say("/b")
    daemon.publisher.replies["/b"].wait = threading.Event()

    async def scenario(pipeline: Pipeline) -> list[bool]:
        with daemon.store.transaction() as tx:
            requests = tx.requests.claim([daemon.url("/a"), daemon.url("/b")], utc_now(), lease=LEASE)
        polls = {asyncio.create_task(pipeline.poll(request)): request for request in requests}
        await asyncio.wait(polls, return_when=asyncio.FIRST_COMPLETED)
        await abandon(pipeline, daemon.store, polls)
        await abandon(pipeline, daemon.store, {})
        return [task.cancelled() for task in polls]

    assert sorted(daemon.run(scenario)) == [False, True]
    assert (daemon.feed("/a").errors, daemon.feed("/b").last_poll, daemon.leased()) == (1, None, set())


def test_a_budget_is_kept(daemon: Daemon) -> None:
    """What is due beyond the budget waits, the longest due first; what an operator names is asked all the same."""
    daemon.settings = daemon.settings.model_copy(
        update={"polling": daemon.settings.polling.model_copy(update={"budget": 12})}
    )
    reports = daemon.round()
    assert [path for path, report in reports.items() if report.status] == ["/a"]
    assert {reports[path].reason for path in ("/b", "/c")} == {"polling.budget is used up for now"}
    assert {report.outcome for report in daemon.round().values()} == {Outcome.SKIPPED}
    assert daemon.round("/b")["/b"].status == 404


def test_what_is_spent_is_known_at_each_look(daemon: Daemon) -> None:
    """Polls logged since the last look count, whatever their order; those that are an hour old, or minutes, no longer."""
    now, minute, spending = utc_now(), timedelta(minutes=1), Spending()

    def room(at: datetime, budget: int | None = 24, *ended: datetime) -> int:
        with daemon.store.transaction() as tx:
            (feed, *_) = tx.feeds.all()
            for end in ended:
                tx.feeds.record(feed, PollRecord(end, Outcome.NOT_MODIFIED))
            return spending.room(tx, Polling(budget=budget), at, 9)

    assert room(now) == 2  # a slice's share
    assert room(now, 24, now, now - 4 * minute, now - 2 * minute) == 0
    assert room(now + 2 * minute) == 0
    assert room(now + 4 * minute) == 1
    assert room(now + 9 * minute) == 2
    assert room(now + 9 * minute, 24, *[now + minute] * 20) == 1
    assert room(now + 70 * minute) == 2
    assert room(now + 70 * minute, None) == 9
    assert room(now + 9 * minute) == 1


def test_the_stretch_for_a_budget(daemon: Daemon) -> None:
    """Without a budget nothing is stretched; one that three new sources exceed makes their pauses longer."""

    async def stretch(pipeline: Pipeline) -> float:
        return pipeline.stretch

    assert daemon.run(stretch) == 1
    for budget, times in ((3, 1.0), (1, 3.0)):
        polling = daemon.settings.polling.model_copy(update={"budget": budget})
        daemon.settings = daemon.settings.model_copy(update={"polling": polling})
        assert daemon.run(stretch) == pytest.approx(times, rel=0.01)


def test_a_public_site_is_the_contact() -> None:
    """Publishers find the public site where no contact is given; an address of this machine is none."""
    assert network_of(Settings()).contact is None
    public = Settings(site=Site(url="https://news.example.com/"))
    assert network_of(public).contact == "https://news.example.com/"
    named = public.model_copy(update={"network": Network(contact="me@example.com")})
    assert network_of(named).contact == "me@example.com"
