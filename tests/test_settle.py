"""The serial stage: what one poll's result changes in a real database."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from aggregator.config.settings import FeedSettings, FilterRule, OutputSettings, Publishing, Settings
from aggregator.decide.cadence import NextPoll
from aggregator.decide.identity import feed_id
from aggregator.errors import HttpStatus, NetworkDown, NotAFeed, TimedOut
from aggregator.listings import NamedBy
from aggregator.model import Caching, Document, Fetched, Header, Hints, Item, Outcome, Validators
from aggregator.releasing import release_missing
from aggregator.settle import Chance, Result, settle

if TYPE_CHECKING:
    from collections.abc import Callable

    from aggregator.errors import AggregatorError
    from aggregator.model import Entry, FeedState, PollReport
    from aggregator.settle import Settled
    from aggregator.store.sqlite.store import SqliteStore

A, B, C = "https://a.example/feed", "https://b.example/feed", "https://c.example/feed"
PUBLIC = "https://news.example.org/feed"
HOUR, DAY, MS = timedelta(hours=1), timedelta(days=1), timedelta(milliseconds=1)
LONG = "A sentence that is long enough to tell texts apart. " * 8


class Newsroom:
    """A database and its configuration; `now` is shortly after the database was made."""

    def __init__(self, store: SqliteStore) -> None:
        self.store = store
        with store.snapshot() as tx:
            self.now = tx.created.replace(microsecond=0) + timedelta(minutes=1)
        self.configure(FeedSettings(url=A), FeedSettings(url=B))

    def configure(self, *feeds: FeedSettings, outputs: tuple[OutputSettings, ...] = (), **settings: Any) -> set[str]:
        """Take other settings over; return the outputs that were filled."""
        self.settings = Settings(feeds=feeds, outputs=outputs, **settings)
        with self.store.transaction() as tx:
            tx.feeds.sync(self.settings.sources, self.now)
            return release_missing(tx, self.settings, self.now)

    def settle(self, *results: Result) -> list[Settled]:
        """Settle results in one transaction."""
        with self.store.transaction() as tx:
            return [settle(tx, result, self.settings, Chance(0)) for result in results]

    def result(self, url: str, *items: Item, header: Header | None = None, **fields: Any) -> Result:
        """Claim a source and return what asking it came to: these items; keywords are fields of Fetched and Document."""
        with self.store.transaction() as tx:
            (request,) = tx.requests.claim([url], self.now, lease=HOUR)
        of_document = {name: fields.pop(name) for name in ("hints", "notices", "cut_short") if name in fields}
        fetched = Fetched(**{"url": url, "status": 200, "received": self.now, **fields})
        document = Document(header or Header(title="T"), items, **of_document)
        return Result(request, self.now, fetched, document, body_hash=f"{hash(items)}")

    def poll(self, url: str, *items: Item, **fields: Any) -> PollReport:
        """Poll a source that lists these items."""
        return self.settle(self.result(url, *items, **fields))[0].report

    def unread(self, url: str, *, body_hash: str | None = None, **fields: Any) -> PollReport:
        """Poll a source whose answer is not read: the body that is known, or a 304."""
        result = self.result(url, **{"status": 200 if body_hash else 304, **fields})
        return self.settle(replace(result, document=None, body_hash=body_hash))[0].report

    def fail(self, url: str, error: AggregatorError, *, gone: bool = False, **fields: Any) -> PollReport:
        """Poll a source in vain; without fields nothing answered."""
        result = self.result(url, **fields)
        failed = replace(result, document=None, body_hash=None, error=error, gone=gone)
        return self.settle(failed if fields else replace(failed, fetched=None))[0].report

    def feed(self, url: str) -> FeedState:
        """Return what is known of a source."""
        with self.store.snapshot() as tx:
            found = tx.feeds.get(url)
        assert found is not None
        return found

    def entries(self) -> dict[str, Entry]:
        """Return all entries by title."""
        with self.store.snapshot() as tx:
            return {entry.item.title: entry for entry in tx.entries.all()}

    def released(self, output: str = "all") -> list[str]:
        """Return the titles of an output, in the order of release."""
        with self.store.snapshot() as tx:
            found = tx.releases.select(output, limit=500, window=timedelta(0), ceiling=500)
        return [one.entry.item.title for one in reversed(found)]


@pytest.fixture
def room(database: SqliteStore) -> Newsroom:
    """Return a newsroom with two sources and the output `all`."""
    return Newsroom(database)


@pytest.fixture
def item(room: Newsroom) -> Callable[..., Item]:
    """Return a maker of items of a site, an hour old: a title, and fields to replace."""

    def make(title: str, **fields: Any) -> Item:
        link = f"https://news.example/{title}"
        return Item(**{"title": title, "guid": link, "link": link, "published": room.now - HOUR, **fields})

    return make


def test_new_entries(room: Newsroom, item: Callable[..., Item]) -> None:
    """A first document makes an entry of each item; they are released, oldest first, and the report counts them."""
    settled = room.settle(room.result(A, item("two"), item("one", published=room.now - 2 * HOUR)))[0]
    report = settled.report
    assert (report.url, report.outcome, report.status, report.new, report.entries) == (A, Outcome.NEW, 200, 2, 2)
    assert (report.updated, report.duplicates, report.error) == (0, 0, None)
    assert settled.changed == {"all"}
    assert room.released() == ["one", "two"]
    entry = room.entries()["one"]
    assert (entry.id, entry.first_seen, entry.feed, entry.held) == ("https://news.example/one", room.now, A, None)
    feed = room.feed(A)
    assert (feed.items, feed.entries, feed.last_success, feed.last_new) == (2, 2, room.now, room.now)
    assert (report.next_poll_at, report.reason) == (feed.next_poll_at, feed.reason)


def test_nothing_new(room: Newsroom, item: Callable[..., Item]) -> None:
    """A document that lists what is known changes no output."""
    room.poll(A, item("one"))
    room.now += HOUR
    settled = room.settle(room.result(A, item("one", published=room.now - 2 * HOUR)))[0]
    assert (settled.report.outcome, settled.report.entries, settled.changed) == (Outcome.UNCHANGED, 1, frozenset())
    assert (room.feed(A).last_poll, room.feed(A).last_new) == (room.now, room.now - HOUR)


def test_edit(room: Newsroom, item: Callable[..., Item]) -> None:
    """An edit is a revision of the same entry: same id, no second release, its outputs change."""
    room.poll(A, item("one"))
    before = room.entries()["one"]
    room.now += HOUR
    settled = room.settle(room.result(A, replace(item("one"), title="One, corrected")))[0]
    assert (settled.report.outcome, settled.report.updated, settled.report.new) == (Outcome.UPDATED, 1, 0)
    assert settled.changed == {"all"}
    after = room.entries()["One, corrected"]
    assert (after.id, after.key, after.published, after.revisions) == (before.id, before.key, before.published, 1)
    assert after.updated == room.now
    assert room.released() == ["One, corrected"]


def test_there_and_back_again_is_two_edits(room: Newsroom, item: Callable[..., Item]) -> None:
    """A, B, A: going back to what an item said first is an edit too."""
    one = item("one")
    for text in ("first", "second", "first"):
        room.poll(A, replace(one, summary=text))
        room.now += HOUR
    entry = room.entries()["one"]
    assert (entry.item.summary, entry.revisions) == ("first", 2)
    with room.store.snapshot() as tx:
        assert [revision.summary for revision in tx.entries.revisions(entry.key)] == ["second", "first"]


def test_same_url_in_one_transaction(room: Newsroom, item: Callable[..., Item]) -> None:
    """Two sources that bring one article in the same second make one entry with two sightings."""
    first, second = room.result(A, item("one")), room.result(B, item("one", guid="b"))
    reports = [settled.report for settled in room.settle(first, second)]
    assert [(report.new, report.duplicates, report.outcome) for report in reports] == [
        (1, 0, Outcome.NEW),
        (0, 1, Outcome.UNCHANGED),
    ]
    assert [seen.feed for seen in room.entries()["one"].sightings] == [A, B]
    assert room.released() == ["one"]


def test_header_of_the_document(room: Newsroom, item: Callable[..., Item]) -> None:
    """What a document says of its feed is kept, apart from `updated`; its language is that of its entries."""
    header = Header(title="News", language="fr", updated=room.now)
    room.poll(A, item("one"), header=header)
    assert room.feed(A).header == replace(header, updated=None)
    assert room.entries()["one"].language == "fr"


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        (Validators('W/"Two"', "later"), Validators('W/"Two"', "later")),
        (Validators('"two"', None), Validators('"two"', None)),
        (Validators(None, "later"), Validators(None, "later")),
        (Validators(), Validators()),
    ],
)
def test_validators_of_a_document(
    room: Newsroom, item: Callable[..., Item], given: Validators, kept: Validators
) -> None:
    """Every 200 replaces both validators, or clears what it does not give, also when the body is the known one."""
    for url, poll in ((A, room.poll), (B, room.unread)):
        room.poll(url, item("one"), validators=Validators('"one"', "Mon, 05 Jan 2026 12:00:00 GMT"))
        fields: dict[str, Any] = {"body_hash": "h"} if poll == room.unread else {}
        poll(url, validators=given, **fields)
        assert room.feed(url).validators == kept


@pytest.mark.fault("F1")
def test_validators_do_not_run_ahead(room: Newsroom, item: Callable[..., Item]) -> None:
    """A document that could not be read, or a failure, leaves validators, hash, header and counts as they were."""
    room.poll(A, item("one"), validators=Validators('"one"'), hints=Hints(ttl=HOUR))
    before = room.feed(A)
    room.now += HOUR
    for error in (NotAFeed("A web page answered."), HttpStatus("500")):
        room.fail(A, error, status=200, validators=Validators('"two"'))
        after = room.feed(A)
        assert after.validators == before.validators
        assert (after.header, after.hints, after.body_hash, after.items) == (
            before.header, before.hints, before.body_hash, before.items,
        )  # fmt: skip
        assert (after.last_success, after.last_poll) == (before.last_success, room.now)


def test_known_body(room: Newsroom, item: Callable[..., Item]) -> None:
    """The body that is known already is a success that changes nothing, with as many items as before."""
    room.poll(A, item("one"), item("two"), notices=("An item was left out.",))
    room.now += HOUR
    report = room.unread(A, body_hash="h")
    assert (report.outcome, report.entries, report.status) == (Outcome.UNCHANGED, 2, 200)
    feed = room.feed(A)
    assert (feed.body_hash, feed.items, feed.last_success) == ("h", 2, room.now)
    assert feed.remedy == "An item was left out."


def test_not_modified(room: Newsroom, item: Callable[..., Item]) -> None:
    """A 304 is a success without a document: the hash stays, its validators are taken over."""
    room.poll(A, item("one"), validators=Validators('"one"'))
    before = room.feed(A)
    room.now += HOUR
    report = room.unread(A, validators=Validators('"two"'))
    assert (report.outcome, report.entries, report.status) == (Outcome.NOT_MODIFIED, 0, 304)
    feed = room.feed(A)
    assert (feed.validators.etag, feed.body_hash, feed.items) == ('"two"', before.body_hash, 1)
    assert feed.last_success == room.now


def test_failures_and_backoff(room: Newsroom, item: Callable[..., Item]) -> None:
    """Failures in a row are counted and wait longer each time; the first success ends them and their message."""
    waits = []
    for count in (1, 2, 3):
        report = room.fail(A, TimedOut("No answer.", "Wait."))
        feed = room.feed(A)
        assert (report.outcome, report.status, report.error) == (Outcome.ERROR, None, "No answer. Wait.")
        assert (feed.errors, feed.error, feed.remedy, feed.last_success) == (count, "No answer.", "Wait.", None)
        assert feed.next_poll_at is not None
        waits.append(feed.next_poll_at - room.now)
        room.now = feed.next_poll_at
    assert waits == [HOUR / 2, HOUR, 2 * HOUR]
    room.poll(A, item("one"))
    feed = room.feed(A)
    assert (feed.errors, feed.error, feed.remedy) == (0, None, None)


def test_known_body_ends_a_failure(room: Newsroom, item: Callable[..., Item]) -> None:
    """After a failure, an answer that brings nothing new is a success; the failure's remedy goes."""
    room.poll(A, item("one"))
    room.fail(A, TimedOut("No answer.", "Wait."))
    room.unread(A)
    feed = room.feed(A)
    assert (feed.errors, feed.error, feed.remedy) == (0, None, None)


