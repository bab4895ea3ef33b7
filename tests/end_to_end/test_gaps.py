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
    return f'<atom:link rel="{rel}" href="{href}"/>'


def titles(numbers: range) -> set[str]:
    return {f"Story {number}" for number in numbers}


def polled(home: Any, url: str) -> dict[str, Any]:
    """Poll one source now; return its report."""
    (report,) = home.json("poll", "--force", url)["feeds"]
    found: dict[str, Any] = report
    return found


def released(home: Any) -> list[str]:
    return [entry["title"] for entry in home.entries("--output", "all")]


@pytest.fixture
def turned_over(home, publisher) -> Any:
    """Return what polls a source with ten items, and lets it publish 25 more, of which it lists ten."""

    def turn(path: str = "/feed", *, more: str = "", **settings: str) -> dict[str, Any]:
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
    assert "a gap" in report["reason"]
