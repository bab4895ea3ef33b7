"""What is wrong with the store is told once, and known until it is over."""

from __future__ import annotations

import asyncio
from typing import Any

from structlog.testing import capture_logs

from aggregator.errors import DiskFull
from aggregator.run.storing import Storing


async def _at_once(work: Any) -> Any:
    return work()


def _full() -> None:
    raise DiskFull("There is no space left.", "Make some.")


def test_it_goes_on() -> None:
    """After a failure, told once however often it comes, the next success is handed on, and all is well."""
    storing, found = Storing(_at_once), []

    async def play() -> None:
        await storing.do(_full, found.append)
        await storing.do(_full, found.append)
        assert (storing.error, found) == ("There is no space left.", [])
        await storing.do(lambda: 7, found.append)

    with capture_logs() as logged:
        asyncio.run(play())
    assert [(line["event"], line["remedy"]) for line in logged] == [("store.failed", "Make some.")]
    assert (storing.error, found) == (None, [7])
