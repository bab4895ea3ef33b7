"""How the cost of each step grows with the number of sources: it should grow with news, not with polls or sources.

    python benchmarks/growth.py [--feeds 1000,10000,100000] [--entries 500000] [--times 200] [--plot docs/growth.svg]

Databases of so many sources are made (measured/filled.py): 20 entries a source, at most 500,000 in all, so 5 a source
at 100,000, and ten polls of each in the log. On each, every step is done many times on sources drawn at random; the
median of their CPU time counts, commit included, in microseconds. Steps:

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
import random
import sqlite3
import statistics
import sys
import tempfile
import time
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
MILLISECOND = timedelta(milliseconds=1)


@dataclass
class Steps:
    """The steps of a daemon on one database."""

    filled: Filled
    feeds: int
    times: int
    chance: random.Random = field(default_factory=lambda: random.Random(1))  # noqa: S311
    spending: Spending = field(default_factory=Spending)

    def measure(self) -> dict[str, float]:
        """Return the microseconds of each step."""
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

    def _median(self, work: Callable[[Any], object], before: Callable[[], object] = lambda: None) -> float:
        """Return the microseconds of CPU that some work takes; what is done before it and handed to it is not counted."""
        spent = []
        for _ in range(self.times):
            handed = before()
            begun = time.thread_time_ns()
            work(handed)
            spent.append(time.thread_time_ns() - begun)
        return statistics.median(spent) / 1000

    def _claim_due(self, room: int, polling: Polling | None = None, at: timedelta = timedelta()) -> list[Request]:
        """Do what the daemon does at each tick."""
        now = NOW + at
        with self.filled.store.transaction() as tx:
            limit = self.spending.room(tx, polling or self.filled.settings.polling, now, room)
            return tx.requests.claim_due(now, limit=limit, lease=LEASE, per_host=PER_HOST)

    def _give_back(self, requests: list[Request]) -> None:
        with self.filled.store.transaction() as tx:
            tx.requests.give_back(requests)

    def _tick(self, polling: Polling | None = None) -> float:
        return self._median(lambda _: self._claim_due(ROOM, polling))

    def _tick_claiming(self) -> float:
        claimed: list[Request] = []

        def claim(_: object) -> None:
            claimed[:] = self._claim_due(CLAIMED, at=timedelta(minutes=1))

        found = self._median(claim, lambda: self._give_back(claimed))
        self._give_back(claimed)
        return found

    def _tick_behind(self) -> float:
        """Let all sources of one host be due, whose places are taken."""
        self._shift_platform(timedelta(hours=-2))
        held = self._claim_due(ROOM)
        found = self._tick()
        self._give_back(held)
        self._shift_platform(timedelta(hours=2))
        return found

    def _shift_platform(self, by: timedelta) -> None:
        with closing(sqlite3.connect(self.filled.store.path)) as db, db:
            db.execute("UPDATE request SET due_at = due_at + ? WHERE host = ?", [by // MILLISECOND, PLATFORM])

    def _stories(self) -> float:
        stage = StoryStage(self.filled.store, lambda: self.filled.settings, clock=lambda: NOW)
        with asyncio.Runner() as runner:
            return self._median(lambda _: runner.run(stage.drain()))

    def _draw(self, count: int) -> list[Request]:
        """Claim known sources drawn at random, due or not."""
        urls = [address(number) for number in self.chance.sample(range(self.feeds), count)]
        with self.filled.store.transaction() as tx:
            return tx.requests.claim(urls, NOW, lease=LEASE)

    def _reschedule(self) -> float:
        then = NextPoll(NOW + timedelta(minutes=30), "publishes once a day or so")

        def reschedule(requests: list[Request]) -> None:
            with self.filled.store.transaction() as tx:
                tx.requests.reschedule(requests[0], then)

        return self._median(reschedule, lambda: self._draw(1))

    def _not_modified(self, group: int) -> float:
        """Settle answers of 304."""

        def settle_all(results: list[Result]) -> None:
            with self.filled.store.transaction() as tx:
                for result in results:
                    settle(tx, result, self.filled.settings, Chance(0.5))

        return self._median(settle_all, lambda: [not_modified(request) for request in self._draw(group)]) / group

    def _news(self) -> float:
        """Settle a document with one new entry of each fresh source, whose first document made the others known."""
        fresh = self.filled.fresh[: self.times]
        for number, url in enumerate(fresh):
            self._settle(self._answer(url, read(url, number, 0), NOW - timedelta(minutes=30)))
        turn = iter(enumerate(fresh))

        def answer() -> Result:
            number, url = next(turn)
            return self._answer(url, read(url, number, 1), NOW)

        return self._median(self._settle, answer)

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


def measure(feeds: int, entries: int, times: int) -> dict[str, float]:
    with tempfile.TemporaryDirectory() as folder:
        begun = time.perf_counter()
        filled = fill(Path(folder) / "aggregator.db", feeds, min(feeds * PER_FEED, entries))
        told = f"{feeds} sources, {min(feeds * PER_FEED, entries)} entries: made in {time.perf_counter() - begun:.0f} s"
        begun = time.perf_counter()
        found = Steps(filled, feeds, times).measure()
        print(f"{told}, measured in {time.perf_counter() - begun:.0f} s", file=sys.stderr, flush=True)
        filled.store.close()
    return found


def table(found: dict[int, dict[str, float]]) -> None:
    first, *others = found
    heads = ["", f"{first:,}: µs", *(f"{feeds:,}: µs | ratio" for feeds in others)]
    print(f"| {' | '.join(heads)} |\n|{' --- |'}{' ---: |' * (1 + 2 * len(others))}")
    for step, base in found[first].items():
        cells = [f"{found[feeds][step]:,.0f} | {found[feeds][step] / base:.2f}" for feeds in others]
        print(f"| {' | '.join([step, f'{base:,.0f}', *cells])} |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--feeds", default="1000,10000,100000")
    parser.add_argument("--entries", type=int, default=500_000, help="at most, in all")
    parser.add_argument("--times", type=int, default=200, help=f"each step is done, at most {FRESH}")
    parser.add_argument("--plot", type=Path, help="write the ratios as SVG")
    given = parser.parse_args()
    sizes = list(map(int, given.feeds.split(",")))
    found = {feeds: measure(feeds, given.entries, given.times) for feeds in sizes}
    table(found)
    if given.plot:
        given.plot.write_text(plot(found), "utf-8")


if __name__ == "__main__":
    main()
