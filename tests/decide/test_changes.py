"""What a document changes: new, edited, known, known from elsewhere."""

from __future__ import annotations

import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aggregator.decide.candidates import believed, candidates
from aggregator.decide.changes import asked_ids
from aggregator.decide.identity import marked
from aggregator.listings import NamedBy
from aggregator.model import Enclosure, Item, Person

if TYPE_CHECKING:
    from collections.abc import Callable

    Make = Callable[..., Item]
    NewShelf = Callable[[], Any]

OWN = "https://site.example/feed"
SECOND = "https://blog.site.example/feed"
HUB = "https://hub.example/feed"
PLANET = "https://planet.example/feed"
TEXT = " ".join(f"word{number}" for number in range(60))


# One feed


def test_new_items_number_in_the_order_of_time(new_shelf: NewShelf, item: Make) -> None:
    """Feeds list the newest first: entries number from the last listed to the first."""
    shelf = new_shelf()
    verdict = shelf.poll(OWN, [item(1), item(2), item(3)])
    assert [addition.candidate.item.title[-1] for addition in verdict.additions] == ["3", "2", "1"]
    assert [addition.key for addition in verdict.additions] == [-1, -2, -3]
    assert verdict.duplicates == 0


def test_an_edit_there_and_back_is_two_edits(new_shelf: NewShelf, item: Make) -> None:
    """A, B, A: an item is compared with what was listed last, not with all that ever was."""
    shelf, first = new_shelf(), item(1)
    second = replace(first, summary="Other")
    edited = [shelf.poll(OWN, [version]).revisions for version in (first, second, second, first, first)]
    assert [[revision.edited for revision in each] for each in edited] == [[], [True], [], [True], []]
    assert len(shelf.entries) == 1


def test_dates_and_categories_are_no_edit(new_shelf: NewShelf, item: Make, now: datetime) -> None:
    """What feeds invent at every poll changes nothing."""
    shelf = new_shelf()
    shelf.poll(OWN, [item(1)])
    again = shelf.poll(OWN, [item(1, published=now, updated=now, authors=(Person("Ada"),))])
    assert (again.additions, again.revisions) == ((), ())


@pytest.mark.parametrize(
    "new",
    [
        {"guid": "new-guid"},
        {"guid": None},
        {"guid": "new-guid", "link": "http://www.site.example/posts/1?utm_source=rss"},
        {"guid": "new-guid", "summary": "An edit in the same moment."},
        {"guid": "new-guid", "published": None},
        {"guid": "new-guid", "published": datetime(2026, 4, 20, 11, tzinfo=UTC)},
        {"guid": "new-guid", "summary": "An edit", "published": datetime(2099, 1, 1, tzinfo=UTC)},
        {"guid": "new-guid", "summary": "An edit", "published": datetime(1970, 1, 1, tzinfo=UTC)},
    ],
)
def test_a_changed_guid_is_no_news(new_shelf: NewShelf, item: Make, new: dict[str, Any]) -> None:
    """A feed that gives an item a new guid, with whatever date, has no new item."""
    shelf = new_shelf()
    shelf.poll(OWN, [item(1), item(2)])
    renamed = shelf.poll(OWN, [item(1, **new), item(2)])
    assert renamed.additions == ()
    assert renamed.duplicates == 0
    assert shelf.poll(OWN, [item(1), item(2)]).additions == ()


def test_guids_and_dates_made_anew_at_every_poll_are_no_news(new_shelf: NewShelf, item: Make) -> None:
    """A feed made on the fly, with the time of the request for every date, says nothing new for days."""
    shelf = new_shelf()
    for day in range(4):
        shelf.now += timedelta(days=1)
        items = [item(number, guid=f"{day}-{number}", published=shelf.now) for number in (1, 2)]
        assert bool(shelf.poll(OWN, items).additions) is (day == 0)


def test_an_untitled_item_with_a_new_guid_is_no_news(new_shelf: NewShelf, item: Make) -> None:
    """Without a title, all else must be the same."""
    shelf = new_shelf()
    shelf.poll(OWN, [item(1, title="")])
    assert shelf.poll(OWN, [item(1, title="", guid="new")]).additions == ()
    assert len(shelf.poll(OWN, [item(1, title="", guid="newer", summary="Another")]).additions) == 1


def test_a_republished_article_is_no_news(new_shelf: NewShelf, item: Make, now: datetime) -> None:
    """New guid and new date, but the old text with a little added at the end."""
    shelf = new_shelf()
    shelf.poll(OWN, [item(1, summary=TEXT)])
    again = shelf.poll(OWN, [item(1, guid="new", published=now, summary=f"{TEXT} and more")])
    assert again.additions == ()
    assert [revision.edited for revision in again.revisions] == [True]


def test_a_moved_site_is_no_news(new_shelf: NewShelf, item: Make) -> None:
    """A feed whose guids and links all change lists the same articles at their new addresses."""
    shelf = new_shelf()
    before = [item(number, summary=f"{number} {TEXT}") for number in (1, 2)]
    after = [replace(each, guid=f"new {each.title}", link=f"{each.link}/".replace("site", "moved")) for each in before]
    shelf.poll(OWN, before)
    moved = shelf.poll(OWN, after)
    assert moved.additions == ()
    assert shelf.entries[1].canonical == "moved.example/posts/2"
    assert shelf.poll(OWN, after).revisions == ()


