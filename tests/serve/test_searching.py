"""A search as a feed."""

from __future__ import annotations

import json
import re
import time
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import feedparser
import pytest

from aggregator.config.settings import Settings
from aggregator.model import Item
from aggregator.serve.reader import Reader

if TYPE_CHECKING:
    from conftest import Client, World

NEWS = "https://news.example/feed"
TYPES = {"atom": "application/atom+xml; charset=utf-8", "rss": "application/rss+xml; charset=utf-8", "json": "application/feed+json"}  # fmt: skip


def titles(client: Client, query: str) -> list[str]:
    """Return the titles of what a search finds."""
    answer = client.get(f"/search.atom?q={quote(query)}")
    assert answer.status == 200, answer.text
    return [entry.title for entry in feedparser.parse(answer.body).entries]


def test_a_search_is_a_feed(client: Client) -> None:
    """It has the matching entries, an id of its own, its address, summaries only, and no hub."""
    answer = client.get("/search.atom?q=small+MODEL")
    feed = feedparser.parse(answer.body)
    assert [entry.link for entry in feed.entries] == ["https://news.example/one"]
    assert feed.feed.title == "Model News: “small MODEL”"
    assert feed.feed.id.startswith("urn:uuid:")
    links = [(link.rel, link.href) for link in feed.feed.links]
    assert links == [
        ("alternate", "https://news.test/sub/"),
        ("self", "https://news.test/sub/search.atom?q=small+MODEL"),
    ]
    assert "content" not in feed.entries[0]
    assert answer["Cache-Control"] == "public, max-age=300"
    assert b"xml-stylesheet" in answer.body


@pytest.mark.parametrize("ending", TYPES)
def test_it_has_the_formats_of_an_output(own_client: Client, ending: str) -> None:
    """Each format has its exact type, is shown as XML to who navigates there, is compressed, and answered with 304."""
    path = f"/search.{ending}?q=petit"
    answer = own_client.get(path)
    assert (answer.status, answer["Content-Type"]) == (200, TYPES[ending])
    shown = own_client.get(path, {"Sec-Fetch-Dest": "document"})["Content-Type"]
    assert shown == (TYPES[ending] if ending == "json" else "application/xml; charset=utf-8")
    assert answer["Vary"] == "Accept-Encoding, Sec-Fetch-Dest, Sec-Fetch-Mode"
    assert own_client.get(path, {"Accept-Encoding": "gzip"})["Content-Encoding"] == "gzip"
    again = own_client.get(path, {"If-None-Match": answer["ETag"] or ""})
    assert (again.status, again.body, again["Cache-Control"]) == (304, b"", "public, max-age=300")
    assert own_client.get(path, method="HEAD").body == b""
    assert own_client.get(path, method="POST").status == 405
    if ending == "json":
        assert json.loads(answer.body)["feed_url"] == "https://news.test/sub/search.json?q=petit"


def test_same_rows_same_bytes(own_client: Client) -> None:
    """The bytes hang on rows and query alone: blanks around and between its words make no other feed."""
    first = own_client.get("/search.atom?q=small+model")
    time.sleep(0.01)
    again = own_client.get("/search.atom?q=%20small%20%0A%20model%20")
    assert (first.body, first["ETag"]) == (again.body, again["ETag"])
    other = own_client.get("/search.atom?q=small")
    identifiers = [re.search("<id>(urn:uuid:[^<]*)</id>", answer.text) for answer in (first, other)]
    assert len({found[1] for found in identifiers if found}) == 2


def test_what_is_not_public_is_not_found(own_client: Client, world: World) -> None:
    """Neither entries of private sources nor of outputs with a token alone are found."""
    assert titles(own_client, "between us") == []
    assert titles(own_client, "click me") == ["Click me"]
    secret = tuple(output.model_copy(update={"token": "another-token"}) for output in world.settings.outputs)
    world.settings = Settings(site=world.settings.site, feeds=world.settings.feeds, outputs=secret)
    world.publish()
    assert titles(own_client, "click") == []


def test_news_are_found(own_client: Client, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """An entry released later is in the feed as soon as the kept answer is old; the newest are chosen, at most fifty."""
    monkeypatch.setattr("aggregator.serve.searching._FRESH", -1)
    before = titles(own_client, "breaking")
    world.poll(NEWS, [Item(title=f"Breaking {n}", guid=f"b{n}", link=f"https://news.example/b{n}") for n in range(15)])
    assert before == []
    assert len(titles(own_client, "breaking")) == 15
    monkeypatch.setattr("aggregator.publish.searches.MOST", 4)
    assert len(titles(own_client, "breaking")) == 4


@pytest.mark.parametrize("query", ["", "q=", "q=%20%09", "q=" + "x" * 201, "p=x"])
def test_no_query_and_a_long_one_are_refused(client: Client, query: str) -> None:
    """Without words to look for, or with too many, the answer says how to ask, and repeats nothing."""
    answer = client.get(f"/search.atom?{query}")
    assert (answer.status, answer["Cache-Control"]) == (400, "no-store")
    assert "/search.atom?q=" in answer.text
    assert "xxx" not in answer.text


HOSTILE = [
    '"', "'", "NOT", 'a" OR "b', "title:x", "x*", "^x", "NEAR(a, 2)", "{title} : x", "-x", "x;--", "\x00", "\x01\x1b[31m",
    "<script>alert(1)</script>", "]]>", "&amp;", "%s%n", "\u202e", "\ufffe", "🦙" * 100, "--", "{{7*7}}",
]  # fmt: skip


@pytest.mark.parametrize("query", HOSTILE)
def test_any_text_is_a_query(own_client: Client, query: str) -> None:
    """Operators, markup and control characters are words to look for, and never make a broken document."""
    for ending in ("atom", "rss", "json"):
        answer = own_client.get(f"/search.{ending}?q={quote(query)}")
        assert answer.status in (200, 400)
        if answer.status == 200:
            assert b"<script" not in answer.body or ending == "json"
            assert feedparser.parse(answer.body).bozo is False or ending == "json"


def test_bytes_that_are_no_text(client: Client) -> None:
    """What is no UTF-8 is looked for as far as it is text."""
    assert client.get("/search.atom?q=%ff%fe%c0model").status == 200


def test_who_asks_too_often_is_told_when_to_come_back(own_client: Client) -> None:
    """New searches have a rate; answers that are kept cost nothing, and the rest of the server goes on."""
    answers = [own_client.get(f"/search.atom?q=word{number}") for number in range(25)]
    refused = [answer for answer in answers if answer.status == 429]
    assert refused
    assert answers[0].status == 200
    assert int(refused[0]["Retry-After"] or 0) >= 1
    assert own_client.get("/search.atom?q=word0").status == 200
    assert own_client.get("/all.atom").status == 200


def test_a_search_that_takes_long_is_given_up(own_client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """A database that does not answer in time costs one client a 503, and pages do not wait for it."""
    monkeypatch.setattr("aggregator.serve.searching._PATIENCE", 0.05)
    read = Reader._read

    def slowly(self: Reader, work: Any) -> Any:
        if isinstance(work, partial):
            time.sleep(0.5)
        return read(self, work)

    monkeypatch.setattr(Reader, "_read", slowly)
    answer = own_client.get("/search.atom?q=slow")
    assert (answer.status, answer["Retry-After"]) == (503, "60")
    assert own_client.get("/sources").status == 200
