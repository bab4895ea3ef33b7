"""Articles' pages as their readers get them: the whole text at once, once, whatever happens in between."""

from __future__ import annotations

import signal
import time
from typing import Any

import feedparser
import pytest

HTML = {"Content-Type": "text/html; charset=utf-8"}
LIST = """<!doctype html><html lang="en"><head><title>News</title></head><body>
<nav><a href="/">Home</a> <a href="/contact">Contact</a></nav><main><h1>All news</h1>{articles}</main></body></html>"""
ARTICLE = """<!doctype html><html lang="en"><head><title>{title} | The Site</title>
<meta property="og:title" content="{title}"><meta property="article:published_time" content="2026-01-0{day}T10:00:00Z">
<meta name="author" content="Ann Author"></head><body><nav><a href="/">Home of all news</a></nav>
<article><h1>{title}</h1>{text}</article><aside><h2>Recent articles</h2><a href="/x">Something else entirely</a></aside>
<footer>All rights reserved</footer></body></html>"""
WORDS = "It was said by all who were there that this had never been seen before, and nobody was surprised by it. "


def text_of(name: str) -> str:
    """Return the text of an article, of which each paragraph names it."""
    return "".join(f"<p>Part {part} of {name}. {WORDS * 3}</p>" for part in range(1, 5))


@pytest.fixture
def site(publisher: Any) -> Any:
    """A site with a list of articles and their pages."""

    class Site:
        base = publisher.base

        @staticmethod
        def article(name: str, text: str | None = None, *, day: int = 5, **options: Any) -> str:
            """Serve the page of an article."""
            body = ARTICLE.format(title=f"News of {name}", day=day, text=text or text_of(name))
            return str(publisher.serve(f"/news/{name}", body, headers=HTML, **options))

        @staticmethod
        def lists(*names: str) -> str:
            """Serve the list of articles."""
            told = (
                f'<article><h2><a href="/news/{name}">News of {name}</a></h2><p>A few words on {name}, and no more.</p>'
                "</article>"
                for name in names
            )
            return str(publisher.serve("/news", LIST.format(articles="".join(told)), headers=HTML))

        @staticmethod
        def feeds(*names: str) -> str:
            """Serve a feed that only teases."""
            items = "".join(
                f"<item><title>News of {name}</title><link>{publisher.base}/news/{name}</link>"
                f"<description>A few words on {name}.</description></item>"
                for name in names
            )
            body = f'<rss version="2.0"><channel><title>T</title>{items}</channel></rss>'
            return str(publisher.serve("/feed", body))

    return Site


def contents(body: bytes) -> dict[str, str]:
    """Return the bodies of a document's entries by their titles; "" where there is none."""
    return {
        entry.title: next((content.value for content in entry.get("content", [])), "")
        for entry in feedparser.parse(body).entries
    }


def is_whole(content: str, name: str) -> bool:
    """Tell whether a body is all of an article and nothing beside it."""
    beside = ("Recent articles", "Home of all news", "All rights reserved")
    return all(f"Part {part} of {name}" in content for part in (1, 4)) and not any(word in content for word in beside)


def test_readers_get_the_whole_text_at_once(home, publisher, start, make, site) -> None:
    """From the moment on which /all.atom lists an entry of a page, or of a feed with `full_text`, it has its text."""
    names = ("one", "two", "three", "four")
    for name in names:
        site.article(name, delay=0.3)
    home.write(
        f"{{url: {site.lists('one', 'two')!r}, kind: page}}",
        f"{{url: {site.feeds('three', 'four')!r}, full_text: true}}",
    )
    daemon = start().ready()
    seen: set[str] = set()

    def look() -> bool:
        found = contents(daemon.get("all.atom")[2])
        assert all(is_whole(content, title.rpartition(" ")[2]) for title, content in found.items())
        seen.update(found)
        return len(found) == 4

    make.wait_for(look)
    assert seen == {f"News of {name}" for name in names}
    assert all(publisher.asked(f"/news/{name}") == [200] for name in names)
    assert publisher.asked("/robots.txt") == [404]
    entry = next(one for one in home.entries() if one["title"] == "News of one")
    assert (entry["published"], entry["authors"][0]["name"]) == ("2026-01-05T10:00:00Z", "Ann Author")
    assert daemon.stop() == 0


def test_the_operator_is_told_what_an_entry_waits_for(home, publisher, start, make, site) -> None:
    """While a page is awaited its entry is held for it and seen by no reader; `entries`, `show` and `why` say so."""
    site.article("slow", status=500)
    url = site.feeds("slow")
    home.write(f"{{url: {url!r}, full_text: true}}")
    daemon = start().ready()
    make.wait_for(lambda: publisher.asked("/news/slow"))
    (entry,) = home.entries()
    assert entry["held"] == "article"
    article = make.wait_for(lambda: (said := home.json("show", entry["id"])["article"]) != "asked for" and said)
    assert article.startswith("asked for: 500 Internal Server Error.")
    shown = home.run("show", entry["id"]).stdout
    assert "none: article" in shown
    assert "article:    asked for: 500" in shown
    assert "articles:     0 read, 1 asked for, 0 not had; the last of these: 500" in home.run("why", url).stdout
    assert contents(daemon.get("all.atom")[2]) == {}
    assert home.json("feeds")["feeds"][0]["state"] == "ok"


