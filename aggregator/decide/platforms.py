"""Plain addresses that need no guess: what a person copies from the browser, and the feed that its platform documents.

A rule is a pattern for `host/path` (without www. and the last slash), and the feed's address, filled with the groups of
the pattern and the parameters of the query; {query} is the whole of it. The first that fits and has all it needs wins.
"""

from __future__ import annotations

import re
from typing import NamedTuple
from urllib.parse import parse_qsl, quote, urlsplit

from aggregator.decide.sites import host_of, is_public

_FRONT = re.compile(r"^(?:www|m|old|new|np)\.")
_GITHUB_PAGES = (
    "about|account|apps|blog|collections|contact|customer-stories|enterprise|events|explore|features|issues|login|"
    "marketplace|new|notifications|orgs|organizations|pricing|pulls|readme|resources|search|security|settings|site|"
    "solutions|sponsors|stars|team|topics|trending|users"
)
_MEDIUM_PAGES = "about|feed|jobs|m|me|membership|new-story|plans|search|tag|topics"
_EXCHANGE = (
    r"(?P<host>stackoverflow\.com|serverfault\.com|superuser\.com|askubuntu\.com|mathoverflow\.net|"
    r"[\w.]+\.stackexchange\.com)"
)
_ELSEWHERE = "threads|tiktok|instagram|youtube|substack|producthunt|flipboard|hackernoon"
"""Platforms whose accounts begin with @ and that are no Mastodon."""
_LEMMY = (
    r"(?P<host>(?:[\w-]+\.)*lemmy\.[\w.-]+|feddit\.\w+|beehaw\.org|programming\.dev|sh\.itjust\.works|lemm\.ee|infosec\.pub|"
    r"mander\.xyz|sopuli\.xyz|discuss\.tchncs\.de|slrpnk\.net)"
)


class _Rule(NamedTuple):
    platform: str
    pattern: str
    feed: str


