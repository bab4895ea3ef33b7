"""What is published, held against the standards from outside: every kind of output, rich entries, hostile text."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from judges import JUDGES
from lxml import etree

from aggregator.kinship import Coverage, Kinship
from aggregator.model import Category, Enclosure, Header, Link, Person
from aggregator.publish.channel import Chain
from aggregator.publish.cutting import cut
from aggregator.publish.opml import OpmlSource, render_opml
from aggregator.publish.press import Press
from aggregator.publish.renderers import RENDERERS
from aggregator.publish.renditions import Renditions
from aggregator.publish.searches import found
from aggregator.run.clock import utc_now
from aggregator.store.sqlite.store import SqliteStore

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from aggregator.model import Entry
    from aggregator.publish.channel import Channel

    Judged = Callable[[bytes, str], bytes]

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)
HOSTILE = "</title><script>alert(1)</script> AT&T2 &amp; &copy R&D <b>bold</b> ]]> \x00\x85\ufffd\u202e'\""
COVERAGE = (
    Coverage("urn:uuid:7", "Grok opens", "https://b.example/grok?a=1&b=2", "The B", "fr", NOON, Kinship.TRANSLATION),
    Coverage("urn:uuid:8", HOSTILE, "https://c.example/[grok]", HOSTILE, "xx", NOON),
)


@pytest.fixture
def rich(make_entry: Callable[..., Entry]) -> tuple[Entry, ...]:
    """Entries with everything that there is, with hardly anything, and with everything hostile."""
    source = Header(
        id="tag:news.example,2020:feed", title=HOSTILE, subtitle=HOSTILE, rights=HOSTILE, updated=NOON,
        links=(Link("https://news.example/ü[x]", type="text/html"), Link("https://e.example/l", "license")),
        authors=(Person(HOSTILE, "https://ann.example", HOSTILE), Person("")), icon="https://news.example/i.png",
    )  # fmt: skip
    hostile = make_entry(
        2, title=HOSTILE, summary="<p>x</p>", rights=HOSTILE, source=source, language="en_US", prefix=HOSTILE,
        authors=(Person(HOSTILE, "javascript:x", "ann"), Person("Ann <ann@ann.example>", None, "ann@localhost")),
        categories=(Category(HOSTILE, HOSTILE, "no scheme"), Category("R&2"), Category("ai"), Category("ai", "again")),
        enclosures=(Enclosure("https://cdn.example/a b.mp3", "audio", -1, 0), Enclosure("https://cdn.example/v.mp4", None, 9, 61)),
        content='<video src="https://e.example/v.mp4" controls=""></video><p><bdo dir="rtl">x</bdo> controls="yes"</p>',
    )  # fmt: skip
    bare = make_entry(
        3, title="", link=None, summary=None, content=None, authors=(), contributors=(), categories=(), enclosures=(),
        thumbnail=None, rights=None, comments=None, source=Header(), feed="", language=None, id="tag:b.example,2026:3",
    )  # fmt: skip
    return make_entry(1, coverage=COVERAGE, story="9", story_size=3), hostile, bare


@pytest.mark.parametrize("ending", ["atom", "rss", "json"])
@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"full_content": False},
        {"tells_stories": True},
        {"path": "s3cret-token/labs", "hubs": ()},
        {"hubs": ("https://hub.example/", "https://hub.example/", "https://other.example")},
        {"title": HOSTILE, "subtitle": HOSTILE, "author": Person(HOSTILE, "https://a.example", "a@a.example")},
        {"path": "search", "query": "?q=open+weights%26more"},
        {"language": "en_GB"},
    ],
)
def test_rich_entries(
    make_channel: Callable[..., Channel], rich: tuple[Entry, ...], judged: Judged, ending: str, fields: dict[str, Any]
) -> None:
    """Whole entries, bare ones and hostile ones draw neither error nor warning, in every kind of channel."""
    channel = make_channel(*rich, **fields)
    document = judged(RENDERERS[ending](channel), channel.address(ending))
    assert all(one in document for one in (b"slides.pdf", b"small.png", b"Machine Learning", b"Ann Author"))


@pytest.mark.parametrize("ending", ["atom", "rss", "json"])
def test_parts_of_a_document(
    make_channel: Callable[..., Channel], rich: tuple[Entry, ...], judged: Judged, ending: str
) -> None:
    """What `?limit` and deltas cut out of a document's bytes is a valid document too."""
    channel = make_channel(*rich, hubs=("https://hub.example/",))
    parts = cut(RENDERERS[ending](channel), ending)
    for entries in (parts.entries[:1], parts.entries[1:], ()):
        judged(parts.joined(entries), channel.address(ending))


@pytest.mark.parametrize("ending", ["atom", "rss", "json"])
def test_nothing_to_tell(make_channel: Callable[..., Channel], judged: Judged, ending: str) -> None:
    """A channel without entries is valid too."""
    judged(RENDERERS[ending](make_channel()), f"https://planet.example/all.{ending}")


