"""What hubs are asked for, when, and how far they are trusted."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from aggregator.config.settings import FeedSettings, Network, Settings, Site, Websub
from aggregator.decide.pushing import (
    BACKUP,
    GRACE,
    LEASE,
    LEFT,
    SUSPECTS,
    Offer,
    Push,
    Question,
    State,
    answered,
    asking,
    backup,
    delivered,
    is_active,
    is_told,
    is_trusted,
    judged,
    name_of,
    names_hub,
    offered,
    outside,
    pause,
    polled,
    request,
    summary,
    words,
)
from aggregator.model import FeedState, Header, Link

NOW = datetime(2026, 11, 27, 12, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
FEED, HUB, TOPIC = "https://news.org/feed", "https://hub.org/", "https://news.org/feed.xml"
SOURCE = FeedSettings(url=FEED)
STATE = FeedState(1, FEED, FEED)
WANTED = Push(1, 1, HUB, TOPIC, "https://we.org/", due_at=NOW)
ASKED = replace(WANTED, state=State.ASKED, name="name", secret="hush", tries=1, due_at=NOW + HOUR)
VERIFIED = replace(ASKED, state=State.VERIFIED, verified_at=NOW - DAY, lease_until=NOW + DAY, tries=0)
TRUSTED = replace(VERIFIED, delivered=3, streak=3)
LEAVING = replace(VERIFIED, state=State.LEAVING, lease_until=None, due_at=NOW)


def _header(*links: tuple[str, str]) -> Header:
    return Header(links=tuple(Link(href, rel) for rel, href in links))


@pytest.mark.parametrize(
    ("settings", "active"),
    [
        (Settings(), False),
        (Settings(site=Site(url="https://we.org/")), True),
        (Settings(site=Site(url="https://we.org/"), websub=Websub(subscribe=False)), False),
        (Settings(site=Site(url="http://10.0.0.1/"), network=Network(allow_private=("10.0.0.0/8",))), True),
    ],
)
def test_hubs_are_asked_where_they_reach_us(settings: Settings, active: bool) -> None:
    """Nobody is asked to push to an address that it cannot reach, nor against the operator's will."""
    assert is_active(settings) is active


@pytest.mark.parametrize(
    ("links", "offer"),
    [
        ([("hub", HUB), ("self", TOPIC)], Offer(HUB, TOPIC)),
        ([("hub", HUB)], Offer(HUB, FEED)),
        ([("self", TOPIC)], None),
        ([("hub", "http://one.org/"), ("hub", HUB)], Offer(HUB, FEED)),
        ([("hub", "http://one.org/"), ("hub", "http://two.org/")], Offer("http://one.org/", FEED)),
        ([("hub", "http://192.168.0.1/")], None),
        ([("hub", "https://news.org/hub")], Offer("https://news.org/hub", FEED)),
        ([("hub", f"https://hub.org/{'x' * 2000}")], None),
        ([("hub", HUB), ("self", "https://news.org/é"), ("self", TOPIC)], Offer(HUB, TOPIC)),
    ],
)
def test_what_a_document_offers(links: list[tuple[str, str]], offer: Offer | None) -> None:
    """A hub with https comes first, the feed's own word for itself is the topic, and our network is out of reach."""
    assert offered(_header(*links), STATE, SOURCE) == offer
    assert names_hub(_header(*links)) == any(rel == "hub" for rel, _ in links)


def test_whose_hubs_are_asked() -> None:
    """Those of feeds that are polled and no secret; a feed in our network may name a hub there."""
    header = _header(("hub", HUB))
    for more in ({"private": True}, {"kind": "page"}, {"enabled": False}):
        assert offered(header, STATE, SOURCE.model_copy(update=more)) is None
    assert offered(header, replace(STATE, gone=True), SOURCE) is None
    inside = replace(STATE, fetch_url="http://10.0.0.1/feed")
    assert offered(_header(("hub", "http://10.0.0.2/")), inside, SOURCE) == Offer("http://10.0.0.2/", inside.fetch_url)


def test_a_public_feed_leads_outside_only() -> None:
    """The guard is told who named a hub elsewhere, for a public name may lead into our network."""
    assert outside(FEED, HUB) == "news.org"
    assert outside(FEED, "https://news.org/hub") is None
    assert outside("http://10.0.0.1/feed", "http://10.0.0.2/") is None


