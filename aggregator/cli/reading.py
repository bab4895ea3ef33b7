"""aggregator entries, aggregator search, aggregator show."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

import click

from aggregator.cli.entry_json import entry_json
from aggregator.cli.story_words import print_story, story_json, why_same
from aggregator.cli.tables import table
from aggregator.cli.words import json_option, known_output
from aggregator.config.types import parse_duration
from aggregator.corrections import named
from aggregator.decide.canonical import plain_text
from aggregator.decide.identity import story_key
from aggregator.model import Held
from aggregator.releasing import outputs_of
from aggregator.run.clock import utc_now
from aggregator.run.report import SCHEMA, rfc3339

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import timedelta

    from aggregator.cli.context import Context
    from aggregator.model import Entry
    from aggregator.store.articles import ArticleState
    from aggregator.store.protocols import EntryRevision, Transaction

_FOUND = 50
_EXCERPT = 400


class _Duration(click.ParamType[Any]):
    name = "duration"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> timedelta:
        try:
            return parse_duration(value)
        except ValueError as error:
            self.fail(str(error), param, ctx)


@contextlib.contextmanager
def reading(context: Context) -> Iterator[Transaction]:
    """Yield the database as it is at this moment; StoreError when it cannot be read."""
    store = context.open_for_reading()
    try:
        with store.snapshot() as tx:
            yield tx
    finally:
        store.close()


@click.command()
@click.option("--output", metavar="NAME", help="Only what this output has released.")
@click.option("--since", type=_Duration(), metavar="DURATION", help="Only what was first seen this lately: 7d, 12h.")
@click.pass_obj
def entries(context: Context, output: str | None, since: timedelta | None) -> None:
    """Print every stored entry, or an output's, as JSON lines: the operator's data, whole.

    \b
    aggregator entries > everything.jsonl
    aggregator entries --output labs --since 7d
    """  # noqa: D301 - \b is click's
    context.only_reads()
    after = utc_now() - since if since is not None else None
    with reading(context) as tx:
        if output is None:
            found = tx.entries.all(since=after)
        else:
            found = tx.releases.of_output(known_output(context.settings, output), since=after)
        for entry in found:
            context.print_json(entry_json(entry))


@click.command()
@click.argument("query", nargs=-1, required=True)
@json_option
@click.pass_obj
def search(context: Context, query: tuple[str, ...], as_json: bool) -> None:  # noqa: FBT001
    """Find entries by their words, best first.

    \b
    aggregator search open weights     both words, anywhere in title or text

    An entry is found when it has every word of QUERY: whole words, in any order, whatever their case and accents.
    Quotes, OR, * and other signs mean nothing.
    """  # noqa: D301 - \b is click's
    context.only_reads()
    with reading(context) as tx:
        found = tx.entries.search(" ".join(query), limit=_FOUND)
    if as_json:
        context.print_json({"schema": SCHEMA, "entries": [entry_json(entry) for entry in found]})
        return
    rows = [(f"{one.published:%Y-%m-%d}", story_key(one.id), one.item.title, one.source.title) for one in found]
    table(context, ("published", "id", "title", "source"), rows)
    context.print(f"{len(found)} found" + (f" (the best {_FOUND})" if len(found) == _FOUND else ""))


@click.command()
@click.argument("entry_id", metavar="ENTRY")
@json_option
@click.pass_obj
def show(context: Context, entry_id: str, as_json: bool) -> None:  # noqa: FBT001
    """Show one entry: where it was seen, what it said before, why it is one entry.

    \b
    aggregator show https://example.org/2026/news   by its link
    aggregator show 3f2a9c1e07bd                    by its id

    Ids are printed by `aggregator search` and `aggregator entries`. What else there is on its story is shown too: which
    entries, by which evidence each was put there.
    """  # noqa: D301 - \b is click's
    context.only_reads()
    with reading(context) as tx:
        entry = named(tx, entry_id)
        revisions = tx.entries.revisions(entry.key)
        is_shown = entry.held != Held.WITHDRAWN
        outputs = sorted(outputs_of(tx, [entry.key]).get(entry.key, ())) if is_shown else []
        article = tx.articles.of_entry(entry.key)
        members, kin = tx.kinships.members(entry.key), tx.kinships.kin(entry.key)
    if as_json:
        answer = {"schema": SCHEMA, "entry": entry_json(entry), "outputs": outputs}
        answer["history"] = [_revision_json(revision) for revision in revisions]
        answer["evidence"] = [{"feed": seen.feed, "evidence": seen.evidence} for seen in entry.sightings]
        answer["article"] = article.words if article is not None else None
        answer["story"] = story_json(entry, members, kin)
        context.print_json(answer)
    else:
        _print_entry(context, entry, outputs, revisions, article)
        print_story(context, entry, members, kin)


def _revision_json(revision: EntryRevision) -> dict[str, Any]:
    return {
        "until": rfc3339(revision.at),
        "title": revision.title,
        "link": revision.link,
        "summary": revision.summary,
        "content": revision.content,
    }


def _print_entry(
    context: Context,
    entry: Entry,
    outputs: list[str],
    revisions: list[EntryRevision],
    article: ArticleState | None,
) -> None:
    def line(name: str, value: object) -> None:
        context.print(f"{name + ':':<12}{value}")

    if entry.held == Held.WITHDRAWN:
        context.print("This entry is withdrawn: its text is deleted, and it is in no output.")
    line("title", entry.item.title or "-")
    line("id", entry.id)
    line("link", entry.item.link or "-")
    line("published", rfc3339(entry.published))
    line("updated", rfc3339(entry.updated))
    line("first seen", rfc3339(entry.first_seen))
    line("outputs", ", ".join(outputs) or f"none: {entry.held}")
    line("told by", entry.feed)
    if article is not None:
        line("article", article.words)
    for sighting in entry.sightings:
        line("seen in", f"{sighting.feed} at {rfc3339(sighting.first_seen)}, {why_same(sighting)}")
    for revision in revisions:
        line("before", f"{rfc3339(revision.at)}: {revision.title}")
    text = plain_text(entry.item.content or entry.item.summary)
    context.out.print()
    context.print(text[:_EXCERPT] + ("…" if len(text) > _EXCERPT else ""))
