from __future__ import annotations

import gzip
import time
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.errors import EmptyDocument, NotAFeed, ParseError
from aggregator.indexes import ChildSitemap
from aggregator.model import Category, Link
from aggregator.parse.sitemap import MOST_BYTES, parse_sitemap

if TYPE_CHECKING:
    from aggregator.decide.sitemaps import Sitemap

SPACE = 'xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"'
NEWS = 'xmlns:news="http://www.google.com/schemas/sitemap-news/0.9" xmlns:image="http://www.google.com/schemas/sitemap-image/1.1"'


def read(body: str | bytes, url: str = "https://site.example/sitemap.xml") -> Sitemap:
    """Parse a sitemap."""
    body = body.encode() if isinstance(body, str) else body
    return parse_sitemap(body, url=url, content_type="application/xml", received=datetime(2026, 1, 7, tzinfo=UTC))


def urlset(*entries: str) -> str:
    """Return a sitemap of these entries."""
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<urlset {SPACE} {NEWS}>{"".join(f"<url>{each}</url>" for each in entries)}</urlset>'


def paths(found: Sitemap) -> list[str]:
    """Return the paths of the items."""
    return [(item.link or "").removeprefix("https://site.example") for item in found.document.items]


def test_a_sitemap() -> None:
    """Each address is an item with its lastmod; what is no address, or stands there twice, is left out."""
    found = read(
        urlset(
            "<loc> https://site.example/a?x=1&amp;y=2 </loc><lastmod>2026-01-05</lastmod><priority>0.5</priority>",
            "<loc>/relative</loc><lastmod>2026-01-06T10:00:00+02:00</lastmod><changefreq>daily</changefreq>",
            "<loc><![CDATA[https://site.example/c]]></loc><lastmod>2026</lastmod>",
            "<loc>https://site.example/c</loc>",
            "<loc>javascript:alert(1)</loc>",
            "<lastmod>2026-01-05</lastmod>",
        )
    )
    document = found.document
    assert paths(found) == ["/a?x=1&y=2", "/relative", "/c"]
    assert [item.updated for item in document.items] == [
        datetime(2026, 1, 5, tzinfo=UTC),
        datetime(2026, 1, 6, 8, tzinfo=UTC),
        None,
    ]
    assert [item.title for item in document.items] == ["site.example/a", "Relative", "site.example/c"]
    assert {(item.guid, item.published) for item in document.items} == {(None, None)}
    assert document.header.links == (Link("https://site.example/"),)
    assert (document.format, found.children, document.cut_short) == ("sitemap", (), False)
    assert document.notices == ("entries left out because they have no http(s) address: 2",)


def test_a_news_sitemap() -> None:
    """Title, date, language, keywords and picture come from the extensions, whatever their prefixes."""
    entry = (
        "<loc>https://site.example/1</loc><lastmod>2026-01-06T12:00:00Z</lastmod><news:news><news:publication>"
        "<news:name>The Site</news:name><news:language>fr</news:language></news:publication><news:genres>Blog</news:genres>"
        "<news:publication_date>2026-01-06T10:00:00Z</news:publication_date><news:title>AT&amp;T &lt;b> l’IA</news:title>"
        "<news:keywords>ai, models,ai</news:keywords></news:news><image:image><image:loc>/i.png</image:loc></image:image>"
    )
    for body in (
        urlset(entry),
        urlset(entry.replace("news:", "n:")).replace("xmlns:news", "xmlns:n"),
        urlset(entry).replace(NEWS, ""),
    ):
        found = read(body)
        (item,) = found.document.items
        assert (item.link, item.title, item.language) == ("https://site.example/1", "AT&T <b> l’IA", "fr")
        assert item.published == datetime(2026, 1, 6, 10, tzinfo=UTC)
        assert item.updated == datetime(2026, 1, 6, 12, tzinfo=UTC)
        assert item.categories == (Category("ai"), Category("models"))
        assert item.thumbnail == "https://site.example/i.png"
        assert (found.document.format, found.document.header.title) == ("news-sitemap", "The Site")


