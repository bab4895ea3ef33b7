"""The one pipeline: the only module that knows the order of the stages.

    requests.claim_due                      what is due, under a lease
      | hosts.turn | client.get             one request a host at a time, the guard on every connection
      | waiting.place                       what is not known to be unchanged leaves host and slot, and waits for
                                            a parser; what may hold parsers up waits apart
      | parser.parse                        in a worker process
      | settle                              one serial stage: read what is known, decide, write, release;
                                            several results in one transaction

Fetching and parsing run side by side; deciding and writing do not, so two sources that bring one article in the
same second make one entry. An expected failure becomes a value where it happens and is reported once; anything
else is a mistake of ours, and never looks like a bad feed.
"""

from __future__ import annotations

import asyncio
import hashlib
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol, Self, TypeVar

from aggregator.config.secrets import base_address
from aggregator.decide.answers import Answer, classify, is_emptied, status_error
from aggregator.decide.cadence import NextPoll
from aggregator.errors import EmptyDocument, FetchError, ParseError, ParserKilled
from aggregator.fetch.client import Ask
from aggregator.model import Validators
from aggregator.parse.waiting import WaitingRoom, is_suspect
from aggregator.settle import Result, Settled, settle
from aggregator.writer import Mistake, Writer

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection
    from contextlib import AbstractAsyncContextManager
    from datetime import datetime

    from aggregator.config.settings import FeedSettings, Settings
    from aggregator.model import Document, Fetched, PollReport, Request
    from aggregator.store.protocols import Store, Transaction

_T = TypeVar("_T")
_PARSER_VERSION = b"1"
"""Part of every body's hash: a parser that reads more must read an unchanged body once more."""


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

    async def parse(
        self, body: bytes, *, url: str, content_type: str | None, received: datetime, suspect: bool
    ) -> Document:
        """Read a document; ParseError when it is none, ParserKilled when it is too much."""


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
    """Takes requests through the stages; an async context manager."""

    def __init__(
        self, stages: Stages, settings: Settings, *, changed: Callable[[Collection[str]], None] = lambda _: None
    ) -> None:
        """Take `changed` as what is told, after a commit, which outputs' documents are not up to date any more."""
        self.settings = settings
        self._stages = stages
        self._limit(settings.polling.concurrency)
        self._killers: set[str] = set()
        """Sources whose last document was too much for a parser."""
        self._writer = Writer(stages.store, self._settle, later=self._later, changed=changed)

    async def __aenter__(self) -> Self:
        await self._writer.__aenter__()
        return self

    async def __aexit__(self, *_: object) -> None:
        """Write what is waiting to be written, then stop."""
        await self._writer.__aexit__()

    def adopt(self, settings: Settings, *, client: Fetches | None = None, hosts: Hosts | None = None) -> None:
        """Go on with other settings, and with what asks servers by them where that changed."""
        if settings.polling.concurrency != self.settings.polling.concurrency:
            self._limit(settings.polling.concurrency)
        self.settings = settings
        self._stages = replace(self._stages, client=client or self._stages.client, hosts=hosts or self._stages.hosts)

    def _limit(self, concurrency: int) -> None:
        self._slots = asyncio.Semaphore(concurrency)
        self._waiting = WaitingRoom(concurrency)

    async def in_writer(self, work: Callable[[], _T]) -> _T:
        """Run something that uses the store in the one thread that may, between two transactions."""
        return await self._writer.run(work)

    async def poll(self, request: Request, *, refetch: bool = False) -> PollReport:
        """Take one request through all stages; StoreError when its result could not be written.

        Once cancelled it asks nothing more; a result that is there already is written before it ends.
        """
        try:
            result = await self._result(request, refetch=refetch)
        except Exception as error:  # noqa: BLE001 - a fault of ours ends one poll, not the feed's later ones
            result = Result(request, self._stages.clock(), error=Mistake.of(request, error))
        return await self._writer.write(result)

    async def _result(self, request: Request, *, refetch: bool) -> Result:
        async with AsyncExitStack() as asking:
            await asking.enter_async_context(self._stages.hosts.turn(request.host))
            await asking.enter_async_context(self._slots)
            source = self.settings.sources.get(request.feed.url)
            if source is None:  # removed since it was claimed
                return Result(request, self._stages.clock())
            result = await self._ask(request, source, refetch=refetch)
            return await self._read(result, source, asked=asking.aclose)

    async def _ask(self, request: Request, source: FeedSettings, *, refetch: bool) -> Result:
        ask = Ask(
            request.feed.fetch_url,
            validators=Validators() if refetch else request.feed.validators,
            headers=source.headers,
            verify=source.verify,
        )
        try:
            fetched = await self._stages.client.get(ask)
        except FetchError as error:
            return Result(request, self._stages.clock(), error=error)
        return self._understand(request, fetched, conditional=bool(ask.validators))

    def _understand(self, request: Request, fetched: Fetched, *, conditional: bool) -> Result:
        result = Result(request, fetched.received, fetched)
        match classify(fetched):
            case Answer.NOT_MODIFIED if conditional:
                # A 304 that names no validators leaves those that it confirms (RFC 9111 section 4.3.4).
                given, stored = fetched.validators, request.feed.validators
                kept = Validators(given.etag or stored.etag, given.last_modified or stored.last_modified)
                return replace(result, fetched=replace(fetched, validators=kept))
            case Answer.DOCUMENT:
                return replace(result, body_hash=hashlib.sha256(_PARSER_VERSION + fetched.body).hexdigest())
            case answer:
                return replace(result, gone=answer is Answer.GONE, error=status_error(fetched))

    async def _read(self, result: Result, source: FeedSettings, *, asked: Callable[[], Awaitable[None]]) -> Result:
        """Read the document of an answer that brings a new one; `asked` is called once nothing is asked any more."""
        fetched, feed = result.fetched, result.feed
        if fetched is None or result.body_hash in {None, feed.body_hash}:
            return result
        suspect = is_suspect(len(fetched.body), killed=feed.url in self._killers)
        try:
            async with self._waiting.place(len(fetched.body), suspect=suspect):
                await asked()
                document = await self._parse(fetched, source, suspect=suspect)
        except ParseError as error:
            return replace(result, body_hash=None, error=error)
        if is_emptied(len(document.items), feed.items):
            emptied = EmptyDocument(f"The document lists nothing, where it listed {feed.items} items before.")
            return replace(result, body_hash=None, error=emptied)
        return replace(result, document=document)

    async def _parse(self, fetched: Fetched, source: FeedSettings, *, suspect: bool) -> Document:
        try:
            document = await self._stages.parser.parse(
                fetched.body,
                url=base_address(source, fetched.url),
                content_type=fetched.content_type,
                received=fetched.received,
                suspect=suspect,
            )
        except ParserKilled:
            self._killers.add(source.url)
            raise
        self._killers.discard(source.url)
        return document

    def _settle(self, tx: Transaction, result: Result) -> Settled:
        return settle(tx, result, self.settings, jitter=self._stages.random())

    def _later(self) -> NextPoll:
        """Return when a source is asked again whose answer could not be stored."""
        at = self._stages.clock() + self.settings.polling.min_interval
        return NextPoll(at, "its last result could not be stored")
