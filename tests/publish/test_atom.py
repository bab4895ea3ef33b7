from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from aggregator.model import Entry, Header
from aggregator.publish.atom import render_atom

if TYPE_CHECKING:
    from collections.abc import Callable

    from aggregator.publish.channel import Channel

NS = {"a": "http://www.w3.org/2005/Atom", "media": "http://search.yahoo.com/mrss/"}
XML_LANG = "{http://www.w3.org/XML/1998/namespace}lang"


def test_feed(make_channel: Callable[..., Channel], atom: Callable[[bytes], Any]) -> None:
    """A feed says its permanent id, title, author, language, its address, the site's and the hubs'."""
    feed = atom(render_atom(make_channel(hubs=("https://hub.example/", "https://hub.example/2"))))
    assert feed.findtext("a:id", None, NS) == "urn:uuid:3b0f2c3e-7c0e-4d0c-9d5e-0a1b2c3d4e5f"
    assert feed.findtext("a:title", None, NS) == "AI News"
    assert feed.findtext("a:subtitle", None, NS) == "Every AI story, once"
    assert feed.findtext("a:updated", None, NS) == "2026-01-05T12:00:00Z"
    assert feed.findtext("a:author/a:name", None, NS) == "AI News"
    assert feed.get(XML_LANG) == "en"
    assert [(link.get("rel"), link.get("href"), link.get("type")) for link in feed.iterfind("a:link", NS)] == [
        ("alternate", "https://planet.example/", "text/html"),
        ("self", "https://planet.example/all.atom", "application/atom+xml"),
        ("hub", "https://hub.example/", None),
        ("hub", "https://hub.example/2", None),
    ]


def test_entry(
    make_entry: Callable[..., Entry], make_channel: Callable[..., Channel], atom: Callable[[bytes], Any]
) -> None:
    """An entry keeps everything that its publisher said."""
    entry = atom(render_atom(make_channel(make_entry()))).find("a:entry", NS)
    text = {child.tag.partition("}")[2]: child.text for child in entry.iterfind("a:*", NS)}
    assert text["id"] == "https://news.example/1"
    assert text["title"] == "Headline 1"
    assert text["published"] == "2026-01-05T11:00:00Z"
    assert text["updated"] == "2026-01-05T11:00:00.001Z"
    assert text["summary"] == "<p>In <em>short</em>.</p>"
    assert text["content"] == "<p>At length &amp; with <a href='https://x.example/'>links</a>.</p>"
    assert text["rights"] == "© Ann"
    assert entry.get(XML_LANG) == "en-GB"
    assert [child.text for child in entry.find("a:author", NS)] == [
        "Ann Author",
        "ann@ann.example",
        "https://ann.example/",
    ]
    assert entry.findtext("a:contributor/a:name", None, NS) == "Carl"
    assert [dict(category.attrib) for category in entry.iterfind("a:category", NS)] == [
        {"term": "ai", "label": "ai"},
        {"term": "ml", "label": "Machine Learning", "scheme": "https://news.example/topics/"},
    ]


def test_entry_links(
    make_entry: Callable[..., Entry], make_channel: Callable[..., Channel], atom: Callable[[bytes], Any]
) -> None:
    """Links keep relation, type and length: feedgen alone makes every enclosure a second alternate."""
    entry = atom(render_atom(make_channel(make_entry()))).find("a:entry", NS)
    assert [dict(link.attrib) for link in entry.iterfind("a:link", NS)] == [
        {"rel": "alternate", "href": "https://news.example/1"},
        {"rel": "replies", "href": "https://news.example/1#comments", "type": "text/html"},
        {"rel": "enclosure", "href": "https://cdn.example/talk.mp3", "type": "audio/mpeg", "length": "1234"},
        {"rel": "enclosure", "href": "https://cdn.example/slides.pdf", "type": "application/pdf"},
    ]
    media = entry.find("media:content", NS)
    assert (media.get("url"), media.get("duration")) == ("https://cdn.example/talk.mp3", "61")
    assert entry.find("media:thumbnail", NS).get("url") == "https://cdn.example/small.png"


