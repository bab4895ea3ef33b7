"""What `aggregator run` stands for: the daemon that polls, and what serves where others poll."""

from __future__ import annotations

import asyncio
import contextlib
import os
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import structlog

from aggregator.cli.reloading import reloader
from aggregator.cli.rewriting import is_being_edited
from aggregator.config.advice import warnings
from aggregator.config.logs import speaks_in_events
from aggregator.publish.press import Press
from aggregator.publish.renditions import Renditions
from aggregator.run import printer
from aggregator.run.clock import utc_now
from aggregator.run.daemon import Daemon, Parts
from aggregator.run.engine import take_over
from aggregator.run.schedule import Schedule
from aggregator.run.service import Service
from aggregator.run.web import until_stopped
from aggregator.store.opening import standing
from aggregator.store.sqlite.copies import keep_copy
from aggregator.store.sqlite.store import SqliteStore

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from aggregator.cli.context import Context
    from aggregator.config.settings import Settings
    from aggregator.run.web import WebProcess
    from aggregator.store.sqlite.lock import Lock

_log = structlog.get_logger(__name__)


def poll(context: Context, web: WebProcess | None) -> None:
    """Poll, publish and, with a web process, serve, until it is stopped."""
    with _only_poller(context) as still_alone, context.lock.held() as lock:
        store = context.open_for_writing()
        try:
            settings = take_over(store, context.settings, utc_now())
            renditions = Renditions(context.renditions)
            press = Press(settings, renditions, context.open_for_reading, hub=True, clock=utc_now)
            place = context.database
            copy = partial(keep_copy, place) if isinstance(place, Path) else None
            look_over = partial(_look_over, store, lock) if isinstance(store, SqliteStore) else None
            told = (context.folder, lock.describe, web, still_alone, renditions, _service(), copy, look_over)
            is_edited = partial(is_being_edited, context.config_path)
            parts = Parts(
                store, press, reloader(context), *told, is_edited=is_edited, was_broken_off=lock.was_broken_off
            )
            _greet(context, settings, web)
            asyncio.run(Daemon(settings, parts).run())
        finally:
            store.close()


def serve(context: Context, web: WebProcess) -> None:
    """Serve what another process publishes, or publish and serve what workers poll, until it is stopped."""
    _invite(context, web)
    if isinstance(context.database, Path):
        asyncio.run(_serve_only(web))
    else:
        _print_and_serve(context, web)


def _look_over(store: SqliteStore, lock: Lock, broken_off: Callable[[], bool]) -> None:
    """Look over the database; once that is done it need not be done again at the next start."""
    store.look_over(broken_off)
    if not broken_off():
        lock.was_broken_off = False


@contextlib.contextmanager
def _only_poller(context: Context) -> Iterator[Callable[[], object]]:
    """Be the one process that polls; yield what makes sure of it later."""
    if isinstance(context.database, Path):  # the lock beside it says so
        yield lambda: None
        return
    with standing(context.database, alone=True) as place:
        yield place.still


def _print_and_serve(context: Context, web: WebProcess) -> None:
    """Render and serve what others poll."""
    with context.lock.held() as lock, contextlib.closing(context.open_for_reading()) as store:
        renditions = Renditions(context.renditions)
        press = Press(context.effective, renditions, context.open_for_reading, clock=utc_now)
        told = (context.folder, lock.describe, web, renditions, _service())
        parts = printer.Parts(store, context.open_for_writing, press, reloader(context), *told)
        asyncio.run(printer.Printer(context.settings, parts).run())


async def _serve_only(web: WebProcess) -> None:
    async with web:
        schedule, service = Schedule(), _service()
        service.beat_on(schedule, web.trouble)
        schedule.start()
        await until_stopped()
        service.stopping()
        await schedule.end()


def _service() -> Service:
    return Service.of(os.environ, os.getpid())


def _greet(context: Context, settings: Settings, web: WebProcess | None) -> None:
    if warned := len(warnings(context.settings)):
        _log.warning("config.warnings", count=warned, see="aggregator check")
    sources = sum(source.enabled for source in settings.sources.values())
    _log.info("daemon.started", sources=sources, outputs=len(settings.published), database=context.database_shown)
    if web is not None:
        _invite(context, web)


def _invite(context: Context, web: WebProcess) -> None:
    if speaks_in_events():
        _log.info("web.serving", subscribe=f"{web.address}all.atom", outputs=web.address)
        return
    with contextlib.suppress(OSError):  # whoever read what is said has gone, or the disk of the log is full
        context.talk.print(f"Subscribe to {web.address}all.atom (all outputs: {web.address})", markup=False)
