"""The pipeline's parts put together, for the daemon and for a single round of polls."""

from __future__ import annotations

import contextlib
import os
import random
import time
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Self

import structlog

from aggregator.config.logs import hide
from aggregator.config.secrets import Mask
from aggregator.decide.budget import stretch
from aggregator.decide.rhythm import rate, worth
from aggregator.decide.sites import host_of, is_public
from aggregator.fetch.client import Client
from aggregator.fetch.hosts import HostQueue
from aggregator.lists import adopted
from aggregator.parse.pool import ParserPool
from aggregator.poll import Pipeline, Stages
from aggregator.pushing import want_all
from aggregator.releasing import release_missing
from aggregator.run import readers
from aggregator.run.clock import utc_now
from aggregator.run.lists import ListStage
from aggregator.run.memory import share_one_arena
from aggregator.run.retiring import Retiring
from aggregator.run.stories import StoryStage
from aggregator.semantic import find_embedder

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from aggregator.config.settings import Network, Polling, Settings
    from aggregator.decide.choice import Choice
    from aggregator.decide.lists import ListState
    from aggregator.fetch.hosts import Turns
    from aggregator.store.protocols import Store


_log = structlog.get_logger(__name__)
_POLL_LOG = timedelta(days=30)


def synchronise(store: Store, settings: Settings, now: datetime) -> Settings:
    """Make the store's lists, sources and outputs those of the configuration.

    Return the settings to work with: those of the configuration, and the sources that its remote lists name.
    """
    with store.transaction() as tx:
        settings = adopted(tx, settings, now)
        tx.feeds.sync(settings.sources, now)
        want_all(tx, settings, now)
        tx.editions.note(release_missing(tx, settings, now))
    if settings.lists:
        hide(Mask.of(settings))
    return settings


def take_over(store: Store, settings: Settings, now: datetime) -> Settings:
    """Begin as the one writer: nobody else holds a lease any more. Return the settings to work with."""
    with store.transaction() as tx:
        tx.requests.void_leases()
    turn_back(store, now)
    return synchronise(store, settings, now)


def turn_back(store: Store, now: datetime) -> None:
    """Let nothing wait for a moment that only a wrong clock had near, when it was ahead and has been set back."""
    with store.transaction() as tx:
        by = tx.requests.turn_back(now)
    if by is not None:
        _log.warning("clock.set_back", by_s=round(by.total_seconds()))


def rest_at_start(store: Store, polling: Polling, now: datetime) -> timedelta:
    """Return how long every host rests before it is asked: the last process may have asked it just before it ended.

    Which host it asked then is not kept, only when: so this is at most the pause between two requests to one.
    """
    with store.snapshot() as tx:
        lately = [at for _, at in tx.feeds.polls_after(0, now - polling.host_gap)]
    return min(max(lately) + polling.host_gap - now, polling.host_gap) if lately else timedelta()


def hosts_here(polling: Polling, rests_for: timedelta | None = None) -> Turns:
    """Return what spaces the requests of this process to a host, where no other process makes any."""
    return HostQueue(polling.per_host, polling.host_gap, monotonic=time.monotonic, rests_for=rests_for)


