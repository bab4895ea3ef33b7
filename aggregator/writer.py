"""The serial stage's loop: results wait in a queue, and one thread settles them, several in one transaction."""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING, Self, TypeAlias, TypeVar

import structlog

from aggregator.errors import AggregatorError, DiskFull, LockedDatabase, StoreError, UnreachableDatabase

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from aggregator.decide.cadence import NextPoll
    from aggregator.model import PollReport, Request
    from aggregator.settle import Result, Settled
    from aggregator.store.protocols import Store, Transaction

_log = structlog.get_logger(__name__)
_T = TypeVar("_T")
_GROUP = 64
"""Results in one transaction, at most."""
_TRIES: dict[type[StoreError], tuple[int, float]] = {LockedDatabase: (3, 0.0), UnreachableDatabase: (21, 2.0)}
"""How often a store is tried that another program holds (each try waits as long as the store does), or that is being
restarted, and seconds between two tries."""
_OVER_SOME_TIME = (LockedDatabase, DiskFull)
"""What somebody will put right: who is patient waits for it."""
_SOON, _DOUBLINGS = 0.5, 4
"""Seconds after which a patient writer tries again for the first time, and how often it doubles them."""
_AGAIN = 60.0
"""Seconds between two attempts to put off the polls whose results were lost."""

_Waiting: TypeAlias = "tuple[Result, asyncio.Future[PollReport]]"
"""A result, and where its report is waited for."""


class Mistake(AggregatorError):
    """A fault of this program while it carried a poll out."""

    @classmethod
    def of(cls, request: Request, error: Exception) -> Mistake:
        """Log what went wrong with a request, and return it in words for the operator."""
        _log.critical("poll.mistake", feed=request.feed.url, exc_info=error)
        return cls(f"This program made a mistake: {error!r}.", "Please report it with the log.")


