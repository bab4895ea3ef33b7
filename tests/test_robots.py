"""What sites ask of robots, with a real client and real parsers, against a publisher on loopback."""

from __future__ import annotations

import asyncio
import socket
import threading
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from aggregator.config.settings import Network
from aggregator.errors import CrawlingRefused, FetchError, ParserKilled, TooLarge
from aggregator.fetch.client import Ask, Client
from aggregator.parse.pool import ParserPool
from aggregator.restraint import Resting
from aggregator.robots import NotAnswered, Robots, Turn

if TYPE_CHECKING:
    from collections.abc import Coroutine, Iterator

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
NO = b"User-agent: *\nDisallow: /private\n"


@pytest.fixture(scope="module")
def runner() -> Iterator[asyncio.Runner]:
    """Return one event loop for all tests of this file, so that they can share their parsers."""
    with asyncio.Runner() as runner:
        yield runner


@pytest.fixture(scope="module")
def parser(runner: asyncio.Runner) -> Iterator[ParserPool]:
    """Return parsers that run."""
    pool = ParserPool(workers=1)
    runner.run(pool.__aenter__())
    yield pool
    runner.run(pool.__aexit__(None, None, None))


class Loopback:
    """A resolver for which every name is this machine."""

    async def resolve(self, host: str, port: int = 0, family: int = socket.AF_INET) -> list[dict[str, Any]]:
        """Return the address of a name."""
        return [{"hostname": host, "host": "127.0.0.1", "port": port, "family": socket.AF_INET, "proto": 0, "flags": 0}]

    async def close(self) -> None:
        """Nothing to close."""


class Visitor:
    """Asks before it visits pages of a publisher; `now` goes on as told."""

    def __init__(self, publisher: Any, parser: Any, runner: asyncio.Runner) -> None:
        self.publisher, self.parser, self._runner = publisher, parser, runner
        self.now = datetime(2026, 5, 4, 12, tzinfo=UTC)
        self.network = Network(allow_private=("127.0.0.0/8",), timeout=timedelta(seconds=5))
        self.robots = Robots(lambda: self.now)
        self.reached: list[str] = []

    async def reach(self, host: str) -> None:
        """Note that a host is asked again."""
        self.reached.append(host)

    async def leave(self) -> None:
        """Note that others may ask."""
        self.reached.append("")

    def turn(self) -> Turn:
        """Return a turn."""
        return Turn(self.reach, self.leave)

    async def asks(self, client: Client, path: str, **ask: Any) -> str | None:
        """Return why a page must not be visited, or None."""
        url = path if "://" in path else self.publisher.url(path)
        try:
            await self.robots.check(Ask(url, **ask), client, self.parser, self.turn())
        except FetchError as error:
            return str(error)
        return None

    def run(self, scenario: Any) -> Any:
        """Run a scenario with a client."""

        async def play() -> Any:
            async with Client(self.network, clock=lambda: self.now, resolver=Loopback()) as client:  # type: ignore[arg-type]
                return await scenario(client)

        return self._runner.run(asyncio.wait_for(play(), 30))

    def visit(self, *paths: str, **ask: Any) -> list[str | None]:
        """Ask for pages at the same time; return why they must not be visited, or None each."""

        async def scenario(client: Client) -> list[str | None]:
            calls: list[Coroutine[Any, Any, str | None]] = [self.asks(client, path, **ask) for path in paths]
            return list(await asyncio.gather(*calls))

        found: list[str | None] = self.run(scenario)
        return found

    def error(self, path: str = "/a", **ask: Any) -> BaseException:
        """Return the error that a visit comes to."""

        async def scenario(client: Client) -> None:
            await self.robots.check(Ask(self.publisher.url(path), **ask), client, self.parser, self.turn())

        with pytest.raises(Exception) as caught:  # noqa: PT011 - which one is what is asked for
            self.run(scenario)
        return caught.value


@pytest.fixture
def visitor(publisher: Any, parser: ParserPool, runner: asyncio.Runner) -> Visitor:
    """Return a visitor of a publisher without a robots.txt."""
    return Visitor(publisher, parser, runner)


def test_a_site_without_rules(visitor: Visitor) -> None:
    """404 allows all, is asked for once, and the page's host has its pause before it is asked again."""
    assert visitor.visit("/a", "/b") == [None, None]
    assert visitor.visit("/private/c") == [None]
    assert visitor.publisher.paths == ["/robots.txt"]
    host = f"127.0.0.1:{visitor.publisher.port}"
    assert visitor.reached == ["", host, host], "who waits for another's answer lets it have the turn"


