"""What a poll would cost with nothing but what it cannot do without: the floors beside which our figures stand.

    python benchmarks/floors.py [--feeds 300]

Milliseconds of CPU of this process a feed of 20 entries with full content: asking a local server by raw sockets and by
aiohttp alone, parsing by lxml into a bare tree and by feedparser alone, writing 20 entries by executemany and into the
full-text index. None of them guards, cleans, compares or decides anything. The median of three turns.
"""

from __future__ import annotations

import argparse
import asyncio
import io
import sqlite3
import statistics
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import aiohttp
import feedparser
from lxml import etree
from measured.publisher import document
from polling import publisher

if TYPE_CHECKING:
    from collections.abc import Callable

_INDEX = "INSERT INTO words (rowid, title, text) SELECT id, title, text FROM entry WHERE at >= ?"
TURNS = 3
TOGETHER = 64


def cpu_ms(work: Callable[[], object], feeds: int) -> float:
    """Return milliseconds of CPU a feed: the median of some turns."""
    spent = []
    for _ in range(TURNS):
        begun = time.process_time()
        work()
        spent.append(time.process_time() - begun)
    return statistics.median(spent) / feeds * 1000


def by_sockets(base: str, feeds: int, etags: list[str]) -> None:
    """Ask every feed over a connection of its own, several at a time."""
    host, port = base.removeprefix("http://").split(":")

    async def ask(number: int, room: asyncio.Semaphore) -> None:
        async with room:
            reader, writer = await asyncio.open_connection(host, int(port))
            known = f"If-None-Match: {etags[number]}\r\n" if etags else ""
            writer.write(f"GET /{number} HTTP/1.1\r\nHost: {host}\r\n{known}\r\n".encode())
            await reader.read()
            writer.close()

    async def ask_all() -> None:
        room = asyncio.Semaphore(TOGETHER)
        await asyncio.gather(*(ask(number, room) for number in range(feeds)))

    asyncio.run(ask_all())


def by_aiohttp(base: str, feeds: int, etags: list[str]) -> list[str]:
    """Ask likewise by aiohttp; return the validators."""

    async def ask(session: aiohttp.ClientSession, number: int, room: asyncio.Semaphore) -> str:
        headers = {"If-None-Match": etags[number]} if etags else {}
        async with room, session.get(f"{base}/{number}", headers=headers) as response:
            await response.read()
            return response.headers["ETag"]

    async def ask_all() -> list[str]:
        room = asyncio.Semaphore(TOGETHER)
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
            return await asyncio.gather(*(ask(session, number, room) for number in range(feeds)))

    return asyncio.run(ask_all())


def write(feeds: int, folder: Path) -> None:
    """Write 20 rows of 2 KB a feed, a transaction each, and index them."""
    path = folder / f"{time.monotonic_ns()}.db"
    db = sqlite3.connect(path, isolation_level=None)
    db.executescript("""
        PRAGMA page_size = 16384; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;
        CREATE TABLE entry (id INTEGER PRIMARY KEY, guid TEXT UNIQUE, title TEXT, link TEXT, text TEXT, at INTEGER);
        CREATE INDEX entry_at ON entry(at);
        CREATE VIRTUAL TABLE words USING fts5 (title, text, content=entry, content_rowid=id);
    """)
    text = "A model that reads the news and says what it did not understand. " * 30
    for feed in range(feeds):
        db.execute("BEGIN IMMEDIATE")
        rows = [(f"g{feed}/{n}", f"Story {n}", f"https://s{feed}.example/{n}", text, feed * 20 + n) for n in range(20)]
        db.executemany("INSERT INTO entry (guid, title, link, text, at) VALUES (?, ?, ?, ?, ?)", rows)
        db.execute(
            "INSERT INTO words (rowid, title, text) SELECT id, title, text FROM entry WHERE at >= ?", [feed * 20]
        )
        db.execute("COMMIT")
    db.close()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--feeds", type=int, default=300)
    feeds = parser.parse_args().feeds
    documents = [document(number) for number in range(feeds)]
    figures: dict[str, float] = {}
    with publisher(feeds) as base:
        etags = by_aiohttp(base, feeds, [])
        for what, known in (("a whole document", []), ("a 304", etags)):
            figures[f"{what}, raw sockets"] = cpu_ms(lambda known=known: by_sockets(base, feeds, known), feeds)  # type: ignore[misc]
            figures[f"{what}, aiohttp"] = cpu_ms(lambda known=known: by_aiohttp(base, feeds, known), feeds)  # type: ignore[misc]
    figures["parsing, lxml, a bare tree"] = cpu_ms(lambda: [etree.fromstring(each) for each in documents], feeds)
    read = [io.BytesIO(each) for each in documents]
    figures["parsing, feedparser"] = cpu_ms(
        lambda: [feedparser.parse(io.BytesIO(each.getvalue())) for each in read], feeds
    )
    with tempfile.TemporaryDirectory() as folder:
        figures["writing 20 entries, indexed"] = cpu_ms(lambda: write(feeds, Path(folder)), feeds)
    for what, figure in figures.items():
        print(f"{what:<32}{figure:>8.2f} ms")


if __name__ == "__main__":
    main()
