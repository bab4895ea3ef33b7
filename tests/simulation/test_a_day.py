"""A day and a half of operation in fake time, audited from the log of the server that all feeds are on."""

from __future__ import annotations

import asyncio
from collections import Counter
from datetime import timedelta
from statistics import mean
from typing import TYPE_CHECKING

import pytest
from simulated.audit import audit
from simulated.clock import FakeLoop
from simulated.operation import Operation, Plan
from simulated.population import hour, population
from structlog.testing import capture_logs

from aggregator.store.sqlite.store import SqliteStore

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

    from simulated.publishers import Publisher

    from aggregator.model import Entry

SEED = 7
PLAN = Plan(
    hours=36,
    outages=((20.0, 20 + 1 / 3), (33.0, 33.5)),
    rounds=(9.28, 9.33, 20.13, 30.0),
    restarts=(5.0, 15.0, 15.001, 15.002, 15.003, 15.004, 25.0),
    interruptions=(10.0, 20.2, 28.0, 31.0),
)
LATEST = timedelta(hours=26)
"""In which an item must have come, whatever its feed asks for."""


def entries(path: Path) -> list[Entry]:
    """Return all that was stored."""
    store = SqliteStore(path, readonly=True)
    try:
        with store.snapshot() as tx:
            return list(tx.entries.all())
    finally:
        store.close()


def healthy(publishers: Collection[Publisher]) -> list[Publisher]:
    """Return feeds with which nothing is wrong, nor with the names of their hosts."""
    nameless = {each.resource.host for each in publishers if any(fault.kind == "dns" for fault in each.faults)}
    return [each for each in publishers if each.is_healthy and each.resource.host not in nameless]


@pytest.fixture
def operation(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Operation:
    """The day, played."""
    loop = FakeLoop()
    monkeypatch.setattr("aggregator.run.daemon.utc_now", loop.now)
    monkeypatch.setattr("aiohttp.connector.monotonic", loop.time)  # its memory of names
    publishers = population(SEED, hour(PLAN.hours))
    operation = Operation(loop, PLAN, publishers, tmp_path / "aggregator.db", SEED)
    with asyncio.Runner(loop_factory=lambda: loop) as runner, capture_logs():
        runner.run(operation.run())
    return operation


@pytest.mark.slow
def test_a_day_of_operation_is_polite_and_loses_nothing(operation: Operation) -> None:
    """No publisher and no reader has cause for complaint after a day with every fault in it."""
    day = operation.day
    stored = Counter(entry.item.title for entry in entries(operation.path))
    until = hour(PLAN.hours) - LATEST
    wanted = [title for each in healthy(operation.publishers) for title in each.titles(each.listed_first, until)]
    found = audit(day) | {
        "items": [f"{title} is stored {stored[title]} times" for title in wanted if stored[title] != 1],
        "twice": [title for title, count in stored.items() if count > 1],
        "our outage": operation.wronged,
        "mistakes": operation.mistakes,
        "strangers": operation.server.strangers,
    }
    print(_summary(operation, found))  # noqa: T201 - shown by pytest -s, and with a failure
    assert len(day.lines) > 5000
    assert len(wanted) > 500
    assert len(day.restarts) == len(PLAN.restarts) + len(PLAN.interruptions)
    if worst := [line for lines in found.values() for line in lines[:5]]:
        pytest.fail("\n".join(worst), pytrace=False)


def _summary(operation: Operation, found: dict[str, list[str]]) -> str:
    """Say what was played, and how late items came."""
    first_seen = {entry.item.title: entry.first_seen for entry in entries(operation.path)}
    late: dict[float, list[float]] = {}
    for each in healthy(operation.publishers):
        for published in each.published:
            seen = first_seen.get(each.title(published))
            if seen is not None and published > hour(0):
                late.setdefault(each.per_day, []).append((seen - published) / timedelta(minutes=1))
    delays = ", ".join(f"{mean(minutes):.0f} min at {rate} a day" for rate, minutes in sorted(late.items()))
    statuses = Counter(f"{line.status} {line.verdict}" for line in operation.day.lines)
    return (
        f"{len(operation.publishers)} feeds, {len(operation.day.lines)} requests: {dict(statuses)};\n"
        f"mean delay {delays};\nviolations { {rule: len(lines) for rule, lines in found.items()} }"
    )
