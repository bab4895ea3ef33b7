"""Addresses that stand for another."""

from __future__ import annotations

from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aggregator.decide.canonical import canonical_url
from aggregator.decide.wrappers import plain_host, plain_path, target_of

STORY = "https://news.example/story?id=1"
ENCODED = "https%3A%2F%2Fnews.example%2Fstory%3Fid%3D1"


@pytest.mark.parametrize(
    "wrapped",
    [
        f"https://www.google.com/url?rct=j&sa=t&url={ENCODED}&ct=ga&usg=AOv",
        f"https://google.co.uk/url?q={ENCODED}",
        f"https://l.facebook.com/l.php?u={ENCODED}&h=AT0",
        f"https://out.reddit.com/t3_abc?url={ENCODED}&token=x",
        f"https://www.youtube.com/redirect?event=video&q={ENCODED}",
        f"https://t.umblr.com/redirect?z={ENCODED}&t=x",
        f"https://nam02.safelinks.protection.outlook.com/?url={ENCODED}&data=05",
        f"https://duckduckgo.com/l/?uddg={ENCODED}",
        f"https://www.bing.com/news/apiclick.aspx?ref=FexRss&aid=&url={ENCODED}",
        "https://news-example.cdn.ampproject.org/c/s/news.example/story?id=1",
        "https://cdn.ampproject.org/v/s/news.example/story?id=1",
        "https://www.google.com/amp/s/news.example/story?id=1",
        f"https://www.google.com/url?url=https%3A%2F%2Fl.facebook.com%2Fl.php%3Fu%3D{ENCODED.replace('%', '%25')}",
    ],
)
def test_a_wrapper_is_what_it_wraps(wrapped: str) -> None:
    """Link wrappers and AMP caches name their target: it is compared, wrappers in wrappers included."""
    assert target_of(wrapped) == STORY
    assert canonical_url(wrapped) == canonical_url(STORY)


@pytest.mark.parametrize(
    "url",
    [
        "https://www.google.com/url?sa=t",
        "https://www.google.com/url?url=javascript:alert(1)",
        "https://www.google.com/url?url=https%3A%2F%2F",
        "https://www.google.com/search?q=https://news.example/",
        f"https://redirect.example/url?url={ENCODED}",
        f"https://facebook.com.evil.example/l.php?u={ENCODED}",
        "https://cdn.ampproject.org/rtv/1/v0.js",
        "https://www.google.com/amp/notes",
        "https://[broken/url?url=https://news.example/",
        "no address",
    ],
)
def test_nothing_else_is_unwrapped(url: str) -> None:
    """An open redirect on another host, a search, a target that is no web address: the URL stays what it is."""
    assert target_of(url) == url


@pytest.mark.parametrize(
    ("host", "plain"),
    [
        ("m.news.example", "news.example"),
        ("mobile.news.example:8080", "news.example:8080"),
        ("amp.www.news.example", "news.example"),
        ("en.m.wikipedia.org", "en.wikipedia.org"),
        ("m.example", "m.example"),
        ("amp.dev", "amp.dev"),
        ("www.github.io", "www.github.io"),
        ("map.news.example", "map.news.example"),
        ("old.reddit.com", "reddit.com"),
        ("mobile.twitter.com", "x.com"),
        ("192.0.2.1:81", "192.0.2.1:81"),
        ("[::1]:81", "[::1]:81"),
    ],
)
def test_faces_of_a_host(host: str, plain: str) -> None:
    """Mobile and AMP hosts are the host's; a site whose own name is so short is itself."""
    assert plain_host(host) == plain


@pytest.mark.parametrize(
    ("path", "plain"),
    [
        ("/story/amp", "/story"),
        ("/story/amp/", "/story"),
        ("/amp/story", "/story"),
        ("/story.amp.html", "/story.html"),
        ("/story.amp", "/story"),
        ("/story/amp.html", "/story"),
        ("/amp", "/amp"),
        ("/guitar/amplifier", "/guitar/amplifier"),
        ("/vamp", "/vamp"),
    ],
)
def test_faces_of_a_path(path: str, plain: str) -> None:
    """AMP's marks go; a page of that name stays."""
    assert plain_path(path) == plain


def test_wrappers_in_wrappers_end() -> None:
    """Of wrappers without end the fifth is taken as it is."""
    url = STORY
    for _ in range(7):
        url = f"https://exit.sc/?url={quote(url, safe='')}"
    assert target_of(url).startswith("https://exit.sc/?url=https%3A%2F%2Fexit.sc")


@settings(deadline=None)
@given(st.lists(st.sampled_from(["amp", "", "m", "story", "a.amp", "amp.html", "x.amp.html", "www"]), max_size=6))
def test_plain_is_plain(parts: list[str]) -> None:
    """What was made plain stays as it is."""
    path, host = plain_path("/" + "/".join(parts)), plain_host(".".join([*filter(None, parts), "site", "example"]))
    assert plain_path(path) == path
    assert plain_host(host) == host
