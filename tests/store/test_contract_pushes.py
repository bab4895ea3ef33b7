"""Contract of store.pushes.Pushes, on every backend."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from aggregator.config.settings import FeedSettings, Settings
from aggregator.decide.pushing import Offer, Push, State
from aggregator.model import Document, Fetched, Header, Link, Rhythm
from aggregator.settle import Chance, Result, settle
from aggregator.store.pushes import PushCount

if TYPE_CHECKING:
    from conftest import Desk

    from aggregator.store.protocols import Store

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
A, B, C = (f"https://{name}.example/feed" for name in "abc")
HUB, OTHER, BASE = "https://hub.example/", "https://other.example:8443/", "https://we.example/"


@pytest.fixture
def keys(desk: Desk) -> tuple[int, int, int]:
    """Return the keys of three sources."""
    desk.sync(A, B, C)
    return desk.feed(A).key, desk.feed(B).key, desk.feed(C).key


def _want(
    store: Store, feed: int, hub: str | None = HUB, topic: str = A, base: str = BASE, at: datetime = NOON
) -> None:
    with store.transaction() as tx:
        tx.pushes.want(feed, None if hub is None else Offer(hub, topic), base, at)


def _of(store: Store, feed: int) -> Push | None:
    with store.snapshot() as tx:
        return tx.pushes.of(feed)


def _ask(store: Store, feed: int, name: str) -> Push:
    """Let a hub be asked under a name; return the subscription."""
    push = _of(store, feed)
    assert push is not None
    asked = replace(push, name=name, secret="hush", state=State.ASKED, due_at=NOON + HOUR)
    with store.transaction() as tx:
        tx.pushes.keep(asked)
    return asked


def test_what_is_wanted_is_due_at_once(store: Store, keys: tuple[int, int, int]) -> None:
    """It comes back whole; wanted once more it stays as it is."""
    _want(store, keys[0])
    push = _of(store, keys[0])
    assert push is not None
    assert push == Push(push.key, keys[0], HUB, A, BASE, State.WANTED, due_at=NOON)
    asked = _ask(store, keys[0], "one")
    _want(store, keys[0], at=NOON + HOUR)
    assert _of(store, keys[0]) == asked
    assert _of(store, keys[1]) is None
    with store.snapshot() as tx:
        assert tx.pushes.get(push.key) == asked
        assert tx.pushes.get(push.key + 9) is None
        assert tx.pushes.named("one") == (asked, A)
        assert tx.pushes.named("two") is None


def test_all_of_a_subscription_is_kept(store: Store, keys: tuple[int, int, int]) -> None:
    """Times to the millisecond, counts, words, and what is waited for."""
    _want(store, keys[0])
    push = _of(store, keys[0])
    assert push is not None
    whole = replace(
        push, name="n", secret="s", state=State.VERIFIED, due_at=NOON + HOUR, tries=3, verified_at=NOON,
        lease_until=NOON + 2 * HOUR, delivered=4, missed=5, streak=6, refused=7, suspects=frozenset({"a", "b"}),
        suspected_at=NOON + MINUTE, last_delivery=NOON + 2 * MINUTE, why="é",
    )  # fmt: skip
    with store.transaction() as tx:
        tx.pushes.keep(whole)
    assert _of(store, keys[0]) == whole
    with store.transaction() as tx:
        tx.pushes.drop(whole)
    assert _of(store, keys[0]) is None


@pytest.mark.parametrize("change", [{"hub": OTHER}, {"topic": B}, {"base": "https://moved.example/"}])
def test_another_offer_takes_the_place(store: Store, keys: tuple[int, int, int], change: dict[str, str]) -> None:
    """Another hub, topic or address of ours is a subscription of its own, and the one before is left."""
    _want(store, keys[0])
    asked = _ask(store, keys[0], "one")
    _want(store, keys[0], at=NOON + HOUR, **change)
    new = _of(store, keys[0])
    assert new is not None
    assert (new.state, new.due_at, new.name) == (State.WANTED, NOON + HOUR, None)
    with store.snapshot() as tx:
        left, _ = tx.pushes.named("one") or (None, "")
        assert left == replace(asked, state=State.LEAVING, due_at=NOON + HOUR, tries=0)
        assert tx.pushes.all() == {keys[0]: new}


def test_what_is_offered_no_more_is_left(store: Store, keys: tuple[int, int, int]) -> None:
    """Others stay as they are, and what is being left stays so, whatever is wanted later."""
    for key in keys[:2]:
        _want(store, key)
    _ask(store, keys[0], "one")
    _want(store, keys[0], None, at=NOON + MINUTE)
    _want(store, keys[0], None, at=NOON + HOUR)
    _want(store, keys[0], at=NOON + HOUR)
    with store.snapshot() as tx:
        left, _ = tx.pushes.named("one") or (None, "")
        assert left is not None
        assert (left.state, left.due_at) == (State.LEAVING, NOON + MINUTE)
        assert tx.pushes.all().keys() == {keys[0], keys[1]}
        assert tx.pushes.count() == PushCount({State.LEAVING: 1, State.WANTED: 2}, 0, 0, 0)


def test_hubs_are_asked_in_turn(store: Store, keys: tuple[int, int, int]) -> None:
    """The longest due first, so many of one host, none that is not due."""
    for number, (key, hub) in enumerate(zip(keys, (HUB, f"{HUB}again", OTHER), strict=True)):
        _want(store, key, hub, at=NOON + number * MINUTE)
    later = NOON + HOUR

    def due(now: datetime, limit: int = 9, per_host: int = 9) -> list[int]:
        with store.snapshot() as tx:
            return [push.feed for push in tx.pushes.due(now, limit=limit, per_host=per_host)]

    assert due(NOON - MINUTE) == []
    assert due(NOON) == [keys[0]]
    assert due(later) == list(keys)
    assert due(later, limit=2) == list(keys[:2])
    assert due(later, per_host=1) == [keys[0], keys[2]]
    asked = _ask(store, keys[0], "one")
    with store.transaction() as tx:
        tx.pushes.keep(replace(asked, due_at=None))
    assert due(later + HOUR) == list(keys[1:])


def test_counts(store: Store, keys: tuple[int, int, int]) -> None:
    """Entries and deliveries of all hubs add up; without any there is nothing."""
    with store.snapshot() as tx:
        assert tx.pushes.count() == PushCount({}, 0, 0, 0)
    for key in keys[:2]:
        _want(store, key)
        push = _of(store, key)
        assert push is not None
        with store.transaction() as tx:
            tx.pushes.keep(replace(push, delivered=2, missed=3, refused=4))
    with store.snapshot() as tx:
        assert tx.pushes.count() == PushCount({State.WANTED: 2}, 4, 6, 8)


def test_a_feed_that_brought_something(store: Store, desk: Desk, keys: tuple[int, int, int]) -> None:
    """Its rhythm and its latest news are kept; what polls know of it stays."""
    feed = desk.feed(A)
    rhythm = Rhythm(1.5, 2.5, NOON)
    with store.transaction() as tx:
        tx.pushes.brought(feed, rhythm, NOON)
    assert desk.feed(A) == replace(feed, rhythm=rhythm, last_new=NOON)


def test_whose_documents_name_hubs(store: Store, desk: Desk, settings: Settings) -> None:
    """Sources of the configuration whose last document named a hub; not those that only link to themselves."""
    for url, rel in ((A, "hub"), (B, "self"), (C, "hub")):
        with store.transaction() as tx:
            (request,) = tx.requests.claim([url], NOON, lease=MINUTE)
            document = Document(Header(title='"rel":"hub"', links=(Link(HUB, rel),)), ())
            settle(tx, Result(request, NOON, Fetched(url, 200, NOON), document, "h"), settings, Chance(0))
    desk.sync(A, B)
    with store.snapshot() as tx:
        (found,) = tx.pushes.offering()
    assert found == desk.feed(A)


@pytest.fixture
def settings(desk: Desk) -> Settings:
    """Return settings of three sources, which are taken over."""
    made = Settings(feeds=tuple(FeedSettings(url=url) for url in (A, B, C)))
    desk.sync(*made.sources)
    return made
