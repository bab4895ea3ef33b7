"""Reading remote lists, with a real database, a real publisher on loopback and a real parser."""

from __future__ import annotations

import asyncio
import threading
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from structlog.testing import capture_logs

from aggregator.asking import ask_of
from aggregator.config.settings import FeedSettings, Network, OpmlSettings, Polling, Settings, Site
from aggregator.decide.choice import Choice
from aggregator.errors import ConnectFailed, DiskFull
from aggregator.model import FeedState, Request, RequestKind, Validators
from aggregator.run.clock import utc_now
from aggregator.run.engine import Engine, take_over

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from aggregator.decide.lists import ListState
    from aggregator.store.sqlite.store import SqliteStore

DAY = timedelta(days=1)


def opml(*urls: str) -> bytes:
    """Return a list of these feeds."""
    outlines = "".join(f'<outline xmlUrl="{url}"/>' for url in urls)
    return f'<opml version="2.0"><body>{outlines}</body></opml>'.encode()


@dataclass
class Desk:
    """An engine on lists of the publisher, by their paths."""

    store: SqliteStore
    publisher: Any
    site: Site = field(default_factory=Site)
    settings: Settings = field(init=False)

    def configure(self, *paths: str, feeds: tuple[FeedSettings, ...] = ()) -> None:
        """Take lists over."""
        self.settings = take_over(
            self.store,
            Settings(
                site=self.site,
                feeds=(*(OpmlSettings(opml=self.publisher.url(path)) for path in paths), *feeds),
                network=Network(allow_private=("127.0.0.0/8",), timeout=timedelta(seconds=5)),
                polling=Polling(host_gap=timedelta(0)),
            ),
            utc_now(),
        )

    def run(
        self, scenario: Callable[[Engine], Awaitable[None]] | None = None, choice: Choice | None = None
    ) -> list[Any]:
        """Read what a choice wants, or play a scenario; return what was logged."""

        async def play() -> None:
            async with Engine(self.store, self.settings) as engine:
                await (scenario(engine) if scenario else engine.read_lists(choice or Choice()))
                self.settings = engine.pipeline.settings

        with capture_logs() as logged:
            asyncio.run(asyncio.wait_for(play(), 30))
        return logged

    def state(self) -> ListState:
        """Return what is known of the list."""
        with self.store.snapshot() as tx:
            found = tx.lists.get(self.publisher.url("/list"))
        assert found is not None
        return found

    def let_pass(self, **changes: Any) -> None:
        """Make the list due, and change what else is known of it."""
        changed = replace(self.state(), next_at=utc_now(), **changes)
        with self.store.transaction() as tx:
            tx.lists.record(changed)

    @property
    def sources(self) -> list[str]:
        """The paths of the sources."""
        return [url.removeprefix(self.publisher.url("")) for url in self.settings.sources]


@pytest.fixture
def desk(database: SqliteStore, publisher: Any) -> Desk:
    """Return a desk with one list, which names two feeds."""
    publisher.say("/list", opml(publisher.url("/a"), "/b"), ETag='"1"')
    desk = Desk(database, publisher)
    desk.configure("/list")
    return desk


def test_a_list_is_read_once_a_day(desk: Desk) -> None:
    """Its sources are those of the settings and of the store; nothing is asked again before a day has passed."""
    before = utc_now()
    (event,) = desk.run()
    assert (event["event"], event["feeds"], event["new"], event["gone"]) == ("list.read", 2, 2, 0)
    assert desk.sources == ["/a", "/b"]
    assert (desk.state().next_at or before) >= before + DAY
    with desk.store.snapshot() as tx:
        assert [feed.reason for feed in tx.feeds.all()] == ["never polled", "never polled"]
    desk.run()
    assert desk.publisher.paths == ["/list"]


def test_the_list_is_asked_as_sources_are(desk: Desk) -> None:
    """Validators go back to it, and neither a 304 nor the same body is read again."""
    desk.run()
    desk.publisher.say("/list", status=304)
    desk.let_pass()
    assert [event["log_level"] for event in desk.run()] == ["debug"]
    assert desk.publisher.asked[-1][1]["if-none-match"] == '"1"'
    assert "feed-id" in desk.publisher.asked[-1][1]["user-agent"]
    desk.publisher.say("/list", opml(desk.publisher.url("/a"), "/b"), ETag='"2"')
    desk.let_pass()
    assert [event["log_level"] for event in desk.run()] == ["debug"]
    assert (desk.state().validators.etag, desk.sources) == ('"2"', ["/a", "/b"])


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        ({"status": 404}, "404 Not Found."),
        ({"status": 304}, "304 Not Modified."),
        ({"status": 410}, "410 Gone."),
        ({"body": b"<rss/>"}, "The document is no OPML list of feeds."),
        ({"body": opml()}, "The list names no feeds any more, where it named 2 before; they stay."),
        (
            {"body": b'<!DOCTYPE x [<!ENTITY a "b">]><opml/>'},
            "The list declares entities, which no list of feeds needs.",
        ),
    ],
)
def test_a_list_that_fails_takes_nothing_away(desk: Desk, answer: dict[str, Any], error: str) -> None:
    """It is told once with its remedy; the sources are there after a restart as well."""
    desk.run()
    desk.publisher.say("/list", **answer)
    desk.let_pass(validators=Validators())
    (event,) = desk.run()
    assert (event["event"], event["log_level"], event["error"]) == ("list.failed", "warning", error)
    desk.configure("/list")
    assert desk.sources == ["/a", "/b"]
    assert desk.state().errors == 1


