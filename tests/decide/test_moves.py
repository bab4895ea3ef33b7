from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.decide.moves import PROOF, SIGHTINGS, is_proven, may_carry, seen
from aggregator.model import Move

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
DAY = timedelta(days=1)
NEW = "https://new.example/feed"


def test_a_move_is_believed_after_days_and_sightings() -> None:
    """Seven days and three sightings are needed, both."""
    move = None
    for day, proven in ((0, False), (3, False), (6, False), (7, True)):
        move = seen(move, NEW, NOW + day * DAY)
        assert is_proven(move, NOW + day * DAY) is proven
    twice = seen(seen(None, NEW, NOW), NEW, NOW + 9 * DAY)
    assert not is_proven(twice, NOW + 9 * DAY)
    assert not is_proven(None, NOW)


@given(answers=st.lists(st.sampled_from([NEW, "https://other.example/feed", None]), max_size=30))
def test_any_other_answer_ends_the_proof(answers: list[str | None]) -> None:
    """Only an unbroken row of redirects to one address proves a move."""
    move = None
    for hour, answer in enumerate(answers):
        move = seen(move, answer, NOW + hour * DAY)
    if is_proven(move, NOW + len(answers) * DAY):
        assert len(set(answers[-SIGHTINGS:])) == 1
        assert move == Move(NEW if answers[-1] == NEW else str(answers[-1]), move.since, move.times)
        assert move.times >= SIGHTINGS
    assert PROOF == 7 * DAY


@pytest.mark.parametrize(
    ("to", "secret", "may"),
    [
        ("https://other.example/feed", False, True),
        ("https://a.example/new", True, True),
        ("https://other.example/feed", True, False),
        ("http://a.example/new", True, False),
    ],
)
def test_secrets_stay_on_their_host(to: str, secret: bool, may: bool) -> None:
    """A source with secrets is not asked on another host, nor without TLS where it had it."""
    assert may_carry("https://a.example/feed", to, secret=secret) is may
