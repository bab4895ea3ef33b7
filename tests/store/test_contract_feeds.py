"""The contract of protocols.Feeds, on every backend."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aggregator.config.settings import FeedSettings
from aggregator.decide.cadence import NextPoll
from aggregator.model import Fetched, Header, Hints, Link, Move, Outcome, Person, Rhythm, Validators
from aggregator.store.protocols import PollRecord

if TYPE_CHECKING:
    from collections.abc import Callable

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
A, B = "https://a.example/feed", "https://b.example/feed"


def _record(desk: Any, url: str, **fields: Any) -> None:
    record = PollRecord(**{"at": NOON, "outcome": Outcome.UNCHANGED, **fields})
    with desk.store.transaction() as tx:
        tx.feeds.record(tx.feeds.get(url), record)


def _reschedule(desk: Any, url: str, then: NextPoll, *, now: datetime = NOON) -> None:
    (request,) = desk.take(url, now=now)
    with desk.store.transaction() as tx:
        tx.requests.reschedule(request, then)


def _all(desk: Any) -> list[str]:
    with desk.store.snapshot() as tx:
        return [feed.url for feed in tx.feeds.all()]


def test_configured_sources_in_order(desk: Any) -> None:
    """Sources come back in the order of the configuration, whatever the order in which they became known."""
    desk.sync(A, B)
    desk.sync("https://c.example/", B, A)
    assert _all(desk) == ["https://c.example/", B, A]


def test_new_source(desk: Any) -> None:
    """A new source has what its settings say, knows nothing yet, and is due at once."""
    desk.sync(FeedSettings(url=A, title="The A", tags=("lab", "ai"), private=True))
    feed = desk.feed(A)
    assert (feed.url, feed.fetch_url, feed.title, feed.kind, feed.tags) == (A, A, "The A", "feed", ("lab", "ai"))
    assert (feed.enabled, feed.private, feed.gone, feed.errors, feed.entries) == (True, True, False, 0, 0)
    assert (feed.header, feed.hints, feed.validators, feed.body_hash) == (Header(), Hints(), Validators(), None)
    assert (feed.added_at, feed.last_poll, feed.last_success, feed.last_new) == (NOON, None, None, None)
    assert (feed.next_poll_at, feed.reason, feed.not_before) == (NOON, "never polled", None)


def test_title_as_configured_else_as_published_else_address(desk: Any) -> None:
    """A source is called what the operator calls it, else what it calls itself, else by its address."""
    desk.sync(A)
    assert desk.feed(A).title == A
    _record(desk, A, header=Header(title="Itself"))
    assert desk.feed(A).title == "Itself"
    desk.sync(FeedSettings(url=A, title="Ours"))
    assert desk.feed(A).title == "Ours"


def test_unknown_source(desk: Any) -> None:
    """A source that was never configured is not known."""
    with desk.store.snapshot() as tx:
        assert tx.feeds.get(A) is None


def test_sync_again_changes_nothing(desk: Any) -> None:
    """A restart with the same configuration makes nothing due that was not."""
    desk.sync(A)
    _reschedule(desk, A, NextPoll(NOON + HOUR, "rhythm"))
    before = desk.feed(A)
    desk.sync(A, at=NOON + timedelta(minutes=1))
    assert desk.feed(A) == before


@pytest.mark.fault("F27")
@pytest.mark.parametrize(
    "without",
    [(), (FeedSettings(url=A, enabled=False),)],
    ids=["removed", "disabled"],
)
def test_source_that_is_not_asked_now(desk: Any, item: Callable[..., Any], without: tuple[FeedSettings, ...]) -> None:
    """A source that is taken out keeps its entries, has no next poll, cannot be claimed, and returns as it was."""
    desk.sync(A)
    desk.keep(A, item())
    _reschedule(desk, A, NextPoll(NOON + HOUR, "asked to wait", NOON + HOUR))
    before = desk.feed(A)
    desk.sync(*without)
    parked = desk.feed(A)
    assert (parked.next_poll_at, parked.reason, parked.not_before) == (None, "", None)
    assert _all(desk) == [source.url for source in without]
    assert desk.claim(NOON + 2 * HOUR) == []
    assert desk.take(A, now=NOON + 2 * HOUR) == []
    assert desk.entry("https://news.example/1").feed == A
    desk.sync(A, at=NOON + timedelta(minutes=1))
    assert desk.feed(A) == before


def test_source_that_was_never_asked(desk: Any) -> None:
    """A source that is added disabled has no request, and is due at once when it is enabled."""
    desk.sync(FeedSettings(url=A, enabled=False))
    assert desk.feed(A).next_poll_at is None
    assert desk.claim() == []
    desk.sync(A, at=NOON + HOUR)
    assert desk.feed(A).next_poll_at == NOON + HOUR


def test_gone_source_stays_gone(desk: Any) -> None:
    """A source that the publisher took away is not asked again because it left the configuration and returned."""
    desk.sync(A)
    _record(desk, A, outcome=Outcome.GONE, gone=True, errors=1, error="410 Gone.")
    _reschedule(desk, A, NextPoll(None, "410 Gone"))
    desk.sync()
    desk.sync(A)
    feed = desk.feed(A)
    assert (feed.gone, feed.next_poll_at, feed.reason) == (True, None, "410 Gone")
    assert desk.claim(NOON + HOUR) == []


@pytest.mark.fault("F27")
def test_successor_continues_the_history(desk: Any, item: Callable[..., Any]) -> None:
    """A new address whose `was` names an old one is the same source: entries, header and log; not the validators."""
    desk.sync(A)
    desk.keep(A, item())
    _record(desk, A, header=Header(title="T"), validators=Validators('"x"', "D"), body_hash="h", items=3)
    old = desk.feed(A)
    desk.sync(FeedSettings(url=B, was=("https://unknown.example/", A)), at=NOON + HOUR)
    new = desk.feed(B)
    assert _all(desk) == [B]
    assert (new.key, new.entries, new.items, new.added_at, new.fetch_url) == (old.key, 1, 3, NOON, B)
    assert new.header == Header(title="T")
    assert (new.validators, new.body_hash) == (Validators(), None)
    assert new.next_poll_at == NOON + HOUR
    assert desk.entry("https://news.example/1").feed == B
    with desk.store.snapshot() as tx:
        assert tx.feeds.get(A) is None
        assert len(tx.feeds.polls(new, 10)) == 1
    (request,) = desk.claim(NOON + HOUR)
    assert (request.host, request.feed.fetch_url) == ("b.example", B)


def test_successor_of_a_source_that_is_gone(desk: Any) -> None:
    """Naming the successor of a source that answers 410 makes it be asked, without its predecessor's failures."""
    desk.sync(A)
    _record(desk, A, outcome=Outcome.GONE, gone=True, errors=4, error="410 Gone.", remedy="Remove it.")
    _reschedule(desk, A, NextPoll(None, "410 Gone", NOON + 9 * HOUR))
    desk.sync(FeedSettings(url=B, was=(A,)), at=NOON + HOUR)
    feed = desk.feed(B)
    assert (feed.gone, feed.errors, feed.error, feed.remedy, feed.not_before) == (False, 0, None, None, None)
    assert [request.feed.url for request in desk.claim(NOON + HOUR)] == [B]


