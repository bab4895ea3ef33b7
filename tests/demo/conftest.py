"""The demo's publishers, and what they say, read by a library."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta, timezone
from io import BytesIO
from typing import TYPE_CHECKING, Any

import aiohttp
import feedparser
import pytest

from aggregator.demo.documents import documents
from aggregator.demo.publishers import Publishers

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from aggregator.demo.documents import Representation


@pytest.fixture(scope="session")
def now() -> datetime:
    """Give a moment that is neither whole nor in UTC."""
    return datetime(2026, 3, 1, 7, 30, 15, 250, tzinfo=timezone(timedelta(hours=9)))


@pytest.fixture(scope="session")
def rounds(now: datetime) -> tuple[dict[str, Representation], dict[str, Representation]]:
    """Every document of both rounds."""
    first, second = (documents(number, base="http://127.0.0.1:80", now=now) for number in (1, 2))
    return first, second


@pytest.fixture(scope="session")
def parsed(rounds: tuple[dict[str, Representation], ...]) -> tuple[dict[str, Any], ...]:
    """Every feed of both rounds as feedparser reads it."""
    types = {"content-type": "application/xml; charset=utf-8"}
    return tuple(
        {
            path: feedparser.parse(BytesIO(document.body), response_headers=types)
            for path, document in served.items()
            if not path.endswith(".html")
        }
        for served in rounds
    )


@pytest.fixture
def visit(now: datetime) -> Callable[[Callable[[Publishers, aiohttp.ClientSession], Awaitable[None]]], None]:
    """Run a scenario against started publishers, with a client that follows nothing by itself."""

    async def run(scenario: Callable[[Publishers, aiohttp.ClientSession], Awaitable[None]]) -> None:
        async with Publishers(now) as publishers, aiohttp.ClientSession(publishers.base) as client:
            await scenario(publishers, client)

    return lambda scenario: asyncio.run(run(scenario))
