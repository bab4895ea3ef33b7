"""How the cost of each step grows with the number of sources: it should grow with news, not with polls or sources.

    python benchmarks/growth.py [--feeds 1000,10000,100000] [--entries 300000] [--times 200] [--plot docs/growth.svg]

Databases of so many sources are made (measured/filled.py): 20 entries a source, at most 300,000 in all, so 3 a source
at 100,000, and ten polls of each in the log. They take turns, and in each turn every step is done many times on sources
drawn at random. What counts is the median of their CPU time, commit included, in microseconds, in the turn in which it
was least. Steps:

* tick: what the daemon does each second, choosing and claiming what is due: nothing, or 10 requests; then with
  `polling.budget`, and while a platform with a tenth of all sources is behind, all of them due;
* a 304 settled: alone in its transaction, and 64 together, as under load;
* a new entry: settling a document of 20 entries, 19 of them known;
* a look for stories when there is none to decide: once a second;
* rescheduling one request.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import random
import sqlite3
import statistics
import sys
import tempfile
import time
from collections import defaultdict
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from measured.filled import FRESH, NOW, PLATFORM, Filled, address, fill
from measured.plot import plot
from measured.publisher import document

from aggregator.config.settings import Polling
from aggregator.decide.cadence import NextPoll
from aggregator.decide.identity import marked
from aggregator.model import Fetched, Validators
from aggregator.parse.document import parse
from aggregator.run.round import LEASE, Spending
from aggregator.run.stories import StoryStage
from aggregator.settle import Chance, Result, settle

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from aggregator.model import Document, Request

PER_FEED = 20
GROUP = 64
CLAIMED = 10
ROOM = 256
PER_HOST = 4
TURNS = 10
AIM = 1.2
UNPLOTTED = ("tick while a platform is behind",)
"""What does grow would leave no room for the rest: it is in the table."""
MILLISECOND = timedelta(milliseconds=1)


@dataclass
class Steps:
    """The steps of a daemon on one database; each is done so many times, and gives microseconds of CPU."""

    filled: Filled
    feeds: int
    times: int
    chance: random.Random = field(default_factory=lambda: random.Random(1))  # noqa: S311
    spending: Spending = field(default_factory=Spending)

    def __post_init__(self) -> None:
        self._fresh = iter(enumerate(self.filled.fresh))
        self._stage = StoryStage(self.filled.store, lambda: self.filled.settings, clock=lambda: NOW)

    def turn(self) -> dict[str, list[float]]:
        return {
            "tick, nothing due": self._tick(),
            "tick, 10 claimed": self._tick_claiming(),
            "tick with `polling.budget`": self._tick(Polling(budget=10_000_000)),
            "tick while a platform is behind": self._tick_behind(),
            "a look for stories, none new": self._stories(),
            "rescheduling": self._reschedule(),
            "a 304": self._not_modified(1),
            "a 304 of 64 together": self._not_modified(GROUP),
            "one new entry of 20": self._news(),
        }

    def _spent(self, work: Callable[[Any], object], before: Callable[[], object] = lambda: None) -> list[float]:
        """Return what some work takes; what is done before it, and handed to it, does not count."""
        spent = []
        for _ in range(self.times):
            handed = before()
            begun = time.thread_time_ns()
            work(handed)
            spent.append((time.thread_time_ns() - begun) / 1000)
        return spent

    def _claim_due(self, room: int, polling: Polling | None = None) -> list[Request]:
        """Do what the daemon does at each tick."""
        with self.filled.store.transaction() as tx:
            limit = self.spending.room(tx, polling or self.filled.settings.polling, NOW, room)
            return tx.requests.claim_due(NOW, limit=limit, lease=LEASE, per_host=PER_HOST)

    def _give_back(self, requests: list[Request]) -> None:
        with self.filled.store.transaction() as tx:
            tx.requests.give_back(requests)

    def _put_off(self, requests: list[Request], by: timedelta) -> None:
        with self.filled.store.transaction() as tx:
            for request in requests:
                tx.requests.reschedule(request, NextPoll(NOW + by, "publishes once a day or so"))

    def _tick(self, polling: Polling | None = None) -> list[float]:
        return self._spent(lambda _: self._claim_due(ROOM, polling))

    def _tick_claiming(self) -> list[float]:
        due: list[Request] = []

        def make_due() -> None:
            self._put_off(due, timedelta(minutes=30))
            due[:] = self._draw(CLAIMED)
            self._put_off(due, -timedelta(seconds=1))

        found = self._spent(lambda _: self._claim_due(CLAIMED), make_due)
        self._put_off(due, timedelta(minutes=30))
        return found

    def _tick_behind(self) -> list[float]:
        """Let all sources of one host be due, whose places are taken."""
        self._shift_platform(timedelta(hours=-2))
        held = self._claim_due(ROOM)
        found = self._tick()
        self._give_back(held)
        self._shift_platform(timedelta(hours=2))
        return found

    def _shift_platform(self, by: timedelta) -> None:
        self._change("UPDATE request SET due_at = due_at + ? WHERE host = ?", by // MILLISECOND, PLATFORM)

    def _change(self, statement: str, *values: object) -> None:
        with closing(sqlite3.connect(self.filled.store.path)) as db, db:
            db.execute(statement, values)

    def _stories(self) -> list[float]:
        with asyncio.Runner() as runner:
            return self._spent(lambda _: runner.run(self._stage.drain()))

    def _draw(self, count: int) -> list[Request]:
        """Claim known sources drawn at random, due or not."""
        urls = [address(number) for number in self.chance.sample(range(self.feeds), count)]
        with self.filled.store.transaction() as tx:
            return tx.requests.claim(urls, NOW, lease=LEASE)

    def _reschedule(self) -> list[float]:
        return self._spent(lambda drawn: self._put_off(drawn, timedelta(minutes=30)), lambda: self._draw(1))

    def _not_modified(self, group: int) -> list[float]:
        """Settle answers of 304."""

        def settle_all(results: list[Result]) -> None:
            with self.filled.store.transaction() as tx:
                for result in results:
                    settle(tx, result, self.filled.settings, Chance(0.5))

        found = self._spent(settle_all, lambda: [not_modified(request) for request in self._draw(group)])
        return [spent / group for spent in found]

    def _news(self) -> list[float]:
        """Settle a document with one new entry of sources whose first document made the others known."""
        fresh = list(itertools.islice(self._fresh, self.times))
        for number, url in fresh:
            self._settle(self._answer(url, read(url, number, 0), NOW - timedelta(minutes=30)))
        turn = iter(fresh)

        def answer() -> Result:
            number, url = next(turn)
            return self._answer(url, read(url, number, 1), NOW)

        found = self._spent(self._settle, answer)
        self._change("UPDATE entry SET grouped = 1 WHERE grouped <> 1")  # their stories are not what is measured
        return found

    def _answer(self, url: str, found: Document, at: datetime) -> Result:
        with self.filled.store.transaction() as tx:
            (request,) = tx.requests.claim([url], at, lease=LEASE)
        return replace(not_modified(request), at=at, document=found, body_hash=str(at))

    def _settle(self, result: Result) -> None:
        with self.filled.store.transaction() as tx:
            settle(tx, result, self.filled.settings, Chance(0.5))


def not_modified(request: Request) -> Result:
    answer = Fetched(request.feed.url, 304, NOW, validators=Validators('"a"'), elapsed=0.1, bytes_received=180)
    return Result(request, NOW, answer, asked_as=request.feed.asked_as)


def read(url: str, feed: int, first: int) -> Document:
    """Return a feed's document as a parser gives it."""
    found = parse(document(feed, first), url=url, content_type=None, received=NOW)
    return replace(found, items=tuple(map(marked, found.items)))


