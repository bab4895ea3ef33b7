"""The one pipeline: the only module that knows the order of the stages.

    requests.claim_due                      what is due, under a lease
      | hosts.turn | client.get             one request a host at a time, the guard on every connection
      | parser.parse                        in a worker process, and only what is not known to be unchanged
      | settle                              one serial stage: read what is known, decide, write, release;
                                            several results in one transaction

Fetching and parsing run side by side; deciding and writing do not, so two sources that bring one article in the
same second make one entry. An expected failure becomes a value where it happens and is reported once; anything
else is a mistake of ours, and never looks like a bad feed.
"""

from __future__ import annotations

import asyncio
import hashlib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol, Self, TypeAlias, TypeVar

import structlog

from aggregator.decide.answers import Answer, classify, is_emptied, status_error
from aggregator.errors import AggregatorError, EmptyDocument, FetchError, ParseError, StoreError
from aggregator.fetch.client import Ask
from aggregator.model import Validators
from aggregator.settle import Result, Settled, settle

if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from contextlib import AbstractAsyncContextManager
    from datetime import datetime

    from aggregator.config.settings import Settings
    from aggregator.model import Document, Fetched, PollReport, Request
    from aggregator.store.protocols import Store

_log = structlog.get_logger(__name__)
_T = TypeVar("_T")
_PARSER_VERSION = b"1"
"""Part of every body's hash: a parser that reads more must read an unchanged body once more."""
_GROUP = 64
"""Results in one transaction, at most."""


_Waiting: TypeAlias = "tuple[Result, asyncio.Future[PollReport]]"
"""A result, and where its report is waited for."""


class Fetches(Protocol):
    """What asks servers (fetch.client.Client)."""

    async def get(self, ask: Ask) -> Fetched:
        """Ask once; FetchError when there is no usable answer."""


class Hosts(Protocol):
    """What spaces the requests to a host (fetch.hosts.HostQueue)."""

    def turn(self, host: str) -> AbstractAsyncContextManager[None]:
        """Wait until the host may be asked."""


class Parses(Protocol):
    """What reads documents (parse.pool.ParserPool)."""

    async def parse(self, body: bytes, *, url: str, content_type: str | None, received: datetime) -> Document:
        """Read a document; ParseError when it is none."""


@dataclass(frozen=True, slots=True)
class Stages:
    """What the pipeline is made of."""

    store: Store
    client: Fetches
    hosts: Hosts
    parser: Parses
    clock: Callable[[], datetime]
    random: Callable[[], float]
    """A number of [0, 1)."""