def test_gone(room: Newsroom, item: Callable[..., Item]) -> None:
    """410 ends the polls of a source; its entries stay, and a poll by hand that succeeds revives it."""
    room.poll(A, item("one"))
    report = room.fail(A, HttpStatus("410 Gone.", "Remove it."), gone=True, status=410)
    assert (report.outcome, report.status, report.next_poll_at) == (Outcome.GONE, 410, None)
    feed = room.feed(A)
    assert (feed.gone, feed.next_poll_at, feed.errors) == (True, None, 1)
    assert room.released() == ["one"]
    for _ in range(2):
        room.fail(A, HttpStatus("403 Forbidden.", "Ask them."), status=403)
        feed = room.feed(A)
        assert (feed.gone, feed.next_poll_at, feed.remedy) == (True, None, "Remove it.")
        assert feed.error == "410 Gone before, and not back: 403 Forbidden."
    room.poll(A, item("one"))
    feed = room.feed(A)
    assert (feed.gone, feed.errors, feed.error, feed.remedy) == (False, 0, None, None)
    assert feed.next_poll_at is not None


def test_retry_after_binds_the_source_and_its_site(room: Newsroom) -> None:
    """429 with Retry-After: neither this source nor another of its site is asked before, not even by name."""
    other = "https://blog.example.org/other"
    room.configure(FeedSettings(url=PUBLIC), FeedSettings(url=other), FeedSettings(url=B))
    until = room.now + 3 * HOUR
    room.fail(PUBLIC, HttpStatus("429"), status=429, caching=Caching(retry_after=until))
    assert (room.feed(PUBLIC).next_poll_at, room.feed(PUBLIC).not_before) == (until, until)
    with room.store.transaction() as tx:
        assert tx.requests.claim([PUBLIC, other], until - MS, lease=HOUR) == []
        assert tx.requests.pauses(room.now) == {"example.org": until}
        assert len(tx.requests.claim_due(room.now, limit=9, lease=HOUR, per_host=9)) == 1


