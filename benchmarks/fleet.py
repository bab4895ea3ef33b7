"""A fleet on one machine: many feeds on many hosts, several workers, and what becomes of it when parts of it die.

    python benchmarks/fleet.py --feeds 100000 --hosts 10000

Needs the extra [fleet] and a PostgreSQL server's programs (Debian: apt install postgresql). The hosts are addresses of
127.0.0.0/8. Measured are polls a second by 1, 2 and 4 workers, what the queue adds to a poll, and then, with 4 of them,
the time until all is asked although a worker is killed, all connections are cut and the server is restarted; whether a
host was asked twice at once, a source twice in a round, an entry lost or stored twice, the hosts' own log says.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

ROOT = Path(__file__).parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests/servers")]

from postgres_server import HOW_TO_GET_ONE, PostgresServer, find_programs, started  # noqa: E402 - see above

from aggregator.config.load import load  # noqa: E402 - see above
from aggregator.run.engine import synchronise  # noqa: E402
from aggregator.store.postgres.store import PostgresStore  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Iterator

_ANSWER = 0.005
"""Seconds that a host takes to answer."""
_LEFT = (
    "SELECT count(*) FROM request WHERE due_at <= (extract(epoch FROM now()) * 1000)::bigint OR lease_until IS NOT NULL"
)
_ALIVE = "SELECT count(*) FROM procrastinate_workers WHERE last_heartbeat > now() - interval '15 seconds'"
_PATIENCE = 3600.0
_ARGUMENTS = ("-c", "import aggregator.cli; aggregator.cli.main()")


@dataclass
class Ground:
    """Where it happens."""

    folder: Path
    server: PostgresServer
    url: str
    port: int

    def sql(self, statement: str) -> Any:
        """Run a statement; return its first row, if it has any."""
        with self.server.connect(self.url) as db:
            done = db.execute(statement)
            return done.fetchone() if done.description else None

    def watched(self, path: str = "watched") -> dict[str, Any]:
        """Return what the hosts have seen."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/{path}", timeout=60) as answer:
            seen: dict[str, Any] = json.load(answer)
        return seen

    def all_due(self) -> None:
        """Make every source due."""
        self.watched("forget")
        self.sql("UPDATE request SET due_at = (extract(epoch FROM now()) * 1000)::bigint, not_before = 0")

    def left(self) -> int:
        """Count the sources that are due or under way."""
        (count,) = self.sql(_LEFT)
        return int(count)

    def until_left(self, most: int) -> float:
        """Wait until no more than this are left; return the seconds."""
        begun = time.monotonic()
        while time.monotonic() < begun + _PATIENCE:
            with contextlib.suppress(Exception):  # the server may be starting
                if self.left() <= most:
                    break
            time.sleep(0.25)
        return time.monotonic() - begun

    def worker(self, number: int) -> subprocess.Popen[bytes]:
        """Start a worker."""
        log = (self.folder / f"worker{number}.log").open("ab")
        return subprocess.Popen(
            [sys.executable, *_ARGUMENTS, "--config", str(self.folder / "feeds.yaml"), "worker"],
            stderr=log, stdout=log, start_new_session=True,
        )  # fmt: skip


