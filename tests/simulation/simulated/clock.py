"""Fake time: an event loop whose clock moves only when nothing real is going on."""

from __future__ import annotations

import asyncio
import contextlib
import selectors
import time
from contextvars import ContextVar
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

START = datetime(2026, 5, 1, 15, tzinfo=UTC)
"""A Friday: most of the day that is played is a Saturday."""
_STUCK = 60.0
"""Real seconds without any event after which the simulation is taken to be stuck."""
asking: ContextVar[str] = ContextVar("asking")
"""The subscription that is being asked for."""


class Work:
    """What keeps the fake clock from moving: threads and parsers at work, and requests that wait for no moment."""

    def __init__(self) -> None:
        self.outside = 0
        """Calls into threads and processes that have not ended."""
        self._asking: set[str] = set()
        self._waiting: set[str] = set()
        """Those of `_asking` that wait for a moment to come."""
        self._ending: set[str] = set()

    @property
    def is_going_on(self) -> bool:
        """Something real will happen by itself."""
        return self.outside > 0 or bool(self._asking - self._waiting) or bool(self._ending)

    @contextlib.contextmanager
    def elsewhere(self) -> Iterator[None]:
        """Count a call to another thread or process."""
        self.outside += 1
        try:
            yield
        finally:
            self.outside -= 1

    @contextlib.contextmanager
    def wait(self, key: str) -> Iterator[None]:
        """Let time pass for one request."""
        self._waiting.add(key)
        try:
            yield
        finally:
            self._waiting.discard(key)

    def begin(self, key: str) -> None:
        """Count a request."""
        self._asking.add(key)

    def closing(self, key: str) -> None:
        """Count a request whose connection is being closed: that takes no time."""
        self._ending.add(key)

    def end(self, key: str) -> None:
        """Forget a request."""
        for one in (self._asking, self._waiting, self._ending):
            one.discard(key)


class _Selector(selectors.SelectSelector):
    """Waits for real events while there is work; else lets the fake clock leap to what is due next."""

    def __init__(self, work: Work) -> None:
        super().__init__()
        self._work = work
        self.now = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        events = super().select(0)
        if events or (timeout is not None and timeout <= 0):
            return events
        if self._work.is_going_on or timeout is None:
            return self._really(super().select)
        self.now += timeout
        return []

    def _really(self, select: Callable[[float], Any]) -> Any:
        patience = time.monotonic() + _STUCK
        while time.monotonic() < patience:
            if events := select(0.05):
                return events
        raise RuntimeError(f"The simulation is stuck at {START + timedelta(seconds=self.now)}.")


class FakeLoop(asyncio.SelectorEventLoop):
    """An event loop in fake time; `work` is what holds its clock up."""

    def __init__(self) -> None:
        self.work = Work()
        self._fake = _Selector(self.work)
        super().__init__(self._fake)

    def time(self) -> float:
        return self._fake.now

    def now(self) -> datetime:
        """Return the fake date."""
        return START + timedelta(seconds=self._fake.now)

    def run_in_executor(self, executor: Any, func: Any, *args: Any) -> asyncio.Future[Any]:
        future = super().run_in_executor(executor, func, *args)
        self.work.outside += 1
        future.add_done_callback(self._one_less)
        return future

    def _one_less(self, _: object) -> None:
        self.work.outside -= 1
