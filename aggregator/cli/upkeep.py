"""aggregator migrate, aggregator schema."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from aggregator.cli.polling import progress_bar
from aggregator.cli.tables import table
from aggregator.cli.words import json_option
from aggregator.cli.writing import alone
from aggregator.config.addresses import database_place
from aggregator.config.schema import schema_text
from aggregator.errors import Usage
from aggregator.run.report import SCHEMA
from aggregator.store.opening import copying_to_file, copying_to_server

if TYPE_CHECKING:
    from types import ModuleType

    from aggregator.cli.context import Context
    from aggregator.store.opening import Place
    from aggregator.store.postgres.copied import Copied


@click.command()
@click.option(
    "--to",
    "target",
    metavar="URL",
    help="Copy everything into an empty database: postgresql://HOST/NAME, or back: sqlite:///PATH",
)
@json_option
@click.pass_obj
def migrate(context: Context, target: str | None, as_json: bool) -> None:  # noqa: FBT001
    """Bring the database up to date. The daemon does so by itself when it starts.

    \b
    aggregator migrate
    aggregator migrate --to postgresql://db.example.org/news

    A copy of a SQLite database is kept beside it; back one on a server up before (pg_dump).

    What --to has copied is compared row by row. A copy that was broken off goes on where it was when the same command
    is given again.
    """  # noqa: D301 - \b is click's
    with alone(context):
        context.open_for_writing().close()
        copied = [] if target is None else _copy(context, target)
    if as_json:
        tables = [{"table": one.table, "rows": one.rows, "sha256": one.digest} for one in copied]
        context.print_json({"schema": SCHEMA, "database": context.database_shown, "copied": tables})
    elif target is None:
        click.echo(f"{context.database_shown} is up to date", err=True)
    else:
        _tell_copied(context, copied)


def _copy(context: Context, target: str) -> list[Copied]:
    """Copy the database, with a bar of rows on a terminal; return what was compared."""
    place = database_place(target, Path.cwd())
    copying, source = _way(context.database, place)
    with progress_bar(context, shown=True) as bar:
        task = bar.add_task("copying", total=copying.count_rows(source))
        copied: list[Copied] = copying.copy(source, place, lambda rows: bar.advance(task, rows))
    return copied


def _tell_copied(context: Context, copied: list[Copied]) -> None:
    table(
        context, ("table", "rows", "sha-256"), [(one.table, one.rows, one.digest) for one in copied], numbers=("rows",)
    )
    click.echo(
        f"All rows were compared. Now write the new address as `database` in {context.config_path}, and start again;"
        f" {context.database_shown} stays as it is.",
        err=True,
    )


def _way(source: Place, target: Place) -> tuple[ModuleType, Place]:
    if isinstance(source, Path) and not isinstance(target, Path):
        return copying_to_server(), source
    if isinstance(target, Path) and not isinstance(source, Path):
        return copying_to_file(), source
    raise Usage(
        "migrate --to copies from a file to a server, or from a server to a file.",
        "Write --to postgresql://HOST/NAME or --to sqlite:///PATH",
    )


@click.command()
def schema() -> None:
    """Print the JSON Schema of feeds.yaml, for editors.

    \b
    aggregator schema > feeds.schema.json
    """  # noqa: D301 - \b is click's
    click.echo(schema_text(), nl=False)