def test_a_player_has_no_controls_in_feeds(
    make_entry: Callable[..., Entry], make_channel: Callable[..., Channel]
) -> None:
    """The two things that the validator warns of are taken out of markup, and left in text."""
    markup = '<audio src="https://e.example/a.mp3" controls="" preload="none"></audio><p>controls="yes"</p>'
    document = json.loads(RENDERERS["json"](make_channel(make_entry(content=markup + '<bdo dir="rtl">x</bdo>'))))
    assert document["items"][0]["content_html"] == (
        '<audio src="https://e.example/a.mp3" preload="none"></audio><p>controls="yes"</p><bdi dir="rtl">x</bdi>'
    )


def test_lists_of_subscriptions(judged: Judged) -> None:
    """A list of sources is valid, whatever they are called; so is an empty one."""
    address = "https://planet.example/sources.opml"
    sources = [OpmlSource("https://a.example/f?a=1&b=2", HOSTILE, "https://a.example", ("ai", HOSTILE))]
    judged(render_opml(HOSTILE, sources), address)
    judged(render_opml("", []), address)


OUTPUTS = (
    {"name": "all", "limit": 2},
    {"name": "stories", "by": "story"},
    {"name": "brief", "full_content": False, "languages": ["en"]},
    {"name": "top", "by": "story", "top": 5},
    {"name": "daily", "digest": "daily"},
    {"name": "labs", "token": "s3cret-token"},
)


@pytest.fixture
def published(newsdesk: Any, tmp_path: Path) -> Path:
    """Return the folder of all documents of two months: outputs of every kind, archives, lists, troubles."""
    newsdesk.configure(*OUTPUTS, a={"private": True})
    for month in range(2):
        newsdesk.now += timedelta(days=31 * month)
        for number, site in enumerate("abc"):
            newsdesk.tell(site, "grok", number, hours=number + 1, summary=f"<p>{month} &amp; more</p>")
        newsdesk.bring("d", newsdesk.item("d", f"{HOSTILE} {month}"), newsdesk.item("d", f"Quiet {month}"))
        newsdesk.now += timedelta(days=1)
        newsdesk.drain()
    path = newsdesk.store.path
    press = Press(
        newsdesk.settings, Renditions(tmp_path / "renditions"), lambda: SqliteStore(path, readonly=True), clock=utc_now
    )
    press.publish(frozenset(newsdesk.settings.published))
    return tmp_path / "renditions"


def test_every_document_of_a_site(newsdesk: Any, published: Path, judged: Judged) -> None:
    """Entries, stories, a size tier, a digest, summaries only, private: all documents and archives are valid."""
    base = newsdesk.settings.site.url.rstrip("/") + "/"
    names = [path.relative_to(published).as_posix() for path in published.rglob("*") if path.suffix[1:] in JUDGES]
    for name in names:
        if not name.endswith("manifest.json"):
            judged((published / name).read_bytes(), base + name.replace("private/", "s3cret-token/"))
    stems = {name.partition(".")[0] for name in names}
    assert {"all", "stories", "brief", "top", "daily", "private/labs", "sources"} <= stems
    assert sum("/20" in name for name in names) > 4, "archives"


def test_a_search(newsdesk: Any, published: Path, judged: Judged) -> None:
    """What a search finds is a valid feed, whatever was asked."""
    site = Renditions(published).read_manifest().site
    with newsdesk.store.snapshot() as tx:
        for query in ("grok", '"open weights" & <b>', "é ü"):
            channel = found(tx, query, ["all"], site)
            for ending in ("atom", "rss", "json"):
                judged(RENDERERS[ending](channel), channel.address(ending))


