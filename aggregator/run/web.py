"""The web process: the daemon's child, on a socket that the daemon keeps open over the child's restarts."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import http.client
import os
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Self
from urllib.parse import urlsplit

import structlog

from aggregator.config.logs import log_arguments
from aggregator.errors import Unavailable
from aggregator.store.opening import DATABASE

if TYPE_CHECKING:
    from urllib.parse import SplitResult

    from aggregator.store.opening import Place

_log = structlog.get_logger(__name__)
_BACKLOG = 1024
_STOP_SECONDS = 5.0
_LONGEST_PAUSE = 30.0
GO = b"go\n"
"""What a child that waits is told on its standard input."""
_PATIENCE = 3.0
"""Seconds in which it must say that it is alive."""


def listen(host: str, port: int) -> socket.socket:
    """Open the listening socket; Unavailable when the port is taken or the address is not ours."""
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
        listener = socket.socket(family, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(_BACKLOG)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise Unavailable(
                f"Port {port} on {host} is taken by another program.", f"Choose another one: --port {port + 1}"
            ) from error
        if error.errno == errno.EACCES:
            raise Unavailable(f"Port {port} needs special rights.", "Choose one above 1023: --port 8080") from error
        raise Unavailable(f"{host}:{port} cannot be listened on ({error}).", "Check --host and --port.") from error
    return listener


def address_of(listener: socket.socket) -> str:
    """Return where this machine's clients reach a listening socket."""
    host, port = listener.getsockname()[:2]
    name = "localhost" if host in ("127.0.0.1", "0.0.0.0", "::", "::1") else host  # noqa: S104 - compared only
    name = f"[{name}]" if ":" in name else name
    return f"http://{name}:{port}/"


async def until_stopped() -> None:
    """Wait for SIGTERM or SIGINT."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await stop.wait()


def _trouble(address: SplitResult) -> str | None:
    connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=_PATIENCE)
    try:
        connection.request("GET", "/healthz")
        status = connection.getresponse().status
    except (OSError, http.client.HTTPException) as error:
        return f"the web process does not answer ({error})"
    finally:
        connection.close()
    return None if status == http.client.OK else f"the web process answers {status}"


class WebProcess:
    """Keeps one child running `python -m aggregator.serve` on a socket.

    As a context manager it has the child load its program, while this process goes on with its own; once the object is
    entered as an asynchronous one too, the child serves. It ends with either.
    """

    def __init__(self, listener: socket.socket, database: Place, renditions: Path) -> None:
        self._listener = listener
        self._arguments: tuple[str, ...] = ("--renditions", str(renditions))
        self._environment = dict(os.environ)
        if isinstance(database, Path):
            self._arguments += ("--database", str(database))
        else:  # it may hold a password, which a command line would show to every user
            self._environment[DATABASE] = database
        self._child: subprocess.Popen[bytes] | None = None

    @property
    def address(self) -> str:
        """Where this machine's clients reach it."""
        return address_of(self._listener)

    async def trouble(self) -> str | None:
        """Ask it whether it is alive, as a client would; return in words that it is not, else None."""
        return await asyncio.to_thread(_trouble, urlsplit(self.address))

    def __enter__(self) -> Self:
        self._child = self._start("--wait")
        return self

    def __exit__(self, *_: object) -> None:
        if self._child is not None:
            _end(self._child)
        self._listener.close()

    async def __aenter__(self) -> Self:
        if self._child is None:
            self._child = self._start()
        elif self._child.stdin is not None:
            with contextlib.suppress(BrokenPipeError):  # it has ended: that is noticed next
                self._child.stdin.write(GO)
        self._keeper = asyncio.create_task(self._keep(self._child))
        return self

    async def __aexit__(self, *_: object) -> None:
        self._keeper.cancel()
        await asyncio.gather(self._keeper, return_exceptions=True)
        if self._child is not None:
            await asyncio.to_thread(_end, self._child)
        self._listener.close()

    def _start(self, *words: str) -> subprocess.Popen[bytes]:
        """Start the child; its standard input is the leash: it ends when this process does, however that ends."""
        number = self._listener.fileno()
        return subprocess.Popen(  # noqa: S603 - our own program, and no shell
            [sys.executable, "-m", "aggregator.serve", "--fd", str(number), *self._arguments, *log_arguments(), *words],
            stdin=subprocess.PIPE, bufsize=0, pass_fds=(number,), env=self._environment,
        )  # fmt: skip

    async def _keep(self, child: subprocess.Popen[bytes]) -> None:
        """Restart the child when it ends unasked, at growing pauses."""
        pause = 0.5
        while True:
            status = await _ended(child)
            _end(child)
            _log.error("web.ended", status=status, restart_in=pause)
            await asyncio.sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE)
            self._child = child = self._start()


async def _ended(child: subprocess.Popen[bytes]) -> int:
    """Wait for the end of a child; return its status.

    In a thread of its own, as asyncio does it: those that asyncio lends are few, and this one waits for days.
    """
    loop, ended = asyncio.get_running_loop(), asyncio.Event()

    def wait() -> None:
        child.wait()
        with contextlib.suppress(RuntimeError):  # the loop has ended before
            loop.call_soon_threadsafe(ended.set)

    threading.Thread(target=wait, name="web-ended", daemon=True).start()
    await ended.wait()
    return child.wait()


def _end(child: subprocess.Popen[bytes]) -> None:
    """End a child, gently first, and let go of its leash."""
    child.terminate()
    try:
        child.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()
    if child.stdin is not None:
        child.stdin.close()
