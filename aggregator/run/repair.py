"""A poll, and the pages that it turned out to need, of articles or an archive: what `aggregator poll` does."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from aggregator.decide.archives import PAGES
from aggregator.decide.articles import MOST_WAITING
from aggregator.model import Outcome, RequestKind

if TYPE_CHECKING:
    from collections.abc import Callable

    from aggregator.decide.choice import Choice
    from aggregator.model import PollReport, Request
    from aggregator.poll import Pipeline

_MOST = 2 * PAGES + MOST_WAITING
"""Pages of one source that are asked in one go."""


async def poll_and_repair(
    pipeline: Pipeline,
    request: Request,
    choice: Choice,
    due_page: Callable[[str], Request | None],
    under_way: Callable[[Request], None],
) -> PollReport:
    """Poll a source, then ask for its articles and for what it missed, as far as that is due; report all of it as one.

    `due_page` claims a request for a page of the source of an address, in the writer's thread; `under_way` is told of
    each request that is made after the first.
    """
    report = await pipeline.poll(
        request, refetch=choice.refetch, by_hand=not choice.is_routine, search=not choice.exact
    )
    wanted, pages = report.pages, 0
    while wanted and pages < _MOST:
        page = await pipeline.in_writer(lambda: due_page(request.feed.url))
        if page is None:
            break
        under_way(page)
        report, pages = _with_found(report, await pipeline.poll(page)), pages + 1
    return report


def _with_found(report: PollReport, found: PollReport) -> PollReport:
    """Add what a page brought to the report of its feed; what was wrong with the page is not the feed's failure."""
    if found.kind is RequestKind.ARTICLE:
        return report
    return replace(
        report,
        outcome=Outcome.NEW if found.new else report.outcome,
        new=report.new + found.new,
        duplicates=report.duplicates + found.duplicates,
    )
