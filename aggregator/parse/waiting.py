"""Documents on their way to a parser, and from it: how many may wait, and which may be too much for one."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager, contextmanager
from typing import TYPE_CHECKING, Self

from aggregator.errors import ParserBusy

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

LARGE = 1_000_000
"""Bytes of the largest document that is no suspect: at its worst it takes a parser about 2 s, a real one 0.2 s."""
_MOST_PLACES = 64
_MOST_BYTES = 64_000_000
"""Of all suspects that wait: the others are small."""


def is_suspect(size: int, *, killed: bool) -> bool:
    """Tell whether a document of `size` bytes may hold a parser up; `killed`: the last one of its source did."""
    return killed or size > LARGE


class WaitingRoom:
    """Bounds the documents that wait for a parser or are in one; suspects and others have as many places each.

    Who finds no place waits for one, and asks nobody else meanwhile. A suspect is turned away instead: those before it
    may take minutes, one after the other, and whoever waited for them would hold up feeds that have done nothing.
    """

    def __init__(self, places: int) -> None:
        """Take `places` as the operator's limit of requests in flight; there are 64 at most."""
        self._places = min(places, _MOST_PLACES)
        self._others = asyncio.Semaphore(self._places)
        self._suspects: list[int] = []
        """Their sizes in bytes."""

    @asynccontextmanager
    async def place(self, size: int, *, suspect: bool) -> AsyncIterator[None]:
        """Hold a place for a document of `size` bytes; ParserBusy when it is a suspect and there is none."""
        if suspect:
            with self._place_for_suspect(size):
                yield
        else:
            async with self._others:
                yield

    @contextmanager
    def _place_for_suspect(self, size: int) -> Iterator[None]:
        if self._suspects and (len(self._suspects) >= self._places or sum(self._suspects) + size > _MOST_BYTES):
            raise ParserBusy(
                "The document was not read: too many large documents were waiting for the parser.",
                "It is asked for again by itself; other feeds are not affected.",
            )
        self._suspects.append(size)
        try:
            yield
        finally:
            self._suspects.remove(size)


class Desk:
    """Where one poll has what it read until that is written; an async context manager.

    There are only so many: what is read faster than it can be written would fill the memory. Who waits for a desk has
    left its host, and keeps one place before the parsers, so that asking slows down to the pace of writing.
    """

    def __init__(self, desks: asyncio.Semaphore) -> None:
        self._desks, self._taken = desks, False

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        self.leave()

    async def take(self) -> None:
        """Wait for a desk; whoever has one keeps it."""
        if not self._taken:
            await self._desks.acquire()
            self._taken = True

    def leave(self) -> None:
        """Let the next one have it: nobody waits for a server at one."""
        if self._taken:
            self._taken = False
            self._desks.release()
