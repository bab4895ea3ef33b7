"""What a fuzzer begins with: small documents of ours, one of each kind, and the words that they are made of."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import TYPE_CHECKING

from tests.parse.layouts import LAYOUTS

if TYPE_CHECKING:
    from collections.abc import Iterable

_FIXTURES = Path(__file__).parents[1] / "parse" / "fixtures"
_PAYLOAD = (
    "<p onclick=x>a<svg><style><!--</style><img src='//e.example/x' onerror=y></svg><a href=javascript:x>b</a></p>"
)
_JSON = {
    "version": "https://jsonfeed.org/version/1.1", "title": "T", "home_page_url": "https://a.example/", "language": "en",
    "authors": [{"name": "A", "url": "https://a.example/a"}], "icon": "/i.png", "hubs": [{"type": "WebSub", "url": "https://h.example/"}],
    "items": [
        {"id": 1, "url": "/1", "title": "One", "content_html": _PAYLOAD, "date_published": "2026-01-06T10:00:00Z", "tags": ["a"]},
        {"id": "2", "external_url": "https://b.example/", "content_text": "x <b>", "attachments": [{"url": "/a.mp3", "mime_type": "audio/mpeg", "size_in_bytes": 1, "duration_in_seconds": 1.5}]},
    ],
}  # fmt: skip
_OPML = b"""<?xml version="1.0"?><opml version="2.0"><head><title>My &amp; feeds</title></head><body>
<outline text="Labs" title="Labs"><outline type="rss" text="A" xmlUrl="https://a.example/feed" htmlUrl="/a" category="/x,/y"/>
<outline text='B' xmlurl='feed://b.example/f'/><!-- <outline xmlUrl="https://c.example/"/> --></outline>
<outline isComment="true" text="d"><outline xmlUrl="https://d.example/"/></outline></body></opml>"""
_SITEMAP = b"""<?xml version="1.0" encoding="UTF-8"?><urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"
 xmlns:news="http://www.google.com/schemas/sitemap-news/0.9" xmlns:image="http://www.google.com/schemas/sitemap-image/1.1">
<url><loc>https://lab.example/news/one</loc><lastmod>2026-01-06</lastmod><image:image><image:loc>/p.png</image:loc></image:image></url>
<url><loc>https://lab.example/news/two</loc><news:news><news:publication><news:name>Lab</news:name><news:language>en</news:language>
</news:publication><news:publication_date>2026-01-05T10:00:00+01:00</news:publication_date><news:title>Two</news:title></news:news></url></urlset>"""
_INDEX = b"""<sitemapindex xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"><sitemap><loc>https://lab.example/s1.xml.gz</loc>
<lastmod>2026-01-06T10:00:00Z</lastmod></sitemap><sitemap><loc>https://other.example/s2.xml</loc></sitemap></sitemapindex>"""
_ARTICLE = f"""<!doctype html><html lang="en"><head><title>One | Lab</title><link rel=canonical href="/news/one">
<meta property="og:image" content="/p.png"><meta property="article:published_time" content="2026-01-06T10:00:00Z">
<script type="application/ld+json">{{"@type":"NewsArticle","headline":"One","author":[{{"name":"A B"}}],"datePublished":"2026-01-06"}}</script>
</head><body><nav><a href="/">Home</a></nav><article><h1>One</h1><p class="byline">By A B</p><time datetime="2026-01-06">6 January</time>
<p>{"A sentence with several words in it, and a second one. " * 8}</p><figure><img src="/p.png" alt="A picture"></figure>
{_PAYLOAD}<ul><li>one</li><li>two</li></ul><p>{"More words that say something about models. " * 6}</p></article></body></html>"""
_SETTINGS = (
    (Path(__file__).parents[2] / "feeds.yaml").read_bytes()[:3000],
    b"feeds:\n  - https://a.example/feed\n  - {url: '${KEY}', headers: {X-Key: ${KEY}}, interval: 10m, tags: [a, b]}\n",
    (
        b"defaults: &d {tags: [x], rank: 3}\nfeeds:\n  - url: https://a.example/\n    kind: page\n    item: {select: article, date_format: '%d.%m.%Y'}\n"
        b"  - {opml: https://l.example/list.opml, interval: 1d}\noutputs:\n  - {name: all, by: story, languages: [en], token: secret-token-1}\n"
    ),
    (
        b"site: {title: T, url: 'https://n.example/'}\nserver: {trusted_proxies: [127.0.0.1]}\nnetwork: {timeout: 10s, max_body: 10MB, allow_private: ['10.0.0.0/8']}\n"
        b"polling: {host_gap: 1s, min_interval: 5m}\npublishing: {window: 30d}\nwebsub: {subscribe: true, hub: true}\nfeeds: []\n"
    ),
    b"feeds:\n  - {url: https://a.example/, filters: {exclude: [{field: title, regex: '(a|b)+$'}]}}\n",
)
_QUERIES = (
    b"", b"?tag=evil&language=en&before=19bc-1f", b"?source=https://news.example/feed&output=french", b"search?q=small+%22open+weights%22+OR+-x*",
    b'search.atom?q=(a+OR+b)+-c\nif-none-match: W/"x", *\naccept-encoding: br;q=0.5, gzip', b"search.json?q=%C3%A9%F0%9F%92%A9%00",
    b"story/1?images=1", b"story/..%2f..%2fetc%2fpasswd", b"sources?state=failing&page=2", b"subscribe", b"metrics", b"readyz", b"healthz",
    b'all.atom\nA-IM: feed\nif-none-match: "x"\nrange: bytes=0-1,2-3', b"s3cret-token/agents.rss\nif-modified-since: Fri, 04 Jan 2041 12:00:00 GMT",
    b"all/2026-01.atom\nsec-fetch-dest: document", b"sources.opml", b'static/style.css\nx-forwarded-for: 127.0.0.1\nforwarded: for="[::1]"',
    b"websub/nnnnnnnnnnnnnnnnnnnnnnnn?hub.mode=subscribe", b"all.atom?x\nuser-agent: Feedly/1.0 (3 subscribers; feed-id=1)",
)  # fmt: skip
_WEBSUB = (
    b"?hub.mode=subscribe&hub.topic=https://news.example/feed&hub.challenge=abc&hub.lease_seconds=60",
    b"?hub.mode=denied&hub.topic=https://news.example/feed&hub.reason=%3Cb%3E",
    b"?hub.mode=unsubscribe&hub.topic=x&hub.challenge=%0d%0a", b"right application/rss+xml\n<rss><channel/></rss>",
    b"sha256=00 text/xml\n<rss/>", b"sha1= text/html\nx", b"md5=00 \n",
)  # fmt: skip


