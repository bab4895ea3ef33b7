"""Many hosts on loopback, in a process of their own: every address of 127.0.0.0/8 is one, and is watched.

    python crowd.py SECONDS            prints its port; an answer takes so long

Feed N of a host is at /N: two entries that no other has, 304 to whom has them. 127.0.0.1 is the desk: GET /watched
tells as JSON what was asked, and which hosts while they were being asked; GET /forget begins to count anew.
"""

from __future__ import annotations

import asyncio
import json
import re
import sys
from collections import Counter
from typing import cast

_PATH = re.compile(rb"GET (\S+) HTTP/1\.[01]\r\n")
_DESK = "127.0.0.1"


class Watched:
    """What hosts were asked, and when they were asked at the same time."""

    def __init__(self) -> None:
        self.asked: Counter[str] = Counter()
        self.under_way: Counter[str] = Counter()
        self.at_once: list[str] = []

    def begin(self, host: str, path: str) -> None:
        """Note a request."""
        self.asked[f"{host}{path}"] += 1
        if self.under_way[host]:
            self.at_once.append(host)
        self.under_way[host] += 1

    def told(self) -> bytes:
        """Return what was seen, as JSON."""
        again = {address: count for address, count in self.asked.items() if count > 1}
        seen = {"requests": self.asked.total(), "addresses": len(self.asked), "at_once": self.at_once, "again": again}
        return json.dumps(seen).encode()

    def forget(self) -> None:
        """Count anew."""
        self.asked.clear()
        self.at_once.clear()


def document(host: str, path: str) -> bytes:
    """Return a feed of two entries."""
    name = f"http://{host}{path}"
    items = "".join(
        f"<item><title>Story {number} of {host}, feed {path[1:]}</title><link>{name}/{number}</link>"
        f"<guid>{name}/{number}</guid><description>Told by feed {path[1:]} of {host} as its number {number}."
        "</description></item>"
        for number in (1, 2)
    )
    head = f"<title>{host}{path}</title><link>{name}</link><description>d</description>"
    return f'<?xml version="1.0"?><rss version="2.0"><channel>{head}{items}</channel></rss>'.encode()


class Host(asyncio.Protocol):
    """A connection to one of the hosts."""

    def __init__(self, watched: Watched, seconds: float) -> None:
        self._watched, self._seconds = watched, seconds
        self._received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Learn which host it is."""
        self._transport = cast("asyncio.Transport", transport)
        self._host = str(transport.get_extra_info("sockname")[0])

    def data_received(self, data: bytes) -> None:
        """Answer once the request is whole."""
        self._received += data
        if not self._received.endswith(b"\r\n\r\n"):
            return
        request, self._received = self._received, b""
        found = _PATH.match(request)
        path = found[1].decode() if found else "/"
        if self._host == _DESK:
            self._answer(200, self._asked_desk(path))
            return
        self._watched.begin(self._host, path)
        known = b"if-none-match" in request.lower()
        asyncio.get_running_loop().call_later(self._seconds, self._end, path, known)

    def _asked_desk(self, path: str) -> bytes:
        if path == "/forget":
            self._watched.forget()
        return self._watched.told()

    def _end(self, path: str, known: bool) -> None:  # noqa: FBT001 - given by call_later
        self._watched.under_way[self._host] -= 1
        self._answer(304 if known else 200, b"" if known else document(self._host, path))

    def _answer(self, status: int, body: bytes) -> None:
        head = f'HTTP/1.1 {status} OK\r\nETag: "1"\r\nContent-Type: application/rss+xml\r\nContent-Length: {len(body)}'
        self._transport.write(f"{head}\r\nConnection: close\r\n\r\n".encode() + body)
        self._transport.close()


async def serve(seconds: float) -> None:
    """Serve until killed, or left by whoever started it."""
    watched = Watched()
    everywhere = "0.0.0.0"  # noqa: S104 - for as long as the benchmark takes
    server = await asyncio.get_running_loop().create_server(lambda: Host(watched, seconds), everywhere, 0, backlog=4096)
    print(server.sockets[0].getsockname()[1], flush=True)
    await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(serve(float(sys.argv[1])))
