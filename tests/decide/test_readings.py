from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from aggregator.config.settings import Polling
from aggregator.decide.choice import Choice
from aggregator.decide.health import State
from aggregator.decide.lists import ListState, Remark, SourceList, Subscription
from aggregator.decide.readings import Reading, after, is_wanted, state_of_list
from aggregator.errors import HttpStatus, NetworkDown
from aggregator.model import Caching, Validators

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
A, B = (Subscription(f"https://{name}.example/", 1) for name in "ab")
KNOWN = ListState(
    "https://lists.example/a.opml", title="Blogs", feeds=(A,), validators=Validators('"1"', "yesterday"),
    body_hash="h", last_poll=NOON - DAY, last_success=NOON - DAY, next_at=NOON,
)  # fmt: skip
FAILING = replace(KNOWN, errors=2, failing_since=NOON - HOUR, error="No.", remedy="Do.")
DOWN = HttpStatus("500 Internal Server Error.", "It is asked again later.")


def read(state: ListState = KNOWN, jitter: float = 0.0, **reading: Any) -> ListState:
    """Return what is known of a list after a reading at noon."""
    return after(state, Reading(NOON, **reading), Polling(), jitter=jitter)


def test_a_good_reading() -> None:
    """What the list says takes the place of what it said, an error is over, and it is read again in a day."""
    found = SourceList("New", (A, B), (Remark(3, "no feed"),))
    now = read(FAILING, found=found, status=200, validators=Validators('"2"'), body_hash="i")
    assert now == ListState(
        KNOWN.address, title="New", feeds=(A, B), remarks=found.remarks, validators=Validators('"2"'), body_hash="i",
        last_poll=NOON, last_success=NOON, next_at=NOON + DAY, reason="interval 1 d",
    )  # fmt: skip
    assert read(found=found, jitter=0.5).next_at == NOON + DAY + timedelta(minutes=15)


def test_nothing_new() -> None:
    """A list that is as it was stays, with the validators that the answer names."""
    now = read(FAILING, status=304, validators=Validators('"2"'))
    assert (now.feeds, now.title, now.body_hash) == (KNOWN.feeds, KNOWN.title, "h")
    assert (now.validators, now.errors, now.error) == (Validators('"2"', "yesterday"), 0, None)


def test_a_failing_list() -> None:
    """A list that fails takes nothing away, is asked later each time, and says since when."""
    first = read(error=DOWN, status=500)
    assert (first.feeds, first.validators, first.errors, first.failing_since) == ((A,), KNOWN.validators, 1, NOON)
    assert (first.error, first.remedy, first.last_success) == (DOWN.message, DOWN.remedy, NOON - DAY)
    assert first.next_at == NOON + HOUR / 2
    third = read(FAILING, error=DOWN, status=500)
    assert (third.next_at, third.failing_since) == (NOON + 2 * HOUR, NOON - HOUR)
    assert read(replace(FAILING, errors=50), error=DOWN).next_at == NOON + DAY


def test_a_server_that_wants_rest() -> None:
    """Retry-After is kept to by whoever asks."""
    now = read(error=DOWN, status=503, caching=Caching(retry_after=NOON + 3 * DAY))
    assert (now.next_at, now.not_before) == (NOON + 3 * DAY, NOON + 3 * DAY)
    assert not is_wanted(now, Choice(frozenset({KNOWN.address}), force=True), NOON + 2 * DAY)
    assert is_wanted(now, Choice(), NOON + 3 * DAY)


def test_a_site_that_rests() -> None:
    """What was not asked teaches nothing."""
    now = read(FAILING, rests_until=NOON + HOUR)
    assert now == replace(FAILING, next_at=NOON + HOUR, reason="its site asked to be left alone")


def test_our_network_is_down() -> None:
    """No list is blamed for that, and it is asked soon."""
    now = read(FAILING, error=NetworkDown("Most hosts cannot be reached."))
    assert now == replace(FAILING, next_at=NOON + timedelta(minutes=5), reason="our own network was down")


def test_a_list_that_is_gone() -> None:
    """410 is the last time that it is asked; its sources stay."""
    now = read(error=DOWN, status=410, gone=True)
    assert (now.next_at, now.feeds, state_of_list(now)) == (None, (A,), State.GONE)
    assert not is_wanted(now, Choice(), NOON + 99 * DAY)
    assert is_wanted(now, Choice(frozenset({KNOWN.address})), NOON)


def test_an_emptied_list() -> None:
    """A list that names nothing any more counts as failed; one that never named anything is empty."""
    now = read(found=SourceList("Empty"), validators=Validators('"2"'), body_hash="i")
    assert (now.errors, now.feeds, now.validators, now.body_hash) == (1, (A,), KNOWN.validators, "h")
    assert "names no feeds any more" in (now.error or "")
    assert read(ListState(KNOWN.address), found=SourceList("Empty")).errors == 0


def test_a_damaged_list() -> None:
    """What is missing in a damaged list stays, and is asked for again as a whole."""
    now = read(found=SourceList("Half", (B,), damaged=True), validators=Validators('"2"'), body_hash="i")
    assert (now.errors, now.feeds, now.validators) == (0, (B, A), Validators())


@pytest.mark.parametrize(
    ("state", "choice", "wanted"),
    [
        (KNOWN, Choice(), True),
        (replace(KNOWN, next_at=NOON + HOUR), Choice(), False),
        (replace(KNOWN, next_at=NOON + HOUR), Choice(force=True), True),
        (replace(KNOWN, next_at=NOON + HOUR), Choice(every=True), True),
        (replace(KNOWN, last_poll=NOON - HOUR / 60), Choice(every=True), False),
        (ListState(KNOWN.address), Choice(every=True), True),
        (replace(FAILING, next_at=NOON + HOUR), Choice(every=True), False),
        (FAILING, Choice(every=True), True),
        (KNOWN, Choice(frozenset({"https://a.example/"}), force=True), False),
        (replace(FAILING, next_at=None), Choice(frozenset({KNOWN.address})), True),
    ],
)
def test_which_lists_a_round_reads(state: ListState, choice: Choice, wanted: bool) -> None:
    """Those that are due, or all but failing ones and those read just now, or the named; --force wants all."""
    assert is_wanted(state, choice, NOON) is wanted


def test_states() -> None:
    """A list is new until it answers, ok, or failing."""
    assert [state_of_list(one) for one in (ListState("x"), KNOWN, FAILING)] == [State.NEW, State.OK, State.FAILING]
