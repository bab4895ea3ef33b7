"""aggregator health: asked every half minute by whoever supervises, so it loads little."""

from __future__ import annotations

import contextlib
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from aggregator.cli.words import counted, json_option
from aggregator.config.logs import harmless, masked
from aggregator.errors import AggregatorError, Unavailable
from aggregator.run.control import call
from aggregator.run.report import SCHEMA

if TYPE_CHECKING:
    from aggregator.cli.context import Context


@click.command()
@json_option
@click.pass_obj
def health(context: Context, as_json: bool) -> None:  # noqa: FBT001
    """Ask the running daemon whether it polls and can write, or whether workers do; exit 0 when all is well.

    \b
    aggregator health          ok, or what is wrong
    aggregator health --json   the same, for a program

    It needs no feeds.yaml where --database or AGGREGATOR_DATABASE names the database, or it is in db/ in this folder.
    """  # noqa: D301 - \b is click's
    context.only_reads()
    context.assume_database()
    try:
        words = _how_it_is(context)
    except AggregatorError as error:
        if as_json:
            context.print_json({"schema": SCHEMA, "well": False, "words": error.message, "remedy": error.remedy})
            sys.exit(error.exit_code)
        raise
    if as_json:
        context.print_json({"schema": SCHEMA, "well": True, "words": words, "remedy": None})
    else:
        click.echo(harmless(masked(words)))


def _how_it_is(context: Context) -> str:
    """Return in words that all is well; raise what is wrong."""
    socket = context.daemon_socket(polls=False)
    if socket is None and (workers := _workers(context)):
        return f"ok, {counted(workers, 'worker')} {'polls' if workers == 1 else 'poll'}"
    if socket is None:
        raise Unavailable("No daemon runs on this database.", "Start one: aggregator run")
    status: dict[str, Any] = next(iter(call(socket, {"command": "status"}, timeout=5)))
    if not all(status.get(name) for name in ("writable", "polling", "answered")):
        raise Unavailable(f"The daemon is in trouble: {str(status.get('reason')).rstrip('.')}.", "Its log says more.")
    down = "our own network is down" if status.get("network_down") else None
    refused = status.get("config_refused")
    wrong = f"feeds.yaml has a mistake, and the configuration before it runs: {refused}" if refused else None
    buts = " and ".join(filter(None, (down, wrong)))
    return f"ok, but {buts}" if buts else "ok"


def _workers(context: Context) -> int:
    """Return how many workers poll for the database; StoreError when it cannot be read."""
    if isinstance(context.database, Path):
        return 0
    with contextlib.closing(context.open_for_reading()) as store, store.snapshot() as tx:
        return tx.fleet.workers if tx.fleet is not None else 0
