"""aggregator add, aggregator remove: they change feeds.yaml, and keep its comments and its order."""

from __future__ import annotations

import os
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import click

from aggregator.cli.polling import run_round
from aggregator.cli.rewriting import alone, write
from aggregator.cli.robots import robots_of
from aggregator.cli.words import json_option, one_source
from aggregator.config.document import read_text
from aggregator.config.edit import with_feed, without_feed
from aggregator.config.load import load
from aggregator.decide.choice import BACKOFF, Choice
from aggregator.decide.discovery import common_places, last_resorts
from aggregator.decide.platforms import platform_feed
from aggregator.decide.sites import host_of, is_public, same_host
from aggregator.errors import AggregatorError, ConfigError, Usage
from aggregator.model import Outcome
from aggregator.run.report import SCHEMA

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from aggregator.cli.context import Context


@click.command()
@click.argument("url")
@click.option("--title", help="Shown instead of the title that the feed gives itself.")
@click.option("--tag", "tags", multiple=True, help="A word that outputs select by; may be repeated.")
@json_option
@click.pass_obj
def add(context: Context, url: str, title: str | None, tags: tuple[str, ...], as_json: bool) -> None:  # noqa: FBT001
    """Add a source to feeds.yaml and read it once; URL is a feed, or a site, channel, repository or account.

    \b
    aggregator add https://example.org/feed.xml
    aggregator add https://example.org --title "Example Lab" --tag lab

    That first reading is the source's first poll: the server is asked once, not to try and then again to read. A feed
    is looked for where the platform has it, then where the page says, then in common places. A site without one is
    read from the page's own list of articles, else from its sitemap.
    """  # noqa: D301 - \b is click's
    url, report = _found(context, url, title, tags)
    if as_json:
        poll = {name: value for name, value in report.items() if name != "feeds"}  # what a page names, read above
        context.print_json({"schema": SCHEMA, "url": url, "poll": poll})
        return
    if report["outcome"] == Outcome.SKIPPED:
        context.print(f"added {url}; not read now: {report['reason']}. Ask now: aggregator poll --force {url}")
        return
    context.print(f"added {url}: {report['entries']} entries")
    context.print(f"next poll {report['next_poll_at'] or 'never'} because {report['reason']}")


def _found(context: Context, url: str, title: str | None, tags: tuple[str, ...]) -> tuple[str, dict[str, Any]]:
    """Add the feed of an address, wherever it is; return where, and its first poll's report."""
    if known := platform_feed(url):
        context.talk.print(f"{url} is {known.platform}'s; its feed: {known.url}", markup=False)
        report = _added(context, known.url, title, tags)
        if report["error"] is None:
            return known.url, report
        if not _goes_on(report):
            raise AggregatorError(f"{url} was not added. {report['error']}")
    first = report = _added(context, url, title, tags)
    if report["error"] is None:
        return url, report
    guesses, left_alone = common_places(url), set[str]()
    for feed in _may_be(url, first["feeds"]):
        if host_of(feed) in left_alone:
            continue
        context.talk.print(f"trying {feed}" if feed in guesses else f"{url} names its feed: {feed}", markup=False)
        report = _added(context, feed, title, tags, guessed=feed in guesses)
        if report["error"] is None:
            return feed, report
        if not _goes_on(report) and report["outcome"] != Outcome.SKIPPED:
            left_alone.add(host_of(feed))
    if first["feeds"] and host_of(url) not in left_alone and (found := _without_feed(context, url, title, tags)):
        return found
    raise AggregatorError(f"{url} was not added. {first['error']}")


def _without_feed(
    context: Context, url: str, title: str | None, tags: tuple[str, ...]
) -> tuple[str, dict[str, Any]] | None:
    """Add a page that has no feed as a list of articles, else its site's sitemap; None when neither has any."""
    page, *_ = last_resorts(url, "")
    report = _added(context, page.url, title, tags, kind=page.kind)
    if report["error"] is None:
        context.talk.print(f"{url} has no feed, but {page.reason}: it is read as a page (kind: page)", markup=False)
        return page.url, report
    if not _goes_on(report):
        return None
    _, *sitemaps = last_resorts(url, robots_of(context, url))
    for place in sitemaps:
        if not _may_be(url, [place.url]):
            continue
        context.talk.print(f"trying {place.url}: {place.reason}", markup=False)
        report = _added(context, place.url, title, tags, kind=place.kind)
        if report["error"] is None:
            context.talk.print(f"{url} has no feed: its sitemap is read (kind: sitemap)", markup=False)
            return place.url, report
        if not _goes_on(report):
            return None
    return None


