"""aggregator poll."""

from __future__ import annotations

import asyncio
import sys
import time
from typing import TYPE_CHECKING, Any

import click
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from aggregator.cli.tables import poll_table
from aggregator.cli.words import known_urls
from aggregator.decide.choice import Choice
from aggregator.publish.press import Press
from aggregator.publish.renditions import Renditions
from aggregator.run.control import call
from aggregator.run.engine import Engine, take_over, utc_now
from aggregator.run.report import report_json, round_json
from aggregator.run.round import poll_round

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from aggregator.cli.context import Context

_Report = dict[str, Any]


@click.command()
@click.argument("urls", nargs=-1, metavar="[URL]...")
@click.option("--all", "every", is_flag=True, help="Ask all, save those polled 5 minutes ago, and failing ones.")
@click.option("--force", is_flag=True, help="Ask whatever the due times say; never before a server's Retry-After.")
@click.option("--refetch", is_flag=True, help="Ask for whole documents: send no validators.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.pass_obj
def poll(context: Context, urls: tuple[str, ...], every: bool, force: bool, refetch: bool, as_json: bool) -> None:  # noqa: FBT001
    """Poll the sources that are due once; or the named ones, or all.

    \b
    aggregator poll                     what is due
    aggregator poll --all               every source
    aggregator poll --force URL         this one, now
    """  # noqa: D301 - \b is click's
    chosen = Choice(frozenset(known_urls(context.settings, urls)), every=every, force=force, refetch=refetch)
    with _progress(context, shown=not as_json) as progress:
        task = progress.add_task("polling", total=len(chosen.urls) or len(context.settings.sources))
        reports, elapsed = run_round(context, chosen, lambda _: progress.advance(task))
    report = round_json([{name: one[name] for name in one if name != "feeds"} for one in reports], elapsed)
    if as_json:
        context.print_json(report)
    else:
        poll_table(context, report)
    sys.exit(1 if report["totals"]["errors"] else 0)


def run_round(
    context: Context, choice: Choice, told: Callable[[_Report], None], *, reload: bool = False
) -> tuple[list[_Report], float]:
    """Run a round in the daemon when one runs, else here; return its reports, and the seconds that it took.

    `reload`: feeds.yaml was changed just now, and the daemon is to read it first.
    """
    socket = context.daemon_socket()
    started = time.monotonic()
    if socket is not None:
        return _ask_daemon(socket, choice, told, reload=reload), time.monotonic() - started
    return poll_here(context, choice, told)


def _ask_daemon(socket: Path, choice: Choice, told: Callable[[_Report], None], *, reload: bool) -> list[_Report]:
    command = {
        "reload": reload,
        "command": "poll",
        "urls": sorted(choice.urls),
        "every": choice.every,
        "force": choice.force,
        "refetch": choice.refetch,
        "exact": choice.exact,
    }
    reports = []
    for answer in call(socket, command):
        if "url" in answer:
            told(answer)
            reports.append(answer)
    return reports


def poll_here(context: Context, choice: Choice, told: Callable[[_Report], None]) -> tuple[list[_Report], float]:
    """Run a round in this process, which becomes the one writer for as long."""
    lock = context.lock
    lock.acquire()
    try:
        store = context.open_for_writing()
        try:
            take_over(store, context.settings, utc_now())
            started = time.monotonic()
            reports = asyncio.run(_round(context, store, choice, told))
            elapsed = time.monotonic() - started
        finally:
            store.close()
        press = Press(context.settings, Renditions(context.renditions), context.open_for_reading)
        press.publish(frozenset(context.settings.published))
    finally:
        lock.release()
    return reports, elapsed


async def _round(context: Context, store: Any, choice: Choice, told: Callable[[_Report], None]) -> list[_Report]:
    reports = []
    async with Engine(store, context.settings) as engine:
        async for one in poll_round(engine.pipeline, store, choice, utc_now):
            told(report := report_json(one) | {"feeds": list(one.feeds)})
            reports.append(report)
        await engine.stories.drain()
    return reports


def _progress(context: Context, *, shown: bool) -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=context.talk,
        transient=True,
        disable=not (shown and context.talk.is_terminal),
    )
