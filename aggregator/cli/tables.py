"""Tables for a terminal, 80 columns wide; the same rows as plain text when it is none."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from rich import box
from rich.cells import cell_len
from rich.table import Table
from rich.text import Text

from aggregator.cli.words import counted
from aggregator.config.logs import harmless

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from rich.console import JustifyMethod

    from aggregator.cli.context import Context

_CONTROL = re.compile("[\x7f-\x9f\u2028-\u202e\u2066-\u2069]")
"""What drives a terminal beside the controls that JSON escapes by itself."""
_GAP = 3
"""Characters between two columns."""
_NAMED = 10
"""So many sources that were skipped are told of one by one."""
_LEAST = 8
"""Characters of a cell that say something."""
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
    widths = _widths(context, heads, rows, {*numbers, *whole})
    grid = Table(box=box.SIMPLE, pad_edge=False, show_edge=False)
    for head, width in zip(heads, widths, strict=True):
        justify: JustifyMethod = "right" if head in numbers else "left"
        grid.add_column(head, justify=justify, overflow="ellipsis", no_wrap=True, width=width)
    for row in rows:
        cells = [shown(context.mask(str(cell))) for cell in row]
        grid.add_row(*(Text(cell, style=_STYLES.get(cell, "")) for cell in cells))
    context.out.print(grid)


def _widths(
    context: Context, heads: Sequence[str], rows: Sequence[Sequence[object]], whole: Collection[str]
) -> list[int]:
    """Return how wide columns are: as their longest cell, but on a terminal the longest are cut until all have room."""
    widths = [max(cell_len(shown(row[place])) for row in (heads, *rows)) for place in range(len(heads))]
    room = context.out.width - _GAP * (len(heads) - 1)
    cut = [place for place, head in enumerate(heads) if head not in whole]
    while context.out.is_terminal and cut and sum(widths) > room:
        longest = max(cut, key=lambda place: widths[place])
        if widths[longest] <= _LEAST:
            break
        widths[longest] -= 1
    return widths


def minute(moment: str | None) -> str:
    """Return an RFC 3339 time as a table shows it."""
    return moment[5:16].replace("T", " ") if moment else "-"


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
    for one in report.get("lists", ()):
        context.print(f"{one['url']}\n  {one['error'] or 'read: a list of ' + counted(one['sources'], 'source')}")
    totals = report["totals"]
    context.print(
        f"{len(asked)} asked, {totals['errors']} failed, {totals['skipped']} skipped: {totals['new']} new, "
        f"{totals['updated']} edited, {totals['duplicates']} duplicates, in {report['elapsed_s']:.1f} s"
    )
    skipped = [feed for feed in report["feeds"] if feed["outcome"] == "skipped"]
    for feed in skipped if len(skipped) <= _NAMED else []:
        context.print(f"{feed['url']}\n  not asked: {feed['reason']}")
    if not asked and len(skipped) > _NAMED:
        context.print("Nothing is due. Ask anyway: aggregator poll --all, or --force")
