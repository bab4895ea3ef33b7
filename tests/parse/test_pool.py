from __future__ import annotations

import asyncio
import ctypes
import multiprocessing
import os
import signal
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from aggregator.errors import NotAFeed, ParseError, ParserKilled
from aggregator.parse.pool import ParserPool

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from aggregator.decide.articles import ArticlePage
    from aggregator.model import Document

FEED = b'<rss version="2.0"><channel><title>T</title><item><title>x</title></item></channel></rss>'
CATEGORIES = "".join(f"<category>{n}</category>" for n in range(4900))
HTML = f"<description><![CDATA[{'<b><i>x</i></b>' * 6000}]]></description>"
SLOW = f"<rss><channel>{f'<item>{CATEGORIES}{HTML}</item>' * 10}{f'<item>{HTML}</item>' * 27}</channel></rss>".encode()
"""Within every limit on tags, but feedparser compares each category with all before it, and cleaning HTML takes its time: 4 s."""
LARGE = b"<rss><channel>" + b"<item><title>x</title></item>" * 1 + b"<!--" + b"x" * 9_000_000 + b"--></channel></rss>"


def parse(pool: ParserPool, body: bytes = FEED, *, suspect: bool = False) -> Awaitable[Document]:
    """Parse a small feed, or another body, in the pool."""
    at = datetime(2026, 1, 7, tzinfo=UTC)
    return pool.parse(body, url="https://example.org/", content_type=None, received=at, suspect=suspect)


_OTHERS: set[int] = set()
"""Processes that other tests keep for the whole run."""


@pytest.fixture(autouse=True)
def _others() -> None:
    """Remember whose processes are none of a test's own."""
    _OTHERS.clear()
    _OTHERS.update(workers())


def workers() -> set[int]:
    """Return the ids of the processes that a test has started and that live."""
    return {child.pid or 0 for child in multiprocessing.active_children()} - _OTHERS


def test_documents_and_errors_come_back() -> None:
    """Documents and the parser's own errors pass through the processes unharmed, many at a time."""

    async def scene() -> None:
        async with ParserPool(2) as pool:
            documents = await asyncio.gather(*(parse(pool) for _ in range(20)))
            assert {document.items[0].title for document in documents} == {"x"}
            with pytest.raises(NotAFeed) as caught:
                await parse(pool, b"<html><link rel=alternate type=application/rss+xml href=/feed></html>")
            assert "https://example.org/feed" in caught.value.remedy

    asyncio.run(scene())


ARTICLE = b"<!doctype html><html><head><title>Grok</title></head><body><article><h1>Grok</h1>%b</article></body></html>"
TEXT = b"<p>It has open weights now, they said in Memphis, and everybody was there to see it.</p>" * 8


def read_article(pool: ParserPool, body: bytes = ARTICLE % TEXT, *, suspect: bool = False) -> Awaitable[ArticlePage]:
    """Read the page of an article in the pool."""
    at = datetime(2026, 1, 7, tzinfo=UTC)
    return pool.article(body, url="https://example.org/a", content_type="text/html", received=at, suspect=suspect)


def test_articles_and_rules_come_back() -> None:
    """Pages of articles, what is wrong with them, and what a robots.txt allows come from the processes too."""

    async def scene() -> None:
        async with ParserPool(2) as pool:
            page = await read_article(pool)
            assert page.title == "Grok"
            assert "Memphis" in (page.content or "")
            with pytest.raises(ParseError):
                await read_article(pool, b"%PDF-1.7 no page at all", suspect=True)
            rules = b"User-agent: *\nDisallow: /private"
            assert await pool.may_visit(rules, "https://example.org/a")
            assert not await pool.may_visit(rules + b"\n#" + b"x" * 60_000, "https://example.org/private/a")

    asyncio.run(scene())


def test_articles_and_rules_are_held_to_the_limits() -> None:
    """A page or a robots.txt that is too much for a worker is given up, and the next document is read."""
    rules = b"User-agent: *\n" + b"Disallow: /x\n" * 40_000
    deep = ARTICLE % (b"<p>" + b"<b>words and more </b>" * 100_000)

    async def scene() -> None:
        async with ParserPool(1, memory=96 * 2**20) as pool:
            assert "memory" in await _outcome(read_article(pool, deep))
            assert (await parse(pool)).header.title == "T"
        async with ParserPool(1, memory=2**20) as pool:
            assert "1 MB of memory" in await _outcome(pool.may_visit(rules, "https://example.org/a"))

    asyncio.run(scene())


def test_lists_of_feeds_come_back() -> None:
    """OPML is hostile too: lists are read in the same processes, under the same limits."""

    async def scene() -> None:
        async with ParserPool(2) as pool:
            body = b'<opml><body><outline xmlUrl="/feed" text="A"/></body></opml>'
            found = await pool.parse_list(body, url="https://example.org/list", content_type="text/xml")
            assert [feed.url for feed in found.feeds] == ["https://example.org/feed"]
            with pytest.raises(ParseError, match="no OPML"):
                await pool.parse_list(b"x" * 1_500_000, url="https://example.org/list", content_type=None)

    asyncio.run(scene())


