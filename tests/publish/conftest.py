"""Entries and channels to publish, and checkers for what was published."""

from __future__ import annotations

import json
import re
import sys
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from lxml import etree

from aggregator.model import Category, Enclosure, Entry, Header, Item, Link, Person
from aggregator.publish.channel import Channel

sys.path.insert(0, str(Path(__file__).parent))
from judges import JUDGES

if TYPE_CHECKING:
    from collections.abc import Callable

NOON = datetime(2026, 1, 5, 12, 0, tzinfo=UTC)
ATOM = "{http://www.w3.org/2005/Atom}"
MEDIA = "{http://search.yahoo.com/mrss/}"
DC = "{http://purl.org/dc/elements/1.1/}"
CONTENT = "{http://purl.org/rss/1.0/modules/content/}"
URI = re.compile(r"[a-z][a-z0-9+.-]*:[\w;/?:@&=+$.\-!~*'(),%#\[\]]+", re.ASCII)
RFC3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")
HTML_ENDS = re.compile(r"</(a|b|i|p|div|span|script|em|strong)>|&(#\w+|lt|gt|amp|quot|nbsp);", re.IGNORECASE)

FEED = "version title home_page_url feed_url description authors language hubs items"
ITEM = """id url title content_html content_text summary image date_published date_modified authors tags language
attachments _source _story"""
RELATION = "alternate self hub enclosure replies license related current prev-archive next-archive"
FEED_MEMBERS, ITEM_MEMBERS, RELATIONS = set(FEED.split()), set(ITEM.split()), set(RELATION.split())


@pytest.fixture
def make_entry() -> Callable[..., Entry]:
    """Return a maker of complete entries; keywords replace fields of the entry or of its item."""

    def make(number: int = 1, **fields: Any) -> Entry:
        item = Item(
            title=f"Headline {number}",
            guid=f"https://news.example/{number}",
            link=f"https://news.example/{number}",
            summary="<p>In <em>short</em>.</p>",
            content="<p>At length &amp; with <a href='https://x.example/'>links</a>.</p>",
            authors=(Person("Ann Author", "https://ann.example/", "ann@ann.example"),),
            contributors=(Person("Carl"),),
            categories=(Category("ai"), Category("ml", "Machine Learning", "https://news.example/topics/")),
            enclosures=(
                Enclosure("https://cdn.example/talk.mp3", "audio/mpeg", 1234, 61),
                Enclosure("https://cdn.example/slides.pdf"),
            ),
            thumbnail="https://cdn.example/small.png",
            rights="© Ann",
            comments="https://news.example/1#comments",
        )
        own = {
            name: fields.pop(name) for name in list(fields) if name not in Item.__dataclass_fields__ or name == "source"
        }
        entry = Entry(
            key=number,
            id=f"https://news.example/{number}",
            item=replace(item, **fields),
            published=NOON - timedelta(hours=number),
            updated=NOON - timedelta(hours=number) + timedelta(milliseconds=number),
            first_seen=NOON,
            feed="https://news.example/feed.xml",
            source=Header(
                id="tag:news.example,2020:feed",
                title="The News",
                updated=NOON,
                links=(
                    Link("https://news.example/", type="text/html", hreflang="en"),
                    Link("https://news.example/old.xml", "self"),
                ),
                authors=(Person("Newsroom"),),
                rights="© The News",
            ),
            language="en-GB",
        )
        return replace(entry, **own)

    return make


@pytest.fixture
def make_channel() -> Callable[..., Channel]:
    """Return a maker of channels of the entries given; keywords replace fields."""

    def make(*entries: Entry, **fields: Any) -> Channel:
        channel = Channel(
            name="all",
            id="urn:uuid:3b0f2c3e-7c0e-4d0c-9d5e-0a1b2c3d4e5f",
            title="AI News",
            subtitle="Every AI story, once",
            updated=max((entry.updated for entry in entries), default=NOON),
            base="https://planet.example/",
            path="all",
            language="en",
            author=Person("AI News"),
            full_content=True,
            entries=entries,
            hubs=("https://hub.example/",),
        )
        return replace(channel, **fields)

    return make


