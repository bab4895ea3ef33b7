"""The contract of protocols.Gaps, on every backend."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from aggregator.config.settings import FeedSettings
from aggregator.decide.cadence import NextPoll
from aggregator.decide.gaps import Mark
from aggregator.losses import Flood, Gap
from aggregator.model import RequestKind

if TYPE_CHECKING:
    from collections.abc import Callable

    from aggregator.model import Item, Request

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
A, B = "https://a.example/feed", "https://b.example/feed"
PAGE = "https://archive.a.example:8443/2"
GAP = Gap(
    at=NOON, before=NOON - HOUR, least=1, likely=2, most=3, since=NOON - 2 * HOUR, until=NOON, window=HOUR, times=2,
    recovered=4, page=PAGE, routes=("x",), asked=("y", "z"), tries=1, ended=NOON, repaired=True, outcome="é",
)  # fmt: skip


def _claim(desk: Any, url: str = A, now: datetime = NOON) -> Request | None:
    with desk.store.transaction() as tx:
        found: Request | None = tx.requests.claim_page(url, now, lease=HOUR)
    return found


def _ask(desk: Any, page: str = PAGE, url: str = A, now: datetime = NOON) -> None:
    feed = desk.feed(url)
    with desk.store.transaction() as tx:
        tx.gaps.ask(feed, page, now, "test")


def test_what_is_kept_of_a_gap(desk: Any) -> None:
    """A gap comes back as it was kept; those that were noticed and what was recovered are counted for ever."""
    desk.sync(A, B)
    feed = desk.feed(A)
    assert (feed.gap, feed.gaps, feed.recovered) == (None, 0, 0)
    with desk.store.transaction() as tx:
        tx.gaps.note(feed, GAP, noticed=True)
        tx.gaps.note(feed, replace(GAP, ended=None), recovered=5)
        tx.gaps.note(feed, GAP)
    feed = desk.feed(A)
    assert (feed.gap, feed.gaps, feed.recovered) == (GAP, 1, 5)
    assert desk.feed(B).gap is None


def test_what_is_kept_of_a_flood(desk: Any) -> None:
    """A flood is kept until it is over."""
    desk.sync(A)
    feed = desk.feed(A)
    with desk.store.transaction() as tx:
        tx.gaps.note_flood(feed, Flood(NOON, 80))
    assert desk.feed(A).flood == Flood(NOON, 80)
    with desk.store.transaction() as tx:
        tx.gaps.note_flood(feed, None)
    assert desk.feed(A).flood is None


def test_what_was_listed(desk: Any, item: Callable[..., Item]) -> None:
    """The last document's entries have guid or link, title, and the date that the publisher gave."""
    desk.sync(A, B)
    desk.keep(A, item(1), at=NOON - HOUR)
    desk.keep(A, item(2, published=NOON - 9 * HOUR), item(3, guid=None))
    desk.keep(B, item(4), at=NOON + HOUR)
    feed = desk.feed(A)
    with desk.store.snapshot() as tx:
        assert sorted(tx.gaps.last_listed(feed), key=lambda mark: mark.title) == [
            Mark("https://news.example/2", "Headline 2", NOON - 9 * HOUR),
            Mark("https://news.example/3", "Headline 3", None),
        ]
        keys = [f"g:https://news.example/{number}" for number in (1, 2, 4, 9)]
        assert tx.gaps.listed_by(feed, keys, NOON) == set(keys[:2])
        assert tx.gaps.listed_by(feed, keys, NOON - HOUR) == {keys[0]}
        assert tx.gaps.listed_by(feed, [], NOON) == set()


def test_what_is_flooded(desk: Any, item: Callable[..., Item]) -> None:
    """A feed's flood is what it lists that is held back as one."""
    desk.sync(A, B)
    flooded = desk.keep(A, item(1), item(2), held="flood")
    desk.keep(A, item(3), held="backlog")
    desk.keep(A, item(4))
    desk.keep(B, item(5), held="flood")
    feed = desk.feed(A)
    with desk.store.snapshot() as tx:
        assert tx.gaps.flooded(feed) == set(flooded)


def test_a_page_is_a_request(desk: Any) -> None:
    """A page is asked for like anything else: in the one queue, of its own host, once, with what is known of the feed."""
    desk.sync(A)
    (poll,) = desk.claim()
    _ask(desk)
    (archive,) = desk.claim()
    assert (archive.kind, archive.host) == (RequestKind.ARCHIVE, "archive.a.example:8443")
    assert archive.feed.url == A
    assert desk.claim() == []
    assert _claim(desk) is None
    with desk.store.transaction() as tx:
        tx.requests.give_back([archive, poll])
    assert _claim(desk, B) is None
    found = _claim(desk)
    assert found is not None
    assert found.key == archive.key
    with desk.store.transaction() as tx:
        tx.gaps.drop(found.feed)
        tx.requests.void_leases()
    assert [request.kind for request in desk.claim()] == [RequestKind.POLL]


def test_the_next_page(desk: Any) -> None:
    """There is one request a feed: the next page takes the place of the last, and whoever holds it keeps it."""
    desk.sync(A)
    _ask(desk)
    held = _claim(desk)
    assert held is not None
    _ask(desk, "https://other.a.example/3")
    assert _claim(desk) is None
    with desk.store.transaction() as tx:
        tx.requests.give_back([held])
    found = _claim(desk)
    assert found is not None
    assert (found.key, found.host) == (held.key, "other.a.example")


def test_what_a_host_asked_for_binds_it_alone(desk: Any) -> None:
    """Retry-After holds for pages of the host that said it, by whatever way they are claimed."""
    desk.sync(A)
    _ask(desk)
    request = _claim(desk)
    assert request is not None
    with desk.store.transaction() as tx:
        tx.requests.reschedule(request, NextPoll(NOON, "test", NOON + HOUR))
    assert _claim(desk) is None
    _ask(desk, PAGE + "x")
    assert _claim(desk) is None
    _ask(desk, "https://other.a.example/3")
    assert _claim(desk) is not None


def test_when_a_page_is_not_asked(desk: Any) -> None:
    """A page is not claimed before its time, nor while its site rests or its source is switched off."""
    desk.sync(A)
    _ask(desk, now=NOON + HOUR)
    assert _claim(desk) is None
    with desk.store.transaction() as tx:
        tx.requests.pause_site("a.example", NOON + 2 * HOUR, "429")
    assert _claim(desk, now=NOON + HOUR) is None
    desk.sync(FeedSettings(url=A, enabled=False))
    assert _claim(desk, now=NOON + 9 * HOUR) is None
    desk.sync(B)
    assert desk.claim(NOON + 9 * HOUR)[0].feed.url == B
    assert _claim(desk, now=NOON + 9 * HOUR) is None
    desk.sync(A)
    assert _claim(desk, now=NOON + 9 * HOUR) is not None
