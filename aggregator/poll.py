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
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol, Self, TypeVar

from aggregator.decide.answers import Answer, classify, is_emptied, status_error
from aggregator.decide.cadence import NextPoll
from aggregator.errors import EmptyDocument, FetchError, ParseError
from aggregator.fetch.client import Ask
from aggregator.model import Validators
from aggregator.settle import Result, Settled, settle
from aggregator.writer import Mistake, Writer

if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from contextlib import AbstractAsyncContextManager
    from datetime import datetime

    from aggregator.config.settings import Settings
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
    """Takes requests through the stages; an async context manager."""

    def __init__(
        self, stages: Stages, settings: Settings, *, changed: Callable[[Collection[str]], None] = lambda _: None
    ) -> None:
        """Take `changed` as what is told, after a commit, which outputs' documents are not up to date any more."""
        self.settings = settings
        self._stages = stages
        self._slots = asyncio.Semaphore(settings.polling.concurrency)
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
            self._slots = asyncio.Semaphore(settings.polling.concurrency)
        self.settings = settings
        self._stages = replace(self._stages, client=client or self._stages.client, hosts=hosts or self._stages.hosts)

    async def in_writer(self, work: Callable[[], _T]) -> _T:
        """Run something that uses the store in the one thread that may, between two transactions."""
        return await self._writer.run(work)

    async def poll(self, request: Request, *, refetch: bool = False) -> PollReport:
        """Take one request through all stages; StoreError when its result could not be written.

        Once cancelled it asks nothing more; a result that is there already is written before it ends.
        """
        async with self._stages.hosts.turn(request.host), self._slots:
            try:
                result = await self._ask(request, refetch=refetch)
            except Exception as error:  # noqa: BLE001 - a fault of ours ends one poll, not the feed's later ones
                result = Result(request, self._stages.clock(), error=Mistake.of(request, error))
        return await self._writer.write(result)

    async def _ask(self, request: Request, *, refetch: bool) -> Result:
        source = self.settings.sources.get(request.feed.url)
        if source is None:  # removed since it was claimed
            return Result(request, self._stages.clock())
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
        return await self._understand(request, fetched, conditional=bool(ask.validators))

    async def _understand(self, request: Request, fetched: Fetched, *, conditional: bool) -> Result:
        result = Result(request, fetched.received, fetched)
        match classify(fetched):
            case Answer.NOT_MODIFIED if conditional:
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

    def _settle(self, tx: Transaction, result: Result) -> Settled:
        return settle(tx, result, self.settings, jitter=self._stages.random())

    def _later(self) -> NextPoll:
        """Return when a source is asked again whose answer could not be stored."""
        at = self._stages.clock() + self.settings.polling.min_interval
        return NextPoll(at, "its last result could not be stored")