class Writer:
    """Writes results; an async context manager that owns the one thread that may use the store."""

    def __init__(
        self,
        store: Store,
        settle: Callable[[Transaction, Result], Settled],
        *,
        later: Callable[[], NextPoll],
        changed: Callable[[Collection[str]], None],
    ) -> None:
        """`later`: when a poll whose result was lost is due again; `changed` is told of outputs after a commit."""
        self._store, self._settle, self._later, self._changed = store, settle, later, changed
        self._waiting: asyncio.Queue[_Waiting | None] = asyncio.Queue()
        self._lost: dict[int, Request] = {}
        self.patient = False
        """Results wait for a disk that is full, and for a program that holds the database, until that is over."""
        self.held_up: StoreError | None = None
        """Why results wait, while they do."""
        self._in_hand = 0
        self._hurry = asyncio.Event()
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="writer")

    async def __aenter__(self) -> Self:
        self._loop = asyncio.create_task(self._write())
        return self

    async def __aexit__(self, *_: object) -> None:
        """Write what is waiting to be written, then stop."""
        self.hurry()
        self._waiting.put_nowait(None)
        await self._loop
        await self._put_off_lost()
        self._thread.shutdown()

    @property
    def backlog(self) -> int:
        """How many results wait to be written."""
        return self._waiting.qsize() + self._in_hand

    def hurry(self) -> None:
        """Wait for nothing from now on: what cannot be written is lost, and asked for again after a restart."""
        self._hurry.set()

    async def run(self, work: Callable[[], _T]) -> _T:
        """Run something that uses the store in the one thread that may, between two transactions."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)

    async def write(self, result: Result) -> PollReport:
        """Settle a result, cancelled meanwhile or not; StoreError when that failed."""
        written: asyncio.Future[PollReport] = asyncio.get_running_loop().create_future()
        self._waiting.put_nowait((result, written))
        try:
            return await asyncio.shield(written)
        except asyncio.CancelledError:
            await asyncio.wait([written])
            written.exception()  # logged where it happened; nobody else waits for it
            raise

    async def _write(self) -> None:
        """Commit results in groups: those that arrive while one transaction is written make the next."""
        while (first := await self._next()) is not None:
            group = [first]
            while len(group) < _GROUP and not self._waiting.empty():
                if (another := self._waiting.get_nowait()) is None:
                    self._waiting.put_nowait(None)
                    break
                group.append(another)
            self._in_hand = len(group)
            await self._commit(group)
            self._in_hand = 0

    async def _next(self) -> _Waiting | None:
        while self._lost:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_AGAIN):
                    return await self._waiting.get()
            await self._put_off_lost()
        return await self._waiting.get()

    async def _commit(self, group: list[_Waiting]) -> None:
        try:
            settled = await self._settled([result for result, _ in group])
        except Exception as error:  # noqa: BLE001 - told to whoever waits; the writer goes on
            await self._commit_one_by_one(group, error)
            return
        for (_, written), one in zip(group, settled, strict=True):
            written.set_result(one.report)
            for event in one.events:
                getattr(_log, event.level)(event.name, **event.facts)
        if changed := _changed(settled):
            self._changed(changed)
        await self._put_off_lost()

    async def _settled(self, results: list[Result]) -> list[Settled]:
        """Settle results; what keeps the store from being written for a while is waited for.

        Whether a server that was restarted meanwhile had done so already is not known: what it knows of their items
        then, it takes for listed once more.
        """
        tried: Counter[type[StoreError]] = Counter()
        try:
            while True:
                try:
                    settled = await self.run(lambda: self._settle_together(results))
                except StoreError as error:
                    tried[type(error)] += 1
                    await self._wait_for(error, tried[type(error)])
                else:
                    if self.held_up is not None:
                        _log.info("writer.goes_on")
                    return settled
        finally:
            self.held_up = None

    async def _wait_for(self, error: StoreError, tried: int) -> None:
        """Wait until it is worth another try; raise the error when none is."""
        pause = self._pause(type(error), tried)
        if pause is None or self._hurry.is_set():
            raise error
        if pause and self.held_up is None:
            _log.warning("writer.waits", error=error.message, remedy=error.remedy, results=self.backlog)
        self.held_up = error if pause else self.held_up
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(pause):
                await self._hurry.wait()

    def _pause(self, kind: type[StoreError], tried: int) -> float | None:
        """Return after how many seconds to try again, None when not at all."""
        most, pause = _TRIES.get(kind, (1, 0.0))
        if tried < most:
            return pause
        is_patient = self.patient and issubclass(kind, _OVER_SOME_TIME)
        return float(_SOON * 2 ** min(tried - most, _DOUBLINGS)) if is_patient else None

    def _settle_together(self, results: list[Result]) -> list[Settled]:
        with self._store.transaction() as tx:
            settled = [self._settle(tx, result) for result in results]
            tx.editions.note(_changed(settled))
        return settled

    async def _commit_one_by_one(self, group: list[_Waiting], error: Exception) -> None:
        """Find the result that spoilt its group: the others are written, its failure is reported as ours."""
        if len(group) > 1 and not isinstance(error, LockedDatabase):
            for one in group:
                await self._commit([one])
            return
        for result, written in group:
            if isinstance(error, StoreError) or isinstance(result.error, Mistake):
                self._lose(result, written, error)
            else:
                mistake = Mistake.of(result.request, error)
                await self._commit([(replace(result, document=None, error=mistake), written)])

    def _lose(self, result: Result, written: asyncio.Future[PollReport], error: Exception) -> None:
        _log.error("poll.lost", feed=result.feed.url, error=str(error))
        self._lost[result.request.key] = result.request
        written.set_exception(error)

    async def _put_off_lost(self) -> None:
        """Reschedule polls whose results were lost; they keep their leases until then, lest they be made at once."""
        if not self._lost:
            return
        try:
            await self.run(self._reschedule_lost)
        except StoreError as error:
            _log.warning("poll.not_put_off", polls=len(self._lost), error=error.message)
        else:
            self._lost.clear()

    def _reschedule_lost(self) -> None:
        then = self._later()
        with self._store.transaction() as tx:
            for request in self._lost.values():
                tx.requests.reschedule(request, then)


def _changed(settled: Collection[Settled]) -> frozenset[str]:
    """Return the outputs whose documents are not up to date any more."""
    return frozenset[str]().union(*(one.changed for one in settled))