def test_source(
    make_entry: Callable[..., Entry], make_channel: Callable[..., Channel], atom: Callable[[bytes], Any]
) -> None:
    """The source is named in full: id, title, date, links, authors, rights."""
    source = atom(render_atom(make_channel(make_entry()))).find("a:entry/a:source", NS)
    assert {child.tag.partition("}")[2]: child.text for child in source if child.text} == {
        "id": "tag:news.example,2020:feed",
        "title": "The News",
        "updated": "2026-01-05T12:00:00Z",
        "rights": "© The News",
    }
    assert source.findtext("a:author/a:name", None, NS) == "Newsroom"
    assert [dict(link.attrib) for link in source.iterfind("a:link", NS)] == [
        {"rel": "alternate", "href": "https://news.example/", "type": "text/html", "hreflang": "en"},
        {"rel": "self", "href": "https://news.example/feed.xml"},
    ]


def test_literal_markup_is_escaped_as_html(
    make_entry: Callable[..., Entry], make_channel: Callable[..., Channel], atom: Callable[[bytes], Any]
) -> None:
    """A title that speaks of a tag shows the tag, in every reader."""
    entry = make_entry(title="Use <b> & </b>", rights="A & B", source=Header(title="R&D"))
    feed = atom(render_atom(make_channel(entry, title="Q&A", subtitle="<i>x</i>")))
    titles = [(title.get("type"), title.text) for title in feed.iter("{*}title", "{*}subtitle", "{*}rights")]
    assert titles == [
        ("html", "Q&amp;A"),
        ("html", "&lt;i&gt;x&lt;/i&gt;"),
        ("html", "Use &lt;b&gt; &amp; &lt;/b&gt;"),
        ("html", "A &amp; B"),
        ("html", "R&amp;D"),
    ]


def test_an_entry_without_link_has_content(
    make_entry: Callable[..., Entry], make_channel: Callable[..., Channel], atom: Callable[[bytes], Any]
) -> None:
    """RFC 4287 wants an alternate link or content: without a link the summary is the content, then the title."""
    entries = (
        make_entry(1, link=None, content=None),
        make_entry(2, link="javascript:x", content=None, summary=None),
    )
    feed = atom(render_atom(make_channel(*entries)))
    contents = [entry.findtext("a:content", None, NS) for entry in feed.iterfind("a:entry", NS)]
    assert contents == ["<p>In <em>short</em>.</p>", "Headline 2"]


def test_order_is_the_channels(
    make_entry: Callable[..., Entry], make_channel: Callable[..., Channel], atom: Callable[[bytes], Any]
) -> None:
    """Entries stand in the order of presentation: feedgen alone would turn it round."""
    feed = atom(render_atom(make_channel(*map(make_entry, (2, 1, 3)))))
    assert [title.text for title in feed.iterfind("a:entry/a:title", NS)] == [
        "Headline 2",
        "Headline 1",
        "Headline 3",
    ]


def test_summaries_only(
    make_entry: Callable[..., Entry], make_channel: Callable[..., Channel], atom: Callable[[bytes], Any]
) -> None:
    """An output without full content publishes no content."""
    entry = atom(render_atom(make_channel(make_entry(), full_content=False))).find("a:entry", NS)
    assert (entry.findtext("a:summary", None, NS), entry.find("a:content", NS)) == ("In short.", None)


def test_no_clock_and_no_version(make_channel: Callable[..., Channel]) -> None:
    """Nothing in the document changes by itself: no version, no date but the channel's."""
    document = render_atom(make_channel()).decode()
    assert "<generator>aggregator</generator>" in document
    assert re.findall(r"20\d\d-", document) == ["2026-"]


def test_a_token_output_knows_its_address(make_channel: Callable[..., Channel], atom: Callable[[bytes], Any]) -> None:
    """The self link is the address that the document is served at, token included."""
    feed = atom(render_atom(make_channel(path="s3cret/labs")))
    assert feed.find("a:link[@rel='self']", NS).get("href") == "https://planet.example/s3cret/labs.atom"