def test_a_hub_is_asked_under_a_name_of_its_own() -> None:
    """The first time a name and a secret are given; they stay, and each time the next one is further away."""
    first = asking(WANTED, ("name", "hush"), NOW, 0.0)
    assert first == replace(WANTED, state=State.ASKED, name="name", secret="hush", tries=1, due_at=NOW + 10 * MINUTE)
    second = asking(first, ("other", "other"), NOW, 0.5)
    assert second == replace(first, tries=2, due_at=NOW + 42 * MINUTE)
    assert second.callback == "https://we.org/websub/name"
    renewed = asking(VERIFIED, ("other", "other"), NOW, 0.0)
    assert renewed == replace(VERIFIED, tries=1, due_at=NOW + 10 * MINUTE)
    denied = asking(replace(ASKED, state=State.DENIED), ("other", "other"), NOW, 0.0)
    assert denied is not None
    assert denied.state is State.ASKED


def test_pauses_grow_to_a_week() -> None:
    """A hub that does not answer is not asked more often than that, whatever it was asked before."""
    assert [pause(tries, 0.0) for tries in (0, 1, 2)] == [10 * MINUTE, 40 * MINUTE, 160 * MINUTE]
    assert pause(5, 0.0) == pause(10_000, 0.0) == 7 * DAY
    assert pause(0, 1.0) == 11 * MINUTE


def test_a_hub_that_is_left_is_told_so() -> None:
    """Some times, and not at all when it was never asked."""
    told = asking(LEAVING, ("other", "other"), NOW, 0.0)
    assert told == replace(LEAVING, tries=1, due_at=NOW + 10 * MINUTE)
    assert request(told) == {
        "hub.mode": "unsubscribe", "hub.topic": TOPIC, "hub.callback": "https://we.org/websub/name",
        "hub.verify": "async",
    }  # fmt: skip
    assert asking(replace(LEAVING, tries=LEFT), ("other", "other"), NOW, 0.0) is None
    assert asking(replace(WANTED, state=State.LEAVING), ("other", "other"), NOW, 0.0) is None


def test_what_a_hub_is_sent() -> None:
    """Topic, callback, lease and secret (section 5.1)."""
    assert request(ASKED) == {
        "hub.mode": "subscribe",
        "hub.topic": TOPIC,
        "hub.callback": "https://we.org/websub/name",
        "hub.verify": "async",
        "hub.lease_seconds": "864000",
        "hub.secret": "hush",
    }
    assert request(WANTED)["hub.secret"] == ""


@pytest.mark.parametrize(
    ("said", "lease"),
    [("3600", HOUR), ("", LEASE), ("x", LEASE), ("-5", LEASE), ("٣", LEASE), ("1", MINUTE), ("9" * 30, 90 * DAY)],
)
def test_a_hub_that_agrees(said: str, lease: timedelta) -> None:
    """The lease is what it says, within reason, and is renewed after four fifths of it."""
    after = answered(ASKED, Question("subscribe", TOPIC, said), NOW)
    assert after == replace(
        ASKED, state=State.VERIFIED, verified_at=NOW, lease_until=NOW + lease, due_at=NOW + lease * 0.8, tries=0
    )


def test_a_promise_that_is_renewed_in_time_has_no_break() -> None:
    """What came out between two leases says nothing of the hub; between renewals it does."""
    assert answered(VERIFIED, Question("subscribe", TOPIC), NOW).verified_at == NOW - DAY
    over = replace(VERIFIED, lease_until=NOW)
    assert answered(over, Question("subscribe", TOPIC), NOW).verified_at == NOW


def test_nobody_confirms_what_was_not_asked_for() -> None:
    """Another topic, another mode, a subscription that is wanted no more, or none at all."""
    for push, question in (
        (None, Question("subscribe", TOPIC)),
        (ASKED, Question("subscribe", FEED)),
        (ASKED, Question("unsubscribe", TOPIC)),
        (ASKED, Question("publish", TOPIC)),
        (LEAVING, Question("subscribe", TOPIC)),
        (LEAVING, Question("denied", TOPIC)),
        (replace(ASKED, state=State.DENIED), Question("subscribe", TOPIC)),
    ):
        assert answered(push, question, NOW) is None


def test_a_hub_that_denies_and_one_that_lets_go() -> None:
    """A refusal is remembered in the hub's words, and the hub asked again on another day; leaving ends all."""
    denied = answered(TRUSTED, Question("denied", TOPIC, reason="no"), NOW)
    assert (denied.state, denied.due_at, denied.why) == (State.DENIED, NOW + DAY, "the hub refused: no")
    assert not is_told(denied, NOW)
    assert answered(ASKED, Question("denied", TOPIC), NOW).why == "the hub refused"
    assert answered(LEAVING, Question("unsubscribe", TOPIC), NOW) == replace(LEAVING, due_at=None)


