"""One round of polls of many feeds, beside the library `reader` and the program newsboat in the same run.

    python benchmarks/polling.py [--feeds 500] [--rounds 1] [--only ours,reader,newsboat]
    python benchmarks/polling.py --feeds 500,2000 --rounds 5      the full measure: half an hour

A local server in a process of its own has the feeds' documents ready: 20 entries with full content each. Four rounds:
cold (an empty database), 304 (nothing new, the server says so), unchanged (the same document once more), and news (one
new entry of 20). Each side times itself, from its first request to its last commit: ours is `elapsed_s` of
`poll --json`, reader's one call of update_feeds, newsboat's the whole of its process. CPU is that of all processes of a
side, less that of a start with nothing to do. Ratios hold; seconds are the machine's. Of several sizes, `--rounds` is
meant for the first; the others are measured once. What is not installed is left out.

Ours does more than its peers in that CPU time: it finds copies of an article in other feeds, keeps a full-text index,
decides which articles are one story, and renders outputs as Atom, RSS and JSON Feed. "polls" is what is left without
the last two, which begin when the polls are written (measured/ours.py); the others are part of writing a poll. The same
holds for memory: "MB" is the most of all processes of a side until the polls are written, "all" until its end. Its
parsers start with the first document that is new, in every cold and news round; a daemon's do so once. What that
costs is measured on a single feed and told, but not taken off.
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
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from measured.processes import Cost, run

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

HERE = Path(__file__).parent
STATES = ("cold", "304", "unchanged", "news")
HEADS = (("feeds/s", 8), ("ratio", 7), ("CPU ms", 9), ("ratio", 7), ("polls", 9), ("ratio", 7), ("MB", 6), ("all", 6))
"""Of the table's columns, with their widths."""
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
    """Who is measured: the command of one round, in a folder of its own, and how to read what it prints."""

    name: str
    command: Callable[[Path, list[str]], list[str]]
    idle: Callable[[Path, list[str]], list[str]] | None
    elapsed: Callable[[Cost], float]
    besides: Callable[[Cost], float] = lambda _: 0.0
    """Seconds of CPU that were spent on what is no polling."""
    polled: Callable[[Cost], float] = lambda _: float("inf")
    """When polling was over (time.monotonic)."""


@dataclass
class Figures:
    """Seconds, seconds of CPU and bytes of memory of each round of a state."""

    wall: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    besides: list[float] = field(default_factory=list)
    """What of the CPU time was no polling."""
    memory: list[int] = field(default_factory=list)
    memory_of_polls: list[int] = field(default_factory=list)
    """What of it was used until all polls were written."""

    @property
    def polls(self) -> list[float]:
        return [cpu - besides for cpu, besides in zip(self.cpu, self.besides, strict=True)]


def ours(folder: Path, urls: list[str]) -> list[str]:
    config = folder / "feeds.yaml"
    if not config.exists():
        lines = "".join(f"  - {url}\n" for url in urls)
        config.write_text(
            "polling: {host_gap: 0s, per_host: 64}\nnetwork: {allow_private: [127.0.0.0/8]}\nfeeds:\n" + lines
        )
    command = [sys.executable, str(HERE / "measured" / "ours.py"), "--config", str(config)]
    return [*command, "poll", "--all", "--force", "--json"]


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


def first_json(output: str) -> dict[str, Any]:
    found: dict[str, Any] = json.JSONDecoder().raw_decode(output)[0]
    return found


def last_json(output: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(output.splitlines()[-1])
    return found


SIDES = (
    Side(
        "ours",
        ours,
        ours_idle,
        lambda cost: first_json(cost.output)["elapsed_s"],
        lambda cost: sum(last_json(cost.output)["spent"].values()),
        lambda cost: last_json(cost.output)["polled"] or float("inf"),
    ),
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
                for state, mode in (("304", "conditional"), ("unchanged", "whole"), ("news", "news-1")):
                    change(base, mode)
                    _round(side, folder, urls, found[state])
                start = _start(side, folder, urls)
            for state, figures in found.items():
                figures.cpu[-1] -= start
                tell(f"{feeds} feeds, {side.name}, {state}: {figures.wall[-1]:.1f} s, {figures.cpu[-1]:.1f} s of CPU")
    return found


def tell(words: str) -> None:
    print(words, file=sys.stderr, flush=True)


def _start(side: Side, folder: Path, urls: list[str]) -> float:
    """Return the CPU time of a start with nothing to do; what renders then is counted as rendering all the same."""
    if side.idle is None:
        return 0.0
    costs = [run(side.idle(folder, urls), fails=True) for _ in range(3)]
    return statistics.median(cost.cpu - side.besides(cost) for cost in costs)


def _round(side: Side, folder: Path, urls: list[str], figures: Figures) -> None:
    cost = run(side.command(folder, urls), fails=True)
    figures.wall.append(side.elapsed(cost))
    figures.cpu.append(cost.cpu)
    figures.besides.append(side.besides(cost))
    figures.memory.append(cost.peak())
    figures.memory_of_polls.append(cost.peak(side.polled(cost)))


def report(feeds: int, results: dict[str, dict[str, Figures]]) -> None:
    """Print a table; ratios are to ours."""
    mine = results.get("ours")
    print(f"\n{feeds} feeds of 20 entries. Ratios to ours: more is better for us.")
    print(
        "CPU of ours includes deciding stories and rendering outputs, which the others do not do: `polls` leaves both"
    )
    print("out. The full-text index and finding copies in other feeds are part of ours' polls.\n")
    heads = "".join(f"{head:>{width}}" for head, width in HEADS)
    print(f"{'':<10} {'who':<9}{heads}")
    for state in STATES:
        for name, states in results.items():
            figures = states[state]
            wall, cpu, polls = (statistics.median(each) for each in (figures.wall, figures.cpu, figures.polls))
            cells = f"{feeds / wall:>8.0f}{ratio(wall, mine and mine[state].wall)}"
            for used, own in ((cpu, mine and mine[state].cpu), (polls, mine and mine[state].polls)):
                cells += f"{used / feeds * 1000:>9.2f}{ratio(used, own)}"
            memory = "".join(f"{max(each) / 1e6:>6.0f}" for each in (figures.memory_of_polls, figures.memory))
            print(f"{state:<10} {name:<9}{cells}{memory}", flush=True)


def ratio(value: float, own: list[float] | None) -> str:
    return f"{value / statistics.median(own):>7.2f}" if own else f"{'':>7}"


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--feeds", default="500")
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--only", default="ours,reader,newsboat")
    chosen = parser.parse_args()
    sides = [side for side in SIDES if side.name in chosen.only.split(",")]
    there = {"ours": True, "reader": find_spec("reader") is not None, "newsboat": shutil.which("newsboat") is not None}
    for side in sides:
        if not there[side.name]:
            print(f"{side.name} is left out: it is not installed.")
    sides = [side for side in sides if there[side.name]]
    if SIDES[0] in sides:
        alone = measure(SIDES[0], 1, 1)["cold"].polls[0]
        print(
            f"A single feed costs ours {alone:.1f} s of CPU: parsers start, in every cold and news round below.",
            flush=True,
        )
    for number, feeds in enumerate(map(int, chosen.feeds.split(","))):
        rounds = chosen.rounds if number == 0 else 1
        report(feeds, {side.name: measure(side, feeds, rounds) for side in sides})


if __name__ == "__main__":
    main()
