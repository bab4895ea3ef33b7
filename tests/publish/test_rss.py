from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from aggregator.model import Enclosure, Header
from aggregator.publish.rss import render_rss

if TYPE_CHECKING:
    from collections.abc import Callable

    from aggregator.model import Entry
    from aggregator.publish.channel import Channel

NS = {
    "atom": "http://www.w3.org/2005/Atom",
    "content": "http://purl.org/rss/1.0/modules/content/",
    "dc": "http://purl.org/dc/elements/1.1/",
    "media": "http://search.yahoo.com/mrss/",
}


@pytest.fixture
def item(
    make_entry: Callable[..., Entry], make_channel: Callable[..., Channel], rss: Callable[[bytes], Any]
) -> Callable[..., Any]:
    """Return a maker of published items: keywords replace fields of entry or item."""

    def make(*, full: bool = True, **fields: Any) -> Any:
        return rss(render_rss(make_channel(make_entry(**fields), full_content=full))).find("item")

    return make


def test_channel(make_channel: Callable[..., Channel], rss: Callable[[bytes], Any]) -> None:
    """A channel links to the site, not to itself, and names its own address and its hubs; ttl is max-age."""
    channel = rss(render_rss(make_channel()))
    assert {child.tag: child.text for child in channel if child.text} == {
        "title": "AI News",
        "link": "https://planet.example/",
        "description": "Every AI story, once",
        "docs": "http://www.rssboard.org/rss-specification",
        "generator": "aggregator",
        "language": "en",
        "ttl": "5",
    }
    assert [(link.get("rel"), link.get("href"), link.get("type")) for link in channel.iterfind("atom:link", NS)] == [
        ("self", "https://planet.example/all.rss", "application/rss+xml"),
        ("hub", "https://hub.example/", None),
    ]


def test_item(item: Callable[..., Any]) -> None:
    """An item keeps what RSS and its modules have a place for."""
    one = item()
    assert one.findtext("title") == "Headline 1"
    assert one.findtext("link") == "https://news.example/1"
    assert one.findtext("description") == "<p>In <em>short</em>.</p>"
    assert one.findtext("content:encoded", None, NS).startswith("<p>At length &amp; with ")
    assert one.findtext("pubDate") == "Mon, 05 Jan 2026 11:00:00 GMT"
    assert one.findtext("comments") == "https://news.example/1#comments"
    assert [category.text for category in one.iterfind("category")] == ["ai", "Machine Learning"]
    assert [category.get("domain") for category in one.iterfind("category")] == [
        None,
        "https://news.example/topics/",
    ]
    assert one.findtext("dc:creator", None, NS) == "Ann Author"
    assert one.findtext("dc:language", None, NS) == "en-GB"
    assert one.findtext("dc:rights", None, NS) == "© Ann"
    assert (one.find("source").text, one.find("source").get("url")) == (
        "The News",
        "https://news.example/feed.xml",
    )
    assert one.find("author") is None


def test_guid_is_a_permalink_only_when_it_is_the_link(item: Callable[..., Any]) -> None:
    """The guid is the stored id; it is called a permalink when it is the item's link."""
    assert item().find("guid").get("isPermaLink") == "true"
    other = item(id="tag:news.example,2026:1").find("guid")
    assert (other.text, other.get("isPermaLink")) == ("tag:news.example,2026:1", "false")


def test_one_enclosure_and_media_for_the_rest(item: Callable[..., Any]) -> None:
    """RSS has room for one enclosure; the others, and durations, are media:content."""
    one = item()
    assert dict(one.find("enclosure").attrib) == {
        "url": "https://cdn.example/talk.mp3",
        "length": "1234",
        "type": "audio/mpeg",
    }
    assert [dict(media.attrib) for media in one.iterfind("media:content", NS)] == [
        {"url": "https://cdn.example/talk.mp3", "type": "audio/mpeg", "fileSize": "1234", "duration": "61"},
        {"url": "https://cdn.example/slides.pdf", "type": "application/pdf"},
    ]
    assert one.find("media:thumbnail", NS).get("url") == "https://cdn.example/small.png"


def test_an_enclosure_of_unknown_size_and_type(item: Callable[..., Any]) -> None:
    """Length and type are required: 0 says unknown."""
    one = item(enclosures=(Enclosure("https://cdn.example/file"),))
    assert dict(one.find("enclosure").attrib) == {
        "url": "https://cdn.example/file",
        "length": "0",
        "type": "application/octet-stream",
    }
    assert one.find("media:content", NS) is None


def test_text_stands_once(item: Callable[..., Any]) -> None:
    """Content without a summary is the description; content:encoded would only repeat it."""
    one = item(summary=None)
    assert one.findtext("description").startswith("<p>At length")
    assert one.find("content:encoded", NS) is None


def test_summaries_only(item: Callable[..., Any]) -> None:
    """An output without full content publishes no content."""
    one = item(full=False)
    assert one.findtext("description") == "In short."
    assert one.find("content:encoded", NS) is None


def test_items_without_link_or_text(item: Callable[..., Any]) -> None:
    """An item may lack a link; its title then stands for its text."""
    one = item(link=None, summary=None, content=None)
    assert one.find("link") is None
    assert one.findtext("description") == "Headline 1"
    assert one.find("guid").get("isPermaLink") == "false"


@pytest.mark.parametrize(
    ("title", "written"),
    [
        ("AT&T and I <3", b"<title>AT&#x26;T and I &#x3C;3</title>"),
        ("Use <b>", b"<title>Use &#x26;lt;b&#x26;gt;</title>"),
        ("AT&amp;T", b"<title>AT&#x26;amp;amp;T</title>"),
    ],
)
def test_plain_text_follows_the_profile(
    make_entry: Callable[..., Entry], make_channel: Callable[..., Channel], title: str, written: bytes
) -> None:
    """Plain text uses hexadecimal references; what looks like HTML is escaped for readers that guess."""
    assert written in render_rss(make_channel(make_entry(title=title)))


def test_source_needs_an_address(item: Callable[..., Any]) -> None:
    """A source whose address is masked is not named: RSS requires the address."""
    assert item(feed="", source=Header(title="Hidden")).find("source") is None


def test_no_clock(make_channel: Callable[..., Channel]) -> None:
    """The lastBuildDate of feedgen, which would be the present, is not there."""
    assert b"Date" not in render_rss(make_channel())
