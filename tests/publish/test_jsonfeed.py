from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aggregator.publish.jsonfeed import render_json

if TYPE_CHECKING:
    from collections.abc import Callable

    from aggregator.model import Entry
    from aggregator.publish.channel import Channel


def test_feed(make_channel: Callable[..., Channel], json_feed: Callable[[bytes], Any]) -> None:
    """A feed says where it is, whose it is, and which hubs announce it."""
    assert json_feed(render_json(make_channel())) == {
        "version": "https://jsonfeed.org/version/1.1",
        "title": "AI News",
        "home_page_url": "https://planet.example/",
        "feed_url": "https://planet.example/all.json",
        "description": "Every AI story, once",
        "authors": [{"name": "AI News"}],
        "language": "en",
        "hubs": [{"type": "WebSub", "url": "https://hub.example/"}],
        "items": [],
    }


def test_item(
    make_entry: Callable[..., Entry], make_channel: Callable[..., Channel], json_feed: Callable[[bytes], Any]
) -> None:
    """An item keeps everything that JSON Feed has a place for, and its source."""
    (item,) = json_feed(render_json(make_channel(make_entry())))["items"]
    assert item == {
        "id": "https://news.example/1",
        "url": "https://news.example/1",
        "title": "Headline 1",
        "content_html": "<p>At length &amp; with <a href='https://x.example/'>links</a>.</p>",
        "summary": "In short.",
        "image": "https://cdn.example/small.png",
        "date_published": "2026-01-05T11:00:00Z",
        "date_modified": "2026-01-05T11:00:00.001Z",
        "authors": [{"name": "Ann Author", "url": "https://ann.example/"}],
        "tags": ["ai", "Machine Learning"],
        "language": "en-GB",
        "attachments": [
            {
                "url": "https://cdn.example/talk.mp3",
                "mime_type": "audio/mpeg",
                "size_in_bytes": 1234,
                "duration_in_seconds": 61,
            },
            {"url": "https://cdn.example/slides.pdf", "mime_type": "application/pdf"},
        ],
        "_source": {
            "title": "The News",
            "url": "https://news.example/",
            "feed": "https://news.example/feed.xml",
        },
    }


def test_every_item_has_content(
    make_entry: Callable[..., Entry], make_channel: Callable[..., Channel], json_feed: Callable[[bytes], Any]
) -> None:
    """One of content_html and content_text is required: the summary, else the title."""
    entries = make_entry(1, content=None), make_entry(2, content=None, summary=None)
    items = json_feed(render_json(make_channel(*entries)))["items"]
    assert [item["content_html"] for item in items] == ["<p>In <em>short</em>.</p>", "Headline 2"]
    assert not any("summary" in item for item in items)


def test_summaries_only(
    make_entry: Callable[..., Entry], make_channel: Callable[..., Channel], json_feed: Callable[[bytes], Any]
) -> None:
    """An output without full content has text, not HTML."""
    (item,) = json_feed(render_json(make_channel(make_entry(), full_content=False)))["items"]
    assert (item["content_text"], item["summary"]) == ("In short.", "In short.")
    assert "content_html" not in item


def test_utf8_without_escapes(make_entry: Callable[..., Entry], make_channel: Callable[..., Channel]) -> None:
    """Letters are written as they are."""
    assert "Über 日本 👩‍💻".encode() in render_json(make_channel(make_entry(title="Über 日本 👩‍💻")))
