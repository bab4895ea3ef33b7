"""Being told of a feed's news by its hub: what we ask hubs for, when, and how far they are trusted.

WebSub, W3C Recommendation of 23 January 2018, as a subscriber. A hub that delivers spares polls, as long as polls
find nothing that it kept to itself.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from aggregator.config.addresses import is_reached
from aggregator.decide.cadence import human
from aggregator.decide.identity import least_name
from aggregator.decide.listing import short
from aggregator.decide.sites import host_of, is_public, same_host

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from aggregator.config.settings import FeedSettings, Settings
    from aggregator.model import FeedState, Header

LEASE = timedelta(days=10)
"""What hubs are asked for, and what is believed where they say nothing."""
SHORTEST, LONGEST = timedelta(minutes=1), timedelta(days=90)
"""Leases that are believed."""
BACKUP = timedelta(hours=4)
"""How far apart a feed is polled at least while its hub is trusted."""
GRACE = timedelta(minutes=10)
"""How long after a poll found news their delivery may still arrive."""
SUSPECTS = 100
"""Entries that are waited for, at most."""
LEFT = 3
"""How often a hub is told that we leave."""
_RENEWED = 0.8
"""A subscription is renewed after this part of its lease."""
_FIRST_PAUSE, _GROWTH, _LONGEST_PAUSE = timedelta(minutes=10), 4, timedelta(days=7)
_DENIED_PAUSE = timedelta(days=1)
_JITTER = 0.1
_MOST_MISSES = 20
"""After more misses than this a hub earns trust as after these."""
_LONGEST_ADDRESS = 2000
_LONGEST_REASON = 200
_NAMED = 5
"""Hubs that are named for what they missed."""
CALLBACKS = "websub/"
"""Where callbacks are below our public address."""


class State(StrEnum):
    """How far a subscription is."""

    WANTED = "wanted"
    """The hub has not been asked."""
    ASKED = "asked"
    """It has, and has not asked back."""
    VERIFIED = "verified"
    DENIED = "denied"
    """The hub said that it will not tell us."""
    LEAVING = "leaving"
    """It is to be told that we want nothing more."""


@dataclass(frozen=True, slots=True)
class Offer:
    """What a feed's document offers: who tells of its news, and under which name."""

    hub: str
    topic: str


@dataclass(frozen=True, slots=True)
class Push:
    """Our subscription to one feed at one hub."""

    key: int
    feed: int
    """The feed's key."""
    hub: str
    topic: str
    base: str
    """Our public address when it was wanted: the callback is below it."""
    state: State = State.WANTED
    name: str | None = None
    """The secret end of the callback; None while nobody was asked."""
    secret: str | None = None
    """What deliveries are signed with."""
    due_at: datetime | None = None
    """When the hub is asked (again)."""
    tries: int = 0
    """How often it was asked since it last agreed."""
    verified_at: datetime | None = None
    """Since when it has told us without a break."""
    lease_until: datetime | None = None
    delivered: int = 0
    """Entries that it brought."""
    missed: int = 0
    """Entries that it did not bring, and a poll found."""
    streak: int = 0
    """Entries that it brought since the last miss."""
    refused: int = 0
    """Deliveries that were not taken: wrongly signed, or no feed."""
    suspects: frozenset[str] = field(default_factory=frozenset)
    """Names (name_of) of entries that a poll found, and whose delivery may be on its way."""
    suspected_at: datetime | None = None
    last_delivery: datetime | None = None
    why: str = ""
    """What the hub answered when it did not agree."""

    @property
    def callback(self) -> str:
        """Where the hub reaches us."""
        return f"{self.base}{CALLBACKS}{self.name}"


def is_active(settings: Settings) -> bool:
    """Tell whether hubs are asked at all: it is wanted, and they can reach us."""
    return settings.websub.subscribe and is_reached(settings.site.url, settings.network.allow_private)


