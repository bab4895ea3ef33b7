"""aggregator stories, aggregator withdraw: what an operator corrects by hand."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import click

from aggregator.cli.words import json_option
from aggregator.cli.writing import writing
from aggregator.run.clock import utc_now
from aggregator.run.control import call
from aggregator.run.report import SCHEMA
from aggregator.run.stories import StoryStage
from aggregator.semantic import find_embedder

if TYPE_CHECKING:
    from aggregator.cli.context import Context


@click.group()
def stories() -> None:
    """Correct which entries are one story."""


@stories.command()
@json_option
@click.pass_obj
def recompute(context: Context, as_json: bool) -> None:  # noqa: FBT001
    """Decide every entry's story anew; what was released keeps its id and its lead.

    \b
    aggregator stories recompute
    """  # noqa: D301 - \b is click's
    _correct(context, "recompute")
    if as_json:
        context.print_json({"schema": SCHEMA, "story": None})
    else:
        context.talk.print("every story was decided anew")


@stories.command()
@click.argument("entry_id", metavar="ID")
@json_option
@click.pass_obj
def split(context: Context, entry_id: str, as_json: bool) -> None:  # noqa: FBT001
    """Take an entry out of its story, for good; it tells a story of its own.

    \b
    aggregator stories split https://example.org/2026/news
    """  # noqa: D301 - \b is click's
    _print_story(context, _correct(context, "split", entry_id), as_json=as_json)


@stories.command()
@click.argument("entry_id", metavar="ID")
@click.argument("other_id", metavar="ID")
@json_option
@click.pass_obj
def join(context: Context, entry_id: str, other_id: str, as_json: bool) -> None:  # noqa: FBT001
    """Make the stories of two entries one, for good; what was released of both stays, and names the other.

    \b
    aggregator stories join https://example.org/2026/news https://example.net/7
    """  # noqa: D301 - \b is click's
    _print_story(context, _correct(context, "join", entry_id, other_id), as_json=as_json)


def _print_story(context: Context, told: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        context.print_json({"schema": SCHEMA, "story": told["story"]})
    else:
        context.print(told["story"])


@click.command()
@click.argument("entry_id", metavar="ID")
@json_option
@click.pass_obj
def withdraw(context: Context, entry_id: str, as_json: bool) -> None:  # noqa: FBT001
    """Take an entry out of every output and delete its text, for good: a takedown, spam.

    \b
    aggregator withdraw https://example.org/2026/news

    Its id stays known, so that it does not come back when its source lists it again.
    """  # noqa: D301 - \b is click's
    _correct(context, "withdraw", entry_id)
    if as_json:
        context.print_json({"schema": SCHEMA, "withdrawn": entry_id})
    else:
        context.talk.print(f"{entry_id} is withdrawn", markup=False)


def _correct(context: Context, action: str, *ids: str) -> dict[str, Any]:
    """Carry out a correction in the daemon when one runs, else here; return what came of it."""
    socket = context.daemon_socket()
    if socket is not None:
        return next(iter(call(socket, {"command": "correct", "action": action, "ids": list(ids)})))
    with writing(context) as found:
        stage = StoryStage(found.store, lambda: found.settings, clock=utc_now, embedder=find_embedder())
        return asyncio.run(stage.correct(action, ids))