def _words(text: str) -> list[str]:
    return text.split()


SETTINGS_WORDS = _words(
    "feeds: outputs: defaults: site: network: polling: publishing: server: websub: url: kind: tags: "
    "headers: interval: name: by: token: ${KEY} ${file:x} &a *a <<: !!int !!python | > [ ] { } true "
    "null 10m 1d 10MB"
)
XML_WORDS = _words(
    "<rss <channel> <item> </item> <title> <link> <guid <description> <pubDate> <content:encoded> "
    "<![CDATA[ ]]> <!-- --> <feed <entry> <id> <updated> <atom:link <rdf:RDF <?xml <!DOCTYPE <!ENTITY "
    "&amp; &#0; &#x110000; &lt; xml:base= xmlns: <media:content <enclosure <outline xmlUrl= <loc> "
    '<lastmod> <urlset <sitemapindex isPermaLink= type=\\"xhtml\\" rel=\\"alternate\\" href=\\" '
    'encoding=\\"utf-16\\"'
)
HTML_WORDS = _words(
    "<article> <li> <a <h2> <time datetime= <img src= <script> </script> <style> <svg> <math> "
    "<template> <noscript> <base href= <table> <select> <link <meta rel=next application/ld+json "
    '@graph itemListElement class=\\"date\\" __NEXT_DATA__ self.__next_f.push( javascript: data: &Tab; '
    "&colon;"
)
QUERY_WORDS = _words(
    '? & = %00 %2f .. search sources story/ hub. page= before= tag= q= OR NOT AND - * ( ) \\" '
    "if-none-match: accept-encoding: range:"
)


def feeds() -> Iterable[bytes]:
    """Feeds of every format, and one that is JSON."""
    for fixture in sorted(_FIXTURES.glob("*.xml")):
        yield b"\1" + fixture.read_bytes()
    yield b"\3" + json.dumps(_JSON).encode()
    yield f"\0<rss><channel><item><title>{_PAYLOAD}</title><description><![CDATA[{_PAYLOAD}]]></description></item></channel></rss>".encode()


def json_feeds() -> Iterable[bytes]:
    """A JSON Feed, whole and cut short."""
    whole = json.dumps(_JSON).encode()
    return whole, whole[: len(whole) // 2], json.dumps({**_JSON, "version": 1, "items": {}}).encode()


def pages() -> Iterable[bytes]:
    """List pages as sites build them."""
    return [b"\2" + made.html.encode()[:8000] for made in (build() for build in LAYOUTS[::4])]


def articles() -> Iterable[bytes]:
    """An article's page."""
    return (b"\2" + _ARTICLE.encode(), b"\0" + _ARTICLE.replace("<article>", "<div>").encode("utf-16"))


def opml() -> Iterable[bytes]:
    """A list of feeds, whole and damaged."""
    return b"\1" + _OPML, b"\1" + _OPML.replace(b'"Labs"', b'"La"bs"', 1)


def sitemaps() -> Iterable[bytes]:
    """A sitemap, an index, a list, and one that is packed."""
    return (
        b"\1" + _SITEMAP,
        b"\1" + _INDEX,
        b"\1" + gzip.compress(_SITEMAP, mtime=0),
        b"\0https://lab.example/a\nhttps://lab.example/b\n",
    )


def settings() -> Iterable[bytes]:
    """Files of settings."""
    return _SETTINGS


def queries() -> Iterable[bytes]:
    """Addresses that there are, with what may follow."""
    return _QUERIES


def websub() -> Iterable[bytes]:
    """Questions and deliveries of a hub."""
    return _WEBSUB
