"""Contract of store.releases.Editions, on every backend."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from aggregator.store.protocols import Store

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)


def test_each_change_is_counted(store: Store) -> None:
    """An output's number grows with each change that is noted, and only its own; unknown outputs have none."""
    with store.transaction() as tx:
        for name in ("all", "labs"):
            tx.releases.open_output(name, NOON)
        first = tx.editions.all()
        tx.editions.note(["all"])
        tx.editions.note([])
        tx.editions.note({"all", "labs", "nowhere"})
    with store.snapshot() as tx:
        now = tx.editions.all()
    assert {name: now[name] - first[name] for name in now} == {"all": 2, "labs": 1}


def test_what_is_not_written_was_no_change(store: Store) -> None:
    """A transaction that fails leaves the numbers as they were."""
    with store.transaction() as tx:
        tx.releases.open_output("all", NOON)
        before = tx.editions.all()
    with pytest.raises(KeyError), store.transaction() as tx:  # noqa: PT012 - the transaction is what fails
        tx.editions.note(["all"])
        before["nowhere"]
    with store.snapshot() as tx:
        assert tx.editions.all() == before
