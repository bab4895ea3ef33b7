"""Sources of other formats than RSS, from the server's answer to the published entry."""

from __future__ import annotations

import dataclasses
import json

JSON_FEED = {
    "version": "https://jsonfeed.org/version/1.1",
    "title": "A JSON feed",
    "home_page_url": "https://site.example/",
    "items": [
        {
            "id": 7,
            "url": "https://site.example/7",
            "title": "Seven <b>",
            "content_html": "<p>The seventh text.</p>",
            "date_published": "2025-09-01T10:00:00Z",
            "authors": [{"name": "Ann"}],
            "tags": ["ai"],
            "language": "fr",
            "attachments": [{"url": "https://site.example/7.mp3", "mime_type": "audio/mpeg", "size_in_bytes": 9}],
        },
        {"id": 8, "title": "Das Labor hat die Gewichte seines neuesten Sprachmodells veröffentlicht"},
    ],
}


def test_a_json_feed_is_polled(home, publisher) -> None:
    """A JSON Feed served as text/html is a source as any other: its entries are stored, and known when polled again."""
    url = publisher.serve("/feed", json.dumps(JSON_FEED), headers={"Content-Type": "text/html"})
    home.write(url)
    assert home.json("poll", "--force")["totals"]["new"] == 2
    undated, entry = sorted(home.entries(), key=lambda one: one["published"], reverse=True)
    assert undated["language"] == "de", "which it does not say"
    assert (entry["title"], entry["link"], entry["language"]) == ("Seven <b>", "https://site.example/7", "fr")
    assert (entry["published"], entry["content"]) == ("2025-09-01T10:00:00Z", "<p>The seventh text.</p>")
    assert entry["sightings"][0]["guid"] == "7"
    publisher.serve("/feed", json.dumps(JSON_FEED, indent=1))
    again = home.json("poll", "--force", "--refetch")
    assert (again["totals"]["new"], again["totals"]["updated"]) == (0, 0)


def test_our_own_json_is_read_back(home, publisher, make, tmp_path) -> None:
    """What the program publishes as JSON Feed brings another one the same entries, ids and sources included."""
    home.write(publisher.serve("/feed", make.rss(make.item(1), make.item(2))))
    home.run("poll")
    home.run("export", str(tmp_path / "site"))
    other = dataclasses.replace(home, folder=tmp_path / "other")
    other.folder.mkdir()
    other.write(publisher.serve("/all.json", (tmp_path / "site/all.json").read_bytes()))
    assert other.json("poll")["totals"]["errors"] == 0
    fields = ("id", "title", "link", "published", "categories", "language")
    ours, theirs = (
        [[one["content"] or one["summary"], *(one[name] for name in fields)] for one in each.entries()]
        for each in (home, other)
    )
    assert theirs == ours
    assert {one["source"]["title"] for one in other.entries()} == {"A feed"}
