"""Deltas (RFC 3229) and the newest of a document."""

from __future__ import annotations

import gzip
import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from lxml import etree

from aggregator.model import Item
from aggregator.serve.document import Document
from aggregator.serve.versions import Versions

if TYPE_CHECKING:
    from conftest import Answer, Client, World

NEWS = "https://news.example/feed"
DELTA = {"A-IM": "feed", "Accept-Encoding": "gzip"}
ENTRIES = {"atom": "{http://www.w3.org/2005/Atom}entry", "rss": "channel/item"}
TITLES = {"atom": "{http://www.w3.org/2005/Atom}title", "rss": "title"}


def tell(world: World, *numbers: int, text: str = "As it was.") -> None:
    """Let a source list entries of these numbers; publish."""
    items = [
        Item(
            title=f"Breaking {number}",
            guid=f"b{number}",
            link=f"https://news.example/b{number}",
            summary=f"<p>{text}</p>",
            published=datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=90 - number),
        )
        for number in numbers
    ]
    world.poll(NEWS, items)
    world.publish()


def titles(body: bytes, ending: str) -> list[str]:
    """Return the titles of a document's entries."""
    entries = etree.fromstring(body).findall(ENTRIES[ending])
    return [str(entry.findtext(TITLES[ending])) for entry in entries]


def since(client: Client, path: str, known: Answer, **more: str) -> Answer:
    """Ask for what is new since an answer."""
    return client.get(path, {**DELTA, "If-None-Match": str(known["ETag"]), **more})


@pytest.mark.parametrize("ending", ENTRIES)
def test_only_what_is_new_is_sent(own_client: Client, world: World, ending: str) -> None:
    """226 with the new and the changed entries, the current tag, and words that keep ordinary caches from storing it."""
    path = f"/all.{ending}"
    tell(world, 1, 2)
    first = own_client.get(path, DELTA)
    assert (first.status, first["IM"]) == (200, None)
    tell(world, 2, 3, text="It was edited, and says something else altogether now.")
    whole = own_client.get(path, {"Accept-Encoding": "gzip"})
    news = since(own_client, path, first)
    assert (news.status, news["IM"], news["Cache-Control"]) == (226, "feed", "no-store, im")
    assert news["ETag"] == whole["ETag"] != first["ETag"]
    assert {"A-IM", "If-None-Match", "Accept-Encoding"} <= set((news["Vary"] or "").split(", "))
    assert news["Content-Type"] == whole["Content-Type"]
    assert titles(gzip.decompress(news.body), ending) == ["Breaking 3", "Breaking 2"]
    assert len(titles(gzip.decompress(whole.body), ending)) > 3
    assert int(news["Content-Length"] or 0) == len(news.body) < len(whole.body)
    assert since(own_client, path, news).status == 304
    assert own_client.get(path, {"A-IM": "feed"}).status == 200


def test_a_client_with_deltas_sees_what_others_see(own_client: Client, world: World) -> None:
    """Over many versions, whichever it takes, deltas add up to all entries of the whole document."""
    known = own_client.get("/all.atom", DELTA)
    seen = set(titles(gzip.decompress(known.body), "atom"))
    for number in range(1, 9):
        tell(world, number, number + 1)
        if number % 3 == 0:
            known = since(own_client, "/all.atom", known)
            assert known.status == 226
            seen |= set(titles(gzip.decompress(known.body), "atom"))
        else:
            own_client.get("/all.atom")
    known = since(own_client, "/all.atom", known)
    seen |= set(titles(gzip.decompress(known.body), "atom"))
    assert seen == set(titles(own_client.get("/all.atom").body, "atom"))


@pytest.mark.parametrize(
    "headers",
    [
        {"If-None-Match": '"of long ago"'},
        {"A-IM": "feed;q=0"},
        {"A-IM": "vcdiff, gzip"},
        {"If-None-Match": "*, rubbish"},
        {"User-Agent": "feedparser/6.0.10 +https://github.com/kurtmckee/feedparser/"},
    ],
)
def test_who_cannot_be_helped_gets_all(own_client: Client, world: World, headers: dict[str, str]) -> None:
    """Unknown tags, other manipulations, rubbish, and a library that asks unasked are answered in full."""
    first = own_client.get("/all.atom", DELTA)
    tell(world, 1)
    answer = since(own_client, "/all.atom", first, **headers)
    assert (answer.status, answer["IM"]) == (200, None)
    assert answer["Cache-Control"] == "public, max-age=300"


