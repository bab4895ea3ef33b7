from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.decide.readership import (
    MOST_SUBSCRIBERS,
    Readership,
    by_service,
    named,
    readership_from,
    readership_of,
    total,
)


@pytest.mark.parametrize(
    ("user_agent", "service", "subscribers", "feed_id"),
    [
        ("Feedly/1.0 (+http://www.feedly.com/fetcher.html; 16 subscribers; like FeedFetcher-Google)", "Feedly", 16, ""),
        ("Feedbin feed-id:1234 - 3 subscribers", "Feedbin", 3, "1234"),
        ("NewsBlur Feed Fetcher - 12 subscribers - http://www.newsblur.com/site/7 (Mozilla/5.0)", "NewsBlur", 12, ""),
        ("Inoreader/1.0 (+http://www.inoreader.com/feed-fetcher; 5 subscribers; )", "Inoreader", 5, ""),
        ("Mozilla/5.0 (compatible; theoldreader.com; 1 subscribers; feed-id=a1b2)", "theoldreader.com", 1, "a1b2"),
        ("Feed Wrangler/1.0 (1 subscriber; feed-id=9; http://feedwrangler.net)", "Feed Wrangler", 1, "9"),
        ("BazQux/2.4 (+https://bazqux.com/fetcher; 1,234 subscribers)", "BazQux", 1234, ""),
        ("Netvibes (http://www.netvibes.com/; 12 subscribers; feedId: 12345)", "Netvibes", 12, "12345"),
        ("aggregator/0.1 (+https://x.example/; 7 subscribers; feed-id 0a1b2c3d)", "aggregator", 7, "0a1b2c3d"),
        ("Feedspot http://www.feedspot.com 2 Readers", "Feedspot", 2, ""),
    ],
)
def test_what_services_say(user_agent: str, service: str, subscribers: int, feed_id: str) -> None:
    """Name, number and the service's own id of the feed, however they write them."""
    found = readership_of(user_agent, "all", "atom")
    assert found == Readership("all", "atom", service, feed_id, subscribers)


@pytest.mark.parametrize(
    "user_agent",
    [
        "",
        "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
        "Miniflux/2.2 (feed reader)",
        "Liar/1.0 (999999999999 subscribers)",
        f"Liar/1.0 ({MOST_SUBSCRIBERS + 1} subscribers)",
        "Liar/1.0 (999,999,999,999 subscribers)",
        "Liar/1.0 (0 subscribers)",
        "Liar/1.0 (-5 subscribers)",
        "Liar/1.0 (1e9 subscribers)",
        "Liar/1.0 (٣ subscribers)",
        "(3 subscribers)",
        "<script>/1 (3 subscriberships)",
        "Late/1.0 (" + "x" * 600 + "3 subscribers)",
    ],
)
def test_what_is_not_believed(user_agent: str) -> None:
    """Readers of one person, absurd numbers, nobody's name, and what comes too late."""
    assert readership_of(user_agent, "all", "atom") is None


@given(st.text() | st.text("0123456789,. subcrie(/;=-fd<>&\x00é"))
def test_any_string(words: str) -> None:
    """Whatever a client sends, what is kept of it is short and plain."""
    found = readership_of(f"{words} 7 subscribers", "all", "rss")
    assert found is None or (len(found.service) <= 40 and found.service.isascii() and "<" not in found.service)


def test_a_hostile_name_is_made_plain() -> None:
    """Of a name stay letters, digits and few signs."""
    found = readership_of("<b onx='1'>Evil\x1b[31m & Söhne</b>/1 (3 subscribers; feed-id=<x>)", "all", "atom")
    assert found == Readership("all", "atom", "b onx'1'Evil31m & Shne", "", 3)


def test_what_another_process_noted() -> None:
    """A record comes back as it was; anything else is none."""
    one = Readership("all", "atom", "Feedly", "7", 16)
    assert readership_from(["all", "atom", "Feedly", "7", 16]) == one
    for bad in (
        None,
        {},
        [],
        ["all", "atom", "Feedly", "7"],
        ["all", "atom", "Feedly", "7", "16"],
        ["all", "atom", "Feedly", "7", 0],
        ["all", "atom", "<b>", "7", 1],
        ["all", "atom", "Feedly", "7" * 65, 1],
    ):
        assert readership_from(bad) is None


def test_invented_names_are_not_shown() -> None:
    """Services that we know are named; whatever else is called somehow is added up."""
    assert named({"Buy Pills": 900, "Feedly": 16, "NewsBlur": 3, "Me": 1}) == {
        "Feedly": 16,
        "NewsBlur": 3,
        "others": 901,
    }
    assert named({"Feedly": 16}) == {"Feedly": 16}
    assert named({}) == {}


def test_sums() -> None:
    """Subscribers by output and service, the greatest first, and in all."""
    known = [
        Readership("b", "atom", "Feedbin", "1", 3),
        Readership("a", "atom", "Feedly", "", 16),
        Readership("a", "rss", "Feedly", "", 4),
        Readership("a", "rss", "Inoreader", "", 30),
        Readership("a", "rss", "Feedbin", "", 20),
    ]
    assert by_service(known) == {"a": {"Inoreader": 30, "Feedbin": 20, "Feedly": 20}, "b": {"Feedbin": 3}}
    assert list(by_service(known)["a"]) == ["Inoreader", "Feedbin", "Feedly"]
    assert total(known) == 73
    assert total([Readership("a", "rss", "Liar", str(n), MOST_SUBSCRIBERS) for n in range(2)]) == MOST_SUBSCRIBERS
    assert known[0].key == ("b", "atom", "Feedbin", "1")
