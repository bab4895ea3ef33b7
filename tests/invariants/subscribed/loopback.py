"""Publishers on loopback that serve a world's feeds, and fail now and then."""

from __future__ import annotations

import contextlib
import hashlib
import html
import threading
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from aggregator.model import Item


class Publishers(ThreadingHTTPServer):
    """Serves documents by path; `faults` by path: `500`, `404`, `hang`, `cut`, `half`, `empty`."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.documents: dict[str, bytes] = {}
        self.faults: dict[str, str] = {}
        self.answered = threading.Semaphore(0)
        self.statuses: list[int] = []
        self.ending = threading.Event()

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing of clients that were killed."""


class _Handler(BaseHTTPRequestHandler):
    server: Publishers

    def do_GET(self) -> None:
        body = self.server.documents.get(self.path, b"")
        fault = self.server.faults.get(self.path, "")
        etag = f'"{hashlib.sha256(body).hexdigest()[:16]}"'
        known = self.headers.get("If-None-Match") == etag
        status = int(fault) if fault.isdigit() else 304 if known and not fault else 200
        if fault == "hang":
            self.server.ending.wait(3.0)
        sent = {"half": body[: len(body) // 2], "empty": b""}.get(fault, body if status == 200 else b"")
        self.server.statuses.append(status)
        self.send_response(status)
        self.send_header("Content-Type", "application/rss+xml")
        if not fault:
            self.send_header("ETag", etag)
        if status != 304:
            self.send_header("Content-Length", str(len(sent)))
        self.end_headers()
        with contextlib.suppress(ConnectionError):
            self.wfile.write(sent[: len(sent) // 2] if fault == "cut" else sent)
        self.server.answered.release()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextlib.contextmanager
def publishers() -> Iterator[Publishers]:
    """Serve until the end of the block."""
    with Publishers() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield server
        finally:
            server.ending.set()
            server.shutdown()
            thread.join()


def rss(items: Iterable[Item]) -> bytes:
    """Write items as an RSS document."""
    return (
        '<?xml version="1.0" encoding="UTF-8"?><rss version="2.0"><channel><title>A feed</title>'
        f"<link>https://site.example/</link>{''.join(map(_item, items))}</channel></rss>"
    ).encode()


def _item(item: Item) -> str:
    fields = {
        "title": item.title,
        "link": item.link,
        'guid isPermaLink="false"': item.guid,
        "description": item.content,
        "pubDate": format_datetime(item.published) if item.published else None,
    }
    said = (f"<{name}>{html.escape(text)}</{name.split()[0]}>" for name, text in fields.items() if text)
    return f"<item>{''.join(said)}</item>"
