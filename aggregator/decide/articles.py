"""Articles' pages: which entries wait for theirs, and what an entry takes from it.

A list of articles (kind: page, sitemap) says little of each: the article's own page says it all. A feed says what its
publisher wants to be read; of a feed's articles (full_text: true) the page adds the body, and what the feed left out.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING

from aggregator.decide.candidates import Candidate
from aggregator.decide.canonical import canonical_url, fold, plain_text
from aggregator.decide.changes import Revision
from aggregator.decide.filters import FILTERED, filtered
from aggregator.decide.identity import content_key, digest
from aggregator.decide.release import FRESH_START, LATE, hold
from aggregator.decide.sameness import EARLIEST
from aggregator.decide.sites import same_site
from aggregator.model import Held, Item, Person

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from aggregator.config.settings import FeedSettings, Publishing
    from aggregator.decide.changes import Addition, KnownEntry
    from aggregator.decide.release import Arrival

WAIT = timedelta(minutes=10)
"""How long an entry waits for its article, at most: then it is released as it was listed."""
TRIES = 3
"""How often an article that is not answered is asked for."""
MOST_WAITING = 200
"""Entries of one document that wait for their articles, the newest: a host answers one in a few seconds."""
_WORD = re.compile(r"\w+")
_MOST_WORDS = 0.6
_ONE_DAY = timedelta(hours=36)
"""What two dates of one day may be apart: one of them without a time, in another time zone."""
_MIDNIGHT = time()
_LISTS = frozenset({"page", "sitemap"})
_OF_ARTICLES = frozenset({"summary", "content", "text", "author", "language"})
"""Fields of filters that are not known before the article is read."""


@dataclass(frozen=True, slots=True)
class ArticlePage:
    """What the page of an article says of it; `content` is clean HTML, `text` the same as text, a block a line."""

    title: str
    published: datetime | None = None
    authors: tuple[Person, ...] = ()
    language: str | None = None
    canonical: str | None = None
    image: str | None = None
    content: str | None = None
    text: str = ""


@dataclass(frozen=True, slots=True)
class Wait:
    """What an entry waits for."""

    url: str
    oldest: datetime | None = None
    """An article dated before is no news, for `why`: its entry came without a date, among many or at the start."""
    why: Held = Held.BACKLOG


@dataclass(frozen=True, slots=True)
class Lacking:
    """An entry whose article was asked for; of its item, what is kept of it."""

    entry: int
    feed: str
    """Address of the source that supplies its title and body."""
    key: str
    """Its name within the source that asks for the article."""
    item: Item
    published: datetime
    updated: datetime
    first_seen: datetime
    held: str | None
    wait: Wait
    tries: int = 0

    @property
    def waits(self) -> bool:
        """No reader has seen it yet: it waits, or nothing was found in it as it was listed that is kept."""
        return self.held == Held.ARTICLE or (self.held or "").startswith(FILTERED)


@dataclass(frozen=True, slots=True)
class Read:
    """An article that was read, and the title under which the source listed it then."""

    page: ArticlePage
    listed: str


def reads_articles(source: FeedSettings) -> bool:
    """Tell whether a source's articles are read on their own pages: those of lists are, unless the operator says no."""
    return is_list(source) if source.full_text is None else source.full_text


def is_list(source: FeedSettings) -> bool:
    """Tell whether a source only lists articles."""
    return source.kind in _LISTS


def waits(
    additions: Sequence[Addition],
    held: Mapping[int, str],
    arrival: Arrival,
    source: FeedSettings,
    publishing: Publishing,
) -> dict[int, Wait]:
    """Return which new entries wait for their articles, by the keys of the additions; `held` is why others do not.

    What the source's `keep` finds nothing in may yet be kept for its article's words.
    """
    if not reads_articles(source):
        return {}
    told = [one for one in additions if one.key not in held]
    if any(rule.field in _OF_ARTICLES for rule in source.keep):
        silent = hold(additions, arrival, source.model_copy(update={"keep": ()}), publishing)
        told += [one for one in additions if held.get(one.key, "").startswith(FILTERED) and one.key not in silent]
    doubtful = {one.key for one in told if one.candidate.item.published is None}
    oldest, why = _oldest(len(doubtful), arrival, publishing)
    newest = sorted(told, key=lambda one: (one.published, -one.key), reverse=True)
    wanted = [(one.key, link) for one in newest if (link := _link(one.candidate.item)) is not None][:MOST_WAITING]
    return {key: Wait(link, oldest if key in doubtful else None, why) for key, link in sorted(wanted, reverse=True)}


def all_wait(additions: Sequence[Addition], held: Mapping[int, str], oldest: datetime) -> dict[int, Wait]:
    """Return the waits of entries of which nothing but the address is known."""
    links = {one.key: _link(one.candidate.item) for one in additions if one.key not in held}
    return {key: Wait(link, oldest, Held.BACKLOG) for key, link in links.items() if link is not None}


