from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.config.settings import FeedSettings, FilterRule, Publishing
from aggregator.decide.articles import (
    MOST_WAITING,
    ArticlePage,
    Lacking,
    Read,
    Wait,
    all_wait,
    as_read,
    completed,
    completion,
    is_list,
    kept_whole,
    reads_articles,
    verdict_of,
    waits,
)
from aggregator.decide.candidates import Candidate, candidates
from aggregator.decide.canonical import plain_text
from aggregator.decide.changes import Addition, KnownEntry, Revision
from aggregator.decide.release import Arrival, hold
from aggregator.model import Enclosure, Held, Item, Person

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
URL = "https://site.example/news"
LIST = FeedSettings(url=URL, kind="page")
FEED = FeedSettings(url=URL, full_text=True)
RULES = Publishing()
FRESH = Arrival(NOW, NOW - HOUR / 2, None)
FIRST = Arrival(NOW, NOW - 100 * DAY, None)
LATER = Arrival(NOW, NOW - 100 * DAY, NOW - HOUR)
PAGE = ArticlePage(
    title="The whole title",
    published=NOW - 5 * HOUR,
    authors=(Person("Ann"),),
    language="fr",
    canonical="https://site.example/a",
    image="https://site.example/a.jpg",
    content="<p>The whole text, at some length.</p>",
    text="The whole text, at some length.",
)


def additions(*dates: datetime | None, **fields: Any) -> list[Addition]:
    """Return new entries with these dates, keyed -1, -2, ...; without one they count as published now."""
    listed = candidates(
        replace(Item(title=f"Story {n}", guid=str(n), link=f"https://site.example/{n}", published=date), **fields)
        for n, date in enumerate(dates, start=1)
    )
    return [
        Addition(-n, f"urn:x:{n}", candidate, date or NOW, date or NOW)
        for n, (candidate, date) in enumerate(zip(listed, dates, strict=True), start=1)
    ]


def wanted(
    arrival: Arrival, *dates: datetime | None, source: FeedSettings = LIST, rules: Publishing = RULES, **fields: Any
) -> dict[int, Wait]:
    """Return which of new entries with these dates wait."""
    new = additions(*dates, **fields)
    return waits(new, hold(new, arrival, source, rules), arrival, source, rules)


@pytest.mark.parametrize(
    ("settings", "reads"),
    [
        ({}, False),
        ({"full_text": True}, True),
        ({"kind": "page"}, True),
        ({"kind": "sitemap"}, True),
        ({"kind": "page", "full_text": False}, False),
    ],
)
def test_whose_articles_are_read(settings: dict[str, Any], reads: bool) -> None:
    """Those of lists unless the operator says no, those of feeds if he says yes."""
    source = FeedSettings(url=URL, **settings)
    assert reads_articles(source) is reads
    assert is_list(source) is (source.kind != "feed")


def test_new_entries_wait() -> None:
    """What would be released waits, from the document's end to its beginning, and only if it has a page."""
    found = wanted(FRESH, NOW, NOW - HOUR)
    assert list(found) == [-1, -2]
    assert found[-1] == Wait("https://site.example/1")
    assert wanted(FRESH, NOW, source=FeedSettings(url=URL)) == {}
    assert wanted(FRESH, NOW, link=None) == {}
    assert wanted(FRESH, NOW, link="mailto:ann@site.example") == {}
    assert list(wanted(FRESH, NOW, link="HTTPS://site.example/")) == [-1]


def test_what_is_held_back_waits_for_nothing() -> None:
    """Backlog, floods and what the title is dropped for need no article."""
    assert list(wanted(FIRST, *[NOW - HOUR * n for n in range(8)])) == [-1, -2, -3, -4, -5]
    assert wanted(LATER, *[NOW - 9 * DAY] * 21) == {}
    assert wanted(FRESH, NOW, source=LIST.model_copy(update={"drop": (FilterRule(contains=("story",)),)})) == {}


@pytest.mark.parametrize("field", ["summary", "content", "text", "author", "language"])
def test_what_is_kept_for_its_words_waits_for_them(field: Any) -> None:
    """What `keep` finds nothing in waits when the article may have it; by what the list says all of, it is decided."""
    asks = LIST.model_copy(update={"keep": (FilterRule(field=field, contains=("grok",)),)})
    assert list(wanted(LATER, NOW, source=asks)) == [-1]
    by_title = LIST.model_copy(update={"keep": (FilterRule(contains=("grok",)),)})
    assert wanted(LATER, NOW, source=by_title) == {}
    dropped = asks.model_copy(update={"drop": (FilterRule(contains=("story",)),)})
    assert wanted(LATER, NOW, source=dropped) == {}


