from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from aggregator.decide.health import GAPS, SILENCE, quiet_since, standing, state_of
from aggregator.losses import Flood
from aggregator.model import FeedState, Rhythm

NOW = datetime(2026, 5, 1, tzinfo=UTC)
DAY = timedelta(days=1)
EACH_DAY = Rhythm(entries=30, days=30, at=NOW)


def feed(**facts: object) -> FeedState:
    """Return a source that answered just now, unless these facts say otherwise."""
    usual = {"last_poll": NOW, "last_success": NOW} | facts
    return FeedState(key=1, url="u", fetch_url="u", **usual)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("facts", "state"),
    [
        ({"last_poll": None, "last_success": None}, "new"),
        ({"last_success": None}, "new"),
        ({}, "ok"),
        ({"errors": 1}, "failing"),
        ({"errors": 1, "gone": True}, "gone"),
        ({"errors": 1, "gone": True, "enabled": False}, "disabled"),
    ],
)
def test_the_state_of_a_source(facts: dict[str, object], state: str) -> None:
    """A source is disabled before it is gone, gone before it fails, and new until it has answered."""
    assert state_of(feed(**facts), NOW) == state


@pytest.mark.parametrize(
    ("rhythm", "quiet_after"),
    [
        (EACH_DAY, DAY * GAPS),
        (Rhythm(entries=300, days=30, at=NOW), SILENCE),
        (Rhythm(entries=3, days=90, at=NOW), DAY * 30 * GAPS),
        (Rhythm(entries=1, days=9, at=NOW), timedelta(days=365)),
    ],
    ids=["daily", "holidays are no sign", "monthly", "unknown"],
)
def test_quiet_is_learnt_from_the_feeds_own_rhythm(rhythm: Rhythm, quiet_after: timedelta) -> None:
    """A source is quiet after several of its own usual gaps, never within a week, and not a moment before."""
    source = feed(rhythm=rhythm)
    assert state_of(source, NOW + quiet_after - timedelta(seconds=1)) == "ok"
    assert state_of(source, NOW + quiet_after) == "quiet"
    assert quiet_since(source) == NOW + quiet_after


def test_silence_counts_from_when_it_is_watched() -> None:
    """A source that was silent for years when it was added is called quiet only after it was watched for a while."""
    old = feed(rhythm=Rhythm(entries=30, days=30, at=NOW - DAY * 900), added_at=NOW)
    assert state_of(old, NOW + DAY) == "ok"
    assert state_of(old, NOW + DAY * GAPS) == "quiet"


def test_stale_is_quiet_while_dates_move() -> None:
    """A silent source whose document goes on claiming to be new is stale; one that moved its dates long ago is quiet."""
    silent_since = NOW + DAY * GAPS
    moving = feed(rhythm=EACH_DAY, restamped_at=silent_since + DAY)
    assert state_of(moving, silent_since - DAY) == "ok"
    assert state_of(moving, silent_since + DAY) == "stale"
    assert state_of(feed(rhythm=EACH_DAY, restamped_at=NOW + DAY), silent_since + DAY) == "quiet"


def test_what_the_operator_is_told() -> None:
    """What is wrong comes with since when, in words that do not change from poll to poll, and with what to do."""
    silent_since = NOW + DAY * GAPS
    quiet = standing(feed(rhythm=EACH_DAY), silent_since + DAY)
    assert (quiet.state, quiet.since) == ("quiet", silent_since)
    assert quiet.error == "No new entry since 2026-05-01, where it usually has 1 entry a day."
    assert quiet == standing(feed(rhythm=EACH_DAY), silent_since + 2 * DAY)
    stale = standing(feed(rhythm=EACH_DAY, restamped_at=silent_since), silent_since)
    assert "claims to be newer" in stale.error
    assert "publisher" in stale.remedy
    unknown = standing(feed(rhythm=Rhythm(at=NOW)), NOW + 366 * DAY)
    assert unknown.error == "No new entry since 2026-05-01."
    failing = standing(feed(errors=2, failing_since=NOW - DAY, error="404.", remedy="Check it."), NOW)
    assert (failing.since, failing.error, failing.remedy) == (NOW - DAY, "404.", "Check it.")
    gone = standing(feed(gone=True, error="410.", failing_since=NOW - DAY), NOW)
    assert (gone.state, gone.since) == ("gone", NOW)
    assert standing(feed(remedy="A notice."), NOW).remedy == "A notice."
    assert quiet_since(feed()) is None


def test_a_flood_is_told_whatever_the_state() -> None:
    """A flood changes no state: it is a notice, and advice beside what else there is to do."""
    found = standing(feed(flood=Flood(NOW, 80), remedy="A notice."), NOW)
    assert (found.state, found.error, found.remedy) == ("ok", "", "A notice.")
    assert found.advice.startswith("A notice. A flood: 80 entries")
    assert len(found.notices) == 1
    assert standing(feed(), NOW).advice == ""
