"""A site that has nothing but sitemaps, and lists of several pages: sources like any other."""

from __future__ import annotations

import gzip
from datetime import UTC, datetime, timedelta

import pytest

XML = {"Content-Type": "application/xml"}
HTML = {"Content-Type": "text/html; charset=utf-8"}
NEWS = 'xmlns:news="http://www.google.com/schemas/sitemap-news/0.9"'


def ago(**span: float) -> str:
    """Return a date so long ago, as sitemaps write it."""
    return (datetime.now(UTC) - timedelta(**span)).isoformat(timespec="seconds")


def urlset(*pages: tuple[str, str | None], site: str) -> str:
    """Return a sitemap of paths with their dates."""
    told = (f"<url><loc>{site}{path}</loc>{f'<lastmod>{at}</lastmod>' if at else ''}</url>" for path, at in pages)
    return f'<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9" {NEWS}>{"".join(told)}</urlset>'


def index(*children: tuple[str, str | None], site: str) -> str:
    """Return an index of sitemaps with their dates."""
    told = (
        f"<sitemap><loc>{site}{path}</loc>{f'<lastmod>{at}</lastmod>' if at else ''}</sitemap>" for path, at in children
    )
    return f"<sitemapindex>{''.join(told)}</sitemapindex>"


def titles(home, *words: str) -> set[str]:
    """Return the titles of all entries, or of those of an output."""
    return {entry["title"] for entry in home.entries(*words)}


def test_a_sitemap_becomes_entries(home, publisher) -> None:
    """Articles under titles made of their addresses, old ones held; a new one is news, a moved date and an imprint are not."""
    base, day = publisher.base, ago(days=1)
    pages = [
        ("/", day),
        ("/imprint", day),
        ("/tag/ai", day),
        ("/blog/old-news", ago(days=90)),
        ("/blog/gpt-6-is-here", day),
    ]
    url = publisher.serve("/sitemap.xml", urlset(*pages, site=base), headers=XML)
    home.write(f"{{url: {url!r}, kind: sitemap}}")
    assert home.json("poll", "--all")["totals"]["new"] == 2
    assert {entry["title"]: entry["held"] for entry in home.entries()} == {"Gpt 6 is here": None, "Old news": "backlog"}
    assert home.json("poll", url, "--force")["feeds"][0]["outcome"] == "not-modified"
    moved = [(path, ago(minutes=1)) for path, _ in pages]
    publisher.serve("/sitemap.xml", urlset(*moved, ("/blog/a-new-one", ago(minutes=2)), site=base), headers=XML)
    report = home.json("poll", url, "--force")
    assert (report["totals"]["new"], report["totals"]["updated"], report["feeds"][0]["entries"]) == (1, 0, 3)
    assert titles(home, "--output", "all") == {"Gpt 6 is here", "A new one"}
    assert home.json("feeds")["feeds"][0]["state"] == "ok"


def test_a_news_sitemap(home, publisher) -> None:
    """What a news sitemap says is believed: title, date and language."""
    entry = (
        f"<url><loc>{publisher.base}/x/1</loc><news:news><news:publication><news:name>The Paper</news:name>"
        f"<news:language>fr</news:language></news:publication><news:publication_date>{ago(hours=3)}</news:publication_date>"
        "<news:title>Un volcan se réveille</news:title></news:news></url>"
    )
    url = publisher.serve("/news.xml", f"<urlset {NEWS}>{entry}</urlset>", headers=XML)
    home.write(f"{{url: {url!r}, kind: sitemap}}")
    home.json("poll", "--all")
    (found,) = home.entries()
    assert (found["title"], found["language"], found["source"]["title"]) == ("Un volcan se réveille", "fr", "The Paper")


