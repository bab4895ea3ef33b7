"""One round of polls of many feeds, beside the library `reader` and the program newsboat in the same run.

    python benchmarks/polling.py [--feeds 500,2000] [--rounds 5] [--only ours,reader,newsboat]

A local server in a process of its own has the feeds' documents ready: 20 entries with full content each. Four rounds:
cold (an empty database), 304 (nothing new, the server says so), unchanged (the same document once more), and news (one
new entry of 20). Each side times itself, from its first request to its last commit: ours is `elapsed_s` of
`poll --json`, reader's one call of update_feeds, newsboat's the whole of its process. CPU is that of all processes of a
side, start included, less that of a start with nothing to do. Ratios hold; seconds are the machine's.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import shutil
import statistics
import subprocess
import sys
import tempfile
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from measured.processes import Cost, run

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

HERE = Path(__file__).parent
STATES = ("cold", "304", "unchanged", "news")
READER = """
import json, sys, time
from reader import make_reader
database, urls = sys.argv[1], sys.stdin and open(sys.argv[2]).read().split()
reader = make_reader(database)
known = {feed.url for feed in reader.get_feeds()}
for url in urls:
    if url not in known:
        reader.add_feed(url)
started = time.perf_counter()
if "--idle" not in sys.argv:
    reader.update_feeds(scheduled=False)
print(json.dumps({"elapsed_s": time.perf_counter() - started, "entries": reader.get_entry_counts().total}))
reader.close()
"""


@dataclass
class Side:
    """Who is measured: the command of one round, in a folder of its own."""

    name: str
    command: Callable[[Path, list[str]], list[str]]
    idle: Callable[[Path, list[str]], list[str]] | None
    elapsed: Callable[[Cost], float]


@dataclass
class Figures:
    """Seconds, seconds of CPU and bytes of memory of each round of a state."""

    wall: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    memory: list[int] = field(default_factory=list)


def ours(folder: Path, urls: list[str]) -> list[str]:
    config = folder / "feeds.yaml"
    if not config.exists():
        lines = "".join(f"  - {url}\n" for url in urls)
        config.write_text(
            "polling: {host_gap: 0s, per_host: 64}\nnetwork: {allow_private: [127.0.0.0/8]}\nfeeds:\n" + lines
        )
    return [sys.executable, "-m", "aggregator", "--config", str(config), "poll", "--all", "--force", "--json"]


def ours_idle(folder: Path, urls: list[str]) -> list[str]:
    return [*ours(folder, urls)[:-4], "poll", "--json"]


def reader(folder: Path, urls: list[str]) -> list[str]:
    (folder / "urls").write_text("\n".join(urls))
    return [sys.executable, "-c", READER, str(folder / "reader.db"), str(folder / "urls")]


def reader_idle(folder: Path, urls: list[str]) -> list[str]:
    return [*reader(folder, urls), "--idle"]


def newsboat(folder: Path, urls: list[str]) -> list[str]:
    (folder / "urls").write_text("\n".join(urls) + "\n")
    (folder / "config").write_text("reload-threads 8\nmax-items 0\nsuppress-first-reload yes\n")
    files = ["-u", str(folder / "urls"), "-c", str(folder / "cache.db"), "-C", str(folder / "config")]
    return ["newsboat", *files, "-x", "reload"]


SIDES = (
    Side("ours", ours, ours_idle, lambda cost: json.loads(cost.output)["elapsed_s"]),
    Side("reader", reader, reader_idle, lambda cost: json.loads(cost.output)["elapsed_s"]),
    Side("newsboat", newsboat, None, lambda cost: cost.wall),
)


@contextlib.contextmanager
def publisher(feeds: int) -> Iterator[str]:
    command = [sys.executable, str(HERE / "measured" / "publisher.py"), str(feeds)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield f"http://127.0.0.1:{process.stdout.readline().strip()}"  # type: ignore[union-attr]
        finally:
            process.kill()


def change(base: str, mode: str) -> None:
    urllib.request.urlopen(f"{base}/mode/{mode}").close()


def measure(side: Side, feeds: int, rounds: int) -> dict[str, Figures]:
    """Measure all states of a side, each on a publisher that begins anew."""
    found = {state: Figures() for state in STATES}
    with publisher(feeds) as base:
        urls = [f"{base}/{number}" for number in range(feeds)]
        for turn in range(rounds):
            with tempfile.TemporaryDirectory() as name:
                folder = Path(name)
                if turn:
                    change(base, "news-0")
                _round(side, folder, urls, found["cold"])
                idle = _idle(side, folder, urls)
                for state, mode in (("304", "conditional"), ("unchanged", "whole"), ("news", "news-1")):
                    change(base, mode)
                    _round(side, folder, urls, found[state], idle=idle)
                found["cold"].cpu[-1] -= idle
    return found


def _idle(side: Side, folder: Path, urls: list[str]) -> float:
    """Return the CPU time of a start with nothing to do."""
    return run(side.idle(folder, urls), fails=True).cpu if side.idle else 0.0


def _round(side: Side, folder: Path, urls: list[str], figures: Figures, *, idle: float = 0.0) -> None:
    cost = run(side.command(folder, urls), fails=True)
    figures.wall.append(side.elapsed(cost))
    figures.cpu.append(cost.cpu - idle)
    figures.memory.append(cost.memory)


def report(feeds: int, results: dict[str, dict[str, Figures]]) -> None:
    mine = results["ours"]
    print(f"\n{feeds} feeds of 20 entries; feeds/s, CPU ms a feed, MB at most; ratios to ours: more is better for us\n")
    print(f"{'':<12}{'who':<10}{'feeds/s':>9}{'ratio':>8}{'CPU ms':>9}{'ratio':>8}{'MB':>7}")
    for state in STATES:
        for name, states in results.items():
            wall, cpu = (statistics.median(getattr(states[state], what)) for what in ("wall", "cpu"))
            own = {what: statistics.median(getattr(mine[state], what)) for what in ("wall", "cpu")}
            rates = f"{feeds / wall:>9.0f}{wall / own['wall']:>8.2f}"
            costs = f"{cpu / feeds * 1000:>9.2f}{cpu / own['cpu']:>8.2f}"
            print(f"{state:<12}{name:<10}{rates}{costs}{max(states[state].memory) / 1e6:>7.0f}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--feeds", default="500,2000")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", default="ours,reader,newsboat")
    chosen = parser.parse_args()
    sides = [side for side in SIDES if side.name in chosen.only.split(",")]
    sides = [side for side in sides if side.name != "newsboat" or shutil.which("newsboat")]
    for number, feeds in enumerate(map(int, chosen.feeds.split(","))):
        rounds = chosen.rounds if number == 0 else 1
        report(feeds, {side.name: measure(side, feeds, rounds) for side in sides})


if __name__ == "__main__":
    main()
