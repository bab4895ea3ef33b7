"""Tables on a terminal of 80 columns: no line is longer, whatever the cells hold."""

from __future__ import annotations

import io
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest
from rich.console import Console

from aggregator.cli.checking import _print_found
from aggregator.cli.list_states import lists_table
from aggregator.cli.sources import _poll_lines, _states_table
from aggregator.cli.tables import poll_table, table
from aggregator.model import Outcome
from aggregator.store.protocols import PollLine

NOON = datetime(2026, 1, 5, 12, 30, tzinfo=UTC)
LONG = "https://example.org/" + "a-long-name-" * 12
STATE = {
    "url": LONG, "title": LONG, "state": "disabled", "entries": 123_456, "last_success": "2026-01-05T12:30:00Z",
    "last_new": "2026-01-05T12:30:00Z", "next_poll_at": "2026-01-05T12:30:00Z", "reason": LONG, "sources": 12_345,
}  # fmt: skip
POLL = PollLine(NOON, Outcome.NOT_MODIFIED, 304, 10_000_000, 59.9, 1000, 1000, 1000, LONG, False)
FOUND = {
    "url": LONG, "status": 200, "kind": "news-sitemap", "entries": 1000, "dropped": 1000, "newest": "2026-01-05T12:30:00Z",
    "error": None, "remedy": None, "redirected_to": None, "archive": None,
}  # fmt: skip
REPORT = {
    "feeds": [
        {"url": LONG, "outcome": "not-modified", "new": 1000, "updated": 1000, "duplicates": 1000, "entries": 1000, "error": None}
    ],
    "totals": {"errors": 0, "skipped": 0, "new": 1000, "updated": 1000, "duplicates": 1000}, "elapsed_s": 1.0,
}  # fmt: skip
TABLES = {
    "feeds": lambda context: _states_table(context, [STATE]),
    "lists": lambda context: lists_table(context, [STATE]),
    "why": lambda context: _poll_lines(context, [POLL]),
    "poll": lambda context: poll_table(context, REPORT),
    "check": lambda context: _print_found(context, [FOUND], paste=None),
    "search": lambda context: table(
        context, ("published", "id", "title", "source"), [("2026-01-05", "0" * 12, LONG, LONG)]
    ),
}

WHOLE = {
    "feeds": {"disabled", "123456", "12:30"},
    "lists": {"disabled", "12345", "12:30"},
    "why": {"12:30", "not-modified", "304", "10000000", "1000"},
    "poll": {"not-modified", "1000"},
    "check": {"200", "1000"},
    "search": {"2026-01-05", "000000000000"},
}


@pytest.mark.parametrize("name", TABLES)
def test_a_table_fits_a_terminal(name: str) -> None:
    """Long cells are cut with a sign; numbers, dates and states are whole."""
    screen = io.StringIO()
    context: Any = SimpleNamespace(out=Console(file=screen, width=80, force_terminal=True, color_system=None), mask=str)
    context.print = lambda text: context.out.print(text, markup=False, soft_wrap=False)
    TABLES[name](context)
    lines = screen.getvalue().splitlines()
    assert len(lines) > 2
    assert max(map(len, lines)) <= 80
    assert "…" in screen.getvalue()
    cells = {cell for line in lines for cell in line.split()}
    assert WHOLE[name] <= cells


def test_a_pipe_gets_whole_cells() -> None:
    """Where there is no terminal nothing is cut."""
    screen = io.StringIO()
    context: Any = SimpleNamespace(out=Console(file=screen, width=10_000, force_terminal=False), mask=str)
    TABLES["feeds"](context)
    assert LONG in screen.getvalue()
