"""What a document goes on in, asked of a publisher on loopback with the real client and the real parsers."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from aggregator.config.settings import FeedSettings, Network
from aggregator.errors import NotAFeed, TimedOut
from aggregator.fetch.client import Ask, Client
from aggregator.gathering import Means, gather
from aggregator.indexes import ChildSitemap
from aggregator.model import Document, FeedState, Fetched, Header, Item, Link, Request, RequestKind
from aggregator.parse.page import parse_page
from aggregator.parse.sitemap import parse_sitemap
from aggregator.restraint import Resting
from aggregator.settle import Result

if TYPE_CHECKING:
    from collections.abc import Callable

NOW = datetime(2026, 1, 7, tzinfo=UTC)
SITE = "https://www.example.org"


def page(number: int, following: str) -> bytes:
    """Return a page of a list that names the next one."""
    articles = "".join(
        f'<article><h2><a href="/news/{number}-{n}">Story {number}-{n}</a></h2></article>' for n in "abc"
    )
    return f"<html><body><main>{articles}</main><a rel=next href='{following}'>on</a></body></html>".encode()


def urlset(*paths: str) -> bytes:
    """Return a sitemap."""
    return f"<urlset>{''.join(f'<url><loc>{path}</loc></url>' for path in paths)}</urlset>".encode()


async def read(fetched: Fetched) -> Document:
    """Parse an answer as its content is."""
    told = {"url": fetched.url, "content_type": None, "received": NOW}
    if fetched.body.startswith(b"<html"):
        return parse_page(fetched.body, selectors=None, **told)
    found = parse_sitemap(fetched.body, **told)
    return replace(found.document, header=replace(found.document.header, sitemaps=found.children))


class Reading:
    """One poll of a source whose first document names others."""

    def __init__(self, url: str, document: Document | None, **fields: Any) -> None:
        self.source = FeedSettings(url=url, **{"kind": "sitemap", **fields})
        self.feed = FeedState(1, url, url, kind=self.source.kind, private=self.source.private)
        self.document = document
        self.asked: list[Ask] = []

    def result(self) -> Result:
        """Return what asking for the first document came to."""
        request = Request(1, RequestKind.POLL, self.feed, "")
        status = 304 if self.document is None else 200
        return Result(request, NOW, Fetched(self.source.url, status, NOW), self.document, body_hash="x")

    def gather(self, answer: Callable[[Ask], Fetched] | None = None, **options: Any) -> Result:
        """Gather; without `answer` servers are asked."""

        async def play() -> Result:
            network = Network(allow_private=("127.0.0.0/8",), timeout=timedelta(seconds=5))
            async with Client(network, clock=lambda: NOW) as client:

                async def get(ask: Ask) -> Fetched:
                    self.asked.append(ask)
                    return await client.get(ask) if answer is None else answer(ask)

                means = Means(Ask(self.source.url, headers=self.source.headers), get, read)
                return await gather(self.result(), self.source, means, **options)

        return asyncio.run(play())


def index(*children: str, **dates: datetime) -> Document:
    """Return an index of sitemaps."""
    named = tuple(ChildSitemap(url, dates.get(url.rpartition("/")[2])) for url in children)
    return Document(Header(sitemaps=named), (), format="sitemapindex")


def listing(url: str, following: str) -> Document:
    """Return the first page of a list."""
    return Document(Header(links=(Link(url), Link(following, rel="next"))), (Item("First", link=f"{url}/1"),))


def titles(result: Result) -> list[str]:
    """Return the titles of what was gathered."""
    assert result.document is not None
    return [item.title for item in result.document.items]


def test_a_list_is_followed(publisher: Any) -> None:
    """Pages make one document in their order, until there are as many as is wanted."""
    publisher.say("/2", page(2, "/3"))
    publisher.say("/3", page(3, "/4"))
    reading = Reading(publisher.url("/1"), listing(publisher.url("/1"), publisher.url("/2")), kind="page", pages=3)
    result = reading.gather()
    assert titles(result) == ["First", *(f"Story {number}-{n}" for number in (2, 3) for n in "abc")]
    assert (publisher.paths, result.body_hash) == (["/2", "/3"], "x")


@pytest.mark.parametrize("following", ["/1", "/2", "http://localhost:9/3", "ftp://127.0.0.1/3", "https://127.0.0.1/3"])
def test_where_a_list_ends(publisher: Any, following: str) -> None:
    """A page that was read, and one on another host, are not asked for."""
    publisher.say("/2", page(2, following))
    reading = Reading(publisher.url("/1"), listing(publisher.url("/1"), publisher.url("/2")), kind="page", pages=9)
    assert len(titles(reading.gather())) == 4
    assert publisher.paths == ["/2"]


def test_a_page_that_leads_back(publisher: Any) -> None:
    """A redirect to a page that was read is the end of the list."""
    publisher.say("/2", status=302, Location="/1")
    publisher.say("/1", page(1, "/2"))
    reading = Reading(publisher.url("/1"), listing(publisher.url("/1"), publisher.url("/2")), kind="page", pages=9)
    assert titles(reading.gather()) == ["First"]
    assert publisher.paths == ["/2", "/1"]


def test_what_children_list_is_one_document(publisher: Any) -> None:
    """Addresses count once; what was read is remembered with its date and its validators, under the child's title."""
    publisher.say("/a", urlset("/x", "/y"), ETag='"a"')
    publisher.say("/b", urlset("/y", "/z"))
    reading = Reading(publisher.url("/i"), index(publisher.url("/a"), publisher.url("/b"), a=NOW))
    result = reading.gather()
    assert result.document is not None
    assert sorted(item.link or "" for item in result.document.items) == [publisher.url(f"/{name}") for name in "xyz"]
    kept = {child.url[-1]: (child.updated, child.etag) for child in result.document.header.sitemaps}
    assert kept == {"a": (NOW, '"a"'), "b": (None, None)}


