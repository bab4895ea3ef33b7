"""aggregator worker, and what commands do where the database is on a server."""

from __future__ import annotations

import asyncio
import contextlib
import os
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import click

from aggregator.cli.reloading import reloader
from aggregator.config.logs import speak_in_events
from aggregator.errors import UnreachableDatabase, Usage
from aggregator.run.clock import utc_now
from aggregator.run.engine import synchronise
from aggregator.run.service import Service

if TYPE_CHECKING:
    from aggregator.cli.context import Context


@click.command()
@click.option("--concurrency", type=click.IntRange(1, 10_000), help="Requests at a time, in place of the file's.")
@click.pass_obj
def worker(context: Context, concurrency: int | None) -> None:
    """Poll beside other workers, for a database on a PostgreSQL server; serve with: aggregator run --no-poll

    \b
    aggregator --database postgresql://HOST/NAME worker
    aggregator worker --concurrency 128     the database that feeds.yaml names
    """  # noqa: D301, D400 - \b is click's
    speak_in_events()
    url = context.database
    if isinstance(url, Path):
        raise Usage(f"{url} is a file, which one daemon alone can write.", "Move to a server: aggregator migrate --to")
    if find_spec("procrastinate") is None or find_spec("psycopg") is None:
        raise UnreachableDatabase(
            "Workers need the extra [fleet].", 'Install it, in the folder of the source: pip install ".[fleet]"'
        )
    if concurrency is not None:
        context.limit(concurrency)
    from aggregator.run.fleet.worker import Parts, Worker  # noqa: PLC0415 - an extra
    from aggregator.store.postgres.standing import Standing  # noqa: PLC0415
    from aggregator.store.postgres.store import PostgresStore  # noqa: PLC0415

    with Standing(url, alone=False, clock=utc_now) as standing, contextlib.closing(PostgresStore(url)) as store:
        settings = synchronise(store, context.settings, utc_now())
        service = Service.of(os.environ, os.getpid())
        asyncio.run(Worker(settings, Parts(store, url, standing, reloader(context), service)).run())
