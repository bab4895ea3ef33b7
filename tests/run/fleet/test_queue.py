"""Jobs: what they carry, in which order they are run, and what becomes of those of dead workers."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from aggregator.config.settings import FeedSettings

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from postgres_server import PostgresServer

    from aggregator.run.fleet.queue import Queue

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)
pytest.importorskip("procrastinate")


class Works:
    """Notes what it is given to do."""

    def __init__(self) -> None:
        self.jobs: list[tuple[list[int], int]] = []
        self.ticks = 0
        self.fails = 0

    async def poll_host(self, keys: list[int], lease: int) -> None:
        self.jobs.append((keys, lease))
        if self.fails:
            self.fails -= 1
            raise OSError("no")

    async def tick(self) -> None:
        self.ticks += 1


@pytest.fixture
def filled(postgres: PostgresServer) -> Any:
    """Return an address, and a store that has one host with many sources and two with one each."""
    from aggregator.store.postgres.store import PostgresStore  # noqa: PLC0415 - skipped where it can't be had

    url = postgres.ready()
    store = PostgresStore(url)
    urls = [f"https://giant.example/{n}" for n in range(60)] + ["https://a.example/", "https://b.example/"]
    with store.transaction() as tx:
        tx.feeds.sync({one: FeedSettings(url=one) for one in urls}, NOON)
    yield url, store
    store.close()


def _with_queue(url: str, works: Works, scenario: Callable[[Queue], Awaitable[None]]) -> None:
    from aggregator.run.fleet.queue import Queue  # noqa: PLC0415 - see filled

    async def play() -> None:
        async with asyncio.timeout(30), Queue(url, works) as queue:
            await scenario(queue)

    asyncio.run(play())


async def _work(queue: Queue, until: Callable[[], bool]) -> None:
    task = asyncio.create_task(queue.work(1, lambda error: pytest.fail(str(error))))
    while not until():
        await asyncio.sleep(0.02)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


def test_small_hosts_go_first(filled: Any, postgres: PostgresServer) -> None:
    """One job a host carries what is due of it, at most fifty; the giant's is run last, and deleted like the others."""
    (url, store), works = filled, Works()

    async def scenario(queue: Queue) -> None:
        queue.prepare(store)
        assert queue.fill(store, NOON, most=99) == 52
        assert queue.fill(store, NOON, most=99) == 0
        await _work(queue, lambda: len(works.jobs) == 3)

    _with_queue(url, works, scenario)
    assert [len(keys) for keys, _ in works.jobs] == [1, 1, 50]
    assert {lease for _, lease in works.jobs} == {round((NOON + timedelta(hours=1)).timestamp() * 1000)}
    with postgres.connect(url) as db:
        assert db.execute("SELECT count(*) FROM procrastinate_jobs WHERE queue_name = 'polling'").fetchone() == (0,)


def test_ticks_come_by_themselves(filled: Any) -> None:
    """Whoever works looks for what is due every two seconds."""
    (url, store), works = filled, Works()

    async def scenario(queue: Queue) -> None:
        queue.prepare(store)
        await _work(queue, lambda: works.ticks == 2)

    _with_queue(url, works, scenario)


def test_a_job_that_fails_is_tried_again(filled: Any, postgres: PostgresServer) -> None:
    """It waits for a while, and is counted as tried again; one that fails for the third time is given up, and kept."""
    (url, store), works = filled, Works()
    works.fails = 9

    async def scenario(queue: Queue) -> None:
        queue.prepare(store)
        queue.fill(store, NOON, most=1)
        for tries in range(1, 5):
            await _work(queue, lambda tries=tries: len(works.jobs) == tries)  # type: ignore[misc]
            with store.snapshot() as tx:
                assert (tx.fleet.again, tx.fleet.failed) == ((1, 0) if tries < 4 else (0, 1))
            with postgres.connect(url) as db:
                db.execute("UPDATE procrastinate_jobs SET scheduled_at = now() WHERE status = 'todo'")

    _with_queue(url, works, scenario)


def _of_a_dead_worker(postgres: PostgresServer, url: str, store: Any, queue: Queue) -> None:
    queue.prepare(store)
    queue.fill(store, datetime.now(UTC), most=1)
    with postgres.connect(url) as db:
        db.execute("INSERT INTO procrastinate_workers (last_heartbeat) VALUES (now() - interval '1 minute')")
        db.execute(
            "UPDATE procrastinate_jobs SET status = 'doing', worker_id = (SELECT max(id) FROM procrastinate_workers)"
        )


def test_the_job_of_a_dead_worker_is_run_by_another(filled: Any, postgres: PostgresServer) -> None:
    """A worker that has not been heard of for twenty seconds has its jobs taken over."""
    (url, store), works = filled, Works()

    async def scenario(queue: Queue) -> None:
        _of_a_dead_worker(postgres, url, store, queue)
        await queue.rescue()
        await _work(queue, lambda: len(works.jobs) == 1)

    _with_queue(url, works, scenario)


def test_a_newer_job_takes_the_place_of_a_dead_worker_s(filled: Any, postgres: PostgresServer) -> None:
    """Where another job of the same host waits already, the dead worker's is deleted, and the other one runs."""
    (url, store), works = filled, Works()

    async def scenario(queue: Queue) -> None:
        _of_a_dead_worker(postgres, url, store, queue)
        with postgres.connect(url) as db:
            db.execute(
                "INSERT INTO procrastinate_jobs (queue_name, task_name, lock, queueing_lock, args)"
                ' SELECT queue_name, task_name, lock, queueing_lock, \'{"keys": [7], "lease": 7}\''
                " FROM procrastinate_jobs"
            )
        await queue.rescue()
        await _work(queue, lambda: bool(works.jobs))

    _with_queue(url, works, scenario)
    assert works.jobs == [([7], 7)]


def test_a_job_whose_claim_is_over(filled: Any, postgres: PostgresServer) -> None:
    """A job that its worker could not call done, although it lives, keeps its host for no longer than its claim."""
    (url, store), works = filled, Works()

    async def scenario(queue: Queue) -> None:
        queue.prepare(store)
        queue.fill(store, NOON, most=1)
        with postgres.connect(url) as db:
            db.execute("INSERT INTO procrastinate_workers (last_heartbeat) VALUES (now() + interval '1 minute')")
            db.execute(
                "UPDATE procrastinate_jobs SET status = 'doing', worker_id = (SELECT max(id) FROM procrastinate_workers)"
            )
            await queue.rescue()
            assert db.execute("SELECT count(*) FROM procrastinate_jobs").fetchone() == (0,)

    _with_queue(url, works, scenario)


def test_the_queue_may_be_gone_for_a_while(filled: Any, postgres: PostgresServer) -> None:
    """When its connections are cut, work goes on as soon as the server answers."""
    (url, store), works, errors = filled, Works(), []

    async def scenario(queue: Queue) -> None:
        queue.prepare(store)
        task = asyncio.create_task(queue.work(1, errors.append))
        await asyncio.sleep(0.5)
        with postgres.connect(url) as db:
            db.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid() AND application_name <> 'aggregator'"
            )
        queue.fill(store, NOON, most=99)
        while len(works.jobs) < 3:
            await asyncio.sleep(0.02)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    _with_queue(url, works, scenario)
