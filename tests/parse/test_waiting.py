from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.errors import ParserBusy
from aggregator.parse.waiting import LARGE, Desk, WaitingRoom, is_suspect

MEGABYTE = 1_000_000


def test_who_is_suspect() -> None:
    """Large documents are, and any of a source whose last one killed its parser."""
    assert [is_suspect(size, killed=False) for size in (0, LARGE, LARGE + 1)] == [False, False, True]
    assert is_suspect(1, killed=True)


async def _enter(room: WaitingRoom, stack: AsyncExitStack, *sizes: int) -> None:
    for size in sizes:
        await stack.enter_async_context(room.place(size, suspect=True))


@pytest.mark.parametrize(
    ("places", "inside", "size"),
    [(2, [1, 1], 1), (64, [MEGABYTE] * 64, 1), (1000, [MEGABYTE // 2] * 64, 1), (64, [60 * MEGABYTE], 5 * MEGABYTE)],
)
def test_suspects_are_turned_away(places: int, inside: list[int], size: int) -> None:
    """A suspect finds no place when all are taken, 64 at most, or 64 MB are; who leaves makes room."""

    async def scene() -> None:
        room = WaitingRoom(places)
        async with AsyncExitStack() as stack:
            await _enter(room, stack, *inside)
            with pytest.raises(ParserBusy, match="too many large documents"):
                await _enter(room, stack, size)
        async with AsyncExitStack() as stack:
            await _enter(room, stack, size)

    asyncio.run(scene())


@given(sizes=st.lists(st.integers(0, 70 * MEGABYTE)))
def test_bytes_of_suspects_are_bounded(sizes: list[int]) -> None:
    """Whatever their sizes, suspects that wait have 64 MB together; one alone may be as large as it likes."""

    async def scene() -> None:
        room, total = WaitingRoom(64), 0
        async with AsyncExitStack() as stack:
            for size in sizes:
                try:
                    await _enter(room, stack, size)
                except ParserBusy:
                    assert total > 0 or len(sizes) > 1
                    continue
                assert total + size <= 64 * MEGABYTE or size == sum(room._suspects)
                total += size

    asyncio.run(scene())


def test_others_wait_for_a_place() -> None:
    """A document that is no suspect waits while as many wait as there are places; suspects do not take them."""

    async def scene() -> None:
        room, entered = WaitingRoom(1), asyncio.Event()

        async def other() -> None:
            async with room.place(1, suspect=False):
                entered.set()

        async with room.place(1, suspect=True):
            async with room.place(1, suspect=False):
                task = asyncio.create_task(other())
                await asyncio.sleep(0.01)
                assert not entered.is_set()
            await task
        assert entered.is_set()

    asyncio.run(scene())


def test_an_error_inside_frees_the_place() -> None:
    """A place is free again however the reading ended."""

    async def scene() -> None:
        room = WaitingRoom(1)
        for suspect in (True, True, False, False):
            with pytest.raises(ZeroDivisionError):
                async with room.place(1, suspect=suspect):
                    raise ZeroDivisionError

    asyncio.run(scene())


def test_a_desk_is_taken_once_and_left_once() -> None:
    """Who has a desk and takes it again has one; it is free for the next however often it was left."""

    async def scene() -> None:
        desks = asyncio.Semaphore(1)
        async with Desk(desks) as one, Desk(desks) as other:
            await one.take()
            await one.take()
            waits = asyncio.create_task(other.take())
            await asyncio.sleep(0)
            assert not waits.done()
            one.leave()
            one.leave()
            await waits
        async with Desk(desks) as third:
            await third.take()
            assert desks.locked()
        assert not desks.locked()

    asyncio.run(scene())