FAULTS = [
    ("atom", b"<updated>2026-01-05T12:00:00Z", b"<updated>2026-01-05 12:00", "InvalidRFC3339Date"),
    ("atom", b"<name>Ann Author", b"<name>Ann &lt;ann@a.example>", "ContainsEmail"),
    ("atom", b'rel="self"', b'rel="via"', "MissingSelf"),
    ("atom", b"planet.example/all.atom", b"planet.example/other.atom", "SelfDoesntMatchLocation"),
    ("atom", b"<id>urn:uuid:3b", b"<id>urn uuid:3b", "InvalidFullLink"),
    ("atom", b"<published>2026", b"<published>1926", "ImplausibleDate"),
    ("atom", b"<title>Headline 1", b"<title>&lt;b>Headline&lt;/b> 1", "ContainsHTML"),
    ("atom", b"<title>Headline 1", b"<title>\xc2\x85", "BadCharacters"),
    ("atom", b'xml:lang="en-GB"', b'xml:lang="xx"', "InvalidLanguage"),
    ("atom", b'type="audio/mpeg"', b'type="audio"', "InvalidMIMEType"),
    ("atom", b'label="ai"', b'label=""', "AttrNotBlank"),
    ("atom", b'rel="replies"', b'rel="comments"', "UnregisteredAtomLinkRel"),
    ("atom", b"&lt;em&gt;", b"&lt;script&gt;", "SecurityRisk"),
    ("atom", b"&lt;em&gt;", b"&lt;em onclick='x'&gt;", "SecurityRiskAttr"),
    ("atom", b"href='https://x.example/'", b"href='/x'", "ContainsRelRef"),
    ("atom", b"<rights>", b"<rights/><rights>", "DuplicateElement"),
    ("atom", b"<entry ", b"<wrong/><entry ", "RFC 4287"),
    ("atom", b"xmlns:media", b"xmlns:fh='urn:x' xmlns:media", "ReservedPrefix"),
    ("rss", b"<ttl>5", b"<ttl>0", "InvalidInteger"),
    ("rss", b"Mon, 05 Jan", b"Tue, 05 Jan", "IncorrectDOW"),
    ("rss", b"Mon, 05 Jan 2026", b"Mon, 5 January 2026", "InvalidRFC2822Date"),
    ("rss", b'isPermaLink="true"', b'isPermaLink="yes"', "InvalidBooleanAttribute"),
    ("rss", b'<guid isPermaLink="true">https://news.example/1<', b'<guid isPermaLink="false">1<', "NotSufficientlyUnique"),
    ("rss", b"<title>Headline 1", b"<title>A &amp; B", "CharacterData"),
    ("rss", b"<title>Headline 1", b"<title>&#x3C;/b>", "ContainsHTML"),
    ("rss", b"<description>Every", b"<description>&amp;lt;", "CharacterData: description"),
    ("rss", b'length="1234"', b'length="-1"', "InvalidInteger"),
    ("rss", b'url="https://cdn.example/talk', b'url="https://cdn/talk', "InvalidURLAttribute"),
    ("rss", b"<source url=", b"<source src=", "MissingAttribute"),
    ("rss", b"<ttl>", b"<webMaster>ann@news.example</webMaster><ttl>", "EmailFormat or MissingRealName"),
    ("rss", b'rel="self"', b'rel="via"', "MissingAtomSelfLink"),
    ("json", b'"version":"https://jsonfeed.org/version/1.1"', b'"version":"1"', "$.version"),
    ("json", b'"id":"https', b'"id":7,"x":"https', "$.items[0]"),
    ("json", b"T11:00:00Z", b" 11:00", "InvalidRFC3339Date"),
    ("json", b'"mime_type"', b'"type"', "$.items[0].attachments[0]"),
]  # fmt: skip


@pytest.mark.parametrize(("ending", "good", "bad", "fault"), FAULTS)
def test_a_judge_finds_what_is_wrong(
    make_channel: Callable[..., Channel], rich: tuple[Entry, ...], ending: str, good: bytes, bad: bytes, fault: str
) -> None:
    """A document that is damaged in one place draws that fault."""
    channel = make_channel(rich[0])
    document = RENDERERS[ending](channel)
    assert good in document
    assert [
        one for one in JUDGES[ending](document.replace(good, bad, 1), channel.address(ending)) if one.startswith(fault)
    ]


@pytest.mark.parametrize("ending", ["atom", "rss", "json"])
def test_a_judge_finds_duplicates(
    make_channel: Callable[..., Channel], make_entry: Callable[..., Entry], ending: str
) -> None:
    """Two entries of one id, or updated at one time, are none."""
    channel = make_channel(make_entry(), replace(make_entry(2), id="https://news.example/1"))
    assert JUDGES[ending](RENDERERS[ending](channel), channel.address(ending))


def test_a_judge_finds_a_broken_chain(make_channel: Callable[..., Channel]) -> None:
    """An archive without `current`, and a subscription document that claims a later archive."""
    archive = make_channel(chain=Chain("https://planet.example/all.atom"))
    document = RENDERERS["atom"](archive).replace(b'rel="current"', b'rel="via"')
    assert "MissingCurrentInArchive" in JUDGES["atom"](document, archive.address("atom"))
    subscription = make_channel(
        chain=Chain("https://planet.example/all.atom", None, "https://x.example/", is_archive=False)
    )
    assert any(
        "ArchiveIncomplete" in one
        for one in JUDGES["atom"](RENDERERS["atom"](subscription), subscription.address("atom"))
    )


@pytest.mark.parametrize(
    ("good", "bad", "fault"),
    [
        (b'version="2.0"', b'version="3.0"', "InvalidOPMLVersion"),
        (b'xmlUrl="https://a.example/f"', b"", "MissingXmlURL"),
        (b'text="A"', b"", "MissingAttribute"),
        (b'type="rss"', b"", "MissingOutlineType"),
        (b"<title>T</title>", b"<title>T</title><dateCreated>2026</dateCreated>", "InvalidRFC2822Date"),
    ],
)
def test_the_judge_of_lists_finds_what_is_wrong(good: bytes, bad: bytes, fault: str) -> None:
    """A damaged list draws that fault."""
    document = render_opml("T", [OpmlSource("https://a.example/f", "A")])
    assert etree.fromstring(document) is not None
    assert any(one.startswith(fault) for one in JUDGES["opml"](document.replace(good, bad), ""))
