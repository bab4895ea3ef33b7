from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from aggregator.decide.archives import (
    as_asked,
    changed_in,
    following,
    is_wordpress,
    may_ask,
    onward,
    page_number,
    paged,
    read,
    read_sitemap,
    routes,
    sitemap_of,
)
from aggregator.decide.candidates import candidates
from aggregator.decide.changes import KnownEntry
from aggregator.indexes import ChildSitemap
from aggregator.losses import Gap
from aggregator.model import FeedState, Header, Item, Link

if TYPE_CHECKING:
    from collections.abc import Sequence

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
URL = "https://blog.example.com/news"
PREV, NEXT = "https://archive.example.com/2026-04", "https://blog.example.com/news?page=2"


def feed(url: str = URL, **facts: Any) -> FeedState:
    """Return a source."""
    return FeedState(**{"key": 1, "url": url, "fetch_url": url} | facts)


def header(*, generator: str | None = None, **links: str) -> Header:
    """Return a header with links by relation."""
    named = tuple(Link(href, rel=rel.replace("_", "-")) for rel, href in links.items())
    return Header(links=named, generator=generator)


def test_the_ways_into_an_archive() -> None:
    """Archived feeds come before paged ones, these before what WordPress does unsaid; nothing offered is no way."""
    wordpress = header(next=NEXT, prev_archive=PREV, generator="https://wordpress.org/?v=6.5")
    assert routes(feed(), wordpress) == (PREV, NEXT, f"{URL}?paged=2")
    assert routes(feed(), header(next=NEXT)) == (NEXT,)
    assert routes(feed(), header(self=NEXT, first=NEXT, current=NEXT)) == ()
    assert routes(feed(), header(next=NEXT, prev_archive=NEXT)) == (NEXT,)


@pytest.mark.parametrize(
    ("url", "generator", "found"),
    [
        (URL, "WordPress 6.5", True),
        ("https://a.example/feed/", None, True),
        ("https://a.example/category/ai/feed", None, True),
        ("https://a.example/?feed=rss2", None, True),
        ("https://a.example/?cat=3&feed=atom", None, True),
        ("https://a.example/wp-rss2.php", None, True),
        ("https://a.example/feed/", "Ghost 5.8", False),
        ("https://a.example/feed.xml", None, False),
        ("https://a.example/?feed=podcast", None, False),
    ],
)
def test_wordpress(url: str, generator: str | None, found: bool) -> None:
    """WordPress is known by its name, or by addresses like its own where no other name is given."""
    assert is_wordpress(url, header(generator=generator)) is found


def test_wordpress_pages() -> None:
    """A page is the feed's address as it is and one parameter more; only such a one is counted on."""
    assert paged("https://a.example/?feed=rss2&k=%41#x", 2) == "https://a.example/?feed=rss2&k=%41&paged=2"
    assert paged("https://a.example/feed/", 3) == "https://a.example/feed/?paged=3"
    source = feed("https://a.example/feed/")
    assert page_number(source, "https://a.example/feed/?paged=3") == 3
    assert page_number(source, "https://a.example/other/?paged=3") is None
    assert page_number(source, "https://a.example/feed/") is None
    assert following(source, "https://a.example/feed/?paged=3", Header()) == "https://a.example/feed/?paged=4"
    assert following(source, "https://a.example/x", Header()) is None
    assert following(source, "https://a.example/x", header(next="https://a.example/y")) == "https://a.example/y"
    assert following(source, "https://a.example/x", header(next="https://b.example/y")) is None


@pytest.mark.parametrize(
    ("page", "public", "private"),
    [
        ("https://blog.example.com/2", True, True),
        ("https://blog.example.com:8443/2", True, False),
        ("https://archive.example.com/2", True, False),
        ("http://blog.example.com/2", False, False),
        ("https://example.org/2", False, False),
        ("file:///etc/passwd", False, False),
        ("https://", False, False),
    ],
)
def test_where_an_archive_may_be(page: str, public: bool, private: bool) -> None:
    """Pages are asked on the feed's own site and no less securely; for a source with secrets on its own host."""
    assert may_ask(feed(), page) is public
    assert may_ask(feed(private=True), page) is private


def test_a_feed_over_http() -> None:
    """A feed over http may have its archive on http or https."""
    plain = feed("http://a.example/feed")
    assert may_ask(plain, "http://a.example/2")
    assert may_ask(plain, "https://a.example/2")
    assert not may_ask(plain, "ftp://a.example/2")


def test_user_and_password() -> None:
    """A page is asked with the user and password of the feed's address, unless it has its own."""
    secret = feed("https://me:pw@a.example/feed")
    assert as_asked(secret, "https://a.example/2") == "https://me:pw@a.example/2"
    assert as_asked(secret, "https://you:x@a.example/2") == "https://you:x@a.example/2"
    assert as_asked(feed(), PREV) == PREV


GAP = Gap(at=NOON + 9 * HOUR, before=NOON + HOUR, least=1, likely=2, most=3, since=NOON)


def page(*hours: float | None) -> list[Item]:
    """Return items of these hours, or without a date."""
    return [
        Item(title=f"{place}", guid=f"{place}", published=None if hour is None else NOON + HOUR * hour)
        for place, hour in enumerate(hours)
    ]