def test_an_index_and_its_sitemaps(home, publisher) -> None:
    """Packed children are read; at the next poll only the one that changed is asked, however old its date is."""
    base = publisher.base

    def child(name: str, *pages: tuple[str, str]) -> None:
        publisher.serve(
            f"/{name}.xml.gz",
            gzip.compress(urlset(*pages, site=base).encode()),
            headers={"Content-Type": "application/gzip"},
        )

    child("posts", ("/blog/one-story", "2026-01-05"))
    child("pages", ("/about", "2026-01-05"), ("/news/another-story", "2026-01-05"))
    url = publisher.serve(
        "/index.xml", index(("/posts.xml.gz", "2026-01-05"), ("/pages.xml.gz", "2026-01-06"), site=base), headers=XML
    )
    home.write(f"{{url: {url!r}, kind: sitemap}}")
    assert home.json("poll", "--all")["feeds"][0]["entries"] == 2
    home.json("poll", url, "--force")
    assert (publisher.asked("/posts.xml.gz"), publisher.asked("/pages.xml.gz")) == ([200], [200])
    child("posts", ("/blog/one-story", "2026-01-05"), ("/blog/a-second-one", ago(minutes=1)))
    publisher.serve(
        "/index.xml", index(("/posts.xml.gz", "2026-01-07"), ("/pages.xml.gz", "2026-01-06"), site=base), headers=XML
    )
    assert home.json("poll", url, "--force")["totals"]["new"] == 1
    assert (publisher.asked("/posts.xml.gz"), publisher.asked("/pages.xml.gz")) == ([200, 200], [200])
    assert titles(home) == {"One story", "Another story", "A second one"}
    assert titles(home, "--output", "all") == {"A second one"}


def test_an_index_without_dates(home, publisher) -> None:
    """The index stays as it is, and is not read again; its children are asked all the same, with what they gave."""
    base = publisher.base
    publisher.serve("/a.xml", urlset(("/blog/one-story", None), site=base), headers=XML)
    publisher.serve("/b.xml", urlset(("/blog/another-story", None), site=base), headers=XML)
    url = publisher.serve("/index.xml", index(("/a.xml", None), ("/b.xml", None), site=base), headers=XML)
    home.write(f"{{url: {url!r}, kind: sitemap}}")
    home.json("poll", "--all")
    assert home.json("poll", url, "--force")["totals"]["new"] == 0
    publisher.serve("/b.xml", urlset(("/blog/another-story", None), ("/blog/a-new-one", None), site=base), headers=XML)
    assert home.json("poll", url, "--force")["totals"]["new"] == 1
    assert publisher.asked("/index.xml") == [200, 304, 304]
    assert (publisher.asked("/a.xml"), publisher.asked("/b.xml")) == ([200, 304, 304], [200, 304, 200])
    assert titles(home, "--output", "all") == {"A new one"}


def test_a_child_that_fails(home, publisher) -> None:
    """The others are read, the operator is told, and it is asked again although the index did not change."""
    base = publisher.base
    publisher.serve("/a.xml", urlset(("/blog/one-story", None), site=base), headers=XML)
    url = publisher.serve(
        "/index.xml", index(("/a.xml", "2026-01-05"), ("/b.xml", "2026-01-05"), site=base), headers=XML
    )
    home.write(f"{{url: {url!r}, kind: sitemap}}")
    assert home.json("poll", "--all")["totals"] == {"new": 1, "updated": 0, "duplicates": 0, "errors": 0, "skipped": 0}
    assert "1 of the sitemaps that it names could not be read: 404" in home.run("why", url).stdout
    publisher.serve("/b.xml", urlset(("/blog/another-story", None), site=base), headers=XML)
    assert home.json("poll", url, "--force")["totals"]["new"] == 1
    assert (publisher.asked("/a.xml"), publisher.asked("/b.xml")) == ([200], [404, 200])
    assert "could not be read" not in home.run("why", url).stdout


def test_none_of_the_children_can_be_had(home, publisher) -> None:
    """An index that leads to nothing is a failing source."""
    url = publisher.serve("/index.xml", index(("/a.xml", None), site=publisher.base), headers=XML)
    home.write(f"{{url: {url!r}, kind: sitemap}}")
    assert "None of the 1 sitemaps" in home.json("poll", "--all", code=1)["feeds"][0]["error"]


def list_page(number: int, following: str | None) -> str:
    """Return a page of a list, with two articles of its own."""
    articles = "".join(
        f'<article><h2><a href="/actu/story-{number}-{n}">The story number {n} of page {number}</a></h2>'
        f'<time datetime="2026-01-0{n}">then</time></article>'
        for n in (1, 2, 3)
    )
    link = f'<a rel="next" href="{following}">Next</a>' if following else ""
    return f"<!doctype html><html><head><title>News</title></head><body><main>{articles}</main>{link}</body></html>"


def lists(publisher) -> list[str]:
    """Return which pages of the list were asked for, in order; those of its articles are another matter."""
    return [path.removeprefix("/actu?page=") for path, _, _ in publisher.requests if path.startswith("/actu?")]


@pytest.fixture
def paged(home, publisher) -> str:
    """A list of four pages, of which three are followed."""
    for number in (1, 2, 3, 4):
        publisher.serve(f"/actu?page={number}", list_page(number, f"/actu?page={number + 1}"), headers=HTML)
    url = publisher.base + "/actu?page=1"
    home.write(f"{{url: {url!r}, kind: page, pages: 3}}")
    return url