def test_the_second_time(publisher: Any) -> None:
    """Only children that may have changed are asked, with validators; when none did, there is no new document."""
    publisher.say("/a", urlset("/x"), ETag='"a"')
    publisher.say("/b", urlset("/y"), ETag='"b"')
    reading = Reading(publisher.url("/i"), index(publisher.url("/a"), publisher.url("/b"), a=NOW))
    first = reading.gather().document
    assert first is not None
    reading.feed = replace(reading.feed, header=first.header, last_success=NOW)
    publisher.say("/b", status=304)
    for document in (reading.document, None):
        reading.document = document
        result = reading.gather()
        assert (result.document, result.body_hash) == (None, "x")
    assert publisher.paths[2:] == ["/b", "/b"]
    assert [headers["if-none-match"] for _, headers in publisher.asked[2:]] == ['"b"', '"b"']
    publisher.say("/b", urlset("/y"))
    reading.gather(refetch=True)
    assert "if-none-match" not in publisher.asked[-1][1]


def test_an_index_that_did_not_change_and_nothing_without_dates(publisher: Any) -> None:
    """Then nothing more is asked."""
    reading = Reading(publisher.url("/i"), None)
    reading.feed = replace(reading.feed, header=index(publisher.url("/a"), a=NOW).header)
    assert reading.gather() == replace(reading.result(), document=None)
    assert publisher.paths == []


def test_a_plain_sitemap_and_a_feed_stay_as_they_are() -> None:
    """What names no further document is complete; so is what failed."""
    plain = Document(Header(), (Item("x"),))
    for reading in (Reading(f"{SITE}/s.xml", plain), Reading(f"{SITE}/feed", plain, kind="feed")):
        assert reading.gather() == reading.result()
        assert reading.asked == []
    failed = replace(reading.result(), error=TimedOut("late"))
    means = Means(Ask(SITE), None, None)  # type: ignore[arg-type]
    assert asyncio.run(gather(failed, reading.source, means)) is failed


def test_secrets_stay_at_home() -> None:
    """Headers go to the source's own origin; elsewhere on the site without them, and to public addresses only."""
    reading = Reading(f"{SITE}/i", index(f"{SITE}/a", "https://cdn.example.org/b"), headers={"X-Key": "secret"})
    reading.gather(lambda ask: Fetched(ask.url, 200, NOW, urlset(f"{SITE}/{ask.url[-1]}")))
    own, other = sorted(reading.asked, key=lambda ask: ask.url, reverse=True)
    assert (own.headers, own.outside) == ({"X-Key": "secret"}, None)
    assert (other.headers, other.outside) == ({}, "www.example.org")


def test_a_private_source_stays_on_its_host() -> None:
    """What it names elsewhere is not asked for, and that is told."""
    reading = Reading(f"{SITE}/i", index(f"{SITE}/a", "https://cdn.example.org/b"), private=True)
    result = reading.gather(lambda ask: Fetched(ask.url, 200, NOW, urlset(f"{SITE}/x")))
    assert [ask.url for ask in reading.asked] == [f"{SITE}/a"]
    assert result.document is not None
    assert "not one that this source may lead to" in result.document.notices[0]


