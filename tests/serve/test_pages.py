from __future__ import annotations

import contextlib
import re
import sqlite3
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest

from aggregator.config.settings import FeedSettings, OutputSettings, Settings
from aggregator.decide.stories.relations import Relation
from aggregator.kinship import Kinship
from aggregator.model import Item
from aggregator.publish.manifest import Manifest
from aggregator.store.sqlite.store import SqliteStore
from aggregator.store.stories import Decision

if TYPE_CHECKING:
    from conftest import Client, World

PAGES = ("/", "/search", "/subscribe", "/sources")
OTHERS = ("/?tag=none", "/?language=fr", "/search?q=petit", "/sources?state=failing")
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


@pytest.mark.parametrize("path", [*PAGES, *OTHERS, "story"])
def test_page_runs_and_loads_nothing_but_ours(client: Client, path: str) -> None:
    """Every page is HTML under a policy that allows our own script, style sheet and icon, which exist; nothing inline."""
    answer = client.get(story_of(client) if path == "story" else path)
    assert (answer.status, answer["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert answer["Cache-Control"] == "public, max-age=60"
    policy = answer["Content-Security-Policy"] or ""
    assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; ")
    assert "require-trusted-types-for 'script'" in policy
    assert "unsafe" not in policy
    tags = _Tags(answer.text)
    assert {tag for tag, _ in tags.found}.isdisjoint({"style", "iframe", "img", "base"})
    assert not any(name.startswith("on") or name == "style" for _, attributes in tags.found for name in attributes)
    assert all(form["method"] == "get" for form in tags.of("form"))
    above = "../" if path == "story" else ""
    ours = {link["href"] or "" for link in tags.of("link") if link["rel"] in ("stylesheet", "icon")}
    ours |= {script["src"] or "" for script in tags.of("script")}
    assert ours == {f"{above}static/{name}" for name in ("style.css", "icon.svg", "page.js")}
    for href in ours:
        assert client.get(f"/{href.removeprefix('../')}").status == 200


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
    assert sum(link.get("aria-current") == "page" for link in tags.of("a")) == 1


@pytest.mark.parametrize("path", PAGES)
def test_page_leads_readers_to_the_public_feeds(client: Client, path: str) -> None:
    """Feed readers that are given a page find every public output in every format, by addresses that answer."""
    alternates = [link for link in _Tags(client.get(path).text).of("link") if link["rel"] == "alternate"]
    found = [(link["type"], link["href"]) for link in alternates]
    found = [one for one in found if not (one[1] or "").startswith("search.atom")]
    assert found[0] == ("application/atom+xml", "all.atom")
    assert {href for _, href in found} == {
        f"{name}.{ending}" for name in ("all", "french") for ending in ("atom", "rss", "json")
    }
    for media_type, href in found:
        assert (client.get(f"/{href}")["Content-Type"] or "").startswith(media_type or "?")


@pytest.mark.parametrize(
    "path", [*PAGES, *OTHERS, "/search?q=between", "/sources.opml", "/all.atom", "/all.json", "/french.rss"]
)
@pytest.mark.fault("T16")
def test_nothing_private_is_shown(client: Client, path: str) -> None:
    """Neither names, nor addresses, nor entries of private sources and outputs are on anything public."""
    text = client.get(path).text
    assert not [secret for secret in SECRETS if secret in text]


def test_front_page_shows_news_by_day(client: Client) -> None:
    """Entries stand under their day, newest first, with source, language and link; what publishers wrote is text."""
    text = client.get("/").text
    tags = _Tags(text)
    assert len([time for time in tags.of("section") if time.get("class") == "day"]) == 2
    assert text.index("friends") < text.index("Click me") < text.index("Un petit")
    assert "Small model &lt;script&gt;alert(1)&lt;/script&gt; &amp; friends" in text
    assert "It is small." in text
    assert "The Daily Tensor" in text
    assert {"lang": "fr-CA", "dir": "auto"} in tags.of("h3")
    outside = [link for link in tags.of("a") if (link["href"] or "").startswith("https://news.example/")]
    assert len(outside) == 2
    assert all(link["rel"] == "noopener noreferrer nofollow" for link in outside)
    assert "javascript:" not in text


def titles(client: Client, path: str) -> list[str]:
    """Return the headlines of a page."""
    return re.findall(r'<h[23] lang="[^"]*" dir="[^"]*">(?:<a [^>]*>)?([^<]*)', client.get(path).text)


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("output=french", ["Un petit modèle"]),
        ("language=fr", ["Un petit modèle"]),
        ("language=de", []),
        ("source=https://news.example/feed&language=fr", ["Un petit modèle"]),
        ("source=https://inside.example/feed?key=hush", []),
        ("source=https://nobody.example/", []),
        ("tag=none", []),
        (
            "unknown=parameter",
            ["Small model &lt;script&gt;alert(1)&lt;/script&gt; &amp; friends", "Click me", "Un petit modèle"],
        ),
    ],
)
def test_river_can_be_filtered(client: Client, query: str, found: list[str]) -> None:
    """Output, tag, language and source filter; a filter that is on can be taken away."""
    assert titles(client, f"/?{query}") == found
    assert ("remove" in client.get(f"/?{query}").text) == ("unknown" not in query)


