"""Redirects: what is followed, what it means for good, and what is carried along."""

from __future__ import annotations

import pytest

from aggregator.errors import AddressRefused, BadRedirect
from aggregator.fetch.redirects import Trail


def follow(start: str, *hops: tuple[int, str]) -> Trail:
    """Walk a chain of redirects."""
    trail = Trail.start(start)
    for status, location in hops:
        trail = trail.follow(status, location)
    return trail


@pytest.mark.parametrize(
    ("location", "target"),
    [
        ("https://other.example/feed?a=%2f", "https://other.example/feed?a=%2f"),
        ("//other.example/feed", "https://other.example/feed"),
        ("/feed", "https://news.example/feed"),
        ("feed.xml", "https://news.example/blog/feed.xml"),
        ("../feed", "https://news.example/feed"),
        ("?page=2", "https://news.example/blog/index?page=2"),
        ("/feed#top", "https://news.example/feed"),
        ("/caf\udcc3\udca9", "https://news.example/caf%C3%A9"),
        ("/a b", "https://news.example/a%20b"),
        ("https://user:pw@other.example/", "https://other.example/"),
        ("https:/feed", "https://news.example/feed"),
    ],
)
def test_location_is_resolved(location: str, target: str) -> None:
    """Relative ones count from where the redirect stands; foreign credentials are not taken on."""
    assert follow("https://news.example/blog/index", (302, location)).address == target


@pytest.mark.parametrize(
    "location",
    ["file:///etc/passwd", "ftp://news.example/", "javascript:alert(1)", "data:text/xml,<rss/>", "gopher://x/",
     "http://[::1", "http:///x", "https://a b/", "http://news.example\\@127.0.0.1/"],
)  # fmt: skip
def test_other_places_are_refused(location: str) -> None:
    """A redirect leads to http or https and to a host, or is an error that says where it came from."""
    with pytest.raises(BadRedirect, match=r"news\.example redirects to where we do not go"):
        follow("https://news.example/feed", (302, location))


@pytest.mark.parametrize("location", ["http://127.1/", "http://2130706433/", "http://other.example:25/"])
def test_refused_addresses_stay_refused(location: str) -> None:
    """A redirect to a disguised address is the guard's refusal."""
    with pytest.raises(AddressRefused):
        follow("https://news.example/feed", (302, location))


def test_a_circle_is_named() -> None:
    """A redirect to itself, or back, is a loop; a slash more is not."""
    assert follow("https://news.example/feed", (301, "/feed/")).address == "https://news.example/feed/"
    with pytest.raises(BadRedirect, match="circle"):
        follow("https://news.example/feed", (302, "/feed"))
    with pytest.raises(BadRedirect, match="circle"):
        follow("https://news.example/feed", (302, "https://b.example/"), (302, "https://news.example/feed#x"))


def test_five_hops_and_no_more() -> None:
    """Five redirects are followed; the sixth is too much."""
    hops = [(302, f"/{number}") for number in range(6)]
    assert follow("https://news.example/feed", *hops[:5]).address == "https://news.example/4"
    with pytest.raises(BadRedirect, match="more than 5 times"):
        follow("https://news.example/feed", *hops)


@pytest.mark.parametrize(
    ("hops", "moved_to"),
    [
        ((), None),
        (((301, "/new"),), "https://news.example/new"),
        (((308, "/new"), (301, "https://b.example/")), "https://b.example/"),
        (((301, "/new"), (302, "/login")), None),
        (((302, "/new"), (301, "/newer")), None),
        (((303, "/new"),), None),
        (((307, "/new"),), None),
        (((301, "http://news.example/feed"),), None),
        (((301, "http://b.example/"), (301, "https://b.example/")), None),
    ],
)
def test_a_move_is_permanent_when_every_hop_is(hops: tuple[tuple[int, str], ...], moved_to: str | None) -> None:
    """One temporary hop, or one from https to http, and the feed has not moved."""
    assert follow("https://news.example/feed", *hops).moved_to == moved_to


def test_an_upgrade_to_https_is_a_move() -> None:
    """From http to https is a permanent move like any other."""
    assert follow("http://news.example/", (301, "https://news.example/")).moved_to == "https://news.example/"


def test_one_downgrade_is_followed() -> None:
    """From https to http once may be; twice is a game."""
    down = (302, "http://b.example/")
    assert follow("https://a.example/", down).address == "http://b.example/"
    with pytest.raises(BadRedirect, match="from https to http again"):
        follow("https://a.example/", down, (302, "https://c.example/"), (302, "http://d.example/"))


@pytest.mark.parametrize(
    ("location", "at_home"),
    [
        ("/other", True),
        ("https://news.example:443/other", True),
        ("https://NEWS.example/other", True),
        ("https://news.example:444/other", False),
        ("http://news.example/other", False),
        ("https://feeds.news.example/other", False),
        ("//evil.example/other", False),
    ],
)
def test_secrets_stay_at_their_origin(location: str, at_home: bool) -> None:
    """Scheme, host and port must all be the same for the feed's secrets to be sent."""
    trail = follow("https://user:secret@news.example/feed", (302, location))
    assert trail.at_home is at_home
    assert ("user:secret@" in trail.address) is at_home


def test_secrets_do_not_come_back() -> None:
    """Whoever sends us away and back could choose what our secrets are sent to."""
    trail = follow("https://news.example/feed", (302, "https://b.example/"), (302, "https://news.example/other"))
    assert not trail.at_home
