"""What is done at intervals ends before the process does."""

from __future__ import annotations

import asyncio

from structlog.testing import capture_logs

from aggregator.run.schedule import Schedule


def test_what_runs_may_end() -> None:
    """Stopped in the middle of something, a schedule waits for it, and begins nothing more."""
    done: list[str] = []

    async def work() -> None:
        done.append("begun")
        await asyncio.sleep(0.2)
        done.append("ended")

    async def play() -> None:
        schedule = Schedule()
        schedule.every(0.05, work, at_once=True)
        schedule.nightly(work)
        schedule.start()
        await asyncio.sleep(0.1)
        await schedule.end()
        await asyncio.sleep(0.2)

    with capture_logs() as logged:
        asyncio.run(play())
    assert done == ["begun", "ended"]
    assert logged == []
