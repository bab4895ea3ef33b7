"""Killed again and again at random moments: nothing is lost, nothing comes twice, the database stays whole."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import sqlite3
import statistics
import subprocess
import sys
import time
from datetime import UTC, datetime
from email.utils import format_datetime
from http import HTTPStatus
from itertools import count
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
from callbacks import ask, listening
from lxml import etree

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from pathlib import Path

ATOM = "{http://www.w3.org/2005/Atom}"
ROUNDS = int(os.environ.get("AGGREGATOR_CRASHES", "4"))
FEEDS = 20


SITE = "http://news.example/"


class Publishers:
    """Feeds that each have their newest 30 items, and older ones until they are seen; all that they ever told is known.

    A daemon that dies before its parsers have started may have read nothing for many rounds.
    """

    def __init__(self, publisher: Any, make: Any, dice: random.Random) -> None:
        self._publisher, self._make, self._dice = publisher, make, dice
        self._numbers = count(1)
        self._items: dict[int, list[tuple[str, str]]] = {feed: [] for feed in range(FEEDS)}
        self.told: list[str] = []
        self.urls = [self._serve(feed) for feed in self._items]

    def tell(self, seen: Collection[str] = ()) -> None:
        """Let one of them have news; titles of what subscribers have seen may leave its feed."""
        feed, number = self._dice.randrange(FEEDS), next(self._numbers)
        now = format_datetime(datetime.now(UTC), usegmt=True)
        link = f"https://site{feed}.example/{number}"
        item = (
            f"<item><title>Story {number}</title><link>{link}</link><guid>{link}</guid><pubDate>{now}</pubDate>"
            f"<description>{'What happened, at some length. ' * 20}</description></item>"
        )
        items = [(f"Story {number}", item), *self._items[feed]]
        self._items[feed] = [*items[:30], *(one for one in items[30:] if one[0] not in seen)]
        self.told.append(f"Story {number}")
        self._serve(feed)

    def _serve(self, feed: int) -> str:
        return self._publisher.serve(
            f"/{feed}", self._make.rss(*(item for _, item in self._items[feed]), title=f"Feed {feed}")
        )


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


def _is_whole(path: Path) -> bool:
    with contextlib.closing(sqlite3.connect(path)) as database:
        return database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


@contextlib.contextmanager
def _copying(home: Any, *, killed: bool) -> Iterator[None]:
    """Back the database up meanwhile; the copy is whole, or, where that was killed as well, there may be none."""
    copy = home.folder / "copy.db"
    with subprocess.Popen(home.command("backup", str(copy)), stderr=subprocess.PIPE) as backup:
        yield
        if killed:
            backup.kill()
        code = backup.wait()
    assert copy.exists() or killed, "it did not need the daemon"
    assert killed or code == 0
    if copy.exists():
        assert _is_whole(copy)
        copy.unlink()


@pytest.mark.slow
@pytest.mark.fault("F1")
def test_kill_9_at_random_moments(home, publisher, make, start) -> None:
    """Whenever it dies, all that was told is stored once in the end, and a subscriber sees each once, under one id.

    Some die while the database is backed up, which may be killed too; a subscriber of the hub gets what it was owed.
    """
    seed = random.randrange(10**9)  # noqa: S311 - no secret
    dice = random.Random(seed)  # noqa: S311
    sys.stdout.write(f"seed {seed}\n")
    publishers, subscriber, starts = Publishers(publisher, make, dice), Subscriber(), []
    site = f"site: {{url: {SITE}}}\noutputs: [{{name: all, limit: 50}}]\npublishing: {{window: 0s, flood: 1000}}\n"
    home.write(*publishers.urls, more=site)
    with listening() as hub_subscriber:
        for number in range(ROUNDS):
            begun = time.monotonic()
            daemon = start().ready()
            starts.append(time.monotonic() - begun)
            if number == 0:
                assert ask(daemon, hub_subscriber.url("/ok"))[0] == HTTPStatus.ACCEPTED
                make.wait_for(lambda daemon=daemon: "hub.confirmed" in daemon.log.read_text())
            backing_up = number % 4 == 3
            with _copying(home, killed=number % 8 == 7) if backing_up else contextlib.nullcontext():
                _live(daemon, publishers, subscriber, dice)
                assert daemon.stop(signal.SIGKILL) == -signal.SIGKILL
            assert _is_whole(home.folder / "db/aggregator.db")
        last = start().ready()
        publishers.tell()
        make.wait_for(lambda: len(home.entries()) >= len(publishers.told), seconds=60)
        make.wait_for(lambda: subscriber.look(last) or len(subscriber.shown) >= len(publishers.told), seconds=60)
        make.wait_for(lambda: any(publishers.told[-1] in push.titles for push in hub_subscriber.pushes), seconds=60)
        assert last.stop() == 0
    assert sorted(entry["title"] for entry in home.entries()) == sorted(publishers.told)
    assert sorted(subscriber.shown.values()) == sorted(publishers.told)
    ready = statistics.median(starts)
    sys.stdout.write(f"{ROUNDS} rounds, {len(publishers.told)} entries, {len(hub_subscriber.pushes)} deliveries, ")
    sys.stdout.write(f"ready after {ready:.1f} s, at most {max(starts):.1f} s\n")


def _live(daemon: Any, publishers: Publishers, subscriber: Subscriber, dice: random.Random) -> None:
    """Let there be news, and be read, for a while."""
    end = time.monotonic() + dice.uniform(0.05, 2.5)
    while time.monotonic() < end:
        publishers.tell(set(subscriber.shown.values()))
        time.sleep(0.03)
        if dice.random() < 0.1:
            subscriber.look(daemon)
