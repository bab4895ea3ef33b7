from __future__ import annotations

import contextlib
import hashlib
import socket
import tracemalloc
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aggregator.errors import ParseError
from aggregator.model import Document
from aggregator.parse.syndication import parse

if TYPE_CHECKING:
    from collections.abc import Callable

ITEM = "<item><title>good {0}</title><guid>{0}</guid></item>"
GOOD = "".join(ITEM.format(n) for n in range(3))


def test_a_feed_without_items_is_a_document(read: Callable[..., Document], rss: Callable[[str], str]) -> None:
    """A feed that lists nothing is read, not refused."""
    document = read(rss(""))
    assert document.items == ()
    assert document.notices == ()
    assert document.header.title == "T"


def test_a_truncated_feed_gives_what_it_has(read: Callable[..., Document], rss: Callable[[str], str]) -> None:
    """A document cut in the middle of its third item gives the whole ones, and a notice with the line."""
    document = read(rss("\n" + GOOD.replace("</item>", "</item>\n")).partition("od 2</title>")[0])
    assert [item.title for item in document.items] == ["good 0", "good 1"]
    assert document.notices[0].startswith("the document is damaged near line 4: ")
    assert document.notices[0].endswith("; 2 items were read")


def test_an_item_in_which_a_feed_breaks_off_is_left_out(
    read: Callable[..., Document], rss: Callable[[str], str]
) -> None:
    """Wherever a document breaks off, it gives no item that says other things of itself when it comes whole."""
    text = rss(GOOD)
    whole = [(item.title, item.guid, item.link) for item in read(text).items]
    for end in range(text.index("<item>"), text.index("</channel>"), 7):
        document = read(text[:end])
        assert [(item.title, item.guid, item.link) for item in document.items] == whole[: len(document.items)]
        assert document.cut_short


def test_the_line_counts_what_stands_before_the_root(read: Callable[..., Document]) -> None:
    """A notice gives the line of the document as the publisher sees it."""
    body = '<?xml version="1.0"?>\n<!-- a\nb -->\n<rss version="2.0"><channel><title>T</title>\n<item></b></item></channel></rss>'
    assert read(body).notices[0].startswith("the document is damaged near line 5: mismatched tag")


@pytest.mark.parametrize(
    ("item", "title"),
    [
        ("<item><title>AT&T & R&D <3</title><guid>x</guid></item>", "AT&T & R&D <3"),
        ("<item><title>caf&eacute; &rsquo;</title><guid>x</guid></item>", "café ’"),
        ("<item><title>a&#0;&#xD800;b</title><guid>x</guid></item>", "ab"),
        ("<item><title>n</title><dc:creator>N</dc:creator><guid>x</guid></item>", "n"),
    ],
)
def test_damaged_items_are_mended(
    item: str, title: str, read: Callable[..., Document], rss: Callable[[str], str]
) -> None:
    """The usual mistakes cost no item, and are noticed."""
    document = read(rss(item + GOOD))
    assert len(document.items) == 4
    assert document.items[0].title == title
    assert "damaged near line" in document.notices[0]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "iso-8859-1", "utf-7"])