def test_a_list_changes(desk: Desk) -> None:
    """What it names no more is gone; an own entry wins whatever the list says."""
    desk.run()
    own = FeedSettings(url=desk.publisher.url("/b"), title="Mine")
    desk.configure("/list", feeds=(own,))
    assert desk.settings.sources[own.url].title == "Mine"
    desk.publisher.say("/list", opml("/c", "/b"))
    desk.let_pass()
    (event,) = desk.run()
    assert (event["new"], event["gone"]) == (1, 1)
    assert desk.sources == ["/c", "/b"]
    desk.configure(feeds=(own,))
    assert desk.sources == ["/b"]


def test_our_own_list_of_sources(database: SqliteStore, publisher: Any) -> None:
    """It is not read: what stands in it would stand there for ever."""
    desk = Desk(database, publisher, Site(url=publisher.url("/")))
    desk.configure("/sources.opml")
    (event,) = desk.run()
    assert "this very program" in event["error"]
    assert publisher.paths == []


def test_a_site_that_rests(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """429 of a list binds its site, and that of a neighbour the list."""
    monkeypatch.setattr("aggregator.settle.is_public", lambda _: True)
    desk.publisher.say("/list", status=429, Retry_After="3600")
    desk.run()
    with desk.store.snapshot() as tx:
        (until,) = tx.requests.pauses(utc_now()).values()
    assert desk.state().not_before is not None
    desk.let_pass(not_before=None)
    (event,) = desk.run(choice=Choice(force=True))
    assert (event["event"], event["log_level"]) == ("list.postponed", "debug")
    assert (desk.state().next_at or utc_now()) >= until
    assert desk.publisher.paths == ["/list"]


def test_a_redirect_leads_to_a_site_that_rests(desk: Desk) -> None:
    """The list waits for it, and is not blamed."""
    desk.publisher.say("/list", status=302, Location="http://localhost/list")

    async def scenario(engine: Engine) -> None:
        engine.pipeline.restraint.know({"localhost": utc_now() + DAY})
        await engine.read_lists(Choice())

    desk.run(scenario)
    assert (desk.state().errors, desk.state().reason) == (0, "its site asked to be left alone")


def test_our_network_is_down(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """While most hosts are silent no list is blamed; else it is."""

    async def silent(*_: Any, **__: Any) -> None:
        raise ConnectFailed("a.example refuses connections.")

    monkeypatch.setattr("aggregator.fetch.client.Client.get", silent)
    with monkeypatch.context() as down:
        down.setattr("aggregator.poll.Pipeline.network_down", True)
        desk.run()
    assert (desk.state().errors, desk.state().reason) == (0, "our own network was down")
    desk.let_pass()
    desk.run()
    assert desk.state().errors == 1


def test_a_mistake_of_ours(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """It ends one reading, is logged whole, and is asked for later like any failure."""

    async def wrong(*_: Any, **__: Any) -> None:
        raise KeyError("x")

    monkeypatch.setattr("aggregator.parse.pool.ParserPool.parse_list", wrong)
    mistake, failed = desk.run()
    assert (mistake["event"], failed["event"]) == ("list.mistake", "list.failed")
    assert "KeyError" in (desk.state().error or "")


def test_a_reading_that_cannot_be_written(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """The list stays due, but is not asked for again and again."""

    def full(*_: Any) -> None:
        raise DiskFull("There is no space left.", "Make some.")

    monkeypatch.setattr("aggregator.store.sql.lists.SqlLists.record", full)

    async def scenario(engine: Engine) -> None:
        assert await engine.read_lists(Choice()) == []
        assert engine.lists.wanted() == []
        assert [state.address for state in engine.lists.wanted(Choice())] == [desk.publisher.url("/list")]

    (event,) = desk.run(scenario)
    assert event["event"] == "list.not_written"
    assert desk.publisher.paths == ["/list"]


def test_what_is_under_way_is_broken_off(desk: Desk) -> None:
    """Whoever stops does not wait for a slow server; a list is asked for once however often it is wanted."""
    desk.publisher.say("/list", opml("/a"))
    desk.publisher.replies["/list"].wait = threading.Event()

    async def scenario(engine: Engine) -> None:
        for _ in range(2):
            engine.lists.begin(await engine.pipeline.in_writer(lambda: engine.lists.wanted(Choice(force=True))))
        while not desk.publisher.asked:
            await asyncio.sleep(0.01)

    desk.run(scenario)
    assert (desk.publisher.paths, desk.state().last_poll) == (["/list"], None)


@pytest.mark.parametrize(
    ("address", "moved_to", "outside"),
    [
        ("https://lists.example.org/a", None, "lists.example.org"),
        ("https://news.example.org/a", None, None),
        ("http://nas.lan/a", None, None),
        ("http://nas.lan/a", "https://new.example.org/feed", "news.example.org"),
    ],
)
@pytest.mark.fault("T1")
def test_a_public_list_leads_to_public_addresses_only(address: str, moved_to: str | None, outside: str | None) -> None:
    """A name that a public list chose may not lead into our network, whatever the operator allows his own sources."""
    url = "https://news.example.org/feed"
    feed = FeedState(key=1, url=url, fetch_url=moved_to or url)
    source = FeedSettings(url=url).of_list(address)
    assert ask_of(Request(1, RequestKind.POLL, feed, "news.example.org"), source, refetch=False).outside == outside


def test_lists_in_turn_with_polls(desk: Desk) -> None:
    """One request at a time to a host: lists, and sources, wait for each other."""
    for path in ("/x", "/y", "/z"):
        desk.publisher.say(path, opml(f"/feed-of{path}"))
    desk.configure("/x", "/y", "/z")
    desk.run()
    assert (desk.publisher.most, len(desk.sources)) == (1, 3)
