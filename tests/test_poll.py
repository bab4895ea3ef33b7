"""The pipeline, with a real database, client, host queue and parsers, against a publisher on loopback."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import sqlite3
import threading
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from aggregator import poll, writer
from aggregator.config.settings import FeedSettings, Network, Polling, Settings
from aggregator.decide.pushing import Offer
from aggregator.errors import DiskFull, LockedDatabase, ParserBusy, ParserKilled
from aggregator.fetch.client import Client
from aggregator.fetch.hosts import HostQueue
from aggregator.model import Fetched, Outcome, Validators
from aggregator.parse.pool import ParserPool
from aggregator.parse.waiting import LARGE
from aggregator.poll import Pipeline, Stages
from aggregator.releasing import release_missing
from aggregator.store.sql.listings import SqlListings
from aggregator.store.sqlite import connection

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Coroutine, Iterator

    from aggregator.model import Document, FeedState, PollReport, Request
    from aggregator.settle import Result
    from aggregator.store.sqlite.store import SqliteStore

LEASE = timedelta(hours=1)


@pytest.fixture(scope="module")
def runner() -> Iterator[asyncio.Runner]:
    """Return one event loop for all tests of this file, so that they can share their parsers."""
    with asyncio.Runner() as runner:
        yield runner


@pytest.fixture(autouse=True)
def _nothing_is_left_behind(runner: asyncio.Runner) -> Iterator[None]:
    """Hold every test to it that no error is left that nobody looked at."""
    found: list[dict[str, Any]] = []
    runner.get_loop().set_exception_handler(lambda _, context: found.append(context))
    yield
    gc.collect()
    assert found == []


@pytest.fixture(scope="module")
def parser(runner: asyncio.Runner) -> Iterator[ParserPool]:
    """Return parsers that run."""
    pool = ParserPool(workers=1)
    runner.run(pool.__aenter__())
    yield pool
    runner.run(pool.__aexit__(None, None, None))


@dataclass
class Works:
    """What a pipeline works with; sources are paths of the publisher."""

    store: SqliteStore
    publisher: Any
    parser: ParserPool
    runner: asyncio.Runner
    settings: Settings = field(default_factory=Settings)
    changed: list[set[str]] = field(default_factory=list)
    transactions: int = 0

    def configure(self, *paths: str, polling: Polling | None = None, **fields: Any) -> None:
        """Make these the sources; keywords are settings of each."""
        self.settings = Settings(
            feeds=tuple(FeedSettings(url=self.publisher.url(path), **fields) for path in paths),
            network=Network(allow_private=("127.0.0.0/8",), timeout=timedelta(seconds=5)),
            polling=polling or Polling(host_gap=timedelta(0), per_host=64),
        )
        with self.store.transaction() as tx:
            tx.feeds.sync(self.settings.sources, datetime.now(UTC))
            release_missing(tx, self.settings, datetime.now(UTC))

    def claim(self, *paths: str) -> list[Request]:
        """Claim sources by path, or all, in the order of the configuration."""
        urls = [self.publisher.url(path) for path in paths] or list(self.settings.sources)
        with self.store.transaction() as tx:
            found = {one.feed.url: one for one in tx.requests.claim(urls, datetime.now(UTC), lease=LEASE)}
        return [found[url] for url in urls]

    @contextlib.asynccontextmanager
    async def pipeline(self, **stages: Any) -> AsyncIterator[Pipeline]:
        """Run a pipeline; keywords replace stages."""
        hosts = HostQueue(self.settings.polling.per_host, self.settings.polling.host_gap, monotonic=time.monotonic)
        async with Client(self.settings.network, clock=lambda: datetime.now(UTC)) as client:
            parts = {"client": client, "hosts": hosts, "parser": self.parser, "clock": lambda: datetime.now(UTC)}
            made = Stages(self.store, random=lambda: 0.0, **{**parts, **stages})
            async with Pipeline(made, self.settings, changed=lambda names: self.changed.append(set(names))) as pipeline:
                yield pipeline

    def run(self, scenario: Callable[[Pipeline], Coroutine[Any, Any, Any]], **stages: Any) -> Any:
        """Run a scenario in a pipeline of its own."""

        async def play() -> Any:
            async with self.pipeline(**stages) as pipeline:
                return await scenario(pipeline)

        return self.runner.run(asyncio.wait_for(play(), 30))

    def poll(self, *paths: str, refetch: bool = False, **stages: Any) -> list[PollReport]:
        """Poll sources, or all, at the same time."""
        requests = self.claim(*paths)

        async def scenario(pipeline: Pipeline) -> list[PollReport]:
            return await asyncio.gather(*(pipeline.poll(request, refetch=refetch) for request in requests))

        reports: list[PollReport] = self.run(scenario, **stages)
        return reports

    def feed(self, path: str = "/feed") -> FeedState:
        """Return what is known of a source."""
        with self.store.snapshot() as tx:
            found = tx.feeds.get(self.publisher.url(path))
        assert found is not None
        return found

    def titles(self) -> set[str]:
        """Return the titles of all entries."""
        with self.store.snapshot() as tx:
            return {entry.item.title for entry in tx.entries.all()}

    def leased(self) -> int:
        """Count the requests that somebody holds."""
        held = self.store._database.execute("SELECT count(*) FROM request WHERE lease_until IS NOT NULL")
        return int(held.fetchone()[0])


@pytest.fixture
def works(database: SqliteStore, publisher: Any, parser: ParserPool, runner: asyncio.Runner) -> Works:
    """Return works with one source, /feed."""
    works = Works(database, publisher, parser, runner)
    works.configure("/feed")
    return works


def test_from_publisher_to_store(works: Works, rss: Callable[..., bytes]) -> None:
    """One poll asks, reads, keeps and releases; what changed is told after it is written."""
    works.publisher.say("/feed", rss("one", "two"), ETag='W/"x"', Last_Modified="Mon, 05 Jan 2026 12:00:00 GMT")
    (report,) = works.poll()
    assert (report.outcome, report.status, report.new, report.entries) == (Outcome.NEW, 200, 2, 2)
    assert works.titles() == {"one", "two"}
    feed = works.feed()
    assert (feed.validators, feed.title) == (Validators('W/"x"', "Mon, 05 Jan 2026 12:00:00 GMT"), "T")
    assert feed.body_hash is not None
    assert (works.changed, works.leased()) == ([{"all"}], 0)


def test_conditional_requests(works: Works, rss: Callable[..., bytes]) -> None:
    """Validators are sent as they came, and not at all with refetch; a 304 keeps those that it does not name."""
    works.publisher.say("/feed", rss("one"), ETag='W/"x"', Last_Modified="Monday")
    works.poll()
    works.publisher.say("/feed", status=304, ETag='"y"')
    (report,) = works.poll()
    assert (report.outcome, report.status) == (Outcome.NOT_MODIFIED, 304)
    assert works.feed().validators == Validators('"y"', "Monday")
    works.publisher.say("/feed", rss("one", "two"))
    (report,) = works.poll(refetch=True)
    assert (report.outcome, works.feed().validators) == (Outcome.NEW, Validators())
    first, second, third = (headers for _, headers in works.publisher.asked)
    assert (second["if-none-match"], second["if-modified-since"]) == ('W/"x"', "Monday")
    assert not {"if-none-match", "if-modified-since"} & (first.keys() | third.keys())


def test_not_modified_without_being_asked(works: Works) -> None:
    """A 304 to a request without validators is no success: nothing was ever read."""
    works.publisher.say("/feed", status=304)
    (report,) = works.poll()
    assert (report.outcome, report.status) == (Outcome.ERROR, 304)
    assert works.feed().last_success is None


def test_own_headers(works: Works) -> None:
    """A source's own headers are sent to it."""
    works.configure("/feed", headers={"X-Key": "hush"})
    works.poll()
    assert works.publisher.asked[0][1]["x-key"] == "hush"


