"""Parsing in processes of their own: a document that is too much for a parser costs that document, nothing else."""

from __future__ import annotations

import asyncio
import contextlib
import multiprocessing
import signal
import sys
from concurrent.futures.process import BrokenProcessPool
from importlib.machinery import ModuleSpec
from typing import TYPE_CHECKING, Any, Self, TypeVar

from pebble import ProcessExpired, ProcessPool

from aggregator.errors import ParserKilled
from aggregator.parse.waiting import is_suspect
from aggregator.parse.worker import FEED, OUT_OF_MEMORY, How, Told, may_visit, prepare, read_article, read_list, work

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Future
    from datetime import datetime
    from multiprocessing.context import BaseContext
    from types import TracebackType

    from aggregator.decide.articles import ArticlePage
    from aggregator.decide.lists import SourceList
    from aggregator.model import Document

_T = TypeVar("_T")

_WALL = 3
"""Real time that a document is given, in multiples of its CPU time: the machine may be busy."""
_GRACE = 30.0
"""Seconds to start a worker in; beyond, the pool itself is taken to be stuck and is replaced."""
_LONG_ROBOTS = 50_000
"""Bytes of a robots.txt that is no suspect."""
_REMEDY = "Other feeds are not affected; if it stays so, tell the publisher or set `enabled: false` for this address."


class ParserPool:
    """Worker processes that parse documents; an async context manager.

    Workers start with the first document. They are forked from a process that has loaded the parser and shares nothing
    with this one: a new worker costs a hundredth of what a new interpreter would. Each document
    has `seconds` of CPU time (three times that of real time) and `memory` bytes of address space, of which an idle
    worker uses about 60 MB. A worker is replaced after `recycle` documents, as feedparser's memory grows.

    Suspect documents take turns at one worker: however many there are, the others are for ordinary feeds, so there
    are two workers at least.
    """

    def __init__(self, workers: int, *, seconds: float = 10, memory: int = 512 * 2**20, recycle: int = 500) -> None:
        self._workers = max(workers, 2)
        self._seconds = seconds
        self._memory = memory
        self._recycle = recycle
        self._slots = asyncio.Semaphore(self._workers)
        self._slow_lane = asyncio.Semaphore(1)
        self._pool: ProcessPool | None = None
        self._calls: set[Future[Any]] = set()
        self._closed = False

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closed = True
        await self._stop()

    async def parse(
        self,
        body: bytes,
        *,
        url: str,
        content_type: str | None,
        received: datetime,
        how: How = FEED,
        suspect: bool = False,
    ) -> Document:
        """Parse a document as document.parse does, a page as page.parse_page does, or a sitemap, with their errors.

        Of a sitemap the articles are items; an index names its sitemaps in the header. What the operator distrusts is
        left out, and items bring along what they are recognised by. `suspect` as waiting.is_suspect
        tells. Raise ParserKilled when the worker had to be ended, or ended by itself, over this document.
        """
        told = Told(url=url, content_type=content_type, received=received)
        return await self._limited(work, body, told, how, suspect=suspect)

    async def article(
        self, body: bytes, *, url: str, content_type: str | None, received: datetime, suspect: bool = False
    ) -> ArticlePage:
        """Read the page of an article as article.parse_article does, with its errors; ParserKilled as `parse`."""
        told = Told(url=url, content_type=content_type, received=received)
        return await self._limited(read_article, body, told, suspect=suspect)

    async def may_visit(self, robots: bytes, url: str) -> bool:
        """Tell whether a robots.txt lets us visit an address of its site; ParserKilled as `parse`."""
        return await self._limited(may_visit, robots, url, suspect=len(robots) > _LONG_ROBOTS)

    async def parse_list(self, body: bytes, *, url: str, content_type: str | None) -> SourceList:
        """Parse a list of feeds as opml.parse_opml does, with its errors; ParserKilled as `parse`."""
        return await self._limited(read_list, body, url, content_type, suspect=is_suspect(len(body), killed=False))

    async def _limited(self, function: Callable[..., _T], *arguments: object, suspect: bool) -> _T:
        """Call a function of the worker with the limits as its last argument."""
        limits = (self._seconds, self._memory)
        async with self._slow_lane if suspect else contextlib.nullcontext(), self._slots:
            try:
                return await self._call(function, *arguments, limits)
            except BrokenProcessPool:  # an idle worker was killed from outside: most likely not this document's doing
                return await self._again(function, *arguments, limits)

    async def _again(self, function: Callable[..., _T], *arguments: object) -> _T:
        try:
            return await self._call(function, *arguments)
        except BrokenProcessPool as error:
            raise ParserKilled("The parser broke down twice over the document.", _REMEDY) from error

    async def _call(self, function: Callable[..., _T], *arguments: object) -> _T:
        """Run a function in a worker; a cancelled call ends its worker."""
        wall = self._seconds * _WALL
        pool = await self._running()
        deadline = asyncio.timeout(wall + _GRACE)
        try:
            async with deadline:
                return await self._result(pool, wall, function, arguments)
        except TimeoutError as error:
            if deadline.expired() and pool is self._pool:
                await self._stop()
            raise ParserKilled(f"The document took longer than {wall:g} s to parse.", _REMEDY) from error
        except ProcessExpired as error:
            raise self._killed(error.exitcode) from error

    async def _result(
        self, pool: ProcessPool, wall: float, function: Callable[..., _T], arguments: tuple[object, ...]
    ) -> _T:
        try:
            future = pool.schedule(function, args=arguments, timeout=wall)
        except RuntimeError as error:  # it broke just now
            raise BrokenProcessPool(str(error)) from error
        self._calls.add(future)
        try:
            result: _T = await asyncio.wrap_future(future)
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if self._closed or (task is not None and task.cancelling()):
                raise
            raise BrokenProcessPool("the pool was replaced") from None
        finally:
            self._calls.discard(future)
        return result

    async def _running(self) -> ProcessPool:
        """Return the pool, a new one if there is none or it broke."""
        if self._closed:
            raise RuntimeError("the parser pool is closed")
        if self._pool is not None and not self._pool.active:
            await self._stop()
        if self._pool is None:
            self._pool = ProcessPool(
                max_workers=self._workers,
                max_tasks=self._recycle,
                initializer=prepare,
                context=_context(),
            )
        return self._pool

    async def _stop(self) -> None:
        """End the workers; what they were at is given up."""
        pool, self._pool = self._pool, None
        if pool is not None:
            for future in tuple(self._calls):  # a pool that stops forgets them
                future.cancel()
            pool.stop()  # type: ignore[no-untyped-call]
            await asyncio.to_thread(pool.join)

    def _killed(self, exitcode: int) -> ParserKilled:
        if exitcode == -signal.SIGXCPU:
            return ParserKilled(f"The document took more than {self._seconds:g} s of CPU time to parse.", _REMEDY)
        if exitcode == OUT_OF_MEMORY:
            megabytes = self._memory // 2**20
            return ParserKilled(f"The document needed more than {megabytes} MB of memory to parse.", _REMEDY)
        return ParserKilled(f"The parser crashed on the document (exit status {exitcode}).", _REMEDY)


def _context() -> BaseContext:
    main = sys.modules["__main__"]
    if getattr(main, "__spec__", None) is None:  # a script, which each worker would run once more; not so a package's
        main.__spec__ = ModuleSpec("aggregator.__main__", None)
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["aggregator.parse.preloaded"])
    return context
