"""Work beside the ticks: room, names and the end."""

from __future__ import annotations

import asyncio
from functools import partial

from aggregator.run.tasks import Tasks


def test_there_is_room_for_so_many() -> None:
    """In all, of each site, and of each name once; what ended makes room."""

    async def play() -> None:
        tasks, go = Tasks(most=3, per_site=2), asyncio.Event()

        async def work() -> None:
            await go.wait()

        assert [tasks.begin(name, "a", work) for name in (1, 1, 2, 3)] == [True, False, True, False]
        assert [tasks.begin(name, site, work) for name, site in ((4, "b"), (5, "c"))] == [True, False]
        go.set()
        await asyncio.sleep(0.01)
        assert all(tasks.begin(name, "a", work) for name in (1, 3))
        await tasks.end()

    asyncio.run(play())


def test_what_is_offered_is_begun_as_there_is_room() -> None:
    """One after the other, each once; another offer takes the place of what waits."""

    async def play() -> list[int]:
        tasks, done = Tasks(most=1, per_site=1), []

        async def work(number: int) -> None:
            await asyncio.sleep(0)
            done.append(number)

        tasks.offer((number, "a", partial(work, number)) for number in range(9))
        tasks.offer((number, f"{number}", partial(work, number)) for number in range(3))
        async with asyncio.timeout(10):
            while len(done) < 3:
                await asyncio.sleep(0)
        await asyncio.sleep(0.01)
        return done

    assert asyncio.run(play()) == [0, 1, 2]


def test_the_end_breaks_off() -> None:
    """Nothing goes on afterwards."""

    async def play() -> None:
        tasks, broken = Tasks(most=1, per_site=1), False

        async def work() -> None:
            nonlocal broken
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                broken = True
                raise

        assert tasks.begin("x", "a", work)
        await asyncio.sleep(0)
        await tasks.end()
        assert broken

    asyncio.run(play())
