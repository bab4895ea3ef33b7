"""aggregator add, aggregator remove: they change feeds.yaml, and keep its comments and its order."""

from __future__ import annotations

import os
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from aggregator.cli.polling import run_round
from aggregator.cli.words import one_source
from aggregator.config.document import read_text
from aggregator.config.edit import with_feed, without_feed
from aggregator.config.load import load
from aggregator.decide.choice import Choice
from aggregator.errors import AggregatorError, ConfigError, FolderNotWritable, Usage

if TYPE_CHECKING:
    from aggregator.cli.context import Context


@click.command()
@click.argument("url")
@click.option("--title", help="Shown instead of the title that the feed gives itself.")
@click.option("--tag", "tags", multiple=True, help="A word that outputs select by; may be repeated.")
@click.pass_obj
def add(context: Context, url: str, title: str | None, tags: tuple[str, ...]) -> None:
    """Add a source to feeds.yaml and read it once; URL is a feed, or a site that names its feed.

    That first reading is the source's first poll: the server is asked once, not to try and then again to read.
    """
    path = context.config_path
    before = read_text(path)
    tried: list[str] = []
    while True:
        _check_new(context, url)
        _write(path, with_feed(before, path, url, title=title, tags=tags))
        tried.append(url)
        report = _first_poll(context, url, before)
        if report["error"] is None:
            context.print(f"added {url}: {report['entries']} entries" if report["status"] else f"added {url}")
            context.print(f"next poll {report['next_poll_at'] or 'never'} because {report['reason']}")
            return
        _restore(context, before)
        further = [found for found in report["feeds"] if found not in tried]
        if len(tried) > 1 or not further:
            raise AggregatorError(f"{url} was not added. {report['error']}")
        url = further[0]
        context.talk.print(f"{tried[0]} names its feed: {url}", markup=False)


@click.command()
@click.argument("url", metavar="SOURCE")
@click.pass_obj
def remove(context: Context, url: str) -> None:
    """Take a source out of feeds.yaml; what it brought stays until its time is over.

    SOURCE is its address, its title, or a part of either that only it has.
    """
    url = one_source(context.settings, url)
    path = context.config_path
    _write(path, without_feed(read_text(path), path, url))
    context.print(f"removed {url}")


def _check_new(context: Context, url: str) -> None:
    if url in context.settings.sources:
        raise Usage(f"{url} is in {context.config_path} already.", f"See how it is doing: aggregator why {url}")


def _first_poll(context: Context, url: str, before: str) -> dict[str, Any]:
    """Poll the new source, in the daemon when one runs; whatever goes wrong, feeds.yaml is as it was."""
    try:
        context.forget_settings()
        (report,), _ = run_round(context, Choice(frozenset({url})), lambda _: None, reload=True)
    except BaseException:
        _restore(context, before)
        raise
    return report


def _restore(context: Context, before: str) -> None:
    _write(context.config_path, before)
    context.forget_settings()


def _write(path: Path, text: str) -> None:
    """Replace the file at once by a right one, with the rights it had; ConfigError when it would be wrong."""
    real = Path(os.path.realpath(path))
    try:
        handle, name = tempfile.mkstemp(prefix=f".{real.name}.", dir=real.parent)
        new = Path(name)
        try:
            with open(handle, "w", encoding="utf-8", newline="") as file:  # noqa: PTH123 - of a number
                file.write(text)
            new.chmod(real.stat().st_mode & 0o777)
            _check(new, path)
            new.replace(real)
        finally:
            new.unlink(missing_ok=True)
    except OSError as error:
        raise FolderNotWritable(
            f"{path} cannot be changed: {error.strerror} (user id {os.getuid()}).",
            "Give this user the right to write the file and its folder, or edit it by hand.",
        ) from error


def _check(new: Path, path: Path) -> None:
    try:
        load(new, os.environ)
    except ConfigError as error:
        raise ConfigError([replace(problem, file=str(path)) for problem in error.problems]) from error
