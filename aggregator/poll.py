"""The one pipeline: the only module that knows the order of the stages.

    requests.claim_due                      what is due, under a lease
      | place.take | restraint.instead      the host's turn has come; may it still be asked now?
      | client.get                          conditional; the guard on every connection
      | blame.heard                         is it them, or is it our network?
      | waiting.place                       what is not known to be unchanged leaves host and slot, and waits for
                                            a parser; what may hold parsers up waits apart
      | desk.take                           what is read, and not written yet, has one of so many desks
      | parser.parse                        in a worker process
      | gathering                           what the document goes on in, or leads to: asked and read likewise
      | settle                              one serial stage: read what is known, decide, write, release;
                                            several results in one transaction

Fetching and parsing run side by side; deciding and writing do not, so two sources that bring one article in the
same second make one entry. An expected failure becomes a value where it happens and is reported once; anything
else is a mistake of ours, and never looks like a bad feed.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol, Self, TypeVar

from aggregator.articles import complete
from aggregator.asking import ask_of, asked_as, name_of
from aggregator.blame import Blame
from aggregator.config.echoes import is_own_output
from aggregator.decide.answers import Answer, classify, status_error
from aggregator.decide.archives import may_ask
from aggregator.decide.cadence import NextPoll
from aggregator.decide.sites import host_of
from aggregator.errors import (
    AddressRefused,
    FetchError,
    ParseError,
    ParserBusy,
)
from aggregator.fetch.decoding import too_large
from aggregator.fetch.hosts import Place
from aggregator.gathering import Means, gather
from aggregator.holding import Standing
from aggregator.model import Request, RequestKind, Validators
from aggregator.parse.waiting import Desk
from aggregator.reading import Reading
from aggregator.receiving import receive
from aggregator.recovery import recover
from aggregator.restraint import Resting, Restraint
from aggregator.robots import NotAnswered, Robots, Turn
from aggregator.settle import Chance, Result, Settled, settle
from aggregator.writer import Mistake, Writer

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection
    from datetime import datetime

    from aggregator.config.settings import FeedSettings, Settings
    from aggregator.fetch.client import Ask
    from aggregator.fetch.hosts import Turns
    from aggregator.model import FeedState, Fetched, PollReport
    from aggregator.reading import Parses
    from aggregator.store.protocols import Store, Transaction

_T = TypeVar("_T")
_SETTLES = {RequestKind.ARCHIVE: recover, RequestKind.ARTICLE: complete, RequestKind.PUSH: receive}
_DESKS = 128
"""Documents in memory from the parser to the store: as many as one transaction writes, and those that make the next."""


class Fetches(Protocol):
    """What asks servers (fetch.client.Client)."""

    async def get(self, ask: Ask, *, reach: Callable[[str], Awaitable[None]]) -> Fetched:
        """Ask once, waiting by `reach` for hosts that redirects lead to; FetchError when there is no usable answer."""


@dataclass(frozen=True, slots=True)
class Stages:
    """What the pipeline is made of."""

    store: Store
    client: Fetches
    hosts: Turns
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
        self._desks = asyncio.Semaphore(_DESKS)
        self.stretch = 1.0
        """How many times longer the budget makes pauses (decide.budget)."""
        self._blame = Blame(settings.sources)
        self.restraint = Restraint(stages.clock, stages.random)
        self._robots = Robots(stages.clock)
        self.writer = Writer(stages.store, self._settle, later=self._later, changed=changed)
        self._reading = Reading(stages.parser, stages.store, self.writer, settings.polling.concurrency)

    async def __aenter__(self) -> Self:
        await self.writer.__aenter__()
        return self

    async def __aexit__(self, *_: object) -> None:
        """Write what is waiting to be written, then stop."""
        await self.writer.__aexit__()

    def adopt(self, settings: Settings, *, client: Fetches | None = None, hosts: Turns | None = None) -> None:
        """Go on with other settings, and with what asks servers by them where that changed."""
        if settings.polling.concurrency != self.settings.polling.concurrency:
            self._slots = asyncio.Semaphore(settings.polling.concurrency)
            self._reading.limit(settings.polling.concurrency)
        self.settings = settings
        self._blame.adopt(settings.sources)
        self._stages = replace(self._stages, client=client or self._stages.client, hosts=hosts or self._stages.hosts)

    @property
    def network_down(self) -> bool:
        """Our own network, rather than the hosts, is taken to be at fault."""
        return self._blame.network_down

    async def in_writer(self, work: Callable[[], _T]) -> _T:
        """Run something that uses the store in the one thread that may, between two transactions."""
        return await self.writer.run(work)

    async def poll(
        self, request: Request, *, refetch: bool = False, by_hand: bool = False, search: bool = True
    ) -> PollReport:
        """Take one request through all stages; StoreError when its result could not be written.

        `by_hand`: the operator wants it now, whatever hours the publisher skips. `search` as gather has it. Once
        cancelled it asks nothing more; a result that is there already is written before it ends.
        """
        self._blame.begins(request)
        async with Desk(self._desks) as desk:
            try:
                result = await self._result(request, desk, refetch=refetch, by_hand=by_hand, search=search)
            except Exception as error:  # noqa: BLE001 - a fault of ours ends one poll, not the feed's later ones
                result = Result(request, self._stages.clock(), error=Mistake.of(request, error))
            result, wronged = self._blame.judged(result)
            if wronged:
                await asyncio.gather(*map(self.writer.write, wronged), return_exceptions=True)
            report = await self.writer.write(result)
            if not report.reread:
                return report
            return await self.writer.write(
                await self._reading.whole(result, self.settings.sources.get(request.feed.url))
            )

    async def _result(self, request: Request, desk: Desk, *, refetch: bool, by_hand: bool, search: bool) -> Result:
        async with Place(self._stages.hosts, self._slots) as place:
            await place.take(request.host)
            source = self.settings.sources.get(request.feed.url)
            if source is None:  # removed since it was claimed
                return Result(request, self._stages.clock())
            if (later := self.restraint.instead(request, by_hand=by_hand)) is not None:
                return Result(request, self._stages.clock(), postponed=later)
            self.restraint.asking.add(request.key)
            try:
                result = await self._ask(request, source, place, refetch=refetch)
                at = Standing(place, desk)
                result = await self._reading.read(result, source, asked=at.has_asked)
                return await self._gathered(result, source, at, refetch=refetch, search=search)
            except asyncio.CancelledError:
                self.restraint.break_off(request, self.settings.polling)
                raise
            finally:
                self.restraint.asking.discard(request.key)

    async def _ask(self, request: Request, source: FeedSettings, place: Place, *, refetch: bool) -> Result:
        ask = ask_of(request, source, refetch=refetch)
        result = Result(request, self._stages.clock(), asked_as=asked_as(ask, source), unconditional=not ask.validators)
        self._blame.asks(request, result.at)
        try:
            if is_own_output(ask.url, self.settings):
                raise AddressRefused("The address is an output of this very program.", "Remove it from feeds.yaml.")
            if request.kind is RequestKind.ARCHIVE and not may_ask(request.feed, ask.url):
                raise AddressRefused("The archive is not on the feed's own site.")
            if request.kind is RequestKind.ARTICLE:
                turn = Turn(lambda host: self._reach(place, host, again=True), place.leave)
                await self._robots.check(ask, self._stages.client, self._stages.parser, turn)
            fetched = await self._stages.client.get(ask, reach=lambda host: self._reach(place, host))
        except Resting as resting:
            self._blame.heard(request, self._stages.clock(), None)
            return replace(result, postponed=self.restraint.after(resting, request, self.settings.polling))
        except FetchError as error:
            answer = error.answer if isinstance(error, NotAnswered) else None
            result = replace(result, at=self._stages.clock(), error=error, fetched=answer)
            self._blame.heard(request, result.at, error)
            if answer is not None:
                self.restraint.heard(source, answer)
            return result
        self._blame.heard(request, fetched.received, None)
        self.restraint.heard(source, fetched)
        return self._understand(replace(result, at=fetched.received, fetched=fetched), fetched)

    async def fetch(self, ask: Ask) -> Fetched:
        """Ask for what is no source's document, in turn with all other requests; raises FetchError and Resting."""
        async with Place(self._stages.hosts, self._slots) as place:
            await self._reach(place, host_of(ask.url))
            return await self._stages.client.get(ask, reach=lambda host: self._reach(place, host))

    async def _reach(self, place: Place, host: str, *, again: bool = False) -> None:
        """Wait until a host may be asked whatever leads to it, or once more (`again`); raises Resting."""
        if again:
            await place.leave()
        await place.take(host)
        self.restraint.check(host)

    def _understand(self, result: Result, fetched: Fetched) -> Result:
        match classify(fetched):
            case Answer.NOT_MODIFIED if not result.unconditional:
                # A 304 that names no validators leaves those that it confirms (RFC 9111 section 4.3.4).
                given, stored = fetched.validators, result.feed.validators
                kept = Validators(given.etag or stored.etag, given.last_modified or stored.last_modified)
                return result if kept == given else replace(result, fetched=replace(fetched, validators=kept))
            case Answer.DOCUMENT:
                return replace(result, body_hash=name_of(fetched.body, self.settings.sources.get(result.feed.url)))
            case answer:
                return replace(result, gone=answer is Answer.GONE, error=status_error(fetched))

    async def _gathered(self, result: Result, source: FeedSettings, at: Standing, **options: bool) -> Result:
        """Add the documents that a document goes on in; each waits for its host's turn anew."""

        async def get(ask: Ask) -> Fetched:
            await at.asks_again()
            await self._reach(at.place, host_of(ask.url))
            fetched = await self._stages.client.get(ask, reach=lambda host: self._reach(at.place, host))
            self.restraint.heard(source, fetched)
            return fetched

        if result.document is None and result.error is None and source.kind != "sitemap":  # most often a 304
            return result
        ask = ask_of(result.request, source, refetch=True)
        means = Means(ask, get, lambda fetched: self._reading.document(fetched, source, asked=at.has_asked))
        return await gather(result, source, means, **options)

    async def receive(self, feed: FeedState, delivery: Fetched) -> PollReport:
        """Take what a hub delivered through the stages; StoreError and ParserBusy when it is to be sent again."""
        request = Request(0, RequestKind.PUSH, feed, host_of(feed.fetch_url))
        result = Result(request, delivery.received, fetched=delivery)
        source, limit = self.settings.sources.get(feed.url), self.settings.network.max_body
        async with Desk(self._desks) as desk:
            try:
                if len(delivery.body) > limit:
                    raise too_large(request.host, limit)
                if source is not None:
                    result = replace(result, document=await self._reading.document(delivery, source, asked=desk.take))
            except ParserBusy:
                raise
            except (FetchError, ParseError) as error:
                result = replace(result, error=error)
            return await self.writer.write(result)

    def _settle(self, tx: Transaction, result: Result) -> Settled:
        chance = Chance(self._stages.random(), self.stretch)
        return _SETTLES.get(result.request.kind, settle)(tx, result, self.settings, chance)

    def _later(self) -> NextPoll:
        """Return when a source is asked again whose answer could not be stored."""
        at = self._stages.clock() + self.settings.polling.min_interval
        return NextPoll(at, "its last result could not be stored")