@pytest.mark.parametrize(
    ("url", "independent", "status", "retry"),
    [
        (PUBLIC, True, 429, True),
        ("http://192.168.1.1/feed", False, 429, True),
        ("http://rsshub.lan/feed", False, 503, True),
        (PUBLIC, False, 500, True),
        (PUBLIC, False, 503, False),
    ],
    ids=["independent", "private address", "no public name", "another status", "503 without Retry-After"],
)
def test_host_is_not_paused(room: Newsroom, url: str, *, independent: bool, status: int, retry: bool) -> None:
    """A refusal says nothing of the host's other sources where it is one service among others, or does not say when."""
    room.configure(FeedSettings(url=url, independent=independent))
    caching = Caching(retry_after=room.now + HOUR if retry else None)
    result = room.result(url, status=status, caching=caching)
    room.settle(replace(result, document=None, error=HttpStatus("No.")))
    with room.store.snapshot() as tx:
        assert tx.requests.pauses(room.now) == {}


def test_removed_while_it_was_polled(room: Newsroom, item: Callable[..., Item]) -> None:
    """What a source says that has left the configuration is not taken, and its request is as it was on return."""
    result = room.result(A, item("one"))
    before = room.feed(A)
    room.configure(FeedSettings(url=B))
    (settled,) = room.settle(result)
    assert (settled.report.outcome, settled.report.reason) == (Outcome.SKIPPED, "removed from feeds.yaml")
    assert (room.entries(), settled.changed) == ({}, frozenset())
    room.configure(FeedSettings(url=A), FeedSettings(url=B))
    assert room.feed(A) == before
    assert room.poll(A, item("one")).new == 1


