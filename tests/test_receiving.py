"""Deliveries in the serial stage, with a real database: what they change, and what follows from none of them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from aggregator.config.settings import FeedSettings, FilterRule, Settings, Site
from aggregator.decide.identity import feed_id
from aggregator.decide.pushing import Push, State
from aggregator.errors import NotAFeed
from aggregator.model import Document, Fetched, Header, Item, Link, Outcome, Request, RequestKind
from aggregator.receiving import receive
from aggregator.releasing import release_missing
from aggregator.settle import Chance, Result, settle

if TYPE_CHECKING:
    from datetime import datetime

    from aggregator.model import FeedState
    from aggregator.settle import Settled
    from aggregator.store.sqlite.store import SqliteStore

FEED, HUB = "https://news.org/feed", "https://hub.org/"
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@dataclass
class Room:
    """A source with a hub; an hour goes by before each poll and each delivery."""

    store: SqliteStore

    def __post_init__(self) -> None:
        with self.store.snapshot() as tx:
            self.now: datetime = tx.created.replace(microsecond=0) + timedelta(minutes=1)
        self.configure()
        self.poll(self.item("one"))
        lease = self.now + 9 * DAY
        agreed = replace(self.push, state=State.VERIFIED, name="x", verified_at=self.now, lease_until=lease)
        with self.store.transaction() as tx:
            tx.pushes.keep(agreed)

    def configure(self, **source: Any) -> None:
        """Take other settings of the source over."""
        self.settings = Settings(site=Site(url="https://we.org/"), feeds=(FeedSettings(url=FEED, **source),))
        with self.store.transaction() as tx:
            tx.feeds.sync(self.settings.sources, self.now)
            release_missing(tx, self.settings, self.now)

    def item(self, title: str, **fields: Any) -> Item:
        """Return an item that was published just now."""
        link = f"https://news.org/{title}"
        return Item(**{"title": title, "guid": link, "link": link, "published": self.now, **fields})

    def poll(self, *items: Item) -> Settled:
        """Poll the source, which lists these."""
        self.now += HOUR
        with self.store.transaction() as tx:
            (request,) = tx.requests.claim([FEED], self.now, lease=HOUR)
            fetched, name = Fetched(FEED, 200, self.now), f"{hash(items)}"
            result = Result(request, self.now, fetched, _document(*items), body_hash=name)
            return settle(tx, result, self.settings, Chance(0))

    def deliver(self, *items: Item, **result: Any) -> Settled:
        """Let the hub deliver these."""
        self.now += HOUR
        request = Request(0, RequestKind.PUSH, self.feed, "news.org")
        given = {"document": _document(*items), "fetched": Fetched(FEED, 200, self.now), **result}
        with self.store.transaction() as tx:
            return receive(tx, Result(request, self.now, **given), self.settings, Chance(0))

    @property
    def feed(self) -> FeedState:
        """What is known of the source."""
        with self.store.snapshot() as tx:
            found = tx.feeds.get(FEED)
        assert found is not None
        return found

    @property
    def push(self) -> Push:
        """The subscription."""
        feed = self.feed
        with self.store.snapshot() as tx:
            found = tx.pushes.of(feed.key)
        assert found is not None
        return found

    def titles(self) -> list[str]:
        """Return the titles of the output, in the order of release."""
        with self.store.snapshot() as tx:
            found = tx.releases.select("all", limit=500, window=timedelta(0), ceiling=500)
        return [one.entry.item.title for one in reversed(found)]


def _document(*items: Item) -> Document:
    return Document(Header(title="T", links=(Link(HUB, "hub"),)), items)


@pytest.fixture
def room(database: SqliteStore) -> Room:
    """Return a room whose hub has agreed."""
    return Room(database)


def test_what_is_delivered_is_released_and_stored_once(room: Room) -> None:
    """A new entry is in the output at once; the poll that lists it later finds nothing new, and the hub did its work."""
    before, two = room.feed, room.item("two")
    settled = room.deliver(two)
    report = settled.report
    assert (report.kind, report.outcome, report.new, report.entries) == (RequestKind.PUSH, Outcome.NEW, 1, 1)
    assert settled.changed == {"all"}
    assert (room.push.delivered, room.push.streak, room.push.last_delivery) == (1, 1, room.now)
    after = room.feed
    assert (after.last_new, after.entries) == (room.now, 2)
    assert after.rhythm.entries > before.rhythm.entries
    unasked = {"rhythm": before.rhythm, "last_new": before.last_new, "entries": before.entries}
    assert replace(after, **unasked) == before
    again = room.poll(two, room.item("one"))
    assert (again.report.new, again.report.duplicates) == (0, 0)
    assert room.titles() == ["one", "two"]
    assert (room.push.missed, room.push.suspects) == (0, frozenset())


def test_delivered_twice_is_once(room: Room) -> None:
    """A hub that heard no answer sends the same again: nothing changes."""
    two = room.item("two")
    room.deliver(two)
    settled = room.deliver(two)
    assert (settled.report.outcome, settled.changed) == (Outcome.UNCHANGED, frozenset())
    assert room.push.delivered == 1


def test_an_edit_is_delivered(room: Room) -> None:
    """What readers see changes, and the entry stays the one that it was."""
    settled = room.deliver(replace(room.item("one"), title="One, revised"))
    assert (settled.report.outcome, settled.report.updated) == (Outcome.UPDATED, 1)
    assert room.titles() == ["One, revised"]
    assert room.push.delivered == 0


def test_a_delivery_renames_nothing(room: Room) -> None:
    """An entry of the feed under another guid is neither new nor edited by it, and no doubt of the feed's names."""
    settled = room.deliver(room.item("one", guid="https://news.org/other"))
    assert (settled.report.outcome, room.titles()) == (Outcome.UNCHANGED, ["one"])
    assert room.feed.naming.doubts == 0
    assert room.poll(room.item("one")).report.outcome is Outcome.UNCHANGED


