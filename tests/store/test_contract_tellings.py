"""Contract of store.stories.Tellings, on every backend."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from aggregator.config.settings import FeedSettings
from aggregator.decide.stories.relations import Relation
from aggregator.kinship import Kinship
from aggregator.store.stories import Decision

if TYPE_CHECKING:
    from collections.abc import Callable

    from aggregator.model import Item
    from aggregator.store.protocols import Store

    Desk = Any

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
A, B = "https://a.example/feed", "https://b.example/feed"


@pytest.fixture
def pair(store: Store, desk: Desk, item: Callable[..., Item]) -> list[int]:
    """Return two entries of two sources that are decided to be one story, and known to an output."""
    desk.sync(FeedSettings(url=A, title="The A", rank=2), B)
    keys = desk.keep(A, item(1, published=NOON - HOUR, language="en"))
    keys += desk.keep(B, item(2, published=NOON, language="fr"))
    with store.transaction() as tx:
        tx.releases.open_output("stories", NOON)
        tx.stories.decide([Decision(key, "s", "words") for key in keys], NOON)
    return keys


def test_nothing_is_due_before_its_time(store: Store, pair: list[int]) -> None:
    """A story is due when its first entry is, and then it comes whole, the oldest published first."""
    with store.transaction() as tx:
        tx.tellings.add("stories", pair[:1], NOON + HOUR)
        tx.tellings.add("stories", pair[1:], NOON + 2 * HOUR)
        assert tx.tellings.due(NOON) == []
        (due,) = tx.tellings.due(NOON + HOUR)
        assert tx.tellings.of(pair) == {key: {"stories"} for key in pair}
    assert (due.output, due.story, due.as_of, due.told) == ("stories", "s", None, False)
    assert [(one.key, one.published, one.rank, one.feed) for one in due.tellers] == [
        (pair[0], NOON - HOUR, 2, A),
        (pair[1], NOON, 5, B),
    ]


def test_an_undecided_entry_is_not_due(store: Store, pair: list[int]) -> None:
    """An entry waits until its story is decided."""
    with store.transaction() as tx:
        tx.tellings.add("stories", pair, NOON)
        tx.stories.undecide()
        assert tx.tellings.due(NOON) == []


def test_what_is_told_is_not_due_again(store: Store, pair: list[int]) -> None:
    """Told entries are not due; a later one of the story is, marked as told; one that was dropped is forgotten."""
    with store.transaction() as tx:
        tx.tellings.add("stories", pair[:1], NOON)
        tx.releases.append("stories", pair[:1], NOON)
        tx.tellings.told("stories", pair[:1])
        tx.tellings.add("stories", pair, NOON)
        (due,) = tx.tellings.due(NOON)
        assert (due.told, [one.key for one in due.tellers]) == (True, pair[1:])
        tx.tellings.drop("stories", pair[1:])
        assert tx.tellings.due(NOON) == []
        assert tx.tellings.of(pair) == {pair[0]: {"stories"}}


def test_what_is_no_news_is_dated_back(store: Store, pair: list[int]) -> None:
    """A story is dated by the earliest of its entries that an output has had, or would have had; news is not dated."""
    with store.transaction() as tx:
        tx.tellings.add("stories", pair[1:], NOON, as_of=NOON - HOUR)
        (old,) = tx.tellings.due(NOON)
        tx.tellings.add("stories", pair[:1], NOON)
        (news,) = tx.tellings.due(NOON)
        tx.tellings.told("stories", pair)
        tx.tellings.orphaned(NOON + HOUR, {"s"})
        (orphans,) = tx.tellings.due(NOON + HOUR)
    assert [old.as_of, news.as_of, orphans.as_of] == [NOON - HOUR, None, NOON - HOUR]


def _told_of_both(store: Store, pair: list[int]) -> None:
    with store.transaction() as tx:
        tx.tellings.add("stories", pair, NOON)
        tx.releases.append("stories", pair[:1], NOON)
        tx.tellings.told("stories", pair)


def test_an_entry_whose_lead_has_gone_is_due_again(store: Store, pair: list[int]) -> None:
    """A story without a released lead is due, when all its entries are decided; one with a lead is not."""
    _told_of_both(store, pair)
    with store.transaction() as tx:
        tx.tellings.orphaned(NOON, {"s"})
        assert tx.tellings.due(NOON) == []
        tx.stories.undecide()
        tx.stories.decide([Decision(pair[0], "other", "by hand")], NOON)
        tx.tellings.orphaned(NOON, {"s", "other"})
        tx.stories.decide([Decision(pair[1], "s", "words")], NOON)
        assert tx.tellings.due(NOON) == []
        tx.tellings.orphaned(NOON, {"s"})
        (due,) = tx.tellings.due(NOON)
    assert (due.story, due.told, [one.key for one in due.tellers]) == ("s", False, pair[1:])


def test_a_withdrawn_lead_leads_no_longer(store: Store, pair: list[int]) -> None:
    """When a lead is withdrawn it is no coverage either, and the rest of its story is due."""
    _told_of_both(store, pair)
    with store.transaction() as tx:
        tx.kinships.withdraw(pair[0], NOON)
        tx.tellings.orphaned(NOON, {"s"})
        (due,) = tx.tellings.due(NOON)
        assert tx.tellings.coverage("stories", pair[1:]) == {}
        assert tx.releases.select("stories", limit=9, window=HOUR, ceiling=9) == []
        assert list(tx.releases.of_output("stories")) == []
    assert [one.key for one in due.tellers] == pair[1:]


def test_coverage_is_what_else_an_output_knows_of_a_story(store: Store, pair: list[int]) -> None:
    """Each lead gets the other entries of its story that belong to the output, and what they are to it."""
    _told_of_both(store, pair)
    with store.transaction() as tx:
        relation = Relation(Kinship.TRANSLATION, pair[0])
        tx.stories.decide([Decision(pair[1], "s", "words", relations=(relation,))], NOON)
        assert tx.tellings.coverage("another", pair) == {}
        found = tx.tellings.coverage("stories", pair)
    (one,), (other,) = found[pair[0]], found[pair[1]]
    assert (one.title, one.link, one.language) == ("Headline 2", "https://news.example/2", "fr")
    assert (one.source, one.published, one.kind, one.rank) == (B, NOON, Kinship.TRANSLATION, 5)
    assert (other.source, other.rank, other.kind) == ("The A", 2, Kinship.TRANSLATION)


def test_what_is_held_back_is_no_coverage(store: Store, pair: list[int]) -> None:
    """An entry that is in no output is not told of."""
    _told_of_both(store, pair)
    with store.transaction() as tx:
        tx.entries.set_held(pair[1:], "flood")
        assert tx.tellings.coverage("stories", pair[:1]) == {}


def test_days_are_closed_once(store: Store, pair: list[int]) -> None:
    """A day that is over and has news gets an issue with its releases in order; later days get theirs later."""
    midnight = NOON.replace(hour=0)
    with store.transaction() as tx:
        tx.releases.append("stories", pair[:1], NOON)
        assert not tx.tellings.close_days("stories", midnight)
        assert tx.tellings.close_days("stories", midnight + timedelta(days=1))
        assert not tx.tellings.close_days("stories", midnight + timedelta(days=1))
        tx.releases.append("stories", pair[1:], NOON + timedelta(days=2))
        assert tx.tellings.close_days("stories", midnight + timedelta(days=3))
        issues = tx.tellings.issues("stories", limit=9)
        (newest,) = tx.tellings.issues("stories", limit=1)
    days = [(day, [entry.key for entry in entries]) for day, entries in issues]
    assert days == [(midnight + timedelta(days=2), pair[1:]), (midnight, pair[:1])]
    assert newest[0] == midnight + timedelta(days=2)