def test_renamed_while_it_was_polled(room: Newsroom, item: Callable[..., Item]) -> None:
    """What an old address says that has a successor by now neither is taken nor keeps the new one from being asked."""
    result = room.result(A, item("one"))
    room.configure(FeedSettings(url=C, was=(A,)))
    (settled,) = room.settle(result)
    assert settled.report.outcome is Outcome.SKIPPED
    assert room.feed(C).next_poll_at == room.now
    assert room.poll(C, item("one")).new == 1


def test_disabled_while_it_was_polled(room: Newsroom, item: Callable[..., Item]) -> None:
    """What a source says that was just disabled is taken, and it is not asked again."""
    result = room.result(A, item("one"))
    room.configure(FeedSettings(url=A, enabled=False))
    room.settle(result)
    assert room.released() == ["one"]
    assert room.feed(A).next_poll_at is None


def test_interval_of_the_operator(room: Newsroom, item: Callable[..., Item]) -> None:
    """A source's own interval decides its next poll, and the reason says so."""
    room.configure(FeedSettings(url=A, interval=timedelta(minutes=20)))
    report = room.poll(A, item("one"))
    assert report.next_poll_at == room.now + timedelta(minutes=20)
    assert "interval" in report.reason


def test_hints_outlive_polls_without_document(room: Newsroom, item: Callable[..., Item]) -> None:
    """What a document asked for holds for the polls that bring none."""
    room.poll(A, item("one"), hints=Hints(ttl=5 * HOUR), validators=Validators('"x"'))
    room.now += 5 * HOUR
    assert room.unread(A, validators=Validators('"x"')).next_poll_at == room.now + 5 * HOUR


def test_distrusted_fields(room: Newsroom, item: Callable[..., Item]) -> None:
    """Fields that the operator distrusts are left out before anything is decided."""
    room.configure(FeedSettings(url=A, ignore=("id", "published")))
    room.poll(A, item("one", published=datetime(2001, 1, 1, tzinfo=UTC)))
    room.now += HOUR
    assert room.poll(A, item("one", guid="another")).new == 0
    assert room.entries()["one"].published == room.now - HOUR


def test_backlog_of_a_later_source(room: Newsroom, item: Callable[..., Item]) -> None:
    """A source that is added later shows its newest entries; the others are kept, held as backlog."""
    room.now += DAY
    items = [item(f"{age} days", published=room.now - age * DAY) for age in range(9)]
    assert room.poll(A, *items).new == 9
    assert room.released() == ["3 days", "2 days", "1 days", "0 days"]
    assert {entry.held for title, entry in room.entries().items() if title > "4"} == {"backlog"}


def test_flood(room: Newsroom, item: Callable[..., Item]) -> None:
    """A republished archive is kept and held; what is new beside it is released."""
    room.configure(FeedSettings(url=A), publishing=Publishing(flood=3))
    room.poll(A, item("first"))
    room.now += 7 * DAY
    archive = [item(f"old {number}", published=room.now - 300 * DAY) for number in range(4)]
    room.poll(A, item("news", published=room.now), *archive)
    assert room.released() == ["first", "news"]
    assert {entry.held for title, entry in room.entries().items() if "old" in title} == {"flood"}


def test_held_entry_is_told_by_another(room: Newsroom, item: Callable[..., Item]) -> None:
    """An entry that one source's filter held back is released when another source brings it as news."""
    room.configure(FeedSettings(url=A, drop=(FilterRule(contains=("rumour",)),)), FeedSettings(url=B))
    room.poll(B, item("else"))
    room.poll(A, item("rumour"))
    assert room.entries()["rumour"].held == "filtered: title contains rumour"
    room.now += HOUR
    settled = room.settle(room.result(B, item("else"), item("rumour", published=room.now - 2 * HOUR)))[0]
    assert (settled.report.duplicates, settled.changed) == (1, {"all"})
    assert room.released() == ["else", "rumour"]
    assert room.entries()["rumour"].held is None


