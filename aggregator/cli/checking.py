"""aggregator check."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from typing import TYPE_CHECKING, Any

import click

from aggregator.cli.tables import shown, table
from aggregator.config.advice import warnings
from aggregator.config.secrets import base_address, display_url
from aggregator.config.settings import FeedSettings
from aggregator.decide.answers import Answer, classify, status_error
from aggregator.decide.archives import routes
from aggregator.decide.changes import candidates
from aggregator.decide.choice import POLLED_KINDS
from aggregator.decide.filters import filtered
from aggregator.decide.sites import host_of
from aggregator.errors import AggregatorError, ConfigError, NotAFeed, ParseError, Problem
from aggregator.fetch.client import Ask, Client
from aggregator.fetch.hosts import HostQueue
from aggregator.model import FeedState
from aggregator.parse.pool import ParserPool
from aggregator.run.engine import network_of, utc_now
from aggregator.run.report import SCHEMA, rfc3339

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aggregator.cli.context import Context
    from aggregator.config.settings import Settings
    from aggregator.model import Document, Fetched

_SHOWN_ITEMS = 5


@click.command()
@click.argument("url", required=False)
@click.option("--online", is_flag=True, help="Ask each source too, politely.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.pass_obj
def check(context: Context, url: str | None, online: bool, as_json: bool) -> None:  # noqa: FBT001
    """Check feeds.yaml; with --online also each source. With URL: try one address, and print the lines to paste.

    \b
    aggregator check                     is feeds.yaml right?
    aggregator check --online            does each source answer with a feed?
    aggregator check https://site/feed   what would this address bring?
    """  # noqa: D301 - \b is click's
    problems = _problems(context)
    if any(problem["level"] == "error" for problem in problems):
        _print_problems(context, problems, as_json=as_json)
        sys.exit(ConfigError.exit_code)
    settings = context.effective
    sources = settings.sources
    if url is not None:
        asked = [_of_list(url) if url in settings.lists else sources.get(url) or FeedSettings(url=url)]
    else:
        asked = [source for source in sources.values() if source.enabled and source.kind in POLLED_KINDS]
        asked = [*map(_of_list, settings.lists), *asked]
    found = asyncio.run(_ask_all(settings, asked)) if online or url else []
    if as_json:
        context.print_json({"schema": SCHEMA, "problems": problems, "sources": found})
    else:
        _print_problems(context, problems if url is None else [], as_json=False)
        _print_found(context, found, paste=url if url not in {*sources, *settings.lists} else None)
    sys.exit(1 if any(one["error"] for one in found) else 0)


def _of_list(address: str) -> FeedSettings:
    """Return a remote list as something to be asked."""
    return FeedSettings(url=address).of_list(address)


def _problems(context: Context) -> list[dict[str, Any]]:
    try:
        settings = context.settings
    except ConfigError as error:
        return [_problem(problem, "error") for problem in error.problems]
    return [_problem(problem, "warning") for problem in warnings(settings)]


def _problem(problem: Problem, level: str) -> dict[str, Any]:
    return {
        "level": level,
        "file": problem.file,
        "line": problem.line,
        "path": problem.path,
        "message": problem.message,
        "remedy": problem.remedy,
    }


def _print_problems(context: Context, problems: Sequence[dict[str, Any]], *, as_json: bool) -> None:
    if as_json:
        context.print_json({"schema": SCHEMA, "problems": problems, "sources": []})
        return
    for one in problems:
        place = Problem(one["file"], one["line"], one["path"], one["message"], one["remedy"])
        context.print(f"{one['level']}: {place}")
    errors = sum(one["level"] == "error" for one in problems)
    if not errors and problems != []:
        context.out.print(f"{context.config_path} is right; the warnings keep nothing from running", markup=False)
    elif not errors:
        context.out.print(f"{context.config_path} is right", markup=False)


async def _ask_all(settings: Settings, sources: Sequence[FeedSettings]) -> list[dict[str, Any]]:
    hosts = HostQueue(settings.polling.per_host, settings.polling.host_gap, monotonic=time.monotonic)
    slots = asyncio.Semaphore(settings.polling.concurrency)
    async with Client(network_of(settings), clock=utc_now) as client, ParserPool(workers=2) as parser:

        async def ask(source: FeedSettings) -> dict[str, Any]:
            async with hosts.turn(host_of(source.url)), slots:
                try:
                    fetched = await client.get(Ask(source.url, headers=source.headers, verify=source.verify))
                    return await _tried(source, fetched, parser, configured=source.url in settings.sources)
                except AggregatorError as error:
                    return _found(source, error=error)

        return list(await asyncio.gather(*(ask(source) for source in sources)))


async def _tried(source: FeedSettings, fetched: Fetched, parser: ParserPool, *, configured: bool) -> dict[str, Any]:
    if classify(fetched) is not Answer.DOCUMENT:
        return _found(source, fetched, error=status_error(fetched))
    if source.listed_in == source.url:
        return await _as_list(source, fetched, parser)
    try:
        return _found(source, fetched, await _parsed(source, fetched, parser))
    except NotAFeed as error:
        if configured:
            raise
        return await _as_something(source, fetched, parser, error)


async def _parsed(source: FeedSettings, fetched: Fetched, parser: ParserPool) -> Document:
    return await parser.parse(
        fetched.body,
        url=base_address(source, fetched.url),
        content_type=fetched.content_type,
        received=fetched.received,
        page=source.item if source.kind == "page" else None,
    )


async def _as_something(
    source: FeedSettings, fetched: Fetched, parser: ParserPool, no_feed: NotAFeed
) -> dict[str, Any]:
    """Look at what is no feed as a list of feeds, then as a page that lists articles."""
    try:
        return await _as_list(source, fetched, parser)
    except ParseError:
        return await _as_page(source, fetched, parser, no_feed)


async def _as_list(source: FeedSettings, fetched: Fetched, parser: ParserPool) -> dict[str, Any]:
    found = await parser.parse_list(fetched.body, url=fetched.url, content_type=fetched.content_type)
    return _found(source, fetched) | {
        "kind": "opml",
        "title": found.title,
        "entries": len(found.feeds),
        "notices": [f"line {one.line}: {one.message}" for one in found.remarks],
        "items": [feed.title or feed.url for feed in found.feeds[:_SHOWN_ITEMS]],
        "links": [feed.url for feed in found.feeds[:_SHOWN_ITEMS]],
        "dates": [None] * len(found.feeds[:_SHOWN_ITEMS]),
    }


async def _as_page(source: FeedSettings, fetched: Fetched, parser: ParserPool, no_feed: NotAFeed) -> dict[str, Any]:
    """Look at a page that is no feed as a list of articles; whatever it is, what is said of its feed comes first."""
    page = source.model_copy(update={"kind": "page"})
    try:
        found = _found(page, fetched, await _parsed(page, fetched, parser))
    except ParseError:
        raise no_feed from None
    return found | {"notices": [str(no_feed), *found["notices"]]}


def _found(
    source: FeedSettings,
    fetched: Fetched | None = None,
    document: Document | None = None,
    *,
    error: AggregatorError | None = None,
) -> dict[str, Any]:
    items = [one.item for one in candidates(document.items, source.ignore)] if document else []
    dates = [date for item in items if (date := item.published or item.updated) is not None]
    dropped = [item for item in items if filtered(item, keep=source.keep, drop=source.drop) is not None]
    return {
        "url": display_url(source),
        "status": fetched.status if fetched else None,
        "kind": document.format if document else None,
        "title": document.header.title if document else None,
        "entries": len(items),
        "newest": rfc3339(max(dates, default=None)),
        "dropped": len(dropped),
        "redirected_to": display_url(source, fetched.url) if fetched and fetched.url != source.url else None,
        "moved_to": display_url(source, fetched.moved_to) if fetched and fetched.moved_to else None,
        "archive": _archive(source, document) if document else None,
        "notices": list(document.notices) if document else [],
        "error": error.message if error else None,
        "remedy": error.remedy if error else None,
        "items": [item.title for item in items[:_SHOWN_ITEMS]],
        "links": [item.link for item in items[:_SHOWN_ITEMS]],
        "dates": [rfc3339(item.published or item.updated) for item in items[:_SHOWN_ITEMS]],
    }


def _archive(source: FeedSettings, document: Document) -> str | None:
    """Return where entries may be recovered from that are missed between two polls; WordPress is only guessed."""
    feed = FeedState(key=0, url=source.url, fetch_url=source.url, private=source.private)
    pages = routes(feed, document.header)
    return display_url(source, pages[0]) if pages else None


def _print_found(context: Context, found: Sequence[dict[str, Any]], *, paste: str | None) -> None:
    if found:
        heads = ("source", "status", "kind", "entries", "dropped", "newest")
        rows = [[one["url"], *("-" if one[head] is None else one[head] for head in heads[1:])] for one in found]
        table(context, heads, rows, numbers=("status", "entries", "dropped"))
    for one in found:
        for name in ("error", "remedy", "redirected_to", "archive"):
            if one[name]:
                context.print(f"{one['url']}: {name.replace('_', ' ')}: {one[name]}")
    if paste is not None and found and not found[0]["error"]:
        _print_items(context, found[0])
        address = found[0]["moved_to"] or paste
        context.out.print("\nPaste below `feeds:` in feeds.yaml:\n", markup=False)
        context.out.print(_lines(shown(address), found[0]), markup=False)


def _lines(address: str, one: dict[str, Any]) -> str:
    """Return an address as it stands in feeds.yaml."""
    if one["kind"] == "opml":
        return f"  - opml: {address}"
    kind = "\n    kind: page" if one["kind"] == "page" else ""
    return f"  - url: {address}{kind}\n    title: {json.dumps(one['title'], ensure_ascii=False)}"


def _print_items(context: Context, one: dict[str, Any]) -> None:
    """Print what an address lists: titles of a feed, a page's as a table, for they are guessed."""
    for notice in one["notices"] if one["kind"] in ("page", "opml") else ():
        context.print(notice)
    if one["kind"] != "page":
        for title in one["items"]:
            context.print(f"  {title}")
        return
    rows = [
        ((date or "-")[:10], title, link or "-")
        for date, title, link in zip(one["dates"], one["items"], one["links"], strict=True)
    ]
    table(context, ("date", "title", "link"), rows)
