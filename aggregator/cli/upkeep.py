"""aggregator migrate, aggregator schema."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from aggregator.cli.polling import progress_bar
from aggregator.cli.tables import table
from aggregator.config.addresses import is_server
from aggregator.config.schema import schema_text
from aggregator.errors import Usage
from aggregator.store.opening import copying_to_server

if TYPE_CHECKING:
    from aggregator.cli.context import Context


@click.command()
@click.option(
    "--to", "target", metavar="URL", help="Copy a SQLite database into this empty one: postgresql://HOST/NAME"
)
@click.pass_obj
def migrate(context: Context, target: str | None) -> None:
    """Bring the database up to date. The daemon does so by itself when it starts.

    A copy of a SQLite database is kept beside it; back one on a server up before (pg_dump).
    """
    lock = context.lock
    lock.acquire()
    try:
        context.open_for_writing().close()
        if target is not None:
            _copy(context, target)
            return
    finally:
        lock.release()
    click.echo(f"{context.database_shown} is up to date", err=True)


def _copy(context: Context, target: str) -> None:
    """Copy the database to a server, with a bar of rows on a terminal, and print what was compared."""
    if not isinstance(context.database, Path) or not is_server(target):
        raise Usage("migrate --to copies a SQLite database to PostgreSQL: --to postgresql://HOST/NAME")
    copying = copying_to_server()
    with progress_bar(context, shown=True) as bar:
        task = bar.add_task("copying", total=copying.count_rows(context.database))
        copied = copying.copy(context.database, target, lambda rows: bar.advance(task, rows))
    table(
        context, ("table", "rows", "sha-256"), [(one.table, one.rows, one.digest) for one in copied], numbers=("rows",)
    )
    click.echo(
        f"All rows were compared. Now write the new address as `database` in {context.config_path}, and start the"
        f" daemon; {context.database} stays as it is.",
        err=True,
    )


@click.command()
def schema() -> None:
    """Print the JSON Schema of feeds.yaml, for editors."""
    click.echo(schema_text(), nl=False)
