from __future__ import annotations

import gzip
from typing import TYPE_CHECKING

import pytest

from aggregator.errors import EmptyDocument, NotAFeed

if TYPE_CHECKING:
    from collections.abc import Callable

    from aggregator.model import Document

PAGE = '<!DOCTYPE html><html><head><title>Not here</title><link rel="Alternate" type="application/rss+xml" href="{}"></head></html>'


@pytest.mark.parametrize("body", [b"", b"  \n\n", b"\xef\xbb\xbf\n", b"\xff\xfe", b"\0\0"])
def test_empty(body: bytes, read: Callable[..., Document]) -> None:
    """Nothing, or nothing but white space, is an empty document, not a feed without items."""
    with pytest.raises(EmptyDocument):
        read(body)


def test_page_names_its_feed(read: Callable[..., Document]) -> None:
    """The error for a web page offers the feed that the page links to."""
    with pytest.raises(NotAFeed, match=r'web page \("Not here"\)') as caught:
        read(PAGE.format("/the/feed"))
    assert caught.value.remedy == "Its feed is https://example.org/the/feed: use that address."


@pytest.mark.parametrize("href", ["javascript:alert(1)", "", "data:,x"])
def test_page_without_a_usable_feed(href: str, read: Callable[..., Document]) -> None:
    """An address that is none is not offered."""
    with pytest.raises(NotAFeed) as caught:
        read(PAGE.format(href))
    assert "kind: page" in caught.value.remedy


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ("<html><head><title>Just a moment...</title></head><body>Checking</body></html>", "bot check"),
        ('{"error": "rate limited"}', "JSON data"),
        ('<?xml version="1.0"?><opml version="2.0"><body/></opml>', "an OPML list"),
        ('<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"/>', "a sitemap"),
        ("<sitemapindex/>", "index of sitemaps"),
        ("<Error><Code>AccessDenied</Code></Error>", "an error message in XML"),
        ("<?xml version='1.0'?><!DOCTYPE x [<!ENTITY y '<rss>'>]><note>x</note>", "begins with <note>"),
        ("Service temporarily unavailable", 'text: "Service temporarily unavailable"'),
        ('<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"/>', "holds no feed"),
        (b"PK\x03\x04" + bytes(100), "a ZIP archive"),
        (b"\x89PNG\r\n" + bytes(100), "an image"),
        (b"%PDF-1.7", "a PDF"),
        (gzip.compress(b"<rss/>", mtime=0), "compressed once more"),
    ],
)
def test_what_is_no_feed_is_named(body: str | bytes, kind: str, read: Callable[..., Document]) -> None:
    """Each kind of document that is no feed is called by its name, with a remedy."""
    with pytest.raises(NotAFeed) as caught:
        read(body)
    assert kind in caught.value.message
    assert caught.value.remedy


@pytest.mark.parametrize("junk", ["\n\n  ", "\ufeff\n", "<!-- generated -->\n", "<?xml-stylesheet href='x'?>\n"])
def test_what_may_stand_before_a_feed(junk: str, read: Callable[..., Document], rss: Callable[[str], str]) -> None:
    """White space, comments and instructions before the root are no damage."""
    assert read(junk + rss("<item><guid>1</guid></item>")).notices == ()


def test_a_warning_before_the_feed(read: Callable[..., Document], rss: Callable[[str], str]) -> None:
    """An error message of the server's program before the feed is left out, and said."""
    document = read("<br />\n<b>Warning</b>: foo in bar.php\n" + rss("<item><guid>1</guid></item>"))
    assert len(document.items) == 1
    assert document.notices == ('what stands before the feed was left out: "Warning: foo in bar.php"',)


def test_prefixed_root(read: Callable[..., Document]) -> None:
    """A feed whose elements all have a prefix is a feed."""
    body = '<a:feed xmlns:a="http://www.w3.org/2005/Atom"><a:title>T</a:title><a:entry><a:id>urn:1</a:id></a:entry></a:feed>'
    assert [item.guid for item in read(body).items] == ["urn:1"]
