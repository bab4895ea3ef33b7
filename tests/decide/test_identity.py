"""What makes an item the same item: keys, digests, ids."""

from __future__ import annotations

import uuid
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aggregator.decide.identity import (
    SHORT,
    content_key,
    derived_id,
    digest,
    feed_id,
    item_keys,
    publisher_id,
    same_day,
    story_key,
)
from aggregator.model import Category, Enclosure, Item, Person

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    Make = Callable[..., Item]


@pytest.fixture(scope="session")
def dates(now: datetime) -> list[datetime | None]:
    """Return dates of which several items have one."""
    return [None, now, now - timedelta(hours=8)]


def some_items(dates: list[datetime | None]) -> st.SearchStrategy[list[Item]]:
    """Draw the items of a careless feed: guids, links and titles repeat."""
    items = st.builds(
        Item,
        guid=st.sampled_from([None, "a", "b", "https://site.example/a"]),
        link=st.sampled_from(
            [None, "https://site.example/a", "http://www.site.example/a?utm_id=1", "https://site.example/b"]
        ),
        title=st.sampled_from(["", "Update", "UPDATE!", "Other"]),
        summary=st.sampled_from([None, "one", "two"]),
        published=st.sampled_from(dates),
    )
    return st.lists(items, max_size=6)


@settings(deadline=None)
@given(data=st.data())
def test_only_equal_items_share_a_key(data: st.DataObject, dates: list[datetime | None]) -> None:
    """Whatever a document lists, two items share a key only when nothing that names them differs."""
    items = data.draw(some_items(dates))
    keys = item_keys(items)
    for one, first in zip(items, keys, strict=True):
        for other, second in zip(items, keys, strict=True):
            if first == second:
                assert one.guid == other.guid
                assert one.published == other.published
                assert one.title.strip("!").lower() == other.title.strip("!").lower()
                assert one.summary == other.summary or (one.guid and one.title)


@settings(deadline=None)
@given(data=st.data())
def test_keys_do_not_depend_on_the_order(data: st.DataObject, dates: list[datetime | None]) -> None:
    """A feed may sort its items as it likes."""
    items = data.draw(some_items(dates))
    order = data.draw(st.permutations(range(len(items))))
    assert [item_keys(items)[place] for place in order] == item_keys([items[place] for place in order])


def test_a_guid_names_an_item_alone(item: Make) -> None:
    """Neighbours with other guids, and edits of all that is not the guid, leave a key as it is."""
    post = item(1, guid="post-1")
    (alone,) = item_keys([post])
    edited = replace(post, title="Edited", link="https://site.example/moved", summary="Other", published=None)
    assert item_keys([edited, item(2), item(3, guid=None)])[0] == alone == "g:post-1"


def test_an_item_without_guid_goes_by_its_link(item: Make) -> None:
    """Its title, text and date may change, and parameters that only track readers may come and go."""
    post = item(1, guid=None)
    tracked = replace(post, link=f"{post.link}?utm_source=rss", title="Edited", summary=None, published=None)
    assert item_keys([post]) == item_keys([tracked]) == ["l:site.example/posts/1"]


def test_an_item_without_guid_and_link_goes_by_what_it_says(item: Make) -> None:
    """Title, date and text name it."""
    post = item(1, guid=None, link=None)
    others = [replace(post, title="x"), replace(post, summary="x"), replace(post, published=None)]
    assert len(set(item_keys([post, *others]))) == 4
    assert item_keys([post, replace(post, authors=(Person("Ada"),))])[0] == item_keys([post])[0]


@pytest.mark.parametrize("guid", ["https://site.example/changelog", None])
def test_releases_on_one_page_are_many(item: Make, guid: str | None) -> None:
    """Items that share guid and link, as changelogs have them, are told apart by title, then by date."""
    page = "https://site.example/changelog"
    titles = ["1.0", "1.1", "Fixes", "Fixes"]
    releases = [item(number, guid=guid, link=page, title=title) for number, title in enumerate(titles)]
    assert len(set(item_keys(releases))) == 4


def test_a_repeated_guid_is_told_apart_by_links(item: Make) -> None:
    """A feed that gives every item one guid loses none; those that the guid names alone keep it as their key."""
    keys = item_keys([item(1, guid="x"), item(2, guid="x"), item(3, guid="y")])
    assert len(set(keys)) == 3
    assert keys[2] == "g:y"


def test_untitled_items_are_told_apart_by_their_text(item: Make) -> None:
    """Short messages with one link and one guid have nothing but their text."""
    messages = [item(1, guid="x", title="", summary=text, published=None) for text in ("one", "two")]
    assert len(set(item_keys(messages))) == 2


@pytest.mark.parametrize("changes", [{"title": "Other"}, {"published": None}, {"summary": "Other"}])
def test_items_without_guid_share_a_key_only_when_equal(item: Make, changes: dict[str, Any]) -> None:
    """One link, and one difference more: two items."""
    post = item(1, guid=None)
    assert len(set(item_keys([post, replace(post, **changes)]))) == 2
    assert len(set(item_keys([post, replace(post, authors=(Person("Ada"),))]))) == 1


def test_one_item_listed_twice_has_one_key(item: Make) -> None:
    """Atom allows several versions of an entry in one document (RFC 4287 section 4.1.1)."""
    post = item(1)
    assert len(set(item_keys([post, replace(post, summary="Newer")]))) == 1