@pytest.mark.parametrize("status", [401, 403, 410, 204, 304])
def test_any_other_refusal_of_the_rules_allows(visitor: Visitor, status: int) -> None:
    """A robots.txt that is not to be had says nothing (RFC 9309 section 2.3.1.3)."""
    visitor.publisher.say("/robots.txt", status=status)
    assert visitor.visit("/a") == [None]


def test_rules(visitor: Visitor) -> None:
    """What they forbid is refused with what can be done; the rest is not."""
    visitor.publisher.say("/robots.txt", NO)
    refused, allowed = visitor.visit("/private/a", "/public/a")
    assert allowed is None
    assert "its robots.txt asks robots to leave this page alone" in (refused or "")
    assert "full_text: false" in (refused or "")
    assert isinstance(visitor.error("/private/a"), CrawlingRefused)


def test_our_name(visitor: Visitor) -> None:
    """Rules for our name count, those for other robots don't."""
    visitor.publisher.say("/robots.txt", b"User-agent: other\nDisallow: /\n\nUser-agent: Aggregator\nDisallow: /us\n")
    assert [bool(why) for why in visitor.visit("/us/a", "/a")] == [True, False]


def test_once_a_day(visitor: Visitor) -> None:
    """Rules are kept for a day, then asked for anew; new ones hold, also where there were none."""
    visitor.publisher.say("/robots.txt", NO)
    assert visitor.visit("/private/a") != [None]
    visitor.publisher.say("/robots.txt", b"")
    visitor.now += DAY - MINUTE
    assert visitor.visit("/private/a") != [None]
    visitor.now += MINUTE
    assert visitor.visit("/private/a") == [None]
    assert visitor.publisher.paths == ["/robots.txt"] * 2
    visitor.publisher.say("/robots.txt", status=404)
    visitor.now += DAY
    assert visitor.visit("/private/a") == [None]


@pytest.mark.parametrize("status", [500, 503, 429])
def test_no_answer_is_no(visitor: Visitor, status: int) -> None:
    """A server in trouble refuses for now: all articles that wait hear it from one request, and soon it is asked again."""
    visitor.publisher.say("/robots.txt", status=status, Retry_After="600")
    whys = visitor.visit(*(f"/{number}" for number in range(20)))
    assert all(f"answered {status} when asked for its robots.txt" in (why or "") for why in whys)
    error = visitor.error()
    assert isinstance(error, NotAnswered)
    assert (error.answer.status, error.answer.caching.retry_after) == (status, visitor.now + 10 * MINUTE)
    assert visitor.publisher.paths == ["/robots.txt"]
    visitor.publisher.say("/robots.txt", NO)
    visitor.now += MINUTE
    assert visitor.visit("/a") == [None]
    assert visitor.visit("/private/a") != [None]


def test_nobody_answers(visitor: Visitor) -> None:
    """A server that hangs up is asked once for all of its articles."""
    visitor.publisher.say("/robots.txt")
    visitor.publisher.replies["/robots.txt"].hang_up = True
    assert None not in visitor.visit(*(f"/{number}" for number in range(9)))
    assert visitor.publisher.paths == ["/robots.txt"]
    assert not isinstance(visitor.error(), CrawlingRefused), "it may be otherwise at the next try"


def test_old_rules_are_not_kept_beyond_trouble(visitor: Visitor) -> None:
    """After a day, a server in trouble refuses even what its old rules allowed."""
    visitor.publisher.say("/robots.txt", NO)
    assert visitor.visit("/a") == [None]
    visitor.publisher.say("/robots.txt", status=500)
    visitor.now += DAY
    assert visitor.visit("/a") != [None]


def test_a_redirect(visitor: Visitor) -> None:
    """Rules at the end of a redirect hold for the site that was asked (RFC 9309 section 2.3.1.2); its host gets its turn."""
    visitor.publisher.say("/robots.txt", status=301, Location="/rules.txt")
    visitor.publisher.say("/rules.txt", NO)
    assert visitor.visit("/private/a") != [None]
    assert visitor.publisher.paths == ["/robots.txt", "/rules.txt"]
    assert visitor.reached == [f"127.0.0.1:{visitor.publisher.port}"] * 2
    assert visitor.visit("/a") == [None]


def test_a_redirect_without_end(visitor: Visitor) -> None:
    """A robots.txt that leads to itself is none that can be read."""
    visitor.publisher.say("/robots.txt", status=302, Location="/robots.txt")
    assert visitor.visit("/a") != [None]


def test_a_redirect_to_a_private_network(visitor: Visitor) -> None:
    """No robots.txt leads us to where sources may not be."""
    visitor.network = Network(allow_private=(f"127.0.0.1:{visitor.publisher.port}",))
    visitor.publisher.say("/robots.txt", status=302, Location="http://10.0.0.1:81/robots.txt")
    assert "where sources may not be" in (visitor.visit("/a")[0] or "")