def test_removed_while_it_waits(works: Works) -> None:
    """A source that left the configuration while its request waited is not asked; others are, by the new settings."""
    works.configure("/feed", "/else")
    requests = works.claim()

    async def scenario(pipeline: Pipeline) -> list[PollReport]:
        works.configure("/else", headers={"X-New": "yes"})
        pipeline.adopt(works.settings)
        return await asyncio.gather(*(pipeline.poll(request) for request in requests))

    removed, other = works.run(scenario)
    assert (removed.outcome, removed.reason) == (Outcome.SKIPPED, "removed from feeds.yaml")
    assert (other.status, works.leased()) == (404, 0)
    ((path, headers),) = works.publisher.asked
    assert (path, headers["x-new"]) == ("/else", "yes")


def test_other_limits(works: Works) -> None:
    """Another limit of requests in flight holds from then on, as do other parts."""
    paths = [f"/{number}" for number in range(6)]
    works.configure(*paths)
    gate = threading.Event()
    for path in paths:
        works.publisher.say(path)
        works.publisher.replies[path].wait = gate
    requests = works.claim()

    async def scenario(pipeline: Pipeline) -> None:
        works.configure(*paths, polling=Polling(concurrency=2))
        pipeline.adopt(works.settings, hosts=HostQueue(9, timedelta(0), monotonic=time.monotonic))
        asyncio.get_running_loop().call_later(0.2, gate.set)
        await asyncio.gather(*(pipeline.poll(request) for request in requests))

    works.run(scenario)
    assert (works.publisher.most, len(works.publisher.asked)) == (2, 6)


