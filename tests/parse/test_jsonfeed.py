from __future__ import annotations

import json
import time
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aggregator.errors import NotAFeed, ParseError
from aggregator.model import Category, Document, Enclosure, Link, Person
from aggregator.parse.encoding import legal

if TYPE_CHECKING:
    from collections.abc import Callable

VERSION = "https://jsonfeed.org/version/1.1"


@pytest.fixture
def feed(read: Callable[..., Document]) -> Callable[..., Document]:
    """Return what parses a JSON Feed of these items and members."""

    def feed(*items: Any, **members: Any) -> Document:
        body = {"version": VERSION, "title": "T", "home_page_url": "https://site.example/", "items": items, **members}
        return read(json.dumps(body), "application/octet-stream")

    return feed


def test_a_whole_item(feed: Callable[..., Document]) -> None:
    """Every member of an item that a reader can use is in the model's words, addresses absolute."""
    item = feed(
        {
            "id": "tag:site.example,2026:1",
            "url": "/1",
            "external_url": "https://elsewhere.example/",
            "title": "AT&amp;T <3",
            "content_html": '<p onclick="x">Hello <a href="more">more</a></p><script>x</script>',
            "content_text": "Hello",
            "summary": "a < b\nc",
            "image": "i.png",
            "banner_image": "/banner.png",
            "date_published": "2026-01-05T10:00:00+02:00",
            "date_modified": "2026-01-06T10:00:00Z",
            "authors": [{"name": "Ann", "url": "https://ann.example"}, {"url": "mailto:bo@site.example"}],
            "tags": ["ai", "ai", "two words"],
            "language": "fr-ca",
            "attachments": [
                {"url": "/a.mp3", "mime_type": "audio/mpeg", "size_in_bytes": 12, "duration_in_seconds": 61.5},
                {"url": "javascript:x", "mime_type": "audio/mpeg"},
            ],
        },
        language="en",
    ).items[0]
    assert (item.guid, item.link, item.title) == ("tag:site.example,2026:1", "https://site.example/1", "AT&amp;T <3")
    assert item.content == '<p>Hello <a href="https://site.example/more" rel="noopener noreferrer">more</a></p>'
    assert item.summary == "a &lt; b<br>\nc"
    assert item.thumbnail == "https://site.example/i.png"
    assert item.published == datetime(2026, 1, 5, 8, tzinfo=UTC)
    assert item.updated == datetime(2026, 1, 6, 10, tzinfo=UTC)
    ann = Person("Ann", uri="https://ann.example")
    assert item.authors == (ann, Person("bo@site.example", email="bo@site.example"))
    assert item.categories == (Category("ai"), Category("two words"))
    assert item.language == "fr-CA"
    assert item.enclosures == (Enclosure("https://site.example/a.mp3", "audio/mpeg", length=12, duration=61),)


def test_the_header(feed: Callable[..., Document]) -> None:
    """What the document says of its feed is the header; hubs of WebSub only, the next page as a link."""
    document = feed(
        description="about",
        feed_url="https://site.example/feed.json",
        next_url="/feed.json?page=2",
        icon="javascript:x",
        favicon="/favicon.ico",
        author={"name": "Ann"},
        language="EN_us",
        hubs=[{"type": "WebSub", "url": "https://hub.example/"}, {"type": "rssCloud", "url": "https://cloud.example/"}],
        expired=True,
    )
    header = document.header
    assert (header.title, header.subtitle, header.language) == ("T", "about", "en-US")
    assert header.links == (
        Link("https://site.example/"),
        Link("https://site.example/feed.json", rel="self"),
        Link("https://example.org/feed.json?page=2", rel="next"),
        Link("https://hub.example/", rel="hub"),
    )
    assert header.icon == "https://example.org/favicon.ico"
    assert header.authors == (Person("Ann"),)
    assert document.format == "json11"
    assert document.notices == ("the publisher says that this feed has ended (expired)",)


