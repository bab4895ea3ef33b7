"""Redirects: followed a little way, believed after days, and never inside."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from aggregator.model import Outcome

if TYPE_CHECKING:
    from collections.abc import Callable

    Answer = Callable[..., bytes]


def redirect(answer: Answer, to: str, status: str = "302 Found") -> bytes:
    """Write a redirect."""
    return answer(b"", f"Location: {to}", 'ETag: "bad"', status=status)


@pytest.mark.fault("F16")
@pytest.mark.parametrize("status", ["301 Moved Permanently", "302 Found", "308 Permanent Redirect"])
def test_F16_a_redirect_to_itself_is_a_circle(status: str, world: Any, answer: Answer) -> None:
    """An address that leads to itself is asked once."""
    world.suffers(redirect(answer, "/feed", status), r"^faulty\.example redirects in a circle\.$")
    assert world.origin.targets == ["/feed"] * 3


@pytest.mark.fault("F16")
def test_F16_a_loop_over_two_hosts_is_a_circle(world: Any, answer: Answer) -> None:
    """A loop is noticed whichever hosts it leads over."""
    world.origin.answers["/back"] = redirect(answer, world.origin.url())
    there = world.origin.url("/back", host="other.example")
    world.suffers(redirect(answer, there), r"^other\.example redirects in a circle\.$")


@pytest.mark.fault("F16")
def test_F16_a_slash_added_and_taken_away_is_a_circle(world: Any, answer: Answer) -> None:
    """301 to the address with a slash, and 301 back."""
    world.origin.answers["/feed/"] = redirect(answer, "/feed", "301 Moved")
    world.suffers(redirect(answer, "/feed/", "301 Moved"), "in a circle")


@pytest.mark.fault("F16")
def test_F16_twenty_hops_are_left_after_five(world: Any, answer: Answer) -> None:
    """Five redirects are followed, and no more asked for."""
    world.origin.answers |= {f"/{n}": redirect(answer, f"/{n + 1}") for n in range(20)}
    world.suffers(redirect(answer, "/0"), r"^faulty\.example redirects more than 5 times\.$")
    assert world.origin.targets == ["/feed", "/feed", "/0", "/1", "/2", "/3", "/4", "/feed"]


@pytest.mark.fault("F16")
def test_F16_a_redirect_to_itself_with_a_slash_is_followed(world: Any, answer: Answer) -> None:
    """301 to the same address with a slash is an ordinary redirect."""
    world.origin.answers |= {
        "/feed": redirect(answer, "/feed/", "301 Moved"),
        "/feed/": answer(world.rss("one"), 'ETag: "one"'),
    }
    url = world.origin.url()
    world.configure(url)
    world.round().check_healthy()
    assert (world.titles(url), world.feed(url).fetch_url) == ({"one"}, url)


def moving(world: Any, answer: Answer, *hops: str, steps: list[float]) -> list[str]:
    """Poll a feed that redirects to another host, so many days apart; return the address it was asked at each time."""
    url, new = world.origin.url(), world.origin.url("/new", host="new.example")
    ways = ["/feed", *(f"/{number}" for number in range(1, len(hops))), new]
    for at, status, to in zip(ways, hops, ways[1:], strict=False):
        world.origin.answers[at] = redirect(answer, to, status)
    world.origin.answers["/new"] = answer(world.rss("one"), 'ETag: "new"')
    world.configure(url)
    asked = []
    for days in steps:
        world.later(days=days)
        world.origin.seen.clear()
        told = world.round()
        told.check_healthy()
        assert told[url].error is None
        asked.append(world.origin.targets[0])
    assert world.titles(url) == {"one"}
    return asked


@pytest.mark.fault("F16")
@pytest.mark.parametrize("hops", [["301 Moved"], ["308 Permanent Redirect"], ["301 Moved", "308 Permanent Redirect"]])
def test_F16_a_permanent_move_is_believed_after_a_week_and_three_sightings(
    hops: list[str], world: Any, answer: Answer
) -> None:
    """Not sooner, and then it is said: the feed keeps its configured address, entries and history."""
    url, new = world.origin.url(), world.origin.url("/new", host="new.example")
    asked = moving(world, answer, *hops, steps=[0, 1, 2, 3.9])
    assert (asked, world.feed(url).fetch_url, world.feed(url).remedy) == (["/feed"] * 4, url, None)
    world.later(days=0.2)
    world.round().check_healthy()
    feed = world.feed(url)
    assert (feed.url, feed.fetch_url, feed.errors) == (url, new, 0)
    assert feed.remedy == f"It has moved for good and is asked at {new} from now on: put that into feeds.yaml."
    world.later(days=1)
    world.origin.seen.clear()
    assert world.round()[url].outcome is Outcome.UNCHANGED
    assert [(seen.target, seen.host) for seen in world.origin.seen] == [("/new", f"new.example:{world.origin.port}")]


@pytest.mark.fault("F16")
def test_F16_two_sightings_are_no_proof_however_far_apart(world: Any, answer: Answer) -> None:
    """A feed that was asked twice in a month has not moved; the third time it has."""
    assert moving(world, answer, "301 Moved", steps=[0, 30]) == ["/feed"] * 2
    assert world.feed(world.origin.url()).fetch_url == world.origin.url()
    world.later(days=1)
    world.round()
    assert world.feed(world.origin.url()).fetch_url != world.origin.url()


@pytest.mark.fault("F16")
@pytest.mark.parametrize("hops", [["302 Found"], ["307 Temporary Redirect"], ["301 Moved", "302 Found"]])
def test_F16_a_temporary_redirect_is_never_believed(hops: list[str], world: Any, answer: Answer) -> None:
    """302 to another host is followed each time anew, for months."""
    assert moving(world, answer, *hops, steps=[0, 10, 10, 10, 10]) == ["/feed"] * 5
    assert world.feed(world.origin.url()).move is None


@pytest.mark.fault("F16")
def test_F16_a_move_that_ends_is_forgotten(world: Any, answer: Answer, rss: Any) -> None:
    """A captive portal or a mistake of a few days is no move: the proof begins anew."""
    moving(world, answer, "301 Moved", steps=[0, 2, 2])
    moved, world.origin.answers["/feed"] = world.origin.answers["/feed"], answer(rss("one"))
    world.later(days=1)
    world.round().check_healthy()
    world.origin.answers["/feed"] = moved
    for _ in range(3):
        world.later(days=3)
        world.round().check_healthy()
        assert world.feed(world.origin.url()).fetch_url == world.origin.url()


@pytest.mark.fault("F16")
def test_F16_a_move_to_what_is_no_feed_is_not_believed(world: Any, answer: Answer) -> None:
    """301 to a page fails for as long as it lasts, and the address stays."""
    url = world.origin.url()
    world.origin.answers |= {
        "/feed": redirect(answer, "/home", "301 Moved"),
        "/home": answer(b"<html><title>Welcome</title></html>", "Content-Type: text/html"),
    }
    world.configure(url)
    for errors in range(1, 6):
        world.round().check_healthy()
        feed = world.feed(url)
        assert (feed.errors, feed.fetch_url) == (errors, url)
        assert feed.error == 'The document is no feed but a web page ("Welcome").'
        world.later(days=3)


@pytest.mark.fault("F16")
def test_F16_a_redirect_from_outside_to_a_private_address_is_refused(world: Any, outside: Any, answer: Answer) -> None:
    """A public host leads nowhere inside, allowed or not: not one connection is made."""
    url = outside.url(host="public.org")
    outside.answers["*"] = redirect(answer, world.origin.url("/admin", host="127.0.0.1"))
    world.configure(url)
    world.round().check_healthy()
    feed = world.feed(url)
    assert feed.error == "127.0.0.1 leads to a loopback address; public.org, a public host, must not redirect there."
    assert "network.allow_private" in feed.remedy
    assert (outside.connections, world.origin.connections) == (1, 0)


@pytest.mark.fault("F16")
@pytest.mark.parametrize("to", ["file:///etc/passwd", "file:/etc/passwd", "FILE:///etc/passwd"])
def test_F16_a_redirect_to_a_file_is_refused(to: str, world: Any, answer: Answer) -> None:
    """Nothing is read from this machine's disk."""
    failed = world.suffers(redirect(answer, to), r"^faulty\.example redirects to where we do not go\..*'(file|FILE)'")
    assert "root:" not in failed.error


@pytest.mark.fault("F16")
@pytest.mark.parametrize(
    ("link", "remedy"),
    [
        ('<link rel="alternate" type="application/rss+xml" href="/feeds/all.rss">', "/feeds/all.rss"),
        ('<link rel=alternate type=application/atom+xml href="atom.xml">', "/account/atom.xml"),
        ("", "kind: page"),
        ('<link rel="alternate" type="application/rss+xml" href="javascript:alert(1)">', "kind: page"),
    ],
)
def test_F16_a_redirect_to_a_login_page_names_the_feed_in_it(
    link: str, remedy: str, world: Any, answer: Answer
) -> None:
    """A login page instead of the feed is told as such, with the feed that it names; entries are kept."""
    page = f"<!doctype html><html><head><title>Log in</title>{link}</head><body><form></form></body></html>"
    world.origin.answers["/account/login"] = answer(page.encode(), "Content-Type: text/html", 'ETag: "login"')
    failed = world.suffers(
        redirect(answer, "/account/login"), r'^The document is no feed but a web page \("Log in"\)\.'
    )
    assert remedy in failed.remedy
    assert "javascript" not in failed.remedy