def test_a_moved_article_without_a_text_is_no_news(new_shelf: NewShelf, item: Make) -> None:
    """Where there is only a title, it and the moment tell; not if several have them."""
    shelf, post = new_shelf(), item(1, summary=None)
    moved = [replace(post, link=f"https://site.example/moved/{n}", guid=f"moved {n}") for n in range(2)]
    shelf.poll(OWN, [post, item(2)])
    assert shelf.poll(OWN, [moved[0], item(2)]).additions == ()
    assert len(shelf.poll(OWN, moved).additions) == 1
    both = [replace(post, link=f"https://site.example/both/{n}", guid=f"both {n}") for n in range(2)]
    assert len(shelf.poll(OWN, both).additions) == 2
    assert len(shelf.poll(SECOND, [replace(post, guid="y", link="https://site.example/y")]).additions) == 1


@pytest.mark.parametrize(("first", "second"), [(0, 7), (7, 0), (0, 0)])
def test_a_date_that_is_given_its_time_of_day_is_the_same(
    new_shelf: NewShelf, item: Make, first: int, second: int
) -> None:
    """A feed whose guids change as it learns to tell the time has nothing new."""
    shelf, day = new_shelf(), datetime(2026, 4, 1, tzinfo=UTC)
    shelf.poll(OWN, [item(1, published=day + timedelta(hours=first))])
    at = day + timedelta(hours=second)
    assert shelf.poll(OWN, [item(1, guid="new", summary="And a text.", published=at)]).additions == ()
    other = item(1, guid="newer", summary="Another day.", published=at + timedelta(days=2))
    assert len(shelf.poll(OWN, [other]).additions) == 1


def test_a_thread_opened_anew_every_week_is_news(new_shelf: NewShelf, item: Make) -> None:
    """The same title and text at a new address is another item when it comes a week later."""
    shelf = new_shelf()
    shelf.poll(OWN, [item(1, title="Weekly thread", summary=TEXT, published=shelf.now)])
    shelf.now += timedelta(days=7)
    assert len(shelf.poll(OWN, [item(2, title="Weekly thread", summary=TEXT, published=shelf.now)]).additions) == 1
    shelf.now += timedelta(days=7)
    assert len(shelf.poll(HUB, [item(3, title="Weekly thread", summary=TEXT, published=shelf.now)]).additions) == 1


def test_versions_on_one_page_are_entries(new_shelf: NewShelf, item: Make) -> None:
    """A changelog's releases share a link; each is an entry, however many are listed."""
    shelf = new_shelf()
    releases = [item(n, guid=f"r{n}", link="https://site.example/log", title=f"1.{n}") for n in range(4)]
    shelf.poll(OWN, releases[3:])
    shelf.poll(OWN, releases[2:])
    shelf.poll(OWN, releases[:2])
    assert shelf.titles() == ["1.3", "1.2", "1.1", "1.0"]
    assert shelf.poll(OWN, releases).additions == ()


@pytest.mark.parametrize("guid", ["https://site.example/log", None])
def test_versions_with_one_guid_are_entries(new_shelf: NewShelf, item: Make, guid: str | None) -> None:
    """So they are when guid, or want of a guid, is the same for all: none is lost, none comes twice."""
    shelf = new_shelf()
    releases = [item(n, guid=guid, link="https://site.example/log", title=f"Version 1.{n}") for n in range(5)]
    shelf.poll(OWN, releases[4:])
    shelf.poll(OWN, releases[2:])
    shelf.poll(OWN, releases[:4])
    assert len(shelf.entries) == 5
    assert shelf.poll(OWN, releases[1:2]).additions == ()
    assert shelf.poll(OWN, releases).additions == ()


def test_versions_are_numbers(new_shelf: NewShelf, item: Make) -> None:
    """1.11 and 1.1.1 are two releases, though they have the same digits."""
    shelf = new_shelf()
    for number, title in enumerate(["v1.1.1", "v1.11"]):
        shelf.poll(OWN, [item(1, guid=f"r{number}", link="https://site.example/log", title=title, published=None)])
    assert shelf.titles() == ["v1.1.1", "v1.11"]


def hours_ago(item: Make, now: datetime, hours: int, **changes: object) -> Item:
    """Return a message that a feed lists under one title and link at every hour."""
    page = {"link": "https://site.example/status", "title": "Update", "summary": None}
    return item(1, guid=f"at {hours}", **page | {"published": now - timedelta(hours=hours)} | changes)


def test_an_hourly_message_is_news_every_time(new_shelf: NewShelf, item: Make, now: datetime) -> None:
    """One title, one link, one (empty) text and another hour, side by side: every one is an entry."""
    shelf = new_shelf()
    hourly = [hours_ago(item, now, hours) for hours in range(8)]
    for start in (5, 4, 3, 0):
        shelf.poll(OWN, hourly[start : start + 3])
    assert len(shelf.entries) == 8
    assert shelf.poll(OWN, hourly).additions == ()


def test_an_hourly_message_dated_by_its_update_alone(new_shelf: NewShelf, item: Make, now: datetime) -> None:
    """Atom feeds may give `updated` and no `published`."""
    shelf = new_shelf()
    hourly = [hours_ago(item, now, hours, published=None, updated=now - timedelta(hours=hours)) for hours in range(4)]
    shelf.poll(OWN, hourly[2:])
    assert len(shelf.poll(OWN, hourly[:2]).additions) == 2


