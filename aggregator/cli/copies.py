"""aggregator backup, aggregator restore."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from aggregator.cli.polling import progress_bar
from aggregator.cli.words import json_option
from aggregator.errors import Usage
from aggregator.run.clock import utc_now
from aggregator.run.report import SCHEMA
from aggregator.store.sqlite import copies
from aggregator.store.sqlite.connection import check_replaceable
from aggregator.store.sqlite.lock import Lock

if TYPE_CHECKING:
    from aggregator.cli.context import Context

_FILE = click.Path(dir_okay=False, path_type=Path)


@click.command()
@click.argument("file", metavar="FILE", type=_FILE)
@json_option
@click.pass_obj
def backup(context: Context, file: Path, as_json: bool) -> None:  # noqa: FBT001
    """Copy the database into a new file, while the daemon runs or not; the copy is read whole and checked.

    \b
    aggregator backup /var/backups/news-monday.db
    """  # noqa: D301 - \b is click's
    path = _file_of(context, "pg_dump --format=custom --file=FILE URL")
    with progress_bar(context, shown=True) as bar:
        task = bar.add_task("copying", total=None)
        copies.back_up(path, file, lambda done, of: bar.update(task, completed=done, total=of))
    if as_json:
        context.print_json({"schema": SCHEMA, "database": str(path), "copy": str(file)})
    else:
        click.echo(f"{path} is copied into {file}, and the copy is whole", err=True)


@click.command()
@click.argument("file", metavar="FILE", type=_FILE)
@json_option
@click.pass_obj
def restore(context: Context, file: Path, as_json: bool) -> None:  # noqa: FBT001
    """Put a copy in the database's place while no daemon runs; the database that was there is kept beside it.

    \b
    aggregator restore /var/backups/news-monday.db
    """  # noqa: D301 - \b is click's
    path = _file_of(context, "pg_restore --clean --dbname=URL FILE")
    check_replaceable(path)
    with Lock(context.folder / "lock").held() as lock:  # what it guards may be damaged
        aside = copies.restore(file, path, utc_now())
        lock.was_broken_off = False  # the copy was read whole
        context.open_for_writing().close()  # brings a copy of an earlier version up to date
    if as_json:
        kept = str(aside) if aside else None
        context.print_json({"schema": SCHEMA, "database": str(path), "copy": str(file), "aside": kept})
        return
    click.echo(f"{path} is what {file} was" + (f"; what it was is {aside}" if aside else ""), err=True)


def _file_of(context: Context, instead: str) -> Path:
    if isinstance(context.database, Path):
        return context.database
    raise Usage(f"{context.database_shown} is on a server, which has tools of its own.", f"Use: {instead}")
