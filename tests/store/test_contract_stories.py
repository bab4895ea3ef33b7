"""Contract of store.stories.Stories and Kinships, on every backend."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from aggregator.decide.stories.relations import Relation
from aggregator.decide.stories.statistics import Statistics
from aggregator.kinship import Kinship
from aggregator.model import Held, Item
from aggregator.store.stories import Decision

if TYPE_CHECKING:
    from collections.abc import Callable

    from aggregator.store.protocols import Store

    Desk = Any

from datetime import UTC, datetime

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
A, B = "https://a.example/feed", "https://b.example/feed"


@pytest.fixture
def three(desk: Desk, item: Callable[..., Item]) -> list[int]:
    """Return three entries of one source, published an hour apart, the newest stored first."""
    desk.sync(A, B)
    return desk.keep(A, *(item(number, published=NOON - number * HOUR) for number in (1, 2, 3)))


def test_the_oldest_waits_first(store: Store, three: list[int]) -> None:
    """Entries whose story is undecided come oldest published first, with what is compared, and no more than asked."""
    with store.snapshot() as tx:
        waiting = tx.stories.waiting(limit=2)
    assert [one.article.key for one in waiting] == [three[2], three[1]]
    first = waiting[0].article
    assert (first.title, first.text, first.feed, first.story) == ("Headline 3", "Text 3.", A, None)
    assert (first.published, first.canonical) == (NOON - 3 * HOUR, "news.example/3")
    assert waiting[0].founds == waiting[0].until_now != waiting[1].founds


def test_what_is_decided_waits_no_longer(store: Store, three: list[int]) -> None:
    """A decision gives an entry its story, and a reason that can be shown."""
    with store.transaction() as tx:
        story = tx.stories.waiting(limit=9)[0].founds
        tx.stories.decide([Decision(three[2], story, "first")], NOON)
        decision = Decision(three[1], story, "words", 0.5, three[2], ("grok", "xai"), 7)
        tx.stories.decide([decision], NOON + HOUR)
    with store.snapshot() as tx:
        assert [one.article.key for one in tx.stories.waiting(limit=9)] == [three[0]]
        first, second = tx.kinships.members(three[1])
        entry = tx.entries.get("https://news.example/2")
    assert (first.method, first.closest, first.decided_at) == ("first", None, NOON)
    assert (second.method, second.score, second.shared, second.version) == ("words", 0.5, ("grok", "xai"), 7)
    assert (second.closest, second.feed, second.decided_at) == ("https://news.example/3", A, NOON + HOUR)
    assert entry is not None
    assert (entry.story, entry.story_size) == (story, 2)


def test_an_edited_entry_is_looked_at_again(store: Store, desk: Desk, three: list[int], item: Any) -> None:
    """An edit after the decision brings the entry back, marked, until it has been read; the story stays."""
    with store.transaction() as tx:
        tx.stories.decide([Decision(key, "s", "first") for key in three], NOON)
        tx.stories.keep_vectors({three[0]: b"\0" * 8}, "m")
    desk.revise(A, three[0], item(1, title="Another", published=NOON - HOUR))
    with store.transaction() as tx:
        (one,) = tx.stories.waiting(limit=9, model="m")
        assert (one.article.title, one.edited, one.until_now, one.article.vector) == ("Another", True, "s", None)
        tx.stories.read_again([three[0]])
        assert tx.stories.waiting(limit=9) == []


def test_an_edit_before_the_decision_changes_nothing(store: Store, desk: Desk, three: list[int], item: Any) -> None:
    """An undecided entry that is edited stays undecided."""
    desk.revise(A, three[0], item(1, title="Another", published=NOON - HOUR))
    with store.snapshot() as tx:
        assert [one.edited for one in tx.stories.waiting(limit=9)] == [False] * 3


def test_around_takes_a_half_open_span(store: Store, three: list[int]) -> None:
    """Only decided articles from the first moment up to, and without, the last."""
    with store.transaction() as tx:
        tx.stories.decide([Decision(key, "s", "first") for key in three[1:]], NOON)
        found = tx.stories.around(NOON - 3 * HOUR, NOON - 2 * HOUR)
        both = tx.stories.around(NOON - 3 * HOUR, NOON)
    assert [article.key for article in found] == [three[2]]
    assert {article.key for article in both} == set(three[1:])
    assert {article.story for article in both} == {"s"}


def test_linked_finds_decided_articles_of_one_link(store: Store, desk: Desk, three: list[int], item: Any) -> None:
    """Articles with one canonical URL, the oldest first; undecided ones are not among them."""
    same = item(4, guid="x", link="http://www.news.example/1?utm_source=b", published=NOON)
    (other,) = desk.keep(B, same)
    with store.transaction() as tx:
        tx.stories.decide([Decision(three[0], "s", "first")], NOON)
        assert [article.key for article in tx.stories.linked("news.example/1")] == [three[0]]
        tx.stories.decide([Decision(other, "s", "same link")], NOON)
        assert [article.key for article in tx.stories.linked("news.example/1")] == [three[0], other]


def test_an_entry_with_the_link_of_another_waits_as_linked(
    store: Store, desk: Desk, three: list[int], item: Any
) -> None:
    """Whether it pays to look for entries with its link is known of what waits, decided or not."""
    (other,) = desk.keep(B, item(1, guid="tag:other", published=NOON))
    with store.transaction() as tx:
        tx.stories.decide([Decision(three[0], "s", "first")], NOON)
        linked = {one.article.key: one.linked for one in tx.stories.waiting(limit=9)}
    assert linked == {three[1]: False, three[2]: False, other: True}


def test_undecide_lets_all_wait_and_stay(store: Store, three: list[int]) -> None:
    """Every entry is to be decided anew, and meanwhile stays in its story."""
    with store.transaction() as tx:
        tx.stories.decide([Decision(key, "s", "first") for key in three], NOON)
        tx.stories.undecide()
        waiting = tx.stories.waiting(limit=9)
    assert [(one.until_now, one.article.story) for one in waiting] == [("s", None)] * 3


def test_the_latest_statistics_are_returned(store: Store) -> None:
    """None at first, then the newest version with the last entry that it knows."""
    with store.transaction() as tx:
        assert tx.stories.snapshot() is None
        for version in range(1, 6):
            tx.stories.keep_snapshot(Statistics(version, 10 * version, {"grok": 2}), version * 100, NOON)
        found = tx.stories.snapshot()
    assert found is not None
    statistics, through = found
    assert (statistics.version, statistics.documents, statistics.counts, through) == (5, 50, {"grok": 2}, 500)


def test_latest_returns_what_was_stored_last(store: Store, three: list[int]) -> None:
    """The articles stored last, whatever their dates."""
    with store.snapshot() as tx:
        assert [article.key for article in tx.stories.latest(2)] == [three[2], three[1]]


def test_vectors_belong_to_a_model(store: Store, three: list[int]) -> None:
    """A vector comes back as it was for the model that made it, and for no other."""
    vector = np.array([0.6, 0.8], dtype=np.float32)
    with store.transaction() as tx:
        tx.stories.keep_vectors({three[2]: vector.tobytes()}, "one")
        (mine, *_), (theirs, *_) = tx.stories.waiting(limit=1, model="one"), tx.stories.waiting(limit=1, model="two")
    assert mine.article.vector is not None
    assert mine.article.vector.tolist() == vector.tolist()
    assert theirs.article.vector is None


def test_relations_are_seen_from_both_ends(store: Store, three: list[int]) -> None:
    """What a decision relates is shown at either entry, with its direction, and replaced by the next decision."""
    one, two, _ = three
    with store.transaction() as tx:
        tx.stories.decide([Decision(one, "s", "words", relations=(Relation(Kinship.COPY, two),))], NOON)
        (there,), (back,) = tx.kinships.kin(one), tx.kinships.kin(two)
        assert (there.entry_id, there.kind, there.outgoing) == ("https://news.example/2", Kinship.COPY, True)
        assert (back.entry_id, back.kind, back.outgoing) == ("https://news.example/1", Kinship.COPY, False)
        tx.stories.decide([Decision(one, "s", "words")], NOON)
        assert tx.kinships.kin(one) == []


def test_what_the_operator_decided_outlives_a_decision(store: Store, three: list[int]) -> None:
    """Entries put together or kept apart by hand stay so, whichever way round, until that is taken back."""
    one, two, three_ = three
    with store.transaction() as tx:
        tx.kinships.relate([(one, two)], Kinship.TOGETHER, NOON)
        tx.kinships.relate([(one, three_), (one, three_)], Kinship.APART, NOON)
        assert tx.kinships.joined(two) == []
        tx.stories.decide([Decision(one, "s", "first")], NOON)
        assert tx.kinships.joined(two) == [(one, "s")]
        apart = {waiting.article.key: waiting.article.apart for waiting in tx.stories.waiting(limit=9)}
        assert apart == {two: frozenset(), three_: frozenset({one})}
        assert {waiting.article.key: waiting.by_hand for waiting in tx.stories.waiting(limit=9)} == {
            two: True,
            three_: False,
        }
        tx.kinships.sever([(two, one)], Kinship.TOGETHER)
        assert tx.kinships.joined(two) == []
        assert tx.kinships.keys_of_story(one) == [one]


def test_a_withdrawn_entry_is_a_tombstone(store: Store, desk: Desk, item: Any) -> None:
    """Its text is gone, from the search and from its history too; its ids and sightings stay."""
    desk.sync(A)
    (key,) = desk.keep(A, item(1, title="Secret plans", published=NOON))
    desk.revise(A, key, item(1, title="Secret plans again", published=NOON))
    with store.transaction() as tx:
        tx.kinships.withdraw(key, NOON)
    with store.snapshot() as tx:
        entry = tx.entries.get("https://news.example/1")
        assert tx.entries.search("secret", limit=9) == []
        assert tx.entries.revisions(key) == []
    assert entry is not None
    assert entry.held == Held.WITHDRAWN
    assert entry.item == replace(Item(), categories=(), language=entry.item.language)
    assert [sighting.feed for sighting in entry.sightings] == [A]


def test_a_story_is_found_by_its_key(store: Store, three: list[int]) -> None:
    """Each entry is found by the key of the story that it began, whatever story it is in now."""
    with store.transaction() as tx:
        waiting = tx.stories.waiting(limit=9)
        tx.stories.decide([Decision(one.article.key, waiting[0].founds, "words") for one in waiting], NOON)
        found = tx.entries.get(waiting[1].founds)
    assert found is not None
    assert (found.key, found.story) == (three[1], waiting[0].founds)