def test_a_daily_message_listed_alone_is_news_every_day(new_shelf: NewShelf, item: Make, now: datetime) -> None:
    """Even a feed of one item, whose title and link never change, has a new one when guid, date and text say so."""
    shelf = new_shelf()
    for day in range(3):
        shelf.poll(OWN, [hours_ago(item, now, 72 - 24 * day, summary=f"Day {day}")])
    assert len(shelf.entries) == 3


def test_renamed_messages_are_told_apart_by_their_moment(new_shelf: NewShelf, item: Make, now: datetime) -> None:
    """When a feed that repeats title and link changes all guids, each is the one of its moment."""
    shelf = new_shelf()
    hourly = [hours_ago(item, now, hours, summary=f"At {hours}") for hours in range(4)]
    shelf.poll(OWN, hourly)
    renamed = [replace(each, guid=f"new {each.guid}") for each in hourly]
    edited = [replace(renamed[0], summary="Edited"), *renamed[1:]]
    verdict = shelf.poll(OWN, edited)
    assert verdict.additions == ()
    assert len(verdict.revisions) == 1
    undated = [replace(each, guid=f"newer {each.guid}", published=None) for each in edited]
    assert shelf.poll(OWN, undated).additions == ()
    other = replace(undated[0], guid="other", summary="Neither date nor text is known")
    assert len(shelf.poll(OWN, [other]).additions) == 1


def test_one_item_under_two_guids_is_one(new_shelf: NewShelf, item: Make) -> None:
    """Listed side by side, two that nothing tells apart are one; an edit of either is an edit of the entry."""
    shelf, post = new_shelf(), item(1)
    twin = replace(post, guid="twin")
    verdict = shelf.poll(OWN, [post, twin])
    assert (len(verdict.additions), len(verdict.sights), verdict.duplicates) == (1, 2, 0)
    assert shelf.poll(OWN, [replace(post, title="Edited"), twin]).additions == ()
    assert shelf.poll(OWN, [replace(post, title="Edited"), twin]).revisions == ()
    assert shelf.titles() == ["Edited"]
    assert shelf.poll(OWN, [replace(post, title="Edited"), replace(twin, title="Edited")]).revisions == ()


@pytest.mark.parametrize("order", [1, -1])
def test_of_two_versions_the_one_updated_last_counts(
    new_shelf: NewShelf, item: Make, now: datetime, order: int
) -> None:
    """Atom lets a document list an entry in several versions (RFC 4287 section 4.1.1)."""
    shelf, post = new_shelf(), item(1)
    versions = [replace(post, summary=f"In {hour}", updated=now - timedelta(hours=hour)) for hour in (1, 2, 3)]
    shelf.poll(OWN, versions[::order])
    assert shelf.entries[1].item.summary == "In 1"
    assert shelf.poll(OWN, [*versions, replace(post, summary="Undated")]).revisions == ()


def test_of_two_undated_versions_the_first_counts(new_shelf: NewShelf, item: Make) -> None:
    """Feeds list the newest first."""
    shelf, post = new_shelf(), item(1)
    shelf.poll(OWN, [replace(post, summary="First"), replace(post, summary="Second")])
    assert shelf.entries[1].item.summary == "First"


def test_a_thousand_items_with_one_link_take_no_time(new_shelf: NewShelf, item: Make) -> None:
    """A hostile feed that changes a thousand guids and titles of one link does not stop the writer."""
    shelf, calls = new_shelf(), 0

    def count_calls(_frame: object, event: str, _arg: object) -> None:
        nonlocal calls
        calls += event == "call"

    for turn in range(2):
        items = [item(1, guid=f"{turn} {n}", title=f"T{turn} {n}", summary=f"{turn} {n} {TEXT}") for n in range(1000)]
        sys.setprofile(count_calls)
        try:
            assert len(shelf.poll(OWN, items).additions) == 1000
        finally:
            sys.setprofile(None)
    assert calls < 5_000_000, "3.2 million function calls when this was written; comparing all with all would be 100"


# A whole feed renamed


def bare(item: Make, number: int, **changes: Any) -> Item:
    """Return an item that says next to nothing: a short title, a link, no date, no text, no guid."""
    usual = {"title": f"t{number}", "guid": None, "published": None, "summary": None}
    return item(number, **(usual | {"link": f"https://site.example/{number}?s=1"} | changes))


def test_a_feed_that_renames_everything_brings_no_news(new_shelf: NewShelf, item: Make) -> None:
    """When all items have new links and guids and say what the last document said, they are the same entries."""
    shelf = new_shelf()
    shelf.poll(OWN, [bare(item, number) for number in range(3)])
    moved = [bare(item, number, link=f"https://new.example/{number}", guid=f"g{number}") for number in range(3)]
    assert shelf.poll(OWN, moved).additions == ()
    assert shelf.poll(OWN, moved).additions == ()
    assert len(shelf.entries) == 3


@pytest.mark.parametrize(
    "changes",
    [
        [{}, {}, {"title": "other"}],
        [{}, {"summary": "<p>Another text</p>"}, {}],
        [{"published": datetime(2026, 4, 1, tzinfo=UTC)}, {}, {}],
        [{"title": "t1"}, {}, {}],
        [{}, {}],
    ],
    ids=["another title", "another text", "another date", "a title twice", "two items"],
)
def test_less_than_everything_proves_nothing(new_shelf: NewShelf, item: Make, changes: list[dict[str, Any]]) -> None:
    """One of three that says something else, titles that are no names, or two items alone: all of them are new."""
    shelf = new_shelf()
    shelf.poll(OWN, [bare(item, number) for number in range(len(changes))])
    moved = [
        bare(item, number, **({"link": f"https://new.example/{number}"} | one)) for number, one in enumerate(changes)
    ]
    assert len(shelf.poll(OWN, moved).additions) == len(changes)