@pytest.mark.fault("T19")
def test_entities_are_never_expanded(
    encoding: str, read: Callable[..., Document], rss: Callable[[str], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Entities that multiply, read files or ask servers stay names, in every encoding; nothing is opened."""
    bomb = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    external = 'SYSTEM "http://127.0.0.1:9/p"'
    files = f'<!ENTITY f SYSTEM "file:///etc/passwd"><!ENTITY % p {external}> %p;'
    dtd = f'<!DOCTYPE rss {external} [<!ENTITY l0 "lol">{bomb}{files}]>'
    body = (
        f'<?xml version="1.0" encoding="{encoding}"?>{dtd}'
        + rss(f"<item><title>&l9;&f;</title></item>{GOOD}").split("?>")[1]
    )
    monkeypatch.setattr(socket, "socket", None)
    monkeypatch.setattr("builtins.open", None)
    document = read(body.encode("ascii" if encoding == "utf-7" else encoding))
    assert document.items[0].title == "&l9;&f;"
    assert len(document.items) == 4


def test_a_long_guid_becomes_its_hash(read: Callable[..., Document], rss: Callable[[str], str]) -> None:
    """A guid over 2,000 characters is replaced by its SHA-256; one of 2,000 is kept."""
    document = read(rss(f"<item><guid>{'g' * 2001}</guid></item><item><guid>{'g' * 2000}</guid></item>"))
    assert [item.guid for item in document.items] == [hashlib.sha256(b"g" * 2001).hexdigest(), "g" * 2000]


@pytest.mark.fault("T12")
def test_harmful_addresses_in_every_field(read: Callable[..., Document], rss: Callable[[str], str]) -> None:
    """No field for an address lets a script through, and names and titles stay text."""
    item = read(
        rss(
            "<item><title><![CDATA[<img src=x onerror=alert(1)>]]></title><link>javascript:alert(1)</link>"
            '<guid isPermaLink="true">javascript:alert(2)</guid><author>"&gt;&lt;script&gt;alert(3)&lt;/script&gt;</author>'
            "<category><![CDATA[<script>]]></category><comments>java&#9;script:alert(4)</comments>"
            '<enclosure url="data:text/html,x" length="-1"/><source url="vbscript:x">S</source>'
            '<thumbnail xmlns="http://search.yahoo.com/mrss/" url="javascript:x"/></item>'
        )
    ).items[0]
    assert item.title == "<img src=x onerror=alert(1)>"
    assert (item.link, item.comments, item.enclosures, item.thumbnail) == (None, None, (), None)
    assert item.source is not None
    assert item.source.links == ()
    assert [person.name for person in item.authors] == ['"><script>alert(3)</script>']
    assert [category.term for category in item.categories] == ["<script>"]


def test_without_a_base_only_absolute_addresses_remain(rss: Callable[[str], str]) -> None:
    """Where a document's own address is secret down to its host, nothing is resolved against it."""
    text = "<description>&lt;a href='#a'>a&lt;/a> &lt;a href='https://b.example/'>b&lt;/a></description>"
    items = f"<item><link>?x</link>{text}</item><item><link>https://a.example/1</link></item>"
    body = rss(items).replace("<item>", "<item><enclosure url='s.mp3'/>").encode()
    document = parse(body, url="", content_type="text/xml", received=datetime(2026, 1, 1, tzinfo=UTC))
    assert [item.link for item in document.items] == [None, "https://a.example/1"]
    assert [item.enclosures for item in document.items] == [(), ()]
    summary = document.items[0].summary or ""
    assert "https://b.example/" in summary
    assert "#a" not in summary


def test_control_sequences_leave_titles(read: Callable[..., Document], rss: Callable[[str], str]) -> None:
    """Line breaks, terminal sequences and bidi overrides cannot reach a log or a page."""
    item = read(rss("<item><title>a\r\n\x1b[31mred \u202eevil\u202c 👩\u200d💻</title></item>")).items[0]
    assert item.title == "a [31mred evil 👩\u200d💻"


def test_elements_with_the_names_of_our_keys(read: Callable[..., Document], rss: Callable[[str], str]) -> None:
    """Elements named like feedparser's own keys put text where lists are expected: the other items are still read."""
    names = (
        "title_detail",
        "summary_detail",
        "media_content",
        "media_thumbnail",
        "source",
        "content_detail",
        "guidislink",
        "image",
    )
    traps = "".join(f"<item><guid>{name}</guid><{name}>x</{name}><{name} a='1'/></item>" for name in names)
    assert len(read(rss(traps + GOOD)).items) == len(names) + 3


@pytest.mark.fault("T26")
def test_memory_stays_level(read: Callable[..., Document], rss: Callable[[str], str]) -> None:
    """Parsing again and again keeps nothing."""
    body = rss(GOOD * 5)
    for _ in range(20):
        read(body)
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    for _ in range(40):
        read(body)
    grown = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    assert grown < 100_000


PIECES = st.sampled_from(
    ["<item>", "</item>", "<title>", "</title>", "<link>", "</link>", "<guid>", "</guid>", "<![CDATA[", "]]>", "&amp;", "&x;", "&#xD800;",
     "<content:encoded>", "</content:encoded>", "<a href='", "'>", "<entry>", "</entry>", "<links>", "<tags>x</tags>", "<category>", "text",
     "<author>", "</author>", "<media:content url='x'/>", "<source url='u'>", "</source>", "<pubDate>", "\0", "<svg>", "<!--", "<!DOCTYPE x [", "é",
     "<image>", "<title_detail>", "<link/>", "<enclosure/>", "<authors>", "</channel>", "<feed>", "<content type='xhtml'>", "<div>"]
)  # fmt: skip


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(pieces=st.lists(PIECES | st.text(max_size=5), max_size=25))
def test_only_parse_errors_come_out(pieces: list[str], read: Callable[..., Document]) -> None:
    """However a document is broken, it is a Document or a ParseError."""
    body = "<rss version='2.0'><channel>" + "".join(pieces)
    with contextlib.suppress(ParseError):
        assert isinstance(read(body.encode("utf-8", "replace")), Document)


@pytest.mark.parametrize(
    "namespace",
    ['feedburner="http://rssnamespace.org/feedburner/ext/1.0"', 'pheedo="http://www.pheedo.com/namespace/pheedo"'],
)
def test_what_a_feed_service_hid(namespace: str) -> None:
    """The address of the page that FeedBurner or Pheedo put their own in place of is the item's link."""
    name = namespace.partition("=")[0]
    body = (
        f"<rss version='2.0' xmlns:{namespace}><channel><title>T</title><item><title>A</title>"
        f"<link>https://feeds.example/~r/1</link><{name}:origLink>https://origin.example/1</{name}:origLink>"
        "</item></channel></rss>"
    )
    document = parse(
        body.encode(), url="https://feeds.example/", content_type=None, received=datetime(2026, 1, 1, tzinfo=UTC)
    )
    assert document.items[0].link == "https://origin.example/1"


ATOM, HISTORY = "http://www.w3.org/2005/Atom", "http://purl.org/syndication/history/1.0"


def test_other_pages_of_a_feed(read: Callable[..., Document]) -> None:
    """Links to pages and archives (RFC 5005) are read, of Atom and of RSS, relative ones against the document."""
    relations = ("first", "last", "next", "previous", "current", "prev-archive", "next-archive")
    links = "".join(f'<link rel="{rel}" href="/{rel}"/>' for rel in relations)
    atom = read(f'<feed xmlns="{ATOM}"><title>T</title>{links}<link rel="via" href="/via"/></feed>')
    rss = read(
        f'<rss version="2.0" xmlns:a="{ATOM}"><channel><title>T</title>{links.replace("<link", "<a:link")}</channel></rss>'
    )
    for document in (atom, rss):
        found = {link.rel: link for link in document.header.links}
        assert found.keys() == set(relations)
        assert all(link.href.endswith(f"/{rel}") and link.href.startswith("http") for rel, link in found.items())
        assert found["next"].type is None


@pytest.mark.parametrize(
    ("more", "complete"),
    [
        (f'<fh:complete xmlns:fh="{HISTORY}"/>', True),
        (f"<h:complete xmlns:h='{HISTORY}' />", True),
        ('<fh:complete xmlns:fh="http://other.example/"/>', False),
        (f'<fh:archive xmlns:fh="{HISTORY}"/>', False),
        ("", False),
    ],
)
def test_complete_feeds(read: Callable[..., Document], more: str, complete: bool) -> None:
    """A feed that says so lists all there is (RFC 5005 section 2), whatever the namespace is called."""
    assert read(f'<feed xmlns="{ATOM}"><title>T</title>{more}</feed>').complete is complete
