"""Which addresses `aggregator add` asks, and in which order."""

from __future__ import annotations

from typing import Any

import pytest

from aggregator.cli import editing
from aggregator.cli.context import Context
from aggregator.errors import AggregatorError

GOOD = {"error": None, "status": 200, "feeds": [], "outcome": "new", "entries": 1}
REPO, FEED = "https://github.com/o/r", "https://github.com/o/r/releases.atom"
SITE = "https://site.example.org/"


def failed(status: int | None = 200, *feeds: str) -> dict[str, Any]:
    """Return the report of a poll that gave no feed."""
    return {"error": "It is no feed.", "status": status, "feeds": list(feeds), "outcome": "error"}


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Answer by address from the returned dictionary, 404 for any other; its key "" lists what was asked.

    What is asked as another kind of source than a feed is called `page ADDRESS`; the key `robots` is the robots.txt.
    """
    answers: dict[str, Any] = {"": [], "robots": ""}

    def added(_: object, url: str, *__: object, kind: str = "feed", **___: object) -> dict[str, Any]:
        name = url if kind == "feed" else f"{kind} {url}"
        answers[""].append(name)
        found: dict[str, Any] = answers.get(name, failed(404))
        return found

    monkeypatch.setattr(editing, "_added", added)
    monkeypatch.setattr(editing, "robots_of", lambda *_: answers["robots"])
    return answers


def find(url: str) -> str:
    """Return where the feed of an address was found."""
    return editing._found(Context(verbose=True), url, None, ())[0]


def test_a_platform_costs_one_request(asked: dict[str, Any]) -> None:
    """Where the platform has the feed at a known address nothing else is asked."""
    asked[FEED] = GOOD
    assert find(REPO) == FEED
    assert asked[""] == [FEED]


def test_a_platform_without_that_feed(asked: dict[str, Any]) -> None:
    """Where it has none the page is asked, as of any other site."""
    asked[REPO] = failed(200, "https://github.com/o/r/commits.atom")
    asked["https://github.com/o/r/commits.atom"] = GOOD
    assert find(REPO) == "https://github.com/o/r/commits.atom"
    assert asked[""] == [FEED, REPO, "https://github.com/o/r/commits.atom"]


def test_a_platform_in_trouble(asked: dict[str, Any]) -> None:
    """Where the platform is annoyed or silent its page is not asked either."""
    asked[FEED] = failed(429)
    with pytest.raises(AggregatorError):
        find(REPO)
    assert asked[""] == [FEED]


def test_a_feed_is_one_request(asked: dict[str, Any]) -> None:
    """An address that is a feed is asked, and no other."""
    asked[SITE] = GOOD
    assert find(SITE) == SITE
    assert asked[""] == [SITE]


@pytest.mark.parametrize(
    ("status", "goes_on"), [(404, True), (403, True), (410, True), (429, False), (503, False), (None, False)]
)
def test_when_looking_goes_on(status: int | None, goes_on: bool, asked: dict[str, Any]) -> None:
    """A host that is in trouble, annoyed or silent is left alone; one that says no is asked for the next place."""
    asked[SITE] = failed(200, f"{SITE}feed", f"{SITE}rss.xml")
    asked[f"{SITE}feed"] = failed(status)
    with pytest.raises(AggregatorError, match=r"was not added\. It is no feed"):
        find(SITE)
    last = [f"{SITE}rss.xml", f"page {SITE}", f"sitemap {SITE}sitemap.xml"]
    assert asked[""] == [SITE, f"{SITE}feed", *(last if goes_on else [])]


def test_another_host_may_still_answer(asked: dict[str, Any]) -> None:
    """A feed service that is silent does not keep the site's own places from being asked."""
    asked[SITE] = failed(200, "https://feeds.example.com/a", "https://feeds.example.com/b", f"{SITE}feed")
    asked["https://feeds.example.com/a"] = failed(None)
    asked[f"{SITE}feed"] = GOOD
    assert find(SITE) == f"{SITE}feed"
    assert asked[""] == [SITE, "https://feeds.example.com/a", f"{SITE}feed"]


def test_a_page_cannot_send_us_into_our_network(asked: dict[str, Any]) -> None:
    """Addresses of our network that a page names are not asked; on the page's own host they are."""
    asked[SITE] = failed(200, "http://192.168.1.1/feed", "http://nas.lan/feed", "http://localhost/feed", f"{SITE}feed")
    asked["http://nas.lan/"] = failed(200, "http://printer.lan/feed", "http://nas.lan/feed")
    for url in (SITE, "http://nas.lan/"):
        with pytest.raises(AggregatorError):
            find(url)
    assert [name for name in asked[""] if " " not in name] == [
        SITE,
        f"{SITE}feed",
        "http://nas.lan/",
        "http://nas.lan/feed",
    ]


def test_the_last_resorts(asked: dict[str, Any]) -> None:
    """Without a feed the page's own list is read, then the sitemaps that robots.txt names, none of another site."""
    asked[SITE] = failed(200, f"{SITE}feed")
    asked["robots"] = f"Sitemap: {SITE}pages.xml\nSitemap: {SITE}news.xml\nSitemap: http://127.0.0.1/x.xml"
    asked[f"sitemap {SITE}pages.xml"] = GOOD
    assert find(SITE) == f"{SITE}pages.xml"
    page, news, pages = f"page {SITE}", f"sitemap {SITE}news.xml", f"sitemap {SITE}pages.xml"
    assert asked[""] == [SITE, f"{SITE}feed", page, news, pages]
    asked[page] = GOOD
    assert find(SITE) == SITE
    assert asked[""][5:] == [SITE, f"{SITE}feed", page]


@pytest.mark.parametrize("kind", ["page", "sitemap"])
def test_the_last_resorts_end_too(kind: str, asked: dict[str, Any]) -> None:
    """A site that is annoyed by then is asked nothing more; a page that is a bot check is none."""
    asked[SITE] = failed(200, f"{SITE}feed")
    asked["robots"] = f"Sitemap: {SITE}a.xml\nSitemap: {SITE}b.xml"
    asked[f"page {SITE}"] = failed(429 if kind == "page" else 200)
    asked[f"sitemap {SITE}a.xml"] = failed(429)
    asked["https://check.example.org/"] = failed(200)
    for url in (SITE, "https://check.example.org/"):
        with pytest.raises(AggregatorError):
            find(url)
    rest = [f"sitemap {SITE}a.xml"] if kind == "sitemap" else []
    assert asked[""] == [SITE, f"{SITE}feed", f"page {SITE}", *rest, "https://check.example.org/"]