def test_what_is_still_listed_is_not_renamed(new_shelf: NewShelf, item: Make) -> None:
    """An item with the title of one that stands beside it under its old name is another one."""
    shelf, old = new_shelf(), [bare(item, number) for number in range(3)]
    shelf.poll(OWN, old)
    more = [bare(item, number, link=f"https://new.example/{number}") for number in range(12)]
    assert len(shelf.poll(OWN, [*old, *more]).additions) == 12


# Several feeds


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({}, {}),
        ({}, {"link": "http://www.site.example/posts/1/?utm_source=hub#top"}),
        ({"title": "News"}, {"title": "News | Site"}),
        ({"title": "News", "summary": TEXT}, {"title": "Commented", "summary": f"He says: {TEXT}"}),
        (
            {"title": "News", "content": f"{TEXT} and more", "summary": "T"},
            {"title": "N", "summary": f"{TEXT} [\u2026]"},
        ),
        ({"published": None}, {"published": datetime(2020, 1, 1, tzinfo=UTC)}),
    ],
)
def test_what_is_one_item_in_two_feeds(
    new_shelf: NewShelf, item: Make, one: dict[str, Any], other: dict[str, Any]
) -> None:
    """One link, and titles that agree or a text that holds the other: one entry, whoever comes first."""
    for first, second in ((one, other), (other, one)):
        shelf = new_shelf()
        shelf.poll(HUB, [item(1, guid="hub 1", **first)])
        verdict = shelf.poll(PLANET, [item(1, guid="planet 1", **second)])
        assert (verdict.additions, verdict.duplicates) == ((), 1)


@pytest.mark.parametrize(
    "other",
    [
        {"title": "A comment"},
        {"title": "A comment", "summary": f"{TEXT} but not all"},
        {"link": "https://site.example/posts/11"},
        {"link": None},
        {"title": ""},
    ],
)
def test_what_is_another_item_in_another_feed(new_shelf: NewShelf, item: Make, other: dict[str, Any]) -> None:
    """A title alone, a link alone, or neither: two entries, whoever comes first."""
    items = [item(1, guid="hub 1", summary=f"{TEXT} {TEXT}"), item(1, guid="planet 1", **other)]
    for order in (1, -1):
        shelf = new_shelf()
        for feed, each in zip((HUB, PLANET), items[::order], strict=True):
            assert len(shelf.poll(feed, [each]).additions) == 1


def test_two_feeds_of_the_link_s_own_site(new_shelf: NewShelf, item: Make) -> None:
    """A publisher's two feeds mean one article by one link, whatever they call it; others may comment in between."""
    one, other, comment = item(1, title="News"), item(1, guid="2", title="Nouvelles"), item(1, guid="3", title="Hm")
    orders = [
        [(OWN, one), (SECOND, other), (HUB, comment)],
        [(HUB, comment), (SECOND, other), (OWN, one)],
        [(OWN, one), (HUB, comment), (SECOND, other)],
    ]
    for order in orders:
        shelf = new_shelf()
        for feed, each in order:
            shelf.poll(feed, [each])
        assert len(shelf.entries) == 2


def test_two_feeds_of_a_site_with_a_changelog(new_shelf: NewShelf, item: Make) -> None:
    """Where a link has several items, only the same title is the same item."""
    page = "https://site.example/log"
    log = [item(n, guid=f"r{n}", link=page, title=f"1.{n}", summary=TEXT) for n in range(3)]
    news = [item(n, guid=f"n{n}", link=page, title=f"1.{n}", summary=TEXT) for n in (2, 3)]
    for order in ([(OWN, log), (SECOND, news)], [(SECOND, news), (OWN, log)], [(SECOND, news), (HUB, log)]):
        shelf = new_shelf()
        for feed, items in order:
            shelf.poll(feed, items)
        assert sorted(shelf.titles()) == ["1.0", "1.1", "1.2", "1.3"]
        assert shelf.poll(HUB, [item(4, guid="x", link=page, title="")]).duplicates == 0


def test_a_message_that_two_feeds_repeat_is_told_apart_by_its_moment(
    new_shelf: NewShelf, item: Make, now: datetime
) -> None:
    """One title and one link for all: what both feeds date the same is one, in whatever order they come."""
    hourly = [hours_ago(item, now, hours) for hours in range(6)]
    mirrored = [replace(each, guid=f"mirror of {each.guid}") for each in hourly]
    for first, second in (((OWN, hourly), (HUB, mirrored)), ((HUB, mirrored), (OWN, hourly))):
        shelf = new_shelf()
        shelf.poll(first[0], first[1][2:])
        shelf.poll(second[0], second[1][1:4])
        shelf.poll(second[0], second[1])
        shelf.poll(first[0], first[1])
        assert len(shelf.entries) == 6


def test_a_message_that_two_feeds_told_is_not_a_third_one(new_shelf: NewShelf, item: Make, now: datetime) -> None:
    """A feed that repeats title and link has a new item, though its older ones are other feeds' entries."""
    shelf = new_shelf()
    first, second, third = (hours_ago(item, now, hours, summary=f"At {hours}") for hours in (3, 2, 1))
    for feed, items in ((OWN, [first]), (HUB, [first, second]), (PLANET, [first, second])):
        shelf.poll(feed, items)
    assert [entry.feed for entry in shelf.entries.values()] == [OWN, HUB]
    assert len(shelf.poll(PLANET, [third]).additions) == 1


