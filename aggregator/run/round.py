"""One round of polls: choose, claim, poll, report each as it comes."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING

from aggregator.decide.choice import skip_reason
from aggregator.model import Outcome, PollReport

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable
    from datetime import datetime

    from aggregator.decide.choice import Choice
    from aggregator.model import Request
    from aggregator.poll import Pipeline
    from aggregator.store.protocols import Store

LEASE = timedelta(days=1)
"""A claim outlives only its process, and the next writer voids the leases of the dead."""


async def poll_round(
    pipeline: Pipeline, store: Store, choice: Choice, clock: Callable[[], datetime]
) -> AsyncGenerator[PollReport, None]:
    """Poll what is chosen and yield a report for each source, those that are skipped first."""
    skipped, requests = await pipeline.in_writer(lambda: _claim(store, choice, clock()))
    tasks = [asyncio.create_task(pipeline.poll(request, refetch=choice.refetch)) for request in requests]
    try:
        for report in skipped:
            yield report
        for finished in asyncio.as_completed(tasks):
            yield await finished
    finally:
        await abandon(pipeline, store, dict(zip(tasks, requests, strict=True)))


def _claim(store: Store, choice: Choice, now: datetime) -> tuple[list[PollReport], list[Request]]:
    with store.transaction() as tx:
        skipped, wanted = [], []
        for feed in tx.feeds.all():
            if not choice.wants(feed):
                continue
            if (why := skip_reason(feed, choice, now)) is None:
                wanted.append(feed)
            else:
                skipped.append(PollReport(feed.url, Outcome.SKIPPED, next_poll_at=feed.next_poll_at, reason=why))
        requests = tx.requests.claim([feed.url for feed in wanted], now, lease=LEASE)
    claimed = {request.feed.url for request in requests}
    held = [feed for feed in wanted if feed.url not in claimed]
    return [*skipped, *(_held(feed.url) for feed in held)], requests


def _held(url: str) -> PollReport:
    return PollReport(url, Outcome.SKIPPED, reason="being polled already, or its host asked to be left alone")


async def abandon(pipeline: Pipeline, store: Store, polls: dict[asyncio.Task[PollReport], Request]) -> None:
    """Cancel polls that are still under way and give their requests back; they stay due."""
    undone = [request for task, request in polls.items() if not task.done()]
    for task in polls:
        task.cancel()
    await asyncio.gather(*polls, return_exceptions=True)
    if undone:
        await pipeline.in_writer(lambda: _give_back(store, undone))


def _give_back(store: Store, requests: list[Request]) -> None:
    with store.transaction() as tx:
        tx.requests.give_back(requests)
