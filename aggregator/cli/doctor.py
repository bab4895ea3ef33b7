"""aggregator doctor."""

from __future__ import annotations

import contextlib
import shutil
import socket
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from pyexpat import EXPAT_VERSION
from typing import TYPE_CHECKING

import click
from lxml import etree

from aggregator import __version__
from aggregator.cli.reading import reading
from aggregator.cli.sources import known_sources
from aggregator.cli.words import counted, json_option
from aggregator.config.advice import warnings
from aggregator.config.environment import stands_in
from aggregator.decide import diagnosis
from aggregator.decide.diagnosis import Finding
from aggregator.decide.health import standing
from aggregator.decide.sites import host_of
from aggregator.errors import AggregatorError, ConfigError, StoreError
from aggregator.run.clock import utc_now
from aggregator.run.control import call
from aggregator.run.report import SCHEMA
from aggregator.store.sqlite import copies

if TYPE_CHECKING:
    from collections.abc import Iterator

    from aggregator.cli.context import Context
    from aggregator.model import FeedState

_BUILT = datetime(2026, 11, 1, tzinfo=UTC)
"""No clock that is right is before this."""
_PATIENCE = 5.0
"""Seconds for a name server."""


@click.command()
@json_option
@click.pass_obj
def doctor(context: Context, as_json: bool) -> None:  # noqa: FBT001
    """Look for what is wrong: versions, clock, names, disk, database, configuration, sources. Changes nothing.

    \b
    aggregator doctor          in words
    aggregator doctor --json   the same, for a program

    Exit 0 when there is no problem, 1 when there is one.
    """  # noqa: D301 - \b is click's
    findings = list(_findings(context))
    if as_json:
        context.print_json({"schema": SCHEMA, "findings": [asdict(finding) for finding in findings]})
    else:
        for finding in findings:
            context.print(f"{finding.grade:<8} {finding.check}: {finding.words}")
            if finding.remedy:
                context.print(f"{'':<8} {finding.remedy}")
    sys.exit(1 if any(finding.grade == "problem" for finding in findings) else 0)


def _findings(context: Context) -> Iterator[Finding]:
    context.only_reads()
    context.assume_database()
    yield from diagnosis.versions(_versions())
    yield from _configuration(context)
    yield _names(context)
    yield from _disk(context)
    yield from _database(context)
    yield _daemon(context)


def _configuration(context: Context) -> Iterator[Finding]:
    try:
        found = len(warnings(context.settings))
    except ConfigError as error:
        yield Finding("configuration", "problem", error.message, error.remedy)
        return
    see = "Read them: aggregator check" if found else ""
    words = f"{context.config_path}: {counted(found, 'warning')}"
    yield Finding("configuration", "warning" if found else "ok", words, see)
    if context.lacks is not None:
        yield Finding("configuration", "warning", context.lacks.message, "Only the daemon needs it: its unit sets it.")


def _versions() -> dict[str, str]:
    return {
        "aggregator": __version__,
        "Python": sys.version.split()[0],
        "sqlite": copies.SQLITE_VERSION,
        "expat": EXPAT_VERSION.removeprefix("expat_"),
        "libxml2": ".".join(map(str, etree.LIBXML_VERSION)),
        "feedparser": version("feedparser"),
    }


def _names(context: Context) -> Finding:
    """Ask the name server for a source's host."""
    hosts = [host_of(url).rpartition(":")[0] or host_of(url) for url in _addresses(context)]
    host = next((host for host in hosts if not host.replace(".", "").isdigit() and host != "localhost"), None)
    if host is None:
        return Finding("names", "ok", "no source has a name to look for")
    pool = ThreadPoolExecutor(1)
    try:
        pool.submit(socket.getaddrinfo, host, 443).result(_PATIENCE)
    except (OSError, TimeoutError) as error:
        remedy = "Check this machine's network and /etc/resolv.conf; `aggregator feeds` says how sources are doing."
        return Finding("names", "problem", f"{host} has no address ({str(error) or 'no answer'}).", remedy)
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
    return Finding("names", "ok", f"{host} has an address")


def _addresses(context: Context) -> list[str]:
    """Return the addresses of sources; without feeds.yaml, those that the database has."""
    try:
        return [url for url, source in context.settings.sources.items() if source.enabled and not stands_in(url)]
    except ConfigError:
        with contextlib.suppress(StoreError):
            return [feed.url for feed in _known(context)]
    return []


def _known(context: Context) -> list[FeedState]:
    """Return what is known of the sources that are configured, or were when the daemon read feeds.yaml last."""
    try:
        return [feed for feed, _ in known_sources(context)[0]]
    except ConfigError:
        with reading(context) as tx:
            return [feed for feed in tx.feeds.all() if feed.enabled]


def _disk(context: Context) -> Iterator[Finding]:
    folder = next(place for place in (context.folder, *context.folder.parents) if place.is_dir())
    size = context.database.stat().st_size if isinstance(context.database, Path) and context.database.exists() else 0
    yield diagnosis.room(shutil.disk_usage(folder).free, size)


def _database(context: Context) -> Iterator[Finding]:
    """Read the database whole, and what it says of sources."""
    if isinstance(context.database, Path) and not context.database.exists():
        yield Finding("database", "ok", f"{context.database} is made when the daemon starts")
        return
    try:
        if isinstance(context.database, Path):
            copies.check(context.database)
        known = _known(context)
    except AggregatorError as error:
        yield Finding("database", "problem", error.message, error.remedy)
        return
    yield Finding("database", "ok", f"{context.database_shown} is whole")
    polled = [feed.last_poll for feed in known if feed.last_poll is not None]
    yield diagnosis.clock(utc_now(), max(polled, default=None), _BUILT)
    for feed in known:
        found = standing(feed, utc_now())
        if found.error:
            yield Finding("source", "warning", f"{feed.url} {found.state}: {found.error}", found.remedy)


def _daemon(context: Context) -> Finding:
    address = context.daemon_socket(polls=False)
    if address is None:
        return Finding("daemon", "ok", "none runs here")
    with contextlib.suppress(AggregatorError):
        status = next(iter(call(address, {"command": "status"}, timeout=_PATIENCE)))
        if status.get("reason") is None:
            return Finding("daemon", "ok", "it runs, and is well")
        return Finding("daemon", "problem", f"It runs, but {status['reason'].rstrip('.')}.", "Its log says more.")
    return Finding("daemon", "problem", "It does not answer.", "Is it stopping? Else its log says more.")
