"""A burst of news: 1,000 new entries of 50 sources at once, from the documents to the outputs' files.

    python benchmarks/burst.py [--feeds 50] [--rounds 3]

Each source is known with 20 entries; its next document lists 20 more above them, of 250 words each, drawn from 20,000
as unevenly as words of a language are. Documents are parsed beforehand, which is told too. What is measured is the
serial stage and what follows it: results written by the pipeline's own writer (decided, indexed, released), stories
decided, and outputs rendered as Atom, RSS and JSON Feed into files, packed. Seconds of the clock and of CPU, of the
round that took the median time.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import random
import tempfile
import time
from collections import defaultdict
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import TYPE_CHECKING

from aggregator.config.settings import FeedSettings, Settings
from aggregator.decide.cadence import NextPoll
from aggregator.decide.identity import marked
from aggregator.model import Fetched
from aggregator.parse.document import parse
from aggregator.publish.press import Press
from aggregator.publish.renditions import Renditions
from aggregator.releasing import release_missing
from aggregator.run.clock import utc_now
from aggregator.run.round import LEASE
from aggregator.run.stories import StoryStage
from aggregator.settle import Chance, Result, settle
from aggregator.store.sqlite.store import SqliteStore
from aggregator.writer import Writer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from aggregator.model import Document

NEW = 20
WORDS = 250
AIM = 5.0
MINUTE = timedelta(minutes=1)

Spent = dict[str, tuple[float, float]]
"""Seconds of the clock and of CPU, by what was done."""


class Publisher:
    """Makes documents of invented words, one hour of news after the other."""

    def __init__(self) -> None:
        self._chance = random.Random(1)  # noqa: S311
        self._words = ["".join(self._chance.choices("bcdfgklmnprstvaeiou", k=3 + place % 7)) for place in range(20_000)]
        self._odds = list(itertools.accumulate(1 / (place + 3) for place in range(len(self._words))))
        self._items: defaultdict[int, list[str]] = defaultdict(list)

    def document(self, feed: int, now: datetime) -> Document:
        """Return a feed's next document, as a parser gives it: the new entries above those of before."""
        new = [self._item(feed, now - MINUTE * place) for place in range(1, NEW + 1)]
        self._items[feed] = [*new, *self._items[feed]]
        head = f"<title>Feed {feed}</title><link>https://s{feed}.example/</link><language>en</language>"
        body = f'<?xml version="1.0"?><rss version="2.0"><channel>{head}{"".join(self._items[feed])}</channel></rss>'
        found = parse(body.encode(), url=address(feed), content_type=None, received=now)
        return replace(found, items=tuple(map(marked, found.items)))

    def _item(self, feed: int, at: datetime) -> str:
        words = self._chance.choices(self._words, cum_weights=self._odds, k=WORDS)
        link = f"https://s{feed}.example/{at:%Y%m%d%H%M}"
        text = "".join(f"&lt;p>{' '.join(words[place : place + 50])}&lt;/p>" for place in range(0, WORDS, 50))
        return (
            f"<item><title>{' '.join(words[:9])}</title><link>{link}</link><guid>{link}</guid>"
            f"<pubDate>{format_datetime(at)}</pubDate><description>{text}</description></item>"
        )


class Newsroom:
    """A database, and the outputs' files."""

    def __init__(self, folder: Path, feeds: int) -> None:
        database = folder / "aggregator.db"
        self.store = SqliteStore(database)
        self.settings = Settings(feeds=tuple(FeedSettings(url=address(feed)) for feed in range(feeds)))
        with self.store.transaction() as tx:
            self.now = tx.created.replace(microsecond=0) + timedelta(hours=1)
            tx.feeds.sync(self.settings.sources, self.now)
            release_missing(tx, self.settings, self.now)
        self.stories = StoryStage(self.store, lambda: self.settings, clock=lambda: self.now)
        self.press = Press(
            self.settings,
            Renditions(folder / "renditions"),
            lambda: SqliteStore(database, readonly=True),
            clock=utc_now,
        )

    async def bring(self, documents: list[Document], spent: Spent) -> int:
        """Take an hour's documents as far as the files; return how many entries are new."""
        results = list(map(self._result, range(len(documents)), documents))
        with timed(spent, "decided, indexed, released"):
            async with Writer(
                self.store, self._settle, later=lambda: NextPoll(None, ""), changed=lambda _: None
            ) as one:
                reports = await asyncio.gather(*map(one.write, results))
        with timed(spent, "stories decided"):
            await self.stories.drain()
        with timed(spent, "rendered"):
            self.press.publish(self.settings.published)
        self.now += timedelta(hours=1)
        return sum(report.new for report in reports)

    def _result(self, feed: int, document: Document) -> Result:
        with self.store.transaction() as tx:
            (request,) = tx.requests.claim([address(feed)], self.now, lease=LEASE)
        fetched = Fetched(address(feed), 200, self.now)
        return Result(request, self.now, fetched, document, body_hash=f"{self.now}")

    def _settle(self, tx: object, result: Result) -> object:
        return settle(tx, result, self.settings, Chance(0.5))  # type: ignore[arg-type]


@contextmanager
def timed(spent: Spent, what: str) -> Iterator[None]:
    clock, cpu = time.perf_counter(), time.process_time()
    yield
    spent[what] = time.perf_counter() - clock, time.process_time() - cpu


def address(feed: int) -> str:
    return f"https://s{feed}.example/feed"


def measure(feeds: int) -> Spent:
    spent = Spent()
    with tempfile.TemporaryDirectory() as folder:
        room, publisher = Newsroom(Path(folder), feeds), Publisher()
        asyncio.run(room.bring([publisher.document(feed, room.now) for feed in range(feeds)], Spent()))
        with timed(spent, "(parsed beforehand)"):
            documents = [publisher.document(feed, room.now) for feed in range(feeds)]
        new = asyncio.run(room.bring(documents, spent))
        room.store.close()
    if new != feeds * NEW:
        raise SystemExit(f"{new} entries are new, not {feeds * NEW}")
    return spent


def total(spent: Spent) -> float:
    return sum(clock for what, (clock, _) in spent.items() if not what.startswith("("))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--feeds", type=int, default=50)
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    rounds = sorted((measure(given.feeds) for _ in range(given.rounds)), key=total)
    spent = rounds[len(rounds) // 2]
    print(f"{given.feeds * NEW:,} new entries of {given.feeds} sources\n")
    print("| | seconds | CPU |\n| --- | ---: | ---: |")
    for what, (clock, cpu) in spent.items():
        print(f"| {what} | {clock:.2f} | {cpu:.2f} |")
    print(f"| **until the files are written** | **{total(spent):.2f}** | |\n\nThe aim is {AIM:g} s.")


if __name__ == "__main__":
    main()
