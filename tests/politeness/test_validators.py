"""Statements 1 to 11: validators are sent as they came, belong to what they came with, and never run ahead of items."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from aggregator.errors import DiskFull, LockedDatabase, StoreError
from aggregator.model import Outcome

if TYPE_CHECKING:
    from collections.abc import Callable

OLD, NEW = "Mon, 05 Jan 2026 12:00:00 GMT", "Tue, 06 Jan 2026 12:00:00 GMT"
BOTH = ('"old"', OLD)


@pytest.fixture
def validators_after(world: Any) -> Callable[..., tuple[str | None, str | None]]:
    """Poll once for each answer, and return the validators of the request after them."""

    def ask(*answers: Any) -> tuple[str | None, str | None]:
        url = world.feed("/feed", *answers)
        for _ in range(len(answers) + 1):
            world.poll(url)
        sent: tuple[str | None, str | None] = world.asked(url)[-1].validators
        return sent

    return ask


@pytest.mark.parametrize(
    "etag", ['"x"', 'W/"x"', '"MiXeD/+=case"', "bare", '""', "\"a b, 'c'\"", '"ünï"', 'w/"gzip"--']
)
def test_01_the_etag_comes_back_byte_for_byte(world: Any, validators_after: Any, etag: str) -> None:
    """An ETag is sent as it came: quotes, W/, case, and whatever else a server may make of it."""
    sent, _ = validators_after(world.reply(world.rss("one"), ETag=etag.encode().decode("latin-1")))
    assert sent is not None
    assert sent.encode("latin-1").decode() == etag


@pytest.mark.parametrize("date", [OLD, "mon, 5 jan 26 12:00:00 utc", "2026-01-05T12:00:00Z", "Monday, at noon", "0"])
def test_02a_last_modified_comes_back_as_the_same_string(world: Any, validators_after: Any, date: str) -> None:
    """A Last-Modified is sent as it came, never rewritten, and even where it is no date."""
    assert validators_after(world.reply(world.rss("one"), Last_Modified=date)) == (None, date)


def test_02b_no_date_is_made_up(world: Any) -> None:
    """Neither our clock, nor lastBuildDate, nor an item's date ever becomes an If-Modified-Since."""
    dated = f"<lastBuildDate>{OLD}</lastBuildDate><pubDate>{OLD}</pubDate>"
    body = world.rss("one", more=dated).replace(b"<guid>", f"<pubDate>{OLD}</pubDate><guid>".encode())
    bare = world.feed("/bare", world.reply(body))
    tagged = world.feed("/tagged", world.reply(body, ETag='"x"', Expires=NEW))
    world.runs(days=1)
    assert len(world.asked(bare)) > 10
    assert len(world.asked(tagged)) > 10
    assert not any("if-modified-since" in request.names for request in world.asked())


@pytest.mark.parametrize("given", [BOTH, ('"old"', None), (None, OLD), (None, None)])
def test_03_what_was_given_is_sent_and_nothing_else(world: Any, validators_after: Any, given: Any) -> None:
    """Both validators are sent where both were given, one where one was, none where none was."""
    named = zip(("ETag", "Last_Modified"), given, strict=True)
    assert validators_after(world.reply(world.rss("one"), **{name: value for name, value in named if value})) == given


def test_04_an_unchanged_200_still_replaces_both_validators(world: Any, validators_after: Any) -> None:
    """The validators of a 200 are taken even if its body is the one that is known."""
    body = world.rss("one")
    old = world.reply(body, ETag='"old"', Last_Modified=OLD)
    assert validators_after(old, world.reply(body, ETag='"new"', Last_Modified=NEW)) == ('"new"', NEW)


@pytest.mark.parametrize(
    ("given", "then"),
    [
        ({"ETag": '"new"', "Last_Modified": NEW}, ('"new"', NEW)),
        ({"ETag": '"new"'}, ('"new"', OLD)),
        ({"Last_Modified": NEW}, ('"old"', NEW)),
        ({}, BOTH),
    ],
)
def test_05_a_304_updates_the_validators_that_it_names(
    world: Any, validators_after: Any, given: dict[str, str], then: Any
) -> None:
    """A 304 replaces each validator that it carries and leaves the other."""
    old = world.reply(world.rss("one"), ETag='"old"', Last_Modified=OLD)
    assert validators_after(old, world.reply(status=304, **given)) == then