def offered(header: Header, feed: FeedState, source: FeedSettings) -> Offer | None:
    """Return the hub that a feed names, one with https before others, and the feed's address as it says itself.

    None for what is no feed or gone, and for private sources: their addresses are told to nobody.
    """
    if source.kind != "feed" or source.private or not source.enabled or feed.gone:
        return None
    hubs = [link.href for link in header.links if link.rel == "hub" and _may_name(link.href, feed)]
    if not hubs:
        return None
    topic = next((link.href for link in header.links if link.rel == "self" and _is_short(link.href)), feed.fetch_url)
    return Offer(next((hub for hub in hubs if hub.startswith("https:")), hubs[0]), topic)


def names_hub(header: Header) -> bool:
    """Tell whether a feed names any hub."""
    return any(link.rel == "hub" for link in header.links)


def outside(url: str, hub: str) -> str | None:
    """Return the public host that named a hub: it must not lead into our network."""
    own = host_of(url)
    return own if own != host_of(hub) and is_public(own) else None


def _may_name(hub: str, feed: FeedState) -> bool:
    public = is_public(host_of(hub)) or same_host(hub, feed.fetch_url) or not is_public(host_of(feed.fetch_url))
    return public and _is_short(hub)


def _is_short(url: str) -> bool:
    return len(url) <= _LONGEST_ADDRESS and url.isascii()


def asking(push: Push, names: tuple[str, str], now: datetime, random: float) -> Push | None:
    """Return a subscription as it is once its hub is asked; None: it is over, and nobody needs to be.

    `names` are what it is called and signed with from now on, unless it is called so already. `random` is in [0, 1).
    """
    if push.state is State.LEAVING and (push.name is None or push.tries >= LEFT):
        return None
    state = push.state if push.state in (State.VERIFIED, State.LEAVING) else State.ASKED
    name, secret = (push.name, push.secret) if push.name is not None else names
    due = now + pause(push.tries, random)
    return replace(push, state=state, name=name, secret=secret, tries=push.tries + 1, due_at=due)


def pause(tries: int, random: float) -> timedelta:
    """Return the time until a hub is asked again that was asked so often before: 10, 40 minutes ..., a week at most."""
    grown = _LONGEST_PAUSE if tries > _GROWTH + 1 else min(_FIRST_PAUSE * _GROWTH**tries, _LONGEST_PAUSE)
    return grown * (1 + _JITTER * random)


def request(push: Push) -> dict[str, str]:
    """Return the form that a hub is sent (section 5.1); hubs of before WebSub (PubSubHubbub 0.3) want `hub.verify`."""
    leaving = push.state is State.LEAVING
    form = {
        "hub.mode": "unsubscribe" if leaving else "subscribe",
        "hub.topic": push.topic,
        "hub.callback": push.callback,
        "hub.verify": "async",
    }
    if leaving:
        return form
    return {**form, "hub.lease_seconds": str(int(LEASE.total_seconds())), "hub.secret": push.secret or ""}


@dataclass(frozen=True, slots=True)
class Question:
    """What a hub asks or tells a callback (sections 5.2 and 5.3)."""

    mode: str
    topic: str
    lease: str = ""
    """Seconds, as written."""
    reason: str = ""


def answered(push: Push | None, question: Question, now: datetime) -> Push | None:
    """Return a subscription as it is after its hub asked; None where nobody here asked for that.

    One that is left for good comes back LEAVING, with nothing due.
    """
    if push is None or question.topic != push.topic:
        return None
    match question.mode:
        case "subscribe" if push.state in (State.ASKED, State.VERIFIED):
            return _verified(push, _lease(question.lease), now)
        case "unsubscribe" if push.state is State.LEAVING:
            return replace(push, due_at=None)
        case "denied" if push.state is not State.LEAVING:
            why = f"the hub refused{': ' if question.reason else ''}{question.reason[:_LONGEST_REASON]}"
            return replace(push, state=State.DENIED, lease_until=None, due_at=now + _DENIED_PAUSE, why=why)
    return None


def _verified(push: Push, lease: timedelta, now: datetime) -> Push:
    since = push.verified_at if is_told(push, now) else now
    due = now + lease * _RENEWED
    return replace(
        push, state=State.VERIFIED, verified_at=since, lease_until=now + lease, due_at=due, tries=0, why=""
    )  # fmt: skip


def _lease(said: str) -> timedelta:
    if not (said.isascii() and said.isdigit()):
        return LEASE
    return min(max(timedelta(seconds=int(said[:9])), SHORTEST), LONGEST)