def test_an_index() -> None:
    """An index gives its children with their dates, those of other sites and itself left out."""
    names = ("/posts.xml", "https://cdn.site.example/tags.xml.gz", "https://evil.example/x.xml", "/sitemap.xml")
    body = "".join(f"<sitemap><loc>{name}</loc><lastmod>2026-01-05</lastmod></sitemap>" for name in names)
    found = read(f"<sitemapindex {SPACE}>{body}</sitemapindex>")
    monday = datetime(2026, 1, 5, tzinfo=UTC)
    assert found.children == (
        ChildSitemap("https://site.example/posts.xml", monday),
        ChildSitemap("https://cdn.site.example/tags.xml.gz", monday),
    )
    assert found.document.items == ()
    assert found.document.notices == ("sitemaps left out because they are of another site: 1",)


@pytest.mark.parametrize(
    ("pack", "notice"),
    [
        (gzip.compress, None),
        (lambda body: gzip.compress(body[:100]) + gzip.compress(body[100:]) + bytes(20), None),
        (lambda body: gzip.compress(body)[:-30], "ends early"),
        (lambda body: gzip.compress(body) + b"junk", "damaged"),
    ],
    ids=["whole", "two members", "cut", "junk behind"],
)
def test_gzip_is_known_by_its_content(pack: object, notice: str | None) -> None:
    """A packed sitemap is unpacked whatever it is called; one that is damaged gives what can be read."""
    body = urlset(*(f"<loc>https://site.example/{n}</loc>" for n in range(500))).encode()
    found = read(pack(body))  # type: ignore[operator]
    assert paths(found)[:100] == [f"/{n}" for n in range(100)]
    assert found.document.cut_short is (notice is not None)
    assert notice is None or notice in found.document.notices[0]


def test_the_newest_thousand() -> None:
    """Of more than 1,000 addresses those that changed last are kept, in their order."""
    start = datetime(2025, 1, 1, tzinfo=UTC)
    dates = [(start + timedelta(hours=n * 7 % 1500)).isoformat() for n in range(1500)]
    found = read(urlset(*(f"<loc>/{n}</loc><lastmod>{date}</lastmod>" for n, date in enumerate(dates))))
    kept = [int(path[1:]) for path in paths(found)]
    assert kept == sorted(kept)
    assert {n * 7 % 1500 for n in kept} == set(range(500, 1500))
    assert found.document.notices == ("the sitemap has 1500 addresses; the newest 1000 were read",)


def test_without_dates_both_ends_are_kept() -> None:
    """Where no date tells what is new, it is at one of the ends."""
    found = read(urlset(*(f"<loc>/{n}</loc>" for n in range(3000))))
    assert paths(found) == [f"/{n}" for n in (*range(500), *range(2500, 3000))]


def test_no_more_than_the_protocol_allows() -> None:
    """Addresses after the first 50,000 are counted and not read."""
    found = read(urlset(*(f"<loc>/{n}</loc>" for n in range(50_010))))
    assert "/50009" not in paths(found)
    assert "50010 addresses" in found.document.notices[0]


@pytest.mark.parametrize(
    "entry",
    [
        "<loc>https://site.example/1?a=1&b=2</loc>",
        "<loc>https://site.example/1</loc><news:title>caf&eacute;</news:title>",
    ],
)
def test_a_damaged_sitemap_is_mended(entry: str) -> None:
    """Loose ampersands and HTML's entities cost nothing, and are noticed."""
    found = read(urlset("<loc>/0</loc>", entry, "<loc>/2</loc>"))
    assert len(paths(found)) == 3
    assert found.document.notices[0].startswith("the document is damaged near line 2: ")


@pytest.mark.parametrize("encoding", ["gb2312", "shift_jis", "big5", "utf-7", "rot13", "idna", "vf6l8"])
def test_an_encoding_that_expat_has_not(encoding: str) -> None:
    """Characters of several bytes are read like all others; under a name that is none, what is UTF-8 is."""
    title = {"gb2312": "新闻", "shift_jis": "ニュース", "big5": "新聞"}.get(encoding, "News")
    entry = f"<loc>/0</loc><news:news><news:title>{title}</news:title></news:news>"
    document = urlset(entry).replace("UTF-8", encoding, 1)
    found = read(document.encode(encoding if title != "News" else "ascii"))
    assert (paths(found), [item.title for item in found.document.items]) == (["/0"], [title])
    assert not found.document.cut_short


def test_a_sitemap_that_is_cut_short() -> None:
    """The whole entries before the cut are read."""
    found = read(urlset("<loc>/0</loc>", "<loc>/1</loc>", "<loc>/2</loc>").partition("/2<")[0])
    assert paths(found) == ["/0", "/1"]
    assert found.document.cut_short


