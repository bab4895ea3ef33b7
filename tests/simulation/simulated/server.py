"""One server for all publishers, on loopback and in fake time, and its log."""

from __future__ import annotations

import asyncio
import contextlib
import re
import socket
import struct
from collections import Counter
from dataclasses import dataclass, field
from email.utils import format_datetime
from typing import TYPE_CHECKING, Any, Self

from simulated.clock import FakeLoop, asking
from simulated.log import Line
from simulated.publishers import Answer, Publisher, away_target

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from simulated.log import Verdict

_PATIENCE = 29.0
"""Seconds after which a client may give up and blame the server."""
_DRIPS = 60
_NAME = re.compile(r"feed-id (\w+)")


@dataclass
class _Visit:
    """A request under way."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    key: str
    host: str
    target: str
    method: str
    headers: list[tuple[str, str]]
    at: datetime
    sent: datetime | None = None
    left: bool = False
    """The client has hung up."""


@dataclass
class Server:
    """Answers for all hosts; an async context manager."""

    loop: FakeLoop
    publishers: Iterable[Publisher]
    log: list[Line] = field(default_factory=list)
    strangers: list[str] = field(default_factory=list)
    """Requests for what does not exist."""
    port: int = 0

    def __post_init__(self) -> None:
        self._places: dict[tuple[str, str], tuple[Publisher, bool]] = {}
        for each in self.publishers:
            self._places[each.resource.host, each.resource.target] = (each, False)
            for fault in each.faults:
                away = fault.more.partition(" ")[0]
                self._places[away, away_target(each.resource.name)] = (each, True)
        self._open: Counter[str] = Counter()
        self._counts: Counter[str] = Counter()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, backlog=200)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        await self._server.wait_closed()

    async def closed(self, key: str) -> None:
        """Wait until a subscription's connections are closed on this side, too."""
        while self._open[key]:
            await asyncio.sleep(0)

    def url(self, publisher: Publisher) -> str:
        """Return a feed's address."""
        return f"http://{publisher.resource.host}:{self.port}{publisher.resource.target}"

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        key = ""
        try:
            with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
                key = (_NAME.search(head) or [head, head])[1]
                self._open[key] += 1
                await self._answer(self._visit(reader, writer, key, head))
        finally:
            writer.close()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()
            self._open[key] -= 1

    def _visit(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, key: str, head: str) -> _Visit:
        first, *lines = head.strip().split("\r\n")
        method, target, _ = first.split(" ")
        headers = [(name, value) for name, _, value in (line.partition(": ") for line in lines)]
        host = next(value for name, value in headers if name.lower() == "host").partition(":")[0]
        return _Visit(reader, writer, key, host, target, method, headers, self.loop.now())

    async def _answer(self, visit: _Visit) -> None:
        if visit.target == "/sitemap.xml":  # asked once after a gap; these sites have none
            visit.writer.write(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
            return
        if (visit.host, visit.target) not in self._places:
            self.strangers.append(f"{visit.method} {visit.host}{visit.target}")
            return
        publisher, away = self._places[visit.host, visit.target]
        name = publisher.resource.name
        self._counts[name] += 1
        await self._pass(visit, publisher.delay)
        asked = {name.lower(): value for name, value in visit.headers}
        now = self.loop.now()
        answer = publisher.redirect(now, self.port, away=away) or publisher.answer(asked, now, self._counts[name])
        headers = {"Date": format_datetime(now.replace(microsecond=0), usegmt=True), **answer.headers}
        if not visit.left:
            await self._send(visit, answer, headers)
        end = self.loop.now()
        self.log.append(
            Line(
                visit.at, visit.sent or end, end, name, visit.host, visit.target, visit.method, tuple(visit.headers),
                status=answer.status if visit.sent else 0,
                answer=headers if visit.sent else {},
                verdict=_verdict(visit, answer, end),
            )
        )  # fmt: skip

    async def _send(self, visit: _Visit, answer: Answer, headers: dict[str, str]) -> None:
        if answer.manner == "hang":
            await self._pass(visit, 600)
            return
        if answer.manner == "reset":
            raw: Any = visit.writer.get_extra_info("socket")
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            visit.writer.transport.abort()
            return
        length = {} if answer.status == 304 else {"Content-Length": str(len(answer.body))}
        lines = [
            f"HTTP/1.1 {answer.status} Whatever",
            *(f"{key}: {value}" for key, value in (length | headers).items()),
        ]
        visit.writer.write("\r\n".join([*lines, "Connection: close", "", ""]).encode("latin-1"))
        visit.sent = self.loop.now()
        if answer.manner == "drip":
            await self._drip(visit)
        elif answer.status != 304:
            visit.writer.write(answer.body)
        await visit.writer.drain()

    async def _drip(self, visit: _Visit) -> None:
        for _ in range(_DRIPS):
            if visit.left:
                return
            visit.writer.write(b"<")
            await self._pass(visit, 1)

    async def _pass(self, visit: _Visit, seconds: float) -> None:
        """Let fake time pass, but no longer than the client waits."""
        with self.loop.work.wait(visit.key), contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                with contextlib.suppress(ConnectionError):
                    await visit.reader.read(1)
                visit.left = True


def _verdict(visit: _Visit, answer: Answer, end: datetime) -> Verdict:
    if visit.left and (end - visit.at).total_seconds() < _PATIENCE:
        return "abandoned"
    if 300 < answer.status < 400 and answer.status != 304:
        return "redirect"
    return "good" if answer.good and not visit.left else "failure"


@dataclass
class Names:
    """A resolver for which all names are on loopback, save those that are down."""

    loop: FakeLoop
    publishers: Iterable[Publisher]
    outages: list[tuple[datetime, datetime]]

    def __post_init__(self) -> None:
        self._by_host: dict[str, list[Publisher]] = {}
        for each in self.publishers:
            self._by_host.setdefault(each.resource.host, []).append(each)

    async def resolve(self, host: str, port: int = 0, family: int = socket.AF_INET) -> list[dict[str, Any]]:
        """Look a name up; while our network is down that takes a second, and finds nothing."""
        now = self.loop.now()
        if any(start <= now < end for start, end in self.outages):
            with self.loop.work.wait(asking.get()):
                await asyncio.sleep(1)
            raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")
        if any(each.fault(now, "dns") for each in self._by_host.get(host, ())):
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return [{"hostname": host, "host": "127.0.0.1", "port": port, "family": family, "proto": 0, "flags": 0}]

    async def close(self) -> None:
        """Nothing to close."""
