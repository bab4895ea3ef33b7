"""A day of a daemon in minutes: how it serves ten thousand readers beside its polls, and whether it grows.

    python benchmarks/endurance.py [--feeds 2000] [--interval 10] [--hours 24] [--readers 10000]

The daemon itself (`aggregator run`) polls so many feeds, each at a host of its own (measured/newsroom.py), each every
--interval seconds, as a real one does every half hour: two rounds are a simulated hour, with as many polls, new entries
(each feed has one a simulated day) and renderings as an hour has. One feed floods: 200 new entries at each poll.

After the first hour, during the second, ten thousand readers ask for `all.atom`, each once a minute over a connection
of its own, every other one with the ETag that it got (304 until there is news): milliseconds from connecting to the
answer's end, median and 99th percentile. Then, where there is wrk, 1,000 connections that ask without a pause, for
five seconds. The lag is how late the latest poll is (aggregator_poll_lag_seconds), looked at once a second.

At each hour's end: memory (PSS) of all its processes, their open files, and how many they are; what grew since the
first hour, in per cent an hour.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import random
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from measured.processes import family, memory

if TYPE_CHECKING:
    from collections.abc import Iterator

HERE = Path(__file__).parent
PATH = "/all.atom"
ROUNDS_AN_HOUR, PAUSE = 2, 60.0
WRK_SECONDS, CONNECTIONS = 5, 1_000
_LAG = re.compile(r"^aggregator_poll_lag_seconds ([\d.e+-]+)$", re.MULTILINE)
_ETAG = re.compile(rb"(?i)\r\netag: ([^\r]+)")


@dataclass(frozen=True)
class State:
    """Of the daemon, at one moment."""

    megabytes: float
    files: int
    processes: int

    @classmethod
    def of(cls, pid: int) -> State:
        """Look at a process and all that descend from it."""
        pids = family(pid)
        files = 0
        for one in pids:
            with contextlib.suppress(OSError):
                files += len(list(Path(f"/proc/{one}/fd").iterdir()))
        return cls(sum(map(memory, pids)) / 1e6, files, len(pids))


class Lag(threading.Thread):
    """Asks how late polls are, once a second."""

    def __init__(self, base: str) -> None:
        super().__init__(daemon=True)
        self._base, self._ended = base, threading.Event()
        self.seen: list[float] = []

    def run(self) -> None:
        while not self._ended.wait(1):
            with contextlib.suppress(OSError), urllib.request.urlopen(f"{self._base}/metrics", timeout=30) as answer:
                self.seen += [float(found) for found in _LAG.findall(answer.read().decode())]

    def end(self) -> str:
        self._ended.set()
        self.join()
        return f"{statistics.median(self.seen):.1f} s, at most {max(self.seen):.1f} s" if self.seen else "not known"


def host(number: int) -> str:
    return f"127.{1 + number // 62_500}.{number // 250 % 250}.{1 + number % 250}"


@contextlib.contextmanager
def newsroom(seconds: float, flooding: str) -> Iterator[int]:
    command = [sys.executable, str(HERE / "measured/newsroom.py"), str(seconds), flooding]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield int(process.stdout.readline() if process.stdout else 0)
        finally:
            process.terminate()


@contextlib.contextmanager
def daemon(folder: Path, feeds: int, interval: float, port: int) -> Iterator[tuple[int, str]]:
    """Yield the process id of a daemon that polls these feeds, and where it serves."""
    urls = "".join(f"  - http://{host(number)}:{port}/\n" for number in range(feeds))
    (folder / "feeds.yaml").write_text(
        f"polling: {{min_interval: 1s, host_gap: 1ms}}\ndefaults: {{interval: {interval:g}s}}\n"
        f"network: {{allow_private: [127.0.0.0/8]}}\nfeeds:\n{urls}"
    )
    log = folder / "log"
    command = [sys.executable, "-m", "aggregator", "--config", str(folder / "feeds.yaml"), "run", "--port", "0"]
    with log.open("wb") as file, subprocess.Popen(command, stdout=file, stderr=file) as process:
        try:
            yield process.pid, address(log, process)
        finally:
            process.terminate()


def address(log: Path, process: subprocess.Popen[bytes]) -> str:
    while process.poll() is None:
        if found := re.search(r"http://localhost:\d+", log.read_text()):
            with contextlib.suppress(OSError):
                urllib.request.urlopen(found[0] + PATH).close()
                return found[0]
        time.sleep(0.2)
    raise SystemExit(log.read_text()[-2000:])


async def one_reader(port: int, number: int, until: float, spent: list[float], failed: list[str]) -> None:
    """Ask once a minute, beginning somewhere in the first."""
    known = b""
    await asyncio.sleep(random.random() * PAUSE)  # noqa: S311 - readers are not synchronous
    while time.monotonic() < until:
        begun = time.monotonic()
        condition = b"If-None-Match: " + known + b"\r\n" if known and number % 2 else b""
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(
                b"GET /all.atom HTTP/1.1\r\nHost: localhost\r\nAccept-Encoding: gzip\r\n"
                + condition
                + b"Connection: close\r\n\r\n"
            )
            answer = await reader.read(-1)
            writer.close()
            spent.append((time.monotonic() - begun) * 1000)
            if found := _ETAG.search(answer[:2000]):
                known = found[1]
            if b" 200 " not in answer[:15] and b" 304 " not in answer[:15]:
                failed.append(answer[:40].decode("latin-1"))
        except OSError as error:
            failed.append(str(error))
        await asyncio.sleep(max(begun + PAUSE - time.monotonic(), 0))


async def readers(port: int, count: int, seconds: float) -> tuple[list[float], list[str]]:
    """Return what each answer took, and what was wrong with others."""
    spent: list[float] = []
    failed: list[str] = []
    until = time.monotonic() + seconds
    tasks = [asyncio.create_task(one_reader(port, number, until, spent, failed)) for number in range(count)]
    await asyncio.sleep(seconds)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    return spent, failed


def crowd(base: str, count: int, seconds: float) -> None:
    lag = Lag(base)
    lag.start()
    spent, failed = asyncio.run(readers(int(base.rpartition(":")[2]), count, seconds))
    cuts = statistics.quantiles(spent, n=100) if len(spent) > 1 else spent * 99
    print(
        f"{count:,} readers, each once a minute: {len(spent):,} answers in {seconds:.0f} s, median {cuts[49]:.1f} ms,"
        f" p99 {cuts[98]:.1f} ms, {len(failed)} failed {failed[:3] if failed else ''}; polls late: {lag.end()}",
        flush=True,
    )


def flat_out(base: str) -> None:
    if shutil.which("wrk") is None:
        print("1,000 connections without a pause: not measured, there is no wrk")
        return
    lag = Lag(base)
    lag.start()
    command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{WRK_SECONDS}s", "--latency", "-H", "Accept-Encoding: gzip"]
    said = subprocess.run([*command, base + PATH], check=True, capture_output=True, text=True).stdout
    (slow,), (rate,) = re.findall(r"99%\s+(\S+)", said), re.findall(r"Requests/sec:\s+([\d.]+)", said)
    print(f"1,000 connections without a pause: {float(rate):,.0f} requests/s, p99 {slow}; polls late: {lag.end()}")


def measure(options: argparse.Namespace) -> None:
    hour, day = ROUNDS_AN_HOUR * options.interval, 24 * ROUNDS_AN_HOUR * options.interval
    with (
        tempfile.TemporaryDirectory() as name,
        newsroom(day, host(0)) as port,
        daemon(Path(name), options.feeds, options.interval, port) as (pid, base),
    ):
        print("| hour | memory, MB | files | processes |\n| ---: | ---: | ---: | ---: |")
        states = []
        begun = time.monotonic()
        for number in range(1, options.hours + 1):
            if number == 2:  # noqa: PLR2004 - the first has what a start costs
                lag = Lag(base)
                lag.start()
                time.sleep(min(hour, 10))
                print(f"alone: polls late: {lag.end()}", flush=True)
                crowd(base, options.readers, max(hour, 1.5 * PAUSE))
                flat_out(base)
                begun = time.monotonic() - hour * (number - 1)
            time.sleep(max(begun + hour * number - time.monotonic(), 0))
            states.append(State.of(pid))
            one = states[-1]
            print(f"| {number} | {one.megabytes:.0f} | {one.files} | {one.processes} |", flush=True)
    report(states)


def report(states: list[State]) -> None:
    """Print what grew from the hour after the first: the mean of its beginning and of its end are compared."""
    rest = states[1:]
    part = max(len(rest) // 4, 1)
    for what in ("megabytes", "files", "processes"):
        early, late = (statistics.mean(getattr(one, what) for one in some) for some in (rest[:part], rest[-part:]))
        hours = max(len(rest) - part, 1)
        print(f"{what}: {early:.1f} at first, {late:.1f} at last, {(late / early - 1) * 100 / hours:+.2f} % an hour")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--feeds", type=int, default=2_000)
    parser.add_argument("--interval", type=float, default=10)
    parser.add_argument("--hours", type=int, default=24)
    parser.add_argument("--readers", type=int, default=10_000)
    measure(parser.parse_args())


if __name__ == "__main__":
    main()
