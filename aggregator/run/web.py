"""The web process: the daemon's child, on a socket that the daemon keeps open over the child's restarts."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import socket
import sys
from typing import TYPE_CHECKING

import structlog

from aggregator.errors import Unavailable

if TYPE_CHECKING:
    from collections.abc import Sequence

_log = structlog.get_logger(__name__)
_BACKLOG = 1024
_STOP_SECONDS = 5.0
_LONGEST_PAUSE = 30.0


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


class WebProcess:
    """Keeps one child running `python -m aggregator.serve` on the socket."""

    def __init__(self, listener: socket.socket, arguments: Sequence[str]) -> None:
        """`arguments`: what the child is told beside the socket's number."""
        self._listener = listener
        self._arguments = arguments
        self._child: asyncio.subprocess.Process | None = None
        self._stopping = False

    @property
    def address(self) -> str:
        """Where this machine's clients reach it."""
        host, port = self._listener.getsockname()[:2]
        name = "localhost" if host in ("127.0.0.1", "0.0.0.0", "::", "::1") else host  # noqa: S104 - compared only
        return f"http://{name}:{port}/"

    async def start(self) -> None:
        """Start the child; its standard input is the leash: it ends when the daemon does, however that ends."""
        number = self._listener.fileno()
        self._child = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "aggregator.serve", "--fd", str(number), *self._arguments,
            stdin=asyncio.subprocess.PIPE, pass_fds=(number,),
        )  # fmt: skip

    async def keep(self) -> None:
        """Restart the child when it ends unasked, at growing pauses."""
        pause = 0.5
        while self._child is not None:
            status = await self._child.wait()
            if self._stopping:
                return
            _log.error("web.ended", status=status, restart_in=pause)
            await asyncio.sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE)
            await self.start()

    async def stop(self) -> None:
        """End the child, gently first."""
        self._stopping = True
        child = self._child
        if child is not None and child.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                child.terminate()
            try:
                await asyncio.wait_for(child.wait(), _STOP_SECONDS)
            except TimeoutError:
                child.kill()
                await child.wait()
        self._listener.close()