class Engine:
    """Client, parsers and pipeline, started together; an async context manager."""

    def __init__(
        self,
        store: Store,
        settings: Settings,
        *,
        changed: Callable[[Collection[str]], None] = lambda _: None,
        hosts: Callable[[Polling], Turns] | None = None,
        parsers: int | None = None,
    ) -> None:
        """`changed` is told of outputs after a commit; `hosts` makes what spaces requests that others make, too.

        `parsers`: how many processes read documents, one a core if nothing else is said.
        """
        self._store, self._settings, self._changed, self._hosts = store, settings, changed, hosts
        self._parsers = parsers or os.cpu_count() or 1
        self._stack = contextlib.AsyncExitStack()
        self._subscribers = 0
        """Of our outputs: publishers are told whom else we ask for."""

    async def __aenter__(self) -> Self:
        share_one_arena()
        self.client = client = await self._stack.enter_async_context(self._new_client())
        parser = await self._stack.enter_async_context(ParserPool(workers=self._parsers))
        stages = Stages(
            self._store,
            client,
            self._first_hosts(self._settings.polling),
            parser,
            clock=utc_now,
            random=random.SystemRandom().random,
        )
        self.pipeline = await self._stack.enter_async_context(Pipeline(stages, self._settings, changed=self._changed))
        lists = ListStage(self._store, self.pipeline, parser, clock=utc_now, random=stages.random)
        self.lists = await self._stack.enter_async_context(lists)
        self.stories = StoryStage(
            self._store,
            lambda: self._settings,
            clock=utc_now,
            in_writer=self.pipeline.in_writer,
            changed=self._changed,
            embedder=find_embedder(),
        )
        self.keep_to_budget(await self.pipeline.in_writer(self.budget_stretch))
        self.pipeline.restraint.know(await self.pipeline.in_writer(self._pauses))
        self._subscribers = await self.pipeline.in_writer(self._told_subscribers)
        return self

    def _first_hosts(self, polling: Polling) -> Turns:
        if self._hosts is not None:
            return self._hosts(polling)
        return hosts_here(polling, rest_at_start(self._store, polling, utc_now()))

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()

    def _new_client(self) -> Client:
        return Client(network_of(self._settings), clock=utc_now, subscribers=lambda: self._subscribers)

    async def read_lists(self, choice: Choice) -> list[ListState]:
        """Read the lists that a round wants, and go on with what they name; return what is known of them."""
        if read := await self.lists.read_wanted(choice):
            await self.adopt(await self.synchronised(self._settings))
        return read

    async def synchronised(self, settings: Settings) -> Settings:
        """Make the store's lists, sources and outputs those of the configuration; return the settings to work with."""
        return await self.pipeline.in_writer(lambda: synchronise(self._store, settings, utc_now()))

    async def adopt(self, settings: Settings) -> None:
        """Go on with other settings; what is in flight ends under those that it began with."""
        before, self._settings = self._settings, settings
        client, hosts = None, None
        if network_of(settings) != network_of(before):
            self.client = client = await self._stack.enter_async_context(self._new_client())
        if settings.polling != before.polling:
            hosts = (self._hosts or hosts_here)(settings.polling)
        self.pipeline.adopt(settings, client=client, hosts=hosts)
        self.keep_to_budget(await self.pipeline.in_writer(self.budget_stretch))

    async def tidy(self) -> None:
        """Forget old lines of the poll log, texts that nobody lists and readers that are gone; count subscribers.

        Then the database does what keeps it small.

        Raises StoreError when that fails.
        """
        lines = await self.pipeline.in_writer(self._forget_polls)
        retiring = Retiring(self._store, self._settings, utc_now())
        while await self.pipeline.in_writer(retiring.step):
            pass
        self._subscribers = await self.pipeline.in_writer(self._count_subscribers)
        await self.pipeline.in_writer(self._store.keep_up)
        _log.info("store.tidied", polls=lines, texts=retiring.count, subscribers=self._subscribers)

    def _forget_polls(self) -> int:
        with self._store.transaction() as tx:
            return tx.feeds.forget_polls(utc_now() - _POLL_LOG)

    def _count_subscribers(self) -> int:
        with self._store.transaction() as tx:
            return readers.tidy(tx, utc_now())

    def _told_subscribers(self) -> int:
        with self._store.snapshot() as tx:
            return readers.told(tx)

    async def turn_back(self) -> None:
        """Go on after the clock was set back; StoreError when what waits cannot be put right."""
        await self.pipeline.in_writer(lambda: turn_back(self._store, utc_now()))
        self.pipeline.restraint.begin_anew(await self.pipeline.in_writer(self._pauses))

    def _pauses(self) -> dict[str, datetime]:
        with self._store.snapshot() as tx:
            return tx.requests.pauses(utc_now())

    def keep_to_budget(self, times: float) -> None:
        """Make pauses so many times longer from now on."""
        self.pipeline.stretch = times

    def budget_stretch(self) -> float:
        """Compute how many times longer polling.budget makes pauses; for the writer's thread."""
        polling = self._settings.polling
        if polling.budget is None:
            return 1.0
        with self._store.snapshot() as tx:
            rhythms = tx.feeds.rhythms()
        now, sources = utc_now(), self._settings.sources
        fixed = {url: pause for url in rhythms if url in sources and (pause := sources[url].interval) is not None}
        earned = [
            max(worth(rate(rhythm, now), polling.default_interval), polling.min_interval)
            for url, rhythm in rhythms.items()
            if url not in fixed
        ]
        return stretch(earned, fixed.values(), polling.budget, polling.max_interval)


def network_of(settings: Settings) -> Network:
    """Return how sources are asked; publishers who want to complain find the public site where no contact is given."""
    network, site = settings.network, settings.site.url
    if network.contact is not None or not is_public(host_of(site)):
        return network
    return network.model_copy(update={"contact": site})
