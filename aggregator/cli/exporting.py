"""aggregator export."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from aggregator.errors import FolderNotWritable
from aggregator.publish.press import Press
from aggregator.publish.static import StaticFiles

if TYPE_CHECKING:
    from aggregator.cli.context import Context


@click.command()
@click.argument("folder", metavar="DIR", type=click.Path(file_okay=False, path_type=Path))
@click.pass_obj
def export(context: Context, folder: Path) -> None:
    """Write every output but those with a token, and the list of sources, as files for any web server."""
    public = {name: output for name, output in context.effective.published.items() if not output.token}
    settings = context.effective.model_copy(update={"outputs": tuple(public.values())})
    press = Press(settings, StaticFiles(folder), context.open_for_reading)
    try:
        changed = press.publish(frozenset(public))
    except OSError as error:
        raise FolderNotWritable(f"{folder} cannot be written: {error.strerror}.", "Choose another folder.") from error
    click.echo(f"{folder}: {len(changed)} documents changed", err=True)
