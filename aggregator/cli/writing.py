"""Becoming one that writes, for a command that runs without a daemon."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from aggregator.errors import LockedDatabase
from aggregator.publish.press import Press
from aggregator.publish.renditions import Renditions
from aggregator.run.clock import utc_now
from aggregator.run.engine import synchronise, take_over
from aggregator.store.opening import standing

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

    from aggregator.cli.context import Context
    from aggregator.config.settings import Polling, Settings
    from aggregator.fetch.hosts import Turns
    from aggregator.store.protocols import Store


@dataclass(slots=True)
class Writing:
    """A database that this process may write, and the settings to work with."""

    store: Store
    settings: Settings
    alone: bool
    """Nobody else polls for it: what is decided after polls is decided here."""


@contextlib.contextmanager
def writing(context: Context) -> Iterator[Writing]:
    """Become the one writer of a file, or one of several where workers poll for a server's database.

    Afterwards what changed is published, unless others do that. Raises StoreError.
    """
    with contextlib.ExitStack() as stack:
        if isinstance(context.database, Path):
            stack.enter_context(context.lock.held())
            alone = True
        else:
            alone = stack.enter_context(_place(context.database))
        with contextlib.closing(context.open_for_writing()) as store:
            begin = take_over if alone else synchronise
            found = Writing(store, begin(store, context.settings, utc_now()), alone)
            yield found
        if not alone:
            return
        if not isinstance(context.database, Path):
            try:
                stack.enter_context(context.lock.held())
            except LockedDatabase:  # whoever serves from there renders what has changed
                return
        has_hub = isinstance(context.database, Path)  # that of the daemon, which publishes to the same place
        press = Press(
            found.settings, Renditions(context.renditions), context.open_for_reading, hub=has_hub, clock=utc_now
        )
        press.publish(frozenset(found.settings.published))


@contextlib.contextmanager
def alone(context: Context) -> Iterator[None]:
    """Be the only one that polls for a database; LockedDatabase when somebody else does."""
    if isinstance(context.database, Path):
        with context.lock.held():
            yield
    else:
        with standing(context.database, alone=True):
            yield


@contextlib.contextmanager
def _place(url: str) -> Iterator[bool]:
    """Take a place among those that poll; yield whether it is the only one."""
    with contextlib.ExitStack() as stack:
        try:
            stack.enter_context(standing(url, alone=True))
            alone = True
        except LockedDatabase:
            stack.enter_context(standing(url, alone=False))
            alone = False
        yield alone


@contextlib.asynccontextmanager
async def hosts_of(context: Context, found: Writing) -> AsyncIterator[Callable[[Polling], Turns] | None]:
    """Yield what makes the turns at hosts that are shared with workers; None where this process is alone."""
    if found.alone or isinstance(context.database, Path):
        yield None
        return
    from aggregator.run.fleet.turns import LEASE, FleetTurns, Holding  # noqa: PLC0415 - an extra
    from aggregator.store.postgres.turns import SharedTurns  # noqa: PLC0415

    async with SharedTurns(context.database, LEASE) as turns, Holding(turns) as holding:
        yield lambda polling: FleetTurns(polling, holding)