@pytest.fixture
def judged() -> Callable[[bytes, str], bytes]:
    """Return what gives a document back if its judge, chosen by the ending of its address, finds nothing wrong."""

    def judged(document: bytes, address: str) -> bytes:
        ending = address.partition("?")[0].rpartition(".")[2]
        assert JUDGES[ending](document, address) == []
        return document

    return judged


@pytest.fixture
def atom() -> Callable[[bytes], Any]:
    """Return a parser of Atom documents that holds them to RFC 4287 and the feed validator's rules."""
    return _checked_atom


@pytest.fixture
def rss() -> Callable[[bytes], Any]:
    """Return a parser of RSS documents that holds them to RSS 2.0, its Profile and the feed validator's rules."""
    return _checked_rss


@pytest.fixture
def json_feed() -> Callable[[bytes], Any]:
    """Return a parser of JSON Feeds that holds them to version 1.1."""
    return _checked_json


def _checked_atom(document: bytes) -> Any:
    feed = etree.fromstring(document)
    assert feed.tag == f"{ATOM}feed"
    _cardinality(
        feed,
        once="id title updated author",
        at_most="subtitle generator icon logo rights",
        many="link category contributor entry",
        foreign=("{http://purl.org/syndication/history/1.0}archive",),
    )
    tags = [child.tag for child in feed]
    assert tags == sorted(tags, key=f"{ATOM}entry".__eq__)  # nothing follows the entries
    updates = [entry.findtext(f"{ATOM}updated") for entry in feed.iterfind(f"{ATOM}entry")]
    assert len(set(updates)) == len(updates)
    for entry in feed.iterfind(f"{ATOM}entry"):
        _check_atom_entry(entry)
    for link in feed.iter(f"{ATOM}link"):
        _check_atom_link(link)
    for text in feed.iter(f"{ATOM}title", f"{ATOM}subtitle", f"{ATOM}rights"):
        assert text.text
        assert text.get("type") == "html" or not HTML_ENDS.search(text.text)
    for moment in feed.iter(f"{ATOM}updated", f"{ATOM}published"):
        assert RFC3339.fullmatch(str(moment.text))
    for name in feed.iter(f"{ATOM}name"):
        assert name.text
        assert not HTML_ENDS.search(name.text)
    return feed


def _check_atom_entry(entry: Any) -> None:
    _cardinality(
        entry,
        once="id title updated published source",
        at_most="rights summary content",
        many="author contributor category link",
        foreign=(f"{MEDIA}content", f"{MEDIA}thumbnail"),
    )
    assert entry.find(f"{ATOM}author") is not None
    content, summary = entry.find(f"{ATOM}content"), entry.find(f"{ATOM}summary")
    assert content is None or (content.get("type") == "html" and content.text)
    marked = summary is not None and {"<", "&"} & set(summary.text)
    assert summary is None or (summary.text and summary.get("type") == ("html" if marked else "text"))
    alternates = [link for link in entry.iterfind(f"{ATOM}link") if link.get("rel") == "alternate"]
    assert len(alternates) == 1 or (not alternates and content is not None)
    assert content is not None or summary is not None
    for category in entry.iterfind(f"{ATOM}category"):
        assert category.get("term")
        assert category.get("label")
    source = entry.find(f"{ATOM}source")
    _cardinality(source, once="id title updated", at_most="subtitle icon rights", many="author link")
    assert URI.fullmatch(source.findtext(f"{ATOM}id"))
    kinds = [(link.get("rel"), link.get("type"), link.get("hreflang")) for link in source.iterfind(f"{ATOM}link")]
    assert len(set(kinds)) == len(kinds)


def _check_atom_link(link: Any) -> None:
    assert link.get("rel") in RELATIONS
    assert re.match("https?://", link.get("href"))
    assert URI.fullmatch(link.get("href"))
    assert set(link.keys()) <= {"href", "rel", "type", "hreflang", "length", "title"}
    assert link.get("length", "1").isdigit()


