"""aggregator feeds, aggregator why."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from aggregator.blame import network_down
from aggregator.cli.list_states import list_lines, list_states, lists_table, why_list
from aggregator.cli.tables import minute, table
from aggregator.cli.words import one_source
from aggregator.config.secrets import display_url
from aggregator.decide.health import standing
from aggregator.decide.notices import current_gap, gap_words, notices
from aggregator.decide.outage import REASON
from aggregator.model import FeedState
from aggregator.run.clock import utc_now
from aggregator.run.report import SCHEMA, rfc3339

if TYPE_CHECKING:
    from aggregator.cli.context import Context
    from aggregator.config.settings import FeedSettings
    from aggregator.store.fleet import Fleet
    from aggregator.store.protocols import PollLine

_SHOWN_POLLS = 10
_WIDE = 110
"""Characters in a line that all columns need."""


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.pass_obj
def feeds(context: Context, as_json: bool) -> None:  # noqa: FBT001
    """Show how each source is doing: state, last success, last new entry, next poll and why, error and remedy.

    Remote lists of sources follow, with what of them is not asked and why.
    """
    (known, fleet), lists = known_sources(context), list_states(context)
    states = [feed_json(feed, source) for feed, source in known]
    if as_json:
        more: dict[str, Any] = {"lists": lists} if lists else {}
        more |= {"fleet": asdict(fleet)} if fleet is not None else {}
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
    context.print(f"\n{len(states)} sources: {', '.join(f'{count} {name}' for name, count in counts.most_common())}")
    if fleet is not None:
        context.print(
            f"{fleet.workers} workers; of their jobs {fleet.waiting} wait, {fleet.running} run,"
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
@click.pass_obj
def why(context: Context, url: str) -> None:
    """Show one source in full: what is known of it, its last polls, and why it is asked when it is.

    SOURCE is its address, its title, or a part of either that only it has; or the address of a remote list of sources.
    """
    settings = context.effective
    url = one_source(settings, url)
    if url in settings.lists:
        why_list(context, url)
        return
    source = settings.sources[url]
    store = context.open_for_reading()
    try:
        with store.snapshot() as tx:
            feed = tx.feeds.get(url)
            polls = tx.feeds.polls(feed, _SHOWN_POLLS) if feed else []
            articles = tx.articles.count(feed).words if feed else None
    finally:
        store.close()
    feed = feed or _unknown(source)
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
    if feed.next_poll_at:
        context.print(f"next poll {feed.next_poll_at:%H:%M} UTC because {feed.reason}")
    _poll_lines(context, polls)


def _poll_lines(context: Context, polls: list[PollLine]) -> None:
    heads = ("polled", "outcome", "status", "bytes", "s", "new", "edited", "dup", "error")
    rows = [
        (
            f"{line.at:%m-%d %H:%M}",
            line.outcome.value,
            line.status or "-",
            line.bytes,
            f"{line.elapsed:.1f}",
            line.new,
            line.updated,
            line.duplicates,
            line.error or "",
        )
        for line in polls
    ]
    if rows:
        table(context, heads, rows, numbers=heads[2:8], whole=heads[:2])


def known_sources(context: Context) -> tuple[list[tuple[FeedState, FeedSettings]], Fleet | None]:
    """Return each configured source with what is known of it, and how workers do.

    A source that the daemon has not seen yet is new.
    """
    store = context.open_for_reading()
    try:
        with store.snapshot() as tx:
            states, fleet = {feed.url: feed for feed in tx.feeds.all()}, tx.fleet
    finally:
        store.close()
    sources = context.effective.sources.items()
    return [(states.get(url) or _unknown(source), source) for url, source in sources], fleet


def _unknown(source: FeedSettings) -> FeedState:
    return FeedState(
        key=0, url=source.url, fetch_url=source.url, title=source.title or source.url, kind=source.kind,
        enabled=source.enabled, private=source.private, reason="never polled",
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
