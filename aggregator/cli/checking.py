"""aggregator check."""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
import time
from typing import TYPE_CHECKING, Any

import click

from aggregator.cli.tables import shown, table
from aggregator.cli.words import json_option
from aggregator.config.advice import warnings
from aggregator.config.secrets import base_address, display_url
from aggregator.config.settings import FeedSettings
from aggregator.decide.answers import Answer, classify, status_error
from aggregator.decide.archives import routes
from aggregator.decide.candidates import candidates
from aggregator.decide.filters import filtered
from aggregator.decide.sameness import EARLIEST
from aggregator.decide.sites import host_of
from aggregator.errors import AggregatorError, ConfigError, NotAFeed, ParseError, Problem
from aggregator.fetch.client import Ask, Client
from aggregator.fetch.hosts import HostQueue, Place
from aggregator.gathering import Means, gather
from aggregator.model import FeedState, Request, RequestKind
from aggregator.parse.pool import ParserPool
from aggregator.parse.worker import How
from aggregator.run.clock import utc_now
from aggregator.run.engine import network_of
from aggregator.run.report import SCHEMA, rfc3339
from aggregator.settle import Result

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aggregator.cli.context import Context
    from aggregator.config.settings import Settings
    from aggregator.decide.lists import SourceList
    from aggregator.model import Document, Fetched

_SHOWN_ITEMS = 5
_KINDS = {"page": "page", "sitemap": "sitemap", "news-sitemap": "sitemap", "sitemapindex": "sitemap"}
"""What the settings call documents that are no feeds, by their formats."""
_LIST = "opml"
"""What a list of feeds is called; it is no source."""


@click.command()
@click.argument("url", required=False)
@click.option("--online", is_flag=True, help="Ask each source too, politely.")
@json_option
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
        asked = [*map(_of_list, settings.lists), *(source for source in sources.values() if source.enabled)]
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
            async with Place(hosts, slots) as place:
                try:
                    asking = _Asking(source, client, parser, place)
                    fetched = await asking.get(asking.ask)
                    return await _tried(asking, fetched, configured=source.url in settings.sources)
                except AggregatorError as error:
                    return _found(source, error=error)

        return list(await asyncio.gather(*(ask(source) for source in sources)))


class _Asking:
    """One source being asked."""

    def __init__(self, source: FeedSettings, client: Client, parser: ParserPool, place: Place) -> None:
        self.source = source
        self.ask = Ask(source.url, headers=source.headers, verify=source.verify)
        self._client, self._parser, self._place = client, parser, place

    async def get(self, ask: Ask) -> Fetched:
        """Wait for the host's turn and ask."""
        await self._place.leave()
        await self._place.take(host_of(ask.url))
        return await self._client.get(ask)

    async def list(self, fetched: Fetched) -> SourceList:
        """Read an answer as a list of feeds."""
        return await self._parser.parse_list(fetched.body, url=fetched.url, content_type=fetched.content_type)

    async def document(self, fetched: Fetched, source: FeedSettings) -> Document:
        """Read an answer as this source's, with what its document goes on in."""

        async def read(answer: Fetched) -> Document:
            return await self._parser.parse(
                answer.body,
                url=base_address(source, answer.url),
                content_type=answer.content_type,
                received=answer.received,
                how=How.of(source),
            )

        feed = FeedState(key=0, url=source.url, fetch_url=source.url, private=source.private)
        request = Request(0, RequestKind.POLL, feed, host_of(source.url))
        result = Result(request, fetched.received, fetched, await read(fetched))
        result = await gather(result, source, Means(self.ask, self.get, read))
        if result.error is not None or result.document is None:
            raise result.error or ParseError("It could not be read.")
        return result.document


async def _tried(asking: _Asking, fetched: Fetched, *, configured: bool) -> dict[str, Any]:
    source = asking.source
    if classify(fetched) is not Answer.DOCUMENT:
        return _found(source, fetched, error=status_error(fetched))
    if source.listed_in == source.url:
        return await _as_list(asking, fetched)
    try:
        return _found(source, fetched, await asking.document(fetched, source))
    except NotAFeed as error:
        if configured:
            raise
        return await _as_another(asking, fetched, error)


async def _as_list(asking: _Asking, fetched: Fetched) -> dict[str, Any]:
    found = await asking.list(fetched)
    first = found.feeds[:_SHOWN_ITEMS]
    return _found(asking.source, fetched) | {
        "kind": _LIST,
        "title": found.title,
        "entries": len(found.feeds),
        "notices": [f"line {one.line}: {one.message}" for one in found.remarks],
        "items": [feed.title or feed.url for feed in first],
        "links": [feed.url for feed in first],
        "dates": [None for _ in first],
    }


async def _as_another(asking: _Asking, fetched: Fetched, no_feed: NotAFeed) -> dict[str, Any]:
    """Look at what is no feed as a list of feeds, a sitemap, or a page; what is said of its feed comes first."""
    with contextlib.suppress(ParseError):
        return await _as_list(asking, fetched)
    sitemap, page = (asking.source.model_copy(update={"kind": kind}) for kind in ("sitemap", "page"))
    try:
        return _found(sitemap, fetched, await asking.document(fetched, sitemap))
    except NotAFeed:
        pass
    try:
        found = _found(page, fetched, await asking.document(fetched, page))
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
    if source.kind == "sitemap":  # in whatever order it is
        items.sort(key=lambda item: item.published or item.updated or EARLIEST, reverse=True)
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
    if one["kind"] == _LIST:
        return f"  - opml: {address}"
    kind = f"\n    kind: {_KINDS[one['kind']]}" if one["kind"] in _KINDS else ""
    return f"  - url: {address}{kind}\n    title: {json.dumps(one['title'], ensure_ascii=False)}"


def _print_items(context: Context, one: dict[str, Any]) -> None:
    """Print what an address lists: titles of a feed, a page's and a sitemap's as a table, for they are guessed."""
    for notice in one["notices"] if one["kind"] in (*_KINDS, _LIST) else ():
        context.print(notice)
    if one["kind"] not in _KINDS:
        for title in one["items"]:
            context.print(f"  {title}")
        return
    rows = [
        ((date or "-")[:10], title, link or "-")
        for date, title, link in zip(one["dates"], one["items"], one["links"], strict=True)
    ]
    table(context, ("date", "title", "link"), rows)