def test_wrong_date_of_another_hides_nothing(room: Newsroom, item: Callable[..., Item]) -> None:
    """An article that a stranger told of with an old date is released when its own site tells of it."""
    own = "https://news.example/feed"
    room.configure(
        FeedSettings(url=A), FeedSettings(url=own), outputs=(OutputSettings(name="all", max_age=timedelta(days=7)),)
    )
    room.poll(own, item("else"))
    room.poll(A, item("story", guid="a", published=room.now - 400 * DAY))
    assert room.released() == ["else"]
    room.now += HOUR
    room.poll(own, item("else"), item("story"))
    assert room.released() == ["else", "story"]
    assert room.entries()["story"].published == room.now - HOUR


def test_no_output_takes_it(room: Newsroom, item: Callable[..., Item]) -> None:
    """An entry that no output wants says so."""
    room.configure(FeedSettings(url=A), outputs=(OutputSettings(name="all", languages=("fr",)),))
    room.poll(A, item("one", language="en"), item("deux", language="fr-CA"))
    assert room.released() == ["deux"]
    assert room.entries()["one"].held == "filtered: no output takes it"


def test_outputs_choose_by_tags_of_all_sources(room: Newsroom, item: Callable[..., Item]) -> None:
    """An entry enters an output when a source with its tag lists it, be it later than the first."""
    room.configure(
        FeedSettings(url=A), FeedSettings(url=B, tags=("lab",)), outputs=(OutputSettings(name="labs", tags=("lab",)),)
    )
    room.poll(A, item("one"), item("two"))
    assert room.released("labs") == []
    room.now += MS
    settled = room.settle(room.result(B, item("one")))[0]
    assert settled.changed == {"labs"}
    assert (room.released("labs"), room.released("all")) == (["one"], ["two", "one"])


def test_private_source_is_told_behind_a_token_only(room: Newsroom, item: Callable[..., Item]) -> None:
    """What a private source brings is in outputs with a token; without one it is in none, and says why."""
    room.configure(FeedSettings(url=A, private=True))
    room.poll(A, item("one"))
    assert (room.released(), room.entries()["one"].held) == ([], "private")
    inside = OutputSettings(name="inside", token="s3cret-token")
    room.configure(FeedSettings(url=A, private=True), outputs=(inside,))
    room.poll(A, item("one"), item("two"))
    assert (room.released("all"), room.released("inside")) == ([], ["two"])
    assert room.entries()["two"].held is None


def test_public_source_tells_what_a_private_one_did(room: Newsroom, item: Callable[..., Item]) -> None:
    """An entry of a private source becomes public with a public source's words, once one brings it."""
    inside = OutputSettings(name="inside", token="s3cret-token")
    room.configure(FeedSettings(url=A, private=True), FeedSettings(url=B), outputs=(inside,))
    room.poll(B, item("else"))
    room.poll(A, item("one", summary="between us"))
    room.poll(B, item("else"), item("one", guid="b", summary="for all"))
    entry = room.entries()["one"]
    assert (entry.feed, entry.item.summary) == (B, "for all")
    assert (room.released("all"), room.released("inside")) == (["else", "one"], ["else", "one"])
    room.now += HOUR
    room.poll(A, item("one", summary="between us, again", published=room.now - 2 * HOUR))
    assert room.entries()["one"].item.summary == "for all"


def test_cap_a_source_and_day(room: Newsroom, item: Callable[..., Item]) -> None:
    """An output takes so many entries of a source a day, counted over its polls; other sources have their own count."""
    room.now = (room.now + DAY).replace(hour=9)
    few = OutputSettings(name="few", per_source=2)
    room.configure(FeedSettings(url=A), FeedSettings(url=B), outputs=(few,), publishing=Publishing(first_entries=9))
    room.poll(A, item("one"))
    room.poll(A, item("two"), item("three"), item("four"))
    room.poll(B, item("five"), item("six"))
    assert len(room.released("few")) == 4
    assert len(room.released("all")) == 6
    assert all(entry.held is None for entry in room.entries().values())
    room.now += DAY
    room.poll(A, item("seven"))
    assert len(room.released("few")) == 5


def test_over_the_cap_of_every_output(room: Newsroom, item: Callable[..., Item]) -> None:
    """An entry that is over the cap of its only output says so, and a later restart does not let it in."""
    outputs = (OutputSettings(name="all", per_source=1), OutputSettings(name="labs", tags=("lab",)))
    room.configure(FeedSettings(url=A), outputs=outputs)
    settled = room.settle(room.result(A, item("one"), item("two", published=room.now)))[0]
    assert (room.released(), settled.changed) == (["one"], {"all"})
    assert room.entries()["two"].held == "filtered: over per_source"
    assert room.configure(FeedSettings(url=A), outputs=outputs) == set()
    settled = room.settle(room.result(A, item("three")))[0]
    assert (room.released(), settled.changed) == (["one"], frozenset())


