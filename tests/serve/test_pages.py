from __future__ import annotations

import contextlib
import re
import sqlite3
import time
from dataclasses import replace
from datetime import UTC, datetime
from html.parser import HTMLParser
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest

from aggregator.config.settings import OutputSettings, Settings
from aggregator.model import Item
from aggregator.publish.manifest import Manifest
from aggregator.store.sqlite.store import SqliteStore

if TYPE_CHECKING:
    from conftest import Client, World

PAGES = ("/", "/subscribe", "/sources")
SECRETS = ("hush", "inside.example", "Secret Letters", "Between us", "s3cret-token", "Agents only")


class _Tags(HTMLParser):
    """Gathers tags with their attributes."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def of(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.found if name == tag]


@pytest.mark.parametrize("path", PAGES)
def test_page_needs_no_script_and_loads_nothing_from_elsewhere(client: Client, path: str) -> None:
    """Every page is HTML under a policy that allows only our style sheet and images, which exist."""
    answer = client.get(path)
    assert (answer.status, answer["Content-Type"]) == (200, "text/html; charset=utf-8")
    policy = answer["Content-Security-Policy"] or ""
    assert "default-src 'none'" in policy
    assert "script-src" not in policy
    assert "unsafe" not in policy
    tags = _Tags(answer.text)
    assert {tag for tag, _ in tags.found}.isdisjoint({"script", "style", "iframe", "img", "form"})
    assert not any(name.startswith("on") or name == "style" for _, attributes in tags.found for name in attributes)
    ours = {link["href"] for link in tags.of("link") if link["rel"] in ("stylesheet", "icon")}
    assert ours == {"static/style.css", "static/icon.svg"}
    for href in ours:
        assert client.get(f"/{href}").status == 200


@pytest.mark.parametrize("path", PAGES)
def test_page_is_accessible(client: Client, path: str) -> None:
    """Every page has a language, one title, one h1, headings without gaps, landmarks, and a way past the navigation."""
    tags = _Tags(client.get(path).text)
    assert tags.of("html") == [{"lang": "en"}]
    assert {"name": "viewport", "content": "width=device-width, initial-scale=1"} in tags.of("meta")
    assert len(tags.of("h1")) == len(tags.of("main")) == len(tags.of("title")) == 1
    levels = [int(tag[1]) for tag, _ in tags.found if re.fullmatch("h[1-6]", tag)]
    assert all(below <= above + 1 for above, below in pairwise(levels))
    assert tags.of("a")[0]["href"] == "#main"
    assert sum("aria-current" in link for link in tags.of("a")) == 1


@pytest.mark.parametrize("path", PAGES)
def test_page_leads_readers_to_the_public_feeds(client: Client, path: str) -> None:
    """Feed readers that are given a page find every public output in every format, by addresses that answer."""
    alternates = [link for link in _Tags(client.get(path).text).of("link") if link["rel"] == "alternate"]
    found = [(link["type"], link["href"]) for link in alternates]
    assert found[0] == ("application/atom+xml", "all.atom")
    assert {href for _, href in found} == {
        f"{name}.{ending}" for name in ("all", "french") for ending in ("atom", "rss", "json")
    }
    for media_type, href in found:
        assert (client.get(f"/{href}")["Content-Type"] or "").startswith(media_type or "?")


@pytest.mark.parametrize("path", [*PAGES, "/sources.opml", "/all.atom", "/all.json", "/french.rss"])
def test_nothing_private_is_shown(client: Client, path: str) -> None:
    """Neither names, nor addresses, nor entries of private sources and outputs are on anything public."""
    text = client.get(path).text
    assert not [secret for secret in SECRETS if secret in text]


def test_front_page_shows_news_by_day(client: Client) -> None:
    """Entries stand under their day, newest first, with source, language and link; what publishers wrote is text."""
    text = client.get("/").text
    tags = _Tags(text)
    assert len(tags.of("h3")) == 2
    assert text.index("friends") < text.index("Click me") < text.index("Un petit")
    assert "Small model &lt;script&gt;alert(1)&lt;/script&gt; &amp; friends" in text
    assert "It is small." in text
    assert "The Daily Tensor" in text
    assert {"lang": "fr-CA", "dir": "auto"} in tags.of("h4")
    outside = [link for link in tags.of("a") if (link["href"] or "").startswith("https://news.example/")]
    assert len(outside) == 2
    assert all(link["rel"] == "noopener noreferrer nofollow" for link in outside)
    assert "javascript:" not in text


def test_subscribe_page_shows_addresses_of_the_site(client: Client) -> None:
    """The addresses to copy are those of site.url, whatever host was asked; links stay relative."""
    text = client.get("/subscribe", {"Host": "evil.test", "X-Forwarded-Host": "evil.test"}).text
    assert "https://news.test/sub/all.atom" in text
    assert "https://news.test/sub/french.json" in text
    assert "evil" not in text
    assert {"href": "all.rss", "type": "application/rss+xml"} in _Tags(text).of("a")


def test_sources_page_tells_how_sources_are_doing(client: Client) -> None:
    """State, last success, next poll with its reason, error and remedy; a private source keeps its name to itself."""
    text = client.get("/sources").text
    assert text.count('<span class="state">ok</span>') == 2
    assert text.count('<span class="state">failing</span>') == 1
    assert "https://broken.example/ answered 503 &lt;img src=x&gt;. Ask its operator." in text
    assert "failure 1 in a row" in text
    assert "Private source" in text


def test_error_of_a_private_source_is_not_told(own_client: Client, world: World) -> None:
    """The message of a failure may hold the address: a private source only says that it failed."""
    world.poll("https://inside.example/feed?key=hush", error="https://inside.example/feed?key=hush answered 403.")
    text = own_client.get("/sources").text
    assert not [secret for secret in SECRETS if secret in text]
    assert "The last poll failed." in text


def test_sources_page_tells_of_lists(own_client: Client, world: World) -> None:
    """A remote list stands there with its error; of a private one only that there is one, and that it fails."""
    now = datetime.now(UTC)
    store = SqliteStore(world.database)
    with contextlib.closing(store), store.transaction() as tx:
        tx.lists.sync({"https://lists.example/a": False, "https://inside.example/list?hush": True}, now)
        for state in tx.lists.all():
            failed = replace(state, errors=1, error=f"{state.address}: 404 <b>.", remedy="Check it.", next_at=now)
            tx.lists.record(replace(failed, title="Secret Letters" if state.private else "", last_success=now))
    text = own_client.get("/sources").text
    assert not [secret for secret in SECRETS if secret in text]
    assert "https://lists.example/a: 404 &lt;b&gt;. Check it." in text
    assert "Private list" in text
    assert "The last reading failed." in text


def test_front_page_keeps_quiet_when_the_main_feed_is_private(own_client: Client, world: World) -> None:
    """With a token on `all`, its entries, its addresses and what it says of the site are for its readers only."""
    world.settings = Settings(
        feeds=world.settings.feeds, outputs=(OutputSettings(name="all", title="Hidden title", token="t0ken-of-all"),)
    )
    world.publish()
    answer = own_client.get("/")
    assert answer.status == 200
    assert "friends" not in answer.text
    assert "Hidden title" not in answer.text
    assert "t0ken" not in answer.text


def test_source_that_was_made_private_disappears(own_client: Client, world: World) -> None:
    """What a source told while it was public is not shown any more once it is private."""
    before = own_client.get("/").text
    assert "friends" in before
    feeds = tuple(
        feed.model_copy(update={"private": True}) if feed.url == "https://news.example/feed" else feed
        for feed in world.settings.sources.values()
    )
    world.settings = Settings(feeds=feeds, outputs=world.settings.outputs)
    world.poll("https://broken.example/", error="503")
    time.sleep(1.1)  # for so long a page stands
    assert "friends" not in own_client.get("/").text


def test_pages_follow_the_database(own_client: Client, world: World) -> None:
    """News are on the front page a second later, under a new ETag; until then the page is 304."""
    first = own_client.get("/")
    assert own_client.get("/", {"If-None-Match": first["ETag"] or ""}).status == 304
    world.poll("https://news.example/feed", [Item(title="Breaking", guid="new", link="https://news.example/new")])
    deadline = time.monotonic() + 5
    while "Breaking" not in (again := own_client.get("/", {"If-None-Match": first["ETag"] or ""})).text:
        assert time.monotonic() < deadline
        time.sleep(0.1)
    assert again["ETag"] != first["ETag"]


def test_pages_are_compressed_and_answer_head(client: Client) -> None:
    """Pages take part in what feeds do: gzip under its own ETag, HEAD without content, 405 with Allow."""
    plain, small = client.get("/sources"), client.get("/sources", {"Accept-Encoding": "gzip"})
    assert small["Content-Encoding"] == "gzip"
    assert small["ETag"] != plain["ETag"]
    head = client.get("/sources", method="HEAD")
    assert (head.status, head.body, head["Content-Length"]) == (200, b"", plain["Content-Length"])
    refused = client.get("/sources", method="POST")
    assert refused.status == 405
    assert {method.strip() for method in (refused["Allow"] or "").split(",")} == {"GET", "HEAD"}


@pytest.mark.parametrize(
    "path",
    [
        "/<script>alert(1)</script>",
        "/%3Cscript%3E?q=<script>",
        "/sources/",
        "//evil.test/",
        "/\\evil.test",
        "/static/../app.py",
        "/%00",
    ],
)
def test_error_is_plain_text_that_repeats_nothing(client: Client, path: str) -> None:
    """An unknown address is 404 in plain text under the policy, without an echo and without a redirect."""
    answer = client.get(path, {"Host": "evil.test"})
    assert answer.status == 404
    assert answer["Content-Type"] == "text/plain; charset=utf-8"
    assert answer.body == b"404 Not Found\n"
    assert "default-src 'none'" in (answer["Content-Security-Policy"] or "")
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Location"] is None


def test_unreadable_database_leaves_the_feeds(own_client: Client, world: World) -> None:
    """Pages say 503 without naming the file; feeds are served all the same, and pages return with the database."""
    kept = world.database.read_bytes()
    for leftover in world.folder.glob("aggregator.db*"):
        leftover.unlink()
    world.database.write_bytes(b"")
    answer = own_client.get("/")
    assert answer.status == 503
    assert str(world.folder) not in answer.text
    assert own_client.get("/all.atom").status == 200
    restored = world.folder / "restored"
    restored.write_bytes(kept)
    restored.replace(world.database)
    assert own_client.get("/").status == 200


def test_mistake_of_ours_is_500_without_details(own_client: Client, world: World) -> None:
    """Whatever goes wrong inside is told in plain text, under the policy, without saying what; the server goes on."""
    with contextlib.closing(sqlite3.connect(world.database)) as database:
        database.execute("ALTER TABLE release RENAME TO elsewhere")
    answer = own_client.get("/")
    assert (answer.status, answer.body) == (500, b"500 Internal Server Error\n")
    assert "default-src 'none'" in (answer["Content-Security-Policy"] or "")
    assert own_client.get("/all.atom").status == 200


def test_pages_of_an_empty_house(own_client: Client, world: World) -> None:
    """Before the first poll, without database and renditions, every page says so in words."""
    for leftover in world.folder.glob("aggregator.db*"):
        leftover.unlink()
    world.renditions.write_manifest(Manifest())
    assert "Nothing is published yet" in own_client.get("/").text
    assert "Nothing is published yet" in own_client.get("/subscribe").text
    assert "no sources yet" in own_client.get("/sources").text
