"""What an engine knows at its start of the process before it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from aggregator.config.settings import FeedSettings, Polling
from aggregator.model import Outcome
from aggregator.run.engine import rest_at_start
from aggregator.store.protocols import PollRecord

if TYPE_CHECKING:
    from aggregator.store.sqlite.store import SqliteStore

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)
URL = "https://a.example/feed"


@pytest.mark.parametrize(("ago", "rest"), [(None, 0.0), (3.0, 0.0), (1.5, 0.5), (0.0, 2.0), (-3600.0, 2.0)])
def test_hosts_rest_after_a_restart(database: SqliteStore, ago: float | None, rest: float) -> None:
    """Where the last poll ended less than the pause ago, what is left of it; never more, whatever the clock was then."""
    with database.transaction() as tx:
        tx.feeds.sync({URL: FeedSettings(url=URL)}, NOON)
        if ago is not None:
            feed = tx.feeds.get(URL)
            assert feed is not None
            for earlier in (600.0, ago):
                tx.feeds.record(feed, PollRecord(NOON - timedelta(seconds=earlier), Outcome.NOT_MODIFIED))
    found = rest_at_start(database, Polling(host_gap=timedelta(seconds=2)), NOON)
    assert found == timedelta(seconds=rest)