@pytest.mark.parametrize("titles", [("one",), ("one", "two")])
def test_06_an_equal_date_does_not_hide_a_new_etag(world: Any, validators_after: Any, titles: tuple[str, ...]) -> None:
    """The ETag is replaced although the Last-Modified beside it has not changed, and the other way round."""
    old = world.reply(world.rss("one"), ETag='"old"', Last_Modified=OLD)
    tagged = world.reply(world.rss(*titles), ETag='"new"', Last_Modified=OLD)
    dated = world.reply(world.rss(*titles), ETag='"new"', Last_Modified=NEW)
    assert validators_after(old, tagged) == ('"new"', OLD)
    assert validators_after(tagged, dated) == ('"new"', NEW)


@pytest.mark.parametrize("titles", [("one",), ("one", "two")])
@pytest.mark.parametrize(
    ("given", "then"), [({}, (None, None)), ({"ETag": '"new"'}, ('"new"', None)), ({"Last_Modified": NEW}, (None, NEW))]
)
def test_07_a_200_clears_the_validators_that_it_lacks(
    world: Any, validators_after: Any, titles: tuple[str, ...], given: dict[str, str], then: Any
) -> None:
    """A 200 without a validator ends the life of the stored one, whether its body is new or known."""
    old = world.reply(world.rss("one"), ETag='"old"', Last_Modified=OLD)
    assert validators_after(old, world.reply(world.rss(*titles), **given)) == then


def test_08a_validators_do_not_follow_a_feed_that_moves_for_good(world: Any) -> None:
    """Once the new address is the one that is asked, the first request to it carries no validators of the old one."""
    new = world.url("/new")
    url = world.feed("/old", world.redirect(301, new), interval=timedelta(days=1))
    world.says(new, world.conditional())
    world.runs(days=9)
    assert world.state(url).fetch_url == new
    direct = world.asked(new)[len(world.asked(url)) :]
    assert direct[0].validators == (None, None)
    assert [request.validators for request in direct[1:]] == [('"x"', None)] * (len(direct) - 1)


def test_08b_validators_do_not_follow_a_changed_address(world: Any) -> None:
    """An address that the operator corrects (`was`) is first asked without the old one's validators."""
    old = world.feed("/old")
    world.poll(old)
    new = world.url("/new")
    world.says(new, world.conditional())
    world.source(new, was=(old,), without=[old])
    world.runs(days=1)
    assert [request.validators for request in world.asked(new)][:2] == [(None, None), ('"x"', None)]


def test_08c_validators_belong_to_the_headers_that_were_sent(world: Any) -> None:
    """When a source's own headers change, the answer may vary: validators of the other answer are not sent."""
    url = world.feed("/feed", headers={"Accept-Language": "en"})
    world.poll(url)
    world.poll(url)
    world.source(url, headers={"Accept-Language": "fr"})
    world.poll(url)
    world.poll(url)
    assert [request.get("If-None-Match") for request in world.asked(url)] == [None, '"x"', None, '"x"']


def test_09a_validators_survive_a_restart(world: Any) -> None:
    """A program that was started again asks with the validators that it had."""
    url = world.feed("/feed", world.conditional(Last_Modified=OLD))
    world.poll(url)
    world.restart()
    world.poll(url)
    assert world.asked(url)[-1].validators == ('"x"', OLD)


@pytest.mark.parametrize("broken", [b"\x89PNG, no feed", b"<rss", b"<html><p>Oops</p></html>", b""])
def test_09b_a_document_that_cannot_be_read_does_not_advance_validators(
    world: Any, validators_after: Any, broken: bytes
) -> None:
    """After a body that is no feed, the validators of the last good one are sent."""
    good = world.reply(world.rss("one"), ETag='"old"', Last_Modified=OLD)
    bad = world.reply(broken, ETag='"new"', Last_Modified=NEW)
    assert validators_after(good, bad) == BOTH
    assert world.titles() == {"one"}