@contextlib.contextmanager
def crowd() -> Iterator[int]:
    """Yield the port of the hosts."""
    command = [sys.executable, str(ROOT / "benchmarks/measured/crowd.py"), str(_ANSWER)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield int((process.stdout or sys.stdin).readline())
        finally:
            process.kill()


def write_feeds(ground: Ground, feeds: int, hosts: int) -> None:
    """Write feeds.yaml: feed N of host N modulo hosts."""
    addresses = (
        f"  - http://127.{1 + number % hosts // 62500}.{number % hosts // 250 % 250}.{1 + number % hosts % 250}"
        f":{ground.port}/{number}\n"
        for number in range(feeds)
    )
    text = f"database: {ground.url}\nnetwork: {{allow_private: [127.0.0.0/8]}}\npolling: {{host_gap: 0s}}\nfeeds:\n"
    (ground.folder / "feeds.yaml").write_text(text + "".join(addresses))


def make_known(ground: Ground) -> None:
    """Make the sources known, nine of ten as if they had been read before: their hosts answer that nothing is new."""
    settings = load(ground.folder / "feeds.yaml", {})
    with contextlib.closing(PostgresStore(ground.url)) as store:
        synchronise(store, settings, datetime.now(UTC))
    ground.sql(
        "UPDATE feed SET etag = '\"1\"', body_hash = 'known', last_success = added_at, items = 2 WHERE id % 10 <> 0"
    )
    ground.sql("ANALYZE")


@contextlib.contextmanager
def workers(ground: Ground, count: int) -> Iterator[list[subprocess.Popen[bytes]]]:
    """Run so many workers; yield them when all poll."""
    running = [ground.worker(number) for number in range(count)]
    try:
        while ground_has_workers(ground) < count:
            time.sleep(0.5)
            if gone := [one for one in running if one.poll() is not None]:
                raise SystemExit(f"a worker ended ({gone[0].returncode}): see {ground.folder}")
        yield running
    finally:
        for one in running:
            with contextlib.suppress(ProcessLookupError):
                one.terminate()
        for one in running:
            one.wait(60)


def ground_has_workers(ground: Ground) -> int:
    """Count the workers that are alive."""
    with contextlib.suppress(Exception):
        (count,) = ground.sql(_ALIVE)
        return int(count)
    return 0


def measure(ground: Ground, feeds: int, count: int) -> None:
    """Tell how fast so many workers ask all sources once."""
    with workers(ground, count) as running:
        time.sleep(3)
        before = [cpu(one) for one in running]
        server = database_cpu(ground)
        ground.all_due()
        seconds = ground.until_left(0)
        spent = sum(cpu(one) for one in running) - sum(before)
        database = database_cpu(ground) - server
        seen = ground.watched()
    print(
        f"{count} workers: {feeds / seconds:6.0f} polls/s, {seconds:6.1f} s; CPU a poll: workers"
        f" {spent / feeds * 1000:.2f} ms, PostgreSQL {database / feeds * 1000:.2f} ms;"
        f" asked at once: {len(seen['at_once'])}, again: {len(seen['again'])}",
        flush=True,
    )


def cpu(process: subprocess.Popen[bytes]) -> float:
    """Return the CPU seconds of a process and of the parsers that it has started."""
    return sum(map(_cpu_of, _family(process.pid)))


def database_cpu(ground: Ground) -> float:
    """Return the CPU seconds of the server's processes that run, and of those that have ended."""
    postmaster = int((ground.server.folder / "data/postmaster.pid").read_text().split()[0])
    return sum(map(_cpu_of, _family(postmaster)))


def _family(pid: int) -> list[int]:
    with contextlib.suppress(OSError):
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        return [pid, *(one for child in children for one in _family(int(child)))]
    return []


def _cpu_of(pid: int) -> float:
    with contextlib.suppress(OSError):
        fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
        return sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")
    return 0.0


def endure(ground: Ground, feeds: int) -> None:
    """Kill a worker, cut all connections, restart the server; tell what came of it."""
    with workers(ground, 4) as running:
        ground.all_due()
        ground.until_left(int(feeds * 0.7))
        victim = running[1]
        (held,) = ground.sql("SELECT array_agg(id) FROM procrastinate_jobs WHERE status = 'doing'")
        os.killpg(victim.pid, signal.SIGKILL)
        victim.wait()
        killed = time.monotonic()
        while ground.sql(f"SELECT 1 FROM procrastinate_jobs WHERE id = ANY(ARRAY{held or [0]}) LIMIT 1"):  # noqa: S608
            time.sleep(0.5)
        took = time.monotonic() - killed
        print(
            f"a worker was killed; all of {len(held or [])} jobs under way then were done {took:.0f} s later",
            flush=True,
        )
        ground.until_left(int(feeds * 0.5))
        ground.sql("SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE pid <> pg_backend_pid()")
        print("all connections were cut", flush=True)
        ground.until_left(int(feeds * 0.3))
        ground.server.control("stop", "-m", "fast")
        time.sleep(2)
        ground.server.start(())
        print("PostgreSQL was restarted", flush=True)
        ground.until_left(int(feeds * 0.01))
        rest = ground.until_left(0)
        seen = ground.watched()
        alive = sum(one.poll() is None for one in running)
    (entries, twice) = ground.sql("SELECT count(*), count(*) - count(DISTINCT link) FROM entry")
    print(
        f"asked: {seen['addresses']} of {feeds} sources, again: {len(seen['again'])}, hosts asked twice at once:"
        f" {len(seen['at_once'])}; the last hundredth took {rest:.0f} s; workers alive: {alive} of 3;"
        f" entries: {entries} of {2 * (feeds // 10)}, twice: {twice}",
        flush=True,
    )


def main() -> None:
    """Run all of it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--feeds", type=int, default=2_000)
    parser.add_argument("--hosts", type=int, default=200)
    parser.add_argument("--workers", type=int, nargs="*", default=[1, 2, 4])
    options = parser.parse_args()
    programs = find_programs()
    if programs is None:
        raise SystemExit(f"Left out: {HOW_TO_GET_ONE}")
    with tempfile.TemporaryDirectory() as folder, crowd() as port:
        server = started(programs, ())
        try:
            ground = Ground(Path(folder), server, server.empty(), port)
            write_feeds(ground, options.feeds, options.hosts)
            make_known(ground)
            begun = time.monotonic()
            with workers(ground, options.workers[-1]):
                ready = time.monotonic() - begun
                seconds = ready + ground.until_left(0)
            print(
                f"{options.feeds} feeds on {options.hosts} hosts, one of ten never read before:"
                f" {options.workers[-1]} workers are ready after {ready:.0f} s, all is read after {seconds:.0f} s",
                flush=True,
            )
            for count in options.workers:
                measure(ground, options.feeds, count)
            endure(ground, options.feeds)
        finally:
            server.control("stop", "-m", "immediate")


if __name__ == "__main__":
    main()
