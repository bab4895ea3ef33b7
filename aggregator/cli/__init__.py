"""The commands: each builds what it needs and calls one thing. stdout is data, stderr is talk."""

from __future__ import annotations

import sys

import click

from aggregator import __version__
from aggregator.cli.lazy import LazyGroup
from aggregator.errors import AggregatorError

_COMMANDS = {
    "run": "daemon",
    "worker": "fleet",
    "health": "health",
    "poll": "polling",
    "check": "checking",
    "feeds": "sources",
    "why": "sources",
    "add": "editing",
    "remove": "editing",
    "opml": "lists",
    "entries": "reading",
    "search": "reading",
    "show": "reading",
    "stories": "stories",
    "withdraw": "stories",
    "export": "exporting",
    "backup": "copies",
    "restore": "copies",
    "migrate": "upkeep",
    "doctor": "doctor",
    "completion": "completion",
    "schema": "upkeep",
    "demo": "demonstration",
}
"""Command -> the module of this folder that has it, imported when it is called."""


@click.group(cls=LazyGroup, commands_in=_COMMANDS, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="aggregator")
@click.option("--config", "config", metavar="FILE", envvar="AGGREGATOR_CONFIG", help="The file of sources: feeds.yaml.")
@click.option(
    "--database",
    metavar="URL",
    envvar="AGGREGATOR_DATABASE",
    help="sqlite:///PATH or postgresql://HOST/NAME, in place of the file's setting.",
)
@click.option("--log-format", type=click.Choice(("json", "text")), help="Text on a terminal, JSON otherwise.")
@click.option("-v", "--verbose", is_flag=True, help="Say more.")
@click.pass_context
def cli(ctx: click.Context, config: str | None, database: str | None, log_format: str | None, verbose: bool) -> None:  # noqa: FBT001
    """Read many feeds, publish one, every story once.

    \b
    aggregator run          start the daemon on feeds.yaml
    aggregator demo         see it work, without a network
    aggregator feeds        how each source is doing
    """  # noqa: D301 - \b is click's
    from aggregator.cli.context import Context  # noqa: PLC0415 - --version does without its half second

    ctx.obj = Context(config=config, database=database, log_format=log_format, verbose=verbose)


def main() -> None:
    """Run the command line; every error ends in a message with its remedy and the right exit status."""
    try:
        status = cli.main(standalone_mode=False)
    except click.exceptions.Abort:
        status = 130
    except (click.ClickException, AggregatorError) as error:
        from aggregator.cli.telling import tell  # noqa: PLC0415 - most commands have nothing to tell

        tell(error)
        status = error.exit_code
    sys.exit(status if isinstance(status, int) else 0)
