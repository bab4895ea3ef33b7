"""aggregator opml import, aggregator opml export: the subscriptions of other readers, and ours for them."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from aggregator.cli.rewriting import alone, write
from aggregator.cli.words import counted, json_option
from aggregator.config.addresses import same_address, url_findings
from aggregator.config.document import read_regular, read_text
from aggregator.config.edit import NewFeed, with_feeds
from aggregator.config.environment import literal
from aggregator.config.load import load
from aggregator.config.secrets import addresses
from aggregator.errors import AggregatorError, ConfigError, ParseError, Usage
from aggregator.parse.opml import MOST_BYTES, parse_opml
from aggregator.publish.opml import render_opml, subscriptions
from aggregator.run.report import SCHEMA

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aggregator.cli.context import Context
    from aggregator.config.settings import Settings
    from aggregator.decide.lists import SourceList, Subscription


@click.group()
def opml() -> None:
    """Take over a list of feeds from another reader, or print one for it."""


@opml.command("import")
@click.argument("file", type=click.Path(dir_okay=False, allow_dash=True, path_type=Path))
@click.option("--dry-run", is_flag=True, help="Say what would be added, and change nothing.")
@json_option
@click.pass_obj
def import_list(context: Context, file: Path, dry_run: bool, as_json: bool) -> None:  # noqa: FBT001
    """Add the feeds of an OPML file to feeds.yaml, each in a line, its folders as tags; - is standard input.

    \b
    aggregator opml import subscriptions.opml --dry-run   what would come
    aggregator opml import subscriptions.opml

    What is there already is left as it is. A damaged file is read as far as possible, and told with its line.
    """  # noqa: D301 - \b is click's
    found = _read(file)
    path = context.config_path
    with alone(path):
        plan = _plan(found, load(path, os.environ))
        if plan.new and not dry_run:
            _write(path, plan)
    context.forget_settings()
    remarks = sorted([*((one.line, one.message) for one in found.remarks), *plan.remarks])
    if as_json:
        context.print_json(_imported(plan, remarks, dry_run=dry_run))
        return
    for line, message in remarks:
        context.talk.print(context.mask(f"{file}:{line}: {message}" if line else message), markup=False)
    for feed in plan.new:
        context.print(f"{'would add' if dry_run else 'added'} {feed.url}")
    told = f"{len(plan.new)} of {counted(len(found.feeds), 'feed')} {'would be' if dry_run else 'were'} added to {path}"
    context.talk.print(told, markup=False)
    if plan.new and not dry_run:
        runs = context.daemon_socket() is not None
        when = "The daemon reads them now." if runs else "They are read by: aggregator run, or once by: aggregator poll"
        context.talk.print(when, markup=False)


def _imported(plan: _Plan, remarks: Sequence[tuple[int, str]], *, dry_run: bool) -> dict[str, Any]:
    added = [{"url": feed.url, "title": feed.title, "tags": list(feed.tags)} for feed in plan.new]
    told = [{"line": line or None, "message": message} for line, message in remarks]
    return {"schema": SCHEMA, "dry_run": dry_run, "added": added, "remarks": told}


@opml.command("export")
@click.pass_obj
def export_list(context: Context) -> None:
    """Print the sources as OPML, their tags as categories; private and disabled ones are left out.

    \b
    aggregator opml export > subscriptions.opml
    """  # noqa: D301 - \b is click's
    settings = context.effective
    store = context.open_for_reading()
    try:
        with store.snapshot() as tx:
            feeds = {feed.url: feed for feed in tx.feeds.all()}
    finally:
        store.close()
    listed = subscriptions(settings.sources.values(), feeds)
    click.echo(render_opml(settings.site.title, listed), nl=False)
    if missing := len(settings.sources) - len(listed):
        left_out = f"{counted(missing, 'private or disabled source')} {'is' if missing == 1 else 'are'} left out"
        context.talk.print(left_out, markup=False)


@dataclass(frozen=True, slots=True)
class _Plan:
    """What is to be added, and what is not and why."""

    new: tuple[Subscription, ...]
    remarks: tuple[tuple[int, str], ...]
    common: frozenset[str]
    """Tags that every source has anyway."""


def _plan(found: SourceList, settings: Settings) -> _Plan:
    taken = {same_address(url): url for url in addresses(settings)}
    new: list[Subscription] = []
    remarks = []
    for feed in found.feeds:
        known = taken.get(same_address(feed.url))
        if known is not None:
            remarks.append((feed.line, f"{feed.url} is in feeds.yaml already"))
        elif finding := next(url_findings(feed.url), None):
            remarks.append((feed.line, f"{feed.url}: {finding[0]}"))
        else:
            new.append(feed)
    return _Plan(tuple(new), tuple(remarks), frozenset(settings.defaults.tags))


def _write(path: Path, plan: _Plan) -> None:
    before = read_text(path)
    had = set(load(path, os.environ).sources)
    wanted = had | {feed.url for feed in plan.new}
    after = with_feeds(before, path, [_as_written(feed, plan.common) for feed in plan.new])
    try:
        write(path, after, lambda has: has == wanted)
    except ConfigError as error:  # the file was right before: the list was not
        raise Usage(error.problems[0].message, error.problems[0].remedy) from error


def _as_written(feed: Subscription, common: frozenset[str]) -> NewFeed:
    title = literal(feed.title) if feed.title and feed.title != feed.url else None
    return NewFeed(literal(feed.url), title, tuple(literal(tag) for tag in feed.tags if tag not in common))


def _read(file: Path) -> SourceList:
    try:
        most = MOST_BYTES + 1
        body = sys.stdin.buffer.read(most) if str(file) == "-" else read_regular(file, most)
    except OSError as error:
        raise Usage(f"{file} cannot be read: {error.strerror or error}.", "Name an OPML file.") from error
    try:
        return parse_opml(body)
    except ParseError as error:
        raise AggregatorError(f"{file} was not imported. {error.message}", error.remedy) from error
