"""Killed again and again at random moments: nothing is lost, nothing comes twice, the database stays whole."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import sqlite3
import statistics
import sys
import time
from datetime import UTC, datetime
from email.utils import format_datetime
from itertools import count
from typing import Any
from urllib.parse import urlsplit

import pytest
from lxml import etree

ATOM = "{http://www.w3.org/2005/Atom}"
ROUNDS = int(os.environ.get("AGGREGATOR_CRASHES", "4"))
FEEDS = 20


class Publishers:
    """Feeds that each have their newest 30 items, and remember all that they ever told."""

    def __init__(self, publisher: Any, make: Any, dice: random.Random) -> None:
        self._publisher, self._make, self._dice = publisher, make, dice
        self._numbers = count(1)
        self._items: dict[int, list[str]] = {feed: [] for feed in range(FEEDS)}
        self.told: list[str] = []
        self.urls = [self._serve(feed) for feed in self._items]

    def tell(self) -> None:
        """Let one of them have news."""
        feed, number = self._dice.randrange(FEEDS), next(self._numbers)
        now = format_datetime(datetime.now(UTC), usegmt=True)
        link = f"https://site{feed}.example/{number}"
        self._items[feed].insert(
            0,
            f"<item><title>Story {number}</title><link>{link}</link><guid>{link}</guid><pubDate>{now}</pubDate>"
            f"<description>{'What happened, at some length. ' * 20}</description></item>",
        )
        del self._items[feed][30:]
        self.told.append(f"Story {number}")
        self._serve(feed)

    def _serve(self, feed: int) -> str:
        return self._publisher.serve(f"/{feed}", self._make.rss(*self._items[feed], title=f"Feed {feed}"))


class Subscriber:
    """Reads the feed and, where it has more than fits, its archives; keeps what it was shown by id."""

    def __init__(self) -> None:
        self.shown: dict[str, str] = {}

    def look(self, daemon: Any) -> None:
        """Read from the subscription document back to what is known."""
        path = "all.atom"
        while path:
            status, _, body = daemon.get(path, check=False)
            if status != 200:
                return
            document = etree.fromstring(body)
            found = {
                entry.findtext(f"{ATOM}id"): entry.findtext(f"{ATOM}title") for entry in document.iter(f"{ATOM}entry")
            }
            is_new = found.keys() - self.shown.keys()
            for key, title in found.items():
                assert self.shown.setdefault(key, title) == title
            before = document.find(f"{ATOM}link[@rel='prev-archive']")
            path = "" if before is None or not is_new else urlsplit(before.get("href")).path.lstrip("/")


def _is_whole(home: Any) -> bool:
    with contextlib.closing(sqlite3.connect(home.folder / "db/aggregator.db")) as database:
        return database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


@pytest.mark.fault("F1")
@pytest.mark.slow
def test_kill_9_at_random_moments(home, publisher, make, start) -> None:
    """Whenever it dies, all that was told is stored once in the end, and a subscriber sees each once, under one id."""
    seed = random.randrange(10**9)  # noqa: S311 - no secret
    dice = random.Random(seed)  # noqa: S311
    sys.stdout.write(f"seed {seed}\n")
    publishers, subscriber, starts = Publishers(publisher, make, dice), Subscriber(), []
    site = "outputs: [{name: all, limit: 50}]\npublishing: {window: 0s, flood: 1000}\n"
    home.write(*publishers.urls, more=site)
    for _ in range(ROUNDS):
        begun = time.monotonic()
        daemon = start().ready()
        starts.append(time.monotonic() - begun)
        end = time.monotonic() + dice.uniform(0.05, 2.5)
        while time.monotonic() < end:
            publishers.tell()
            time.sleep(0.03)
            if dice.random() < 0.1:
                subscriber.look(daemon)
        assert daemon.stop(signal.SIGKILL) == -signal.SIGKILL
        assert _is_whole(home)
    last = start().ready()
    make.wait_for(lambda: len(home.entries()) >= len(publishers.told), seconds=60)
    make.wait_for(lambda: subscriber.look(last) or len(subscriber.shown) >= len(publishers.told), seconds=60)
    assert last.stop() == 0
    assert sorted(entry["title"] for entry in home.entries()) == sorted(publishers.told)
    assert sorted(subscriber.shown.values()) == sorted(publishers.told)
    ready = statistics.median(starts)
    sys.stdout.write(f"{ROUNDS} rounds, {len(publishers.told)} entries, ready after {ready:.1f} s\n")