def test_a_feed_s_own_dates_are_no_reason_to_tell_it_again(new_shelf: NewShelf, item: Make, now: datetime) -> None:
    """A feed that lists another's article in its own words and at its own time may change its guids."""
    shelf = new_shelf()
    shelf.poll(OWN, [item(1)])
    for guid in ("a", "b"):
        assert shelf.poll(HUB, [item(1, guid=guid, summary="Read this", published=now)]).additions == ()


def test_one_version_of_many_is_told_by_its_title(new_shelf: NewShelf, item: Make) -> None:
    """Where another feed has several items of a link, one text in another's is no proof."""
    shelf, page = new_shelf(), "https://site.example/log"
    shelf.poll(OWN, [item(n, guid=f"r{n}", link=page, title=f"1.{n}", summary=TEXT) for n in range(2)])
    assert len(shelf.poll(HUB, [item(3, guid="h3", link=page, title="1.3", summary=TEXT)]).additions) == 1
    assert len(shelf.poll(SECOND, [item(4, guid="s4", link=page, title="1.4")]).additions) == 1
    assert len(shelf.poll("https://www.site.example/all", [item(5, guid="w", link=page, title="1.5")]).additions) == 1


def test_of_two_that_fit_the_title_decides(new_shelf: NewShelf, item: Make, now: datetime) -> None:
    """An entry with the same title goes before one with the same text that is nearer in time."""
    shelf = new_shelf()
    shelf.poll(HUB, [item(1, guid="h", title="News", summary="Short")])
    shelf.poll(PLANET, [item(1, guid="p", title="Comment", summary=TEXT, published=now)])
    third = item(1, guid="t", title="News", summary=TEXT, published=now)
    shelf.poll("https://third.example/feed", [third])
    assert shelf.of("https://third.example/feed", third, [third]) == 1


def test_copies_on_one_site(new_shelf: NewShelf, item: Make) -> None:
    """A site's two addresses of one text make one entry; another site's copy stays an entry of its own."""
    shelf = new_shelf()
    shelf.poll(OWN, [item(1, title="News", summary=TEXT)])
    copy = item(7, title="News", summary=TEXT, published=item(1).published)
    assert shelf.poll(SECOND, [replace(copy, link="https://blog.site.example/7")]).duplicates == 1
    assert len(shelf.poll(HUB, [replace(copy, link="https://hub.example/7")]).additions) == 1
    assert len(shelf.poll(PLANET, [replace(copy, link=None)]).additions) == 1


def test_two_new_items_never_merge_into_one_entry_of_another_feed(new_shelf: NewShelf, item: Make) -> None:
    """A feed with two items of one link takes over one entry at most."""
    shelf = new_shelf()
    shelf.poll(HUB, [item(1, guid="hub", title="News", summary=TEXT)])
    own = [item(1, guid="a", title="News", summary="Short"), item(1, guid="b", title="Other", summary=TEXT)]
    verdict = shelf.poll(OWN, own)
    assert (len(verdict.additions), verdict.duplicates) == (1, 1)


def test_two_copies_side_by_side_never_merge_into_one_entry(new_shelf: NewShelf, item: Make) -> None:
    """Of a feed's two addresses of one text, one is the entry that another feed made of it."""
    shelf = new_shelf()
    shelf.poll(HUB, [item(1, title="News", summary=TEXT, published=None)])
    verdict = shelf.poll(OWN, [item(n, title="News", summary=TEXT, published=None) for n in (2, 3)])
    assert (len(verdict.additions), verdict.duplicates) == (1, 1)


def test_a_link_s_own_site_tells_it_best(new_shelf: NewShelf, item: Make) -> None:
    """A feed that lists another site's article first loses title and text to the site's own feed; the id stays."""
    shelf = new_shelf()
    shelf.poll(HUB, [item(1, guid="https://site.example/posts/1", title="Post number 1", summary="Buy this!")])
    before = shelf.ids[1]
    verdict = shelf.poll(OWN, [item(1, guid="own")])
    assert [revision.edited for revision in verdict.revisions] == [True]
    assert (shelf.entries[1].feed, shelf.entries[1].item.summary) == (OWN, item(1).summary)
    assert shelf.ids[1] == before
    shelf.poll(HUB, [item(1, guid="https://site.example/posts/1", summary="Buy more!")])
    assert shelf.entries[1].item.summary == item(1).summary
    shelf.poll(OWN, [item(1, guid="own", summary="Edited")])
    assert shelf.entries[1].item.summary == "Edited"


def test_on_a_shared_site_the_link_s_own_host_tells_it_best(new_shelf: NewShelf, item: Make) -> None:
    """Where many publish below one domain, the author's own host goes before a neighbour's."""
    shelf, link = new_shelf(), "https://ada.posts.example/p/1"
    shelf.poll("https://eve.posts.example/feed", [item(1, guid="e", link=link, title="News", summary="Buy this!")])
    shelf.poll("https://ada.posts.example/feed", [item(1, guid="a", link=link, title="Nouvelles", summary="True")])
    shelf.poll("https://eve.posts.example/feed", [item(1, guid="e", link=link, title="News", summary="Buy more!")])
    assert [(entry.item.title, entry.item.summary) for entry in shelf.entries.values()] == [("Nouvelles", "True")]