def test_successor_on_the_same_host_obeys_its_retry_after(desk: Any) -> None:
    """What a server asked for holds for the source's new address on it."""
    desk.sync(A)
    _reschedule(desk, A, NextPoll(NOON + HOUR, "Retry-After", NOON + HOUR))
    moved = "https://a.example/new"
    desk.sync(FeedSettings(url=moved, was=(A,)))
    assert desk.feed(moved).not_before == NOON + HOUR
    assert desk.claim(NOON) == []
    assert desk.take(moved) == []
    assert len(desk.claim(NOON + HOUR)) == 1


def test_known_address_takes_no_other_history(desk: Any) -> None:
    """An address that has a history of its own keeps it, whatever its `was` says."""
    desk.sync(A, B)
    keys = {url: desk.feed(url).key for url in (A, B)}
    desk.sync(FeedSettings(url=B, was=(A,)))
    assert {url: desk.feed(url).key for url in (A, B)} == keys


def test_record_a_document(desk: Any) -> None:
    """A good poll leaves header, hints, validators, counts and times on the source, and ends its errors."""
    desk.sync(A)
    _record(desk, A, outcome=Outcome.ERROR, errors=2, error="It broke.", remedy="Mend it.")
    header = Header("urn:x", "T", links=(Link("https://a.example/"),), authors=(Person("Ann"),), updated=NOON)
    hints = Hints(timedelta(minutes=30), HOUR, frozenset({1, 23}), frozenset({6}))
    _record(
        desk, A, at=NOON + HOUR, outcome=Outcome.NEW, header=header, hints=hints, new=2, items=7, body_hash="b",
        validators=Validators('W/"x"', "Mon"), remedy="An item was left out.",
    )  # fmt: skip
    feed = desk.feed(A)
    assert (feed.header, feed.hints, feed.validators) == (header, hints, Validators('W/"x"', "Mon"))
    assert (feed.items, feed.body_hash, feed.errors, feed.error) == (7, "b", 0, None)
    assert feed.remedy == "An item was left out."
    assert (feed.last_poll, feed.last_success, feed.last_new) == (NOON + HOUR,) * 3


