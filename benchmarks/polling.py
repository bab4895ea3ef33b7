"""One round of polls of many feeds, beside the library `reader` in the same run: cold, then nothing new.

    python benchmarks/polling.py [FEEDS]

A local server holds FEEDS feeds (200 by default) of 20 entries with full content and answers 304. Both sides time
themselves, from the first request to the last commit. Ratios hold; seconds are the machine's.
"""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import tempfile
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from reader import make_reader

PARAGRAPH = "<p>" + "A model that reads the news and says what it did not understand. " * 8 + "</p>"


def document(feed: int) -> bytes:
    items = "".join(
        f"<item><title>Feed {feed}, story {n}</title><link>https://s{feed}.example/{n}</link>"
        f"<guid>https://s{feed}.example/{n}</guid><pubDate>Mon, {n + 1:02} Jun 2026 08:00:00 GMT</pubDate>"
        f"<description>Story {n} in short.</description>"
        f"<content:encoded><![CDATA[{PARAGRAPH * 4}]]></content:encoded></item>"
        for n in range(20)
    )
    head = f"<title>Feed {feed}</title><link>https://s{feed}.example/</link><description>d</description>"
    return (
        '<?xml version="1.0"?><rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/">'
        f"<channel>{head}{items}</channel></rss>"
    ).encode()


class Handler(BaseHTTPRequestHandler):
    documents: list[bytes]

    def do_GET(self) -> None:
        body = self.documents[int(self.path[1:])]
        etag = f'"{hashlib.sha256(body).hexdigest()[:16]}"'
        known = self.headers.get("If-None-Match") == etag
        self.send_response(304 if known else 200)
        self.send_header("Content-Type", "application/rss+xml")
        self.send_header("ETag", etag)
        if not known:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if not known:
            self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


class Server(ThreadingHTTPServer):
    request_queue_size = 256  # the default of 5 would measure the server


def ours(folder: Path, urls: list[str]) -> list[float]:
    config = folder / "feeds.yaml"
    lines = "".join(f"  - {url}\n" for url in urls)
    config.write_text(
        "polling: {host_gap: 0s, per_host: 64}\nnetwork: {allow_private: [127.0.0.0/8]}\nfeeds:\n" + lines
    )
    command = [sys.executable, "-m", "aggregator", "--config", str(config), "poll", "--all", "--json"]
    return [
        json.loads(subprocess.run([*command, *more], capture_output=True, check=True).stdout)["elapsed_s"]
        for more in ([], ["--force"])
    ]


def peer(folder: Path, urls: list[str]) -> list[float]:
    client = make_reader(str(folder / "reader.db"))
    for url in urls:
        client.add_feed(url)
    elapsed = []
    for _ in range(2):
        started = time.perf_counter()
        client.update_feeds(scheduled=False)
        elapsed.append(time.perf_counter() - started)
    client.close()
    return elapsed


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    Handler.documents = [document(feed) for feed in range(count)]
    server = Server(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    urls = [f"http://127.0.0.1:{server.server_port}/{feed}" for feed in range(count)]
    with tempfile.TemporaryDirectory() as folder:
        mine, theirs = ours(Path(folder), urls), peer(Path(folder), urls)
    server.shutdown()
    print(f"{count} feeds of 20 entries          aggregator     reader      ratio")
    for name, own, other in zip(("cold", "304"), mine, theirs, strict=True):
        print(f"{name:<28} {count / own:>9.0f}/s {count / other:>8.0f}/s {other / own:>9.1f}x")


if __name__ == "__main__":
    main()
