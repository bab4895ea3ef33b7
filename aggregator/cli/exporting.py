"""aggregator export."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING

import click

from aggregator.cli.words import json_option
from aggregator.errors import FolderNotWritable
from aggregator.publish.press import Press
from aggregator.publish.static import StaticFiles
from aggregator.run.clock import utc_now
from aggregator.run.report import SCHEMA
from aggregator.serve.exported import pages

if TYPE_CHECKING:
    from collections.abc import Iterator

    from aggregator.cli.context import Context


@click.command()
@click.argument("folder", metavar="DIR", type=click.Path(file_okay=False, path_type=Path))
@json_option
@click.pass_obj
def export(context: Context, folder: Path, as_json: bool) -> None:  # noqa: FBT001
    """Write every output but those with a token, the list of sources and the pages, as files for any web server.

    \b
    aggregator export /var/www/news
    """  # noqa: D301 - \b is click's
    public = {name: output for name, output in context.effective.published.items() if not output.token}
    settings = context.effective.model_copy(update={"outputs": tuple(public.values())})
    files = StaticFiles(folder)
    press = Press(settings, files, context.open_for_reading, clock=utc_now)
    try:
        changed = [*press.publish(frozenset(public)), *_pages(context, files)]
    except OSError as error:
        raise FolderNotWritable(f"{folder} cannot be written: {error.strerror}.", "Choose another folder.") from error
    if as_json:
        context.print_json({"schema": SCHEMA, "folder": str(folder), "changed": sorted(changed)})
    else:
        click.echo(f"{folder}: {len(changed)} documents changed", err=True)


def _pages(context: Context, files: StaticFiles) -> Iterator[str]:
    """Write the pages, and yield which changed; where the operator has one of that name, it stays."""
    now = utc_now()
    with contextlib.closing(context.open_for_reading()) as store, store.snapshot() as tx:
        made = pages(tx, files.published)
    for name, body in made.items():
        try:
            if files.write(name, body, media_type="", modified=now):
                yield name
        except FolderNotWritable as error:
            click.echo(f"{error.message} It stays.", err=True)
