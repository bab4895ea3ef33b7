"""aggregator health: asked every half minute by whoever supervises, so it loads little."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from aggregator.errors import ConfigError, Unavailable
from aggregator.run.control import call

if TYPE_CHECKING:
    from aggregator.cli.context import Context


def _socket_despite_config(context: Context) -> Path | None:
    """Return the daemon's socket; a feeds.yaml that was broken while it runs says nothing of its health."""
    try:
        return context.daemon_socket(polls=False)
    except ConfigError:
        return context.daemon_socket(context.config_path.parent / "db", polls=False)


@click.command()
@click.pass_obj
def health(context: Context) -> None:
    """Ask the running daemon whether it polls and can write, or whether workers do; exit 0 when all is well."""
    socket = _socket_despite_config(context)
    if socket is None and (workers := _workers(context)):
        click.echo(f"ok, {workers} workers poll")
        return
    if socket is None:
        raise Unavailable("No daemon runs on this database.", "Start one: aggregator run")
    status: dict[str, Any] = next(iter(call(socket, {"command": "status"}, timeout=5)))
    if not all(status.get(name) for name in ("writable", "polling", "answered")):
        raise Unavailable(f"The daemon is in trouble: {status.get('reason')}.", "Its log says more.")
    click.echo("ok, but our own network is down" if status.get("network_down") else "ok")


def _workers(context: Context) -> int:
    """Return how many workers poll for the database; StoreError when it cannot be read."""
    if isinstance(context.database, Path):
        return 0
    with contextlib.closing(context.open_for_reading()) as store, store.snapshot() as tx:
        return tx.fleet.workers if tx.fleet is not None else 0