def test_filters_let_no_archive_in() -> None:
    """What `keep` finds nothing in, and is old besides, is held back as it would be without the filter."""
    asks = LIST.model_copy(update={"keep": (FilterRule(field="text", contains=("grok",)),)})
    assert wanted(LATER, *[NOW - 9 * DAY] * 21, source=asks) == {}
    assert len(wanted(LATER, *[NOW - 9 * DAY] * 20, source=asks)) == 20
    assert list(wanted(FIRST, NOW, NOW - 9 * DAY, source=asks)) == [-1]
    assert len(wanted(FIRST, *[NOW] * 8, source=asks)) == RULES.first_entries
    (undated,) = wanted(FIRST, None, source=asks).values()
    assert undated.oldest == NOW - RULES.first_max_age


def test_undated_entries_are_told_by_their_articles_dates() -> None:
    """At the first poll, and where many come at once, an undated entry is news only if its article is young."""
    (first,) = wanted(FIRST, None).values()
    assert first == Wait("https://site.example/1", NOW - RULES.first_max_age, Held.BACKLOG)
    (flood,) = {replace(one, url="") for one in wanted(LATER, *[None] * 21).values()}
    assert flood == Wait("", NOW - HOUR - timedelta(hours=48), Held.FLOOD)
    assert {one.oldest for one in wanted(LATER, *[None] * 20).values()} == {None}
    assert {one.oldest for one in wanted(FRESH, *[None] * 99).values()} == {None}
    whole_site = replace(FRESH, whole_site=True)
    (changed,) = wanted(whole_site, None, updated=NOW).values()
    assert changed.oldest == NOW - RULES.first_max_age, "a sitemap says when a page changed"
    mixed = wanted(LATER, *[None] * 21, NOW)
    assert (mixed[-22].oldest, mixed[-1].why) == (None, Held.FLOOD)


def test_no_more_than_a_host_can_answer() -> None:
    """Of very many the newest wait; of equals those that are listed first: documents are read from their end."""
    found = wanted(FRESH, *[NOW] * (MOST_WAITING + 5), NOW - HOUR)
    assert list(found) == [-n for n in range(6, MOST_WAITING + 6)]


def test_bare_addresses_wait_for_all_that_they_say() -> None:
    """Of entries that a sitemap names in place of an archive each that has a page waits; without it it is no news."""
    new = additions(None, None, None)
    new[2] = replace(new[2], candidate=replace(new[2].candidate, item=Item(title="No link")))
    assert all_wait(new, {-2: "flood"}, NOW - DAY) == {-1: Wait("https://site.example/1", NOW - DAY, Held.BACKLOG)}
    assert verdict_of(Item(link=URL), NOW, Wait(URL), FEED) == "backlog"


def test_verdict() -> None:
    """Filters decide on all of the text first, then dates that only the article knew."""
    picky = LIST.model_copy(update={"keep": (FilterRule(field="text", contains=("grok",)),)})
    old = Wait("x", NOW - DAY, Held.FLOOD)
    assert verdict_of(Item(title="Grok"), NOW, old, picky) is None
    assert verdict_of(Item(title="Grok"), NOW - 2 * DAY, old, picky) == "flood"
    assert verdict_of(Item(title="x"), NOW - 2 * DAY, old, picky) == "filtered: no word of keep in text"
    assert verdict_of(Item(title="x"), NOW - 2 * DAY, Wait("x"), LIST) is None


def test_the_word_of_a_list_counts_less() -> None:
    """Of a list's article the page knows best; of a feed's it adds what the feed left out, and the longer body."""
    listed = Item(
        title="Teaser", published=NOW, authors=(Person("Bob"),), language="en", thumbnail="t.jpg", summary="<p>Te.</p>"
    )
    by_page = completed(listed, PAGE, is_list=True)
    assert (by_page.title, by_page.published, by_page.authors, by_page.language) == (
        PAGE.title, PAGE.published, PAGE.authors, "fr",
    )  # fmt: skip
    by_feed = completed(listed, PAGE, is_list=False)
    assert by_feed == replace(by_page, authors=listed.authors)
    bare = completed(Item(), PAGE, is_list=False)
    assert (bare.title, bare.published, bare.authors, bare.language, bare.thumbnail) == (
        PAGE.title, PAGE.published, PAGE.authors, "fr", PAGE.image,
    )  # fmt: skip
    assert completed(listed, ArticlePage(""), is_list=True) == listed


