"""Tables for a terminal, 80 columns wide; the same rows as plain text when it is none."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from rich import box
from rich.table import Table
from rich.text import Text

from aggregator.config.logs import harmless

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import JustifyMethod

    from aggregator.cli.context import Context

_CONTROL = re.compile("[\x7f-\x9f\u2028-\u202e\u2066-\u2069]")
"""What drives a terminal beside the controls that JSON escapes by itself."""
_STYLES = {
    "new": "green", "ok": "green", "updated": "cyan", "error": "red", "failing": "red", "gone": "red",
    "quiet": "yellow", "stale": "yellow",
    "skipped": "dim", "disabled": "dim",
}  # fmt: skip


def shown(text: object) -> str:
    """Return text with control characters as escapes: a feed's title must not drive the terminal."""
    return harmless(str(text))


def json_line(value: object) -> str:
    """Return JSON on one line, which drives no terminal either."""
    return _CONTROL.sub(lambda match: f"\\u{ord(match[0]):04x}", json.dumps(value, ensure_ascii=False))


def table(
    context: Context,
    heads: Sequence[str],
    rows: Sequence[Sequence[object]],
    *,
    numbers: Sequence[str] = (),
    whole: Sequence[str] = (),
) -> None:
    """Print rows below heads, a line each; columns in `numbers` are set right, words that name a state in its colour.

    On a terminal long cells are cut, but those of `whole` and `numbers`; elsewhere all are whole.
    """
    if not rows:
        return
    grid = Table(box=box.SIMPLE, pad_edge=False, show_edge=False)
    for place, head in enumerate(heads):
        width = max(len(str(row[place])) for row in (heads, *rows)) if head in (*numbers, *whole) else None
        justify: JustifyMethod = "right" if head in numbers else "left"
        grid.add_column(head, justify=justify, overflow="ellipsis", no_wrap=True, min_width=width)
    for row in rows:
        cells = [shown(context.mask(str(cell))) for cell in row]
        grid.add_row(*(Text(cell, style=_STYLES.get(cell, "")) for cell in cells))
    context.out.print(grid, width=None if context.out.is_terminal else _whole_width(heads, rows))


def _whole_width(heads: Sequence[str], rows: Sequence[Sequence[object]]) -> int:
    longest = [max(len(shown(row[place])) for row in (heads, *rows)) for place in range(len(heads))]
    return sum(longest) + 3 * len(heads)


def poll_table(context: Context, report: dict[str, Any]) -> None:
    """Print a round's report: a row for each source that was asked, what failed below with its remedy, and the sum."""
    asked = [feed for feed in report["feeds"] if feed["outcome"] != "skipped"]
    if asked:
        rows = [
            (
                feed["url"],
                *(feed[name] for name in ("outcome", "new", "updated", "duplicates", "entries")),
            )
            for feed in sorted(asked, key=lambda feed: (feed["outcome"], feed["url"]))
        ]
        heads = ("source", "outcome", "new", "edited", "dup", "items")
        table(context, heads, rows, numbers=heads[2:])
    for feed in asked:
        if feed["error"]:
            context.print(feed["url"])
            context.print(f"  {feed['error']}")
    totals = report["totals"]
    context.print(
        f"{len(asked)} asked, {totals['errors']} failed, {totals['skipped']} skipped: {totals['new']} new, "
        f"{totals['updated']} edited, {totals['duplicates']} duplicates, in {report['elapsed_s']:.1f} s"
    )
    if not asked and report["feeds"]:
        context.print("Nothing is due. Ask anyway: aggregator poll --all, or --force")
