"""aggregator feeds, aggregator why."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from aggregator.blame import network_down
from aggregator.cli.audience import audience, audience_lines
from aggregator.cli.list_states import list_lines, list_states, lists_table, why_list
from aggregator.cli.pushes import known_pushes, push_json, pushes_in_words
from aggregator.cli.tables import minute, table
from aggregator.cli.words import counted, json_option, one_source
from aggregator.config.environment import stands_in
from aggregator.config.secrets import display_url
from aggregator.decide.health import standing
from aggregator.decide.notices import current_gap, gap_words, notices
from aggregator.decide.outage import REASON
from aggregator.decide.pushing import words as push_words
from aggregator.model import FeedState
from aggregator.run.clock import utc_now
from aggregator.run.report import SCHEMA, rfc3339

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aggregator.cli.context import Context
    from aggregator.config.settings import FeedSettings
    from aggregator.store.fleet import Fleet
    from aggregator.store.protocols import PollLine

_SHOWN_POLLS = 10
_WIDE = 110
"""Characters in a line that all columns need."""


@click.command()
@json_option
@click.pass_obj
def feeds(context: Context, as_json: bool) -> None:  # noqa: FBT001
    """Show how each source is doing: state, last success, last new entry, next poll and why, error and remedy.

    \b
    aggregator feeds           a line for each source
    aggregator feeds --json    the same, for a program

    Remote lists of sources follow, with what of them is not asked and why.
    """  # noqa: D301 - \b is click's
    context.only_reads()
    (known, fleet, readers), lists, pushes = known_sources(context), list_states(context), known_pushes(context)
    states = [feed_json(feed, source) for feed, source in known]
    if as_json:
        more: dict[str, Any] = {"lists": lists} if lists else {}
        more |= readers | ({"fleet": asdict(fleet)} if fleet is not None else {})
        more |= {"pushes": [push_json(url, push) for url, push in pushes.items()]} if pushes else {}
        context.print_json({"schema": SCHEMA, "feeds": states} | more)
        return
    _states_table(context, states)
    lists_table(context, lists)
    for state, (feed, _) in zip(states, known, strict=True):
        if state["error"] or notices(feed, utc_now()):
            context.print(f"\n{state['url']}\n  {state['error'] or ''} {state['remedy'] or ''}".rstrip())
    for state in lists:
        list_lines(context, state)
    if any(state["reason"] == REASON for state in (*states, *lists)):
        context.print(f"\n{network_down()}")
    counts = Counter(state["state"] for state in states)
    context.print(
        f"\n{counted(len(states), 'source')}: {', '.join(f'{count} {name}' for name, count in counts.most_common())}"
    )
    for line in audience_lines(readers):
        context.print(line)
    if pushes:
        context.print(pushes_in_words(pushes))
    if fleet is not None:
        context.print(
            f"{counted(fleet.workers, 'worker')}; of their jobs {fleet.waiting} wait, {fleet.running} run,"
            f" {fleet.again} are tried again, {fleet.failed} were given up"
        )


def _states_table(context: Context, states: list[dict[str, Any]]) -> None:
    """Print a line for each source; a narrow terminal has no room for when it last answered and brought something."""
    narrow = context.out.is_terminal and context.out.width < _WIDE
    dates = ("next_poll_at",) if narrow else ("last_success", "last_new", "next_poll_at")
    names = {"last_success": "last success", "last_new": "last new", "next_poll_at": "next poll"}
    heads = ("source", "state", "entries", *(names[date] for date in dates), "because")
    rows = [
        (state["title"], state["state"], state["entries"], *(minute(state[date]) for date in dates), state["reason"])
        for state in states
    ]
    table(context, heads, rows, numbers=("entries",), whole=heads[1:-1])


@click.command()
@click.argument("url", metavar="SOURCE")
@json_option
@click.pass_obj
def why(context: Context, url: str, as_json: bool) -> None:  # noqa: FBT001
    """Show one source in full: what is known of it, its last polls, and why it is asked when it is.

    \b
    aggregator why https://example.org/feed.xml
    aggregator why "Example Lab"

    SOURCE is its address, its title, or a part of either that only it has; or the address of a remote list of sources.
    """  # noqa: D301 - \b is click's
    context.only_reads()
    settings = context.effective
    url = one_source(settings, url)
    if url in settings.lists:
        why_list(context, url, as_json=as_json)
        return
    source = settings.sources[url]
    store = context.open_for_reading()
    try:
        with store.snapshot() as tx:
            feed = tx.feeds.get(url)
            polls = tx.feeds.polls(feed, _SHOWN_POLLS) if feed else []
            articles = tx.articles.count(feed).words if feed else None
            push = tx.pushes.of(feed.key) if feed else None
    finally:
        store.close()
    feed = feed or _unknown(source)
    if as_json:
        context.print_json(_why_json(feed, source, polls, articles))
        return
    for name, value in feed_json(feed, source).items():
        context.print(f"{name + ':':<14}{'-' if value is None else value}")
    context.print(f"{'asked at:':<14}{display_url(source, feed.fetch_url)}")
    if source.listed_in is not None:
        context.print(f"{'listed in:':<14}{source.listed_in}")
    named = feed.naming
    since = f" since {named.since:%Y-%m-%d}: {named.reason}" if named.since else ""
    context.print(f"{'named by:':<14}{named.by.value}{since}")
    if feed.gap is not None and current_gap(feed, utc_now()) is None:
        context.print(f"{'last gap:':<14}{gap_words(feed.gap)}")
    if articles:
        context.print(f"{'articles:':<14}{articles}")
    if push is not None:
        context.print(f"{'hub:':<14}{push_words(push, utc_now())}")
    if feed.next_poll_at:
        context.print(f"next poll {feed.next_poll_at:%H:%M} UTC because {feed.reason}")
    _poll_lines(context, polls)


def _why_json(feed: FeedState, source: FeedSettings, polls: Sequence[PollLine], articles: str | None) -> dict[str, Any]:
    """Return one source in full as `aggregator why --json` prints it."""
    named = feed.naming
    return {
        "schema": SCHEMA,
        "feed": feed_json(feed, source),
        "asked_at": display_url(source, feed.fetch_url),
        "listed_in": source.listed_in,
        "named_by": {"by": named.by.value, "since": rfc3339(named.since), "reason": named.reason or None},
        "last_gap": gap_words(feed.gap) if feed.gap is not None else None,
        "articles": articles or None,
        "polls": [
            {
                "at": rfc3339(line.at),
                "outcome": line.outcome.value,
                "status": line.status,
                "bytes": line.bytes,
                "elapsed_s": round(line.elapsed, 3),
                "new": line.new,
                "updated": line.updated,
                "duplicates": line.duplicates,
                "error": line.error,
            }
            for line in polls
        ],
    }


def _poll_lines(context: Context, polls: list[PollLine]) -> None:
    """Print a line for each poll; a narrow terminal has no room for how long it took."""
    if not polls:
        return
    columns: dict[str, list[object]] = {
        "polled": [f"{line.at:%m-%d %H:%M}" for line in polls],
        "outcome": [line.outcome.value for line in polls],
        "status": [line.status or "-" for line in polls],
        "bytes": [line.bytes for line in polls],
        "s": [f"{line.elapsed:.1f}" for line in polls],
        "new": [line.new for line in polls],
        "edited": [line.updated for line in polls],
        "dup": [line.duplicates for line in polls],
        "error": [line.error or "" for line in polls],
    }
    if context.out.is_terminal and context.out.width < _WIDE:
        del columns["s"]
    heads = [*columns]
    table(context, heads, [*zip(*columns.values(), strict=True)], numbers=heads[2:-1], whole=heads[:2])


def known_sources(context: Context) -> tuple[list[tuple[FeedState, FeedSettings]], Fleet | None, dict[str, Any]]:
    """Return each configured source with what is known of it, how workers do, and who reads what is published.

    A source that the daemon has not seen yet is new.
    """
    store = context.open_for_reading()
    try:
        with store.snapshot() as tx:
            states, fleet, readers = {feed.url: feed for feed in tx.feeds.all()}, tx.fleet, audience(tx, utc_now())
    finally:
        store.close()
    sources = context.effective.sources.items()
    return [(states.get(url) or _unknown(source), source) for url, source in sources], fleet, readers


def _unknown(source: FeedSettings) -> FeedState:
    return FeedState(
        key=0, url=source.url, fetch_url=source.url, title=source.title or source.url, kind=source.kind,
        enabled=source.enabled, private=source.private,
        reason="not known: its address has a secret that is not set here" if stands_in(source.url) else "never polled",
    )  # fmt: skip


def feed_json(feed: FeedState, source: FeedSettings) -> dict[str, Any]:
    """Return a source as `aggregator feeds --json` prints it."""
    found = standing(feed, utc_now())
    return {
        "url": display_url(source),
        "title": source.title or (display_url(source) if feed.title == feed.url else feed.title),
        "kind": source.kind,
        "state": found.state.value,
        "last_success": rfc3339(feed.last_success),
        "last_new": rfc3339(feed.last_new),
        "next_poll_at": rfc3339(feed.next_poll_at),
        "reason": feed.reason,
        "error": found.error or None,
        "remedy": found.advice or None,
        "entries": feed.entries,
    }
