"""aggregator demo."""

from __future__ import annotations

import asyncio
import contextlib
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import click

from aggregator.cli.context import Context
from aggregator.cli.tables import poll_table
from aggregator.decide.choice import Choice
from aggregator.demo.publishers import Publishers
from aggregator.publish.press import Press
from aggregator.publish.renditions import Renditions
from aggregator.run.clock import utc_now
from aggregator.run.engine import Engine, take_over
from aggregator.run.report import report_json, round_json
from aggregator.run.round import poll_round
from aggregator.run.web import WebProcess, address_of, listen, until_stopped

if TYPE_CHECKING:
    from aggregator.store.protocols import Store


@click.command()
@click.option("--port", default=8080, show_default=True, type=click.IntRange(0, 65535), help="Port to serve on.")
@click.option("--serve/--no-serve", default=None, help="Serve the result until Ctrl-C; by default on a terminal.")
@click.pass_obj
def demo(context: Context, port: int, serve: bool | None) -> None:  # noqa: FBT001
    """See it work without a network: feeds made up for this are served on this machine and aggregated.

    \b
    aggregator demo                serve what comes of it until Ctrl-C
    aggregator demo --no-serve     only say what came of it

    They come in every format, repeat each other, break, and change between two polls. Everything is kept in a
    temporary folder.
    """  # noqa: D301 - \b is click's
    serve = sys.stdout.isatty() if serve is None else serve
    with tempfile.TemporaryDirectory(prefix="aggregator-demo-") as folder:
        asyncio.run(_demonstrate(Path(folder), serve_on=port if serve else None, verbose=context.verbose))


async def _demonstrate(folder: Path, *, serve_on: int | None, verbose: bool) -> None:
    listener = None if serve_on is None else listen("127.0.0.1", serve_on)
    async with Publishers(utc_now()) as publishers:
        config = folder / "feeds.yaml"
        config.write_text(publishers.config(), encoding="utf-8")
        context = Context(config=str(config), verbose=verbose)
        if listener is not None:
            context.serve_at(address_of(listener))
        with contextlib.closing(context.open_for_writing()) as store:
            take_over(store, context.settings, utc_now())
            await _two_rounds(context, store, publishers)
        if listener is not None:
            await _serve(context, WebProcess(listener, context.database, context.renditions))


async def _two_rounds(context: Context, store: Store, publishers: Publishers) -> None:
    press = Press(context.settings, Renditions(context.renditions), context.open_for_reading, clock=utc_now)
    async with Engine(store, context.settings) as engine:
        for number, text in enumerate(("The first poll: every source is new.", "The second: some have changed.")):
            context.out.print(f"\n{text}\n", markup=False)
            started = asyncio.get_running_loop().time()
            choice = Choice(every=True, force=number > 0)
            reports = [report_json(one) async for one in poll_round(engine.pipeline, store, choice, utc_now)]
            await engine.stories.drain()
            poll_table(context, round_json(reports, asyncio.get_running_loop().time() - started))
            publishers.advance()
    press.publish(frozenset(context.settings.published))
    with store.snapshot() as tx:
        counts = {name: tx.releases.count(name) for name in context.settings.published}
    answers = ", ".join(f"{count} x {status}" for status, count in sorted(publishers.requests.items()))
    context.print(f"\nThe sources answered: {answers}. One fails on purpose.")
    context.print(f"Published: {', '.join(f'{name} ({count} entries)' for name, count in counts.items())}.")


async def _serve(context: Context, web: WebProcess) -> None:
    async with web:
        context.print(f"\nSubscribe to {web.address}all.atom, or look at {web.address}. Ctrl-C ends it.")
        await until_stopped()
