from __future__ import annotations

import pytest

from aggregator.decide.discovery import Offer, Page, common_places, last_resorts, named_feeds, places

ATOM, RSS, JSON = "application/atom+xml", "application/rss+xml", "application/feed+json"
SITE = "https://site.example"


def named(
    *offers: Offer, url: str = f"{SITE}/", language: str | None = None, prefer: tuple[str, ...] = ()
) -> list[str]:
    """Return the paths of the feeds that a page names."""
    return [feed.removeprefix(SITE) for feed in named_feeds(Page(url, language=language, offers=offers), prefer)]


def offer(path: str, kind: str = RSS, title: str = "", language: str | None = None, *, linked: bool = False) -> Offer:
    """Return an offer of the site."""
    return Offer(SITE + path, kind, title, language, linked)


@pytest.mark.parametrize(
    ("path", "title"),
    [
        ("/comments/feed/", ""),
        ("/k", "Site » Kommentar-Feed"),
        ("/c", "Site » Flux des commentaires"),
        ("/?feed=comments-rss2", ""),
        ("/x", "コメントフィード"),
    ],
)
def test_comments_come_last(path: str, title: str) -> None:
    """A feed of comments is never taken before another, in whatever language it is called so."""
    assert named(offer(path, title=title), offer("/feed/", title="Site » Feed")) == ["/feed/", path]


def test_commentary_is_no_comment() -> None:
    """A section of opinion is a feed as any other."""
    assert named(offer("/commentary/feed", title="Commentary"), offer("/feed")) == ["/commentary/feed", "/feed"]


@pytest.mark.parametrize(
    ("offers", "kept"),
    [
        ([offer("/rss.xml", RSS, "Site (RSS)"), offer("/atom.xml", ATOM, "Site (Atom)")], ["/atom.xml"]),
        ([offer("/feed/", RSS, "S"), offer("/feed/atom/", ATOM, "S"), offer("/feed.json", JSON, "S")], ["/feed/atom/"]),
        ([offer("/x?format=rss"), offer("/x?format=atom", ATOM)], ["/x?format=atom"]),
        ([offer("/feed", title="S RSS 2.0"), offer("/feed", title="S RSS 0.92")], ["/feed"]),
        ([offer("/blog.xml", title="Blog"), offer("/notes.atom", ATOM, "Notes")], ["/blog.xml", "/notes.atom"]),
        ([offer("/rss.xml", title="Blog"), offer("/feed.xml", title="Podcast")], ["/rss.xml", "/feed.xml"]),
    ],
)
def test_one_feed_in_two_formats(offers: list[Offer], kept: list[str]) -> None:
    """The same feed in several formats counts once, as Atom where there is one; different feeds stay two."""
    assert named(*offers) == kept


def test_the_feed_of_a_section() -> None:
    """Whoever gives a section's address wants the section's feed."""
    feeds = (offer("/feed/", title="Site"), offer("/news/ai/feed/", title="Site » AI"))
    assert named(*feeds, url=f"{SITE}/news/ai") == ["/news/ai/feed/", "/feed/"]
    assert named(*feeds) == ["/feed/", "/news/ai/feed/"]


def test_a_language_is_chosen() -> None:
    """The operator's language comes first, else the page's; one that is not said comes before a foreign one."""
    feeds = (offer("/de", language="de"), offer("/fr", language="fr-FR"), offer("/x"))
    assert named(*feeds, language="fr") == ["/fr", "/x", "/de"]
    assert named(*feeds, language="fr", prefer=("de", "en")) == ["/de", "/x", "/fr"]
    assert named(*feeds) == ["/de", "/fr", "/x"]


def test_links_in_the_text_count_less_than_the_head() -> None:
    """What the head names comes before a mere link, except feeds of comments."""
    link = offer("/rss", linked=True)
    assert named(link, offer("/feed")) == ["/feed", "/rss"]
    assert named(link, offer("/comments/feed")) == ["/rss", "/comments/feed"]


def test_a_page_that_only_says_whose_it_is() -> None:
    """A channel's page without a feed in it tells its channel by its canonical address."""
    channel = "https://www.youtube.com/channel/UC" + "x" * 22
    page = Page("https://www.youtube.com/@Ann", canonical=channel)
    assert named_feeds(page) == ("https://www.youtube.com/feeds/videos.xml?channel_id=UC" + "x" * 22,)


@pytest.mark.parametrize(
    ("url", "first", "root"),
    [
        ("https://site.example", "/feed", "/feed"),
        ("https://site.example/blog?x=1", "/blog/feed", "/feed"),
        ("https://site.example/blog/", "/blog/feed", "/feed"),
        ("https://site.example/en/index.html", "/en/feed", "/feed"),
        ("https://site.example/index.html", "/feed", "/feed"),
    ],
)
def test_common_places(url: str, first: str, root: str) -> None:
    """Below the address, then below the root, each once, and never more than eight."""
    found = [place.removeprefix(SITE) for place in common_places(url)]
    assert found[0] == first
    assert root in found
    assert len(found) == len(set(found)) <= 8


def test_places_of_feeds() -> None:
    """What the page names comes before common places; where the address is secret there is no place at all."""
    found = places(Page(f"{SITE}/news", offers=(offer("/f"),)))
    assert [place.kind for place in found] == ["feed"] * 9
    assert places(Page("")) == ()


def test_last_resorts() -> None:
    """Without a feed it is the page itself, then the sitemaps that robots.txt names, those of news first, else one."""
    robots = f"""User-agent: *
    Disallow: /sitemap: x
    Sitemap: {SITE}/pages.xml
    sitemap:{SITE}/news.xml # ours
    Sitemap: https://other.example/sitemap.xml
    Sitemap: {SITE}/news.xml"""
    found = last_resorts(f"{SITE}/news", robots)
    assert [(place.url.removeprefix(SITE), place.kind) for place in found] == [
        ("/news", "page"),
        ("/news.xml", "sitemap"),
        ("/pages.xml", "sitemap"),
    ]
    assert last_resorts(f"{SITE}/news", "")[1].url == f"{SITE}/sitemap.xml"
    many = "".join(f"Sitemap: {SITE}/{number}.xml\n" for number in range(9))
    assert len(last_resorts(SITE, many)) == 6
    assert last_resorts("", robots) == ()