def test_a_delivery_shows_no_gap(room: Room) -> None:
    """A document of strangers is no sign that something was missed, and ends no flood."""
    room.deliver(*(room.item(f"new {number}") for number in range(5)))
    assert room.feed.gap is None
    room.poll(*(room.item(f"new {number}") for number in range(5)))
    assert (room.feed.gap, room.feed.gaps) == (None, 0)


def test_a_republished_archive_is_held_back(room: Room) -> None:
    """A hub floods nobody either, and the operator is told."""
    old = [room.item(f"old {number}", published=room.now - 90 * DAY) for number in range(40)]
    settled = room.deliver(*old)
    assert [event.name for event in settled.events] == ["feed.flood"]
    assert room.titles() == ["one"]
    assert room.push.delivered == 0
    room.deliver(room.item("two"))
    assert room.feed.flood is not None


def test_filters_hold_for_deliveries(room: Room) -> None:
    """What the source is not to bring comes no other way."""
    room.configure(drop=(FilterRule(contains=("webinar",)),))
    room.deliver(room.item("A webinar"), room.item("two"))
    assert room.titles() == ["one", "two"]


def test_a_late_delivery_is_no_miss(room: Room) -> None:
    """What a poll has just found and the hub delivers then was delivered."""
    room.poll(room.item("two"), room.item("one"))
    assert len(room.push.suspects) == 1
    room.now -= HOUR - timedelta(minutes=1)
    room.deliver(room.item("two"))
    assert (room.push.suspects, room.push.delivered, room.push.missed) == (frozenset(), 1, 0)


def test_what_cannot_be_taken(room: Room) -> None:
    """No feed, and one of our own outputs, are counted and change nothing."""
    unread = room.deliver(document=None, error=NotAFeed("It is no feed."))
    assert (unread.report.outcome, unread.report.error) == (Outcome.ERROR, "It is no feed.")
    with room.store.snapshot() as tx:
        ours = Document(Header(id=feed_id(tx.instance, "all")), (room.item("two"),))
    assert room.deliver(document=ours).report.outcome is Outcome.ERROR
    assert (room.push.refused, room.titles()) == (2, ["one"])


def test_what_nobody_wants_any_more(room: Room) -> None:
    """A source that was removed, or whose hub was left, while its delivery was read takes nothing."""
    feed = room.feed
    with room.store.transaction() as tx:
        tx.pushes.want(feed.key, None, "", room.now)
    assert room.deliver(room.item("two")).report.outcome is Outcome.SKIPPED
    room.settings = Settings()
    with room.store.transaction() as tx:
        result = Result(Request(0, RequestKind.PUSH, feed, ""), room.now, document=_document(room.item("two")))
        assert receive(tx, result, room.settings, Chance(0)).report.outcome is Outcome.SKIPPED
    assert room.titles() == ["one"]