def made(folder: Path, feeds: int, entries: int, times: int) -> Steps:
    begun = time.perf_counter()
    filled = fill(folder / f"{feeds}.db", feeds, entries)
    print(f"{feeds} sources, {entries} entries: made in {time.perf_counter() - begun:.0f} s", file=sys.stderr)
    return Steps(filled, feeds, times)


def measure(databases: dict[int, Steps]) -> dict[int, dict[str, float]]:
    """Let the databases take turns, and return the least of the turns' medians: the machine does other things too."""
    medians: dict[int, defaultdict[str, list[float]]] = {feeds: defaultdict(list) for feeds in databases}
    for _ in range(TURNS):
        for feeds, steps in databases.items():
            for step, found in steps.turn().items():
                medians[feeds][step].append(statistics.median(found))
    return {feeds: {step: min(each) for step, each in found.items()} for feeds, found in medians.items()}


def table(found: dict[int, dict[str, float]]) -> None:
    first, *others = found
    heads = ["", f"{first:,}: µs", *(f"{feeds:,}: µs | ratio" for feeds in others)]
    print(f"| {' | '.join(heads)} |\n|{' --- |'}{' ---: |' * (1 + 2 * len(others))}")
    for step, base in found[first].items():
        cells = [f"{found[feeds][step]:,.0f} | {found[feeds][step] / base:.2f}" for feeds in others]
        print(f"| {' | '.join([step, f'{base:,.0f}', *cells])} |", flush=True)


def drawn(found: dict[int, dict[str, float]]) -> str:
    sizes, base = list(found), next(iter(found.values()))
    ratios = {
        step.replace("`", ""): [found[feeds][step] / base[step] for feeds in sizes]
        for step in base
        if step not in UNPLOTTED
    }
    title = f"CPU time of a step, as a ratio to {sizes[0]:,} sources"
    return plot(title, sizes, ratios, unit="sources in the database", aim=AIM)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--feeds", default="1000,10000,100000")
    parser.add_argument("--entries", type=int, default=300_000, help="at most, in all")
    parser.add_argument("--times", type=int, default=200, help=f"each step is done, at most {FRESH}")
    parser.add_argument("--plot", type=Path, help="write the ratios as SVG")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        databases = {
            feeds: made(Path(folder), feeds, min(feeds * PER_FEED, given.entries), given.times // TURNS)
            for feeds in map(int, given.feeds.split(","))
        }
        found = measure(databases)
        for steps in databases.values():
            steps.filled.store.close()
    table(found)
    if given.plot:
        given.plot.write_text(drawn(found), "utf-8")


if __name__ == "__main__":
    main()
