"""What the hub grants, whom it refuses, and when it tries again."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.decide.websub import (
    ASKED_AGAIN,
    GIVEN_UP,
    LONGEST,
    MOST,
    MOST_ASKED_OF_SITE,
    MOST_OF_SITE,
    SHORTEST,
    USUAL,
    Intent,
    Refusal,
    Standing,
    Subscription,
    asked_again_at,
    crowded,
    intent_of,
    lease_of,
    pause,
    question,
    told_again_at,
)

NOW = datetime(2026, 11, 27, tzinfo=UTC)
TOPIC = "https://news.example/all.atom"
FORM = {
    "hub.mode": "subscribe",
    "hub.topic": TOPIC,
    "hub.callback": "https://in.reader.example:8443/cb?id=1",
    "hub.secret": "hush",
    "hub.lease_seconds": "86400",
}
INTENT = Intent(TOPIC, FORM["hub.callback"], "reader.example", "subscribe", "c", timedelta(days=1), "hush")
TOLD = Subscription(1, TOPIC, FORM["hub.callback"], "reader.example", None, NOW + USUAL)


def _read(**fields: str) -> Intent | Refusal:
    form = {**FORM, **{f"hub.{name}": value for name, value in fields.items()}}
    return intent_of({name: value for name, value in form.items() if value != "-"}, {TOPIC}, "c")


def test_a_request_is_read() -> None:
    """All that a subscriber says is kept, and its callback's registrable domain."""
    assert _read() == INTENT
    assert _read(secret="-", lease_seconds="-") == replace(INTENT, secret=None, lease=USUAL)


def test_a_topic_that_is_gone_can_be_unsubscribed() -> None:
    """Whoever wants to leave may, whatever the topic."""
    left = _read(mode="unsubscribe", topic="https://news.example/gone.atom")
    assert isinstance(left, Intent)
    assert left.mode == "unsubscribe"


@pytest.mark.parametrize(
    ("fields", "status", "why"),
    [
        ({"mode": "publish"}, 400, "nobody needs to ping it"),
        ({"mode": "denied"}, 400, "hub.mode must be"),
        ({"mode": "-"}, 400, "hub.mode must be"),
        ({"topic": "-"}, 404, "hub.topic"),
        ({"topic": "http://news.example/all.atom"}, 404, "hub.topic"),
        ({"topic": TOPIC + "?x"}, 404, "hub.topic"),
        ({"callback": "-"}, 400, "hub.callback"),
        ({"callback": "ftp://reader.example/"}, 400, "hub.callback"),
        ({"callback": "https://me:secret@reader.example/"}, 400, "without a password"),
        ({"callback": "https://reader.example/#here"}, 400, "fragment"),
        ({"callback": "https://reader.example/a b"}, 400, "hub.callback"),
        ({"callback": "https://reader.example/\r\nx"}, 400, "hub.callback"),
        ({"callback": "https://reader\n.example/"}, 400, "hub.callback"),
        ({"callback": "https://[::zz]/"}, 400, "hub.callback"),
        ({"callback": "https://reader.example/" + "x" * 2000}, 400, "2000 characters"),
        ({"secret": "é" * 100}, 400, "199 bytes"),
        ({"secret": "a\0b"}, 400, "hub.secret"),
        ({"mode": "unsubscribe", "topic": "a\0b"}, 404, "hub.topic"),
        ({"lease_seconds": "soon"}, 400, "hub.lease_seconds"),
        ({"lease_seconds": "-1"}, 400, "hub.lease_seconds"),
    ],
)
def test_what_is_refused(fields: dict[str, str], status: int, why: str) -> None:
    """A request that cannot be met is refused, and told what is wrong."""
    if fields.get("lease_seconds") == "-1":
        refused = intent_of({**FORM, "hub.lease_seconds": "-1"}, {TOPIC}, "c")
    else:
        refused = _read(**fields)
    assert isinstance(refused, Refusal)
    assert refused.status == status
    assert why in refused.reason


