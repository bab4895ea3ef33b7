"""How many requests one tick may send out: few until somebody has answered, and after our network was down."""

from __future__ import annotations

FIRST = 8
"""Requests of the first tick. Should it be our network that is down, so few sources are told as silent before that
shows; once one has answered, which takes a second, there is no need to be careful."""


class Pace:
    """Grows from tick to tick to all that there is room for."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._next = FIRST
        self._was_down = False
        self._is_blind = True
        """Nobody has answered yet, and nothing has shown that our network is down."""

    @property
    def is_full(self) -> bool:
        """The next tick may send out all that there is room for."""
        return not self._was_down and self._next >= self._most

    def tick(self, most: int, *, down: bool) -> tuple[int, bool]:
        """Return how many requests this tick may send out, at most `most`, and whether it is the first after an outage.

        While our network is down one request a tick finds out whether it still is; after that, what has gathered goes
        out in growing numbers rather than all at once.
        """
        self._most = most
        now = 1 if down else min(self._next, most)
        self._next = 2 * now
        is_back, self._was_down = self._was_down and not down, down
        self._is_blind = self._is_blind and not down
        return now, is_back

    def answered(self) -> None:
        """Take note that a source has given a good answer."""
        if self._is_blind:
            self._is_blind, self._next = False, self._most
