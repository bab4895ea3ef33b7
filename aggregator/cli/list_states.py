"""Remote lists of sources, as `aggregator feeds` and `aggregator why` show them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aggregator.cli.tables import minute, table
from aggregator.decide.lists import ListState, remarks_of
from aggregator.decide.readings import state_of_list
from aggregator.run.report import SCHEMA, rfc3339

if TYPE_CHECKING:
    from aggregator.cli.context import Context
    from aggregator.config.settings import Settings

_SHOWN_REMARKS = 5


def list_states(context: Context) -> list[dict[str, Any]]:
    """Return each configured list as `aggregator feeds --json` prints it."""
    if not context.settings.lists:
        return []
    store = context.open_for_reading()
    try:
        with store.snapshot() as tx:
            known = {address: tx.lists.get(address) for address in context.settings.lists}
    finally:
        store.close()
    return [
        _list_json(state or ListState(address, reason="never read"), context.effective)
        for address, state in known.items()
    ]


def _list_json(state: ListState, settings: Settings) -> dict[str, Any]:
    return {
        "url": state.address,
        "title": state.title or state.address,
        "kind": "opml",
        "state": state_of_list(state).value,
        "last_success": rfc3339(state.last_success),
        "next_poll_at": rfc3339(state.next_at),
        "reason": state.reason,
        "error": state.error,
        "remedy": state.remedy,
        "sources": sum(source.listed_in == state.address for source in settings.sources.values()),
        "notices": [
            f"line {one.line}: {one.message}" if one.line else one.message for one in remarks_of(settings, state)
        ],
    }


def lists_table(context: Context, lists: list[dict[str, Any]]) -> None:
    """Print a line for each list."""
    heads = ("list", "state", "sources", "last success", "next poll", "because")
    rows = [
        (
            one["title"], one["state"], one["sources"],
            minute(one["last_success"]), minute(one["next_poll_at"]), one["reason"],
        )
        for one in lists
    ]  # fmt: skip
    table(context, heads, rows, numbers=("sources",), whole=heads[1:-1])


def list_lines(context: Context, state: dict[str, Any], most: int = _SHOWN_REMARKS) -> None:
    """Print what is wrong with a list, and what of it is not asked."""
    words = [f"{state['error']} {state['remedy'] or ''}".rstrip()] if state["error"] else []
    words += state["notices"][:most]
    if more := len(state["notices"][most:]):
        words.append(f"and {more} more: aggregator why {state['url']}")
    if words:
        context.print("\n  ".join([f"\n{state['url']}", *words]))


def why_list(context: Context, address: str, *, as_json: bool = False) -> None:
    """Show one list in full, with the sources that it brings."""
    (state,) = (one for one in list_states(context) if one["url"] == address)
    if as_json:
        brought = [source.url for source in context.effective.sources.values() if source.listed_in == address]
        context.print_json({"schema": SCHEMA, "list": state, "sources": brought})
        return
    for name, value in state.items():
        if name != "notices":
            context.print(f"{name + ':':<14}{'-' if value is None else value}")
    for source in context.effective.sources.values():
        if source.listed_in == address:
            context.print(f"  {source.url}")
    for notice in state["notices"]:
        context.print(notice)
