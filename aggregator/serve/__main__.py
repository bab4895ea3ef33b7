"""The web process: python -m aggregator.serve --fd N --database FILE --renditions DIR.

The daemon starts it on a socket that it listens on already, and holds its standard input: when that ends, this
process stops by itself. It ends on SIGTERM too; SIGINT, which a terminal sends to both, is the daemon's to judge.
"""

from __future__ import annotations

import argparse
import asyncio
import functools
import os
import resource
import signal
import socket
import stat
from pathlib import Path
from typing import TYPE_CHECKING

import uvicorn
from uvicorn.protocols.http.auto import AutoHTTPProtocol

from aggregator.config.addresses import is_server
from aggregator.config.logs import FORMATS, set_up_logs
from aggregator.publish.renditions import Renditions
from aggregator.serve import limits
from aggregator.serve.app import create_app
from aggregator.serve.health import ask_daemon
from aggregator.serve.repeats import Repeats, repeating
from aggregator.store.opening import DATABASE

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from types import FrameType

    from starlette.types import ASGIApp

_STOP_SECONDS = 3
_OPEN_FILES = 4_096
_STDIN = 0
_MUCH = 4_096
_PATIENCE = 8.0
"""Seconds in which the daemon must answer whoever has to wait for it: less than a connection has."""


class _Server(uvicorn.Server):
    """Uvicorn, without its own ideas about signals."""

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:  # noqa: ARG002 - uvicorn's signature
        if sig == signal.SIGTERM:
            self.stop()

    def stop(self) -> None:
        """Answer what has been asked, then end."""
        self.should_exit = True


def main(arguments: Sequence[str] | None = None) -> None:
    """Serve until the parent goes or says so."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    options = _options(arguments)
    set_up_logs(options.log_format, verbose=options.verbose)
    _allow_open_files()
    ask = functools.partial(ask_daemon, options.renditions.parent / "lock")
    tell = functools.partial(ask, patience=_PATIENCE)
    renditions = Renditions(options.renditions)
    config = configuration(create_app(renditions, options.database, ask, tell), Repeats(renditions))
    if options.wait and not os.read(_STDIN, _MUCH):
        return
    with socket.socket(fileno=options.fd) as listener, asyncio.Runner(loop_factory=config.get_loop_factory()) as runner:
        runner.run(_serve(_Server(config), listener))


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m aggregator.serve", description="Serve what the daemon publishes.")
    parser.add_argument("--fd", type=int, required=True, help="number of the open file that listens")
    server = _server(os.environ)
    parser.add_argument("--database", type=Path, required=server is None, help="the SQLite file; only read")
    parser.add_argument("--renditions", type=Path, required=True, help="folder of the published documents")
    parser.add_argument("--log-format", choices=FORMATS, default="json", help="of what it says on stderr")
    parser.add_argument("--wait", action="store_true", help="load, and serve once something comes on stdin")
    parser.add_argument("--verbose", action="store_true", help="say more")
    options = parser.parse_args(arguments)
    options.database = options.database or server
    return options


def _server(environment: Mapping[str, str]) -> str | None:
    """Return the address of a database on a server: it may hold a password, which all may read in a command line."""
    named = environment.get(DATABASE, "")
    return named if is_server(named) else None


def configuration(
    app: ASGIApp, repeats: Repeats, protocol: type[asyncio.Protocol] = AutoHTTPProtocol
) -> uvicorn.Config:
    """Return how uvicorn serves: no headers are believed, nothing is waited for without end."""
    return uvicorn.Config(
        limits.bounded(app),
        http=repeating(limits.limited(protocol), repeats),
        ws="none",
        lifespan="on",
        log_config=None,
        log_level="error",
        access_log=False,
        proxy_headers=False,
        server_header=False,
        date_header=True,
        timeout_keep_alive=5,
        timeout_graceful_shutdown=_STOP_SECONDS,
        limit_concurrency=limits.CONNECTIONS + 24,
        h11_max_incomplete_event_size=limits.HEAD_BYTES,
    )


def _allow_open_files() -> None:
    """Ask for enough files for all connections; the usual soft limit is 1024."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _OPEN_FILES if hard == resource.RLIM_INFINITY else min(_OPEN_FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


async def _serve(server: _Server, listener: socket.socket) -> None:
    mode = os.fstat(_STDIN).st_mode
    if stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode):
        asyncio.get_running_loop().add_reader(_STDIN, _hold_leash, server)
    await server.serve(sockets=[listener])


def _hold_leash(server: _Server) -> None:
    """Stop when the parent has let go of standard input."""
    if not os.read(_STDIN, _MUCH):
        asyncio.get_running_loop().remove_reader(_STDIN)
        server.stop()


if __name__ == "__main__":
    main()