def test_known_body_is_not_read(works: Works, rss: Callable[..., bytes]) -> None:
    """A body that is the one stored last is not parsed: it works without any parser; its validators are taken over."""
    works.publisher.say("/feed", rss("one"), ETag='"x"')
    works.poll()
    works.publisher.say("/feed", rss("one"), ETag='"y"')
    closed = ParserPool(workers=1)
    works.runner.run(closed.__aexit__(None, None, None))
    (report,) = works.poll(parser=closed)
    assert (report.outcome, report.entries) == (Outcome.UNCHANGED, 1)
    assert works.feed().validators == Validators('"y"')


@dataclass
class Reader:
    """Parsers that remember what they read; they break down on the document of this number."""

    parser: ParserPool
    breaks_at: int = 0
    read: list[int] = field(default_factory=list)
    """How many items of each document."""

    async def parse(self, body: bytes, **told: Any) -> Document:
        """Read as the parsers do."""
        if len(self.read) + 1 == self.breaks_at:
            raise ParserKilled("The document took too long.")
        document = await self.parser.parse(body, **told)
        self.read.append(len(document.items))
        return document


def test_only_what_is_new_is_read(works: Works, rss: Callable[..., bytes]) -> None:
    """Of a document that lists one item more, that is read; what became of the others is told all the same."""
    reader = Reader(works.parser)
    works.publisher.say("/feed", rss("one", "two", "three"))
    works.poll(parser=reader)
    works.publisher.say("/feed", rss("four", "one", "two", "three"))
    (report,) = works.poll(parser=reader)
    assert reader.read == [3, 1]
    assert (report.new, report.updated, report.entries, works.feed().items) == (1, 0, 4, 4)
    works.publisher.say("/feed", rss("four", "three"))
    (report,) = works.poll(parser=reader)
    assert (reader.read, report.entries, report.error) == ([3, 1, 0], 2, None)


@pytest.mark.parametrize("breaks", [False, True])
def test_doubtful_document_is_read_whole(works: Works, rss: Callable[..., bytes], breaks: bool) -> None:
    """What was left unread is not what it was any more: the document is read again, whole, and settled once."""
    reader = Reader(works.parser, breaks_at=3 if breaks else 0)
    works.publisher.say("/feed", rss("one", "two"))
    works.poll(parser=reader)
    with works.store.transaction() as tx:
        (entry,) = tx.entries.search("one", limit=1)
        tx.entries.set_held([entry.key], "flood")
    works.publisher.say("/feed", rss("three", "one", "two"))
    (report,) = works.poll(parser=reader)
    assert reader.read == ([2, 1] if breaks else [2, 1, 3])
    feed = works.feed()
    assert (report.new, feed.errors) == ((0, 1) if breaks else (1, 0))
    with works.store.snapshot() as tx:
        assert len(tx.feeds.polls(feed, 9)) == 2


