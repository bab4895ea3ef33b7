"""Addresses that stand for another: link wrappers, AMP caches, and the mobile or AMP face of a page.

Only what names its target in plain text is unwrapped, on hosts known for it: an open redirect on any other host may
be anybody's. What is opaque (a link shortener, a feed proxy) stays what it is; feeds give its target themselves
(feedburner:origLink), and parsing takes that.
"""

from __future__ import annotations

import re
from urllib.parse import parse_qsl, urlsplit

from aggregator.decide.sites import host_of, site_of

_WRAPPERS = tuple(
    (re.compile(place), names.split())
    for place, names in {
        r"(?:www\.)?google(?:\.[a-z]{2,3}){1,2}/url": "url q",
        r"news\.google\.com/news/url": "url",
        r"(?:www\.)?bing\.com/news/apiclick\.aspx": "url",
        r"duckduckgo\.com/l/": "uddg",
        r"(?:lm?|www|m)\.facebook\.com/l\.php|l\.instagram\.com/|l\.threads\.(?:net|com)/": "u",
        r"out\.reddit\.com/.*|exit\.sc/|slack-redir\.net/link": "url",
        r"(?:www\.)?linkedin\.com/(?:redir/redirect|safety/go)|medium\.com/r/": "url",
        r"(?:www\.)?youtube\.com/redirect": "q",
        r"t\.umblr\.com/redirect": "z",
        r"(?:m\.)?vk\.com/away(?:\.php)?": "to",
        r"steamcommunity\.com/linkfilter/": "url u",
        r"(?:\w+\.)?safelinks\.protection\.outlook\.com/.*": "url",
    }.items()
)
"""Host and path, and the parameters one of which holds the target."""
_CACHED = re.compile(r"/(?:[acv]|wp)/(s/)?(.+)", re.DOTALL)
_VIEWED = re.compile(r"(?:www\.)?(?:google(?:\.[a-z]{2,3}){1,2}|bing\.com)/amp/(s/)?([^/]+\..+)", re.DOTALL)
_WEB = re.compile(r"https?://", re.IGNORECASE)
_FACES = frozenset({"www", "m", "mobile", "amp", "touch"})
_PREFIX = re.compile(r"^/amp(?=/[^/])", re.IGNORECASE)
_SUFFIX = re.compile(r"(?<=.)(?:/amp(?:\.html?)?/*|\.amp)$|(?<=.)\.amp(?=\.html?$)", re.IGNORECASE | re.DOTALL)
_NAMES = {
    "twitter.com": "x.com",
    "youtube-nocookie.com": "youtube.com",
    **dict.fromkeys(("old.reddit.com", "new.reddit.com", "np.reddit.com"), "reddit.com"),
}
"""Hosts that show the same pages as another."""
_MOST = 5
"""Wrappers within each other."""


def target_of(url: str) -> str:
    """Return the address that a wrapper or an AMP cache leads to, as far as the URL itself tells; else the URL."""
    for _ in range(_MOST):
        inner = _unwrapped(url)
        if inner is None or not host_of(inner):
            break
        url = inner
    return url


def _unwrapped(url: str) -> str | None:
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    host = host_of(url)
    if host.endswith("cdn.ampproject.org"):
        return _inside(_CACHED.fullmatch(parts.path), parts.query)
    place = f"{host}{parts.path or '/'}"
    if viewed := _VIEWED.fullmatch(place):
        return _inside(viewed, parts.query)
    names = next((names for pattern, names in _WRAPPERS if pattern.fullmatch(place)), ())
    given = dict(reversed(parse_qsl(parts.query))) if names else {}
    return next((given[name] for name in names if _WEB.match(given.get(name, ""))), None)


def _inside(found: re.Match[str] | None, query: str) -> str | None:
    """Return the page that an AMP cache's path names (cdn.ampproject.org/c/s/news.example/story)."""
    if found is None:
        return None
    return f"http{'s' if found[1] else ''}://{found[2]}{'?' + query if query else ''}"


def plain_host(host: str) -> str:
    """Return a host without `www.` and the labels of its mobile and AMP faces, never less than its site.

    `m.news.example`, `amp.news.example` and `en.m.news.example` are faces; `m.example` is a site of its own.
    """
    name, colon, port = host.partition(":") if not host.startswith("[") else (host, "", "")
    own = site_of(name)
    front = name.removesuffix(own).rstrip(".").split(".") if name != own else []
    while front and front[0] in _FACES:
        del front[0]
    kept = [label for at, label in enumerate(front) if not at or label not in _FACES - {"www"}]
    plain = ".".join([*filter(None, kept), own])
    return _NAMES.get(plain, plain) + colon + port


def plain_path(path: str) -> str:
    """Return a path without the marks of AMP: `/story/amp/`, `/story.amp.html`, `/amp/story`; `/amp` is a page."""
    before = None
    while path != before:
        before = path
        path = _PREFIX.sub("", _SUFFIX.sub("", path), count=1)
    return path
