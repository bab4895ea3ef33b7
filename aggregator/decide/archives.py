"""Where a publisher keeps what a feed lists no longer, and what a page of that says.

RFC 5005: archived feeds (section 4, `prev-archive`), paged feeds (section 3, `next`). WordPress pages every feed by
`?paged=2`, without saying so. Where there is no archive a sitemap names what is new, and the articles' own pages say
the rest. Pages are asked on the feed's own site only.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlsplit

from aggregator.decide.gaps import is_later
from aggregator.decide.sitemaps import may_be_after, worth_reading
from aggregator.decide.sites import host_of, origin_of, same_site

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import datetime

    from aggregator.decide.candidates import Candidate
    from aggregator.decide.changes import KnownEntry
    from aggregator.indexes import ChildSitemap
    from aggregator.losses import Gap
    from aggregator.model import FeedState, Header

PAGES = 10
"""Pages that are read to repair one gap."""
ITEMS = 500
"""Entries that are recovered of one gap."""
TRIES = 3
"""How often a page is asked that is not answered."""
_MOST_SITEMAPS = 3
"""Of an index, that are read to repair one gap."""
_TOO_MANY = 2
"""A sitemap that names so many times what may have been missed speaks of something else."""
_DIGITS = re.compile(r"\d+")
_UNDATED = 50
"""Entries without a date that are recovered where no page has led back to what is known."""
_WORDPRESS_FEED = re.compile(r"/(?:feed|rss2?|atom)/?$|/wp-(?:rss2?|atom)\.php$", re.IGNORECASE)
_WORDPRESS_QUERY = re.compile(r"(?:^|&)feed=(?:feed|rss2?|atom|rdf)(?:&|$)", re.IGNORECASE)
_PAGED = re.compile(r"(?<=[?&])paged=(\d{1,4})$")


class Leaf(NamedTuple):
    """What a page of an archive brings."""

    wanted: list[Candidate]
    """Items that belong into the gap; some of them may be known already."""
    reached: bool
    """The page leads back to what was known before the gap."""


def routes(feed: FeedState, header: Header) -> tuple[str, ...]:
    """Return the first pages of the archives that a feed's document offers, the surest first."""
    named = [link.href for rel in ("prev-archive", "next") for link in header.links if link.rel == rel]
    pages = [*named, *([paged(feed.fetch_url, 2)] if is_wordpress(feed.fetch_url, header) else [])]
    return tuple(dict.fromkeys(page for page in pages if may_ask(feed, page)))


def sitemap_of(feed: FeedState) -> str:
    """Return where a feed's site has its sitemap, if it has one."""
    return "{}://{}/sitemap.xml".format(*origin_of(feed.fetch_url))


def onward(feed: FeedState, gap: Gap, page: str, others: Sequence[str]) -> Gap:
    """Return a gap whose next page is this; `others` are tried when it is none."""
    by_sitemap = gap.by_sitemap or page == sitemap_of(feed)
    return replace(gap, page=page, routes=tuple(others), by_sitemap=by_sitemap, tries=0)


def following(feed: FeedState, page: str, header: Header) -> str | None:
    """Return the page after a page: as its document says, or WordPress numbers it."""
    named = [link.href for rel in ("prev-archive", "next") for link in header.links if link.rel == rel]
    number = page_number(feed, page)
    pages = [*named, *([] if number is None else [paged(feed.fetch_url, number + 1)])]
    return next((one for one in pages if may_ask(feed, one)), None)


def is_wordpress(url: str, header: Header) -> bool:
    """Tell whether WordPress makes a feed: it says so, or its address looks like it and nothing else says so."""
    if header.generator:
        return "wordpress" in header.generator.lower()
    parts = urlsplit(url)
    return bool(_WORDPRESS_FEED.search(parts.path) or _WORDPRESS_QUERY.search(parts.query))


def paged(url: str, number: int) -> str:
    """Return WordPress's page of a feed: its address as it is, and a parameter more."""
    address = url.partition("#")[0]
    return f"{address}{'&' if '?' in address else '?'}paged={number}"


