"""One round of polls: choose, claim, poll, report each as it comes."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from functools import partial
from heapq import heappop, heappush
from typing import TYPE_CHECKING, cast

from aggregator.decide.budget import HOUR, SLICE, allowance
from aggregator.decide.choice import skip_reason
from aggregator.model import Outcome, PollReport
from aggregator.run.line import Line
from aggregator.run.repair import poll_and_repair

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Collection
    from datetime import datetime

    from aggregator.config.settings import Polling
    from aggregator.decide.cadence import NextPoll
    from aggregator.decide.choice import Choice
    from aggregator.model import FeedState, Request
    from aggregator.poll import Pipeline
    from aggregator.store.protocols import Store, Transaction

LEASE = timedelta(days=1)
"""A claim outlives only its process, and the next writer voids the leases of the dead."""

_AHEAD = 16
"""How many times as many polls as are asked at once are under way: some wait for their host, others to be written."""
_MOST = 1000
"""So many are under way in any case: those that redirects lead to one host wait for it, and keep no others waiting."""

GRACE = 2.0
"""Seconds in which servers that are being asked may still answer when polling stops."""


async def poll_round(
    pipeline: Pipeline, store: Store, choice: Choice, clock: Callable[[], datetime]
) -> AsyncGenerator[PollReport, None]:
    """Poll what is chosen and yield a report for each source, those that are skipped first."""
    skipped, requests = await pipeline.in_writer(lambda: _claim(store, choice, pipeline.settings.polling, clock()))
    polls = _Polls(pipeline, store, choice, clock, requests)
    polls.begin()
    try:
        for report in skipped:
            yield report
        for _ in requests:
            yield await polls.report()
    finally:
        await abandon(pipeline, store, polls.under_way, waiting=polls.line.close())


class _Polls:
    """A round's polls: those that wait, those under way, and those that are over."""

    def __init__(
        self, pipeline: Pipeline, store: Store, choice: Choice, clock: Callable[[], datetime], requests: list[Request]
    ) -> None:
        polling = pipeline.settings.polling
        self._pipeline, self._store, self._choice, self._clock = pipeline, store, choice, clock
        most = max(_MOST, _AHEAD * polling.concurrency)
        self.line = Line(requests, most=most, per_host=_AHEAD * polling.per_host)
        self.under_way: dict[asyncio.Task[PollReport], Request] = {}
        self._over: asyncio.Queue[asyncio.Task[PollReport]] = asyncio.Queue()

    def begin(self) -> None:
        """Begin as many as may be under way."""
        while (request := self.line.next()) is not None:
            task = asyncio.create_task(self._poll(request))
            self.under_way[task] = request
            task.add_done_callback(self._over.put_nowait)
            task.add_done_callback(partial(self._make_room, request))

    async def report(self) -> PollReport:
        """Return the report of the next poll that is over, whichever it is."""
        task = await self._over.get()
        del self.under_way[task]
        return task.result()

    async def _poll(self, request: Request) -> PollReport:
        mine = cast("asyncio.Task[PollReport]", asyncio.current_task())

        def under_way(page: Request) -> None:
            self.under_way[mine] = page
            self._make_room(request)  # pages are many, and far apart

        return await poll_and_repair(self._pipeline, request, self._choice, self._due_page, under_way)

    def _make_room(self, request: Request, _: object = None) -> None:
        self.line.end(request)
        self.begin()

    def _due_page(self, url: str) -> Request | None:
        with self._store.transaction() as tx:
            return tx.requests.claim_page(url, self._clock(), lease=LEASE)


def _claim(store: Store, choice: Choice, polling: Polling, now: datetime) -> tuple[list[PollReport], list[Request]]:
    with store.transaction() as tx:
        skipped, wanted = [], []
        for feed in tx.feeds.all():
            if not choice.wants(feed):
                continue
            if (why := skip_reason(feed, choice, now)) is None:
                wanted.append(feed)
            else:
                skipped.append(_skipped(feed, why))
        if choice.is_routine:
            wanted.sort(key=lambda feed: feed.next_poll_at or now)
            room = Spending().room(tx, polling, now, len(wanted))
            skipped += [_skipped(feed, "polling.budget is used up for now") for feed in wanted[room:]]
            wanted = wanted[:room]
        requests = tx.requests.claim([feed.url for feed in wanted], now, lease=LEASE)
    claimed = {request.feed.url for request in requests}
    held = [feed for feed in wanted if feed.url not in claimed]
    return [*skipped, *(_held(feed.url) for feed in held)], requests


class Spending:
    """Knows what of polling.budget is used up; kept by whoever asks often, it reads each line of the log once."""

    def __init__(self) -> None:
        self._last = 0
        self._hour: list[datetime] = []
        self._slice: list[datetime] = []

    def room(self, tx: Transaction, polling: Polling, now: datetime, wanted: int, *, under_way: int = 0) -> int:
        """Return how many of the polls that are due may begin now."""
        if polling.budget is None:
            self._last, self._hour, self._slice = 0, [], []
            return wanted
        for number, at in tx.feeds.polls_after(self._last, now - HOUR):
            self._last = number
            heappush(self._hour, at)
            heappush(self._slice, at)
        last_hour, last_slice = _since(self._hour, now - HOUR), _since(self._slice, now - SLICE)
        room = allowance(polling.budget, last_hour=last_hour, last_slice=last_slice, under_way=under_way)
        return min(wanted, room)


def _since(times: list[datetime], moment: datetime) -> int:
    """Count the times since then, and forget the others; `times` is a heap."""
    while times and times[0] < moment:
        heappop(times)
    return len(times)


def _skipped(feed: FeedState, why: str) -> PollReport:
    return PollReport(feed.url, Outcome.SKIPPED, next_poll_at=feed.next_poll_at, reason=why)


def _held(url: str) -> PollReport:
    return PollReport(url, Outcome.SKIPPED, reason="being polled already, or its host asked to be left alone")


async def abandon(
    pipeline: Pipeline,
    store: Store,
    polls: dict[asyncio.Task[PollReport], Request],
    *,
    waiting: Collection[Request] = (),
) -> None:
    """Cancel polls that are still under way and give their requests back, and those of polls that have not begun.

    Servers that are being asked have a moment to answer: asking once more after a restart would be impolite. The
    others stay due.
    """
    asked = [task for task, request in polls.items() if request.key in pipeline.restraint.asking]
    for task in polls.keys() - set(asked):
        task.cancel()
    if asked:
        await asyncio.wait(asked, timeout=GRACE)
    undone = [request for task, request in polls.items() if not task.done() or task.cancelled()]
    undone += waiting
    for task in asked:
        task.cancel()
    await asyncio.gather(*polls, return_exceptions=True)
    if undone:
        await pipeline.in_writer(lambda: _give_back(store, undone, pipeline.restraint.broken_off))


def _give_back(store: Store, requests: list[Request], broken_off: dict[int, NextPoll]) -> None:
    """Give requests back; one whose server was asked already is put off."""
    with store.transaction() as tx:
        tx.requests.give_back([request for request in requests if request.key not in broken_off])
        for request in requests:
            if (then := broken_off.pop(request.key, None)) is not None:
                tx.requests.reschedule(request, then)
