"""A tick sends out few requests until somebody has answered, one while our network is down, and growing numbers after."""

from __future__ import annotations

from aggregator.run.pace import FIRST, Pace

MOST = 256


def _ticks(pace: Pace, *down: bool) -> list[int]:
    return [pace.tick(MOST, down=one)[0] for one in down]


def test_the_first_answer_opens_the_way() -> None:
    """One good answer proves that our network works: the next tick sends out all that there is room for."""
    pace = Pace(MOST)
    assert _ticks(pace, False) == [FIRST]
    assert not pace.is_full
    pace.answered()
    assert pace.is_full
    assert _ticks(pace, False, False) == [MOST, MOST]


def test_without_an_answer_it_grows() -> None:
    """Where the first sources of the file are silent, the others wait some seconds at most."""
    assert _ticks(Pace(MOST), *[False] * 7) == [8, 16, 32, 64, 128, MOST, MOST]


def test_one_at_a_time_while_our_network_is_down() -> None:
    """After that it grows from two, whoever has answered; the first tick then is told to make due what waits."""
    pace = Pace(MOST)
    pace.answered()
    assert [pace.tick(MOST, down=down) for down in (False, True, True, False, False, False)] == [
        (MOST, False), (1, False), (1, False), (2, True), (4, False), (8, False)
    ]  # fmt: skip
    pace.answered()
    assert _ticks(pace, False) == [16]


def test_an_outage_at_the_start() -> None:
    """What answers at its end does not let all out at once either."""
    pace = Pace(MOST)
    assert _ticks(pace, False, True) == [FIRST, 1]
    pace.answered()
    assert _ticks(pace, False, False) == [2, 4]


def test_less_room_after_a_reload() -> None:
    """`polling.concurrency` may have been lowered."""
    pace = Pace(MOST)
    pace.answered()
    assert pace.tick(4, down=False) == (4, False)
    assert pace.tick(MOST, down=False) == (8, False)