def test_taking_over_the_same_text_is_no_edit(new_shelf: NewShelf, item: Make) -> None:
    """Readers see no difference, so `updated` stays."""
    shelf = new_shelf()
    shelf.poll(HUB, [item(1, guid="hub")])
    before = shelf.entries[1].updated
    verdict = shelf.poll(OWN, [item(1, guid="own")])
    assert [(revision.edited, revision.updated) for revision in verdict.revisions] == [(False, before)]
    assert shelf.entries[1].feed == OWN


def test_an_item_s_link_that_goes_elsewhere_takes_nothing_with_it(new_shelf: NewShelf, item: Make) -> None:
    """On a site of its own every feed speaks best: one that lists another's entry does not get it by moving the link."""
    shelf, post = new_shelf(), item(1, guid="own", link="https://go.example/1")
    shelf.poll(HUB, [item(1, guid="hub", link="https://go.example/1")])
    shelf.poll(OWN, [post])
    shelf.poll(OWN, [replace(post, link="https://site.example/posts/1")])
    assert shelf.entries[1].feed == HUB


@pytest.mark.parametrize("first", ["private", "public"])
def test_private_words_never_reach_the_public(new_shelf: NewShelf, item: Make, first: str) -> None:
    """Where a private and a public source list an article, the public one supplies it, whoever comes first."""
    shelf = new_shelf()
    shelf.private = {OWN}
    sources = [(OWN, item(1, guid="own", summary="Secret")), (HUB, item(1, guid="hub", summary="Known"))]
    for feed, each in sources if first == "private" else sources[::-1]:
        shelf.poll(feed, [each])
    shelf.poll(OWN, [item(1, guid="own", summary="Secret, edited")])
    assert (shelf.entries[1].feed, shelf.entries[1].item.summary) == (HUB, "Known")


def test_a_source_made_private_loses_its_entries_to_public_ones(new_shelf: NewShelf, item: Make) -> None:
    """A public source that has long listed the article takes it over at its next document."""
    shelf = new_shelf()
    shelf.poll(OWN, [item(1, guid="own")])
    shelf.poll(HUB, [item(1, guid="hub", summary="Known")])
    shelf.private = {OWN}
    shelf.poll(HUB, [item(1, guid="hub", summary="Known")])
    assert (shelf.entries[1].feed, shelf.entries[1].item.summary) == (HUB, "Known")


def test_among_private_sources_the_link_s_own_site_tells_it_best(new_shelf: NewShelf, item: Make) -> None:
    """Two private sources are as two public ones."""
    shelf = new_shelf()
    shelf.private = {OWN, HUB}
    shelf.poll(HUB, [item(1, guid="hub")])
    shelf.poll(OWN, [item(1, guid="own")])
    assert shelf.entries[1].feed == OWN


# Dates


@pytest.mark.fault("F9", "F20")
@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ({"published": datetime(2026, 4, 1, tzinfo=UTC)}, datetime(2026, 4, 1, tzinfo=UTC)),
        ({"published": None, "updated": datetime(2026, 4, 1, tzinfo=UTC)}, datetime(2026, 4, 1, tzinfo=UTC)),
        ({"published": None}, None),
        ({"published": datetime(2099, 1, 1, tzinfo=UTC)}, None),
        ({"published": datetime(1970, 1, 1, tzinfo=UTC)}, None),
    ],
)
def test_dates_are_never_in_the_future_or_before_1990(
    new_shelf: NewShelf, item: Make, now: datetime, said: dict[str, Any], kept: datetime | None
) -> None:
    """What cannot be is taken for now."""
    shelf = new_shelf()
    (addition,) = shelf.poll(OWN, [item(1, **said)]).additions
    assert addition.published == (kept or now)
    assert addition.published <= addition.updated <= now


@pytest.mark.parametrize(("days", "kept"), [(-1, 0), (0, 0), (1, 1), (2, 2), (3, 2)])
def test_an_entry_is_updated_between_its_publication_and_now(
    new_shelf: NewShelf, item: Make, now: datetime, days: int, kept: int
) -> None:
    """What a new entry says of its last change is believed between these."""
    published = now - timedelta(days=2)
    said = item(1, published=published, updated=published + timedelta(days=days))
    (addition,) = new_shelf().poll(OWN, [said]).additions
    assert addition.updated == published + timedelta(days=kept)


@pytest.mark.parametrize(("hours", "believed"), [(0.5, True), (-1, False), (48, False), (None, False)])
def test_an_edit_is_dated_by_the_publisher_where_that_can_be(
    new_shelf: NewShelf, item: Make, now: datetime, hours: float | None, believed: bool
) -> None:
    """Later than what was known and not in the future, else now."""
    shelf = new_shelf()
    shelf.poll(OWN, [item(1, published=now - timedelta(hours=1), updated=now - timedelta(hours=1))])
    said = None if hours is None else now - timedelta(hours=1) + timedelta(hours=hours)
    seen = shelf.now
    (revision,) = shelf.poll(OWN, [item(1, summary="Edited", updated=said)]).revisions
    assert revision.updated == (said if believed else seen)


# Ids


def test_a_publisher_s_id_is_given_once(new_shelf: NewShelf, item: Make) -> None:
    """What another entry has, in this document or any other, is replaced by one made of feed and key."""
    shelf = new_shelf()
    shelf.poll(HUB, [item(1, guid="https://site.example/1", link="https://hub.example/1")])
    shelf.poll(OWN, [item(2, guid="https://site.example/1", link="https://site.example/2")])
    assert shelf.ids[1] == "https://site.example/1"
    assert shelf.ids[2].startswith("urn:uuid:")


