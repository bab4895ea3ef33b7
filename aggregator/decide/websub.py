"""What our hub grants, and when it tries again (WebSub, W3C Recommendation of 23 January 2018, sections 5 to 7)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Literal, TypeAlias
from urllib.parse import urlsplit

from aggregator.decide.sites import host_of, site_of

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from datetime import datetime

Mode: TypeAlias = Literal["subscribe", "unsubscribe", "denied"]

SHORTEST, USUAL, LONGEST = timedelta(hours=1), timedelta(days=10), timedelta(days=30)
"""Leases, by section 5.1 the hub's to decide."""
GIVEN_UP = timedelta(days=3)
"""A subscription whose deliveries have failed for so long ends."""
GONE = 410
"""The status by which a subscriber ends a subscription (section 7)."""
ASKED_AGAIN = 2
"""How often a callback that does not answer is asked once more for what it intends."""
MOST, MOST_OF_SITE, MOST_ASKED_OF_SITE = 10_000, 100, 10
"""Subscriptions in all and with callbacks on one site, and callbacks of one site that are to be asked yet."""

_CALLBACK = re.compile(r"(?=[!-~]+\Z)https?://[^/?#@\\]+(?:[/?][^#]*)?", re.IGNORECASE)
_LONGEST_CALLBACK, _LONGEST_SECRET = 2000, 199
"""Characters, and bytes: section 5.1 wants a secret of less than 200."""
_FIRST_PAUSE, _GROWTH, _LONGEST_PAUSE = timedelta(minutes=1), 5, timedelta(days=1)
_JITTER = 0.1
_NOT_ANSWERED = 500
"""A status from here on may pass."""
_MODES: dict[str, Mode] = {"subscribe": "subscribe", "unsubscribe": "unsubscribe"}


@dataclass(frozen=True, slots=True)
class Intent:
    """What a callback is asked to confirm, or to be told."""

    topic: str
    callback: str
    site: str
    """The callback's registrable domain, or its address, whatever the port: limits are kept by it."""
    mode: Mode
    challenge: str
    """Random; the intent's own name too."""
    lease: timedelta = USUAL
    secret: str | None = None
    tries: int = 0
    """How often it was tried."""


@dataclass(frozen=True, slots=True)
class Subscription:
    """A callback that is told what is new in a topic."""

    key: int
    topic: str
    callback: str
    site: str
    secret: str | None
    expires_at: datetime
    tries: int = 0
    """Deliveries that failed since the last one that did not."""
    failing_since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """What there is when a request comes."""

    known: bool
    """Topic and callback are subscribed, or being asked about: a request for them takes no more room."""
    subscriptions: int
    """All, those to be confirmed included."""
    of_site: int
    asked_of_site: int
    """Those of the callback's site that are to be confirmed."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a request is not taken: an HTTP status, and a line for whoever wrote the subscriber."""

    status: int
    reason: str


_NO_PINGS = Refusal(400, "this hub tells of its own site's documents, by itself; nobody needs to ping it")


def intent_of(form: Mapping[str, str], topics: Collection[str], challenge: str) -> Intent | Refusal:
    """Read a subscriber's request (section 5.1)."""
    asked = form.get("hub.mode", "")
    mode = _MODES.get(asked)
    if mode is None:
        return _NO_PINGS if asked == "publish" else Refusal(400, "hub.mode must be subscribe or unsubscribe")
    topic, callback, secret = (form.get(f"hub.{name}", "") for name in ("topic", "callback", "secret"))
    if "\0" in topic or (mode == "subscribe" and topic not in topics):  # what is gone can still be unsubscribed
        return Refusal(404, "hub.topic must be the address of a public document here, as its self link has it")
    lease = lease_of(form.get("hub.lease_seconds", ""))
    wrong = _wrong_callback(callback) or _wrong_secret(secret)
    if wrong or lease is None:
        return Refusal(400, wrong or "hub.lease_seconds must be a number of seconds")
    return Intent(topic, callback, site_of(urlsplit(callback).hostname or ""), mode, challenge, lease, secret or None)


def _wrong_callback(callback: str) -> str:
    """Say what is wrong with the address of a callback, "" if nothing is."""
    if len(callback) > _LONGEST_CALLBACK:
        return f"hub.callback must have at most {_LONGEST_CALLBACK} characters"
    if not _CALLBACK.fullmatch(callback) or not host_of(callback):
        return "hub.callback must be an http or https address, in ASCII, without a password or a fragment"
    return ""


def _wrong_secret(secret: str) -> str:
    wrong = "\0" in secret or len(secret.encode("utf-8", "replace")) > _LONGEST_SECRET
    return f"hub.secret must be text of at most {_LONGEST_SECRET} bytes" if wrong else ""


def lease_of(asked: str) -> timedelta | None:
    """Return for how long a subscription holds when so many seconds are asked for, "" for no wish; None for a typo."""
    if not asked:
        return USUAL
    if not re.fullmatch(r"[0-9]{1,9}", asked):
        return None
    return min(max(timedelta(seconds=int(asked)), SHORTEST), LONGEST)


def crowded(intent: Intent, standing: Standing) -> Refusal | None:
    """Refuse what would be too much, of one subscriber or in all; renewing and leaving take no room."""
    if intent.mode == "unsubscribe" and not standing.known:
        return Refusal(404, "there is no such subscription")
    if standing.known:
        return None
    if standing.asked_of_site >= MOST_ASKED_OF_SITE:
        return Refusal(429, f"{intent.site} has callbacks that have not answered yet; try again later")
    if standing.of_site >= MOST_OF_SITE:
        return Refusal(429, f"{intent.site} has {standing.of_site} subscriptions, and no more are taken")
    if standing.subscriptions >= MOST:
        return Refusal(503, "this hub is full")
    return None


def question(intent: Intent, *, offered: bool) -> dict[str, str]:
    """Return what a callback is asked (section 5.3) or, where a topic is not `offered`, told (section 5.2)."""
    if intent.mode == "unsubscribe":
        return {"hub.mode": "unsubscribe", "hub.topic": intent.topic, "hub.challenge": intent.challenge}
    if intent.mode == "denied" or not offered:
        return {"hub.mode": "denied", "hub.topic": intent.topic, "hub.reason": "this hub does not tell of it any more"}
    return {
        "hub.mode": "subscribe",
        "hub.topic": intent.topic,
        "hub.challenge": intent.challenge,
        "hub.lease_seconds": str(int(intent.lease.total_seconds())),
    }


def asked_again_at(intent: Intent, status: int | None, now: datetime, random: float) -> datetime | None:
    """Return when a callback that confirmed nothing is asked once more, None for never.

    `status`: what it answered, if it did: whoever answers that all is well, or the request wrong, has answered.
    """
    if intent.tries >= ASKED_AGAIN or (status is not None and status < _NOT_ANSWERED):
        return None
    return now + pause(intent.tries, random)


def told_again_at(told: Subscription, status: int | None, now: datetime, random: float) -> datetime | None:
    """Return when a delivery that failed is tried again; None: the subscription ends.

    `random` is in [0, 1): not all that failed at once come back at once.
    """
    since = told.failing_since or now
    if status == GONE or now - since >= GIVEN_UP:
        return None
    return now + pause(told.tries, random)


def pause(tries: int, random: float) -> timedelta:
    """Return the pause after so many failures before: 1, 5, 25 minutes ..., a day at most, and up to a tenth more."""
    grown = _LONGEST_PAUSE if tries > _GROWTH else min(_FIRST_PAUSE * _GROWTH**tries, _LONGEST_PAUSE)
    return grown * (1 + _JITTER * random)
