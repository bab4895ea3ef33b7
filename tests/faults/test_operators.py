"""What an operator does to a running daemon: files with mistakes, files that go, logs that cannot be written."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from aggregator.cli.reloading import reloader
from aggregator.config.load import load
from aggregator.config.settings import FeedSettings, Settings
from aggregator.errors import LockedDatabase
from aggregator.model import Outcome
from aggregator.store.sqlite.lock import Lock

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

MISTAKES = {
    "no YAML": "feeds: [unclosed\n",
    "a tab": "feeds:\n\t- https://a.example/\n",
    "a key twice": "feeds: []\nfeeds: []\n",
    "an unknown key": "feeds: []\nfeed: []\n",
    "an address twice": "feeds: [https://a.example/, https://a.example/]\n",
    "an anchor bomb": "a: &a [x, x, x, x, x, x, x, x, x]\n"
    + "".join(
        f"{new}: &{new} [{', '.join([f'*{old}'] * 9)}]\n" for old, new in zip("abcdefgh", "bcdefghi", strict=True)
    )
    + "feeds: *i\n",
}


@dataclass
class File:
    """feeds.yaml, as the command follows it."""

    config_path: Path
    house: Any

    def load(self) -> Any:
        """Read it; what a test's daemon polls stays polled."""
        read, polled = load(self.config_path, {}), self.house.settings
        return Settings(feeds=(*polled.feeds, *read.feeds), network=polled.network, polling=polled.polling)


@pytest.mark.fault("F24")
def test_F24_a_wrong_file_changes_nothing(house: Any, tmp_path: Path) -> None:
    """Whatever is wrong with the file, each mistake is told with its place, once, and all goes on as before."""
    path = tmp_path / "feeds.yaml"
    path.write_text("feeds: []\n")
    another = house.world.publisher.url("/another", host="another.example")
    refused: list[str] = []

    async def scenario() -> None:
        for content in MISTAKES.values():
            path.write_text(content)
            await asyncio.sleep(0.4)
        path.unlink()
        await asyncio.sleep(0.4)
        await house.goes_on()
        path.write_text(f"feeds: ['{another}']\n")
        while not house.stored("another.example/another%"):
            await house.goes_on()

    logged = house.run(scenario, reload=reloader(File(path, house)))  # type: ignore[arg-type]
    refused = [line["problem"] for line in logged if line["event"] == "config.refused"]
    told = [problem for problem in refused if f"{path}" in problem]
    assert len(told) >= len(MISTAKES) + 1
    assert [f"{path}:{line}" in problem for line, problem in zip((2, 2, 2, 2, 1), told, strict=False)].count(True) >= 4
    assert [line["event"] for line in logged if line["event"] == "config.reloaded"] == ["config.reloaded"]


@pytest.mark.fault("F27")
def test_F27_a_feed_that_is_removed_and_returns(world: Any, answer: Callable[..., bytes]) -> None:
    """Its entries stay while it is away; it goes on where it was: nothing is new, validators are sent."""
    url = world.origin.url()
    world.origin.answers["/feed"] = answer(world.rss("one", "two"), 'ETag: "e"')
    world.configure(url)
    world.round().check_healthy()
    world.configure()
    world.later(days=2)
    world.round().check_healthy()
    assert world.titles(url) == {"one", "two"}
    world.configure(url)
    world.later(days=1)
    world.origin.answers["/feed"] = answer(world.rss("one", "two", "three"), 'ETag: "f"')
    told = world.round()
    told.check_healthy()
    assert (told[url].outcome, told[url].new) == (Outcome.NEW, 1)
    assert world.origin.seen[-1].headers["if-none-match"] == '"e"'


@pytest.mark.fault("F27")
def test_F27_a_feed_that_is_renamed(world: Any, answer: Callable[..., bytes]) -> None:
    """Under another address that `was` the old one it is the same feed: its entries are known."""
    old, new = world.origin.url(), world.origin.url("/new")
    for path in ("/feed", "/new"):
        world.origin.answers[path] = answer(world.rss("one", "two"))
    world.configure(FeedSettings(url=old, title="Old"))
    world.round().check_healthy()
    world.configure(FeedSettings(url=new, title="New", was=(old,)))
    world.later(days=1)
    told = world.round()
    told.check_healthy()
    assert (told[new].new, world.titles(new)) == (0, {"one", "two"})
    assert world.feed(new).title == "New"


@pytest.mark.fault("F8")
def test_F8_the_second_is_told_of_the_first(tmp_path: Path) -> None:
    """Who comes second ends with 75 and names the process that holds the database, and disturbs nothing."""
    with Lock(tmp_path / "lock").held():
        with pytest.raises(LockedDatabase, match=f"in use by process {os.getpid()}") as raised:
            Lock(tmp_path / "lock").acquire()
        assert raised.value.exit_code == 75


@contextlib.contextmanager
def running(folder: Path, port: int, **streams: Any) -> Iterator[subprocess.Popen[bytes]]:
    """Run a daemon in a process of its own; it must end well."""
    command = [sys.executable, "-m", "aggregator", "--config", str(folder / "feeds.yaml"), "run", "--port", str(port)]
    with subprocess.Popen(command, **streams) as daemon:
        try:
            yield daemon
            daemon.send_signal(signal.SIGTERM)
            assert daemon.wait(15) == 0
        finally:
            daemon.kill()


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        return int(unused.getsockname()[1])


def comes(port: int, title: bytes) -> bool:
    """Wait until a subscriber sees something."""
    end = time.monotonic() + 40
    while time.monotonic() < end:
        with contextlib.suppress(OSError), urllib.request.urlopen(f"http://127.0.0.1:{port}/all.atom") as answered:
            if title in answered.read():
                return True
        time.sleep(0.1)
    return False


@pytest.mark.fault("F26")
def test_F26_logs_that_nobody_takes(tmp_path: Path, publisher: Any, rss: Any) -> None:
    """A log on a disk that is full, and outputs that are closed: it polls, serves, and stops as ever."""
    publisher.say("/feed", rss("one"))
    (tmp_path / "feeds.yaml").write_text(
        f"network: {{allow_private: [127.0.0.0/8]}}\nfeeds: ['{publisher.url()}', 'http://127.0.0.1:9/dead']\n"
    )
    port = free_port()
    with Path("/dev/full").open("wb") as full, running(tmp_path, port, stdout=full, stderr=full):
        assert comes(port, b"one")


@pytest.mark.fault("F26", "F1", "F5")
def test_F26_a_log_whose_reader_goes(tmp_path: Path, publisher: Any, rss: Any) -> None:
    """Whoever reads the log through a pipe may go at any moment; a daemon that was killed before has its database read."""
    publisher.say("/feed", rss("one"))
    (tmp_path / "feeds.yaml").write_text(
        f"network: {{allow_private: [127.0.0.0/8]}}\npolling: {{min_interval: 1s}}\n"
        f"feeds: [{{url: '{publisher.url()}', interval: 1s}}]\n"
    )
    (tmp_path / "db").mkdir()
    (tmp_path / "db/lock").write_text('{"pid": 1}')  # whom it names let go of nothing
    port = free_port()
    with running(tmp_path, port, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as daemon:
        assert daemon.stderr is not None
        while b"store.looked_over" not in daemon.stderr.readline():
            pass
        daemon.stderr.close()
        assert comes(port, b"one")
        publisher.say("/feed", rss("two", "one"))
        assert comes(port, b"two")
