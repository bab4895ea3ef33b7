"""A fleet: workers and servers of what they publish, each a process; they die, and the database is restarted."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import time
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import pytest
from postgres_server import HOW_TO_GET_ONE, find_programs, started

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

if find_spec("procrastinate") is None:
    pytest.skip("workers need the extra [fleet]", allow_module_level=True)

FEEDS = 40


@pytest.fixture
def work(home: Any) -> Iterator[Callable[..., subprocess.Popen[bytes]]]:
    """Return what starts workers; they are stopped with the test."""
    running: list[subprocess.Popen[bytes]] = []

    def begin(*words: str) -> subprocess.Popen[bytes]:
        with (home.folder / f"worker{len(running)}.log").open("wb") as log:
            running.append(subprocess.Popen(home.command("worker", *words), stderr=log, start_new_session=True))
        return running[-1]

    yield begin
    for one in running:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(one.pid, signal.SIGKILL)
        one.wait()


def _logs(home: Any) -> str:
    return "".join(log.read_text() for log in home.folder.glob("worker*.log"))


def _publish(home: Any, publisher: Any, make: Any, database: str, *, feeds: int = FEEDS, items: int = 1) -> None:
    """Give each source so many entries of its own, and make them the sources of a database on a server."""
    urls = [
        publisher.serve(
            f"/{feed}",
            make.rss(
                *(make.item(n, f"News {n} of source {feed}", site=f"https://s{feed}.example") for n in range(items))
            ),
        )
        for feed in range(feeds)
    ]
    polling = "polling: {host_gap: 0s, min_interval: 1s, default_interval: 1s}\n"
    home.write(*urls, more=f"{polling}database: {database}\n")


def _found(postgres: Any, database: str) -> tuple[int, int]:
    """Return how many entries there are, and how many links."""
    with contextlib.suppress(Exception), postgres.connect(database) as db:
        found: tuple[int, int] = db.execute("SELECT count(*), count(DISTINCT link) FROM entry").fetchone()
        return found
    return 0, 0


def test_workers_poll_and_others_serve(home, publisher, make, postgres, work, start) -> None:
    """What workers bring is on two servers soon, edits too; commands see the fleet; all end when they are told to."""
    database = postgres.empty()
    _publish(home, publisher, make, database, feeds=3)
    workers = [work(), work("--concurrency", "1")]
    make.wait_for(lambda: _found(postgres, database) == (3, 3), 60)
    server = start("--no-poll").ready()
    make.wait_for(lambda: b"News 0 of source 2" in server.get("all.atom", check=False)[2])
    assert server.get("readyz")[0] == 200
    _publish(home, publisher, make, database, feeds=3, items=2)
    make.wait_for(lambda: b"News 1 of source 2" in server.get("all.atom", check=False)[2], 60)
    assert home.json("feeds")["fleet"]["workers"] == 2
    assert "2 workers" in home.run("feeds").stdout
    assert b"aggregator_workers 2.0" in server.get("metrics")[2]
    assert home.run("health").stdout == "ok\n"
    assert server.stop() == 0
    assert "2 workers poll" in home.run("health").stdout
    refused = home.run("run", "--port", "0", code=75)
    assert "Workers poll" in refused.stderr
    for one in workers:
        one.terminate()
    assert [one.wait(30) for one in workers] == [0, 0]
    assert "Traceback" not in _logs(home)
    assert "started" in _logs(home)


def test_a_poll_by_hand_beside_workers(home, publisher, make, postgres, work) -> None:
    """`poll` takes its place beside workers, and no two processes ask a host at a time."""
    database = postgres.empty()
    _publish(home, publisher, make, database, feeds=4)
    work()
    make.wait_for(lambda: _found(postgres, database) == (4, 4), 60)
    _publish(home, publisher, make, database, feeds=4, items=3)
    home.run("poll", "--force")
    make.wait_for(lambda: _found(postgres, database) == (12, 12))
    (entry, *_) = home.entries("--output", "all")
    home.run("withdraw", entry["id"])
    assert entry["id"] not in [one["id"] for one in home.entries("--output", "all")]


def test_no_worker_beside_a_daemon(home, publisher, make, postgres, start, work) -> None:
    """A daemon that polls alone is not joined: the worker says what to do, and ends."""
    database = postgres.empty()
    _publish(home, publisher, make, database, feeds=1)
    start().ready()
    assert work().wait(30) == 75
    assert "start it with --no-poll" in _logs(home)


def test_a_file_has_no_workers(home, publisher, make) -> None:
    """A worker needs a server, and says how to get there."""
    home.write(publisher.serve("/feed", make.rss(make.item(1))))
    assert "aggregator migrate --to" in home.run("worker", code=2).stderr


@pytest.fixture
def own_server() -> Iterator[Any]:
    """A PostgreSQL server that may be stopped: no other test uses it."""
    programs = find_programs()
    if programs is None:
        pytest.skip(HOW_TO_GET_ONE)
    server = started(programs)
    yield server
    server.control("stop", "-m", "immediate")
    shutil.rmtree(server.folder)


@pytest.mark.slow
def test_nothing_is_lost_when_parts_of_it_die(home, publisher, make, own_server, work) -> None:
    """A worker is killed, connections are cut, the server of the database stops and starts: every entry comes, once.

    No two requests to the host overlap, whoever makes them.
    """
    database = own_server.empty()
    _publish(home, publisher, make, database)
    workers = [work() for _ in range(3)]
    make.wait_for(lambda: _found(own_server, database)[0] > FEEDS // 4, 90)
    os.killpg(workers[0].pid, signal.SIGKILL)
    _publish(home, publisher, make, database, items=2)
    time.sleep(2)
    with own_server.connect(database) as db:
        db.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
    _publish(home, publisher, make, database, items=3)
    time.sleep(2)
    own_server.control("stop", "-m", "fast")
    time.sleep(3)
    own_server.start()
    _publish(home, publisher, make, database, items=4)
    make.wait_for(lambda: _found(own_server, database) == (4 * FEEDS, 4 * FEEDS), 90)
    assert [one.poll() for one in workers[1:]] == [None, None]
    shown = [entry["id"] for entry in home.entries()]
    assert len(shown) == len(set(shown)) == 4 * FEEDS
    assert publisher.most == 1
    assert "mistake" not in _logs(home)