@pytest.mark.fault("T20")
def test_a_slow_document_is_killed_alone() -> None:
    """A document that takes more CPU time than it may have is given up; one beside it and one after it are read."""

    async def scene() -> None:
        async with ParserPool(2, seconds=1) as pool:
            slow = asyncio.create_task(_outcome(parse(pool, SLOW)))
            assert (await parse(pool)).header.title == "T"
            outcome = await slow
            assert "1 s of CPU time" in outcome or "3 s to parse" in outcome, "the latter on a busy machine"
            assert (await parse(pool)).header.title == "T"

    asyncio.run(scene())


def test_suspects_leave_a_worker_to_others() -> None:
    """However many suspect documents came first, twenty others are read before any of them is given up."""

    async def scene() -> None:
        async with ParserPool(1) as pool:
            slow = [asyncio.create_task(_outcome(parse(pool, SLOW, suspect=True))) for _ in range(3)]
            await asyncio.sleep(0)  # they are before the others
            others = await asyncio.gather(*(parse(pool) for _ in range(20)))
            assert [other.header.title for other in others] == ["T"] * 20
            assert not any(task.done() for task in slow)
            for task in slow:
                task.cancel()
            await asyncio.gather(*slow, return_exceptions=True)
            assert (await parse(pool, suspect=True)).header.title == "T"

    asyncio.run(scene())


@pytest.mark.fault("T20")
def test_a_large_document_is_killed_alone() -> None:
    """A document that needs more memory than it may have is given up; the next is read."""

    async def scene() -> None:
        async with ParserPool(1, memory=96 * 2**20) as pool:
            assert "96 MB of memory" in await _outcome(parse(pool, LARGE))
            assert (await parse(pool)).header.title == "T"

    asyncio.run(scene())


async def _outcome(call: Awaitable[object]) -> str:
    try:
        return str(await call)
    except ParserKilled as error:
        return error.message


@pytest.mark.parametrize(
    ("function", "argument", "message"),
    [
        (os._exit, 3, "crashed on the document (exit status 3)"),
        (ctypes.string_at, 0, f"crashed on the document (exit status {-signal.SIGSEGV})"),
        (time.sleep, 60, "longer than 0.6 s"),
    ],
)
def test_a_crash_costs_one_document(function: Callable[..., object], argument: int, message: str) -> None:
    """A worker that exits, crashes or hangs is replaced, and only its document is lost."""

    async def scene() -> None:
        async with ParserPool(1, seconds=0.2) as pool:
            assert message in await _outcome(pool._call(function, argument))
            assert (await parse(pool)).header.title == "T"

    asyncio.run(scene())


def test_an_idle_worker_may_be_killed() -> None:
    """When the system kills a worker that does nothing, the next document does not notice."""

    async def scene() -> None:
        async with ParserPool(2) as pool:
            await parse(pool)
            for pid in workers():
                os.kill(pid, signal.SIGKILL)
            await asyncio.sleep(0.3)
            assert (await parse(pool)).header.title == "T"

    asyncio.run(scene())
    assert workers() == set()


def test_a_replaced_pool_loses_no_document() -> None:
    """When the pool breaks and is replaced while a document is parsed, the document is parsed again."""
    body = f"<rss><channel><title>T</title><item>{CATEGORIES}</item></channel></rss>".encode()

    async def scene() -> None:
        async with ParserPool(1) as pool:
            await parse(pool)
            call = asyncio.ensure_future(parse(pool, body))
            await asyncio.sleep(0.2)
            await pool._stop()
            assert (await call).header.title == "T"

    asyncio.run(scene())


def test_a_cancelled_call_frees_its_slot() -> None:
    """Cancelling the wait for documents ends their workers, and the next document gets a slot at once."""

    async def scene() -> None:
        async with ParserPool(2) as pool:
            await parse(pool)
            hung = [asyncio.create_task(pool._call(time.sleep, 60)) for _ in range(2)]
            await asyncio.sleep(0.2)
            for task in hung:
                task.cancel()
            results = await asyncio.gather(*hung, return_exceptions=True)
            assert [type(result) for result in results] == [asyncio.CancelledError] * 2
            start = time.monotonic()
            assert (await parse(pool)).header.title == "T"
            assert time.monotonic() - start < 5

    asyncio.run(scene())


@pytest.mark.fault("T26")
def test_workers_are_replaced() -> None:
    """After the number of documents it may parse a worker makes way for a fresh one."""

    async def scene() -> None:
        async with ParserPool(2, recycle=3) as pool:
            pids = [await pool._call(os.getpid) for _ in range(13)]
            assert max(pids.count(pid) for pid in pids) == 3
            assert len(set(pids)) >= 5

    asyncio.run(scene())


def test_closing_is_quick_and_leaves_nothing() -> None:
    """Leaving the pool while a document hangs takes less than two seconds; no worker outlives it, and it stays closed."""

    async def scene() -> float:
        pool = ParserPool(2)
        async with pool:
            await parse(pool)
            hung = asyncio.create_task(pool._call(time.sleep, 60))
            await asyncio.sleep(0.2)
            start = time.monotonic()
        took = time.monotonic() - start
        with pytest.raises(asyncio.CancelledError):
            await hung
        with pytest.raises(RuntimeError, match="closed"):
            await parse(pool)
        return took

    assert asyncio.run(scene()) < 2
    assert workers() == set()


def test_an_unused_pool_starts_nothing() -> None:
    """Without a document there is no process."""

    async def scene() -> None:
        async with ParserPool(4):
            assert workers() == set()

    asyncio.run(scene())
