"""What sites ask robots to leave alone (RFC 9309): asked before an article's page, kept for a day.

A feed is made to be asked for, a page of an article is not: reading it is crawling.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Protocol

from aggregator.decide.sites import host_of, origin_of
from aggregator.errors import CrawlingRefused, FetchError, HttpStatus, ParserKilled
from aggregator.fetch.client import Ask

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from datetime import datetime

    from aggregator.model import Fetched

_KEPT = timedelta(days=1)
"""RFC 9309 section 2.4."""
_SOON = timedelta(minutes=1)
"""How long it is known that there was no answer: many articles of a site are due at once."""
_MOST_SITES = 1000
_MOST_BYTES = 512 * 1024
_MOST_KEPT = 64 * _MOST_BYTES
"""Bytes of all sites' robots.txt together."""
_OK, _TOO_MANY, _SERVER_ERROR = 200, 429, 500


class NotAnswered(HttpStatus):
    """A site does not say what it asks of robots."""

    def __init__(self, answer: Fetched) -> None:
        super().__init__(
            f"{host_of(answer.url)} answered {answer.status} when asked for its robots.txt.",
            "Articles of this site are not read until it answers; entries appear as they are listed.",
        )
        self.answer = answer


class Gets(Protocol):
    """What asks servers (fetch.client.Client)."""

    async def get(self, ask: Ask, *, reach: Callable[[str], Awaitable[None]]) -> Fetched:
        """Ask once."""


class Reads(Protocol):
    """What reads a robots.txt (parse.pool.ParserPool)."""

    async def may_visit(self, robots: bytes, url: str) -> bool:
        """Tell whether it lets us visit an address; ParserKilled when it is too much."""


@dataclass(frozen=True, slots=True)
class Turn:
    """When a page's request may ask."""

    reach: Callable[[str], Awaitable[None]]
    """Wait until a host may be asked, or asked once more."""
    leave: Callable[[], Awaitable[None]]
    """Let others ask."""


@dataclass(slots=True)
class _Site:
    asked: asyncio.Event | None = None
    """While it is asked; set when there is an answer, or none."""
    until: datetime | None = None
    """When what it asked for is to be asked again; None before it was."""
    robots: bytes = b""
    refused: str = ""
    """Why nothing of it may be visited."""
    trouble: FetchError | None = None
    """Why there was no answer."""


class Robots:
    """Remembers what sites ask of robots."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self._sites: OrderedDict[tuple[str, str], _Site] = OrderedDict()

    async def check(self, ask: Ask, client: Gets, reader: Reads, turn: Turn) -> None:
        """Raise CrawlingRefused where a page is to be left alone, HttpStatus or FetchError where that is not known.

        It is the turn of the page's host, and is so again afterwards.
        """
        site = self._site(origin_of(ask.url))
        while not self._is_known(site):
            await self._know(site, ask, client, turn)
        if site.trouble is not None:
            raise site.trouble.with_traceback(None)
        if site.refused:
            raise _refusal(ask.url, site.refused)
        if not site.robots:
            return
        try:
            allowed = await reader.may_visit(site.robots, ask.url)
        except ParserKilled as error:
            site.robots, site.refused = b"", "its robots.txt was too much to read"
            raise _refusal(ask.url, site.refused) from error
        if not allowed:
            raise _refusal(ask.url, "its robots.txt asks robots to leave this page alone")

    def _is_known(self, site: _Site) -> bool:
        """Whether what is known of a site holds still; for longer than it can hold is what a wrong clock said."""
        now = self._clock()
        return site.until is not None and now < site.until <= now + _KEPT

    def _site(self, origin: tuple[str, str]) -> _Site:
        site = self._sites.pop(origin, None) or _Site()
        self._sites[origin] = site
        while len(self._sites) > _MOST_SITES or sum(len(one.robots) for one in self._sites.values()) > _MOST_KEPT:
            self._sites.popitem(last=False)
        return site

    async def _know(self, site: _Site, ask: Ask, client: Gets, turn: Turn) -> None:
        """Ask, or wait for who does: without the turn, which that one needs once more."""
        if site.asked is None:
            site.asked = asyncio.Event()
            try:
                await self._ask(site, ask, client, turn)
            finally:
                site.asked.set()
                site.asked = None
        else:
            asked = site.asked
            await turn.leave()
            await asked.wait()
        if site.trouble is None:
            await turn.reach(host_of(ask.url))

    async def _ask(self, site: _Site, ask: Ask, client: Gets, turn: Turn) -> None:
        site.robots, site.refused, site.trouble = b"", "", None
        try:
            site.robots = await _robots_of(ask, client, turn)
        except FetchError as error:
            site.trouble, site.until = error, self._clock() + _SOON
        else:
            site.until = self._clock() + _KEPT


async def _robots_of(ask: Ask, client: Gets, turn: Turn) -> bytes:
    # What is secret stays with the pages that it is for.
    robots = Ask("{}://{}/robots.txt".format(*origin_of(ask.url)), verify=ask.verify, outside=ask.outside)
    answer = await client.get(robots, reach=turn.reach)
    if answer.status >= _SERVER_ERROR or answer.status == _TOO_MANY:
        raise NotAnswered(answer)
    return answer.body[:_MOST_BYTES] if answer.status == _OK else b""


def _refusal(url: str, why: str) -> CrawlingRefused:
    return CrawlingRefused(
        f"The article was not read: {host_of(url)} refuses, {why}.",
        "Entries appear as they are listed. Ask the publisher, or set `full_text: false` for this source.",
    )
