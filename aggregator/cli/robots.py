"""A site's robots.txt: read for the sitemaps that it names, when a source is added."""

from __future__ import annotations

import asyncio
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import urljoin

from aggregator.errors import FetchError
from aggregator.fetch.client import Ask, Client
from aggregator.run.clock import utc_now
from aggregator.run.engine import network_of

if TYPE_CHECKING:
    from aggregator.cli.context import Context

_MOST_BYTES = 500 * 1024
"""What of it is read at least (RFC 9309 section 2.5)."""


def robots_of(context: Context, url: str) -> str:
    """Return the robots.txt of an address's host; "" when there is none to be had."""
    return asyncio.run(_robots(context, urljoin(url, "/robots.txt")))


async def _robots(context: Context, address: str) -> str:
    settings = context.settings
    await asyncio.sleep(settings.polling.host_gap.total_seconds())  # the page was asked for just now
    try:
        async with Client(network_of(settings), clock=utc_now) as client:
            fetched = await client.get(Ask(address))
    except FetchError:
        return ""
    return fetched.body[:_MOST_BYTES].decode("utf-8", "replace") if fetched.status == HTTPStatus.OK else ""
