"""What commands do by themselves where no daemon runs that could do it."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

from aggregator.cli.writing import hosts_of, writing
from aggregator.run.clock import utc_now
from aggregator.run.engine import Engine
from aggregator.run.report import list_json, report_json
from aggregator.run.round import poll_round
from aggregator.run.stories import StoryStage
from aggregator.semantic import find_embedder

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from aggregator.cli.context import Context
    from aggregator.cli.writing import Writing
    from aggregator.config.settings import Settings
    from aggregator.decide.choice import Choice


def poll(
    context: Context, choice: Choice, told: Callable[[dict[str, Any]], None]
) -> tuple[list[dict[str, Any]], float]:
    """Run a round in this process, which becomes one that writes for as long."""
    with writing(context) as found:
        reports, found.settings, elapsed = asyncio.run(_round(context, found, choice, told))
    return reports, elapsed


async def _round(
    context: Context, found: Writing, choice: Choice, told: Callable[[dict[str, Any]], None]
) -> tuple[list[dict[str, Any]], Settings, float]:
    """Read lists, then poll; return the reports, the settings with what the lists name now, and the seconds it took.

    That is from the first request to the last commit of a poll; stories are decided after it, or by the workers.
    """
    async with hosts_of(context, found) as hosts, Engine(found.store, found.settings, hosts=hosts) as engine:
        started = time.monotonic()
        reports = [list_json(state) for state in await engine.read_lists(choice)]
        async for one in poll_round(engine.pipeline, found.store, choice, utc_now):
            told(report := report_json(one) | {"feeds": list(one.feeds)})
            reports.append(report)
        elapsed = time.monotonic() - started
        if found.alone:
            await engine.stories.drain()
        return reports, engine.pipeline.settings, elapsed


def correct(context: Context, action: str, ids: Sequence[str]) -> dict[str, Any]:
    """Correct what entries are one story; return what came of it."""
    with writing(context) as found:
        stage = StoryStage(found.store, lambda: found.settings, clock=utc_now, embedder=find_embedder())
        return asyncio.run(stage.correct(action, ids))
