"""Contract of store.lists.Lists, on every backend."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from aggregator.decide.lists import ListState, Remark, Subscription
from aggregator.model import Validators

if TYPE_CHECKING:
    from aggregator.store.protocols import Store

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
A, B = "https://lists.example/a.opml", "https://lists.example/b.opml?key=hush"


def sync(store: Store, *addresses: str, at: datetime = NOON) -> list[ListState]:
    """Make these the configured lists, those with a key private; return them."""
    with store.transaction() as tx:
        tx.lists.sync({address: "?" in address for address in addresses}, at)
        return tx.lists.all()


def test_new_lists_are_due_at_once(store: Store) -> None:
    """Lists stand in the order of the configuration, and a new one is due."""
    assert sync(store, B, A) == [
        ListState(B, private=True, next_at=NOON, reason="never read"),
        ListState(A, next_at=NOON, reason="never read"),
    ]
    assert [state.address for state in sync(store, A, B, at=NOON + HOUR)] == [A, B]
    with store.snapshot() as tx:
        assert tx.lists.get("https://lists.example/none") is None


def test_what_a_reading_taught_is_kept(store: Store) -> None:
    """Every field comes back as it was written, times to the millisecond and never early."""
    (known,) = sync(store, A)
    feed = Subscription("https://a.example/é", 3, "Été", "https://a.example/", ("Labs", "ai"))
    taught = replace(
        known, title="Blogs", feeds=(feed,), remarks=(Remark(7, "no feed"),), validators=Validators('"x"', "then"),
        body_hash="h", last_poll=NOON, last_success=NOON, errors=2, failing_since=NOON, error="No.", remedy="Do.",
        next_at=NOON + HOUR, reason="backoff", not_before=NOON + HOUR,
    )  # fmt: skip
    with store.transaction() as tx:
        tx.lists.record(replace(taught, next_at=NOON + HOUR - timedelta(microseconds=1)))
        assert tx.lists.get(A) == taught
        tx.lists.record(replace(taught, private=True, next_at=None))
        assert tx.lists.all() == [replace(taught, next_at=None)]


def test_a_list_that_returns(store: Store) -> None:
    """A removed list is kept and comes back as it was; due at once where it was not to be read again by itself."""
    for state in sync(store, A, B):
        with store.transaction() as tx:
            tx.lists.record(replace(state, title="kept", next_at=NOON + HOUR if state.address == A else None))
    assert sync(store) == []
    with store.snapshot() as tx:
        assert tx.lists.get(A) is not None
    returned = sync(store, A, B, at=NOON + 2 * HOUR)
    assert [(state.title, state.next_at) for state in returned] == [("kept", NOON + HOUR), ("kept", NOON + 2 * HOUR)]
    with store.transaction() as tx:
        tx.lists.record(replace(returned[0], next_at=None))
    assert [state.next_at for state in sync(store, A, at=NOON + 3 * HOUR)] == [None], "it was there all the time"
