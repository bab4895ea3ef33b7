"""aggregator poll."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Any

import click
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from aggregator.cli.tables import poll_table
from aggregator.cli.words import json_option, known_urls
from aggregator.decide.choice import Choice
from aggregator.run.control import call
from aggregator.run.report import round_json

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
@json_option
@click.pass_obj
def poll(context: Context, urls: tuple[str, ...], every: bool, force: bool, refetch: bool, as_json: bool) -> None:  # noqa: FBT001
    """Poll the sources that are due once; or the named ones, or all. Lists of sources are read first.

    \b
    aggregator poll                     what is due
    aggregator poll --all               every source
    aggregator poll --force URL         this one, now
    """  # noqa: D301 - \b is click's
    settings = context.effective
    chosen = Choice(frozenset(known_urls(settings, urls)), every=every, force=force, refetch=refetch)
    with progress_bar(context, shown=not as_json) as progress:
        task = progress.add_task("polling", total=len(chosen.urls) or len(settings.sources))
        reports, elapsed = run_round(context, chosen, lambda _: progress.advance(task))
    report = _report(reports, elapsed)
    if as_json:
        context.print_json(report)
    else:
        poll_table(context, report)
    sys.exit(1 if report["totals"]["errors"] or any(one["error"] for one in report.get("lists", ())) else 0)


def _report(reports: list[_Report], elapsed: float) -> _Report:
    """Return what the round came to; lists of sources that were read for it stand beside the sources."""
    feeds = [{name: one[name] for name in one if name != "feeds"} for one in reports if "url" in one]
    lists = [
        {"url" if name == "list" else name: value for name, value in one.items()} for one in reports if "list" in one
    ]
    return round_json(feeds, elapsed) | ({"lists": lists} if lists else {})


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
    from aggregator.cli.here import poll  # noqa: PLC0415 - what a daemon does need not be loaded

    return poll(context, choice, told)


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
        if answer.keys() & {"url", "list"}:
            reports.append(answer)
    return reports


def progress_bar(context: Context, *, shown: bool) -> Progress:
    """Return a bar on stderr that is gone when it is full; none where stderr is no terminal."""
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=context.talk,
        transient=True,
        disable=not (shown and context.talk.is_terminal),
    )