@pytest.mark.parametrize("failure", [DiskFull, LockedDatabase])
def test_09c_what_cannot_be_stored_does_not_advance_validators(
    world: Any, monkeypatch: pytest.MonkeyPatch, failure: type[StoreError]
) -> None:
    """When items cannot be written, their validators are not either, so that they are brought once more."""
    url = world.feed(
        "/feed",
        world.reply(world.rss("one"), ETag='"old"', Last_Modified=OLD),
        world.reply(world.rss("one", "two"), ETag='"new"', Last_Modified=NEW),
    )
    world.poll(url)
    with monkeypatch.context() as patch:
        _spoil_commits(patch, world, failure)
        with pytest.raises(failure):
            world.poll(url)
    world.restart()
    world.runs(hours=3)
    assert [request.validators for request in world.asked(url)][1:4] == [BOTH, BOTH, ('"new"', NEW)]
    assert world.titles() == {"one", "two"}


def _spoil_commits(patch: pytest.MonkeyPatch, world: Any, failure: type[StoreError]) -> None:
    """Let each transaction that would write a poll fail in its end, when all in it was done."""
    feeds = type(world.store._transaction.feeds)
    record = feeds.record

    def recorded(self: Any, *arguments: Any) -> None:
        record(self, *arguments)
        raise failure("The store failed.", "Mend it.")

    patch.setattr(feeds, "record", recorded)


def test_09d_a_document_that_was_cut_short_does_not_advance_validators(world: Any, validators_after: Any) -> None:
    """Items in the part that is missing are not yet known: the document's validators must not run ahead of them."""
    good = world.reply(world.rss("one"), ETag='"old"', Last_Modified=OLD)
    cut = world.rss("four", "three", "two", "one").partition(b"<title>two")[0]
    assert validators_after(good, world.reply(cut, ETag='"new"', Last_Modified=NEW)) == BOTH


def test_10a_only_the_first_request_is_unconditional(world: Any) -> None:
    """In three days of polls, of which some bring news and some fail, the first alone is without validators."""
    answers = [
        world.reply(world.rss("one"), ETag='"1"'),
        world.reply(status=304),
        world.reply(status=500),
        world.reply(b"no feed", ETag='"no"'),
        world.reply(world.rss("one", "two"), ETag='"2"'),
        world.reply(status=429),
        world.reply(status=404),
        world.reply(status=304),
    ]
    url = world.feed("/feed", *answers)
    world.runs(days=3)
    sent = [request.get("If-None-Match") for request in world.asked(url)]
    assert len(sent) > 20
    assert [number for number, etag in enumerate(sent) if etag is None] == [0]


def test_10b_unconditional_requests_are_counted(world: Any) -> None:
    """The poll log tells which requests were unconditional: the first, and those that an operator forces."""
    url = world.feed("/feed")
    world.runs(hours=3)
    world.poll(url, refetch=True)
    world.runs(hours=3)
    told = [line.unconditional for line in reversed(world.log(url))]
    assert told == [request.validators == (None, None) for request in world.asked(url)]
    assert told.count(True) == 2


def test_10c_a_feed_without_validators_is_asked_at_most_hourly(world: Any) -> None:
    """A feed that gives nothing to ask with costs a whole document each time, so an hour passes, however busy it is."""
    url = world.feed("/feed", world.publishing(timedelta(minutes=10)))
    world.runs(days=3)
    assert min(world.gaps(url)) >= timedelta(hours=1)
    assert len(world.asked(url)) > 48


def test_10d_a_304_that_nobody_asked_for_does_not_count_as_a_reading(world: Any) -> None:
    """A server that says 304 to an unconditional request is taken to be broken: it is not asked so all the time."""
    url = world.feed("/feed", world.reply(status=304))
    (report,) = world.poll(url)
    assert report.outcome is Outcome.ERROR
    world.runs(days=1)
    assert len(world.asked(url)) < 8


def test_11_there_is_no_refetch_just_in_case(world: Any) -> None:
    """In half a year of a feed that never changes, the document is asked for once."""
    url = world.feed("/feed")
    world.runs(days=180)
    sent = [request.get("If-None-Match") for request in world.asked(url)]
    assert len(sent) > 180
    assert sent.count(None) == 1
