"""Remote lists at work: each is asked for when it is due, read in a worker process, and written by the one writer.

Lists are read side by side with polls, in turn with them at every host. What a list names now is taken over by whoever
holds the settings: the daemon when `changes` has grown, a single round of polls before it begins.
"""

from __future__ import annotations

import asyncio
import hashlib
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Protocol, Self, TypeAlias

import structlog

from aggregator.blame import network_down
from aggregator.config.addresses import same_address
from aggregator.config.settings import FeedSettings
from aggregator.decide.answers import Answer, classify, status_error
from aggregator.decide.choice import Choice
from aggregator.decide.readings import Reading, after, is_wanted
from aggregator.decide.sites import host_of, site_of
from aggregator.errors import AddressRefused, AggregatorError, FetchError, NetworkError, ParseError, StoreError
from aggregator.fetch.client import Ask
from aggregator.restraint import Resting
from aggregator.run.report import rfc3339
from aggregator.settle import pause_of
from aggregator.writer import Mistake

if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from datetime import datetime

    from aggregator.decide.lists import ListState, SourceList
    from aggregator.model import Fetched
    from aggregator.poll import Pipeline
    from aggregator.store.protocols import Store

_log = structlog.get_logger(__name__)
_Pause: TypeAlias = "tuple[str, datetime]"
"""A site, and until when it asks to be left alone."""
_AT_ONCE = 4
"""Lists whose bodies may be held at the same time."""
_READER_VERSION = b"1"
"""Part of every body's hash: a reader that reads more must read an unchanged body once more."""


class ReadsLists(Protocol):
    """What reads lists (parse.pool.ParserPool)."""

    async def parse_list(self, body: bytes, *, url: str, content_type: str | None) -> SourceList:
        """Read a list of feeds; ParseError when it is none, or too much."""