def test_killed_while_it_waits(home, publisher, start, make, site) -> None:
    """Kill -9 in the middle of an article: after a restart its entry comes once, and whole."""
    site.article("slow", delay=4)
    home.write(f"{{url: {site.feeds('slow')!r}, full_text: true}}")
    first = start().ready()
    make.wait_for(lambda: publisher.requests and publisher.requests[-1][0] == "/news/slow")
    first.stop(signal.SIGKILL)
    site.article("slow")
    second = start().ready()
    (content,) = make.wait_for(lambda: contents(second.get("all.atom")[2]).values())
    assert is_whole(content, "slow")
    (entry,) = home.entries()
    assert (entry["held"], entry["revisions"]) == (None, 0)
    time.sleep(1.2)
    assert publisher.asked("/news/slow") == [200, 200]
    assert second.stop() == 0


HOSTILE = (
    "<script>alert('script')</script><p onclick=\"alert('handler')\">Before all this it was quiet.</p>"
    '<p><a href="javascript:alert(1)">Read on</a> <a href="vbscript:x">there</a> <a href="/news/other">here</a>.</p>'
    "<img src=x onerror=\"alert('picture')\"><img src='/picture.jpg' alt='A picture'><svg onload=alert(1)><script>1</script></svg>"
    '<iframe src="https://evil.example/"></iframe><style>body{display:none}</style><form action="/x"><input></form>'
    '<object data="x"></object><p style="position:fixed">After all this it was quiet once more.</p>'
)


def test_a_hostile_page_arrives_clean(home, publisher, site) -> None:
    """Scripts, handlers and other dangers of an article's page reach no reader; text, links and pictures do."""
    site.article("evil", text_of("evil") + HOSTILE + text_of("evil"))
    home.write(f"{{url: {site.feeds('evil')!r}, full_text: true}}")
    home.json("poll", "--all")
    (entry,) = home.entries()
    content = entry["content"]
    assert is_whole(content, "evil")
    assert "quiet once more" in content
    for danger in (
        "<script",
        "alert(",
        "onerror",
        "onclick",
        "onload",
        "javascript:",
        "vbscript:",
        "<iframe",
        "<style",
    ):
        assert danger not in content.lower()
    for danger in ("<form", "<input", "<object", "<svg", "position:fixed"):
        assert danger not in content.lower()


def test_without_a_daemon(home, publisher, site) -> None:
    """`aggregator poll --all` alone brings the whole texts, of a page and of a feed, and a failure leaves what was listed."""
    site.article("one")
    site.article("two")
    page = site.lists("one", "gone")
    home.write(f"{{url: {page!r}, kind: page}}", f"{{url: {site.feeds('two')!r}, full_text: true}}")
    totals = home.json("poll", "--all")["totals"]
    assert (totals["new"], totals["errors"]) == (3, 0)
    found = {entry["title"].rpartition(" ")[2]: entry for entry in home.entries()}
    assert {entry["held"] for entry in found.values()} == {None}
    assert is_whole(found["one"]["content"], "one")
    assert is_whole(found["two"]["content"], "two")
    assert (found["gone"]["title"], found["gone"]["content"]) == ("News of gone", None)
    assert "404" in home.json("show", found["gone"]["id"])["article"]
    assert "article:    read on 20" in home.run("show", found["one"]["id"]).stdout
    assert "articles:     1 read, 0 asked for, 1 not had; the last of these: 404" in home.run("why", page).stdout
    again = home.json("poll", "--all", "--force", "--refetch")["totals"]
    assert (again["new"], again["updated"], again["errors"]) == (0, 0, 0)
    assert [publisher.asked(f"/news/{name}") for name in ("one", "two", "gone")] == [[200], [200], [404]]


def test_a_site_that_asks_robots_to_leave(home, publisher, site) -> None:
    """Where robots.txt forbids it no page is asked for: entries appear as they are listed, and the operator is told."""
    publisher.serve("/robots.txt", "User-agent: *\nDisallow: /news/\n", headers={"Content-Type": "text/plain"})
    site.article("one")
    url = site.feeds("one")
    home.write(f"{{url: {url!r}, full_text: true}}")
    home.json("poll", "--all")
    (entry,) = home.entries()
    assert (entry["held"], entry["content"], publisher.asked("/news/one")) == (None, None, [])
    assert "robots.txt asks robots to leave this page alone" in home.run("why", url).stdout
