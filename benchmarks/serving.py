"""What the web process serves a second, beside nginx with the same file, and what a new entry costs to publish.

    python benchmarks/serving.py [--seconds 3] [--turns 3] [--connections 32] [--entries 100000] [--polling 500]

A database is made (measured/filled.py) and its output `all` published, 100 entries in Atom. The web process, as the
daemon starts it, and nginx, one worker, with the exported file and its twins (gzip_static), are asked for it in turns
by wrk, one thread, over connections that stay open: whole and gzipped (200), and with the right ETag (304). Without wrk
a client of our own asks, in a process of its own; it is slower than nginx, so that what it says of nginx is a floor.
Without nginx only ours is measured. Medians of the turns. Loopback: client and servers share the machine's cores, and
so do polls: all the while 500 feeds of 20 entries are polled, round after round, as by a daemon (--polling 0: none).

Readers repeat themselves, and what was asked before is answered from memory (serve/repeats.py). "200, never before" has
a header in each request that no other has.

Then entries are added one by one, and the output is published after each, all formats with their twins: milliseconds
of the clock and of CPU, the median and the worst.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import getpass
import re
import shutil
import socket
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import polling
from measured.filled import fill

from aggregator.config.settings import OutputSettings, Publishing, Settings
from aggregator.publish.press import Press
from aggregator.publish.renditions import Renditions
from aggregator.publish.static import StaticFiles
from aggregator.run.clock import utc_now
from aggregator.store.sqlite.store import SqliteStore

if TYPE_CHECKING:
    from collections.abc import Iterator

SOURCES = 1_000
NEWS = 30
OUTPUT = "all"
PATH = f"/{OUTPUT}.atom"
NEVER_BEFORE = """
number = 0
request = function()
    number = number + 1
    wrk.headers["X-Number"] = number
    return wrk.format()
