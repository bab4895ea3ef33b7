"""Runs `aggregator` with the arguments given, and tells what it did besides polling.

After all that the command prints there is one more line, JSON: seconds of CPU of this process in which stories were
decided, and in which outputs were rendered, and when (time.monotonic) the first of them began: all polls were written.
"""

from __future__ import annotations

import json
import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

SPENT = {"stories": 0.0, "rendering": 0.0}
POLLED: list[float] = []
"""When something else than polling began."""


@contextmanager
def counted(what: str) -> Iterator[None]:
    POLLED.append(time.monotonic())
    begun = time.process_time()
    yield
    SPENT[what] += time.process_time() - begun


def count() -> None:
    """Wrap what decides stories and what renders."""
    from aggregator.publish.press import Press  # noqa: PLC0415
    from aggregator.run.stories import StoryStage  # noqa: PLC0415

    drain, publish = StoryStage.drain, Press.publish

    async def counted_drain(stage: StoryStage) -> None:
        with counted("stories"):
            await drain(stage)

    def counted_publish(*arguments: Any, **options: Any) -> list[str]:
        with counted("rendering"):
            return publish(*arguments, **options)

    StoryStage.drain = counted_drain  # type: ignore[method-assign]
    Press.publish = counted_publish  # type: ignore[method-assign]


if __name__ == "__main__":  # every parser loads this file too: multiprocessing wants it so
    from aggregator.cli import main

    count()
    sys.argv[0] = "aggregator"
    try:
        main()
    finally:
        print(json.dumps({"spent": SPENT, "polled": min(POLLED, default=None)}), flush=True)
