"""aggregator migrate, aggregator schema."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from aggregator.config.schema import schema_text
from aggregator.errors import Usage

if TYPE_CHECKING:
    from aggregator.cli.context import Context


@click.command()
@click.option("--to", "target", metavar="URL", help="Another database (not active yet).")
@click.pass_obj
def migrate(context: Context, target: str | None) -> None:
    """Bring the database up to date. The daemon does so by itself when it starts.

    A copy of a SQLite database is kept beside it; back one on a server up before (pg_dump).
    """
    if target is not None:
        raise Usage("migrate --to is not active yet: a new database begins empty.")
    lock = context.lock
    lock.acquire()
    try:
        context.open_for_writing().close()
    finally:
        lock.release()
    click.echo(f"{context.database_shown} is up to date", err=True)


@click.command()
def schema() -> None:
    """Print the JSON Schema of feeds.yaml, for editors."""
    click.echo(schema_text(), nl=False)
