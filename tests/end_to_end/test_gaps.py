"""A feed that turned over between two polls: told, and repaired where the publisher offers an archive."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest

START = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=40)


def document(numbers: range, *, more: str = "", site: str = "https://site.example") -> str:
    """Return an RSS document of hourly items, the newest first."""
    items = "".join(
        f"<item><title>Story {number}</title><link>{site}/story-{number}-x</link>"
        f"<guid isPermaLink='false'>{site}/{number * 7919 % 100003}</guid>"
        f"<pubDate>{format_datetime(START + timedelta(hours=number), usegmt=True)}</pubDate>"
        f"<description>What story {number} says.</description></item>"
        for number in reversed(numbers)
    )
    return (
        '<?xml version="1.0"?><rss version="2.0" xmlns:atom="http://www.w3.org/2005/Atom"><channel>'
        f"<title>Busy</title><link>{site}/</link><description>d</description>{more}{items}</channel></rss>"
    )


def link(rel: str, href: str) -> str:
    """Return a link of an RSS channel."""
    return f'<atom:link rel="{rel}" href="{href}"/>'


def titles(numbers: range) -> set[str]:
    """Return the titles of items."""
    return {f"Story {number}" for number in numbers}


def polled(home: Any, url: str) -> dict[str, Any]:
    """Poll one source now; return its report."""
    (report,) = home.json("poll", "--force", url)["feeds"]
    found: dict[str, Any] = report
    return found


def released(home: Any) -> list[str]:
    """Return the titles of what readers see."""
    return [entry["title"] for entry in home.entries("--output", "all")]


@pytest.fixture
def turned_over(home, publisher) -> Any:
    """Return what polls a source with ten items, and lets it publish 25 more, of which it lists ten."""

    def turn(path: str = "/news.xml", *, more: str = "", **settings: str) -> dict[str, Any]:
        url = publisher.serve(path, document(range(10), more=more))
        home.write("{url: '%s'%s}" % (url, "".join(f", {name}: {value}" for name, value in settings.items())))  # noqa: UP031
        assert polled(home, url)["new"] == 10
        publisher.serve(path, document(range(25, 35), more=more))
        return polled(home, url)

    return turn


def test_archived_feed(home, publisher, turned_over) -> None:
    """What lies between two documents comes from RFC 5005 archives, page after page, until what is known is reached."""
    base = publisher.base
    publisher.serve("/2", document(range(16, 27), more=link("prev-archive", f"{base}/1")))
    publisher.serve("/1", document(range(4, 16), more=link("prev-archive", f"{base}/0")))
    publisher.serve("/0", document(range(-20, 4)))
    report = turned_over(more=link("prev-archive", f"{base}/2"))
    assert (report["outcome"], report["new"], report["entries"]) == ("new", 25, 10)
    assert set(released(home)) == titles(range(35))
    assert publisher.asked("/0") == []
    words = home.run("feeds").stdout
    assert "15 recovered from the feed's archive" in " ".join(words.split())


def test_wordpress(home, publisher, turned_over) -> None:
    """WordPress has the rest of its feed on numbered pages, and never says so."""
    wordpress = "<generator>https://wordpress.org/?v=6.5</generator>"
    publisher.serve("/feed/?paged=2", document(range(15, 25), more=wordpress))
    publisher.serve("/feed/?paged=3", document(range(5, 15), more=wordpress))
    report = turned_over("/feed/", more=wordpress)
    assert report["new"] == 25
    assert set(released(home)) == titles(range(35))
    assert publisher.asked("/feed/?paged=3") == [200]


def test_nothing_offered(home, publisher, turned_over) -> None:
    """Where no archive is offered, the loss is told with an estimate, in words, on /sources.atom and in the log."""
    report = turned_over()
    assert (report["new"], report["error"]) == (10, None)
    assert [path for path, _, _ in publisher.requests[2:]] == ["/sitemap.xml"]
    for command in (["feeds"], ["why", "news.xml"]):
        words = " ".join(home.run(*command).stdout.split())
        assert "A gap of about" in words
        assert "no archive" in words
    (told,) = home.json("feeds")["feeds"]
    assert told["state"] == "ok"
    assert told["error"] is None
    assert "A gap of about" in told["remedy"]


def test_a_sitemap_in_place_of_an_archive(home, publisher) -> None:
    """A feed without an archive is repaired from its site's sitemap and the articles' own pages, the gap's alone."""
    site = f"{publisher.base}/news"
    url = publisher.serve("/news.xml", document(range(10), site=site))
    home.write(url)
    assert polled(home, url)["new"] == 10
    pages = "".join(
        f"<url><loc>{site}/story-{number}-x</loc><lastmod>{(START + timedelta(hours=number)).isoformat()}</lastmod></url>"
        for number in range(35)
    )
    sitemap = f'<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{pages}</urlset>'
    publisher.serve("/sitemap.xml", sitemap, headers={"Content-Type": "application/xml"})
    for number in range(10, 25):
        # One of them says that it is old: it was only touched.
        at = START + timedelta(hours=number, days=-300 * (number == 20))
        body = f"<p>{f'What story {number} says, at its full length. ' * 6}</p>"
        head = f'<title>Story {number}</title><meta property="article:published_time" content="{at.isoformat()}">'
        page = f"<html lang=en><head>{head}</head><body><article><h1>Story {number}</h1>{body}</article></body></html>"
        publisher.serve(f"/news/story-{number}-x", page, headers={"Content-Type": "text/html"})
    publisher.serve("/news.xml", document(range(25, 35), site=site))
    polled(home, url)
    assert set(released(home)) == titles(range(35)) - {"Story 20"}
    assert publisher.asked("/news/story-5-x") == []
    (held,) = [entry for entry in home.entries() if entry["title"] == "Story 20"]
    assert held["held"] == "backlog"