def test_pages_of_a_list(home, publisher, paged: str) -> None:
    """Three pages make one document, in order; the fourth is not asked for, nor any when the first did not change."""
    assert home.json("poll", "--all")["feeds"][0]["entries"] == 9
    home.json("poll", paged, "--force")
    assert lists(publisher) == ["1", "2", "3", "1"]


def test_a_list_that_leads_in_a_circle(home, publisher, paged: str) -> None:
    """No page is asked for twice, and none on another host."""
    publisher.serve("/actu?page=2", list_page(2, "/actu?page=1"), headers=HTML)
    assert home.json("poll", "--all")["feeds"][0]["entries"] == 6
    publisher.serve("/actu?page=1", list_page(1, "http://localhost:1/actu?page=2"), headers=HTML)
    assert home.json("poll", paged, "--force")["feeds"][0]["entries"] == 3
    assert lists(publisher) == ["1", "2", "1"]


def test_a_page_that_fails(home, publisher, paged: str) -> None:
    """What there is is kept, it is said, and the list is read again although its first page did not change."""
    publisher.serve("/actu?page=2", "gone", status=500)
    report = home.json("poll", "--all")
    assert (report["totals"]["errors"], report["feeds"][0]["entries"]) == (0, 3)
    assert "1 of the pages of the list could not be read: 500" in home.run("why", paged).stdout
    publisher.serve("/actu?page=2", list_page(2, None), headers=HTML)
    assert home.json("poll", paged, "--force")["totals"]["new"] == 3


def test_check_knows_a_sitemap(home, publisher) -> None:
    """It is recognised by its content, read with its children, shown as a table, and the lines to paste say its kind."""
    publisher.serve(
        "/a.xml",
        urlset(("/blog/old", "2025-01-05"), ("/blog/one-story", "2026-01-05"), site=publisher.base),
        headers=XML,
    )
    url = publisher.serve("/map", gzip.compress(index(("/a.xml", None), site=publisher.base).encode()), headers=XML)
    home.write()
    said = home.run("check", url).stdout
    assert f"- url: {url}\n    kind: sitemap\n" in said
    assert said.index("2026-01-05") < said.index("2025-01-05")
    assert home.json("check", url)["sources"][0]["entries"] == 2


def test_add_a_site_without_a_feed(home, publisher) -> None:
    """Its list of articles is read; where it has none, the sitemap that robots.txt names; feeds.yaml says what it is."""
    home.write()
    publisher.serve("/actu", list_page(1, None), headers=HTML)
    said = home.run("add", publisher.base + "/actu")
    assert "kind: page" in said.stderr
    assert f"added {publisher.base}/actu: 3 entries" in said.stdout
    assert home.config.read_text().endswith(f"- url: {publisher.base}/actu\n    kind: page\n")
    publisher.serve(
        "/", "<html><head><title>Scripts</title></head><body><div id=app></div></body></html>", headers=HTML
    )
    publisher.serve("/robots.txt", f"Sitemap: {publisher.base}/empty.xml\nSitemap: {publisher.base}/full.xml")
    publisher.serve("/empty.xml", urlset(("/imprint", None), site=publisher.base), headers=XML)
    full = publisher.serve("/full.xml", urlset(("/blog/one-story", None), site=publisher.base), headers=XML)
    said = home.run("add", publisher.base + "/")
    assert "kind: sitemap" in said.stderr
    assert home.config.read_text().endswith(f"- url: {full}\n    kind: sitemap\n")
    assert "empty" not in home.config.read_text()


def test_the_address_of_a_site_will_do(home, publisher, make) -> None:
    """In feeds.yaml too: its feed is found in the first poll, asked from then on, and the operator told where it is."""
    head = '<link rel="alternate" type="application/rss+xml" href="/the-feed">'
    site = publisher.serve("/", f"<html><head>{head}</head><body>Hello</body></html>", headers=HTML)
    publisher.serve("/the-feed", make.rss(make.item(1)))
    home.write(site)
    assert home.json("poll", "--all")["totals"]["new"] == 1
    assert f"its feed is asked, at {publisher.base}/the-feed" in home.run("why", site).stdout
    publisher.serve("/the-feed", make.rss(make.item(1), make.item(2)))
    assert home.json("poll", site, "--force")["totals"]["new"] == 1
    assert (publisher.asked("/"), publisher.asked("/the-feed")) == ([200], [200, 200])