@pytest.mark.parametrize(
    ("given", "guid"),
    [(7, "7"), (1.5, "1.5"), ("7", "7"), (" x ", "x"), (10**30, str(10**30)), ("", None), (None, None), (True, None), ({}, None)],
)  # fmt: skip
def test_ids(given: Any, guid: str | None, feed: Callable[..., Document]) -> None:
    """An id that is a number is the text of it; what is no id is none, and the item stays."""
    assert feed({"id": given, "url": "https://site.example/x"}).items[0].guid == guid


@pytest.mark.parametrize(
    ("item", "link"),
    [
        ({"id": "https://site.example/1"}, "https://site.example/1"),
        ({"id": "1"}, None),
        ({"id": "1", "external_url": "https://else.example/"}, "https://else.example/"),
        ({"id": "1", "url": "javascript:alert(1)"}, None),
        ({"url": "2"}, "https://site.example/2"),
    ],
)
def test_links(item: dict[str, Any], link: str | None, feed: Callable[..., Document]) -> None:
    """The page is the url, else the page elsewhere, else the id where it is an address."""
    assert feed(item).items[0].link == link


def test_text_is_never_markup(feed: Callable[..., Document]) -> None:
    """content_text is escaped even where it looks like HTML; one that the summary repeats is said once."""
    item = feed({"id": "1", "content_text": "the <a> tag\r\n& more", "summary": "the <a> tag\n& more"}).items[0]
    assert item.content == "the &lt;a&gt; tag<br>\n&amp; more"
    assert item.summary is None


def test_the_older_version(read: Callable[..., Document]) -> None:
    """JSON Feed 1.0, its slashes escaped, `author` instead of `authors`, an author who is a mere name, UTF-16."""
    body = '{"version": "https:\\/\\/jsonfeed.org\\/version\\/1", "title": "é", "items": [{"id": 1, "author": "Ann"}]}'
    document = read(body.encode("utf-16"), None)
    assert (document.format, document.header.title) == ("json1", "é")
    assert document.items[0].authors == (Person("Ann"),)


def test_a_missing_version_is_noticed(read: Callable[..., Document]) -> None:
    """A document made like a JSON Feed is one, with a notice."""
    document = read('{"title": "T", "feed_url": "https://a.example/f", "items": [{"id": "1"}, "junk"]}')
    assert [item.guid for item in document.items] == ["1"]
    assert document.notices == (
        "the document does not say which version of JSON Feed it is",
        "items left out because they are no objects: 1",
    )


def test_a_feed_that_is_cut_short(read: Callable[..., Document]) -> None:
    """A document that ends in the middle of its third item gives the two whole ones, and says so."""
    body = json.dumps({"version": VERSION, "title": "T", "items": [{"id": str(n)} for n in range(5)]}, indent=1)
    document = read(body[: body.index('"2"')])
    assert [item.guid for item in document.items] == ["0", "1"]
    assert document.cut_short
    assert document.notices[0].startswith("the document is damaged near line ")
    assert document.notices[0].endswith("; 2 items were read")


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ({"error": {"message": "rate limited"}}, 'an error message ("rate limited")'),
        ({"message": "Not Found", "documentation_url": "x"}, 'an error message ("Not Found")'),
        ([{"id": 1, "title": {"rendered": "x"}}], "posts as WordPress's API gives them"),
        ([1, 2], "a list of 2"),
        ({"@context": "https://www.w3.org/ns/activitystreams", "type": "Person"}, "ActivityPub"),
        ({"@context": "https://schema.org"}, "JSON-LD"),
        ({"feed": {}}, "Google Data"),
        ({"name": "x", "start_url": "/"}, "a web app manifest"),
        ({"version": "1.0", "type": "rich"}, "oEmbed"),
        ({"items": [], "title": "x"}, "JSON data."),
        ("{{", "damaged"),
        ("[error] no database", 'damaged: "[error] no database"'),
        ("[" * 100_000, "damaged"),
    ],
)
def test_json_that_is_no_feed_is_named(body: Any, kind: str, read: Callable[..., Document]) -> None:
    """Each kind of JSON that is no feed is called by its name, with a remedy."""
    with pytest.raises(NotAFeed) as caught:
        read(body if isinstance(body, str) else json.dumps(body))
    assert kind in caught.value.message
    assert caught.value.remedy