def _oldest(undated: int, arrival: Arrival, publishing: Publishing) -> tuple[datetime | None, Held]:
    """Return before when an undated entry's article is no news, as far as dates would have told."""
    if arrival.last_success is None:
        fresh = arrival.now - arrival.created <= FRESH_START and not arrival.whole_site
        return None if fresh else arrival.now - publishing.first_max_age, Held.BACKLOG
    return (arrival.last_success - LATE if undated > publishing.flood else None), Held.FLOOD


def _link(item: Item) -> str | None:
    link = item.link
    return link if link is not None and link.lower().startswith(("http://", "https://")) else None


def verdict_of(item: Item, published: datetime, wait: Wait, source: FeedSettings) -> str | None:
    """Return why an entry is in no output now that its article was read, or is not waited for any longer.

    One of which only the address is known is nothing to read.
    """
    is_bare = not (item.title or item.summary or item.content)
    late = wait.why.value if is_bare or (wait.oldest is not None and published < wait.oldest) else None
    return filtered(item, keep=source.keep, drop=source.drop) or late


def completed(item: Item, page: ArticlePage, *, is_list: bool) -> Item:
    """Return an item with what its article's page says.

    The page's word counts, where it says something else; where both say the same, that of a feed: its title is whole,
    its date has a time of day. A mere list (`is_list`) knows less of the title.
    """
    keeps_title = not page.title or (not is_list and _say_the_same(item.title, page.title))
    return replace(
        item,
        title=item.title if keeps_title else page.title,
        published=_dated(item.published, page.published),
        authors=(page.authors or item.authors) if is_list else (item.authors or page.authors),
        language=page.language or item.language,
        thumbnail=item.thumbnail or page.image,
        content=_longer(item.content, page.content),
    )


def _say_the_same(one: str, other: str) -> bool:
    """Tell whether one title holds the other, or most of their words: sites write their own name into them."""
    short, long = sorted((fold(one), fold(other)), key=len)
    words, others = set(_WORD.findall(one.casefold())), set(_WORD.findall(other.casefold()))
    return bool(short) and (short in long or len(words & others) > _MOST_WORDS * min(len(words), len(others)))


def _dated(listed: datetime | None, stated: datetime | None) -> datetime | None:
    """Return the date of the page; of one day, the date that has a time."""
    if listed is None or stated is None:
        return stated or listed
    return listed if abs(listed - stated) < _ONE_DAY and stated.time() == _MIDNIGHT else stated


def _longer(listed: str | None, read: str | None) -> str | None:
    """Return the body that says more: a page that shows only the beginning must not shorten what a feed gave whole."""
    return read if len(plain_text(read)) >= len(plain_text(listed)) else listed


def completion(lacking: Lacking, page: ArticlePage, source: FeedSettings) -> Revision:
    """Return what the article changes of its entry.

    It is no edit: nobody has seen the entry yet, or only its body comes late, under the title and date that it has.
    """
    is_undated = lacking.published == lacking.first_seen
    listed = lacking.item if is_undated else replace(lacking.item, published=lacking.published)
    item = completed(listed, page, is_list=is_list(source))
    if not lacking.waits:
        return _revision(lacking, replace(item, title=listed.title), page, lacking.published, lacking.updated)
    published = lacking.published
    if item.published is not None and item.published >= EARLIEST:
        published = min(item.published, lacking.first_seen)
    updated = published if is_undated else max(lacking.updated, published)
    return _revision(lacking, item, page, published, updated)


def _revision(lacking: Lacking, item: Item, page: ArticlePage, published: datetime, updated: datetime) -> Revision:
    candidate = Candidate(item, lacking.key, _canonical(item, page), digest(item), content_key(item))
    return Revision(lacking.entry, candidate, updated, published, edited=False)


def _canonical(item: Item, page: ArticlePage) -> str | None:
    """Return what to compare the entry's link by: the page knows its own address, on its own site."""
    if page.canonical is not None and item.link is not None and same_site(page.canonical, item.link):
        return canonical_url(page.canonical)
    return canonical_url(item.link)


def kept_whole(revision: Revision, read: Read, entry: KnownEntry, source: FeedSettings) -> Revision | None:
    """Return a change of what a source lists without the loss of what the article said; None when none is left."""
    whole = as_read(revision.candidate, read, source)
    return None if whole.digest == entry.digest else replace(revision, candidate=whole)


def as_read(candidate: Candidate, read: Read, source: FeedSettings) -> Candidate:
    """Return what a source lists with what the article said of it; a title that it lists since then is the newer."""
    item = completed(candidate.item, read.page, is_list=is_list(source))
    if candidate.item.title != read.listed:
        item = replace(item, title=candidate.item.title)
    canonical = _canonical(item, read.page)
    return replace(candidate, item=item, canonical=canonical, digest=digest(item), content_key=content_key(item))