end
"""
GZIP = {"Accept-Encoding": "gzip"}
NGINX = """
daemon off;
user {user};
worker_processes 1;
pid {folder}/nginx.pid;
error_log stderr crit;
events {{ worker_connections 1024; }}
http {{
    access_log off;
    keepalive_requests 1000000000;
    sendfile on;
    tcp_nopush on;
    gzip_static on;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    server {{
        listen 127.0.0.1:{port};
        root {folder}/www;
        types {{ }}
        default_type application/atom+xml;
        add_header Cache-Control "public, max-age=300";
        add_header Vary "Accept-Encoding, Sec-Fetch-Dest, Sec-Fetch-Mode";
    }}
}}
"""


@dataclass
class Load:
    """What a server answered."""

    a_second: float
    p99: float
    """Milliseconds."""


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


@contextmanager
def running(command: list[str], port: int, **options: object) -> Iterator[int]:
    """Run a server until it is no longer needed; yield its port when it answers."""
    process = subprocess.Popen(command, **options)  # type: ignore[call-overload]
    try:
        for _ in range(200):
            with contextlib.suppress(OSError):
                urllib.request.urlopen(f"http://127.0.0.1:{port}{PATH}").close()
                break
            time.sleep(0.05)
        yield port
    finally:
        process.terminate()
        process.wait()


@contextmanager
def ours(folder: Path) -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0), backlog=1024) as listener:
        number = listener.fileno()
        command = [sys.executable, "-m", "aggregator.serve", "--fd", str(number)]
        command += ["--database", str(folder / "aggregator.db"), "--renditions", str(folder / "renditions")]
        with running(command, listener.getsockname()[1], pass_fds=(number,), stdin=subprocess.DEVNULL) as port:
            yield port


@contextmanager
def nginx(folder: Path) -> Iterator[int]:
    port, configuration = free_port(), folder / "nginx.conf"
    configuration.write_text(NGINX.format(folder=folder, port=port, user=getpass.getuser()))
    with running(["nginx", "-c", str(configuration), "-p", str(folder)], port) as answering:
        yield answering


def etag(port: int) -> str:
    request = urllib.request.Request(f"http://127.0.0.1:{port}{PATH}", headers=GZIP)
    with urllib.request.urlopen(request) as answer:
        return str(answer.headers["ETag"])


@contextmanager
def polled(feeds: int) -> Iterator[None]:
    """Poll so many feeds again and again: a first round brings all of it, the others find nothing new."""
    if not feeds:
        yield
        return
    ended = threading.Event()
    with polling.publisher(feeds) as base, tempfile.TemporaryDirectory() as name:
        command = polling.ours(Path(name), [f"{base}/{number}" for number in range(feeds)])

        def poll() -> None:
            subprocess.run(command, check=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

        def keep_polling() -> None:
            while not ended.is_set():
                poll()

        poll()
        rounds = threading.Thread(target=keep_polling)
        rounds.start()
        try:
            yield
        finally:
            ended.set()
            rounds.join()


def load(port: int, headers: dict[str, str], seconds: float, connections: int, *, script: str = "") -> Load:
    url = f"http://127.0.0.1:{port}{PATH}"
    lines = [f"{name}: {value}" for name, value in headers.items()]
    if shutil.which("wrk") is None:
        command = [sys.executable, __file__, "--ask", url, "--seconds", str(seconds), "--connections", str(connections)]
        command += [word for line in lines for word in ("--header", line)]
        said = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
        return Load(float(said[0]), float(said[1]))
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds:g}s", "--latency", url]
    command += [word for line in lines for word in ("-H", line)]
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as file:
        file.write(script)
        file.flush()
        said = subprocess.run([*command, "-s", file.name], check=True, capture_output=True, text=True).stdout
    ((slow, unit),) = re.findall(r"99%\s+([\d.]+)(us|ms|s)\b", said)
    (rate,) = re.findall(r"Requests/sec:\s+([\d.]+)", said)
    return Load(float(rate), float(slow) * {"us": 0.001, "ms": 1, "s": 1000}[unit])


class Asking(asyncio.Protocol):
    """One connection of the client for machines without wrk: it asks again as soon as it has an answer."""

    def __init__(self, request: bytes, spent: list[float]) -> None:
        self._request, self._spent = request, spent
        self._left, self._head = 0, b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        self._ask()

    def _ask(self) -> None:
        self._begun = time.perf_counter()
        self._transport.write(self._request)  # type: ignore[attr-defined]

    def data_received(self, data: bytes) -> None:
        if not self._left:
            self._head += data
            head, end, data = self._head.partition(b"\r\n\r\n")
            if not end:
                return
            length = re.search(rb"(?i)\ncontent-length: *(\d+)", head)
            self._left, self._head = int(length[1]) if length and b" 304 " not in head[:20] else 0, b""
        self._left -= len(data)
        if self._left <= 0:
            self._spent.append(time.perf_counter() - self._begun)
            self._left = 0
            self._ask()


async def ask(url: str, headers: list[str], seconds: float, connections: int) -> list[float]:
    """Return how long each answer took, in seconds."""
    port = int(url.split(":")[2].partition("/")[0])
    lines = "".join(f"{line}\r\n" for line in ("Host: localhost", *headers))
    request, spent = f"GET {PATH} HTTP/1.1\r\n{lines}\r\n".encode(), list[float]()
    loop = asyncio.get_running_loop()
    made = [await loop.create_connection(lambda: Asking(request, spent), "127.0.0.1", port) for _ in range(connections)]
    await asyncio.sleep(seconds)
    for transport, _ in made:
        transport.abort()
    return spent


def kinds_of(port: int) -> dict[str, tuple[dict[str, str], str]]:
    """Return what is asked: headers, and a script of wrk's."""
    kinds = {"200": (GZIP, ""), "304": ({**GZIP, "If-None-Match": etag(port)}, "")}
    return kinds | ({"200, never before": (GZIP, NEVER_BEFORE)} if shutil.which("wrk") else {})


def serving(folder: Path, seconds: float, turns: int, connections: int) -> None:
    found: dict[tuple[str, str], list[Load]] = {}
    with contextlib.ExitStack() as servers:
        ports = {"ours": servers.enter_context(ours(folder))}
        if shutil.which("nginx"):
            ports["nginx"] = servers.enter_context(nginx(folder))
        for _ in range(turns):
            for name, port in ports.items():
                for kind, (headers, script) in kinds_of(port).items():
                    one = load(port, headers, seconds, connections, script=script)
                    found.setdefault((name, kind), []).append(one)
    print("| server | answer | requests/s | p99, ms |\n| --- | --- | ---: | ---: |")
    rates = {}
    for (name, kind), loads in found.items():
        rates[name, kind] = statistics.median(one.a_second for one in loads)
        print(f"| {name} | {kind} | {rates[name, kind]:,.0f} | {statistics.median(one.p99 for one in loads):.1f} |")
    for kind in dict.fromkeys(kind for _, kind in found):
        if ("nginx", kind) in rates:
            print(f"{kind}: ours is {rates['ours', kind] / rates['nginx', kind]:.2f} of nginx")


