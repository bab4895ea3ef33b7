from __future__ import annotations

import time

import pytest

from aggregator.decide.discovery import Offer, named_feeds
from aggregator.parse.heads import read_page

URL = "https://site.example/blog/"


def test_what_a_head_says() -> None:
    """Title, language, canonical address and the feeds are read, addresses resolved against <base>."""
    page = read_page(
        '<!DOCTYPE html><html lang="FR-ca"><head><title>My &amp; site</title><base href="/root/">'
        '<link rel="canonical" href="home"><link rel="Alternate stylesheet" type="text/css" href="x">'
        '<link rel="alternate" type="application/RSS+xml; charset=utf-8" title="A &amp; B" href="feed" hreflang="fr">'
        '<link rel="alternate" hreflang="de" href="/de/"></head></html>',
        URL,
    )
    assert (page.title, page.language) == ("My & site", "fr-CA")
    assert page.canonical == "https://site.example/root/home"
    assert page.offers == (Offer("https://site.example/root/feed", "application/rss+xml", "A & B", "fr"),)


@pytest.mark.parametrize(
    "link",
    [
        '<link rel="alternate" type="application/json" href="https://site.example/wp-json/wp/v2/pages/1">',
        '<link rel="alternate" type="application/json+oembed" href="/feed">',
        '<link rel="alternate" type="application/json" href="/data">',
        '<link rel="alternate" type="application/rss+xml" href="javascript:alert(1)">',
        '<link rel="alternate" type="application/rss+xml" href="">',
        '<link rel="stylesheet" type="application/rss+xml" href="/feed">',
        '<a href="https://elsewhere.example/feed">feed</a>',
        '<a href="/feedback">write to us</a>',
    ],
)
def test_what_is_no_feed(link: str) -> None:
    """APIs, embeds, scripts and other sites' feeds are not offered."""
    assert read_page(f"<html><head>{link}</head></html>", URL).offers == ()


@pytest.mark.parametrize("href", ["/feed.json", "/api/feed?x=1"])
def test_a_json_feed(href: str) -> None:
    """The media type of JSON Feed 1.0 is any JSON's; the address tells."""
    page = read_page(f'<link rel="alternate" type="application/json" href="{href}">', URL)
    assert [offer.href for offer in page.offers] == [f"https://site.example{href}"]


@pytest.mark.parametrize("href", ["/feed", "rss.xml", "/blog/atom/", "/index.xml", "/news.rss", "/?feed=rss2"])
def test_links_that_look_like_feeds(href: str) -> None:
    """A site that names no feed in its head often links to one."""
    page = read_page(f'<html><body><a href="{href}"><b>RSS</b> here</a></body></html>', URL)
    assert [(offer.linked, offer.title) for offer in page.offers] == [(True, "RSS here")]


def test_a_head_behind_a_megabyte_of_script() -> None:
    """Feeds named far behind the beginning are found where nothing is named before."""
    link = "<link title='RSS' rel=alternate type='application/rss+xml' href='https://site.example/?a=1&amp;b=2'>"
    page = read_page(f"<html><head><title>T</title><script>{'x' * 1_000_000}</script>{link}</head></html>", URL)
    assert named_feeds(page) == ("https://site.example/?a=1&b=2",)


def test_a_link_with_attributes_that_have_no_name() -> None:
    """What lxml takes for a namespace without end is an attribute like any other, found by fuzzing."""
    (offer,) = read_page(
        '<html><head><link {}x=1 {="2" rel=alternate type=application/rss+xml href=/f></head>', URL
    ).offers
    assert offer.href.endswith("/f")


@pytest.mark.parametrize("piece", ["<link ", "<a href=/feed>", "<div>", "<link rel=alternate ", "&lt;", "<b a='"])
def test_hostile_pages_end(piece: str) -> None:
    """Pages made to take long are read in seconds, with a bounded number of offers."""
    started = time.process_time()
    assert len(read_page(f"<html>{piece * (3_000_000 // len(piece))}", URL).offers) <= 200
    assert time.process_time() - started < 60