def test_new_output_is_filled_with_the_cap_of_each_day(room: Newsroom, item: Callable[..., Item]) -> None:
    """An output with a cap that is added later takes as many of each past day as it would have taken then."""
    room.now = room.now.replace(hour=9) + DAY
    for day in range(3):
        room.now += DAY
        room.poll(A, *(item(f"{day} {number}", published=room.now) for number in range(3)))
    few = OutputSettings(name="few", per_source=2)
    assert room.configure(FeedSettings(url=A), outputs=(few,)) == {"few"}
    assert sorted(title[0] for title in room.released("few")) == ["0", "0", "1", "1", "2", "2"]
    room.configure(FeedSettings(url=A, tags=("x",)), outputs=(few,))
    assert len(room.released("few")) == 6


def test_new_output_is_filled_from_what_is_released(room: Newsroom, item: Callable[..., Item]) -> None:
    """An output added later has what belongs there, with the time of the first release, and nothing that is held."""
    sources = (FeedSettings(url=A, tags=("lab",), drop=(FilterRule(contains=("secret",)),)), FeedSettings(url=B))
    room.configure(*sources)
    room.poll(A, item("one"), item("secret"))
    first = room.now
    room.now += HOUR
    room.poll(B, item("two"))
    room.now += HOUR
    labs = OutputSettings(name="labs", tags=("lab",))
    assert room.configure(*sources, outputs=(labs,)) == {"labs"}
    with room.store.snapshot() as tx:
        (released,) = tx.releases.select("labs", limit=9, window=timedelta(0), ceiling=9)
        assert (released.entry.item.title, released.released_at) == ("one", first)
        assert tx.releases.opened("labs") == room.now
    assert room.configure(*sources, outputs=(labs,)) == set()


def test_output_whose_choice_is_widened(room: Newsroom, item: Callable[..., Item]) -> None:
    """When an output asks for more, or a source gets its tag, what it missed is filled in; the newest stays first."""
    labs, wider = (OutputSettings(name="labs", tags=tags) for tags in (("lab",), ("lab", "press")))
    sources = [FeedSettings(url=A, tags=("press",)), FeedSettings(url=B, tags=("lab",))]
    room.configure(*sources, outputs=(labs,))
    room.poll(A, item("old"))
    room.now += HOUR
    room.poll(B, item("new"))
    assert room.released("labs") == ["new"]
    assert room.configure(*sources, outputs=(wider,)) == {"labs"}
    assert room.released("labs") == ["old", "new"]
    assert room.configure(FeedSettings(url=A), sources[1], outputs=(wider,)) == set()
    assert room.released("labs") == ["old", "new"]
    third = OutputSettings(name="third", tags=("x",))
    assert room.configure(*sources, outputs=(wider, third)) == set()
    assert room.configure(FeedSettings(url=A, tags=("x",)), outputs=(wider, third)) == {"third"}


def test_filling_an_output_of_many(room: Newsroom, item: Callable[..., Item]) -> None:
    """However many entries an output missed, it gets each."""
    room.poll(A, *(item(f"{number:04}") for number in range(1100)))
    room.configure(FeedSettings(url=A), outputs=(OutputSettings(name="more"),))
    with room.store.snapshot() as tx:
        assert tx.releases.count("more") == tx.releases.count("all") == 1100


def test_ids_never_change(room: Newsroom, item: Callable[..., Item]) -> None:
    """Edits, another guid, another supplier, a moved source: an entry's id stays what it was at first."""
    one = item("one", guid="plain", summary=LONG)
    room.poll(A, one)
    first = room.entries()["one"]
    on_its_site = "https://news.example/feed"
    room.configure(FeedSettings(url=C, was=(A,)), FeedSettings(url=on_its_site))
    for url, changed in (
        (C, replace(one, title="One")),
        (C, replace(one, title="One", guid="other")),
        (on_its_site, replace(one, title="One", guid="site", summary=LONG + "More.")),
        (on_its_site, replace(one, title="One, edited", guid="site", summary=LONG + "More.")),
    ):
        room.now += HOUR
        room.poll(url, changed)
    (last,) = room.entries().values()
    assert (last.id, last.key, last.story, last.published) == (first.id, first.key, first.story, first.published)
    assert (last.item.title, last.feed) == ("One, edited", on_its_site)
    assert {seen.feed for seen in last.sightings} == {C, on_its_site}
    with room.store.snapshot() as tx:
        assert tx.releases.count("all") == 1


