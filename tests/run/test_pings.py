"""Other people's hubs: what they are told, how often, and what becomes of those that fail."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs

import pytest
from structlog.testing import capture_logs

from aggregator.errors import ConnectFailed
from aggregator.fetch.client import Message, Reply
from aggregator.run.pings import Pings

HUB, TOPIC = "https://hub.example/", "https://news.example/all.atom"


@dataclass
class Line:
    """Stands for the client: keeps what was sent, and answers as told."""

    sent: list[Message] = field(default_factory=list)
    status: int | None = 204
    now: float = 100.0

    async def tell(self, message: Message) -> Reply:
        self.sent.append(message)
        if self.status is None:
            raise ConnectFailed("hub.example:443 refuses connections.")
        return Reply(self.status, b"")


async def _wait(pings: Pings, line: Line, until: float) -> None:
    """Let time pass, ten seconds a step."""
    while line.now < until:
        pings.send()
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        line.now += 10


def _play(line: Line, changes: list[float], until: float) -> None:
    async def run() -> None:
        given: Any = line
        pings = Pings(lambda: given, monotonic=lambda: line.now)
        for change in changes:
            await _wait(pings, line, change)
            pings.note((HUB,), (TOPIC,))
        await _wait(pings, line, until)
        await pings.end()

    asyncio.run(run())


def test_a_hub_hears_of_a_document_once_a_minute() -> None:
    """However often it changes; the last change is told as well."""
    line = Line()
    _play(line, [100, 110, 120, 130], 1000)
    assert [message.url for message in line.sent] == [HUB, HUB]
    assert parse_qs((line.sent[0].body or b"").decode()) == {"hub.mode": ["publish"], "hub.url": [TOPIC]}
    assert line.sent[0].headers == {"Content-Type": "application/x-www-form-urlencoded"}


@pytest.mark.parametrize("status", [None, 503])
def test_a_hub_that_fails_is_told_three_times_more(status: int | None) -> None:
    """Each failure is logged; after that nothing is sent until the next change."""
    line = Line(status=status)
    with capture_logs() as logged:
        _play(line, [100], 5000)
    assert len(line.sent) == len(logged) == 4
    assert {one["event"] for one in logged} == {"hub.ping_failed"}
