"""What polls and feeds.yaml say of hubs, with a real database: what is wanted, left and missed, and when is polled."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from aggregator.config.settings import FeedSettings, Settings, Site, Websub
from aggregator.decide.pushing import BACKUP, Push, State
from aggregator.errors import HttpStatus
from aggregator.model import Document, Fetched, Header, Item, Link, PollReport
from aggregator.pushing import want_all
from aggregator.releasing import release_missing
from aggregator.settle import Chance, Result, settle

if TYPE_CHECKING:
    from datetime import datetime

    from aggregator.store.sqlite.store import SqliteStore

FEED, HUB = "https://news.org/feed", "https://hub.org/"
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@dataclass
class Room:
    """A source that is polled; `now` goes on as told."""

    store: SqliteStore

    def __post_init__(self) -> None:
        with self.store.snapshot() as tx:
            self.now: datetime = tx.created.replace(microsecond=0) + timedelta(minutes=1)
        self.configure()

    def configure(self, site: str = "https://we.org/", *, subscribe: bool = True, **source: Any) -> None:
        """Take other settings over."""
        self.settings = Settings(
            site=Site(url=site), websub=Websub(subscribe=subscribe), feeds=(FeedSettings(url=FEED, **source),)
        )
        with self.store.transaction() as tx:
            tx.feeds.sync(self.settings.sources, self.now)
            want_all(tx, self.settings, self.now)
            release_missing(tx, self.settings, self.now)

    def poll(self, *titles: str, hub: str | None = HUB, after: timedelta = timedelta(0), **result: Any) -> PollReport:
        """Let time pass, and poll the source, which lists these and names a hub."""
        self.now += after
        links = (Link(hub, "hub"), Link(f"{FEED}.xml", "self")) if hub else ()
        items = tuple(Item(title=title, guid=title, published=self.now) for title in titles)
        document = Document(Header(title="T", links=links), items) if titles else None
        with self.store.transaction() as tx:
            (request,) = tx.requests.claim([FEED], self.now, lease=HOUR)
            fetched = Fetched(FEED, 200 if titles else 304, self.now)
            given = {"fetched": fetched, "document": document, "body_hash": f"{titles}" if titles else None, **result}
            return settle(tx, Result(request, self.now, **given), self.settings, Chance(0)).report

    @property
    def push(self) -> Push | None:
        """The subscription."""
        with self.store.snapshot() as tx:
            return next(iter(tx.pushes.all().values()), None)

    def keep(self, **changes: Any) -> Push:
        """Change what is known of the subscription."""
        assert self.push is not None
        after = replace(self.push, **changes)
        with self.store.transaction() as tx:
            tx.pushes.keep(after)
        return after

    def verify(self, streak: int = 9, lease: timedelta = 9 * DAY) -> None:
        """Let the hub agree, and have brought so much."""
        self.keep(state=State.VERIFIED, verified_at=self.now, lease_until=self.now + lease, streak=streak, name="x")


@pytest.fixture
def room(database: SqliteStore) -> Room:
    """Return a room whose source was polled once, and named a hub."""
    room = Room(database)
    room.poll("one")
    return room


def test_a_hub_that_a_document_names_is_wanted(room: Room) -> None:
    """With the feed's own word for itself; at the next document, which names another one, that one is."""
    assert room.push is not None
    assert (room.push.hub, room.push.topic, room.push.base) == (HUB, f"{FEED}.xml", "https://we.org/")
    assert (room.push.state, room.push.due_at) == (State.WANTED, room.now)
    room.verify()
    room.poll("one", "two", hub="https://other.org/", after=HOUR)
    assert room.push.hub == "https://other.org/"
    room.poll("three", hub=None, after=HOUR)
    assert room.push is None
    with room.store.snapshot() as tx:
        assert tx.pushes.count().states == {State.LEAVING: 2}


@pytest.mark.parametrize(
    "change",
    [{"subscribe": False}, {"site": "http://localhost:8080/"}, {"private": True}, {"enabled": False}],
)
def test_what_feeds_yaml_says_holds_at_once(room: Room, change: dict[str, Any]) -> None:
    """A subscription is left, and wanted again, without another document: the last one is remembered."""
    room.configure(**change)
    assert room.push is None
    room.configure()
    assert room.push is not None


def test_a_source_that_is_removed_is_left(room: Room) -> None:
    """Nothing more of it is asked for."""
    room.settings = Settings(site=Site(url="https://we.org/"))
    with room.store.transaction() as tx:
        tx.feeds.sync({}, room.now)
        want_all(tx, room.settings, room.now)
    assert room.push is None


def test_without_an_address_nothing_is_wanted(database: SqliteStore) -> None:
    """Where hubs cannot reach us a document's hub is nothing to us."""
    room = Room(database)
    room.configure(site="http://localhost:8080/")
    room.poll("one")
    assert room.push is None


def test_a_trusted_hub_spares_polls(room: Room) -> None:
    """Four hours lie between two polls, and the reason says so; an operator's interval is as it is."""
    room.poll(after=2 * DAY)
    before = room.poll(after=HOUR)
    assert before.next_poll_at is not None
    assert before.next_poll_at - room.now < BACKUP
    room.verify()
    report = room.poll(after=HOUR)
    assert report.next_poll_at == room.now + BACKUP
    assert "its hub tells of news, 4 h to make sure" in report.reason
    room.verify(lease=4 * HOUR)
    near = room.poll(after=HOUR).next_poll_at
    assert near is not None
    assert near - room.now < BACKUP  # the promise ends before that
    room.configure(interval=HOUR)
    assert room.poll(after=HOUR).next_poll_at == room.now + HOUR


def test_a_hub_that_keeps_news_to_itself_is_found_out(room: Room) -> None:
    """What a poll finds first ends the trust at once, and counts as missed at the next."""
    room.verify()
    room.poll("one", after=HOUR)
    report = room.poll("one", "two", after=HOUR)
    assert room.push is not None
    assert (len(room.push.suspects), room.push.missed) == (1, 0)
    assert "hub" not in report.reason
    report = room.poll(after=HOUR)
    assert (room.push.suspects, room.push.missed, room.push.streak) == (frozenset(), 1, 0)
    assert "hub" not in report.reason


def test_a_poll_that_fails_says_nothing_of_a_hub(room: Room) -> None:
    """It backs off as ever."""
    room.verify()
    before = room.push
    report = room.poll("one", after=HOUR, document=None, body_hash=None, error=HttpStatus("No.", ""))
    assert room.push == before
    assert "failure" in report.reason