@pytest.mark.parametrize(
    "changes",
    [
        {"published": None},
        {"updated": None},
        {"categories": (Category("ai"),)},
        {"authors": (Person("Ada"),)},
        {"guid": "other"},
        {"language": "fr"},
        {"link": "http://www.site.example/posts/1/?utm_source=rss"},
        {"summary": "<p>What  post 1\n says.</p>"},
        {"enclosures": (Enclosure("http://cdn.example/1.mp3?utm_source=feed", length=9),)},
    ],
)
def test_what_is_no_edit(item: Make, now: datetime, changes: dict[str, Any]) -> None:
    """Dates, categories, authors, tracking and white space: feeds invent them anew at every poll."""
    post = item(1, updated=now, enclosures=(Enclosure("https://cdn.example/1.mp3"),))
    assert digest(replace(post, **changes)) == digest(post)


@pytest.mark.parametrize(
    "changes",
    [
        {"title": "Edited"},
        {"link": "https://site.example/posts/2"},
        {"link": None},
        {"summary": "<p>Edited</p>"},
        {"content": "<p>Longer</p>"},
        {"enclosures": ()},
        {"enclosures": (Enclosure("https://cdn.example/2.mp3"),)},
        {"enclosures": (Enclosure("urn:x"),)},
    ],
)
def test_what_is_an_edit(item: Make, changes: dict[str, Any]) -> None:
    """Title, link, text and enclosures are what readers see."""
    post = item(1, enclosures=(Enclosure("https://cdn.example/1.mp3"),))
    assert digest(replace(post, **changes)) != digest(post)


def test_copies_are_known_by_title_and_text(item: Make) -> None:
    """Address and markup make no difference."""
    text = "All that this article says. " * 20
    one = item(1, title="News", summary=f"<p>{text}</p>")
    other = item(2, title="NEWS", content=f"<div><b>{text}</b></div>", summary="Teaser")
    assert content_key(one) == content_key(other) is not None
    assert content_key(replace(one, title="Other")) != content_key(one)


def test_short_texts_need_title_and_date(item: Make) -> None:
    """Under 200 characters, a longer title and the very date must be the same; else there is too little to tell."""
    post = item(1, summary="Short")
    key = content_key(post)
    assert key is not None
    assert key.startswith(SHORT)
    assert content_key(replace(post, link="https://site.example/moved", guid="new")) == key
    for changes in ({"title": "Post number 2"}, {"summary": "Other"}, {"published": post.updated}):
        assert content_key(replace(post, **changes)) != key
    assert content_key(replace(post, title="Update")) is None
    assert content_key(replace(post, published=None)) is None


@pytest.mark.parametrize(
    "guid",
    [
        "https://site.example/posts/1?a=b#c",
        "http://site.example",
        "http://site.example:8080/%E9",
        "http://[2001:db8::1]/post",
        "https://site.example/é",
        "tag:site.example,2026-04-20:post.1",
        "tag:ada@site.example,2026:1",
        "urn:isbn:0451450523",
        "urn:uuid:6f1d8d0c-51a5-5b5e-9a0e-3c5f0f9b7a11",
    ],
)
def test_an_iri_stays_the_id(item: Make, guid: str) -> None:
    """The publisher's own id is kept, character by character."""
    assert publisher_id(item(1, guid=guid)) == guid


@pytest.mark.parametrize(
    "guid",
    [
        None,
        "",
        "42",
        "post-1",
        "/posts/1",
        "https://",
        "https:///post",
        "https://site.example/a b",
        "https://site.example/a[1]",
        "https://site.example/50%",
        "https://site.example/a#b#c",
        "https://site.example/a\x7f",
        "https://site.example/a\x85",
        "https://site.example/a\ufffd",
        "https://site.example/a\ufdd0",
        "https://site.example/a\u202e",
        "https://ada:secret@site.example/",
        "tag:site.example:1",
        "urn:uuid:1",
        "urn:x",
        "javascript:alert(1)",
        f"https://site.example/{'a' * 2000}",
    ],
)
def test_what_is_no_iri_is_no_id(item: Make, guid: str | None) -> None:
    """What a validator would refuse as an Atom id is not used as one (RFC 4287 section 4.2.6)."""
    assert publisher_id(item(1, guid=guid)) is None


def test_made_ids_are_the_same_again_and_never_another_s() -> None:
    """Ids depend on feed and key alone: a lost database gives the same ones."""
    ids = [derived_id(feed, key) for feed in ("https://a.example/", "https://b.example/") for key in ("g:1", "g:2")]
    assert len(set(ids)) == 4
    assert ids[0] == derived_id("https://a.example/", "g:1") == "urn:uuid:" + str(uuid.UUID(ids[0][9:]))
    assert feed_id("instance", "all") == feed_id("instance", "all") != feed_id("instance", "labs")
    assert feed_id("instance", "all") != feed_id("other", "all")


def test_a_story_s_key_is_short_and_opaque() -> None:
    """Twelve hexadecimal digits, the same for the same first entry."""
    key = story_key("https://site.example/posts/1")
    assert key == story_key("https://site.example/posts/1") != story_key("https://site.example/posts/2")
    assert len(key) == 12
    assert int(key, 16) >= 0


@pytest.mark.parametrize(("hours", "same"), [(0, True), (24, True), (-24, True), (24.1, False), (None, True)])
def test_a_day_apart(now: datetime, hours: float | None, same: bool) -> None:
    """Dates agree within 24 hours, and a missing date speaks against nothing."""
    other = None if hours is None else now + timedelta(hours=hours)
    assert same_day(now, other) is same_day(other, now) is same