def test_a_key_that_named_another_entry_gives_a_fresh_id(new_shelf: NewShelf, item: Make) -> None:
    """A feed of one guid lists now one item, now two: whichever goes by the guid alone, ids stay unique."""
    shelf = new_shelf()
    posts = [item(number, guid="x") for number in range(6)]
    for listed in ([0], [0, 1], [2], [1, 2], [3], [2, 3], [4], [3, 4]):
        shelf.poll(OWN, [posts[number] for number in listed])
    assert len(shelf.entries) == 5
    assert len(set(shelf.ids.values())) == 5


def test_all_ids_that_may_be_given_are_asked_for(item: Make) -> None:
    """The store looks up the publisher's id, and the one made of the key where that one is none, in use or not alone."""
    listed = candidates([item(1), item(2, guid="plain")])
    assert len(asked_ids(OWN, listed)) == 2
    assert len(asked_ids(OWN, candidates([item(1), item(2, guid=item(1).guid)]))) == 3
    asked = asked_ids(OWN, listed, taken={str(item(1).guid)})
    assert len(asked) == 3
    assert item(1).guid in asked


# Distrust


@pytest.mark.parametrize(
    ("field", "left"),
    [
        ("title", {"title": ""}),
        ("author", {"authors": ()}),
        ("id", {"guid": None}),
        ("published", {"published": None}),
        ("updated", {"updated": None}),
    ],
)
def test_fields_that_the_operator_distrusts_are_left_out(
    item: Make, now: datetime, field: str, left: dict[str, Any]
) -> None:
    """`ignore` takes one field away, everywhere."""
    post = item(1, updated=now, authors=(Person("Ada"),))
    (candidate,) = candidates([post], [field])
    assert candidate.item == replace(post, **left)
    assert candidates([post])[0].item is post


def test_what_was_computed_before_is_what_is_compared(item: Make, now: datetime) -> None:
    """Items that bring their marks along make the same candidates; what is distrusted changes them, and makes them anew."""
    posts = [item(number, updated=now, authors=(Person("Ada"),)) for number in range(3)]
    marked_posts = [marked(post) for post in posts]
    for by in NamedBy:
        assert candidates(marked_posts, by=by) == candidates(posts, by=by)
    distrusted = ["title", "id"]
    assert candidates(marked_posts, distrusted) == candidates(posts, distrusted)
    assert believed(marked_posts[0], ["title"]).marks is None
    bare = marked(believed(posts[0], distrusted))
    assert believed(bare, distrusted) is bare


def test_distrusted_ids_are_neither_keys_nor_ids(new_shelf: NewShelf, item: Make) -> None:
    """A feed whose guids are places in its list has entries all the same."""
    shelf = new_shelf()
    for start in range(3):
        items = [item(number, guid=str(place)) for place, number in enumerate(range(3 - start, 6 - start))]
        shelf.poll(OWN, items, ignore=["id"])
    assert len(shelf.entries) == 5


# Laws


def careless(now: datetime) -> st.SearchStrategy[list[Item]]:
    """Draw a document of a feed that repeats everything."""
    items = st.builds(
        Item,
        guid=st.sampled_from([None, "a", "b", "https://site.example/a"]),
        link=st.sampled_from([None, *(f"https://site.example/{path}" for path in ("a", "a?utm_id=1", "b"))]),
        title=st.sampled_from(["", "Update", "Update | Site", "Other"]),
        summary=st.sampled_from([None, "one", TEXT]),
        published=st.sampled_from([None, now - timedelta(hours=1), now - timedelta(hours=9), now - timedelta(days=9)]),
        enclosures=st.sampled_from([(), (Enclosure("https://cdn.example/1.mp3"),)]),
    )
    return st.lists(items, max_size=6)


@settings(deadline=None)
@given(data=st.data())
def test_every_candidate_is_sighted_once(new_shelf: NewShelf, now: datetime, data: st.DataObject) -> None:
    """Whatever a feed lists: known and first sightings add up to what is listed, and additions are among the first."""
    shelf = new_shelf()
    for document in data.draw(st.lists(careless(now), max_size=4)):
        listed = shelf.prepared(OWN, document)
        known = shelf.known(OWN, listed)
        verdict = shelf.poll(OWN, document)
        keys = [sight.candidate.key for sight in verdict.sights]
        assert len(keys) == len(set(keys))
        assert set(keys) == {candidate.key for candidate in listed}
        assert {sight.candidate.key for sight in verdict.sights if not sight.first} == set(known.sighted)
        first = {sight.entry for sight in verdict.sights if sight.first}
        assert {addition.key for addition in verdict.additions} == {entry for entry in first if entry < 0}


@settings(deadline=None)
@given(data=st.data())
def test_the_same_document_again_says_nothing(new_shelf: NewShelf, now: datetime, data: st.DataObject) -> None:
    """Judged again once its verdict is kept, a document has no news, no edits and no duplicates."""
    shelf = new_shelf()
    for feed, document in data.draw(st.lists(st.tuples(st.sampled_from([OWN, HUB]), careless(now)), max_size=4)):
        shelf.poll(feed, document)
        again = shelf.judged(feed, shelf.listed(feed, document))
        assert (again.additions, again.revisions, again.duplicates) == ((), (), 0)
        assert not any(sight.first for sight in again.sights)


