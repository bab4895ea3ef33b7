"""The serial stage's loop: results wait in a queue, and one thread settles them, several in one transaction."""

from __future__ import annotations

import asyncio
import contextlib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING, Self, TypeAlias, TypeVar

import structlog

from aggregator.errors import AggregatorError, LockedDatabase, StoreError, UnreachableDatabase

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
_TRIES = 3
"""For a database that another program holds; each try waits as long as the store does."""
_ABSENCES, _ABSENCE = 20, 2.0
"""How often a server that does not answer is tried again, and after how many seconds."""
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
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="writer")

    async def __aenter__(self) -> Self:
        self._loop = asyncio.create_task(self._write())
        return self

    async def __aexit__(self, *_: object) -> None:
        """Write what is waiting to be written, then stop."""
        self._waiting.put_nowait(None)
        await self._loop
        await self._put_off_lost()
        self._thread.shutdown()

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
            await self._commit(group)

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
        for _ in range(_TRIES - 1):
            with contextlib.suppress(LockedDatabase):
                return await self._reached(results)
        return await self._reached(results)

    async def _reached(self, results: list[Result]) -> list[Settled]:
        """Settle results; wait for a server that is being restarted, and settle them again then.

        Whether it had done so already is not known: what it knows of their items then, it takes for listed once more.
        """
        for _ in range(_ABSENCES):
            try:
                return await self.run(lambda: self._settle_together(results))
            except UnreachableDatabase as error:
                _log.warning("writer.waits", error=error.message)
                await asyncio.sleep(_ABSENCE)
        return await self.run(lambda: self._settle_together(results))

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
