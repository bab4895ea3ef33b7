from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.config.settings import FeedDefaults, FeedSettings, OpmlSettings, Settings
from aggregator.decide.lists import (
    MOST_SOURCES,
    ListState,
    Remark,
    SourceList,
    Subscription,
    expanded,
    remarks_of,
    sources_of,
    subscribed,
)

LIST = OpmlSettings(opml="https://lists.example.org/ai.opml", tags=("blog",))


def feed(name: str, line: int = 1) -> Subscription:
    """Return a subscription to a feed of example.org, or to an address."""
    return Subscription(name if "://" in name else f"https://example.org/{name}", line, title=name, tags=("theirs",))


def names(feeds: tuple[Subscription, ...]) -> list[str]:
    """Return the ends of the addresses."""
    return [one.url.rpartition("/")[2] for one in feeds]


@pytest.mark.parametrize(
    ("found", "left"),
    [
        (SourceList(feeds=(feed("b"), feed("c"))), ["b", "c"]),
        (SourceList(feeds=(feed("c"),), damaged=True), ["c", "a", "b"]),
        (SourceList(), ["a", "b"]),
        (SourceList(damaged=True), ["a", "b"]),
        (None, ["a", "b"]),
    ],
    ids=["good", "damaged", "emptied", "broken", "failed"],
)
def test_what_is_gone_from_a_list(found: SourceList | None, left: list[str]) -> None:
    """Only a good list takes sources away; one that failed, was emptied or damaged takes none."""
    assert names(subscribed((feed("a"), feed("b")), found)) == left


def test_a_source_keeps_the_spelling_it_is_known_by() -> None:
    """Another spelling of the same address is the same source, whose history continues."""
    before = (feed("https://example.org"),)
    now = subscribed(before, SourceList(feeds=(feed("HTTPS://Example.org:443/"), feed("b"))))
    assert [one.url for one in now] == ["https://example.org", "https://example.org/b"]


def test_settings_of_a_source() -> None:
    """The operator's defaults and tags apply, folders are tags too; headers are for the operator's own sources."""
    defaults = FeedDefaults(
        tags=("ai",), rank=3, interval=timedelta(hours=2), headers={"Authorization": "secret"}, kind="page", pages=3
    )
    (source,) = sources_of(LIST, [feed("a")], defaults).sources
    assert (source.url, source.title, source.tags) == ("https://example.org/a", "a", ("ai", "blog", "theirs"))
    assert (source.rank, source.interval, source.kind, source.pages) == (3, timedelta(hours=2), "feed", 1)
    assert (source.headers, source.private) == ({}, False)


@pytest.mark.parametrize(
    ("url", "kept"),
    [
        ("https://user:secret@example.org/a", False),
        ("http://127.0.0.1/a", False),
        ("http://192.168.1.1/a", False),
        ("http://169.254.169.254/latest", False),
        ("http://nas.lan/a", False),
        ("http://localhost:8080/all.atom", False),
        ("https://example.org/a#b", False),
        ("https://example.org/a", True),
        ("https://lists.example.org/feed", True),
    ],
)
def test_addresses_that_a_list_may_not_choose(url: str, kept: bool) -> None:
    """A list cannot make us ask our own network, or carry a password; what is left out is told with its line."""
    listed = sources_of(LIST, [feed(url, 7)], FeedDefaults())
    assert [source.url for source in listed.sources] == ([url] if kept else [])
    assert [remark.line for remark in listed.remarks] == ([] if kept else [7])
    assert "secret" not in str(listed.remarks)


def test_a_list_in_our_own_network() -> None:
    """A list on a host of our network may name sources on that host, and on no other there."""
    entry = OpmlSettings(opml="http://nas.lan:8000/list.opml")
    listed = sources_of(
        entry, [feed("http://nas.lan:8000/a"), feed("http://nas.lan/b"), feed("http://printer.lan/")], FeedDefaults()
    )
    assert [source.url for source in listed.sources] == ["http://nas.lan:8000/a"]


def test_a_list_that_is_too_long() -> None:
    """Only so many sources are taken, and that is told once."""
    listed = sources_of(LIST, [feed(str(n)) for n in range(MOST_SOURCES + 5)], FeedDefaults())
    assert len(listed.sources) == MOST_SOURCES
    assert len(listed.remarks) == 1


def test_settings_with_their_lists() -> None:
    """Sources of lists stand among the others; what feeds.yaml or an earlier list has is not listed again."""
    other = OpmlSettings(opml="https://lists.example.org/b.opml")
    own = FeedSettings(url="https://example.org/own", was=("https://example.org/old",), rank=1)
    settings = Settings(feeds=(LIST, own, other))
    assert list(settings.sources) == ["https://example.org/own"]
    lists = {
        LIST.opml: [feed("a"), feed("own"), feed("old")],
        other.opml: [feed("a"), feed("b")],
        "https://gone.example/": [feed("c")],
    }
    now = expanded(settings, lists)
    assert list(now.sources) == ["https://example.org/a", "https://example.org/own", "https://example.org/b"]
    assert now.sources["https://example.org/own"].rank == 1
    assert now.sources["https://example.org/a"].tags == ("blog", "theirs")
    assert list(settings.sources) == ["https://example.org/own"]
    assert list(expanded(settings, {}).sources) == ["https://example.org/own"]


def test_settings_are_expanded_anew() -> None:
    """What settings were expanded with before does not stay in them; each source says which list names it."""
    settings = Settings(feeds=(LIST, FeedSettings(url="https://example.org/own")))
    once = expanded(settings, {LIST.opml: [feed("a"), feed("b")]})
    again = expanded(once, {LIST.opml: [feed("b"), feed("c")]})
    assert [(url.rpartition("/")[2], one.listed_in) for url, one in again.sources.items()] == [
        ("b", LIST.opml), ("c", LIST.opml), ("own", None),
    ]  # fmt: skip
    assert expanded(again, {}) == settings


def test_what_is_told_of_a_list() -> None:
    """What could not be read and what is not asked are told together, by line."""
    state = ListState(LIST.opml, feeds=(feed("http://10.0.0.1/", 2), feed("a", 9)), remarks=(Remark(5, "no feed"),))
    told = remarks_of(Settings(feeds=(LIST,)), state)
    assert [(remark.line, remark.message) for remark in told] == [
        (2, "http://10.0.0.1/ is not on the public internet"),
        (5, "no feed"),
    ]


NAMES = st.lists(st.sampled_from("abcdef"), unique=True, max_size=6)


@given(before=NAMES, now=NAMES, damaged=st.booleans())
def test_no_reading_loses_what_a_list_names(before: list[str], now: list[str], damaged: bool) -> None:
    """Whatever a list names is subscribed to, once; and reading the same once more changes nothing."""
    found = SourceList(feeds=tuple(map(feed, now)), damaged=damaged)
    after = subscribed(tuple(map(feed, before)), found)
    assert set(now) <= set(names(after))
    assert len(set(names(after))) == len(after)
    assert subscribed(after, found) == after