def _cardinality(element: Any, *, once: str = "", at_most: str = "", many: str = "", foreign: Any = ()) -> None:
    counts = Counter(child.tag for child in element)
    for name in once.split():
        assert counts.pop(f"{ATOM}{name}", 0) == 1, name
    for name in at_most.split():
        assert counts.pop(f"{ATOM}{name}", 0) <= 1, name
    for name in many.split():
        counts.pop(f"{ATOM}{name}", 0)
    assert set(counts) <= set(foreign)


def _checked_rss(document: bytes) -> Any:
    rss = etree.fromstring(document)
    assert (rss.tag, rss.get("version"), len(rss)) == ("rss", "2.0", 1)
    channel = rss[0]
    tags = [child.tag for child in channel]
    head = tags[: tags.index("item")] if "item" in tags else tags
    assert set(tags[len(head) :]) <= {"item"}
    assert Counter(head) - Counter({f"{ATOM}link": 9}) == Counter(
        {tag: 1 for tag in ("title", "link", "description", "docs", "generator", "language", "ttl") if tag in head}
    )
    assert {"title", "link", "description", "ttl", f"{ATOM}link"} <= set(head)
    guids = [item.findtext("guid") for item in channel.iterfind("item")]
    assert len(set(guids)) == len(guids)
    for item in channel.iterfind("item"):
        _check_rss_item(item)
    for plain in re.findall(rb"<(?:title|category|source)[^>]*>([^<]*)", document):
        assert b"&amp;" not in plain
        assert b"&lt;" not in plain
    return channel


def _check_rss_item(item: Any) -> None:
    counts = Counter(child.tag for child in item)
    for tag in ("title", "description", "guid", "pubDate"):
        assert counts.pop(tag) == 1, tag
    for tag in (
        "link",
        "comments",
        "enclosure",
        "source",
        f"{CONTENT}encoded",
        f"{DC}language",
        f"{DC}rights",
    ):
        assert counts.pop(tag, 0) <= 1, tag
    assert counts.pop(f"{DC}creator") >= 1
    assert set(counts) <= {"category", f"{MEDIA}content", f"{MEDIA}thumbnail"}
    parsedate_to_datetime(item.findtext("pubDate"))
    assert item.findtext("pubDate").endswith(" GMT")
    assert item.findtext("title")
    assert item.findtext("description")
    assert not re.search(r"</(b|p|script)>", item.findtext("title"), re.IGNORECASE)
    assert item.find("guid").get("isPermaLink") == str(item.findtext("guid") == item.findtext("link")).lower()
    tags = [child.tag for child in item]
    assert f"{CONTENT}encoded" not in tags or tags.index("description") < tags.index(f"{CONTENT}encoded")
    for address in (item.findtext("link"), item.findtext("comments")):
        assert address is None or URI.fullmatch(address)
    for enclosure in item.iterfind("enclosure"):
        assert set(enclosure.keys()) == {"url", "length", "type"}
        assert re.fullmatch(r"https?://[\w.-]+(:\d+)?/.*", enclosure.get("url"))
        assert enclosure.get("length").isdigit()
    for source in item.iterfind("source"):
        assert source.text
        assert URI.fullmatch(source.get("url"))
    for content in item.iterfind(f"{MEDIA}content"):
        assert set(content.keys()) <= {"url", "type", "fileSize", "duration"}
        assert content.get("fileSize", "1") != "0"


def _checked_json(document: bytes) -> Any:
    feed = json.loads(document.decode())
    assert feed["version"] == "https://jsonfeed.org/version/1.1"
    assert set(feed) <= FEED_MEMBERS
    assert isinstance(feed["title"], str)
    for item in feed["items"]:
        assert isinstance(item["id"], str)
        assert item["id"]
        assert item.get("content_html") or item.get("content_text")
        assert set(item) <= ITEM_MEMBERS
        assert RFC3339.fullmatch(item["date_published"])
        assert RFC3339.fullmatch(item["date_modified"])
        assert all(author["name"] for author in item["authors"])
        for file in item.get("attachments", ()):
            assert file["url"]
            assert re.fullmatch(r"[\w.+-]+/[\w.+-]+", file["mime_type"])
        assert item["_source"]["title"]
    return feed
