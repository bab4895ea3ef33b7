"""Claims for a fleet's jobs: hosts at rest only, as much as a job carries, known by their lease."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from aggregator.config.settings import FeedSettings

if TYPE_CHECKING:
    from collections.abc import Callable

    from postgres_server import PostgresServer

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
UNTIL = NOON + HOUR
LEASE = round(UNTIL.timestamp() * 1000)


@pytest.fixture
def store(postgres: PostgresServer, opened: Callable[..., Any]) -> Any:
    """Return a store whose queue is ready."""
    pytest.importorskip("procrastinate")
    from procrastinate.schema import SchemaManager  # noqa: PLC0415 - an extra

    store = opened(postgres.ready())
    for _ in range(2):  # whoever comes second finds it made
        with store.transaction() as tx:
            tx.queue.prepare(SchemaManager.get_schema())
    return store


def _sync(store: Any, *urls: str) -> None:
    with store.transaction() as tx:
        tx.feeds.sync({url: FeedSettings(url=url) for url in urls}, NOON)


def _claim(store: Any, now: datetime = NOON, until: datetime = UNTIL, **most: int) -> Any:
    with store.transaction() as tx:
        return tx.queue.claim(now, until, **{"hosts": 99, "per_host": 99, "most": 999, **most})


def _of(*hosts: str, feeds: int = 1) -> list[str]:
    return [f"https://{host}.example/{number}" for host in hosts for number in range(feeds)]


def test_what_a_host_has_due_comes_together(store: Any) -> None:
    """All hosts at rest are claimed, each with its due requests, up to what one job carries."""
    _sync(store, *_of("a", "b", feeds=5))
    claims = _claim(store, per_host=3)
    assert {host: len(keys) for host, keys in claims.items()} == {"a.example": 3, "b.example": 3}


def test_a_host_whose_requests_are_held_is_left_alone(store: Any) -> None:
    """Until all of a claim is done or its lease is over, nothing more of that host is claimed."""
    _sync(store, *_of("a", feeds=3))
    (keys,) = _claim(store, per_host=2).values()
    assert _claim(store) == {}
    with store.transaction() as tx:
        tx.requests.give_back(tx.queue.claimed(keys[:1], LEASE))
    assert _claim(store) == {}
    assert sum(map(len, _claim(store, UNTIL + HOUR, UNTIL + 2 * HOUR).values())) == 3


def test_a_host_that_waits_in_the_queue_is_left_alone(store: Any) -> None:
    """A job that waits already keeps its host from being claimed once more."""
    _sync(store, *_of("a", "b"))
    with store.transaction() as tx:
        tx.queue.defer(
            lambda db: db.execute(
                "INSERT INTO procrastinate_jobs (queue_name, task_name, lock, queueing_lock)"
                " VALUES ('polling', 'poll_host', 'a.example', 'a.example')"
            )
        )
        assert tx.queue.waiting("polling") == 1
    assert list(_claim(store)) == ["b.example"]


def test_the_longest_due_hosts_come_first(store: Any) -> None:
    """Where there is room for few hosts, those come whose requests have been due for longest."""
    urls = _of("a", "b", "c")
    _sync(store, *urls)
    with store.transaction() as tx:
        for minutes, url in enumerate(reversed(urls)):
            tx.queue.defer(
                lambda db, url=url, minutes=minutes: db.execute(
                    "UPDATE request SET due_at = due_at - %s WHERE feed = (SELECT id FROM feed WHERE url = %s)",
                    [60_000 * (3 - minutes), url],
                )
            )
    assert set(_claim(store, hosts=2)) == {"c.example", "b.example"}


def test_no_more_than_are_wanted(store: Any) -> None:
    """However many hosts have something due, no more requests are taken than are wanted in all."""
    _sync(store, *_of("a", "b", "c", feeds=5))
    assert sum(map(len, _claim(store, most=4).values())) == 4
    with store.snapshot() as tx:
        assert (tx.queue.under_way(NOON), tx.queue.under_way(UNTIL)) == (4, 0)


def test_what_is_left_of_a_claim(store: Any) -> None:
    """Whoever runs a job a second time finds what was not done; a claim that is over gives nothing."""
    _sync(store, *_of("a", feeds=3))
    (keys,) = _claim(store).values()
    with store.transaction() as tx:
        requests = tx.queue.claimed(keys, LEASE)
        tx.requests.give_back(requests[:1])
    assert [request.feed.url for request in requests] == _of("a", feeds=3)
    with store.snapshot() as tx:
        assert tx.queue.claimed(keys, LEASE) == requests[1:]
        assert tx.queue.claimed(keys, LEASE + 1) == []


def test_a_site_that_rests_is_left_alone(store: Any) -> None:
    """What a site has due waits for the end of its pause."""
    _sync(store, *_of("a", "b"))
    with store.transaction() as tx:
        tx.requests.pause_site("a.example", NOON + HOUR, "429")
    assert list(_claim(store)) == ["b.example"]


def test_how_workers_do(store: Any) -> None:
    """Workers that have been heard of lately are counted, and jobs by what becomes of them."""
    with store.transaction() as tx:
        tx.queue.defer(
            lambda db: db.execute(
                "INSERT INTO procrastinate_workers (last_heartbeat) VALUES (now()), (now() - interval '1 minute');"
                "INSERT INTO procrastinate_jobs (queue_name, task_name, status, attempts) VALUES"
                " ('q', 't', 'todo', 0), ('q', 't', 'todo', 1), ('q', 't', 'failed', 3)"
            )
        )
    with store.snapshot() as tx:
        fleet = tx.fleet
    assert (fleet.workers, fleet.waiting, fleet.running, fleet.again, fleet.failed) == (1, 2, 0, 1, 1)


def test_where_no_worker_has_polled(postgres: PostgresServer, opened: Callable[..., Any]) -> None:
    """A database without a queue has no fleet."""
    with opened(postgres.ready()).snapshot() as tx:
        assert tx.fleet is None
