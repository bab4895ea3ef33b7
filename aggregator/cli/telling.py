"""How an error ends a command: its message and remedy for people, or an event where what is said is JSON."""

from __future__ import annotations

import click
import structlog

from aggregator.config.logs import harmless, masked, speaks_in_events
from aggregator.errors import AggregatorError

_log = structlog.get_logger(__name__)


def tell(error: click.ClickException | AggregatorError) -> None:
    """Say on stderr what went wrong, without secrets and control characters."""
    if not isinstance(error, AggregatorError):
        if speaks_in_events():
            _log.critical("failed", error=error.format_message())
        else:
            error.show()
    elif speaks_in_events():
        _log.critical("failed", error=error.message, remedy=error.remedy)
    else:
        for line in f"aggregator: {error.message}\n  {error.remedy}".rstrip().split("\n"):
            click.echo(harmless(masked(line)), err=True)