@pytest.mark.parametrize(
    ("query", "status"),
    [("output=agents", 404), ("output=none", 404), ("before=x", 400), (f"tag={'x' * 65}", 400), ("before=1-1", 200)],
)
def test_river_refuses_nonsense(client: Client, query: str, status: int) -> None:
    """An output with a token is like one that there is none of; what is no place is said to be none."""
    assert client.get(f"/?{query}").status == status


def test_river_goes_on_page_by_page(own_client: Client, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each page leads to the one with older stories; none is left out or told twice, and the last one leads nowhere."""
    now = datetime.now(UTC)
    many = [
        Item(title=f"News {number}", guid=f"n{number}", link=f"https://news.example/n{number}",
             published=now - timedelta(minutes=number)) for number in range(90)
    ]  # fmt: skip
    world.poll("https://news.example/feed", many)
    seen: list[str] = []
    path = "/?source=https://news.example/feed"
    for _ in range(3):
        page = own_client.get(path)
        assert len(page.body) < 100_000
        seen += titles(own_client, path)
        older = re.search(r'href="\./(\?[^"]*before=[^"]*)"', page.text)
        path = "/" + (older[1].replace("&amp;", "&") if older else "")
    assert older is None
    assert len(seen) == len(set(seen))
    assert len([title for title in seen if title.startswith("News ")]) == 90


def test_no_page_is_large(own_client: Client, world: World) -> None:
    """Long titles, addresses and texts in scripts of three bytes a letter leave every page below 100 kB."""
    long = "語" * 900
    world.poll(
        "https://news.example/feed",
        [Item(title=f"{number} {long}", guid=f"l{number}", link=f"https://news.example/{number}?{'x' * 1_900}",
              content=f"<p>{long * 40} wide</p>") for number in range(60)],
    )  # fmt: skip
    for path in ("/?output=all", "/search?q=wide", story_of(own_client)):
        assert 10_000 < len(own_client.get(path).body) < 100_000


def story_of(client: Client) -> str:
    """Return the address of the first story on the front page."""
    found = re.search(r'href="(story/[0-9a-f]+)"', client.get("/").text)
    assert found is not None
    return f"/{found[1]}"


def test_story_is_shown_in_full(client: Client) -> None:
    """A story has its content, cleaned, and leads back to its source; relative addresses lead out of its folder."""
    page = client.get(story_of(client))
    assert "<p>It is <b>small</b>.</p>" in page.text
    tags = _Tags(page.text)
    assert {
        "href": "https://news.example/one",
        "rel": "noopener noreferrer nofollow",
        "dir": "ltr",
        "class": "button",
    } in tags.of("a")
    ours = [
        link["href"] or ""
        for link in (*tags.of("a"), *tags.of("link"))
        if not (link["href"] or "").startswith(("http", "#"))
    ]
    assert all(href.startswith("../") for href in ours)
    assert client.get(story_of(client), {"If-None-Match": page["ETag"] or ""}).status == 304
    images = client.get(f"{story_of(client)}?images=1")
    assert "img-src 'self' https:;" in (images["Content-Security-Policy"] or "")


def test_story_of_a_private_source_is_not_there(client: Client, published: World) -> None:
    """A key that is none, and one of what is not for everyone, have the same answer."""
    with contextlib.closing(SqliteStore(published.database, readonly=True)) as store, store.snapshot() as tx:
        (private,) = (entry.story for entry in tx.entries.all() if entry.private)
    answers = [client.get(f"/story/{key}") for key in (private, "unknown", "x" * 500, "%00", "<script>")]
    assert {(answer.status, answer.body) for answer in answers} == {
        (404, b"404 Not Found: there is no such story, or it was withdrawn.\n")
    }
    assert client.get("/story/").status == 404


def test_summaries_only_means_it(own_client: Client, world: World) -> None:
    """Where no public output publishes whole texts, a story's page has its beginning as plain text."""
    text = f"<p>It is <b>small</b>{' and so on' * 100}.</p>"
    world.poll(
        "https://news.example/feed", [Item(title="Long", guid="long", link="https://news.example/long", content=text)]
    )
    outputs = tuple(output.model_copy(update={"full_content": False}) for output in world.settings.outputs)
    world.settings = Settings(site=world.settings.site, feeds=world.settings.feeds, outputs=outputs)
    world.publish()
    page = own_client.get(story_of(own_client)).text
    assert "<b>small</b>" not in page
    assert "It is small and so on" in page
    assert page.count("and so on") < 80


def test_articles_on_one_story_stand_together(own_client: Client, world: World) -> None:
    """The river tells a story once, with who else does; its page says why each is there, and nothing of private ones."""
    with contextlib.closing(SqliteStore(world.database)) as store, store.transaction() as tx:
        entries = {entry.item.title: entry for entry in tx.entries.all()}
        first, second, private = (entries[title] for title in ("Un petit modèle", "Click me", "Between us"))
        tx.stories.decide(
            [
                Decision(first.key, first.story, "first"),
                Decision(private.key, first.story, "words/1", 2.0, first.key, ("secret",)),
                Decision(second.key, first.story, "words/1", 2.0, first.key, ("clic", "lost"),
                         relations=(Relation(Kinship.TRANSLATION, first.key),)),
            ],
            datetime.now(UTC),
        )  # fmt: skip
    river = own_client.get("/").text
    assert "Click me" not in river
    assert "Also covered by" in river
    assert "more</a>" not in river
    page = own_client.get(f"/story/{second.story}").text
    assert "A translation of it. It shares rare words with “Un petit modèle”: Click." in page
    assert not [secret for secret in (*SECRETS, "secret") if secret in page]


def test_search_page_marks_words(client: Client) -> None:
    """What was looked for is marked where it stands, as text; the search is offered as a feed and remembered in its field."""
    text = client.get("/search?q=small+script").text
    assert "<mark>Small</mark> model &lt;<mark>script</mark>&gt;" in text
    assert 'href="search.atom?q=small+script"' in text
    assert 'value="small script"' in text
    assert "One entry" in text
    assert "Nothing has all" in client.get("/search?q=nonesuch").text
    assert client.get(f"/search?q={'x' * 201}").status == 400
    assert client.get("/search?q=%22%3E%3Cscript%3E").text.count("<script") == 1


def test_searches_on_pages_have_the_rate_of_feeds(own_client: Client) -> None:
    """Pages and feeds of searches share one rate; what was made lately costs nothing."""
    statuses = [
        own_client.get(f"/search{ending}?q=w{number}").status for number in range(12) for ending in ("", ".atom")
    ]
    assert 429 in statuses
    assert own_client.get("/search?q=w0").status == 200
    assert own_client.get("/search").status == 200


def test_choosing_has_a_rate(own_client: Client) -> None:
    """Pages that are made for what a stranger chose come so many a second; the front page always comes."""
    statuses = [own_client.get(f"/?tag=t{number}").status for number in range(80)]
    assert (statuses[0], 429 in statuses) == (200, True)
    assert own_client.get("/").status == 200


def test_subscribe_page_shows_addresses_of_the_site(client: Client) -> None:
    """The addresses to copy, and those for readers on the web, are those of site.url, whatever host was asked."""
    text = client.get("/subscribe", {"Host": "evil.test", "X-Forwarded-Host": "evil.test"}).text
    assert "https://news.test/sub/all.atom" in text
    assert "evil" not in text
    assert {"href": "all.rss", "type": "application/rss+xml"} in _Tags(text).of("a")
    fields = [field["value"] for field in _Tags(text).of("input") if "data-copy" in field]
    assert fields == [f"https://news.test/sub/{name}" for name in ("all.atom", "french.atom", "sources.opml")]
    assert "https://feedly.com/i/subscription/feed/https%3A%2F%2Fnews.test%2Fsub%2Fall.atom" in text


def test_sources_page_tells_how_sources_are_doing(client: Client) -> None:
    """State, last success, next poll with its reason, error and remedy; a private source keeps its name to itself."""
    text = client.get("/sources").text
    assert text.count('<span class="state">ok</span>') == 2
    assert text.count('<span class="state">failing</span>') == 1
    assert "https://broken.example/ answered 503 &lt;img src=x&gt;. Ask its operator." in text
    assert "failure 1 in a row" in text
    assert "Private source" in text


def test_sources_page_draws_what_sources_did(client: Client) -> None:
    """Entries of thirty days and polls of a day are drawn for each public source, in words too."""
    charts = [svg["aria-label"] or "" for svg in _Tags(client.get("/sources").text).of("svg")]
    assert charts[:2] == ["no entries in 30 days", "1 poll in 24 hours: 1 failed"]
    assert (
        charts[2:] == ["3 entries in 30 days, at most 2 a day", "1 poll in 24 hours: 1 with news"] or len(charts) == 4
    )


def test_sources_page_by_state_and_page(own_client: Client, world: World) -> None:
    """Those with troubles come first; a state can be chosen, and the others follow on further pages."""
    many = tuple(FeedSettings(url=f"https://n{number}.example/", title=f"Number {number}") for number in range(70))
    world.settings = Settings(feeds=(*many, *world.settings.feeds), outputs=world.settings.outputs)
    world.poll("https://broken.example/", error="503")
    first, second = own_client.get("/sources").text, own_client.get("/sources?page=2").text
    assert first.index("https://broken.example/") < first.index("Number 0")
    assert 'href="sources?page=2"' in first
    assert "Number 69" not in first
    assert "Number 69" in second
    assert 'href="sources"' in second
    failing = own_client.get("/sources?state=failing").text
    assert "Number 0" not in failing
    assert "https://broken.example/" in failing
    assert "None of the sources" in own_client.get("/sources?page=99").text
    assert [
        own_client.get(f"/sources?{query}").status for query in ("state=x", "page=0", "page=x", "page=%EF%BC%91")
    ] == [400] * 4


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
@pytest.mark.fault("T8")
def test_error_is_plain_text_that_repeats_nothing(client: Client, path: str) -> None:
    """An unknown address is 404 in plain text under the policy, without an echo and without a redirect."""
    answer = client.get(path, {"Host": "evil.test"})
    assert answer.status == 404
    assert answer["Content-Type"] == "text/plain; charset=utf-8"
    assert answer.body == b"404 Not Found\n"
    assert "default-src 'none'" in (answer["Content-Security-Policy"] or "")
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Location"] is None


@pytest.mark.fault("F5")
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
    assert own_client.get("/story/0123456789ab").status == 404
    assert "Nothing has all" in own_client.get("/search?q=x").text
    assert "Nothing is published yet" in own_client.get("/subscribe").text
    assert "no sources yet" in own_client.get("/sources").text