class ListStage:
    """Reads the lists of the configuration; an async context manager that breaks off what is under way at its end."""

    def __init__(
        self,
        store: Store,
        pipeline: Pipeline,
        parser: ReadsLists,
        *,
        clock: Callable[[], datetime],
        random: Callable[[], float],
    ) -> None:
        """`random` gives a number of [0, 1)."""
        self._store, self._pipeline, self._parser = store, pipeline, parser
        self._clock, self._random = clock, random
        self._places = asyncio.Semaphore(_AT_ONCE)
        self._under_way: dict[str, asyncio.Task[ListState | None]] = {}
        self._asked: dict[str, datetime] = {}
        """When lists were asked for last: one whose reading cannot be written is not asked for again and again."""
        self.changes = 0
        """How often a list has come to name other sources."""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        tasks = list(self._under_way.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def wanted(self, choice: Choice | None = None) -> list[ListState]:
        """Return the lists to read now, those that are due or of a `choice`; for the writer's thread."""
        settings, now = self._pipeline.settings, self._clock()
        if not settings.lists:
            return []
        with self._store.snapshot() as tx:
            lists = [state for state in tx.lists.all() if state.address in settings.lists]
        if choice is not None:
            return [state for state in lists if is_wanted(state, choice, now)]
        rested = now - settings.polling.min_interval
        due = (state for state in lists if is_wanted(state, Choice(), now))
        return [state for state in due if state.address not in self._asked or self._asked[state.address] <= rested]

    def begin(self, lists: Collection[ListState]) -> None:
        """Read these lists beside everything else, those left out that are being read already."""
        for state in lists:
            if state.address not in self._under_way:
                task = asyncio.create_task(self._read(state))
                self._under_way[state.address] = task
                task.add_done_callback(partial(self._ended, state.address))

    def _ended(self, address: str, _: asyncio.Task[ListState | None]) -> None:
        del self._under_way[address]

    async def read_wanted(self, choice: Choice) -> list[ListState]:
        """Read the lists of a choice; return what is known of them now, those left out that could not be written."""
        lists = await self._pipeline.in_writer(lambda: self.wanted(choice))
        self.begin(lists)
        tasks = [self._under_way[state.address] for state in lists]
        return [state for state in await asyncio.gather(*map(asyncio.shield, tasks)) if state is not None]

    async def _read(self, state: ListState) -> ListState | None:
        async with self._places:
            self._asked[state.address] = self._clock()
            reading, pause = await self._reading(state)
        try:
            before, now = await self._pipeline.in_writer(lambda: self._settle(state, reading, pause))
        except StoreError as error:
            _log.error("list.not_written", list=state.address, error=str(error))
            return None
        _tell(before, now, reading)
        self.changes += before.feeds != now.feeds
        return now

    async def _reading(self, state: ListState) -> tuple[Reading, _Pause | None]:
        """Ask for a list; return what that came to, and which site asks to be left alone."""
        fetched: Fetched | None = None
        try:
            self._refuse_own(state.address)
            fetched = await self._pipeline.fetch(Ask(state.address, validators=state.validators, name=_name(state)))
            reading = await self._understood(state, fetched)
        except Resting as resting:
            return Reading(self._clock(), rests_until=resting.until), None
        except (FetchError, ParseError) as error:
            reading = _answered(fetched, self._clock(), error=self._blamed(error))
        except Exception as error:  # noqa: BLE001 - a fault of ours ends one reading, not the later ones
            _log.critical("list.mistake", list=state.address, exc_info=error)
            mistake = Mistake(f"This program made a mistake: {error!r}.", "Please report it with the log.")
            reading = _answered(fetched, self._clock(), error=mistake)
        return reading, None if fetched is None else self._pause(state, fetched)

    def _refuse_own(self, address: str) -> None:
        """Raise AddressRefused for our own list of sources: what it names would stay in it for ever."""
        if same_address(address) == same_address(f"{self._pipeline.settings.site.url}sources.opml"):
            raise AddressRefused("The list is this very program's list of its sources.", "Remove it from feeds.yaml.")

    async def _understood(self, state: ListState, fetched: Fetched) -> Reading:
        match classify(fetched):
            case Answer.NOT_MODIFIED if state.validators:
                return _answered(fetched, fetched.received)
            case Answer.DOCUMENT:
                body_hash = hashlib.sha256(_READER_VERSION + fetched.body).hexdigest()
                if body_hash == state.body_hash:
                    return _answered(fetched, fetched.received)
                found = await self._parser.parse_list(fetched.body, url=fetched.url, content_type=fetched.content_type)
                return replace(_answered(fetched, fetched.received), body_hash=body_hash, found=found)
            case answer:
                gone = answer is Answer.GONE
                return replace(_answered(fetched, fetched.received, error=status_error(fetched)), gone=gone)

    def _blamed(self, error: AggregatorError) -> AggregatorError:
        """Return an error as the list's, or as our network's while that is down."""
        silent = isinstance(error, NetworkError) and not error.redirected
        return network_down() if silent and self._pipeline.network_down else error

    def _pause(self, state: ListState, fetched: Fetched) -> _Pause | None:
        source = FeedSettings(url=state.address)
        self._pipeline.restraint.heard(source, fetched)
        until = pause_of(source, fetched)
        return None if until is None else (site_of(host_of(fetched.url)), until)

    def _settle(self, state: ListState, reading: Reading, pause: _Pause | None) -> tuple[ListState, ListState]:
        """Write what a reading came to; return what was known of the list before, and what is now."""
        with self._store.transaction() as tx:
            before = tx.lists.get(state.address) or state
            now = after(before, reading, self._pipeline.settings.polling, jitter=self._random())
            tx.lists.record(now)
            if pause is not None:
                tx.requests.pause_site(*pause, f"{reading.status} of {state.address}")
        return before, now


def _name(state: ListState) -> str:
    """Name the list to its publisher, as sources are named to theirs."""
    return "" if state.private else hashlib.sha256(state.address.encode()).hexdigest()[:8]


def _answered(fetched: Fetched | None, at: datetime, *, error: AggregatorError | None = None) -> Reading:
    if fetched is None:
        return Reading(at, error=error)
    return Reading(at, fetched.status, fetched.caching, fetched.validators, error=error)


def _tell(before: ListState, now: ListState, reading: Reading) -> None:
    if now.last_poll == before.last_poll:
        _log.debug("list.postponed", list=now.address, until=rfc3339(now.next_at), reason=now.reason)
        return
    if now.errors > before.errors:
        _log.warning("list.failed", list=now.address, error=now.error, remedy=now.remedy, next_at=rfc3339(now.next_at))
        return
    urls, had = ({feed.url for feed in state.feeds} for state in (now, before))
    tell = _log.info if reading.found is not None else _log.debug
    tell(
        "list.read",
        list=now.address,
        feeds=len(urls),
        new=len(urls - had),
        gone=len(had - urls),
        remarks=len(now.remarks),
    )
