"""What systemd is told, where it started us (Type=notify, sd_notify(3)): that we are ready, alive, stopping.

Alive is what does its work: the watchdog is fed only by a process whose parts say that they do theirs. One that hangs
goes silent, and systemd starts it anew.
"""

from __future__ import annotations

import socket
import time
from typing import TYPE_CHECKING, Self

import structlog

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from aggregator.run.schedule import Schedule

_log = structlog.get_logger(__name__)
_USUAL = 10.0
"""Seconds between two beats where no watchdog asks for more."""
_BEGINNING = 60.0
"""Seconds in which parts that have not begun to work are no trouble."""


class Service:
    """Tells whoever supervises this process how it is; without one, nobody."""

    def __init__(self, address: str | None, watchdog: float | None = None) -> None:
        """`address` of a datagram socket, `@` for an abstract one; `watchdog`: seconds in which it expects a sign."""
        self._address = None if address is None else address.replace("@", "\0", 1)
        self.pause = _USUAL if watchdog is None else min(_USUAL, watchdog / 3)
        """Seconds between two beats."""
        self._ready = False
        self._begun = time.monotonic()

    @classmethod
    def of(cls, environment: Mapping[str, str], pid: int) -> Self:
        """Return what systemd put into the environment of this process; another's watchdog is none of ours."""
        address = environment.get("NOTIFY_SOCKET")
        microseconds = environment.get("WATCHDOG_USEC", "")
        is_mine = environment.get("WATCHDOG_PID", str(pid)) == str(pid)
        return cls(
            address if address and address[0] in "/@" else None,
            int(microseconds) / 1e6 if is_mine and microseconds.isdecimal() else None,
        )

    def beat_on(self, schedule: Schedule, trouble: Callable[[], Awaitable[str | None]]) -> None:
        """Look at intervals whether all parts do their work: `trouble` says in words what does not."""

        async def beat() -> None:
            self._heard(await trouble())

        schedule.every(self.pause, beat, at_once=True)

    def _heard(self, trouble: str | None) -> None:
        if trouble is not None:
            if self._ready or time.monotonic() - self._begun > _BEGINNING:
                _log.warning("service.stuck", trouble=trouble)
            self._tell(f"STATUS={trouble}")
        elif self._ready:
            self._tell("WATCHDOG=1")
        else:
            self._ready = True
            self._tell("READY=1", "WATCHDOG=1", "STATUS=running")

    def stopping(self) -> None:
        """Tell that the end was asked for."""
        self._tell("STOPPING=1", "STATUS=stopping")

    def _tell(self, *words: str) -> None:
        if self._address is None:
            return
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as to:
                to.sendto("\n".join(words).encode(), self._address)
        except OSError as error:
            _log.warning("service.not_told", error=str(error))