def test_the_newest_thousand(feed: Callable[..., Document]) -> None:
    """Of more than 1,000 items the newest are read, in their order, whichever end of the list they are at."""
    start = datetime(2026, 1, 1, tzinfo=UTC)
    dates = [(start + timedelta(hours=n)).isoformat() for n in range(1500)]
    document = feed(*({"id": n, "date_published": date} for n, date in enumerate(dates)))
    assert [item.guid for item in document.items] == [str(n) for n in range(500, 1500)]
    assert document.notices == ("the document has 1500 items; the newest 1000 were read",)
    assert [item.guid for item in feed(*({"id": n} for n in range(1100))).items] == [str(n) for n in range(1000)]


@pytest.mark.parametrize(
    "items",
    [
        '{"id":"1","tags":[' + ",".join(['"x"'] * 2_000_000) + "]}",
        '{"id":"1","a":' + "[" * 50_000 + "]" * 50_000 + "}",
        ",".join(['{"date_published":"31st of Octember, 2026 at noon"}'] * 100_000),
        '{"id":"1","content_html":"' + "<b>" * 3_000_000 + '"}',
        "{}," * 2_000_000 + "{}",
    ],
    ids=["tags", "depth", "dates", "tall", "many"],
)
def test_hostile_documents_end(items: str, read: Callable[..., Document]) -> None:
    """Documents made to take long are read or refused in seconds."""
    started = time.process_time()
    with suppress(ParseError):
        read(f'{{"version":"{VERSION}","title":"T","items":[{items}]}}')
    assert time.process_time() - started < 60


def test_our_own_output_is_read_back(read: Callable[..., Document], feed: Callable[..., Document]) -> None:
    """The source of an item in an output of this program is the feed that it was copied from."""
    source = {"title": "Origin", "url": "https://origin.example/", "feed": "https://origin.example/feed"}
    item = feed({"id": "1", "_source": source}, _source="junk").items[0]
    assert item.source is not None
    assert item.source.title == "Origin"
    assert item.source.links == (Link("https://origin.example/"), Link("https://origin.example/feed", rel="self"))


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.just("https://a.example/"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
NAMES = st.sampled_from(
    ["id", "url", "external_url", "title", "content_html", "content_text", "summary", "image", "banner_image", "date_published",
     "date_modified", "author", "authors", "tags", "language", "attachments", "_source"]
)  # fmt: skip


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(item=st.dictionaries(NAMES, VALUES, max_size=6), members=st.dictionaries(NAMES, VALUES, max_size=3))
def test_values_of_any_type(item: dict[str, Any], members: dict[str, Any], feed: Callable[..., Document]) -> None:
    """Whatever stands where, the item is read, with strings that XML can carry, and the next one too."""
    members.pop("title", None)
    document = feed(item, {"id": "good"}, **members)
    assert document.items[1].guid == "good"
    texts = (document.items[0].title, document.items[0].guid or "", document.items[0].content or "")
    assert all(text == legal(text) for text in texts)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(cut=st.integers(0, 200), junk=st.text(max_size=3))
def test_only_parse_errors_come_out(cut: int, junk: str, read: Callable[..., Document]) -> None:
    """Wherever a document is damaged, it is a Document or a ParseError."""
    body = json.dumps({"version": VERSION, "title": "T", "items": [{"id": n, "tags": ["a"]} for n in range(4)]})
    with suppress(ParseError):
        assert isinstance(read((body[:cut] + junk + body[cut + 1 :]).encode("utf-8", "replace")), Document)
