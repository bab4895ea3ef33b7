"""aggregator stories, aggregator withdraw: what an operator corrects by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from aggregator.cli.reading import reading
from aggregator.cli.words import json_option
from aggregator.corrections import withdrawal
from aggregator.run.control import call
from aggregator.run.report import SCHEMA

if TYPE_CHECKING:
    from aggregator.cli.context import Context
    from aggregator.corrections import Withdrawal


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
@click.argument("entry_id", metavar="ENTRY")
@json_option
@click.pass_obj
def split(context: Context, entry_id: str, as_json: bool) -> None:  # noqa: FBT001
    """Take an entry out of its story, for good; it tells a story of its own.

    \b
    aggregator stories split https://example.org/2026/news

    ENTRY is its link, or its id as `aggregator search` prints it.
    """  # noqa: D301 - \b is click's
    _print_story(context, _correct(context, "split", entry_id), as_json=as_json)


@stories.command()
@click.argument("entry_id", metavar="ENTRY")
@click.argument("other_id", metavar="ENTRY")
@json_option
@click.pass_obj
def join(context: Context, entry_id: str, other_id: str, as_json: bool) -> None:  # noqa: FBT001
    """Make the stories of two entries one, for good; what was released of both stays, and names the other.

    \b
    aggregator stories join https://example.org/2026/news 3f2a9c1e07bd

    ENTRY is its link, or its id as `aggregator search` prints it.
    """  # noqa: D301 - \b is click's
    _print_story(context, _correct(context, "join", entry_id, other_id), as_json=as_json)


def _print_story(context: Context, told: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        context.print_json({"schema": SCHEMA, "story": told["story"]})
    else:
        context.print(told["story"])


@click.command()
@click.argument("entry_id", metavar="ENTRY")
@click.option("--dry-run", is_flag=True, help="Only say what would be withdrawn.")
@json_option
@click.pass_obj
def withdraw(context: Context, entry_id: str, dry_run: bool, as_json: bool) -> None:  # noqa: FBT001
    """Take an entry out of every output and delete its text, for good: a takedown, spam.

    \b
    aggregator withdraw --dry-run https://example.org/news   what it would take
    aggregator withdraw https://example.org/news             by its link
    aggregator withdraw 3f2a9c1e07bd                         by its id

    Ids are printed by `aggregator search` and `aggregator entries`. Other entries of its story stay: each is withdrawn
    by itself. Its id stays known, so that it does not come back when its source lists it again.
    """  # noqa: D301 - \b is click's
    with reading(context) as tx:
        found = withdrawal(tx, entry_id)
    if not (dry_run or found.already):
        _correct(context, "withdraw", found.entry.id)
    if as_json:
        context.print_json(_withdrawal_json(found, dry_run=dry_run))
    else:
        _tell_withdrawal(context, found, dry_run=dry_run)


def _withdrawal_json(found: Withdrawal, *, dry_run: bool) -> dict[str, Any]:
    others = [{"id": one.id, "title": one.item.title, "feed": one.feed} for one in found.others]
    entry = found.entry
    told = {"withdrawn": entry.id, "title": entry.item.title, "source": entry.source.title, "feed": entry.feed}
    return {"schema": SCHEMA, **told, "dry_run": dry_run, "already": found.already, "others": others}


def _tell_withdrawal(context: Context, found: Withdrawal, *, dry_run: bool) -> None:
    entry = found.entry
    if found.already:
        context.tell(f"{entry.id} is withdrawn already: nothing is left of it")
    else:
        what = "would be withdrawn" if dry_run else "is withdrawn"
        context.tell(f"{entry.item.title or 'untitled'}, of {entry.source.title or entry.feed}, {what} ({entry.id})")
    if found.others:
        stay = "other entry of its story stays" if len(found.others) == 1 else "other entries of its story stay"
        context.tell(f"{len(found.others)} {stay}:")
    for one in found.others:
        context.tell(f"  {one.item.title or 'untitled'}, of {one.source.title or one.feed} ({one.id})")


def _correct(context: Context, action: str, *ids: str) -> dict[str, Any]:
    """Carry out a correction in the daemon when one runs, else here; return what came of it."""
    socket = context.daemon_socket()
    if socket is not None:
        return next(iter(call(socket, {"command": "correct", "action": action, "ids": list(ids)})))
    from aggregator.cli.here import correct  # noqa: PLC0415 - what a daemon does need not be loaded

    return correct(context, action, ids)