_RULES = (
    # https://developers.google.com/youtube/v3/guides/push_notifications names the address of a channel's feed; those
    # of playlists and old user names are beside it. A @handle does not tell its channel: its page names the feed.
    _Rule(
        "YouTube",
        r"youtube\.com/channel/(?P<id>UC[\w-]{22})(?:/.*)?",
        "https://www.youtube.com/feeds/videos.xml?channel_id={id}",
    ),
    _Rule("YouTube", r"youtube\.com/playlist", "https://www.youtube.com/feeds/videos.xml?playlist_id={list}"),
    _Rule("YouTube", r"youtube\.com/user/(?P<id>[\w-]+)(?:/.*)?", "https://www.youtube.com/feeds/videos.xml?user={id}"),
    # https://docs.github.com/en/rest/activity/feeds for users; pages of releases, tags and
    # commits name theirs in their heads.
    _Rule(
        "GitHub",
        rf"github\.com/(?!(?:{_GITHUB_PAGES})/)(?P<repo>[A-Za-z0-9-]+/[\w.-]+?)(?:\.git)?(?:/releases)?",
        "https://github.com/{repo}/releases.atom",
    ),
    _Rule("GitHub", r"github\.com/(?P<repo>[A-Za-z0-9-]+/[\w.-]+)/tags", "https://github.com/{repo}/tags.atom"),
    _Rule(
        "GitHub",
        r"github\.com/(?P<repo>[A-Za-z0-9-]+/[\w.-]+)/(?P<what>commits(?:/[\w./-]+(?<!\.atom))?)",
        "https://github.com/{repo}/{what}.atom",
    ),
    _Rule("GitHub", rf"github\.com/(?!(?:{_GITHUB_PAGES})$)(?P<user>[A-Za-z0-9-]+)", "https://github.com/{user}.atom"),
    # https://www.reddit.com/wiki/rss: any list is a feed with .rss behind it, whatever it is sorted by.
    _Rule(
        "Reddit",
        r"reddit\.com/(?P<list>(?:r|u|user)/[\w+-]+(?:/(?:new|hot|top|rising|controversial))?)",
        "https://www.reddit.com/{list}/.rss?{query}",
    ),
    # https://info.arxiv.org/help/rss.html
    _Rule(
        "arXiv",
        r"arxiv\.org/(?:list|archive)/(?P<category>[a-z-]+(?:\.[A-Za-z-]+)?)(?:/(?:new|recent|current|pastweek))?",
        "https://rss.arxiv.org/rss/{category}",
    ),
    # The blog's own feed; of the daily papers there is none, and an hourly mirror stands in.
    _Rule("Hugging Face", r"huggingface\.co/blog", "https://huggingface.co/blog/feed.xml"),
    _Rule(
        "Hugging Face papers",
        r"huggingface\.co/papers(?:/(?:trending|date/.*))?",
        "https://raw.githubusercontent.com/mibuhand/AI-News-Direct/main/feeds/huggingface_daily_papers.xml",
    ),
    # https://help.medium.com/hc/en-us/articles/214874118-Using-RSS-feeds-of-profiles-publications-and-topics
    _Rule("Medium", r"medium\.com/(?P<user>@[\w.-]+)", "https://medium.com/feed/{user}"),
    _Rule("Medium", r"medium\.com/tag/(?P<tag>[\w-]+)(?:/[a-z]+)?", "https://medium.com/feed/tag/{tag}"),
    _Rule(
        "Medium",
        rf"medium\.com/(?!(?:{_MEDIUM_PAGES})$)(?P<publication>[\w-]+)",
        "https://medium.com/feed/{publication}",
    ),
    _Rule("Medium", r"(?P<name>[\w-]+)\.medium\.com", "https://{name}.medium.com/feed"),
    # https://support.substack.com/hc/en-us/articles/360038239391 ("Is there an RSS feed for my publication?")
    _Rule("Substack", r"(?P<name>[\w-]+)\.substack\.com(?:/archive)?", "https://{name}.substack.com/feed"),
    # https://github.com/bluesky-social/social-app: bskyweb serves /profile/ID/rss, and names it in a profile's head.
    _Rule("Bluesky", r"bsky\.app/profile/(?P<id>[\w.:-]+)", "https://bsky.app/profile/{id}/rss"),
    # https://stackoverflow.com/feeds (any site of the network has the same)
    _Rule("Stack Exchange", rf"{_EXCHANGE}/questions/tagged/(?P<tag>[^/]+)", "https://{host}/feeds/tag/{tag}"),
    _Rule("Stack Exchange", rf"{_EXCHANGE}/users/(?P<id>\d+)(?:/[^/]*)?", "https://{host}/feeds/user/{id}"),
    # https://docs.pypi.org/api/feeds/
    _Rule("PyPI", r"pypi\.org/project/(?P<name>[\w.-]+)(?:/.*)?", "https://pypi.org/rss/project/{name}/releases.xml"),
    # Undocumented by Google, in use since 2017: /rss before the path (newscatcherapi.com, "The missing documentation").
    _Rule(
        "Google News",
        r"news\.google\.com/(?P<list>(?:topics|publications|headlines)/.+|search)",
        "https://news.google.com/rss/{list}?{query}",
    ),
    _Rule("Google News", r"news\.google\.com(?:/home)?", "https://news.google.com/rss?{query}"),
    # https://join-lemmy.org/docs (crates/routes/src/feeds.rs): a feed of every community and account, newest first.
    _Rule("Lemmy", rf"{_LEMMY}/(?P<kind>[cu])/(?P<name>[\w@.-]+)", "https://{host}/feeds/{kind}/{name}.xml?sort=New"),
    # https://docs.joinmastodon.org/user/network/: .rss behind an account; Misskey and Pleroma answer it, too.
    _Rule("Mastodon", rf"(?!(?:{_ELSEWHERE})\.)(?P<host>[\w.-]+)/(?P<user>@\w+)", "https://{host}/{user}.rss"),
    _Rule(
        "Mastodon",
        r"(?P<host>(?:mastodon|mstdn|fosstodon|hachyderm)\.[\w.]+)/tags/(?P<tag>\w+)",
        "https://{host}/tags/{tag}.rss",
    ),
)
_COMPILED = tuple((rule, re.compile(rule.pattern)) for rule in _RULES)
_LONGEST = 2000


class PlatformFeed(NamedTuple):
    """A feed that a platform has for an address."""

    url: str
    platform: str


def platform_feed(address: str) -> PlatformFeed | None:
    """Return the feed of a plain address, without asking anybody; None when no rule knows it."""
    host = host_of(address)
    if not host or not is_public(host) or len(address) > _LONGEST:
        return None
    parts = urlsplit(address)
    target = _FRONT.sub("", host) + parts.path.rstrip("/")
    given = {name: quote(value, safe="") for name, value in reversed(parse_qsl(parts.query, max_num_fields=None))}
    given["query"] = parts.query
    for rule, pattern in _COMPILED:
        if match := pattern.fullmatch(target):
            try:
                feed = rule.feed.format_map(given | match.groupdict())
            except KeyError:  # the parameter that names the feed is not there
                continue
            return PlatformFeed(feed.removesuffix("?"), rule.platform)
    return None