def test_a_list_of_addresses_and_a_feed() -> None:
    """The protocol's other formats are read: a text with an address in each line, and a feed."""
    assert paths(read("\ufeffhttps://site.example/1\r\nhttps://site.example/2\nnothing\n")) == ["/1", "/2"]
    feed = (
        "<rss version='2.0'><channel><title>T</title><item><link>https://site.example/1</link></item></channel></rss>"
    )
    assert paths(read(gzip.compress(feed.encode()))) == ["/1"]


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("<!DOCTYPE html><html><head/></html>", "a web page"),
        ("<note/>", "begins with <note>"),
        ("Not Found", "text or data"),
        ('{"a": 1}', "text or data"),
        ('<!DOCTYPE urlset [<!ENTITY a "b">]><urlset><url><loc>&a;</loc></url></urlset>', "declares entities"),
        ('<!DOCTYPE urlset [<!ENTITY a SYSTEM "file:///etc/passwd">]><urlset/>', "declares entities"),
        ("<urlset>" + "<url>" * 100, "nested too deep"),
    ],
)
def test_what_is_refused(body: str, message: str) -> None:
    """What is no sitemap is called by its name; bombs are refused."""
    with pytest.raises(ParseError, match=message):
        read(body)
    with pytest.raises(EmptyDocument):
        read(" \n")
    with pytest.raises(NotAFeed):
        read(gzip.compress(b"Not Found"))


def test_a_bomb_is_unpacked_no_further_than_50_mb() -> None:
    """What a few kilobytes of gzip unpack to is read in seconds, and no further than the protocol's size."""
    started = time.process_time()
    with suppress(ParseError):
        found = read(gzip.compress(urlset("<loc>/1</loc>").encode()[:-9] + b" " * (MOST_BYTES + 10**6)))
        assert "larger than 50 MB" in found.document.notices[0]
    assert time.process_time() - started < 60


@pytest.mark.parametrize(
    "entries",
    [["<loc>https://site.example/" + "x" * 5_000_000 + "</loc>"], ["<lastmod>31st of 2026, at noon</lastmod><loc>/1</loc>"] * 50_000, ["<a/>" * 1_000_000]],
    ids=["long", "dates", "elements"],
)  # fmt: skip
def test_hostile_sitemaps_end(entries: list[str]) -> None:
    """Sitemaps made to take long are read in seconds."""
    started = time.process_time()
    read(urlset(*entries))
    assert time.process_time() - started < 60


PIECES = ["<url>", "</url>", "<loc>", "</loc>", "https://site.example/", "<lastmod>", "</lastmod>", "2026-01-05", "&", "&amp;", "<", "\0", "]]>", "<![CDATA[", "<news:title>", "é"]  # fmt: skip


@given(st.lists(st.sampled_from(PIECES), max_size=20))
def test_only_parse_errors_come_out(pieces: list[str]) -> None:
    """However a sitemap is broken, it is a Sitemap or a ParseError."""
    with suppress(ParseError):
        read("<urlset>" + "".join(pieces))


def test_only_what_is_wanted() -> None:
    """Addresses that are not wanted leave the room to others; a news sitemap's are all; when none is left, it is said."""
    body = urlset(*(f"<loc>https://site.example/{kind}/{n}</loc>" for kind in ("shop", "news") for n in range(1500)))
    found = parse_sitemap(
        body.encode(),
        url="https://site.example/sitemap.xml",
        content_type=None,
        received=datetime(2026, 1, 7, tzinfo=UTC),
        wanted=lambda url: "/news/" in url,
    )
    assert {path.rpartition("/")[0] for path in paths(found)} == {"/news"}
    assert len(paths(found)) == 1000
    titled = urlset(
        "<loc>https://site.example/x</loc><news:news><news:title>T</news:title></news:news>", "<loc>/y</loc>"
    )
    assert [kept(titled), kept(urlset("<loc>/y</loc>"))] == [
        (["/x"], ()),
        ([], ("none of the 1 addresses looks like an article's",)),
    ]


def kept(body: str) -> tuple[list[str], tuple[str, ...]]:
    """Return what a reader that wants nothing keeps, and what is told."""
    found = parse_sitemap(
        body.encode(),
        url="https://site.example/sitemap.xml",
        content_type=None,
        received=datetime(2026, 1, 7, tzinfo=UTC),
        wanted=lambda _: False,
    )
    return paths(found), found.document.notices