@pytest.mark.parametrize(
    ("listed", "stated", "title"),
    [
        ("Grok opens", "Grok opens | The Site", "Grok opens"),
        ("Grok opens its weights", "Grok has opened its weights today", "Grok opens its weights"),
        ("Grok opens its weights", "Something else", "Something else"),
        ("", "Grok opens", "Grok opens"),
        ("Grok opens", "", "Grok opens"),
    ],
)
def test_whose_title_counts(listed: str, stated: str, title: str) -> None:
    """A feed's title stays where the page's says the same, with the site's name or in few other words."""
    assert completed(Item(title=listed), ArticlePage(stated), is_list=False).title == title
    assert completed(Item(title=listed), ArticlePage(stated), is_list=True).title == (stated or listed)


@pytest.mark.parametrize(
    ("listed", "stated", "found"),
    [
        (NOW, NOW.replace(hour=0), NOW),
        (NOW.replace(hour=0), NOW, NOW),
        (NOW, NOW - HOUR, NOW - HOUR),
        (NOW, NOW.replace(hour=0) - 2 * DAY, NOW.replace(hour=0) - 2 * DAY),
        (NOW, None, NOW),
        (None, NOW, NOW),
    ],
)
def test_of_one_day_the_date_with_a_time(listed: datetime | None, stated: datetime | None, found: datetime) -> None:
    """The page's date counts, unless it only names the day that the list gives with a time."""
    assert completed(Item(published=listed), replace(PAGE, published=stated), is_list=True).published == found


def test_a_page_that_shows_the_beginning_shortens_nothing() -> None:
    """What a feed gives whole stays when its page shows less."""
    whole = Item(content=f"<p>{'Much was said. ' * 20}</p>")
    assert completed(whole, PAGE, is_list=False).content == whole.content
    assert completed(whole, replace(PAGE, content=None), is_list=True).content == whole.content


_text = st.none() | st.text("ab <>p/", max_size=30)
_items = st.builds(
    Item,
    title=st.sampled_from(["", "Listed", "Else"]),
    summary=_text,
    content=_text,
    published=st.sampled_from([None, NOW, NOW - DAY]),
    authors=st.sampled_from([(), (Person("Bob"),)]),
    language=st.sampled_from([None, "en"]),
    link=st.just("https://site.example/a"),
    enclosures=st.just((Enclosure("https://site.example/a.mp3"),)),
)
_pages = st.builds(
    ArticlePage,
    title=st.sampled_from(["", "Whole"]),
    published=st.sampled_from([None, NOW - HOUR, datetime(1970, 1, 1, tzinfo=UTC)]),
    authors=st.sampled_from([(), (Person("Ann"),)]),
    language=st.sampled_from([None, "fr"]),
    content=_text,
)


@given(item=_items, page=_pages, of_list=st.booleans())
def test_completing_loses_nothing(item: Item, page: ArticlePage, of_list: bool) -> None:
    """Completed twice is completed once; no field is lost, and no body gets shorter."""
    once = completed(item, page, is_list=of_list)
    assert completed(once, page, is_list=of_list) == once
    assert len(plain_text(once.content)) >= len(plain_text(item.content))
    for field in ("title", "published", "authors", "language"):
        assert bool(getattr(once, field)) is bool(getattr(item, field) or getattr(page, field))
    kept = ("summary", "link", "enclosures", "guid")
    assert [getattr(once, field) for field in kept] == [getattr(item, field) for field in kept]


def lacking(item: Item | None = None, *, held: str | None = "article", **facts: Any) -> Lacking:
    """Return an entry that waits since an hour, undated unless said otherwise."""
    item = item or Item(title="Listed", link="https://site.example/a?x=1", summary="<p>Te.</p>")
    seen = NOW - HOUR
    given = {"published": seen, "updated": seen, **facts}
    return Lacking(7, URL, "k", item, first_seen=seen, held=held, wait=Wait("https://site.example/a"), **given)


def test_an_article_completes_its_entry() -> None:
    """Title, date and text of an entry that nobody has seen are the article's; that is no edit."""
    revision = completion(lacking(), PAGE, LIST)
    assert (revision.entry, revision.edited, revision.candidate.key) == (7, False, "k")
    assert (revision.candidate.item.title, revision.candidate.item.content) == (PAGE.title, PAGE.content)
    assert (revision.published, revision.updated) == (PAGE.published, PAGE.published)
    assert revision.candidate.canonical == candidates([Item(link=PAGE.canonical)])[0].canonical
    filtered = completion(lacking(held="filtered: no word of keep in text"), PAGE, LIST)
    assert filtered == revision


