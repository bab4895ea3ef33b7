"""The daemon in this process, with a real database, a real publisher on loopback, and real documents."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from structlog.testing import capture_logs

from aggregator.config.settings import Backup, FeedSettings, Network, Polling, Settings
from aggregator.errors import AggregatorError, DiskFull, Usage
from aggregator.model import Outcome, PollReport
from aggregator.poll import Pipeline
from aggregator.publish.press import Press
from aggregator.publish.renditions import Renditions
from aggregator.run.clock import utc_now
from aggregator.run.control import call, choice_from
from aggregator.run.daemon import Daemon, Parts
from aggregator.run.engine import take_over
from aggregator.run.report import log_poll
from aggregator.store.sqlite.store import SqliteStore

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection
    from datetime import datetime

    from aggregator.publish.manifest import Manifest

FEED = b"""<rss version="2.0"><channel><title>T</title><link>https://a.example/</link><item><title>One</title>
<link>https://a.example/1</link></item></channel></rss>"""


@dataclass
class Shelf:
    """A folder of documents that may be slow, or full; the last call of a publication is `remove_others`."""

    renditions: Renditions
    slow: float = 0.0
    full: bool = False
    begun: int = 0
    done: int = 0
    """Publications."""

    def write(self, name: str, body: bytes, **about: Any) -> bool:
        if self.full:
            raise DiskFull("There is no space left.", "Make some.")
        return self.renditions.write(name, body, **about)

    def read(self, name: str) -> bytes | None:
        return self.renditions.read(name)

    def holds(self, name: str) -> bool:
        return self.renditions.holds(name)

    def write_manifest(self, published: Manifest) -> None:
        self.begun += 1
        time.sleep(self.slow)
        self.renditions.write_manifest(published)

    def remove_others(self, names: Collection[str]) -> None:
        self.renditions.remove_others(names)
        self.done += 1


@dataclass
class House:
    """A daemon's parts."""

    folder: Path
    store: SqliteStore
    settings: Settings
    shelf: Shelf = field(init=False)

    def __post_init__(self) -> None:
        self.shelf = Shelf(Renditions(self.folder / "renditions"))

    @property
    def published(self) -> bytes:
        path = self.folder / "renditions/all.atom"
        return path.read_bytes() if path.exists() else b""

    def run(self, scenario: Callable[[Daemon, dict[str, Any]], Awaitable[None]]) -> list[Any]:
        """Run a daemon beside a scenario, then stop it; return what it logged."""

        async def play() -> None:
            described: dict[str, Any] = {}
            press = Press(
                self.settings,
                self.shelf,
                lambda: SqliteStore(self.folder / "aggregator.db", readonly=True),
                clock=utc_now,
            )
            daemon = Daemon(self.settings, Parts(self.store, press, lambda: None, self.folder, described.update))
            task = asyncio.create_task(daemon.run())
            await until(lambda: self.shelf.done > 0 or task.done())
            try:
                await scenario(daemon, described)
            finally:
                daemon.stop()
                await task

        take_over(self.store, self.settings, utc_now())
        with capture_logs() as logged:
            asyncio.run(asyncio.wait_for(play(), 30))
        return logged


async def until(what: Callable[[], Any]) -> None:
    """Wait until something is true."""
    async with asyncio.timeout(20):
        while not what():
            await asyncio.sleep(0.01)


@pytest.fixture
def house(tmp_path: Path, database: SqliteStore, publisher: Any, monkeypatch: pytest.MonkeyPatch) -> House:
    """A house with one source that has one item, and steps at short intervals."""
    monkeypatch.setattr("aggregator.run.daemon.TICK", 0.05)
    monkeypatch.setattr("aggregator.run.daemon.PUBLISH", 0.05)
    publisher.say("/feed", FEED)
    network = Network(allow_private=("127.0.0.0/8",), timeout=timedelta(seconds=5))
    feeds = (FeedSettings(url=publisher.url("/feed")),)
    return House(tmp_path, database, Settings(feeds=feeds, network=network, polling=Polling(host_gap=timedelta(0))))