@pytest.mark.parametrize(
    ("callback", "site"),
    [
        ("http://127.0.0.1:8080/x", "127.0.0.1"),
        ("http://[2001:db8::1]:81/", "2001:db8::1"),
        ("https://a.b.example.co.uk", "example.co.uk"),
        ("http://localhost:99?x", "localhost"),
    ],
)
def test_limits_are_kept_by_site_whatever_the_port(callback: str, site: str) -> None:
    """Who has many names below a domain, or many ports, is one."""
    found = _read(callback=callback)
    assert isinstance(found, Intent)
    assert found.site == site


@pytest.mark.parametrize(
    ("asked", "granted"),
    [
        ("", USUAL),
        ("0", SHORTEST),
        ("3601", timedelta(seconds=3601)),
        ("999999999", LONGEST),
        ("9" * 10, None),
        ("1.5", None),
        ("١", None),
    ],
)
def test_leases(asked: str, granted: timedelta | None) -> None:
    """A wish is met between an hour and thirty days; a typo is told."""
    assert lease_of(asked) == granted


def test_what_would_be_too_much() -> None:
    """Each limit refuses by itself; renewing and leaving take no room."""
    room = Standing(known=False, subscriptions=0, of_site=0, asked_of_site=0)
    assert crowded(INTENT, room) is None
    full = Standing(known=False, subscriptions=MOST, of_site=MOST_OF_SITE, asked_of_site=MOST_ASKED_OF_SITE)
    for standing, status in (
        (replace(room, asked_of_site=MOST_ASKED_OF_SITE), 429),
        (replace(room, of_site=MOST_OF_SITE), 429),
        (replace(room, subscriptions=MOST), 503),
        (full, 429),
    ):
        refused = crowded(INTENT, standing)
        assert refused is not None
        assert refused.status == status
        assert crowded(INTENT, replace(standing, known=True)) is None
    leaving = replace(INTENT, mode="unsubscribe")
    assert crowded(leaving, replace(full, known=True)) is None
    assert crowded(leaving, room) == Refusal(404, "there is no such subscription")


def test_what_a_callback_is_asked() -> None:
    """It is asked to repeat a challenge, and told the lease; where there is nothing to subscribe, it is told so."""
    asked = {"hub.mode": "subscribe", "hub.topic": TOPIC, "hub.challenge": "c", "hub.lease_seconds": "86400"}
    assert question(INTENT, offered=True) == asked
    left = question(replace(INTENT, mode="unsubscribe"), offered=False)
    assert left == {"hub.mode": "unsubscribe", "hub.topic": TOPIC, "hub.challenge": "c"}
    for denied in (question(INTENT, offered=False), question(replace(INTENT, mode="denied"), offered=True)):
        assert denied["hub.mode"] == "denied"
        assert "hub.challenge" not in denied


def test_a_callback_is_asked_again_only_when_it_did_not_answer() -> None:
    """Silence and a server's errors may pass; a wrong answer is an answer, and so is silence for the third time."""
    for status in (None, 500, 503):
        assert asked_again_at(INTENT, status, NOW, 0) == NOW + timedelta(minutes=1)
        assert asked_again_at(replace(INTENT, tries=ASKED_AGAIN), status, NOW, 0) is None
    for status in (200, 302, 404, 410):
        assert asked_again_at(INTENT, status, NOW, 0) is None


def test_a_delivery_is_tried_again_for_days() -> None:
    """Pauses grow to a day; after three days of failures, and at 410, the subscription ends."""
    minutes = [pause(tries, 0) / timedelta(minutes=1) for tries in range(8)]
    assert minutes == [1, 5, 25, 125, 625, 1440, 1440, 1440]
    assert told_again_at(TOLD, 503, NOW, 0) == NOW + timedelta(minutes=1)
    failing = replace(TOLD, tries=5, failing_since=NOW - GIVEN_UP + timedelta(seconds=1))
    assert told_again_at(failing, None, NOW, 0) == NOW + timedelta(days=1)
    assert told_again_at(failing, None, NOW + timedelta(seconds=1), 0) is None
    assert told_again_at(TOLD, 410, NOW, 0) is None


@given(st.integers(0, 10**9), st.floats(0, 1, exclude_max=True))
def test_pauses_are_bounded(tries: int, random: float) -> None:
    """However often it failed, the next try is within a day and a tenth."""
    assert timedelta(minutes=1) <= pause(tries, random) <= timedelta(days=1.1)