def test_a_rhythm_is_learnt(room: Newsroom, item: Callable[..., Item]) -> None:
    """A first document tells of the time before, what comes later counts, and what others told before counts as well."""
    days = [item(f"{day}", published=room.now - day * DAY) for day in range(1, 9)]
    room.poll(A, *days)
    first = room.feed(A).rhythm
    assert first.at == room.now - DAY
    assert first.entries == pytest.approx(7, rel=0.1)
    room.now += HOUR
    room.unread(A)
    assert room.feed(A).rhythm == first, "nothing new is nothing to write"
    room.poll(B, *days, item("own", published=room.now))
    room.poll(A, item("own", published=room.now), *days)
    assert room.feed(A).rhythm.at == room.now
    assert room.feed(A).rhythm.entries > first.entries


def test_a_republished_archive_is_no_news(room: Newsroom, item: Callable[..., Item]) -> None:
    """A flood of old entries does not make a feed a busy one."""
    room.poll(A, item("one"))
    before = room.feed(A).rhythm
    room.now += DAY
    flood = [item(f"old {number}", published=room.now - 200 * DAY) for number in range(50)]
    assert room.poll(A, item("one", published=room.now - DAY), *flood).new == 50
    assert room.feed(A).rhythm == before


def test_dates_that_move_without_news(room: Newsroom, item: Callable[..., Item]) -> None:
    """A document that is newer by its own word and brings nothing is noted; news and edits are none of that."""
    one = item("one")
    for hours, items, restamped in ((0, [one], False), (1, [one], True), (2, [one, item("two")], False)):
        moment = room.now + HOUR * hours
        before = room.feed(A).restamped_at
        room.poll(A, *items, header=Header(title="T", updated=moment))
        assert (room.feed(A).restamped_at != before) is restamped
    room.poll(A, replace(one, title="One, edited"), header=Header(title="T", updated=room.now + HOUR * 3))
    assert room.feed(A).claimed == room.now + HOUR * 3
    assert room.feed(A).restamped_at == room.now


NEW = "https://new.example/feed"


def test_a_move_is_adopted_after_a_week(room: Newsroom, item: Callable[..., Item]) -> None:
    """After seven days of permanent redirects the new address is asked, without the old one's validators."""
    for _day in range(4):
        room.poll(A, item("one"), moved_to=NEW, validators=Validators('"x"'))
        assert room.feed(A).fetch_url == A
        room.now += 2 * DAY
    room.poll(A, item("one"), moved_to=NEW, validators=Validators('"x"'))
    feed = room.feed(A)
    assert (feed.fetch_url, feed.validators, feed.move) == (NEW, Validators(), None)
    assert NEW in (feed.remedy or "")
    with room.store.transaction() as tx:
        (request,) = tx.requests.claim([A], room.now, lease=HOUR)
    assert request.host == "new.example"


def test_a_new_address_that_dies_is_left(room: Newsroom, item: Callable[..., Item]) -> None:
    """After three failures at an adopted address, or a 410, the configured one is asked again."""
    for _ in range(3):
        room.poll(A, item("one"), moved_to=NEW)
        room.now += 4 * DAY
    assert room.feed(A).fetch_url == NEW
    for failures in (1, 2, 3):
        room.fail(A, TimedOut("slow"))
        assert room.feed(A).fetch_url == (A if failures == 3 else NEW)
        room.now += DAY
    assert not room.feed(A).gone


def test_a_410_of_a_new_address_is_not_the_end(room: Newsroom, item: Callable[..., Item]) -> None:
    """A 410 at an adopted address says nothing of the configured one."""
    for _ in range(3):
        room.poll(A, item("one"), moved_to=NEW)
        room.now += 4 * DAY
    assert room.fail(A, HttpStatus("410"), gone=True, status=410).outcome is Outcome.ERROR
    assert (room.feed(A).fetch_url, room.feed(A).gone) == (A, False)


def test_a_source_with_secrets_does_not_move_away(room: Newsroom, item: Callable[..., Item]) -> None:
    """A private source stays on its host, and where it has moved to is not told."""
    room.configure(FeedSettings(url=A, private=True))
    for _ in range(4):
        room.poll(A, item("one"), moved_to=NEW)
        room.now += 4 * DAY
    assert room.feed(A).fetch_url == A
    for _ in range(3):
        room.poll(A, item("one"), moved_to="https://a.example/new?key=hush")
        room.now += 4 * DAY
    assert room.feed(A).fetch_url == "https://a.example/new?key=hush"
    assert "hush" not in (room.feed(A).remedy or "")


def test_an_outage_of_ours_takes_the_blame_back(room: Newsroom, item: Callable[..., Item]) -> None:
    """A failure that was written is taken back, the source is asked again within minutes, and nothing else changes."""
    room.poll(A, item("one"))
    good = room.feed(A)
    failed = room.result(A)
    error = TimedOut("silent")
    room.settle(replace(failed, document=None, fetched=None, body_hash=None, error=error))
    assert (room.feed(A).errors, room.feed(A).failing_since) == (1, room.now)
    (settled,) = room.settle(replace(failed, document=None, fetched=None, body_hash=None, error=NetworkDown("Ours.")))
    assert settled.report.outcome is Outcome.ERROR
    after = room.feed(A)
    assert after == replace(good, last_poll=after.last_poll, fresh_until=after.fresh_until), "due as before"
    room.now += 2 * HOUR
    failed = replace(room.result(A), document=None, fetched=None, body_hash=None, error=NetworkDown("Ours."))
    room.settle(failed)
    assert room.feed(A).next_poll_at == room.now + timedelta(minutes=5)