def test_trust_is_earned_and_lost() -> None:
    """A hub spares polls once it has brought more since its last miss than it ever missed, while its lease holds."""
    assert backup(None, NOW) is None
    assert backup(ASKED, NOW) is None
    assert backup(VERIFIED, NOW) is None
    assert backup(TRUSTED, NOW) == BACKUP
    assert backup(replace(TRUSTED, lease_until=NOW + HOUR), NOW) == HOUR
    assert not is_trusted(replace(TRUSTED, lease_until=NOW), NOW)
    assert not is_trusted(replace(TRUSTED, missed=3), NOW)
    assert is_trusted(replace(TRUSTED, missed=2), NOW)
    assert is_trusted(replace(TRUSTED, missed=500, streak=21), NOW)


def test_a_miss_is_counted_when_nothing_came_in_time() -> None:
    """What a poll found has ten minutes to be delivered; meanwhile the hub is not trusted."""
    found = polled(TRUSTED, {"a", "b"}, NOW - HOUR, NOW)
    assert (found.suspects, found.suspected_at) == (frozenset("ab"), NOW)
    assert backup(found, NOW) is None
    assert judged(found, NOW + GRACE - MINUTE) == found
    missed = polled(found, (), NOW, NOW + GRACE)
    assert (missed.missed, missed.streak, missed.suspects, missed.suspected_at) == (2, 0, frozenset(), None)
    again = polled(found, {"c"}, NOW, NOW + MINUTE)
    assert (again.suspects, again.suspected_at) == (frozenset("abc"), NOW)


def test_a_poll_may_be_quicker_than_the_hub() -> None:
    """What is delivered within ten minutes was no miss, and counts as delivered."""
    found = polled(TRUSTED, {"a", "b"}, NOW - HOUR, NOW)
    part = delivered(found, {"a"}, 0, NOW + MINUTE)
    assert (part.suspects, part.suspected_at, part.delivered, part.streak) == (frozenset("b"), NOW, 4, 4)
    whole = delivered(part, {"a", "b", "c"}, 1, NOW + 2 * MINUTE)
    assert (whole.suspects, whole.suspected_at, whole.delivered) == (frozenset(), None, 6)
    assert whole.last_delivery == NOW + 2 * MINUTE
    late = delivered(found, {"a", "b"}, 0, NOW + GRACE)
    assert (late.missed, late.delivered, late.streak) == (2, 3, 0)


def test_what_says_nothing_of_a_hub() -> None:
    """News of before it began to tell us, or after its lease; a poll without news, a hub that was never verified."""
    for push, names, last in (
        (TRUSTED, {"a"}, NOW - 2 * DAY),
        (TRUSTED, {"a"}, None),
        (TRUSTED, set[str](), NOW - HOUR),
        (replace(TRUSTED, lease_until=NOW), {"a"}, NOW - HOUR),
        (ASKED, {"a"}, NOW - HOUR),
    ):
        assert polled(push, names, last, NOW) == push


def test_suspects_have_a_bound() -> None:
    """A feed that brings thousands at once fills no row with their names."""
    found = polled(TRUSTED, {f"{number}" for number in range(1000)}, NOW - HOUR, NOW)
    assert len(found.suspects) == SUSPECTS


def test_names_are_short() -> None:
    """An item has one short name, however much its key takes to tell it from others of a document."""
    assert name_of("g:x") == name_of("g:x\x1fhttps://news.org/1") != name_of("g:y")
    assert len(name_of("g:" + "x" * 5000)) == 12


@pytest.mark.parametrize(
    ("push", "said"),
    [
        (WANTED, "hub.org is to be asked to tell of news, by the daemon; entries: 0 delivered"),
        (replace(ASKED, why="status 500"), "was asked to tell of news, and has not agreed (status 500);"),
        (VERIFIED, "until 2026-11-28 12:00 UTC; entries: 0 delivered, 0 missed; polled as usual too"),
        (TRUSTED, "entries: 3 delivered, 0 missed; polled every 4 h or less often"),
        (replace(VERIFIED, lease_until=NOW), "its promise is over and is being renewed"),
        (replace(ASKED, state=State.DENIED, why="the hub refused"), "does not tell of news (the hub refused)"),
        (LEAVING, "is being told to stop"),
    ],
)
def test_how_it_is_said(push: Push, said: str) -> None:
    """The operator reads who tells, until when, what came of it, and what it means for polls."""
    assert said in words(push, NOW)


def test_all_together() -> None:
    """One line says how many hubs keep their word, and which did not."""
    others = [replace(VERIFIED, missed=2, hub=f"https://{name}.org/") for name in ("x", "x", "y")]
    assert summary([WANTED, *others, replace(TRUSTED, missed=1)], NOW) == (
        "4 of 5 sources that name a hub are told of by it, 1 so well that they are polled less;"
        " entries: 3 delivered, 7 missed (by x.org 4, y.org 2, hub.org 1)"
    )
    assert summary([VERIFIED], NOW).endswith("entries: 0 delivered, 0 missed")