@pytest.mark.parametrize("status", [429, 503])
def test_a_server_that_wants_to_be_left_alone(publisher: Any, status: int) -> None:
    """Nothing more is asked of it; what was read is kept, what was not is asked for next time, and the rest is told."""
    publisher.say("/c", urlset("/x"))
    publisher.say("/b", b"", status=status)
    reading = Reading(publisher.url("/i"), index(*(publisher.url(f"/{name}") for name in "abc")))
    result = reading.gather()
    assert publisher.paths == ["/c", "/b"]
    assert result.refused is not None
    assert (result.refused.status, result.body_hash) == (status, None)
    assert result.document is not None
    assert result.document.cut_short
    assert result.document.notices[0].startswith(f"2 of the sitemaps that it names could not be read: {status}")


def test_what_fails_alone(publisher: Any) -> None:
    """A missing child, one that is none, and one that leads to another site cost nothing but themselves."""
    publisher.say("/a", urlset("/x"))
    publisher.say("/c", b"<html><body>no</body></html>")
    publisher.say("/d", status=302, Location=publisher.url("/a").replace("127.0.0.1", "localhost"))
    reading = Reading(publisher.url("/i"), index(*(publisher.url(f"/{name}") for name in "abcd")))
    result = reading.gather()
    assert len(titles(result)) == 1
    assert result.refused is None
    assert result.document is not None
    assert result.document.notices[0].startswith("3 of the sitemaps")
    assert "It leads to another site." in result.document.notices[0]


@pytest.mark.parametrize("error", [TimedOut("late."), Resting(NOW)])
def test_none_can_be_had(error: Exception) -> None:
    """A server that does not answer, or whose site rests, is asked once; an index of nothing is a failure."""

    def answer(_: Ask) -> Fetched:
        raise error

    reading = Reading(f"{SITE}/i", index(f"{SITE}/a", f"{SITE}/b"))
    result = reading.gather(answer)
    assert len(reading.asked) == 1
    assert (result.document, result.body_hash) == (None, None)
    assert result.error is not None
    assert result.error.message.startswith("None of the 2 sitemaps")


def test_more_than_is_kept() -> None:
    """Of more than a thousand items the newest are kept, and it is said."""

    def answer(ask: Ask) -> Fetched:
        return Fetched(ask.url, 200, NOW, urlset(*(f"{SITE}/{ask.url[-1]}/{number}" for number in range(700))))

    result = Reading(f"{SITE}/i", index(f"{SITE}/a", f"{SITE}/b")).gather(answer)
    assert len(titles(result)) == 1000
    assert result.document is not None
    assert result.document.notices == ("it lists 1400 items; the newest 1000 were kept",)
    assert (result.body_hash, result.document.cut_short) == ("x", False)


def not_a_feed(*places: str) -> Reading:
    """Return a source whose address answers with a page that names these places of feeds."""
    reading = Reading(f"{SITE}/", None, kind="feed")
    error = NotAFeed("It is a page.", "", places)
    reading.result = lambda: replace(Reading.result(reading), error=error, body_hash=None)  # type: ignore[method-assign]
    return reading


def test_the_feed_of_a_page() -> None:
    """Places are asked in order until one is a feed; none in our own network, nor one that is less secure."""

    def answer(ask: Ask) -> Fetched:
        return Fetched(ask.url, 200 if ask.url.endswith("c") else 404, NOW, urlset(f"{SITE}/x"))

    reading = not_a_feed(
        "http://127.0.0.1/a", "ftp://x.example.org/a", f"{SITE}/b", "http://www.example.org/c", f"{SITE}/d"
    )
    result = reading.gather(answer)
    assert [ask.url for ask in reading.asked] == [f"{SITE}/b", f"{SITE}/c"]
    assert (result.error, result.found_at, len(titles(result))) == (None, f"{SITE}/c", 1)


@pytest.mark.parametrize(("status", "asked"), [(404, 2), (429, 1)])
def test_a_page_without_a_feed(status: int, asked: int) -> None:
    """Its error stays; a server that is annoyed is not asked for other places."""
    reading = not_a_feed(f"{SITE}/a", f"{SITE}/b")
    result = reading.gather(lambda ask: Fetched(ask.url, status, NOW))
    assert (len(reading.asked), type(result.error)) == (asked, NotAFeed)
    assert (result.refused is not None) is (status == 429)


def test_who_is_not_searched() -> None:
    """A source that was a feed once may be a page for an hour; whoever looks for feeds himself wants none found."""
    reading = not_a_feed(f"{SITE}/a")
    reading.gather(search=False)
    reading.feed = replace(reading.feed, last_success=NOW)
    reading.gather()
    assert reading.asked == []
