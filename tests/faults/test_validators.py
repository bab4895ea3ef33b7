"""Servers that get conditional requests wrong."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from aggregator.model import Outcome

if TYPE_CHECKING:
    from collections.abc import Callable

    Answer = Callable[..., bytes]


@dataclass
class Counted:
    """The parser, and how many documents of the faulty server it was given."""

    parser: Any
    documents: int = 0

    async def parse(self, body: bytes, *, url: str, **rest: Any) -> Any:
        """Read a document."""
        self.documents += "faulty" in url
        return await self.parser.parse(body, url=url, **rest)


@pytest.fixture
def counted(world: Any) -> Counted:
    """Return the world's parser, counted."""
    world.parser = Counted(world.parser)
    return world.parser


@pytest.mark.fault("F18")
def test_F18_a_304_that_nobody_asked_for_is_a_failure(world: Any, answer: Answer, rss: Any) -> None:
    """Without validators sent, 304 tells nothing: the feed fails until there is a document."""
    url = world.origin.url()
    world.origin.answers["/feed"] = b'HTTP/1.1 304 Not Modified\r\nETag: "bad"\r\n\r\n'
    world.configure(url)
    world.round().check_healthy()
    feed = world.feed(url)
    assert (feed.error, feed.errors, feed.last_success) == ("304 Not Modified.", 1, None)
    assert (feed.validators.etag, feed.body_hash) == (None, None)
    world.later(hours=1)
    world.origin.answers["/feed"] = answer(rss("one"))
    world.round().check_healthy()
    assert "if-none-match" not in world.origin.seen[-1].headers
    assert (world.titles(url), world.feed(url).errors) == ({"one"}, 0)


@pytest.mark.fault("F18")
@pytest.mark.parametrize("etag", ['"{}"', 'W/"{}"', "{}", '"{}-gzip"'])
def test_F18_an_etag_that_changes_at_every_answer_costs_no_parsing(
    etag: str, world: Any, answer: Answer, rss: Any, counted: Counted
) -> None:
    """The same bytes under ever new ETags are known by their hash: nothing is parsed, nothing is new."""
    url = world.origin.url()
    world.configure(url)
    outcomes = []
    for number in range(5):
        world.origin.answers["/feed"] = answer(rss("one", "two"), f"ETag: {etag.format(number)}")
        told = world.round()
        told.check_healthy()
        outcomes.append((told[url].outcome, told[url].new))
        world.later(hours=2)
    assert outcomes == [(Outcome.NEW, 2), *[(Outcome.UNCHANGED, 0)] * 4]
    assert counted.documents == 1
    sent = [seen.headers.get("if-none-match") for seen in world.origin.seen]
    assert sent == [None, *(etag.format(number) for number in range(4))], "the latest, byte for byte"


@pytest.mark.fault("F18")
@pytest.mark.parametrize("etag", [None, '"e"'])
def test_F18_a_last_modified_in_2041_is_ignored(etag: str | None, world: Any, answer: Answer, rss: Any) -> None:
    """A date that nothing will follow is never sent back; what is new is found."""
    url = world.origin.url()
    headers = ["Last-Modified: Fri, 04 Jan 2041 12:00:00 GMT", *([f"ETag: {etag}"] if etag else [])]
    world.configure(url)
    for titles in (["one"], ["one", "two"], ["one", "two", "three"]):
        world.origin.answers["/feed"] = answer(rss(*titles), *headers)
        world.round().check_healthy()
        assert world.titles(url) == set(titles)
        assert (world.feed(url).validators.etag, world.feed(url).validators.last_modified) == (etag, None)
        world.later(hours=2)
    assert ["if-modified-since" in seen.headers for seen in world.origin.seen] == [False] * 3
    assert [seen.headers.get("if-none-match") for seen in world.origin.seen] == [None, etag, etag]


@pytest.mark.fault("F18")
def test_F18_a_last_modified_of_a_clock_that_is_hours_wrong_is_used(world: Any, answer: Answer, rss: Any) -> None:
    """A server whose clock or time zone is a few hours ahead keeps its validator."""
    url, date = world.origin.url(), "Mon, 04 May 2026 20:00:00 GMT"
    world.origin.answers["/feed"] = answer(rss("one"), f"Last-Modified: {date}")
    world.configure(url)
    for _ in range(2):
        world.round().check_healthy()
        world.later(hours=2)
    assert world.origin.seen[-1].headers["if-modified-since"] == date
