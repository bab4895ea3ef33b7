"""aggregator run."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import click

from aggregator.config.logs import speak_in_events
from aggregator.errors import LockedDatabase, Usage
from aggregator.run.web import WebProcess, address_of, listen
from aggregator.store.sqlite.lock import read_holder

if TYPE_CHECKING:
    from aggregator.cli.context import Context


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to serve on.")
@click.option("--port", default=8080, show_default=True, type=click.IntRange(0, 65535), help="Port to serve on.")
@click.option("--no-serve", is_flag=True, help="Only poll and publish into the renditions folder.")
@click.option("--no-poll", is_flag=True, help="Only serve: what another process publishes, or what workers poll.")
@click.pass_obj
def run(context: Context, host: str, port: int, no_serve: bool, no_poll: bool) -> None:  # noqa: FBT001
    """Start the daemon: it polls, publishes and serves until it is stopped (Ctrl-C, SIGTERM).

    \b
    aggregator run                            on http://localhost:8080/
    aggregator run --host 0.0.0.0 --port 80   for all who reach this machine
    aggregator run --no-serve                 beside another web server
    """  # noqa: D301 - \b is click's
    speak_in_events()
    if no_serve and no_poll:
        raise Usage("With --no-serve and --no-poll there is nothing to do.")
    if not no_poll and (holder := read_holder(context.folder / "lock")):
        raise LockedDatabase(
            f"{context.folder} is in use by process {holder.get('pid')}.", "Is the daemon running already?"
        )
    with contextlib.ExitStack() as stack:
        web = None if no_serve else stack.enter_context(_web(context, host, port))
        from aggregator.cli import standing  # noqa: PLC0415 - meanwhile the web process loads its own program

        if web is None or not no_poll:
            standing.poll(context, web)
        else:
            standing.serve(context, web)


def _web(context: Context, host: str, port: int) -> WebProcess:
    """Take the port before anything else: when it is taken, nothing has happened yet."""
    listener = listen(host, port)
    context.serve_at(address_of(listener))
    return WebProcess(listener, context.database, context.renditions)