@pytest.mark.parametrize("held", [None, "withdrawn", "backlog", "private"])
def test_a_text_that_comes_late_is_quiet(held: str | None) -> None:
    """Of an entry that was released before its article came neither title nor dates change; the text is there."""
    late = completion(lacking(held=held), PAGE, LIST)
    assert (late.candidate.item.title, late.candidate.item.content) == ("Listed", PAGE.content)
    assert (late.published, late.updated, late.edited) == (NOW - HOUR, NOW - HOUR, False)


@pytest.mark.parametrize(
    ("listed", "said", "published", "updated"),
    [
        (NOW - HOUR, NOW - 2 * DAY, NOW - 2 * DAY, NOW - 2 * DAY),
        (NOW - DAY, NOW - 2 * DAY, NOW - 2 * DAY, NOW - DAY),
        (NOW - 2 * DAY, NOW - DAY, NOW - DAY, NOW - DAY),
        (NOW - DAY, None, NOW - DAY, NOW - DAY),
        (NOW - DAY, datetime(1970, 1, 1, tzinfo=UTC), NOW - DAY, NOW - DAY),
        (NOW - DAY, NOW + DAY, NOW - HOUR, NOW - HOUR),
    ],
)
def test_whose_date_counts(listed: datetime, said: datetime | None, published: datetime, updated: datetime) -> None:
    """The article's date counts, but none that cannot be and none to come; an entry is never updated before it."""
    for source in (LIST, FEED):
        entry = lacking(published=listed, updated=listed)
        revision = completion(entry, replace(PAGE, published=said), source)
        assert (revision.published, revision.updated) == (published, updated)


def test_a_page_speaks_for_its_own_site() -> None:
    """A canonical link that leads to another site, or of an entry without a link, is not believed."""
    (own,) = candidates([lacking().item])
    elsewhere = replace(PAGE, canonical="https://other.example/a")
    assert completion(lacking(), elsewhere, LIST).candidate.canonical == own.canonical
    assert completion(lacking(), replace(PAGE, canonical=None), LIST).candidate.canonical == own.canonical
    assert completion(lacking(Item(title="x")), PAGE, LIST).candidate.canonical is None


def listed(title: str = "Listed", **fields: Any) -> Candidate:
    """Return what a list says of an article."""
    (found,) = candidates([Item(title=title, link="https://site.example/a?x=1", **fields)])
    return found


def entry_of(candidate: Candidate) -> KnownEntry:
    """Return an entry that says what a candidate does."""
    return KnownEntry(
        key=7, feed=URL, item=candidate.item, digest=candidate.digest, canonical=candidate.canonical,
        content_key=candidate.content_key, published=NOW, updated=NOW,
    )  # fmt: skip


def test_a_changed_teaser_takes_no_text_away() -> None:
    """A list that says something else beside an article changes nothing of the entry: its text is the article's."""
    read = Read(PAGE, "Listed")
    entry = entry_of(as_read(listed(summary="<p>One.</p>"), read, LIST))
    assert kept_whole(Revision(7, listed(summary="<p>Two.</p>"), NOW, NOW), read, entry, LIST) is None


def test_a_changed_title_is_an_edit() -> None:
    """A title that the list changed after the article was read is the newer, and the text stays."""
    read = Read(PAGE, "Listed")
    entry = entry_of(as_read(listed(), read, LIST))
    revision = kept_whole(Revision(7, listed("Corrected"), NOW, NOW), read, entry, LIST)
    assert revision is not None
    item = revision.candidate.item
    assert (item.title, item.content, revision.edited) == ("Corrected", PAGE.content, True)
    assert revision.candidate.canonical == entry.canonical
    assert kept_whole(revision, read, entry_of(revision.candidate), LIST) is None


@given(item=_items, page=_pages, now=st.sampled_from(["Listed", "Else"]))
def test_reading_on_loses_no_text(item: Item, page: ArticlePage, now: str) -> None:
    """Whatever a list says next, an entry has as much text as its article."""
    read = Read(page, item.title)
    (before,), (after,) = candidates([item]), candidates([replace(item, title=now, content=None)])
    entry = entry_of(as_read(before, read, LIST))
    revision = kept_whole(Revision(7, after, NOW, NOW), read, entry, LIST)
    if revision is not None:
        assert len(plain_text(revision.candidate.item.content)) >= len(plain_text(page.content))
        assert revision.candidate.digest != entry.digest
