"""Who polls for a database: one alone, or several with one leader."""

from __future__ import annotations

import contextlib
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from aggregator.errors import ClockApart, LockedDatabase, UnreachableDatabase
from aggregator.store.opening import standing

if TYPE_CHECKING:
    from postgres_server import PostgresServer


def test_alone_or_together(postgres: PostgresServer) -> None:
    """Several poll beside each other; nobody polls beside one who does so alone, and both are told why."""
    url = postgres.ready()
    with (
        standing(url, alone=False),
        standing(url, alone=False),
        pytest.raises(LockedDatabase, match="Workers poll"),
    ):
        standing(url, alone=True).__enter__()
    with standing(url, alone=True):
        with pytest.raises(LockedDatabase, match="alone"):
            standing(url, alone=False).__enter__()
        with pytest.raises(LockedDatabase):
            standing(url, alone=True).__enter__()
    with standing(postgres.ready(), alone=True), standing(postgres.ready(), alone=True):
        pass  # of other databases


def test_one_leads(postgres: PostgresServer) -> None:
    """The first to ask leads until it goes; then another does."""
    url = postgres.ready()
    with standing(url, alone=False) as second:
        with standing(url, alone=False) as first:
            assert first.still()
            assert not second.still()
            assert first.still()
        end = time.monotonic() + 10  # the server lets the lock go a moment after the connection has gone
        while not second.still():
            assert time.monotonic() < end


def test_a_restart_of_the_server(postgres: PostgresServer) -> None:
    """Whose connection was cut has its place again at the next look, and may lead again."""
    url = postgres.ready()
    with standing(url, alone=False) as place:
        assert place.still()
        with postgres.connect(url) as db:
            db.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        with pytest.raises(UnreachableDatabase):
            place.still()
        assert place.still()


def test_a_place_that_was_lost(postgres: PostgresServer) -> None:
    """Who finds its place taken after its connection was cut is told so."""
    url = postgres.ready()
    with standing(url, alone=False) as place, contextlib.ExitStack() as later:
        with postgres.connect(url) as db:
            db.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        with pytest.raises(UnreachableDatabase):
            place.still()
        later.enter_context(standing(url, alone=True))
        with pytest.raises(LockedDatabase, match="alone"):
            place.still()


@pytest.mark.parametrize(
    ("by", "words"),
    [
        (timedelta(days=365), "31536000 s ahead of"),
        (timedelta(minutes=-1), "(60|59) s behind"),
        (timedelta(seconds=9), None),
    ],
)
def test_a_clock_that_is_wrong(postgres: PostgresServer, by: timedelta, words: str | None) -> None:
    """Who tells another time than the server takes no place, and loses the one it has; some seconds do not matter."""
    url, wrong = postgres.ready(), timedelta()

    def clock() -> datetime:
        return datetime.now(UTC) + wrong

    with standing(url, alone=False, clock=clock) as place:
        assert place.still()
        wrong = by
        if words is None:
            assert place.still()
            return
        with pytest.raises(ClockApart, match=words):
            place.still()
        with pytest.raises(ClockApart, match=words):
            standing(url, alone=False, clock=clock).__enter__()
        with standing(url, alone=True):
            pass  # its place is free