def publish(folder: Path, settings: Settings) -> Press:
    path = folder / "aggregator.db"
    press = Press(settings, Renditions(folder / "renditions"), lambda: SqliteStore(path, readonly=True), clock=utc_now)
    press.publish([OUTPUT])
    return press


def add_entry(path: Path, number: int) -> None:
    """Store one more entry, a copy of the last one under another name, and release it after all others."""
    with closing(sqlite3.connect(path)) as db, db:
        db.row_factory = sqlite3.Row
        row = dict(db.execute("SELECT * FROM entry ORDER BY id DESC LIMIT 1").fetchone())
        link, key = f"https://news.example/{number}", row["id"] + 1
        moment = db.execute("SELECT max(released_at) FROM release WHERE output = ?", [OUTPUT]).fetchone()[0] + 1000
        row |= {
            "id": key,
            "atom_id": link,
            "canonical": link,
            "link": link,
            "story": f"n{number}",
            "founds": f"n{number}",
        }
        row |= {"published": moment, "updated": moment, "first_seen": moment}
        db.execute(
            f"INSERT INTO entry ({', '.join(row)}) VALUES ({', '.join('?' * len(row))})",  # noqa: S608 - columns
            list(row.values()),
        )
        db.execute(
            "INSERT INTO release (output, seq, entry, released_at) VALUES (?, ?, ?, ?)", [OUTPUT, key, key, moment]
        )


def rendering(folder: Path, press: Press, name: str, first: int) -> None:
    walls, spent = [], []
    for number in range(NEWS):
        add_entry(folder / "aggregator.db", first + number)
        begun, cpu = time.perf_counter(), time.process_time()
        press.publish([OUTPUT], about_sources=False)
        walls.append((time.perf_counter() - begun) * 1000)
        spent.append((time.process_time() - cpu) * 1000)
    size = (folder / "renditions" / f"{OUTPUT}.atom").stat().st_size
    median, worst, cpu = statistics.median(walls), max(walls), statistics.median(spent)
    print(f"| {name} | {size / 1000:,.0f} KB | {median:.0f} | {worst:.0f} | {cpu:.0f} |")


def measure(options: argparse.Namespace) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        filled = fill(folder / "aggregator.db", SOURCES, options.entries)
        filled.store.close()
        small = Settings(
            feeds=filled.settings.feeds,
            outputs=(OutputSettings(name=OUTPUT),),
            publishing=Publishing(window=timedelta(0)),
        )
        press = publish(folder, small)
        exported = Press(
            small,
            StaticFiles(folder / "www"),
            lambda: SqliteStore(folder / "aggregator.db", readonly=True),
            clock=utc_now,
        )
        exported.publish([OUTPUT], about_sources=False)
        with polled(options.polling):
            serving(folder, options.seconds, options.turns, options.connections)
        print("\n| publishing after a new entry | Atom | median, ms | worst, ms | CPU, ms |")
        print("| --- | ---: | ---: | ---: | ---: |")
        rendering(folder, press, "100 entries", 0)
        rendering(folder, publish(folder, filled.settings), "500 entries (all of 48 h)", NEWS)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seconds", type=float, default=3)
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--connections", type=int, default=32)
    parser.add_argument("--entries", type=int, default=100_000)
    parser.add_argument("--polling", type=int, default=500)
    parser.add_argument("--ask", help=argparse.SUPPRESS)
    parser.add_argument("--header", action="append", default=[], help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.ask is None:
        measure(options)
        return
    spent = asyncio.run(ask(options.ask, options.header, options.seconds, options.connections))
    print(len(spent) / options.seconds, statistics.quantiles(spent, n=100)[98] * 1000)


if __name__ == "__main__":
    main()