def test_what_was_not_asked_is_put_off(room: Newsroom) -> None:
    """A request whose turn came at a wrong moment is due at a better one, and nothing else is known of it."""
    before = room.feed(A)
    result = replace(room.result(A), fetched=None, document=None, body_hash=None)
    then = NextPoll(room.now + HOUR, "skipHours")
    (settled,) = room.settle(replace(result, postponed=then))
    assert (settled.report.outcome, settled.report.reason) == (Outcome.SKIPPED, "skipHours")
    assert room.feed(A) == replace(before, next_poll_at=then.at, reason="skipHours")


def test_429_without_a_time_rests_the_site_half_an_hour(room: Newsroom) -> None:
    """A site that has had enough is left alone for the first backoff, even if it does not say for how long."""
    room.configure(FeedSettings(url=PUBLIC))
    room.fail(PUBLIC, HttpStatus("429"), status=429)
    with room.store.snapshot() as tx:
        assert tx.requests.pauses(room.now) == {"example.org": room.now + timedelta(minutes=30)}


def test_a_feed_whose_guids_name_nothing(room: Newsroom, item: Callable[..., Item]) -> None:
    """Three documents in a row with other guids, and links name its items: said once, kept, and nothing announced."""
    for poll in range(6):
        listed = [item(f"post {number}", guid=f"{poll}-{number}") for number in range(4)]
        report = room.poll(A, *listed)
        assert (report.new, report.updated, report.duplicates) == (4 if poll == 0 else 0, 0, 0)
        room.now += HOUR
    named = room.feed(A).naming
    assert (named.by, named.since) == (NamedBy.LINK, room.now - 3 * HOUR)
    assert named.reason == "4 of 4 known items had another guid, 3 documents in a row"
    assert room.feed(A).entries == 4


def test_a_feed_without_guids(room: Newsroom, item: Callable[..., Item]) -> None:
    """It is known by links from its first document on, also when it begins to give guids."""
    bare = [item(f"post {number}", guid=None) for number in range(4)]
    assert room.poll(A, *bare).new == 4
    assert room.feed(A).naming.reason == "4 of 4 items have no guid"
    assert room.poll(A, *(replace(one, guid=one.title) for one in bare)).new == 0
    assert room.feed(A).naming.by is NamedBy.LINK


def test_our_own_output_brings_nothing(room: Newsroom, item: Callable[..., Item]) -> None:
    """A document that bears the id of one of our outputs, at whatever address, brings nothing, and the operator is told."""
    with room.store.snapshot() as tx:
        own = Header(id=feed_id(tx.instance, "all"), title="AI News")
    report = room.poll(A, item("echo"), header=own)
    assert (report.new, report.entries, room.entries()) == (0, 1, {})
    assert "own outputs" in (room.feed(A).remedy or "")


def test_a_refusal_of_a_further_document_binds_the_site(room: Newsroom) -> None:
    """What was read is kept; the source and its site are left alone as long as the server said."""
    room.configure(FeedSettings(url=PUBLIC, kind="sitemap"))
    until = room.now + 3 * HOUR
    refused = Fetched(PUBLIC, 429, room.now, caching=Caching(retry_after=until))
    result = replace(room.result(PUBLIC, Item("One", guid="1"), cut_short=True), body_hash=None, refused=refused)
    (settled,) = room.settle(result)
    assert (settled.report.new, room.feed(PUBLIC).not_before) == (1, until)
    with room.store.snapshot() as tx:
        assert tx.requests.pauses(room.now) == {"example.org": until}


def test_a_sitemap_has_no_gaps(room: Newsroom) -> None:
    """What lists nothing of before may be another part of the site; dates of changes make no source stale."""
    room.configure(FeedSettings(url=A, kind="sitemap"))
    for start in range(3):
        items = [Item(f"Story {start}-{n}", link=f"https://a.example/{start}/{n}", updated=room.now) for n in range(9)]
        assert room.poll(A, *items).new == 9
        room.now += DAY
    feed = room.feed(A)
    assert (feed.gap, feed.gaps, feed.claimed, feed.restamped_at) == (None, 0, None, None)


def test_a_moved_date_is_no_edit(room: Newsroom) -> None:
    """A sitemap's item whose lastmod moves is what it was."""
    room.configure(FeedSettings(url=A, kind="sitemap"))
    item = Item("Story", link="https://a.example/1", updated=room.now - HOUR)
    room.poll(A, item)
    room.now += DAY
    report = room.poll(A, replace(item, updated=room.now - HOUR))
    assert (report.new, report.updated, report.outcome) == (0, 0, Outcome.UNCHANGED)
