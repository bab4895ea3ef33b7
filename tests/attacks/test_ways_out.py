"""Whatever a document names, in whatever role: no way leads inside."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from aggregator.config.settings import FeedSettings

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Answer = Callable[..., bytes]

HTML = "Content-Type: text/html"
XML = "Content-Type: application/xml"


def named(base: str) -> dict[str, tuple[bytes, str]]:
    """Return documents that name an address below `base`, by their paths: body and header."""
    article = f"<article><h2><a href='{base}/article-of-a-list-7'>What a model said when it was asked</a></h2><time datetime='2026-05-03'>3 May</time></article>"
    others = "".join(
        f"<article><h2><a href='/news/number-{n}-of-the-list'>The number {n} of a list of news</a></h2><time datetime='2026-05-0{n}'>{n} May</time></article>"
        for n in (1, 2, 3)
    )
    item = f"<item><title>One</title><guid isPermaLink='false'>1</guid><link>{base}/article-of-a-feed</link></item>"
    return {
        "/home": (f"<html><head><link rel=alternate type=application/rss+xml href='{base}/feed'></head></html>".encode(), HTML),
        "/index": (f"<sitemapindex><sitemap><loc>{base}/sitemap</loc></sitemap></sitemapindex>".encode(), XML),
        "/list": (f"<html><body>{article}{others}</body></html>".encode(), HTML),
        "/full": (f"<rss version='2.0'><channel><title>T</title>{item}</channel></rss>".encode(), XML),
    }  # fmt: skip


def sources(origin: Any) -> list[FeedSettings]:
    """Return the sources that answer with those documents, and one that redirects."""
    kinds = {
        "/home": {},
        "/index": {"kind": "sitemap"},
        "/list": {"kind": "page"},
        "/full": {"full_text": True},
        "/moved": {},
    }
    return [FeedSettings(url=origin.url(path, host="lab.org"), **kind) for path, kind in kinds.items()]


@pytest.mark.fault("T1")
@pytest.mark.parametrize("inside", [True, False])
def test_no_document_leads_inside(inside: bool, world: Any, outside: Any, answer: Answer) -> None:
    """A feed that a page names, a child of an index, articles, robots.txt before them, a redirect: none is asked inside.

    Outside all of them are: the same documents, of the same site, at an address that is public.
    """
    target = world.origin if inside else world.make_origin(address="127.0.0.9")
    target.answers["*"] = answer(b"", status="404 Not Found")
    world.names.found |= {"lab.org": ["127.0.0.9"], "x.lab.org": [target.address]}
    base = target.url("", host="x.lab.org")
    for path, (body, header) in named(base).items():
        outside.answers[path] = answer(body, header)
    outside.answers["/moved"] = answer(b"", f"Location: {base}/moved", status="302 Found")
    world.configure(*sources(outside), network={"allow_private": (f"127.0.0.1:{world.publisher.server_port}",)})
    for _ in range(2):
        world.round().check_healthy()
        world.later(minutes=30)
    if inside:
        assert target.connections == 0
    else:
        assert {"/feed", "/sitemap", "/robots.txt", "/article-of-a-feed", "/article-of-a-list-7", "/moved"} <= set(
            target.targets
        )


@pytest.mark.fault("T1")
def test_no_list_leads_inside(world: Any, answer: Answer, tmp_path: Path) -> None:
    """Neither a list of sources that redirects, nor the sources that one names, by the program as it is installed."""
    inner, entrance = world.origin, world.make_origin(address="127.0.0.2")
    target = inner.url(host="127.0.0.1")
    entrance.answers["/moved"] = answer(b"", f"Location: {target}", status="302 Found")
    listed = f"<opml version='2.0'><body><outline xmlUrl='{target}'/><outline xmlUrl='{entrance.url('/good', host='127.0.0.2')}'/></body></opml>"
    entrance.answers["/list"] = answer(listed.encode(), XML)
    config = tmp_path / "feeds.yaml"
    lists = "".join(f"  - opml: {entrance.url(path, host='127.0.0.2')}\n" for path in ("/moved", "/list"))
    config.write_text(f"network: {{allow_private: [127.0.0.2]}}\npolling: {{host_gap: 0s}}\nfeeds:\n{lists}")
    words = [sys.executable, "-m", "aggregator", "--config", str(config), "poll"]
    done = subprocess.run(words, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1, done.stdout
    assert (inner.connections, sorted(entrance.targets)) == (0, ["/good", "/list", "/moved"])