def wanted(items: Sequence[Item], *known: int, gap: Gap = GAP) -> tuple[list[int], bool]:
    """Return the places of the items that belong into a gap, and whether the page leads out of it."""
    leaf = read(gap, candidates(items), {f"g:{place}" for place in known})
    return [int(each.item.title) for each in leaf.wanted], leaf.reached


def test_what_is_dated() -> None:
    """Of dated items those belong that are newer than all that was listed before; older ones end the search."""
    assert wanted(page(5, 4, 3)) == ([0, 1, 2], False)
    assert wanted(page(2, 1, 0, -1, -2), 2) == ([0, 1], True)
    assert wanted(page(2, -1, 1, -2)) == ([0, 2], False)
    assert wanted(page(-1, -2)) == ([], True)
    assert wanted(page(0, 0, 0), 1) == ([0], True)
    assert wanted([replace(one, published=None, updated=one.published) for one in page(3, -3)]) == ([0], False)


def test_days_without_time() -> None:
    """Of the day up to which was listed, what has no time of day belongs when it stands above what is known."""
    midnight = -12
    assert wanted(page(midnight, midnight, midnight), 1) == ([0], True)
    assert wanted(page(midnight, midnight)) == ([0, 1], False)


def test_what_is_not_dated() -> None:
    """Of undated items those belong that stand above what is known; without that, fifty at most."""
    assert wanted(page(None, None, None), 1) == ([0], True)
    assert wanted(page(None, -5)) == ([], True)
    undated = replace(GAP, since=None)
    assert wanted(page(3, None, -3), 2, gap=undated) == ([0, 1], True)
    assert wanted(page(*[None] * 60)) == (list(range(50)), False)
    assert wanted(page(*[None] * 60), gap=replace(GAP, recovered=49)) == ([0], False)
    assert wanted(page(*[None] * 60), gap=replace(GAP, recovered=400)) == ([], False)


def test_no_more_than_five_hundred() -> None:
    """Of one gap five hundred entries are recovered at most."""
    many = page(*(9 - place / 1000 for place in range(600)))
    assert len(wanted(many)[0]) == 500
    assert len(wanted(many, gap=replace(GAP, recovered=490))[0]) == 10
    assert wanted(many, gap=replace(GAP, recovered=501)) == ([], False)


OWN = KnownEntry(1, URL, Item(title="Own"), "", "blog.example.com/news/2026/04/own", None, NOON, NOON, here=("k",))
OTHER = replace(OWN, key=2, canonical="blog.example.com/press/other", here=())


def addresses(**hours: float | None) -> list[Item]:
    """Return pages of a sitemap, by the ends of their addresses, that changed at these hours."""
    return [
        Item(
            link=f"https://blog.example.com/{name.replace('_', '/')}", updated=None if at is None else NOON + HOUR * at
        )
        for name, at in hours.items()
    ]


def named(known: Sequence[KnownEntry] = (OWN, OTHER), gap: Gap = GAP, **hours: float | None) -> list[str]:
    """Return the ends of the addresses of a sitemap that belong into a gap."""
    leaf = read_sitemap(gap, candidates(addresses(**hours)), known)
    assert leaf.reached
    return [(each.item.link or "").rpartition("/")[2] for each in leaf.wanted]


def test_what_a_sitemap_names() -> None:
    """Articles that changed in the gap and lie where the feed's lie belong; neither known ones nor other folders."""
    assert named(news_2026_05_one=3, news_2026_04_own=3, press_two=3, press_other=3) == ["one"]
    assert named(news_2026_05_old=0, news_2026_05_new=10, news_2026_05_when=None) == []
    assert named(gap=replace(GAP, since=None), news_2026_05_one=1, news_2026_05_two=2) == ["two"]
    assert named([OTHER], news_2026_05_one=3) == [], "it lists nothing of the feed's own"


def test_a_site_that_was_built_anew() -> None:
    """A sitemap that names more than twice what may have been missed says nothing."""
    assert len(named(**{f"news_2026_05_{number}": 3 for number in "abcdef"})) == 6
    assert named(**{f"news_2026_05_{number}": 3 for number in "abcdefg"}) == []


def test_the_sitemaps_of_an_index() -> None:
    """Of an index three are asked that changed since, on the feed's site, those named after news first."""
    site = "https://blog.example.com"
    children = [
        ChildSitemap(f"{site}/a.xml", NOON + HOUR),
        ChildSitemap(f"{site}/news.xml", NOON + HOUR),
        ChildSitemap(f"{site}/old.xml", NOON - HOUR),
        ChildSitemap(f"{site}/undated.xml"),
        ChildSitemap("https://elsewhere.example.org/post.xml", NOON + HOUR),
    ]
    assert changed_in(feed(), GAP, children) == [f"{site}/news.xml", f"{site}/a.xml"]


def test_on_to_a_sitemap() -> None:
    """What is asked after the sitemap of the site is one too."""
    own = sitemap_of(feed())
    assert own == "https://blog.example.com/sitemap.xml"
    first = onward(feed(), GAP, NEXT, [own])
    assert (first.page, first.routes, first.by_sitemap) == (NEXT, (own,), False)
    second = onward(feed(), first, own, [])
    assert second.by_sitemap
    assert onward(feed(), second, "https://blog.example.com/news.xml", []).by_sitemap
