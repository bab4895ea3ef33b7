"""Publishers whose news go on, in a process of their own: every address of 127.0.0.0/8 is one, with a feed at /.

    python newsroom.py SECONDS FLOODING      prints its port

Each brings a new entry every SECONDS, each at another moment, and answers 304 to whom has the newest. FLOODING, an
address, brings 200 at every request.
"""

from __future__ import annotations

import asyncio
import sys
import time
from zlib import crc32

LISTED, FLOOD = 20, 200
_TEXT = "<p>" + "A model that reads the news and says what it did not understand. " * 20 + "</p>"


def document(host: str, newest: int, listed: int) -> bytes:
    """Return a feed of so many entries, the newest on top."""
    now = time.time()
    items = "".join(
        f"<item><title>{host} tells story {number}</title><link>http://{host}/{number}</link><guid>{host}-{number}</guid>"
        f"<pubDate>{time.strftime('%a, %d %b %Y %H:%M:%S GMT', time.gmtime(now - newest + number))}</pubDate>"
        f"<description><![CDATA[{_TEXT}<p>Written by {host} as its number {number}.</p>]]></description></item>"
        for number in range(newest, max(newest - listed, -1), -1)
    )
    head = f"<title>{host}</title><link>http://{host}/</link><description>d</description>"
    return f'<?xml version="1.0"?><rss version="2.0"><channel>{head}{items}</channel></rss>'.encode()


class Newsroom:
    """What each publisher has to say by now."""

    def __init__(self, seconds: float, flooding: str) -> None:
        self._seconds, self._flooding = seconds, flooding
        self._begun, self._floods = time.monotonic(), 0

    def answer(self, host: str, request: bytes) -> bytes:
        """Return the answer to a request's head."""
        if host == self._flooding:
            self._floods += FLOOD
            return _whole(document(host, self._floods, FLOOD), self._floods)
        head_start = crc32(host.encode()) % 1000 / 1000
        newest = LISTED + int((time.monotonic() - self._begun) / self._seconds + head_start)
        if b'"%d"' % newest in request:
            return b'HTTP/1.1 304 Not Modified\r\nETag: "%d"\r\nConnection: close\r\n\r\n' % newest
        return _whole(document(host, newest, LISTED), newest)


def _whole(body: bytes, number: int) -> bytes:
    head = b'HTTP/1.1 200 OK\r\nContent-Type: application/rss+xml\r\nETag: "%d"\r\nConnection: close\r\n' % number
    return head + b"Content-Length: %d\r\n\r\n" % len(body) + body


class _Connection(asyncio.Protocol):
    def __init__(self, newsroom: Newsroom) -> None:
        self._newsroom, self._received = newsroom, b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        self._host = str(transport.get_extra_info("sockname")[0])

    def data_received(self, data: bytes) -> None:
        self._received += data
        if b"\r\n\r\n" in self._received:
            self._transport.write(self._newsroom.answer(self._host, self._received))  # type: ignore[attr-defined]
            self._transport.close()


async def main(seconds: float, flooding: str) -> None:
    """Serve until killed, or left by whoever started it."""
    newsroom = Newsroom(seconds, flooding)
    everywhere = "0.0.0.0"  # noqa: S104 - for as long as the benchmark takes
    server = await asyncio.get_running_loop().create_server(lambda: _Connection(newsroom), everywhere, 0, backlog=4096)
    print(server.sockets[0].getsockname()[1], flush=True)
    await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(main(float(sys.argv[1]), sys.argv[2]))