@settings(deadline=None)
@given(data=st.data())
def test_neighbours_that_come_and_go_announce_nothing_again(
    new_shelf: NewShelf, now: datetime, data: st.DataObject
) -> None:
    """An item with a link stays the entry that it is, though its key depends on what is listed beside it."""
    document = data.draw(careless(now))
    distinct = {(each.link[:22], each.title[:5], each.published): each for each in document if each.link and each.title}
    items = list(distinct.values())
    shelf = new_shelf()
    shelf.poll(OWN, items)
    assert shelf.poll(OWN, [each for each in items if data.draw(st.booleans())]).additions == ()
    assert shelf.poll(OWN, items).additions == ()


def test_what_was_withdrawn_is_not_edited(new_shelf: NewShelf, item: Make) -> None:
    """An edit of an entry that was withdrawn is none: it is listed, and neither revised nor counted."""
    shelf, told = new_shelf(), item(1)
    shelf.poll(OWN, [told])
    shelf.entries[1] = replace(shelf.entries[1], held="withdrawn")
    verdict = shelf.poll(OWN, [replace(told, title="Another headline")])
    assert (verdict.additions, verdict.revisions, len(verdict.sights)) == ((), (), 1)


def test_what_was_withdrawn_does_not_come_back_from_elsewhere(new_shelf: NewShelf, item: Make) -> None:
    """A tombstone has a link alone: whoever lists that link lists it, under whatever headline."""
    shelf, told = new_shelf(), item(1)
    shelf.poll(OWN, [told])
    shelf.entries[1] = replace(shelf.entries[1], held="withdrawn", item=Item(link=told.link), content_key=None)
    verdict = shelf.poll(
        HUB, [replace(told, guid="other", title="Another headline", content=None, summary="New words.")]
    )
    assert (verdict.additions, [sight.entry for sight in verdict.sights]) == ((), [1])


def test_item_that_becomes_another_article(new_shelf: NewShelf, item: Make) -> None:
    """What another feed lists stays what it was when the feed that told of it first puts another article in its place."""
    shelf, told = new_shelf(), item(1)
    shelf.poll(OWN, [told])
    shelf.poll(SECOND, [replace(told, guid="second")])
    spam = replace(told, title="Buy this", link="https://spam.example/")
    verdict = shelf.poll(OWN, [spam])
    assert (len(verdict.additions), verdict.revisions) == (1, ())
    assert shelf.titles() == [told.title, "Buy this"]
    again = shelf.poll(OWN, [spam])
    assert (again.additions, again.revisions) == ((), ())
    edit = replace(told, guid="second", title="Another headline")
    (revision,) = shelf.poll(SECOND, [edit]).revisions
    assert (revision.entry, shelf.entries[1].feed) == (1, SECOND), "who is left supplies it"


def test_item_that_becomes_what_another_told(new_shelf: NewShelf, item: Make) -> None:
    """An item that becomes an article which another feed lists is a duplicate of that."""
    shelf, told = new_shelf(), item(1)
    shelf.poll(OWN, [told])
    shelf.poll(SECOND, [replace(told, guid="second"), item(2)])
    verdict = shelf.poll(OWN, [replace(item(2), guid=told.guid)])
    assert (verdict.additions, verdict.duplicates) == ((), 1)


@pytest.mark.parametrize("changes", [{"title": "Buy this"}, {"link": "https://spam.example/"}])
def test_stranger_gives_no_other_title_or_link(new_shelf: NewShelf, item: Make, changes: dict[str, Any]) -> None:
    """A feed on another site can't retitle or redirect what others list too; while it is alone it can."""
    first, second = "https://first.example/feed", "https://second.example/feed"
    shelf, told = new_shelf(), item(1)
    shelf.poll(first, [told])
    shelf.poll(second, [replace(told, guid="second")])
    assert shelf.poll(first, [replace(told, **changes)]).revisions == ()
    assert shelf.poll(first, [replace(told, summary="<p>More of it.</p>")]).revisions != ()
    alone = new_shelf()
    alone.poll(first, [told])
    assert alone.poll(first, [replace(told, **changes)]).revisions != ()


def test_site_itself_corrects_its_headline(new_shelf: NewShelf, item: Make) -> None:
    """The link's own site can change title and address of what others list too."""
    for changes in ({"title": "Corrected"}, {"link": "https://site.example/posts/corrected"}):
        shelf, told = new_shelf(), item(1)
        shelf.poll(OWN, [told])
        shelf.poll("https://other.example/feed", [replace(told, guid="other")])
        (revision,) = shelf.poll(OWN, [replace(told, **changes)]).revisions
        assert revision.edited


@pytest.mark.parametrize("same_text", [True, False])
def test_date_is_the_suppliers(new_shelf: NewShelf, item: Make, *, same_text: bool) -> None:
    """Who tells of another site's article first does not date it: its own site does, if it gives a date."""
    shelf, told = new_shelf(), item(1)
    early = replace(told, guid="x", published=told.published - timedelta(days=400))
    shelf.poll("https://other.example/feed", [early if same_text else replace(early, summary="<p>Else.</p>")])
    shelf.poll(OWN, [told])
    assert shelf.entries[1].published == told.published <= shelf.entries[1].updated
    undated = new_shelf()
    undated.poll("https://other.example/feed", [early])
    undated.poll(OWN, [replace(told, published=None)])
    assert undated.entries[1].published == early.published