def test_stopping_in_the_middle_of_publishing(house: House, caplog: pytest.LogCaptureFixture) -> None:
    """What is being published is finished, and nothing is logged as failed."""

    async def scenario(_: Daemon, __: Any) -> None:
        house.shelf.slow = 0.5
        await until(lambda: house.shelf.begun > house.shelf.done)

    logged = house.run(scenario)
    assert [event["event"] for event in logged if event["log_level"] not in ("info", "debug")] == []
    assert [record.getMessage() for record in caplog.records if record.levelno > logging.INFO] == []
    assert house.shelf.begun == house.shelf.done
    assert b"One" in house.published


def test_a_job_that_still_runs_is_no_news(house: House, caplog: pytest.LogCaptureFixture) -> None:
    """Publishing takes longer than the pause between two looks for work: the scheduler says nothing of it."""

    async def scenario(_: Daemon, __: Any) -> None:
        house.shelf.slow = 0.4
        await until(lambda: house.shelf.done > 1)

    house.run(scenario)
    assert [record.getMessage() for record in caplog.records if record.levelno > logging.INFO] == []


@pytest.mark.fault("F3")
def test_what_could_not_be_published_is_tried_again(house: House, caplog: pytest.LogCaptureFixture) -> None:
    """A full disk is told once, keeps the daemon unready, and costs nothing but time."""
    states = []

    async def scenario(daemon: Daemon, described: Any) -> None:
        house.shelf.full = True
        daemon._publishing.mark(["all"])
        await until(lambda: daemon._publishing.error)
        await asyncio.sleep(0.3)
        states.extend(await asyncio.to_thread(lambda: list(call(Path(described["control"]), {"command": "status"}))))
        house.shelf.full = False
        await until(lambda: b"One" in house.published and not daemon._publishing.error)

    logged = house.run(scenario)
    assert [event["error"] for event in logged if event["event"] == "publish.failed"] == ["There is no space left."]
    assert (states[0]["writable"], states[0]["reason"]) == (False, "There is no space left.")
    assert [record.getMessage() for record in caplog.records if record.levelno > logging.INFO] == []


@pytest.mark.parametrize(
    "words",
    [{"urls": 7}, {"urls": "https://a.example/"}, {"urls": None}, {"urls": [7]}, {"urls": [["x"]]}, {"urls": {"x": 1}},
     {"every": "no"}, {"force": 1}, {"refetch": None}],
    ids=str,
)  # fmt: skip
def test_wrong_arguments_are_wrong_usage(words: dict[str, Any]) -> None:
    """A command with arguments of other kinds is refused with what would be right."""
    with pytest.raises(Usage, match=r"`(urls|every|force|refetch)` of the command") as caught:
        choice_from({"command": "poll", **words})
    assert caught.value.remedy.startswith("Write ")


def test_right_arguments_are_a_choice() -> None:
    """All of them may be left out."""
    assert choice_from({"command": "poll"}) == choice_from({"urls": [], "every": False})
    choice = choice_from({"urls": ["https://a.example/"], "every": True, "force": True, "refetch": True})
    assert (choice.urls, choice.every, choice.force, choice.refetch) == ({"https://a.example/"}, True, True, True)


def test_a_wrong_command_is_answered_and_the_next_carried_out(house: House) -> None:
    """Over the socket: the caller is told with exit code 2, and the daemon goes on without a word in its log."""

    async def scenario(_: Daemon, described: Any) -> None:
        path = Path(described["control"])
        with pytest.raises(AggregatorError, match="not a list of addresses") as caught:
            await asyncio.to_thread(lambda: list(call(path, {"command": "poll", "urls": 7})))
        assert caught.value.exit_code == 2
        answers = await asyncio.to_thread(lambda: list(call(path, {"command": "poll", "every": True})))
        assert answers[-1] == {"done": True}

    assert [event for event in house.run(scenario) if event["log_level"] == "critical"] == []


