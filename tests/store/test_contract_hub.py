"""Contract of store.hub.Hub, on every backend."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from aggregator.decide.websub import Intent, Standing, Subscription
from aggregator.store.hub import HubCount

if TYPE_CHECKING:
    from collections.abc import Callable

    from aggregator.store.protocols import Store

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
LATER = NOON + timedelta(days=1)
TOPIC, OTHER = "https://news.example/all.atom", "https://news.example/all.rss"
INTENT = Intent(TOPIC, "https://a.example/cb", "a.example", "subscribe", "first", timedelta(days=1), "hush")


def _due(store: Store, now: datetime = NOON, *, limit: int = 9, per_site: int = 9) -> tuple[list[str], list[str]]:
    """Return the challenges of intents and the callbacks of subscriptions that are due."""
    intents, waiting = _all_due(store, now, limit=limit, per_site=per_site)
    return [one.challenge for one in intents], [one.callback for one in waiting]


def _all_due(
    store: Store, now: datetime, *, limit: int = 9, per_site: int = 9
) -> tuple[list[Intent], list[Subscription]]:
    with store.snapshot() as tx:
        return tx.hub.due(now, limit=limit, per_site=per_site)


def _subscribe(store: Store, *callbacks: str, topic: str = TOPIC, site: str = "a.example") -> None:
    """Let callbacks confirm, who know the version v1."""
    for callback in callbacks:
        intent = replace(INTENT, topic=topic, callback=callback, challenge=f"{topic}{callback}", site=site)
        with store.transaction() as tx:
            tx.hub.ask(intent, NOON)
            tx.hub.confirm(intent, LATER, "v1")


def _news(store: Store, version: str, now: datetime = NOON, topic: str = TOPIC) -> int:
    with store.transaction() as tx:
        return tx.hub.news(topic, version, now)


def test_an_intent_is_due_until_it_is_settled(store: Store) -> None:
    """What is to be asked comes back whole, later when it is put off, and never when it is forgotten."""
    with store.transaction() as tx:
        tx.hub.ask(INTENT, NOON)
    assert _all_due(store, NOON - MINUTE) == ([], [])
    assert _all_due(store, NOON) == ([INTENT], [])
    with store.transaction() as tx:
        tx.hub.put_off(INTENT, NOON + MINUTE)
    assert _due(store) == ([], [])
    assert _all_due(store, NOON + MINUTE) == ([replace(INTENT, tries=1)], [])
    with store.transaction() as tx:
        tx.hub.put_off(INTENT, None)
    assert _due(store, LATER) == ([], [])


def test_a_later_intent_replaces_an_earlier_one(store: Store) -> None:
    """Of one topic and callback only the last request counts; what becomes of the earlier changes nothing."""
    leaving = replace(INTENT, mode="unsubscribe", challenge="second", secret=None)
    with store.transaction() as tx:
        tx.hub.ask(INTENT, NOON)
        tx.hub.ask(leaving, NOON)
        tx.hub.put_off(INTENT, None)
    assert _all_due(store, NOON) == ([leaving], [])


def test_a_subscription_lasts_until_it_is_ended(store: Store) -> None:
    """Confirming makes, renews and ends it; a renewal takes over secret and lease, not what was told."""
    _subscribe(store, INTENT.callback)
    assert _due(store) == ([], [])
    _news(store, "v2")
    renewed = replace(INTENT, challenge="again", secret="new")
    with store.transaction() as tx:
        tx.hub.ask(renewed, NOON)
        tx.hub.confirm(renewed, LATER + MINUTE, "v2")
    ((), (told,)) = _all_due(store, NOON)
    assert (told.secret, told.expires_at, told.site) == ("new", LATER + MINUTE, "a.example")
    leaving = replace(INTENT, mode="unsubscribe", challenge="second")
    with store.transaction() as tx:
        tx.hub.ask(leaving, NOON)
        tx.hub.confirm(leaving, LATER, "")
        assert tx.hub.count() == HubCount(0, 0, 0, 0)


def test_news_are_told_once(store: Store) -> None:
    """Each subscription of a document is due when its version changes, only then, until it was told."""
    _subscribe(store, "https://a.example/1", "https://a.example/2")
    _subscribe(store, "https://a.example/3", topic=OTHER)
    assert _news(store, "v1") == 0
    assert _news(store, "v2") == 2
    assert _news(store, "v2", NOON + MINUTE) == 0
    (_, (one, two)) = _all_due(store, NOON)
    assert (one.callback, two.callback) == ("https://a.example/1", "https://a.example/2")
    with store.transaction() as tx:
        tx.hub.told(one, "v2")
    assert _due(store) == ([], ["https://a.example/2"])


def test_news_during_a_delivery_are_told_too(store: Store) -> None:
    """What became new while an older version was under way is due at once; a version that was told already is not."""
    _subscribe(store, INTENT.callback)
    _news(store, "v2")
    (_, (one,)) = _all_due(store, NOON)
    _news(store, "v3")
    with store.transaction() as tx:
        tx.hub.told(one, "v2")
    assert _due(store) == ([], [INTENT.callback])
    assert _news(store, "v2") == 1
    assert _due(store) == ([], [])


def test_a_failed_delivery_is_due_again(store: Store) -> None:
    """It is due when it is said to be, with its history; newer content does not hasten it; success clears it."""
    _subscribe(store, INTENT.callback)
    _news(store, "v2")
    for number in (1, 2):
        (_, (one,)) = _all_due(store, NOON + number * MINUTE)
        with store.transaction() as tx:
            tx.hub.failed(one, NOON + number * MINUTE, NOON + (number + 1) * MINUTE)
    _news(store, "v3", NOON + 2 * MINUTE)
    assert _due(store, NOON + 2 * MINUTE) == ([], [])
    (_, (one,)) = _all_due(store, NOON + 3 * MINUTE)
    assert (one.tries, one.failing_since) == (2, NOON + MINUTE)
    with store.snapshot() as tx:
        assert tx.hub.count() == HubCount(asked=0, active=1, waiting=1, failing=1)
    with store.transaction() as tx:
        tx.hub.told(one, "v3")
        assert tx.hub.count() == HubCount(asked=0, active=1, waiting=0, failing=0)


def test_a_subscription_that_fails_for_good_ends(store: Store) -> None:
    """Without another try there is no subscription."""
    _subscribe(store, INTENT.callback)
    _news(store, "v2")
    (_, (one,)) = _all_due(store, NOON)
    with store.transaction() as tx:
        tx.hub.failed(one, NOON, None)
        assert tx.hub.count().active == 0


def test_one_site_does_not_hold_up_the_others(store: Store) -> None:
    """Of one site only so many are given out, the longest due first, and of all only so many."""
    _subscribe(store, *(f"https://a.example/{number}" for number in range(4)))
    _news(store, "v2")
    _subscribe(store, "https://b.example/", site="b.example")
    _news(store, "v3", NOON + MINUTE)
    found = ["https://a.example/0", "https://a.example/1", "https://b.example/"]
    assert _due(store, LATER, per_site=2) == ([], found)
    assert _due(store, LATER, per_site=2, limit=2) == ([], found[:2])
    with store.transaction() as tx:
        for number in range(3):
            tx.hub.ask(replace(INTENT, callback=f"c{number}", challenge=f"c{number}"), NOON)
    assert _due(store, LATER, per_site=2)[0] == ["c0", "c1"]


def test_what_is_over_goes(store: Store) -> None:
    """A lease that is over ends in silence; subscriptions of other topics end, and are named."""
    _subscribe(store, "https://a.example/1")
    _subscribe(store, "https://a.example/2", topic=OTHER)
    with store.transaction() as tx:
        assert tx.hub.keep_only([TOPIC, OTHER], NOON) == []
        (ended,) = tx.hub.keep_only({TOPIC}, NOON)
        assert (ended.topic, ended.callback) == (OTHER, "https://a.example/2")
        assert tx.hub.count().active == 1
        assert tx.hub.keep_only([TOPIC], LATER) == []
        assert tx.hub.count().active == 0
        assert tx.hub.keep_only([], LATER) == []


def test_standing_counts_each_subscription_once(store: Store, open_store: Callable[[], Store]) -> None:
    """What is asked and subscribed is one, of each site and in all; who is told of an end takes no place."""
    _subscribe(store, INTENT.callback, "https://a.example/2")
    _subscribe(store, "https://b.example/", site="b.example")
    with store.transaction() as tx:
        tx.hub.ask(INTENT, NOON)  # a renewal
        tx.hub.ask(replace(INTENT, callback="https://a.example/3", challenge="3"), NOON)
        tx.hub.ask(replace(INTENT, callback="https://a.example/4", challenge="4", mode="denied"), NOON)
    with open_store().snapshot() as tx:
        assert tx.hub.standing(TOPIC, INTENT.callback, "a.example") == Standing(True, 4, 3, 2)
        assert tx.hub.standing(TOPIC, "https://a.example/3", "a.example").known
        assert tx.hub.standing(OTHER, INTENT.callback, "c.example") == Standing(False, 4, 0, 0)
        assert tx.hub.count() == HubCount(asked=2, active=3, waiting=0, failing=0)