def page_number(feed: FeedState, page: str) -> int | None:
    """Return the number of a page that was made by `paged`; None of any other."""
    found = _PAGED.search(page)
    return int(found[1]) if found and page == paged(feed.fetch_url, int(found[1])) else None


def may_ask(feed: FeedState, page: str) -> bool:
    """Tell whether a page may be asked for a feed: on its site, not over http where the feed is not.

    One with secrets stays on its host.
    """
    secure = page.lower().startswith("https://")
    if not secure and not (page.lower().startswith("http://") and feed.fetch_url.lower().startswith("http://")):
        return False
    if feed.private:
        return host_of(page) == host_of(feed.fetch_url) != ""
    return same_site(feed.fetch_url, page)


def as_asked(feed: FeedState, page: str) -> str:
    """Return a page's address with the user and password that the feed's own has; for a page of its origin."""
    userinfo, at, _ = urlsplit(feed.fetch_url).netloc.rpartition("@")
    return page.replace("://", f"://{userinfo}@", 1) if at and "@" not in urlsplit(page).netloc else page


def read(gap: Gap, listed: Sequence[Candidate], before: Collection[str]) -> Leaf:
    """Return what of a page belongs into a gap; `before` are the keys that the feed listed before it.

    What is newer than all that the feed had listed belongs; what has no date, or that very one, does where it stands
    before the first item that was known.
    """
    end = next((place for place, each in enumerate(listed) if each.key in before), len(listed))
    dates = [date for each in listed if (date := _date(each)) is not None]
    passed = gap.since is not None and bool(dates) and not is_later(max(dates), gap.since)
    wanted = [
        each
        for place, each in enumerate(listed)
        if each.key not in before and _belongs(gap, _date(each), above=place < end and not passed)
    ]
    reached = end < len(listed) or passed
    undated = [each for each in wanted if _date(each) is None]
    if not reached and len(undated) > (room := max(_UNDATED - gap.recovered, 0)):
        wanted = [each for each in wanted if each not in undated[room:]]
    return Leaf(wanted[: max(ITEMS - gap.recovered, 0)], reached)


def changed_in(feed: FeedState, gap: Gap, children: Sequence[ChildSitemap]) -> list[str]:
    """Return the sitemaps of an index that may list what was missed, the likeliest first."""
    since = gap.since or gap.before
    changed = [child for child in children if child.updated is not None and may_be_after(child.updated, since)]
    return [child.url for child in worth_reading(changed, _MOST_SITEMAPS) if may_ask(feed, child.url)]


def read_sitemap(gap: Gap, listed: Sequence[Candidate], known: Collection[KnownEntry]) -> Leaf:
    """Return what of a sitemap belongs into a gap: articles that it says changed in it, under none of the known links.

    They lie in the folders of those that the feed itself has listed; a sitemap that lists none of these is not of it.
    A site that is built anew says that all of it changed: more than could have been missed is nothing.
    """
    folders = {_folder(entry.canonical) for entry in known if entry.here}
    links = {entry.canonical for entry in known}
    wanted = [
        each
        for each in listed
        if each.canonical not in links and _folder(each.canonical) in folders and _changed_in(gap, _date(each))
    ]
    return Leaf(wanted if len(wanted) <= _TOO_MANY * gap.most else [], reached=True)


def _changed_in(gap: Gap, date: datetime | None) -> bool:
    return date is not None and (gap.since or gap.before) < date <= gap.at


def _folder(canonical: str | None) -> str:
    """Return host and folder of a canonical address, numbers (years, months) aside."""
    return _DIGITS.sub("0", (canonical or "").partition("?")[0].rpartition("/")[0])


def _belongs(gap: Gap, date: datetime | None, *, above: bool) -> bool:
    if date is None or gap.since is None:
        return above
    return date > gap.since or (above and is_later(date, gap.since))


def _date(candidate: Candidate) -> datetime | None:
    return candidate.item.published or candidate.item.updated