def test_what_was_listed_cannot_be_read(
    works: Works, rss: Callable[..., bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A database that is locked just then costs no more than reading the document whole."""
    reader = Reader(works.parser)
    works.publisher.say("/feed", rss("one", "two"))
    works.poll(parser=reader)

    def locked(*_: object) -> None:
        raise LockedDatabase("It is locked.")

    monkeypatch.setattr(SqlListings, "last", locked)
    works.publisher.say("/feed", rss("three", "one", "two"))
    (report,) = works.poll(parser=reader)
    assert (reader.read, report.new) == ([2, 3], 1)


@pytest.mark.parametrize(
    ("status", "body", "outcome", "words"),
    [
        (404, b"", Outcome.ERROR, "404 Not Found"),
        (410, b"", Outcome.GONE, "410 Gone"),
        (503, b"", Outcome.ERROR, "503"),
        (200, b"<!DOCTYPE html><html><body>Log in</body></html>", Outcome.ERROR, "web page"),
        (200, b"", Outcome.ERROR, "empty"),
    ],
)
def test_answers_that_are_no_document(works: Works, status: int, body: bytes, outcome: Outcome, words: str) -> None:
    """Anything but a document is a value with a reason, and the validators that came with it are not kept."""
    works.publisher.say("/feed", body, status, ETag='"x"')
    (report,) = works.poll()
    assert (report.outcome, report.status) == (outcome, status)
    assert words in (report.error or "")
    feed = works.feed()
    assert (feed.validators, feed.body_hash, feed.errors, feed.gone) == (
        Validators(), None, 1, outcome is Outcome.GONE,
    )  # fmt: skip


def test_nobody_answers(works: Works) -> None:
    """A server that is not there is a failure of this source, without a status."""
    works.publisher.say("/feed")
    works.publisher.replies["/feed"].hang_up = True
    (report,) = works.poll()
    assert (report.outcome, report.status, works.feed().errors) == (Outcome.ERROR, None, 1)


def test_emptied_document(works: Works, rss: Callable[..., bytes]) -> None:
    """A document that lists nothing where there was much is taken for broken; the last good one stays the last."""
    works.publisher.say("/feed", rss("one", "two", "three"), ETag='"x"')
    works.poll()
    before = works.feed()
    works.publisher.say("/feed", rss(), ETag='"y"')
    (report,) = works.poll()
    assert (report.outcome, report.status) == (Outcome.ERROR, 200)
    assert "lists nothing" in (report.error or "")
    after = works.feed()
    assert (after.validators, after.body_hash, after.items) == (before.validators, before.body_hash, 3)


def test_one_request_a_host_at_a_time(works: Works, rss: Callable[..., bytes]) -> None:
    """Sources of one host are asked one after the other."""
    paths = [f"/{number}" for number in range(6)]
    works.configure(*paths, polling=Polling(host_gap=timedelta(0), per_host=1))
    for path in paths:
        works.publisher.say(path, rss(path[1:]))
    assert [report.new for report in works.poll()] == [1] * 6
    assert works.publisher.most == 1


def test_limit_in_flight(works: Works) -> None:
    """No more requests are under way than the operator allows."""
    paths = [f"/{number}" for number in range(6)]
    works.configure(*paths, polling=Polling(host_gap=timedelta(0), per_host=64, concurrency=2))
    gate = threading.Event()
    for path in paths:
        works.publisher.say(path)
        works.publisher.replies[path].wait = gate
    timer = threading.Timer(0.2, gate.set)
    timer.start()
    works.poll()
    timer.join()
    assert (works.publisher.most, len(works.publisher.asked)) == (2, 6)


def test_results_share_transactions(works: Works, rss: Callable[..., bytes]) -> None:
    """Results that arrive while one is written are committed together, and each has its own report."""
    paths = [f"/{number}" for number in range(30)]
    works.configure(*paths)
    for path in paths[1:]:
        works.publisher.say(path, rss(path[1:]))
    requests = works.claim()
    begun: list[str] = []
    gate = threading.Event()

    async def scenario(pipeline: Pipeline) -> list[PollReport]:
        works.store._database.conn.set_trace_callback(begun.append)
        busy = asyncio.create_task(pipeline.in_writer(lambda: gate.wait(20)))
        polls = [asyncio.create_task(pipeline.poll(request)) for request in requests]
        await _answered(pipeline, len(polls))
        gate.set()
        await busy
        return await asyncio.gather(*polls)

    reports = works.run(scenario)
    works.store._database.conn.set_trace_callback(None)
    assert [report.outcome for report in reports] == [Outcome.ERROR] + [Outcome.NEW] * 29
    assert [report.url for report in reports] == list(works.settings.sources)
    assert 1 <= sum(statement.startswith("BEGIN") for statement in begun) <= 3
    assert len(works.changed) <= 3


async def _answered(pipeline: Pipeline, polls: int) -> None:
    """Wait until so many polls, which have not begun yet, have their result, which waits to be written."""
    write, handed = pipeline.writer.write, []

    def counted(result: Result) -> Coroutine[Any, Any, PollReport]:
        handed.append(result)
        return write(result)

    pipeline.writer.write = counted  # type: ignore[method-assign]
    while len(handed) < polls:
        await asyncio.sleep(0.01)
    await asyncio.sleep(0)


def _spoil(monkeypatch: pytest.MonkeyPatch, path: str, *, times: int, documents: bool = False) -> None:
    """Let settling a source's results go wrong so often; `documents`: only those that bring one."""
    settle, left = poll.settle, [times]

    def spoilt(tx: Any, result: Any, *arguments: Any, **named: Any) -> Any:
        settled = settle(tx, result, *arguments, **named)
        if result.feed.url.endswith(path) and left[0] and (result.document is not None or not documents):
            left[0] -= 1
            raise KeyError("spoilt")
        return settled

    monkeypatch.setattr(poll, "settle", spoilt)


def _at_once(works: Works, *paths: str) -> list[PollReport | BaseException]:
    """Poll sources so that their results are settled in one group; return reports and errors."""
    requests, gate = works.claim(*paths), threading.Event()

    async def scenario(pipeline: Pipeline) -> list[PollReport | BaseException]:
        busy = asyncio.create_task(pipeline.in_writer(lambda: gate.wait(20)))
        polls = [asyncio.create_task(pipeline.poll(request)) for request in requests]
        await _answered(pipeline, len(polls))
        gate.set()
        await busy
        return await asyncio.gather(*polls, return_exceptions=True)

    found: list[PollReport | BaseException] = works.run(scenario)
    return found


@pytest.fixture
def four(works: Works, rss: Callable[..., bytes]) -> Works:
    """Return works with the sources /0 to /3, an entry each."""
    works.configure(*(f"/{number}" for number in range(4)))
    for number in range(4):
        works.publisher.say(f"/{number}", rss(f"entry {number}"), ETag='"x"')
    return works


def test_mistake_in_one_result(four: Works, monkeypatch: pytest.MonkeyPatch) -> None:
    """A mistake of ours in one result costs that result alone, is reported as ours, and the source is asked again."""
    _spoil(monkeypatch, "/2", times=9, documents=True)
    reports = _at_once(four)
    assert [getattr(report, "outcome", None) for report in reports] == [
        Outcome.NEW, Outcome.NEW, Outcome.ERROR, Outcome.NEW,
    ]  # fmt: skip
    assert four.titles() == {"entry 0", "entry 1", "entry 3"}
    feed = four.feed("/2")
    assert "This program made a mistake: KeyError('spoilt')" in (feed.error or "")
    assert (feed.errors, feed.validators, four.leased()) == (1, Validators(), 0)
    assert feed.next_poll_at is not None
    assert feed.next_poll_at > datetime.now(UTC)


def test_mistake_that_cannot_even_be_noted(four: Works, monkeypatch: pytest.MonkeyPatch) -> None:
    """A result that cannot be written in any form reaches its waiter as the error it is; the source is put off."""
    _spoil(monkeypatch, "/2", times=9)
    reports = _at_once(four)
    assert isinstance(reports[2], KeyError)
    assert four.titles() == {"entry 0", "entry 1", "entry 3"}
    feed = four.feed("/2")
    assert (feed.last_poll, feed.reason, four.leased()) == (None, "its last result could not be stored", 0)
    assert feed.next_poll_at is not None
    assert feed.next_poll_at > datetime.now(UTC) + timedelta(minutes=14)


def test_mistake_while_asking(works: Works, rss: Callable[..., bytes]) -> None:
    """A mistake of ours before anything is settled is noted on the source too, which is asked again later."""
    works.publisher.say("/feed", rss("one"), ETag='"x"')
    closed = ParserPool(workers=1)
    works.runner.run(closed.__aexit__(None, None, None))
    (report,) = works.poll(parser=closed)
    assert report.outcome is Outcome.ERROR
    assert "This program made a mistake" in (report.error or "")
    feed = works.feed()
    assert (feed.errors, feed.validators, works.leased()) == (1, Validators(), 0)


@pytest.fixture
def full_disk(four: Works) -> Iterator[Callable[[], object]]:
    """Fill the database's disk; call to make room again."""
    db = four.store._database
    for number in range(4):
        reply = four.publisher.replies[f"/{number}"]
        reply.body = reply.body.replace(b"</item>", b"<description>" + b"x" * 200_000 + b"</description></item>")
    pages = db.execute("PRAGMA page_count").fetchone()[0]
    db.execute(f"PRAGMA max_page_count = {pages + 2}")

    def make_room() -> object:
        return db.execute("PRAGMA max_page_count = 1000000").fetchone()

    yield make_room
    make_room()


@pytest.mark.fault("F3")
def test_full_disk(four: Works, full_disk: Callable[[], object]) -> None:
    """What cannot be stored reaches its waiter; nothing of it is kept, least of all validators; it is put off."""
    assert [type(report) for report in _at_once(four)] == [DiskFull] * 4
    assert (four.titles(), four.leased()) == (set(), 0)
    with four.store.transaction() as tx:
        assert tx.requests.claim_due(datetime.now(UTC), limit=9, lease=LEASE, per_host=9) == []
    full_disk()
    assert [report.outcome for report in four.poll()] == [Outcome.NEW] * 4
    assert four.titles() == {f"entry {number}" for number in range(4)}


def _hold(works: Works) -> sqlite3.Connection:
    other = sqlite3.connect(works.store.path, isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    return other


@pytest.mark.fault("F7")
def test_locked_for_a_while(four: Works) -> None:
    """While another program holds the database results wait, and are written when it lets go."""
    four.store._database.execute("PRAGMA busy_timeout = 300")
    requests, other = four.claim(), _hold(four)

    async def scenario(pipeline: Pipeline) -> list[PollReport]:
        asyncio.get_running_loop().call_later(0.6, other.close)
        return await asyncio.gather(*(pipeline.poll(request) for request in requests))

    assert [report.outcome for report in four.run(scenario)] == [Outcome.NEW] * 4


@pytest.mark.fault("F7")
def test_locked_for_good(four: Works, monkeypatch: pytest.MonkeyPatch) -> None:
    """When another program does not let go, all that wait are told together, and put off as soon as that is possible."""
    monkeypatch.setattr(writer, "_AGAIN", 0.05)
    four.store._database.execute("PRAGMA busy_timeout = 50")
    requests, other = four.claim(), _hold(four)

    async def scenario(pipeline: Pipeline) -> list[Any]:
        started = time.monotonic()
        reports = await asyncio.gather(*(pipeline.poll(request) for request in requests), return_exceptions=True)
        assert time.monotonic() - started < 2
        other.close()
        while await pipeline.in_writer(four.leased):
            await asyncio.sleep(0.01)
        return reports

    assert [type(report) for report in four.run(scenario)] == [LockedDatabase] * 4
    assert all(four.feed(f"/{number}").reason == "its last result could not be stored" for number in range(4))


def test_lost_polls_at_the_end(four: Works) -> None:
    """What could not be put off before the end keeps its lease, which the next writer voids; closing does not hang."""
    four.store._database.execute("PRAGMA busy_timeout = 10")
    requests, other = four.claim("/0"), _hold(four)

    async def scenario(pipeline: Pipeline) -> Any:
        return await asyncio.gather(*(pipeline.poll(request) for request in requests), return_exceptions=True)

    assert [type(report) for report in four.run(scenario)] == [LockedDatabase]
    assert four.leased() == 1
    other.close()


def test_next_result_puts_lost_polls_off(four: Works) -> None:
    """The first transaction that succeeds is followed by one for what was lost before."""
    four.store._database.execute("PRAGMA busy_timeout = 10")
    (lost, later), other = four.claim("/0", "/1"), _hold(four)

    async def scenario(pipeline: Pipeline) -> int:
        with pytest.raises(LockedDatabase):
            await pipeline.poll(lost)
        other.close()
        await pipeline.poll(later)
        return await pipeline.in_writer(four.leased)

    assert four.run(scenario) == 0
    assert four.feed("/0").reason == "its last result could not be stored"


def test_cancelled_before_the_answer(works: Works) -> None:
    """A poll that is cancelled while it waits for an answer writes nothing and holds its request still."""
    works.publisher.say("/feed")
    works.publisher.replies["/feed"].wait = threading.Event()
    (request,) = works.claim()

    async def scenario(pipeline: Pipeline) -> None:
        task = asyncio.create_task(pipeline.poll(request))
        while not works.publisher.asked:
            await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    works.run(scenario)
    assert (works.feed().last_poll, works.leased()) == (None, 1)


@pytest.mark.parametrize("fails", [False, True])
def test_cancelled_after_the_answer(
    works: Works, rss: Callable[..., bytes], monkeypatch: pytest.MonkeyPatch, *, fails: bool
) -> None:
    """A poll that is cancelled while its result waits to be written ends when it is, well or badly."""
    if fails:
        _spoil(monkeypatch, "/feed", times=9)
    works.configure("/else", "/feed")
    works.publisher.say("/feed", rss("one"))
    (first, request), gate = works.claim(), threading.Event()

    async def scenario(pipeline: Pipeline) -> bool:
        busy = asyncio.create_task(pipeline.in_writer(lambda: gate.wait(20)))
        task = asyncio.create_task(pipeline.poll(request))
        other = asyncio.create_task(pipeline.poll(first))
        await _answered(pipeline, 2)
        task.cancel()
        await asyncio.sleep(0.05)
        pending = not task.done()
        gate.set()
        with pytest.raises(asyncio.CancelledError):
            await task
        await asyncio.gather(busy, other)
        return pending

    assert works.run(scenario)
    assert works.titles() == (set() if fails else {"one"})
    assert works.leased() == 0


def test_closing_writes_what_waits(four: Works) -> None:
    """What has arrived when the pipeline closes is written, and reported, before it has closed."""
    requests, gate = four.claim(), threading.Event()

    async def scenario() -> list[PollReport]:
        async with four.pipeline() as pipeline:
            busy = asyncio.create_task(pipeline.in_writer(lambda: gate.wait(20)))
            polls = [asyncio.create_task(pipeline.poll(request)) for request in requests]
            await _answered(pipeline, len(polls))
            asyncio.get_running_loop().call_later(0.1, gate.set)
        await busy
        return await asyncio.gather(*polls)

    reports = four.runner.run(asyncio.wait_for(scenario(), 30))
    assert [report.outcome for report in reports] == [Outcome.NEW] * 4
    assert four.titles() == {f"entry {number}" for number in range(4)}


def test_many_groups(works: Works) -> None:
    """More results than one transaction takes are written in several."""
    paths = [f"/{number}" for number in range(150)]
    works.configure(*paths, polling=Polling(host_gap=timedelta(0), per_host=100, concurrency=100))
    reports = _at_once(works)
    assert {getattr(report, "status", None) for report in reports} == {404}
    assert len(reports) == 150


def test_busy_time_of_the_store() -> None:
    """The tests above shorten a wait that is there: the store itself waits for seconds."""
    assert connection._BUSY_MS >= 1000


CATEGORIES = "".join(f"<category>{n}</category>" for n in range(4900))
SLOW = f"<rss><channel>{f'<item>{CATEGORIES}</item>' * 8}</channel></rss>".encode()
"""Under a megabyte, but two seconds for feedparser."""
SLOWER = f"<rss><channel>{f'<item>{CATEGORIES}</item>' * 10}{{}}</channel></rss>".format(
    f"<item><description><![CDATA[{'<b><i>x</i></b>' * 6000}]]></description></item>" * 37
).encode()
"""Five megabytes: four seconds."""


def test_no_more_is_read_than_can_be_written(
    works: Works, rss: Callable[..., bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    """While nothing is written, as many documents are read as there are desks; the others once those are written."""
    monkeypatch.setattr(poll, "_DESKS", 3)
    reader, gate = Reader(works.parser), threading.Event()
    paths = [f"/{number}" for number in range(9)]
    works.configure(*paths)
    for path in paths:
        works.publisher.say(path, rss(path[1:]))
    requests = works.claim()

    async def scenario(pipeline: Pipeline) -> list[PollReport]:
        busy = asyncio.create_task(pipeline.in_writer(lambda: gate.wait(20)))
        polls = [asyncio.create_task(pipeline.poll(request)) for request in requests]
        while len(works.publisher.asked) < len(paths) or len(reader.read) < 3:
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.2)
        assert len(reader.read) == 3
        gate.set()
        await busy
        return await asyncio.gather(*polls)

    assert [report.new for report in works.run(scenario, parser=reader)] == [1] * 9


async def _ended(tasks: list[asyncio.Task[Any]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def test_slow_documents_hold_nobody_up(works: Works, rss: Callable[..., bytes]) -> None:
    """Documents that take parsers seconds keep neither host nor slot nor all parsers: feeds after them end before."""
    slow, healthy = [f"/slow{number}" for number in range(3)], [f"/{number}" for number in range(20)]
    works.configure(*slow, *healthy, polling=Polling(host_gap=timedelta(0), per_host=1, concurrency=3))
    for path in slow:
        works.publisher.say(path, SLOWER)
    for path in healthy:
        works.publisher.say(path, rss(path[1:]))
    requests = works.claim()

    async def scenario(pipeline: Pipeline) -> list[PollReport]:
        polls = [asyncio.create_task(pipeline.poll(request)) for request in requests]
        reports = await asyncio.gather(*polls[3:])
        assert not any(poll.done() for poll in polls[:3])
        assert [path for path, _ in works.publisher.asked[:3]] == slow
        await _ended(polls[:3])
        return reports

    assert [report.new for report in works.run(scenario)] == [1] * 20
    assert works.publisher.most == 1


def test_suspects_that_find_no_place(works: Works) -> None:
    """Of large documents no more wait for a parser than requests may be in flight; the next is given up, and said so."""
    works.configure("/0", "/1", polling=Polling(host_gap=timedelta(0), per_host=1, concurrency=1))
    for path in ("/0", "/1"):
        works.publisher.say(path, SLOWER, ETag='"x"')
    requests = works.claim()

    async def scenario(pipeline: Pipeline) -> PollReport:
        first, second = (asyncio.create_task(pipeline.poll(request)) for request in requests)
        report = await second
        assert not first.done()
        await _ended([first])
        return report

    report = works.run(scenario)
    assert (report.outcome, report.status) == (Outcome.ERROR, 200)
    assert "too many large documents were waiting" in (report.error or "")
    assert (works.feed("/1").validators, works.feed("/1").body_hash) == (Validators(), None)


def test_killers_are_known(works: Works, rss: Callable[..., bytes]) -> None:
    """A source whose document killed its parser is suspect until one of its is read."""
    works.publisher.say("/feed", SLOW)

    async def scenario(pipeline: Pipeline) -> None:
        assert len(SLOW) < LARGE
        (request,) = works.claim()
        report = await pipeline.poll(request)
        assert "to parse" in (report.error or "")
        assert pipeline._reading._killers == {request.feed.url}
        works.publisher.say("/feed", rss("one"))
        (request,) = works.claim()
        async with pool._slow_lane:  # the turn that it now has to wait for
            poll = asyncio.create_task(pipeline.poll(request))
            await asyncio.sleep(0.3)
            assert not poll.done()
        assert (await poll).new == 1
        assert pipeline._reading._killers == set()

    pool = ParserPool(2, seconds=0.2)
    works.runner.run(pool.__aenter__())
    works.run(scenario, parser=pool)
    works.runner.run(pool.__aexit__(None, None, None))


def test_waiting_for_a_host_keeps_nobody_waiting(
    works: Works, rss: Callable[..., bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    """An index whose sitemaps wait for their host's turn holds neither a slot nor a parser's place nor a desk meanwhile."""
    monkeypatch.setattr(poll, "_DESKS", 1)
    works.configure("/index", kind="sitemap", polling=Polling(concurrency=1))
    index, other = works.publisher.url("/index"), works.publisher.url("/feed").replace("127.0.0.1", "localhost")
    works.settings = Settings(
        feeds=(FeedSettings(url=index, kind="sitemap"), FeedSettings(url=other)),
        network=works.settings.network,
        polling=works.settings.polling,
    )
    with works.store.transaction() as tx:
        tx.feeds.sync(works.settings.sources, datetime.now(UTC))
        claimed = {one.feed.url: one for one in tx.requests.claim([index, other], datetime.now(UTC), lease=LEASE)}
    child = f"<urlset><url><loc>{works.publisher.url('/news/a-story')}</loc></url></urlset>".encode()
    works.publisher.say(
        "/index", f"<sitemapindex><sitemap><loc>{works.publisher.url('/a')}</loc></sitemap></sitemapindex>".encode()
    )
    works.publisher.say("/a", child)
    works.publisher.say("/feed", rss("one"))
    waits, done = asyncio.Event(), asyncio.Event()

    async def sleep(_: float) -> None:
        waits.set()
        await done.wait()

    async def scenario(pipeline: Pipeline) -> list[PollReport]:
        first = asyncio.create_task(pipeline.poll(claimed[index]))
        await waits.wait()
        second = await pipeline.poll(claimed[other])
        done.set()
        return [await first, second]

    hosts = HostQueue(1, timedelta(hours=1), monotonic=lambda: 1e9 * done.is_set(), sleep=sleep)
    reports = works.run(scenario, hosts=hosts)
    assert [(report.outcome, report.entries) for report in reports] == [(Outcome.NEW, 1), (Outcome.NEW, 1)]
    assert works.publisher.paths == ["/index", "/feed", "/a"]


def test_a_site_that_rests_ends_a_list(works: Works) -> None:
    """A list whose next page is refused is asked no further, and its site is left alone by everybody at once."""
    works.configure("/list", kind="page", pages=3, polling=Polling(host_gap=timedelta(0)))
    articles = "".join(f'<article><h2><a href="/news/{n}">Story number {n}</a></h2></article>' for n in "abc")
    works.publisher.say(
        "/list", f"<html><body><main>{articles}</main><a rel=next href='/2'>on</a></body></html>".encode()
    )
    works.publisher.say("/2", status=429, Retry_After="600")
    (report,) = works.poll()
    assert (report.outcome, report.entries, works.publisher.paths) == (Outcome.NEW, 3, ["/list", "/2"])
    feed = works.feed("/list")
    assert (feed.body_hash, feed.remedy is not None and "429" in feed.remedy) == (None, True)
    assert feed.not_before is not None


@pytest.mark.parametrize("private", [False, True])
def test_hubs_that_headers_name(works: Works, rss: Callable[..., bytes], private: bool) -> None:
    """They stand before what the document says, as whole addresses; of a private source they are not kept."""
    works.configure("/feed", private=private)
    works.publisher.say("/feed", rss("one"), Link='</hub>; rel=hub, <javascript:1>; rel="self"')
    works.poll()
    hubs = [link.href for link in works.feed("/feed").header.links if link.rel != "alternate"]
    assert hubs == ([] if private else [works.publisher.url("/hub")])


def _delivery(works: Works, body: bytes) -> Fetched:
    return Fetched(works.publisher.url("/feed"), 200, datetime.now(UTC), body, "application/rss+xml")


def test_what_a_hub_delivers(works: Works, rss: Callable[..., bytes]) -> None:
    """It is read and settled without a request; one that is no feed, or of a source that went, changes nothing."""
    works.configure("/feed")
    feed = works.feed("/feed")
    with works.store.transaction() as tx:
        tx.pushes.want(feed.key, Offer("https://hub.example/", feed.url), "https://we.example/", datetime.now(UTC))

    large = rss("two") + b" " * works.settings.network.max_body

    async def deliver(pipeline: Pipeline) -> list[PollReport]:
        taken = [
            await pipeline.receive(feed, _delivery(works, body)) for body in (rss("one"), b"no feed at all", large)
        ]
        pipeline.adopt(Settings())
        return [*taken, await pipeline.receive(feed, _delivery(works, rss("two")))]

    reports = works.run(deliver)
    assert [report.outcome for report in reports] == [Outcome.NEW, Outcome.ERROR, Outcome.ERROR, Outcome.SKIPPED]
    assert works.publisher.asked == []
    with works.store.snapshot() as tx:
        assert [entry.item.title for entry in tx.entries.all()] == ["one"]
        push = tx.pushes.of(feed.key)
    assert push is not None
    assert (push.delivered, push.refused) == (1, 2)


def test_a_delivery_that_was_not_read_is_no_fault_of_the_hub(works: Works, rss: Callable[..., bytes]) -> None:
    """Nothing is written of it, and whoever sent it is to send it again."""

    class Busy:
        async def parse(self, *_: object, **__: object) -> Document:
            raise ParserBusy("Too many.")

    feed = works.feed("/feed")

    async def deliver(pipeline: Pipeline) -> None:
        with pytest.raises(ParserBusy):
            await pipeline.receive(feed, _delivery(works, rss("one")))

    works.run(deliver, parser=Busy())
    assert works.titles() == set()
