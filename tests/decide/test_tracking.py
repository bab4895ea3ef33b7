"""Which parameters say where a reader came from."""

from __future__ import annotations

import pytest

from aggregator.decide.canonical import canonical_url


@pytest.mark.parametrize(
    "query",
    [
        "utm_source=rss&utm_id=1", "gclid=a&gad_source=1", "fbclid=a", "msclkid=a", "pk_campaign=a&pk_kwd=b",
        "at_medium=RSS&at_campaign=KARANGA", "xtor=RSS-1", "mc_cid=a&mc_eid=b", "source=rss----5517fd7b58a6---4",
        "ref=rss", "from=rss", "amp=1", "outputType=amp", "sid=0123456789abcdef0123456789abcdef", "_bhlid=x", "amp",
    ],
)  # fmt: skip
def test_tracking_goes(query: str) -> None:
    """Campaigns, clicks, sessions, and whatever says "a feed reader", are no part of the key."""
    assert canonical_url(f"https://news.example/story?{query}&id=1") == "news.example/story?id=1"


@pytest.mark.parametrize(
    "query",
    [
        "id=1", "p=123", "v=abc", "ref=main", "source=123", "from=2024-01-01", "sid=42", "s=query", "t=10", "m=1",
        "pk_item=5", "amp=200", "output=json", "story_fbid=7", "tag=ai", "ocid=ocds-b5fd17-1",
    ],
)  # fmt: skip
def test_content_stays(query: str) -> None:
    """What chooses content is kept, and so are common names on sites that nothing is known of."""
    assert canonical_url(f"https://news.example/story?{query}") == f"news.example/story?{query}"


@pytest.mark.parametrize(
    ("url", "key"),
    [
        ("https://www.youtube.com/watch?v=a&t=10&si=x&feature=share", "youtube.com/watch?v=a"),
        ("https://youtu.be/a?si=x", "youtube.com/watch?v=a"),
        ("https://twitter.com/a/status/1?s=20&t=x", "x.com/a/status/1"),
        ("https://blog.medium.com/story-1?source=x", "blog.medium.com/story-1"),
        ("https://news.blogspot.com/2026/story.html?m=1", "news.blogspot.com/2026/story.html"),
        ("https://musicbrainz.org/doc?mbid=1", "musicbrainz.org/doc?mbid=1"),
        ("https://github.com/a/b?ref=rss", "github.com/a/b"),
        ("https://github.com/a/b?ref=v1", "github.com/a/b?ref=v1"),
        ("https://app.example/#!/post/1", "app.example#!/post/1"),
        ("https://app.example/x;jsessionid=1/a;jsessionid=2", "app.example/x/a"),
    ],
)
def test_sites_have_names_of_their_own(url: str, key: str) -> None:
    """A site's own share links are its page, and a name that is tracking elsewhere may be content there."""
    assert canonical_url(url) == key