def test_record_leaves_what_it_does_not_say(desk: Any) -> None:
    """A poll that brings nothing leaves header, hints, validators, hash, and when there was news last."""
    desk.sync(A)
    _record(desk, A, outcome=Outcome.NEW, new=1, header=Header(title="T"), hints=Hints(HOUR),
            validators=Validators('"x"'), body_hash="b", items=3)  # fmt: skip
    before = desk.feed(A)
    _record(desk, A, at=NOON + HOUR, outcome=Outcome.NOT_MODIFIED)
    assert desk.feed(A) == replace(before, last_poll=NOON + HOUR, last_success=NOON + HOUR)


def test_record_clears_validators(desk: Any) -> None:
    """Validators that a response no longer gives are forgotten."""
    desk.sync(A)
    _record(desk, A, validators=Validators('"x"', "D"))
    _record(desk, A, validators=Validators(None, "D"))
    assert desk.feed(A).validators == Validators(None, "D")
    _record(desk, A, validators=Validators())
    assert desk.feed(A).validators == Validators()


def test_record_failure_and_gone(desk: Any) -> None:
    """A failure is no success; gone lasts until something else is answered."""
    desk.sync(A)
    _record(desk, A, outcome=Outcome.GONE, gone=True, errors=1, error="410 Gone.", remedy="Remove it.")
    feed = desk.feed(A)
    assert (feed.gone, feed.errors, feed.error, feed.remedy) == (True, 1, "410 Gone.", "Remove it.")
    assert (feed.last_poll, feed.last_success) == (NOON, None)
    _record(desk, A, outcome=Outcome.ERROR, errors=2, error="500")
    assert (desk.feed(A).gone, desk.feed(A).last_success) == (False, None)


def test_poll_log(desk: Any) -> None:
    """Each poll leaves a line of its own source; the newest come first, as many as asked for."""
    desk.sync(A, B)
    fetched = Fetched(A, 200, NOON, elapsed=0.25, bytes_received=1234)
    _record(desk, A, outcome=Outcome.NEW, fetched=fetched, new=3, updated=2, duplicates=1)
    _record(desk, B)
    _record(desk, A, at=NOON + HOUR, outcome=Outcome.ERROR, error="No answer.")
    with desk.store.snapshot() as tx:
        last, first = tx.feeds.polls(desk_feed := tx.feeds.get(A), 5)
        assert tx.feeds.polls(desk_feed, 1) == [last]
    assert (last.at, last.outcome, last.status, last.bytes, last.error) == (
        NOON + HOUR, Outcome.ERROR, None, 0, "No answer.",
    )  # fmt: skip
    assert (first.status, first.bytes, first.elapsed, first.new, first.updated, first.duplicates, first.error) == (
        200, 1234, 0.25, 3, 2, 1, None,
    )  # fmt: skip


