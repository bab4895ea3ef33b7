"""The fleet's queue of jobs (Procrastinate): one job carries what is due of one host.

The queue lives in the database, and a job is put there in the transaction that claims its requests. No two jobs of a
host run at a time (`lock`), nor wait (`queueing_lock`).
"""

from __future__ import annotations

import asyncio
import logging
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Protocol, Self

import structlog
from procrastinate import App, PsycopgConnector, RetryStrategy, SyncPsycopgConnector
from procrastinate.exceptions import ConnectorException, UniqueViolation
from procrastinate.jobs import Job, Status
from procrastinate.schema import SchemaManager

from aggregator.run.clock import utc_now
from aggregator.store.postgres.queue import DEAD_AFTER
from aggregator.store.rows import to_ms

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from aggregator.store.postgres.connection import Connection
    from aggregator.store.postgres.store import PostgresStore

_log = structlog.get_logger(__name__)

POLLING, UPKEEP = "polling", "upkeep"
"""Queues: of hosts, and of what keeps the fleet going."""
_POLL_HOST = "poll_host"
_URGENT = 100
"""Priority of what keeps the fleet going: it does not wait behind polls."""
CLAIM = timedelta(hours=1)
"""A claim outlives a job that waits, or whose worker died; whatever becomes of its job, its requests are due again."""
DEPTH = 2_000
"""Jobs that may wait: what is due beyond them stays where it is found by an index."""
PER_JOB = 50
"""Requests of one job, so that a giant host takes turns with itself, and a stop is never far."""
HEARTBEAT = 5.0
_TRIES = 3
_PATIENCE = 20.0
"""Seconds in which jobs may end when a worker stops."""


class Works(Protocol):
    """What carries jobs out (run.fleet.worker.Worker)."""

    async def poll_host(self, keys: list[int], lease: int) -> None:
        """Poll what is left of a claim."""

    async def tick(self) -> None:
        """Claim what is due, and put it into the queue."""


def job_of(host: str, keys: Sequence[int], until: datetime) -> Job:
    """Return the job for a host's claim; few requests go before many, so that a giant keeps no one waiting."""
    return Job(
        queue=POLLING,
        task_name=_POLL_HOST,
        priority=-(len(keys).bit_length()),
        lock=host,
        queueing_lock=host,
        task_kwargs={"keys": list(keys), "lease": to_ms(until)},
    )


class Queue:
    """Puts jobs into the queue and takes them out; an async context manager."""

    def __init__(self, url: str, works: Works) -> None:
        """`works` carries out what is taken."""
        self._app = App(connector=PsycopgConnector(conninfo=url, kwargs={"application_name": "aggregator queue"}))
        self._manager = App(connector=SyncPsycopgConnector(conninfo=url)).job_manager  # on the store's connection
        for name, level in (("procrastinate", logging.ERROR), ("procrastinate.worker.worker", logging.CRITICAL)):
            logging.getLogger(name).setLevel(level)  # that it lost the database is told by whoever works
        self._register(works)

    def _register(self, works: Works) -> None:
        app = self._app
        again = RetryStrategy(max_attempts=_TRIES, exponential_wait=5)

        @app.task(name=_POLL_HOST, queue=POLLING, retry=again)
        async def poll_host(keys: list[int], lease: int) -> None:
            await works.poll_host(keys, lease)

        urgent: dict[str, Any] = {"queue": UPKEEP, "priority": _URGENT}

        @app.periodic(cron="* * * * * */2")  # the last field: seconds
        @app.task(name="tick", lock="tick", queueing_lock="tick", **urgent)
        async def tick(timestamp: int) -> None:  # noqa: ARG001 - whoever looks late finds what is due
            await works.tick()

        @app.periodic(cron="* * * * * */10")
        @app.task(name="rescue", lock="rescue", queueing_lock="rescue", **urgent)
        async def rescue(timestamp: int) -> None:  # noqa: ARG001 - likewise
            await self.rescue()

    async def __aenter__(self) -> Self:
        await self._app.open_async()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._app.close_async()

    def prepare(self, store: PostgresStore) -> None:
        """Make the queue's tables where there are none."""
        with store.transaction() as tx:
            tx.queue.prepare(SchemaManager.get_schema())

    def fill(self, store: PostgresStore, now: datetime, *, most: int) -> int:
        """Put up to `most` requests that are due into the queue; return how many they were. For the writer's thread."""
        with store.transaction() as tx:
            room = DEPTH - tx.queue.waiting(POLLING)
            if min(room, most) <= 0:
                return 0
            until = now + CLAIM
            claims = tx.queue.claim(now, until, hosts=room, per_host=PER_JOB, most=most)
            tx.queue.defer(lambda connection: self._defer(connection, claims, until))
        return sum(map(len, claims.values()))

    def _defer(self, connection: Connection, claims: Mapping[str, Sequence[int]], until: datetime) -> None:
        if claims:
            jobs = [job_of(host, keys, until) for host, keys in claims.items()]
            self._manager.batch_defer_jobs(jobs, connection=connection)

    async def rescue(self) -> None:
        """Give the jobs of dead workers to others, and end those whose claims are over."""
        manager = self._app.job_manager
        for job in await manager.list_jobs_async(queue=POLLING, status=Status.DOING.value):
            # Its worker lives, but could not say that it was done: the host would wait for ever.
            over = utc_now().timestamp() * 1000 > float(str(job.task_kwargs["lease"]))
            if over and job.id is not None:
                await manager.finish_job_by_id_async(job.id, Status.FAILED, delete_job=True)
        for job in await manager.get_stalled_jobs(seconds_since_heartbeat=DEAD_AFTER):
            _log.warning("job.rescued", task=job.task_name, host=job.lock, job=job.id)
            try:
                await manager.retry_job(job)
            except UniqueViolation:  # a newer one waits, so of this one all is done
                assert job.id is not None  # noqa: S101 - it was read from the table
                await manager.finish_job_by_id_async(job.id, Status.FAILED, delete_job=True)

    async def work(self, concurrency: int, failed: Callable[[Exception], None]) -> None:
        """Carry out jobs until cancelled: what runs then may end. `failed` hears what is wrong with the queue."""
        while True:
            try:
                await self._app.run_worker_async(
                    concurrency=concurrency,
                    install_signal_handlers=False,
                    delete_jobs="successful",
                    fetch_job_polling_interval=1.0,
                    shutdown_graceful_timeout=_PATIENCE,
                    update_heartbeat_interval=HEARTBEAT,
                    stalled_worker_timeout=DEAD_AFTER,
                )
            except ConnectorException as error:
                failed(error)
            else:
                _log.warning("queue.begun_anew")
            await asyncio.sleep(1)