def _goes_on(report: dict[str, Any]) -> bool:
    """Tell whether a host may be asked for another address: it answered, and is neither in trouble nor annoyed."""
    status = report["status"]
    return status is not None and status < HTTPStatus.INTERNAL_SERVER_ERROR and status != HTTPStatus.TOO_MANY_REQUESTS


@click.command()
@click.argument("url", metavar="SOURCE")
@json_option
@click.pass_obj
def remove(context: Context, url: str, as_json: bool) -> None:  # noqa: FBT001
    """Take a source out of feeds.yaml; what it brought stays until its time is over.

    \b
    aggregator remove https://example.org/feed.xml
    aggregator remove "Example Lab"

    SOURCE is its address, its title, or a part of either that only it has.
    """  # noqa: D301 - \b is click's
    url = _own_source(context, url)
    with alone(context.config_path):
        _edited(context, lambda text: without_feed(text, context.config_path, url), removed=url)
    if as_json:
        context.print_json({"schema": SCHEMA, "url": url})
    else:
        context.print(f"removed {url}")


def _own_source(context: Context, word: str) -> str:
    """Return the address of the source of feeds.yaml that a word names; Usage when a remote list names it."""
    url = one_source(context.effective, word)
    if url in context.settings.sources:
        return url
    if url in context.settings.lists:
        raise Usage(f"{url} is a list of sources, not a source.", f"Take it out of {context.config_path} by hand.")
    raise Usage(
        f"{url} does not stand in {context.config_path}: the list {context.effective.sources[url].listed_in} names it.",
        "To be without it, add it with `enabled: false`: an entry of your own wins.",
    )


def _added(
    context: Context, url: str, title: str | None, tags: tuple[str, ...], *, kind: str = "feed", guessed: bool = False
) -> dict[str, Any]:
    """Put a source into feeds.yaml and poll it; one that gives nothing is taken out again. Return the poll's report."""
    path = context.config_path
    if url in context.settings.sources:
        raise Usage(f"{url} is in {path} already.", f"See how it is doing: aggregator why {url}")
    with alone(path):  # the daemon leaves the file alone meanwhile: it would poll in its own way what is tried here
        edit = _edited(context, lambda text: with_feed(text, path, url, title=title, tags=tags, kind=kind))
        return _tried(context, edit, kind=kind, guessed=guessed)


def _tried(context: Context, edit: _Edit, *, kind: str, guessed: bool) -> dict[str, Any]:
    """Poll a source that was added; take one that gives nothing out again."""
    try:
        again = kind == "page"  # it was asked just now, for a feed
        report = _polled(context, Choice(frozenset({edit.source}), force=again, exact=True))
        if report["reason"].endswith(BACKOFF):  # it was there before, and failed
            report = _polled(context, Choice(frozenset({edit.source}), force=True, exact=True))
    except BaseException:
        _take_back(context, edit)
        raise
    if report["error"] is None and kind == "sitemap" and not report["entries"]:
        report = report | {"error": "It lists no articles."}
    if guessed and report["outcome"] == Outcome.SKIPPED:  # tried for another page of this site, and not again so soon
        report = report | {"error": report["reason"]}
    if report["error"] is not None:
        _take_back(context, edit)
    return report


def _polled(context: Context, choice: Choice) -> dict[str, Any]:
    (report,), _ = run_round(context, choice, lambda _: None, reload=True)
    return report


def _may_be(url: str, feeds: Sequence[str]) -> list[str]:
    """Return the places that may be asked: whoever owns the page must not choose an address in our network."""
    return [feed for feed in feeds if feed != url and (is_public(host_of(feed)) or same_host(feed, url))]


@dataclass(frozen=True, slots=True)
class _Edit:
    """What was done to the file."""

    before: str
    after: str
    source: str
    """The address that was added or removed."""


def _edited(context: Context, change: Callable[[str], str], *, removed: str | None = None) -> _Edit:
    """Change feeds.yaml by one source; Usage when it is written so that the change would come to something else."""
    path = context.config_path
    before = read_text(path)
    had = set(load(path, os.environ).sources)
    after = change(before)
    try:
        has = write(path, after, lambda has: _fits(had, has, removed))
    except ConfigError as error:  # the file was right before: the words were not
        raise Usage(error.problems[0].message, error.problems[0].remedy) from error
    context.forget_settings()
    return _Edit(before, after, removed or (has - had).pop())


def _fits(had: set[str], has: set[str], removed: str | None) -> bool:
    """Tell whether one source went, that one, or one came."""
    return had - has == {removed} and has < had if removed else had < has and len(has - had) == 1


def _take_back(context: Context, edit: _Edit) -> None:
    """Make the file what it was; where somebody changed it meanwhile, take out the added source alone."""
    path = context.config_path
    now = read_text(path)
    write(path, edit.before if now == edit.after else without_feed(now, path, edit.source), lambda _: True)
    context.forget_settings()