def test_deltas_are_for_get_of_xml(own_client: Client, world: World) -> None:
    """HEAD, and JSON Feed, for which nobody has defined them, are answered as ever."""
    known = {path: own_client.get(path, DELTA) for path in ("/all.atom", "/all.json")}
    tell(world, 1)
    head = own_client.get("/all.atom", {**DELTA, "If-None-Match": str(known["/all.atom"]["ETag"])}, method="HEAD")
    assert (head.status, since(own_client, "/all.json", known["/all.json"]).status) == (200, 200)


def test_weak_and_several_tags(own_client: Client, world: World) -> None:
    """The latest known version of a list counts, in whatever coding it was had and however it is compared."""
    first = own_client.get("/all.atom")
    tell(world, 1)
    second = own_client.get("/all.atom", {"Accept-Encoding": "gzip"})
    tell(world, 2)
    both = {"A-IM": "feed", "If-None-Match": f'W/{second["ETag"]}, "x", {first["ETag"]}'}
    assert titles(own_client.get("/all.atom", both).body, "atom") == ["Breaking 2"]


def document(*numbers: int) -> Document:
    """Return a document with entries of these numbers."""
    body = b"<feed>" + b"".join(b"<entry>%d</entry>" % number for number in numbers) + b"</feed>"
    return Document(b"application/atom+xml", {"identity": body}, {"identity": f'"{numbers}"'}, ())


def test_what_is_remembered_is_bounded() -> None:
    """After many versions the first is forgotten; what comes back after it went is new again."""
    versions = Versions("atom")
    for number in range(1, 600):
        versions.succeed(document(number, number + 1))
    whole = document(599, 600)
    assert versions.delta(whole, ['"(1, 2)"']) is None
    old = versions.delta(whole, ['"(300, 301)"'])
    assert old is not None
    assert old.bodies["identity"] == whole.bodies["identity"]
    versions.succeed(document(599))
    versions.succeed(whole)
    again = versions.delta(whole, ['"(598, 599)"'])
    assert again is not None
    assert again.bodies["identity"] == b"<feed><entry>600</entry></feed>"
    for number in range(300, 599):
        versions.delta(whole, [f'"({number}, {number + 1})"'])
    assert len(versions._made) <= 16


def test_other_bytes_have_no_parts() -> None:
    """What is no document of ours is served whole."""
    versions = Versions("atom")
    other = Document(b"x/y", {"identity": b"hello"}, {"identity": '"h"'}, ())
    versions.succeed(document(1))
    versions.succeed(other)
    assert versions.delta(other, ['"(1,)"']) is None
    assert versions.newest(other, 10) is other


@pytest.mark.parametrize("ending", ["atom", "rss", "json"])
def test_the_newest_of_it(own_client: Client, world: World, ending: str) -> None:
    """?limit=10 gives the first ten, valid, with a tag of its own and 304; the same bytes in both codings."""
    for start in (1, 10):
        tell(world, *range(start, start + 15))
    path = f"/all.{ending}?limit=10"
    whole, ten = own_client.get(f"/all.{ending}"), own_client.get(path)
    assert ten.status == 200
    assert ten["ETag"] not in (None, whole["ETag"])
    for header in ("Content-Type", "Cache-Control", "Vary"):
        assert ten[header] == whole[header]
    if ending == "json":
        feed: dict[str, Any] = json.loads(ten.body)
        assert feed == {**json.loads(whole.body), "items": json.loads(whole.body)["items"][:10]}
    else:
        assert titles(ten.body, ending) == titles(whole.body, ending)[:10]
    small = own_client.get(path, {"Accept-Encoding": "gzip"})
    assert gzip.decompress(small.body) == ten.body
    assert own_client.get(path, {"If-None-Match": str(ten["ETag"])}).status == 304
    assert own_client.get(path, method="HEAD")["Content-Length"] == str(len(ten.body))


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=11", "limit=1000", "limit=", "limit", "limit=10x", "x=1", "limit=50"]
)
def test_other_numbers_are_the_whole(client: Client, query: str) -> None:
    """Only three numbers are given out; anything else, or more than there is, is the whole document."""
    assert client.get(f"/all.atom?{query}")["ETag"] == client.get("/all.atom")["ETag"]


def test_browsers_are_shown_the_newest_too(own_client: Client, world: World) -> None:
    """Who navigates there gets the type that browsers show, also of a part; other parameters do not matter."""
    tell(world, *range(1, 16))
    shown = own_client.get("/all.atom?from=bookmark&limit=10", {"Sec-Fetch-Dest": "document"})
    assert shown["Content-Type"] == "application/xml; charset=utf-8"
    assert len(titles(shown.body, "atom")) == 10