def is_told(push: Push, now: datetime) -> bool:
    """Tell whether the hub has promised to tell us now."""
    return push.state is State.VERIFIED and push.lease_until is not None and push.lease_until > now


def is_trusted(push: Push, now: datetime) -> bool:
    """Tell whether the hub may spare polls: it tells us, and brought more entries since its last miss than it missed.

    Not while a poll has just found what it may have missed.
    """
    return is_told(push, now) and not push.suspects and push.streak > min(push.missed, _MOST_MISSES)


def backup(push: Push | None, now: datetime) -> timedelta | None:
    """Return how far apart polls may be at least, up to the end of the lease; None where the hub spares none."""
    if push is None or push.lease_until is None or not is_trusted(push, now):
        return None
    return min(BACKUP, push.lease_until - now)


def name_of(key: str) -> str:
    """Return the short name of an item by its key within its feed."""
    return short(least_name(key))


def polled(push: Push, found: Collection[str], last: datetime | None, now: datetime) -> Push:
    """Return a subscription after a good poll, which `found` these news (name_of); the one before was at `last`.

    What it found has GRACE to be delivered; after that it was missed. What came out before the hub began to tell us
    says nothing of it.
    """
    push = judged(push, now)
    covered = push.verified_at is not None and last is not None and last >= push.verified_at
    if not found or not covered or not is_told(push, now):
        return push
    suspects = frozenset(sorted(push.suspects | frozenset(found))[:SUSPECTS])
    return replace(push, suspects=suspects, suspected_at=push.suspected_at or now)


def judged(push: Push, now: datetime) -> Push:
    """Return a subscription with what was waited for in vain counted as missed."""
    if push.suspected_at is None or now - push.suspected_at < GRACE:
        return push
    missed = push.missed + len(push.suspects)
    return replace(push, missed=missed, streak=0, suspects=frozenset(), suspected_at=None)


def delivered(push: Push, listed: Collection[str], news: int, now: datetime) -> Push:
    """Return a subscription after a delivery that `listed` these items (name_of), so many of them news."""
    push = judged(push, now)
    late = push.suspects & frozenset(listed)
    left = push.suspects - late
    brought = news + len(late)
    return replace(
        push,
        delivered=push.delivered + brought,
        streak=push.streak + brought,
        suspects=left,
        suspected_at=push.suspected_at if left else None,
        last_delivery=now,
    )


def words(push: Push, now: datetime) -> str:
    """Say how far a subscription is, for the operator."""
    host = host_of(push.hub)
    counts = f"entries: {push.delivered} delivered, {push.missed} missed"
    if is_told(push, now) and push.lease_until is not None:
        trusted = f"polled every {human(BACKUP)} or less often" if is_trusted(push, now) else "polled as usual too"
        return f"{host} tells of news until {push.lease_until:%Y-%m-%d %H:%M} UTC; {counts}; {trusted}"
    said = {
        State.WANTED: "is to be asked to tell of news, by the daemon",
        State.ASKED: "was asked to tell of news, and has not agreed",
        State.VERIFIED: "told of news; its promise is over and is being renewed",
        State.DENIED: "does not tell of news",
        State.LEAVING: "is being told to stop",
    }[push.state]
    return f"{host} {said}{f' ({push.why})' if push.why else ''}; {counts}; polled as usual"


def summary(pushes: Collection[Push], now: datetime) -> str:
    """Say of all subscriptions together how they are, and which hubs missed most."""
    missed_by = Counter[str]()
    for push in pushes:
        missed_by[host_of(push.hub)] += push.missed
    worst = ", ".join(f"{host} {count}" for host, count in missed_by.most_common(_NAMED) if count)
    told = [push for push in pushes if is_told(push, now)]
    delivered, missed = sum(push.delivered for push in pushes), sum(push.missed for push in pushes)
    return (
        f"{len(told)} of {len(pushes)} sources that name a hub are told of by it,"
        f" {sum(is_trusted(push, now) for push in told)} so well that they are polled less;"
        f" entries: {delivered} delivered, {missed} missed{f' (by {worst})' if worst else ''}"
    )