def test_a_daemon_that_nobody_answers_says_so(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """When sources were asked and none has answered for two hours, the status says it; a good answer ends that."""
    monkeypatch.setattr("aggregator.run.health.SILENCE", 0.2)
    states = []

    async def scenario(daemon: Daemon, described: Any) -> None:
        def ask() -> dict[str, Any]:
            return next(iter(call(Path(described["control"]), {"command": "status"})))

        await until(lambda: b"One" in house.published)
        await asyncio.sleep(0.3)
        states.append(await asyncio.to_thread(ask))
        daemon._note(PollReport("u", Outcome.ERROR))
        states.append(await asyncio.to_thread(ask))
        daemon._note(PollReport("u", Outcome.SKIPPED))
        states.append(await asyncio.to_thread(ask))
        daemon._note(PollReport("u", Outcome.NOT_MODIFIED))
        states.append(await asyncio.to_thread(ask))

    house.run(scenario)
    assert [state["answered"] for state in states] == [True, False, False, True]
    assert "no source has given an answer" in states[1]["reason"]


def test_the_pace_while_our_network_is_down(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """One request a tick while it is down, then twice as many at each tick up to what there is room for."""
    rooms: list[int] = []
    down = {"now": True}
    monkeypatch.setattr(Pipeline, "network_down", property(lambda _: down["now"]))
    monkeypatch.setattr(Daemon, "_claim", lambda _, room, **__: rooms.append(room) or [])

    async def scenario(_: Daemon, __: Any) -> None:
        await until(lambda: len(rooms) > 3)
        down["now"] = False
        await until(lambda: rooms[-1] > 200)

    house.run(scenario)
    assert rooms[:3] == [1, 1, 1]
    grown = rooms[rooms.index(2) :]
    assert grown[:8] == [2, 4, 8, 16, 32, 64, 128, 256]


def test_a_failure_that_is_not_blamed_is_told_once(house: House) -> None:
    """While our network is down, single failures are for those who want to know more."""
    with capture_logs() as logged:
        log_poll(PollReport("u", Outcome.ERROR, error="silent"))
        log_poll(PollReport("u", Outcome.ERROR, error="silent"), blamed=False)
    assert [event["log_level"] for event in logged] == ["warning", "debug"]
    assert house


def test_what_is_being_polled_is_not_asked_twice(house: House, publisher: Any) -> None:
    """A source that is named while it is polled anyway is told of from that poll, without a second request."""
    reports: list[Any] = []

    async def scenario(_: Daemon, described: Any) -> None:
        command = {"command": "poll", "urls": [publisher.url("/feed")], "reload": True}
        await until(lambda: publisher.paths)
        asked = asyncio.create_task(asyncio.to_thread(lambda: list(call(Path(described["control"]), command))))
        await asyncio.sleep(0.3)
        publisher.replies["/feed"].wait.set()
        reports.extend(await asked)

    publisher.replies["/feed"].wait = threading.Event()
    house.run(scenario)
    assert (reports[0]["new"], reports[0]["outcome"]) == (1, "new")
    assert publisher.paths == ["/feed"]


def test_polls_that_are_asked_for_are_logged(house: House, publisher: Any) -> None:
    """Whoever asks for a poll, it is in the daemon's log as every other is."""

    async def scenario(_: Daemon, described: Any) -> None:
        command = {"command": "poll", "urls": [publisher.url("/feed")], "force": True}
        await until(lambda: b"One" in house.published)
        publisher.say("/feed", FEED.replace(b"One", b"Two").replace(b"/1", b"/2"))
        await asyncio.to_thread(lambda: list(call(Path(described["control"]), command)))

    logged = house.run(scenario)
    assert [line["outcome"] for line in logged if line["event"] == "poll"] == ["new", "new"]


def test_a_copy_comes_first_at_night(house: House) -> None:
    """The nightly work begins with a copy, as many kept as are wanted; one that fails is told and stops nothing."""
    asked: list[int] = []

    def copy(keep: int, _: datetime) -> Path:
        asked.append(keep)
        if len(asked) > 1:
            raise DiskFull("There is no room.", "Make some.")
        return house.folder / "aggregator.db"

    async def scenario(daemon: Daemon, __: Any) -> None:
        daemon._parts.copy = copy
        await daemon._tidy()
        await daemon._tidy()
        daemon.settings = daemon.settings.model_copy(update={"backup": Backup(keep=0)})
        await daemon._tidy()

    logged = house.run(scenario)
    told = [line for line in logged if line["event"] in {"backup.made", "backup.failed", "store.tidied"}]
    assert [line["event"] for line in told] == [
        "backup.made",
        "store.tidied",
        "backup.failed",
        "store.tidied",
        "store.tidied",
    ]
    assert (asked, told[2]["remedy"]) == ([3, 3], "Make some.")