def test_a_broken_archive_harms_nothing(home, publisher, turned_over) -> None:
    """An archive that answers 500 is no failure of the feed: it is told, and tried again later."""
    publisher.serve("/2", b"", status=500)
    report = turned_over(more=link("prev-archive", f"{publisher.base}/2"))
    assert (report["outcome"], report["error"], report["new"]) == ("new", None, 10)
    (told,) = home.json("feeds")["feeds"]
    assert (told["state"], told["error"]) == ("ok", None)
    assert "in vain" in told["remedy"]
    assert polled(home, told["url"])["outcome"] == "not-modified"
    assert publisher.asked("/2") == [500]


def test_secrets_stay_with_the_feed(home, publisher, turned_over) -> None:
    """A private source's headers go to its own archive pages, and to no other origin, port or not."""
    elsewhere = "http://127.0.0.1:9/2"
    publisher.serve("/2", document(range(9, 25), more=link("prev-archive", elsewhere)))
    more = link("prev-archive", f"{publisher.base}/2") + link("next", elsewhere)
    report = turned_over(more=more, headers="{X-Key: hush-hush}")
    assert report["new"] == 25
    (headers,) = [headers for path, headers, _ in publisher.requests if path == "/2"]
    assert headers["X-Key"] == "hush-hush"
    assert "If-None-Match" not in headers
    assert "hush-hush" not in home.run("why", publisher.base + "/news.xml").stdout


def test_the_daemon_repairs_too(home, publisher, start, make) -> None:
    """A running daemon notices a gap, asks the archive by itself, and publishes what it finds."""
    more = link("prev-archive", f"{publisher.base}/2")
    home.write(publisher.serve("/feed", document(range(10), more=more)))
    daemon = start().ready()
    make.wait_for(lambda: b"Story 9<" in daemon.get("all.atom")[2])
    publisher.serve("/2", document(range(5, 27)))
    publisher.serve("/feed", document(range(25, 35), more=more))
    make.wait_for(lambda: b"Story 12<" in daemon.get("all.atom")[2])
    status, _, metrics = daemon.get("metrics")
    assert status == 200
    assert b"aggregator_gaps_total 1.0" in metrics
    assert b"aggregator_recovered_entries_total 15.0" in metrics
    assert "feed.gap" in daemon.log.read_text()


def test_check_says_whether_there_is_an_archive(home, publisher) -> None:
    """Before a source is added one can see whether what is missed of it could be recovered."""
    page = f"{publisher.base}/2"
    url = publisher.serve("/news.xml", document(range(10), more=link("prev-archive", page)))
    home.write(publisher.serve("/plain.xml", document(range(10))))
    assert f"archive: {page}" in " ".join(home.run("check", url).stdout.split())
    assert home.json("check", "--online")["sources"][0]["archive"] is None
