"""Turns at hosts on a server: one process has one, its silence ends it, a pause follows it."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from aggregator.errors import UnreachableDatabase

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from postgres_server import PostgresServer

HOST = "a.example"


def _with_turns(url: str, scenario: Callable[[Any], Awaitable[None]], lease_s: float = 30) -> None:
    from aggregator.store.postgres.turns import SharedTurns  # noqa: PLC0415 - skipped where it can't be had

    async def play() -> None:
        async with SharedTurns(url, timedelta(seconds=lease_s)) as turns:
            await scenario(turns)

    asyncio.run(play())


def test_one_at_a_time(postgres: PostgresServer) -> None:
    """A turn that somebody has is not given to others, who learn how long it may last; other hosts are free."""

    async def scenario(turns: Any) -> None:
        assert await turns.take(HOST, "one") == 0
        assert 25 < await turns.take(HOST, "two") <= 30
        assert await turns.take("b.example", "two") == 0
        await turns.end(HOST, "one", timedelta())
        assert await turns.take(HOST, "two") == 0

    _with_turns(postgres.ready(), scenario)


def test_a_pause_follows(postgres: PostgresServer) -> None:
    """After a turn nobody has the next one before the pause is over."""

    async def scenario(turns: Any) -> None:
        await turns.take(HOST, "one")
        await turns.end(HOST, "one", timedelta(seconds=0.2))
        wait = await turns.take(HOST, "two")
        assert 0 < wait <= 0.2
        await asyncio.sleep(wait + 0.01)
        assert await turns.take(HOST, "two") == 0

    _with_turns(postgres.ready(), scenario)


def test_silence_ends_it(postgres: PostgresServer) -> None:
    """Who says nothing for a lease has lost it, and can neither keep nor end what another has by then."""

    async def scenario(turns: Any) -> None:
        await turns.take(HOST, "one")
        await turns.take("b.example", "one")
        await asyncio.sleep(0.2)
        assert await turns.keep({HOST: "one", "b.example": "one"}) == {HOST, "b.example"}
        await asyncio.sleep(0.2)
        assert await turns.take(HOST, "two") > 0
        await asyncio.sleep(0.2)
        assert await turns.take(HOST, "two") == 0
        assert await turns.keep({HOST: "one", "b.example": "one"}) == {"b.example"}
        await turns.end(HOST, "one", timedelta())
        assert await turns.take(HOST, "three") > 0

    _with_turns(postgres.ready(), scenario, lease_s=0.3)


def test_hosts_that_nobody_asks_are_forgotten(postgres: PostgresServer) -> None:
    """A host at rest for a day is forgotten; one that is held is not."""
    url = postgres.ready()

    async def scenario(turns: Any) -> None:
        for host in (HOST, "b.example"):
            await turns.take(host, "one")
        await turns.end(HOST, "one", timedelta())
        with postgres.connect(url) as db:
            db.execute("UPDATE turn SET next_allowed_at = 0")
            await turns.tidy()
            assert db.execute("SELECT host FROM turn").fetchall() == [("b.example",)]

    _with_turns(url, scenario)


def test_a_server_that_is_gone(postgres: PostgresServer) -> None:
    """What is wrong is said in our words; with the next connection all is well again."""
    url = postgres.ready()

    async def scenario(turns: Any) -> None:
        await turns.take(HOST, "one")
        with postgres.connect(url) as db:
            db.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        with pytest.raises(UnreachableDatabase):
            await turns.keep({HOST: "one"})
        assert await turns.keep({HOST: "one"}) == {HOST}

    _with_turns(url, scenario)
