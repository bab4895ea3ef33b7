"""A publisher of many feeds on loopback, in a process of its own: raw sockets, all answers made beforehand.

    python publisher.py FEEDS            prints its port

Feed N is at /N. GET /mode/WORD changes what all feeds answer: `conditional` (304 to whom has it), `whole` (200 always),
`news-K` (conditional again, and each document has K entries more, on top, the oldest gone).
"""

from __future__ import annotations

import asyncio
import hashlib
import re
import sys

ENTRIES = 20
PARAGRAPH = "<p>" + "A model that reads the news and says what it did not understand. " * 8 + "</p>"
_PATH = re.compile(rb"GET /(\S+) HTTP/1\.[01]\r\n")
_ETAG = re.compile(rb"\r\nif-none-match: *([^\r]+)\r\n", re.IGNORECASE)


def document(feed: int, first: int = 0) -> bytes:
    """Return a feed of 20 entries with full content, numbered from `first`, the newest on top."""
    items = "".join(_item(feed, number) for number in range(first + ENTRIES - 1, first - 1, -1))
    head = f"<title>Feed {feed}</title><link>https://s{feed}.example/</link><description>d</description>"
    return (
        '<?xml version="1.0"?><rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/">'
        f"<channel>{head}<language>en</language>{items}</channel></rss>"
    ).encode()


def _item(feed: int, number: int) -> str:
    address = f"https://s{feed}.example/{number}"
    date = (
        f"Mon, {number % 28 + 1:02} Jun 2026 {feed // 60 % 24:02}:{feed % 60:02}:{(feed // 1440 + number) % 60:02} GMT"
    )
    content = f"{PARAGRAPH * 3}<p>Written for feed {feed} as number {number}.</p>"
    return (
        f"<item><title>Feed {feed}, story {number}</title><link>{address}</link><guid>{address}</guid>"
        f"<pubDate>{date}</pubDate><description>Story {number} in short.</description>"
        f"<content:encoded><![CDATA[{content}]]></content:encoded></item>"
    )


class Publisher:
    """The feeds' answers as they are now."""

    def __init__(self, feeds: int) -> None:
        self._feeds = feeds
        self._whole = False
        self._publish(0)

    def _publish(self, first: int) -> None:
        self._answers = [_answers(document(feed, first)) for feed in range(self._feeds)]

    def change(self, mode: str) -> None:
        """Answer differently from now on."""
        self._whole = mode == "whole"
        if mode.startswith("news-"):
            self._publish(int(mode.removeprefix("news-")))

    def answer(self, request: bytes) -> bytes:
        """Return the answer to a request's head."""
        path = _PATH.match(request)
        name = path[1].decode() if path else "?"
        if name.startswith("mode/"):
            self.change(name.removeprefix("mode/"))
            return b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n"
        if not name.isdigit():
            return b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
        etag, whole, unchanged = self._answers[int(name)]
        said = _ETAG.search(request)
        return unchanged if said and said[1] == etag and not self._whole else whole


def _answers(body: bytes) -> tuple[bytes, bytes, bytes]:
    etag = b'"' + hashlib.sha256(body).hexdigest()[:16].encode() + b'"'
    head = b"Content-Type: application/rss+xml\r\nETag: " + etag + b"\r\nConnection: close\r\n"
    whole = b"HTTP/1.1 200 OK\r\n" + head + b"Content-Length: %d\r\n\r\n" % len(body) + body
    return etag, whole, b"HTTP/1.1 304 Not Modified\r\n" + head + b"\r\n"


class _Connection(asyncio.Protocol):
    def __init__(self, publisher: Publisher) -> None:
        self._publisher, self._received = publisher, b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._received += data
        if b"\r\n\r\n" in self._received:
            self._transport.write(self._publisher.answer(self._received))  # type: ignore[attr-defined]
            self._transport.close()


async def main(feeds: int) -> None:
    """Serve until killed."""
    publisher = Publisher(feeds)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: _Connection(publisher), "127.0.0.1", 0, backlog=1024)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1])))
