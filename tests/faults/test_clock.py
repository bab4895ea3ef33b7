"""Clocks that jump: what waits goes on waiting as long as it was meant to, and nothing is asked in a rush."""

from __future__ import annotations

import asyncio
import sys
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from aggregator.model import Outcome
from aggregator.run import clock
from aggregator.run.engine import take_over, turn_back
from aggregator.run.schedule import Schedule

if TYPE_CHECKING:
    from collections.abc import Callable

DAY = timedelta(days=1)
YEAR = 365 * DAY


@pytest.fixture
def offset(monkeypatch: pytest.MonkeyPatch) -> list[timedelta]:
    """Return by how much the clock of this machine is wrong, to be changed: what the program and APScheduler are told."""
    by = [timedelta(0)]

    class Wrong(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> Any:
            return datetime.now(tz) + by[0]

    real = clock.utc_now
    for name, module in list(sys.modules.items()):
        if name.startswith("aggregator.") and getattr(module, "utc_now", None) is real:
            monkeypatch.setattr(module, "utc_now", lambda: real() + by[0])
    for name in ("schedulers.base", "triggers.date"):
        monkeypatch.setattr(f"apscheduler.{name}.datetime", Wrong)
    return by


@pytest.mark.fault("F9")
@pytest.mark.parametrize(
    "jump", [YEAR, timedelta(hours=8), -DAY, -YEAR], ids=["a year", "a sleep", "a day back", "back"]
)
def test_F9_jobs_go_on(jump: timedelta, offset: list[timedelta], monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the clock does, what is done at intervals is done so often: neither never, nor for each that was missed."""
    monkeypatch.setattr("aggregator.run.schedule._WATCH", 0.1)
    done: list[float] = []
    told: list[float] = []

    async def work() -> None:
        done.append(time.monotonic())

    async def tell() -> None:
        told.append(time.monotonic())

    async def play() -> None:
        schedule = Schedule()
        schedule.every(0.1, work, at_once=True)
        schedule.nightly(work)
        schedule.when_set_back(tell)
        schedule.start()
        while len(done) < 3:
            await asyncio.sleep(0.02)
        offset[0] += jump
        before = len(done)
        while len(done) < before + 4:
            await asyncio.sleep(0.02)
        await schedule.end()

    asyncio.run(asyncio.wait_for(play(), 20))
    assert len(told) == (jump < timedelta(0))
    assert len(done) <= 12


@pytest.mark.fault("F9")
def test_F9_a_daemon_lives_through_jumps(
    house: Any, offset: list[timedelta], answer: Callable[..., bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A year ahead and back, a sleep, a day back: news come all the while, and no source is asked more than before."""
    monkeypatch.setattr("aggregator.run.schedule._WATCH", 0.1)
    publisher = house.world.publisher

    async def scenario() -> None:
        await house.goes_on()
        for jump in (YEAR, -YEAR, timedelta(hours=8), -DAY):
            offset[0] += jump
            begun, asked = time.monotonic(), len(publisher.seen)
            await house.goes_on()
            seconds = time.monotonic() - begun
            assert len(publisher.seen) - asked <= (seconds + 2) * len(house.world.healthy)

    logged = house.run(scenario)
    assert [line["by_s"] > 60 for line in logged if line["event"] == "clock.set_back"] == [True, True]
    assert not [line for line in logged if line["log_level"] in ("error", "critical")]


@pytest.mark.fault("F9")
@pytest.mark.parametrize("ahead", [DAY, YEAR])
def test_F9_a_clock_that_was_ahead(ahead: timedelta, world: Any, answer: Callable[..., bytes], rss: Any) -> None:
    """What was polled by a clock that was ahead is polled again when it was meant to be; a publisher's wish holds."""
    busy = world.origin.url()
    world.origin.answers["/feed"] = answer(b"", "Retry-After: 7200", status="503 Busy")
    world.configure(busy)
    true = world.now
    world.now = true + ahead
    world.round(due=True).check_healthy()
    world.later(minutes=5)
    before = world.now
    waits = {url: world.feed(url).next_poll_at - before for url in (busy, *world.healthy)}
    world.now = true + timedelta(minutes=5)
    take_over(world.store, world.settings, world.now)
    for url, wait in waits.items():
        assert abs(world.feed(url).next_poll_at - world.now - wait) <= timedelta(minutes=5, seconds=1), url
    asked = len(world.origin.seen)
    assert {report.outcome for report in world.round(due=True).reports.values()} == {Outcome.SKIPPED}
    world.later(days=1)
    world.begin(world.settings)
    world.origin.answers["/feed"] = answer(rss("one"))
    world.round(due=True).check_healthy()
    assert (len(world.origin.seen), world.titles(busy)) == (asked + 1, {"one"})
    assert all(world.feed(url).last_poll <= world.now for url in world.healthy)


@pytest.mark.fault("F9")
def test_F9_a_clock_that_is_right_changes_nothing(world: Any) -> None:
    """Corrections of seconds are none: nothing is asked sooner for them."""
    world.configure()
    world.round().check_healthy()
    due = {url: world.feed(url).next_poll_at for url in world.healthy}
    for seconds in (0, -30):
        turn_back(world.store, world.now + timedelta(seconds=seconds))
    assert {url: world.feed(url).next_poll_at for url in world.healthy} == due


@pytest.mark.fault("F9")
@pytest.mark.parametrize("changeover", [datetime(2026, 3, 8, 6, tzinfo=UTC), datetime(2026, 11, 1, 5, tzinfo=UTC)])
def test_F9_summer_time_is_nothing(changeover: datetime, world: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a time zone whose clocks are changed, feeds are polled as far apart that night as in any other."""
    monkeypatch.setenv("TZ", "America/New_York")
    time.tzset()
    try:
        world.now = changeover
        world.configure()
        waits = set()
        for _ in range(4):
            world.round(due=True).check_healthy()
            waits.update(world.feed(url).next_poll_at - world.now for url in world.healthy)
            world.later(hours=1)
    finally:
        monkeypatch.undo()
        time.tzset()
    assert waits == {timedelta(hours=1)}


@pytest.mark.fault("F9", "F20")
def test_F9_items_of_the_future_are_of_now(world: Any, answer: Callable[..., bytes], rss: Any) -> None:
    """A publisher whose clock is ahead does not stay on top for a year: its items are dated when they came."""
    url = world.origin.url()
    world.origin.answers["/feed"] = answer(rss("tomorrow", date="Fri, 04 Jan 2041 12:00:00 GMT"))
    world.configure(url)
    world.round().check_healthy()
    with world.store.snapshot() as tx:
        dates = {entry.item.title: entry.published for entry in tx.entries.all()}
    assert dates["tomorrow"] == world.now
    assert max(dates.values()) <= world.now
