"""The control socket: commands reach the running daemon, one JSON object a line each way.

A client sends one line, `{"command": "poll", ...}`, and reads lines until one says `"done": true`. Only this
user may connect. Its address stands in the lock file: normally `control.sock` beside the database, elsewhere
when that path is longer than the system allows for a socket (about 100 bytes).
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import shutil
import socket
import stat
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, cast

import structlog

from aggregator.decide.choice import Choice
from aggregator.errors import AggregatorError, Unavailable, Usage

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Iterator, Mapping

_log = structlog.get_logger(__name__)
_MAX_PATH = 100
_MAX_LINE = 2**20


class ControlServer:
    """Listens beside the database and hands each command to its handler; an async context manager."""

    def __init__(
        self, folder: Path, handlers: Mapping[str, Callable[[dict[str, Any]], AsyncGenerator[dict[str, Any], None]]]
    ) -> None:
        """`handlers`: command -> an async generator of answer lines; the closing line is added."""
        self._handlers = handlers
        self._running: set[asyncio.Task[None]] = set()
        self._own_folder: str | None = None
        self.path = folder / "control.sock"
        if len(os.fsencode(self.path.absolute())) > _MAX_PATH:
            self._own_folder = tempfile.mkdtemp(prefix="aggregator-")
            self.path = Path(self._own_folder) / "control.sock"

    async def __aenter__(self) -> Self:
        """Listen; Unavailable when a file that is no socket has the name."""
        if not self._remove_socket():
            raise Unavailable(
                f"{self.path} is in the way: it is no socket.", "Move it away, or choose another place with --database."
            )
        mask = os.umask(0o177)
        try:
            self._server = await asyncio.start_unix_server(self._serve, str(self.path.absolute()), limit=_MAX_LINE)
        finally:
            os.umask(mask)
        return self

    async def __aexit__(self, *_: object) -> None:
        """Hang up: commands that are still running are told that the daemon stops, and cancelled."""
        self._server.close()
        for task in self._running:
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)
        self._remove_socket()
        if self._own_folder is not None:
            shutil.rmtree(self._own_folder, ignore_errors=True)

    def _remove_socket(self) -> bool:
        """Remove our socket, or what a killed process (the lock proves that it is dead) left of it; no other file."""
        try:
            if stat.S_ISSOCK(self.path.lstat().st_mode):
                self.path.unlink()
                return True
        except FileNotFoundError:
            return True
        return False

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = cast("asyncio.Task[None]", asyncio.current_task())
        self._running.add(task)
        try:
            with contextlib.suppress(ConnectionError):
                await _send(writer, await self._carried_out(reader, writer))
        finally:
            self._running.discard(task)
            writer.close()

    async def _carried_out(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> dict[str, Any]:
        """Carry out a command, sending its answers, and return the closing line."""
        try:
            async with contextlib.aclosing(self._answers(await _line(reader))) as answers:
                async for answer in answers:
                    await _send(writer, answer)
        except AggregatorError as error:
            return _closing(error)
        except asyncio.CancelledError:
            return _closing(Unavailable("The daemon is stopping.", "Start it again, then repeat the command."))
        except ConnectionError:
            raise
        except Exception as error:  # noqa: BLE001 - told to the one who asked; the daemon goes on
            _log.critical("control.mistake", exc_info=True)
            return _closing(AggregatorError(f"The daemon made a mistake: {error!r}.", "Please report it with its log."))
        return {"done": True}

    def _answers(self, line: bytes) -> AsyncGenerator[dict[str, Any], None]:
        try:
            request = json.loads(line)
            handler = self._handlers[request["command"]]
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise Usage("The daemon does not know this command.", "Is it of the same version?") from error
        return handler(request)


async def _line(reader: asyncio.StreamReader) -> bytes:
    try:
        return await reader.readline()
    except ValueError as error:
        raise Usage(f"A command has at most {_MAX_LINE} bytes.", "Name fewer sources.") from error


def _closing(error: AggregatorError) -> dict[str, Any]:
    return {"done": True, "error": error.message, "remedy": error.remedy, "exit_code": error.exit_code}


async def _send(writer: asyncio.StreamWriter, line: dict[str, Any]) -> None:
    writer.write(json.dumps(line).encode() + b"\n")
    await writer.drain()


def call(path: Path, command: dict[str, Any], *, timeout: float | None = None) -> Iterator[dict[str, Any]]:
    """Send a command to the daemon and yield its answer lines, the closing one included.

    Raises what the command raised there, or Unavailable when the daemon does not answer.
    """
    try:
        with contextlib.closing(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)) as connection:
            connection.settimeout(timeout)
            connection.connect(str(path))
            connection.sendall(json.dumps(command).encode() + b"\n")
            for line in connection.makefile("rb"):
                answer = json.loads(line)
                if answer.get("done") and "error" in answer:
                    raise _remote(answer)
                yield answer
                if answer.get("done"):
                    return
    except (OSError, ValueError) as error:
        raise Unavailable(f"The daemon does not answer ({error}).", "Is it stopping? Try again in a moment.") from error
    raise Unavailable("The daemon broke off.", "Its log says why.")


def _remote(answer: dict[str, Any]) -> AggregatorError:
    error = AggregatorError(str(answer["error"]), str(answer.get("remedy", "")))
    error.exit_code = int(answer.get("exit_code", 1))
    return error


def choice_from(request: dict[str, Any]) -> Choice:
    """Read the choice that a `poll` command carries; raise Usage when it is none."""
    urls = request.get("urls", [])
    flags = {name: request.get(name, False) for name in ("every", "force", "refetch", "exact")}
    if not isinstance(urls, list) or not all(isinstance(url, str) for url in urls):
        raise Usage("`urls` of the command is not a list of addresses.", 'Write "urls": ["https://HOST/PATH"].')
    if wrong := next((name for name, flag in flags.items() if not isinstance(flag, bool)), None):
        raise Usage(f"`{wrong}` of the command is neither true nor false.", f'Write "{wrong}": true.')
    return Choice(frozenset(urls), **flags)
