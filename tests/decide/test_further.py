from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from aggregator.decide.further import latest_items, next_link, secured
from aggregator.model import Document, Header, Item, Link

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)


def document(*items: Item) -> Document:
    """Return a document of these items."""
    return Document(Header(), items)


def item(path: str, title: str = "", day: int | None = None) -> Item:
    """Return an item, so many days before noon."""
    return Item(title, link=f"https://a.example{path}", published=None if day is None else NOON - timedelta(day))


def test_where_a_list_goes_on() -> None:
    """The link with rel=next is the next page; without one there is none."""
    links = (Link("https://a.example/"), Link("https://a.example/2", rel="next"))
    assert next_link(Header(links=links)) == "https://a.example/2"
    assert next_link(Header(links=links[:1])) is None


@pytest.mark.parametrize(
    ("url", "base", "asked"),
    [
        ("https://a.example/2", "https://a.example/", "https://a.example/2"),
        ("http://a.example/2", "http://a.example/", "http://a.example/2"),
        ("http://a.example/2", "https://a.example/", "https://a.example/2"),
        ("https://a.example/2", "http://a.example/", "https://a.example/2"),
        ("ftp://a.example/2", "https://a.example/", None),
        ("/2", "https://a.example/", None),
        ("https:///2", "https://a.example/", None),
    ],
)
def test_no_less_secure(url: str, base: str, asked: str | None) -> None:
    """What a document on https leads to is asked for over https; what is no web address is not asked for."""
    assert secured(url, base) == asked


def test_each_address_once() -> None:
    """Items stay in their order, the first of an address; what has none is named by its guid, else counts each time."""
    first, again = item("/1", "first"), item("/1?utm_source=x", "again")
    named, bare = Item("named", guid="g"), Item("bare")
    items, left_out = latest_items([document(first, named, bare), document(again, named, bare, item("/2"))], 10)
    assert [one.title or one.link for one in items] == ["first", "named", "bare", "bare", "https://a.example/2"]
    assert left_out == 0


def test_the_newest_are_kept() -> None:
    """Beyond the most, what has no date and what is oldest is left out; the order stays."""
    listed = [item("/a", day=5), item("/b"), item("/c", day=1), Item(link="https://a.example/d", updated=NOON)]
    items, left_out = latest_items([document(*listed)], 2)
    assert (items, left_out) == ((listed[2], listed[3]), 2)
