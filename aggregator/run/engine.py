"""The pipeline's parts put together, for the daemon and for a single round of polls."""

from __future__ import annotations

import contextlib
import os
import random
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from aggregator.fetch.client import Client
from aggregator.fetch.hosts import HostQueue
from aggregator.parse.pool import ParserPool
from aggregator.poll import Pipeline, Stages
from aggregator.settle import release_missing

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Collection

    from aggregator.config.settings import Settings
    from aggregator.store.protocols import Store


def utc_now() -> datetime:
    """Return the time."""
    return datetime.now(UTC)


def synchronise(store: Store, settings: Settings, now: datetime) -> None:
    """Make the store's sources and outputs those of the configuration."""
    with store.transaction() as tx:
        tx.feeds.sync(settings.sources, now)
        release_missing(tx, settings, now)


def take_over(store: Store, settings: Settings, now: datetime) -> None:
    """Begin as the one writer: nobody else holds a lease any more."""
    with store.transaction() as tx:
        tx.requests.void_leases()
    synchronise(store, settings, now)


@contextlib.asynccontextmanager
async def engine(
    store: Store, settings: Settings, *, changed: Callable[[Collection[str]], None] = lambda _: None
) -> AsyncIterator[Pipeline]:
    """Start client, parsers and pipeline; stop them in the other order."""
    hosts = HostQueue(settings.polling.per_host, settings.polling.host_gap, monotonic=time.monotonic)
    async with (
        Client(settings.network, clock=utc_now) as client,
        ParserPool(workers=os.cpu_count() or 1) as parser,
        Pipeline(
            Stages(store, client, hosts, parser, clock=utc_now, random=random.SystemRandom().random),
            settings,
            changed=changed,
        ) as pipeline,
    ):
        yield pipeline