def test_a_private_network(visitor: Visitor) -> None:
    """The site of an article is not asked for its rules where it may not be asked for the article."""
    assert "public host" in (visitor.visit("/a", outside="news.example.com")[0] or "")
    visitor.network = Network()
    visitor.now += MINUTE
    assert "where sources may not be" in (visitor.visit("/a")[0] or "")
    assert visitor.publisher.asked == []


def test_a_huge_file(visitor: Visitor) -> None:
    """What is over the limit of bodies is not read; of less the first 512 KiB count."""
    visitor.publisher.say("/robots.txt", NO + b"#" * 2_000_000)
    assert [bool(why) for why in visitor.visit("/private/a", "/a")] == [True, False]
    visitor.network = Network(allow_private=("127.0.0.0/8",), max_body=1_000_000)
    visitor.now += DAY
    assert isinstance(visitor.error(), TooLarge)


def test_huge_files_of_many_sites(visitor: Visitor) -> None:
    """However many sites have a huge file, no more than a few of them are kept."""
    visitor.publisher.say("/robots.txt", NO + b"#" * 600_000)
    visitor.parser = _Reader(allowed=True)
    hosts = [f"site-{number}.com" for number in range(70)]
    assert set(visitor.visit(*(visitor.publisher.url("/a").replace("127.0.0.1", host) for host in hosts))) == {None}
    visitor.visit("/a")
    kept = sum(len(site.robots) for site in visitor.robots._sites.values())
    assert 30 * 2**20 < kept <= 33 * 2**20


class _Reader:
    """Reads rules as told."""

    def __init__(self, *, allowed: bool | None) -> None:
        self._allowed, self.read = allowed, 0

    async def may_visit(self, robots: bytes, url: str) -> bool:
        """Answer, or give up."""
        self.read += len(robots) > 0 and url != ""
        if self._allowed is None:
            raise ParserKilled("Too much.")
        return self._allowed


def test_rules_that_are_too_much(visitor: Visitor) -> None:
    """Rules that cost a worker its life refuse everything, and are not read again that day."""
    visitor.publisher.say("/robots.txt", NO)
    visitor.parser = reader = _Reader(allowed=None)
    for _ in range(3):
        assert "too much to read" in (visitor.visit("/a")[0] or "")
    assert reader.read == 1
    visitor.now += DAY
    visitor.parser = _Reader(allowed=True)
    assert visitor.visit("/a") == [None]


def test_no_secrets_are_sent(visitor: Visitor) -> None:
    """Neither a source's own headers, nor user and password, nor validators go to a robots.txt, nor which feed it is for."""
    url = visitor.publisher.url("/a").replace("://", "://ann:hush@")
    visitor.visit(url, headers={"X-Key": "hush"}, name="0123abcd")
    ((path, headers),) = visitor.publisher.asked
    assert path == "/robots.txt"
    assert "hush" not in str(headers)
    assert not {"authorization", "x-key", "if-none-match"} & headers.keys()
    assert headers["user-agent"].startswith("aggregator/")


def test_a_host_that_rests_is_left_alone(visitor: Visitor) -> None:
    """Where the pause after the rules turns out to be a rest, the page is not asked for, and the rules are known."""

    async def rests(_: str) -> None:
        raise Resting(visitor.now + DAY)

    visitor.reach = rests  # type: ignore[method-assign]
    assert isinstance(visitor.error(), Resting)
    visitor.now += MINUTE
    assert visitor.visit("/a") == [None]
    assert visitor.publisher.paths == ["/robots.txt"]


def test_who_is_broken_off_leaves_it_to_the_next(visitor: Visitor) -> None:
    """When the one that asks is cancelled, another that waits asks instead."""
    visitor.publisher.say("/robots.txt", NO)
    visitor.publisher.replies["/robots.txt"].wait = threading.Event()

    async def scenario(client: Client) -> str | None:
        first = asyncio.create_task(visitor.asks(client, "/a"))
        second = asyncio.create_task(visitor.asks(client, "/private/b"))
        while not visitor.publisher.asked:
            await asyncio.sleep(0.01)
        first.cancel()
        visitor.publisher.replies["/robots.txt"].wait.set()
        return await second

    assert visitor.run(scenario) is not None
    assert visitor.publisher.paths == ["/robots.txt"] * 2


def test_many_sites(visitor: Visitor) -> None:
    """Every site is asked for rules of its own: another port, another scheme, another host."""
    visitor.publisher.say("/robots.txt", NO)
    here = visitor.publisher.url("/private/a")
    assert None not in visitor.visit(here, here.replace("127.0.0.1", "site-a.com"), here.replace("http:", "https:"))
    assert visitor.publisher.paths == ["/robots.txt"] * 2