def test_forget_polls(desk: Any) -> None:
    """Only older lines of the log are deleted, and their number is told."""
    desk.sync(A)
    for hours in (0, 1, 2):
        _record(desk, A, at=NOON + hours * HOUR)
    with desk.store.transaction() as tx:
        assert tx.feeds.forget_polls(NOON + HOUR) == 1
        assert tx.feeds.forget_polls(NOON + HOUR) == 0
        assert [line.at for line in tx.feeds.polls(tx.feeds.get(A), 9)] == [NOON + 2 * HOUR, NOON + HOUR]


def test_entries_of_a_source(desk: Any, item: Callable[..., Any]) -> None:
    """A source counts the entries that it has listed, each once, another's included."""
    desk.sync(A, B)
    one, two = desk.keep(A, item(1), item(2))
    desk.list(A, (one, item(1), False), (two, item(2, guid="again"), True), (two, item(2, guid="and again"), True))
    desk.list(B, (one, item(1), True))
    assert (desk.feed(A).entries, desk.feed(B).entries) == (2, 1)
    assert {request.feed.url: request.feed.entries for request in desk.claim()} == {A: 2, B: 1}


_texts = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=20)
_moments = st.datetimes(datetime(1990, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC)).map(  # noqa: DTZ001
    lambda moment: moment.replace(microsecond=moment.microsecond // 1000 * 1000)
)
_headers = st.builds(
    Header,
    id=st.none() | _texts,
    title=_texts,
    subtitle=st.none() | _texts,
    updated=st.none() | _moments,
    links=st.lists(st.builds(Link, _texts, rel=_texts, type=st.none() | _texts)).map(tuple),
    authors=st.lists(st.builds(Person, _texts, st.none() | _texts, st.none() | _texts)).map(tuple),
    language=st.none() | _texts,
)
_spans = st.none() | st.timedeltas(timedelta(0), timedelta(days=3650))
_hints = st.builds(
    Hints, _spans, _spans, st.frozensets(st.integers(0, 23)), st.frozensets(st.integers(0, 6))
)  # fmt: skip


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(header=_headers, hints=_hints, at=_moments)
def test_header_and_hints_come_back(desk: Any, header: Header, hints: Hints, at: datetime) -> None:
    """Whatever a document says of its feed comes back as it was, and times to the millisecond."""
    desk.sync(A)
    _record(desk, A, at=at, header=header, hints=hints)
    feed = desk.feed(A)
    assert (feed.header, feed.hints, feed.last_poll) == (header, hints, at)


def test_rhythm_and_silence_come_back(desk: Any) -> None:
    """What is known of a feed's rhythm, dates and failures is as it was written; None leaves it."""
    desk.sync(A)
    rhythm = Rhythm(entries=2.5, days=7.25, at=NOON - HOUR)
    _record(desk, A, outcome=Outcome.NEW, rhythm=rhythm, claimed=NOON + HOUR, restamped_at=NOON)
    _record(desk, A, at=NOON + HOUR, outcome=Outcome.ERROR, errors=1, failing_since=NOON + HOUR, error="404.")
    feed = desk.feed(A)
    assert (feed.rhythm, feed.claimed, feed.restamped_at) == (rhythm, NOON + HOUR, NOON)
    assert (feed.errors, feed.failing_since) == (1, NOON + HOUR)
    _record(desk, A, at=NOON + 2 * HOUR, outcome=Outcome.NOT_MODIFIED)
    assert desk.feed(A).failing_since is None


def test_a_move_and_its_adoption(desk: Any) -> None:
    """A move is kept until it is replaced; an adopted address has another host's queue and no validators."""
    desk.sync(A)
    move = Move("https://new.example:8443/feed", NOON, 2)
    validators = Validators('"x"', "date")
    _record(desk, A, at=NOON, outcome=Outcome.NEW, move=move, validators=validators, asked_as="as")
    assert (desk.feed(A).move, desk.feed(A).asked_as) == (move, "as")
    _record(desk, A, at=NOON, outcome=Outcome.NEW, validators=validators, asked_as="as", fetch_url=move.to)
    feed = desk.feed(A)
    assert (feed.url, feed.fetch_url, feed.move) == (A, move.to, None)
    assert (feed.validators, feed.asked_as) == (Validators(), None)
    (request,) = desk.take(A)
    assert request.host == "new.example:8443"


def test_absolve(desk: Any) -> None:
    """Failures are taken back to what they were, and nothing else."""
    desk.sync(A)
    before = desk.feed(A)
    _record(desk, A, at=NOON, outcome=Outcome.ERROR, errors=1, failing_since=NOON, error="silent", remedy="wait")
    with desk.store.transaction() as tx:
        tx.feeds.absolve(before)
    assert desk.feed(A) == replace(before, last_poll=NOON)


def test_rhythms_of_all_that_is_polled(desk: Any) -> None:
    """Every source that is polled by itself has its rhythm there; gone and disabled ones have not."""
    desk.sync(A, FeedSettings(url=B, enabled=False), "https://gone.example/")
    rhythm = Rhythm(1, 2, NOON)
    _record(desk, A, at=NOON, outcome=Outcome.NEW, rhythm=rhythm)
    _record(desk, "https://gone.example/", at=NOON, outcome=Outcome.GONE, gone=True, errors=1)
    with desk.store.snapshot() as tx:
        assert tx.feeds.rhythms() == {A: rhythm}


def test_polls_since_the_last_look(desk: Any) -> None:
    """A look finds what was logged after the last one, in that order, and nothing that had ended before the moment."""
    desk.sync(A, B)
    for at in (NOON - HOUR, NOON, NOON - MINUTE):
        _record(desk, A, at=at, outcome=Outcome.NEW)
    with desk.store.snapshot() as tx:
        assert tx.feeds.polls_after(0, NOON - HOUR) == [(1, NOON - HOUR), (2, NOON), (3, NOON - MINUTE)]
        assert tx.feeds.polls_after(0, NOON - MINUTE) == [(2, NOON), (3, NOON - MINUTE)]
        assert tx.feeds.polls_after(1, NOON) == [(2, NOON)]
        assert tx.feeds.polls_after(3, NOON - HOUR) == []


def test_polls_are_counted(desk: Any) -> None:
    """Polls since a moment are counted by outcome, and those that asked for all of it; what they brought is summed."""
    desk.sync(A, B)
    _record(desk, A, at=NOON - HOUR, outcome=Outcome.NEW, unconditional=True)
    _record(desk, A, at=NOON, outcome=Outcome.NEW, unconditional=True)
    unchanged = Fetched(A, 304, NOON, elapsed=0.25, bytes_received=90)
    _record(desk, A, at=NOON, outcome=Outcome.NOT_MODIFIED, fetched=unchanged)
    document = Fetched(B, 200, NOON, elapsed=1.5, bytes_received=4_000)
    _record(desk, B, at=NOON, outcome=Outcome.NEW, fetched=document, new=3, updated=2, duplicates=1)
    feed = desk.feed(A)
    with desk.store.snapshot() as tx:
        count, none = tx.feeds.polls_since(NOON), tx.feeds.polls_since(NOON + HOUR)
        assert [line.unconditional for line in tx.feeds.polls(feed, 9)] == [False, True, True]
    assert (count.outcomes, count.unconditional, count.total) == ({Outcome.NEW: 2, Outcome.NOT_MODIFIED: 1}, 1, 3)
    assert (count.not_modified, count.bytes, count.seconds) == (1, 4_090, 1.75)
    assert (count.new, count.updated, count.duplicates) == (3, 2, 1)
    assert (none.outcomes, none.unconditional, none.total, none.bytes, none.new) == ({}, 0, 0, 0, 0)