class Pipeline:
    """Takes requests through the stages; an async context manager that owns the writing thread."""

    def __init__(
        self, stages: Stages, settings: Settings, *, changed: Callable[[Collection[str]], None] = lambda _: None
    ) -> None:
        """Take `changed` as what is told, after a commit, which outputs' documents are not up to date any more."""
        self.settings = settings
        self._stages = stages
        self._changed = changed
        self._slots = asyncio.Semaphore(settings.polling.concurrency)
        self._waiting: asyncio.Queue[_Waiting | None] = asyncio.Queue()
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="writer")

    async def __aenter__(self) -> Self:
        self._writer = asyncio.create_task(self._write())
        return self

    async def __aexit__(self, *_: object) -> None:
        """Write what is waiting to be written, then stop."""
        self._waiting.put_nowait(None)
        await self._writer
        self._thread.shutdown()

    async def in_writer(self, work: Callable[[], _T]) -> _T:
        """Run something that uses the store in the one thread that may, between two transactions."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)

    async def poll(self, request: Request, *, refetch: bool = False) -> PollReport:
        """Take one request through all stages; StoreError when its result could not be written."""
        async with self._stages.hosts.turn(request.host), self._slots:
            result = await self._ask(request, refetch=refetch)
        written: asyncio.Future[PollReport] = asyncio.get_running_loop().create_future()
        self._waiting.put_nowait((result, written))
        return await written

    async def _ask(self, request: Request, *, refetch: bool) -> Result:
        source = self.settings.sources.get(request.feed.url)
        ask = Ask(
            request.feed.fetch_url,
            validators=Validators() if refetch else request.feed.validators,
            headers=source.headers if source else {},
            verify=source.verify if source else True,
        )
        try:
            fetched = await self._stages.client.get(ask)
        except FetchError as error:
            return Result(request, self._stages.clock(), error=error)
        return await self._understand(request, fetched)

    async def _understand(self, request: Request, fetched: Fetched) -> Result:
        result = Result(request, fetched.received, fetched)
        match classify(fetched):
            case Answer.NOT_MODIFIED:
                # A 304 that names no validators leaves those that it confirms (RFC 9111 section 4.3.4).
                given, stored = fetched.validators, request.feed.validators
                kept = Validators(given.etag or stored.etag, given.last_modified or stored.last_modified)
                return replace(result, fetched=replace(fetched, validators=kept))
            case Answer.DOCUMENT:
                return await self._read(result, fetched)
            case answer:
                return replace(result, gone=answer is Answer.GONE, error=status_error(fetched))

    async def _read(self, result: Result, fetched: Fetched) -> Result:
        body_hash = hashlib.sha256(_PARSER_VERSION + fetched.body).hexdigest()
        if body_hash == result.feed.body_hash:
            return replace(result, body_hash=body_hash)
        try:
            document = await self._stages.parser.parse(
                fetched.body, url=fetched.url, content_type=fetched.content_type, received=fetched.received
            )
        except ParseError as error:
            return replace(result, error=error)
        if is_emptied(len(document.items), result.feed.items):
            emptied = EmptyDocument(f"The document lists nothing, where it listed {result.feed.items} items before.")
            return replace(result, error=emptied)
        return replace(result, document=document, body_hash=body_hash)

    async def _write(self) -> None:
        """Commit results in groups: those that arrive while one transaction is written make the next."""
        while (first := await self._waiting.get()) is not None:
            group = [first]
            while len(group) < _GROUP and not self._waiting.empty():
                if (another := self._waiting.get_nowait()) is None:
                    self._waiting.put_nowait(None)
                    break
                group.append(another)
            await self._commit(group)

    async def _commit(self, group: list[_Waiting]) -> None:
        try:
            settled = await self.in_writer(lambda: self._settle([result for result, _ in group]))
        except Exception as error:  # noqa: BLE001 - told to whoever waits; the writer goes on
            await self._commit_one_by_one(group, error)
            return
        for (_, written), one in zip(group, settled, strict=True):
            if not written.cancelled():
                written.set_result(one.report)
        if changed := frozenset[str]().union(*(one.changed for one in settled)):
            self._changed(changed)

    async def _commit_one_by_one(self, group: list[_Waiting], error: Exception) -> None:
        """Find the result that spoilt its group: the others are written, its failure is reported as ours."""
        if len(group) > 1:
            for one in group:
                await self._commit([one])
            return
        (result, written), *_ = group
        if isinstance(error, StoreError):
            _log.error("store.failed", feed=result.feed.url, error=error.message, remedy=error.remedy)
        else:
            _log.critical("poll.mistake", feed=result.feed.url, exc_info=error)
            if not isinstance(result.error, _Mistake):
                mistake = _Mistake(f"This program made a mistake: {error!r}.", "Please report it with the log.")
                await self._commit([(replace(result, document=None, error=mistake), written)])
                return
        if not written.cancelled():
            written.set_exception(error)

    def _settle(self, results: list[Result]) -> list[Settled]:
        with self._stages.store.transaction() as tx:
            return [settle(tx, result, self.settings, jitter=self._stages.random()) for result in results]


class _Mistake(AggregatorError):
    """A fault of this program while it settled a result."""
