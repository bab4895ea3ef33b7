"""aggregator stories, aggregator withdraw: what an operator corrects by hand."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import click

from aggregator.cli.writing import writing
from aggregator.run.clock import utc_now
from aggregator.run.control import call
from aggregator.run.stories import StoryStage
from aggregator.semantic import find_embedder

if TYPE_CHECKING:
    from aggregator.cli.context import Context


@click.group()
def stories() -> None:
    """Correct which entries are one story."""


@stories.command()
@click.pass_obj
def recompute(context: Context) -> None:
    """Decide every entry's story anew; what was released keeps its id and its lead.

    \b
    aggregator stories recompute
    """  # noqa: D301 - \b is click's
    _correct(context, "recompute")
    context.talk.print("every story was decided anew")


@stories.command()
@click.argument("entry_id", metavar="ID")
@click.pass_obj
def split(context: Context, entry_id: str) -> None:
    """Take an entry out of its story, for good; it tells a story of its own.

    \b
    aggregator stories split https://example.org/2026/news
    """  # noqa: D301 - \b is click's
    context.print(_correct(context, "split", entry_id)["story"])


@stories.command()
@click.argument("entry_id", metavar="ID")
@click.argument("other_id", metavar="ID")
@click.pass_obj
def join(context: Context, entry_id: str, other_id: str) -> None:
    """Make the stories of two entries one, for good; what was released of both stays, and names the other.

    \b
    aggregator stories join https://example.org/2026/news https://example.net/7
    """  # noqa: D301 - \b is click's
    context.print(_correct(context, "join", entry_id, other_id)["story"])


@click.command()
@click.argument("entry_id", metavar="ID")
@click.pass_obj
def withdraw(context: Context, entry_id: str) -> None:
    """Take an entry out of every output and delete its text, for good: a takedown, spam.

    \b
    aggregator withdraw https://example.org/2026/news

    Its id stays known, so that it does not come back when its source lists it again.
    """  # noqa: D301 - \b is click's
    _correct(context, "withdraw", entry_id)
    context.talk.print(f"{entry_id} is withdrawn", markup=False)


def _correct(context: Context, action: str, *ids: str) -> dict[str, Any]:
    """Carry out a correction in the daemon when one runs, else here; return what came of it."""
    socket = context.daemon_socket()
    if socket is not None:
        return next(iter(call(socket, {"command": "correct", "action": action, "ids": list(ids)})))
    with writing(context) as found:
        stage = StoryStage(found.store, lambda: found.settings, clock=utc_now, embedder=find_embedder())
        return asyncio.run(stage.correct(action, ids))
