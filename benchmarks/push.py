"""From a publisher's push to our readers: how long a story takes through the daemon, on loopback.

    python benchmarks/push.py [--stories 12]

One daemon (`aggregator run`) with one source, whose hub this script is: it agrees to the subscription, then delivers a
document of 20 entries, one of them new, signed, and waits two seconds. Measured from the first byte of the delivery:
until the hub is answered (all is stored), until the new entry is in /all.atom, and until the daemon's own hub has
delivered that document to a subscriber. Medians and the slowest, in seconds; the aim is a median under two.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import hmac
import random
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

AIM = 2.0
LISTED = 20
PATIENCE = 30.0
WORDS = [f"{a}{b}{c}" for a in ("mar", "vel", "tor", "qui") for b in ("an", "el", "is", "o") for c in ("ta", "ne", "x")]


class Hub(ThreadingHTTPServer):
    """The publisher, its hub, and a subscriber of the daemon's hub, all in one server."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.base = f"http://127.0.0.1:{self.server_port}"
        self.numbers = list(range(LISTED))
        self.form: dict[str, str] = {}
        self.agreed = threading.Event()
        self.pushed: list[tuple[float, bytes]] = []
        """What the subscriber was sent, and when."""

    def document(self) -> bytes:
        items = "".join(_item(number) for number in self.numbers[-LISTED:][::-1])
        links = f'<a:link rel="hub" href="{self.base}/hub"/><a:link rel="self" href="{self.base}/feed"/>'
        head = f"<title>T</title><link>https://s.example/</link><description>d</description>{links}"
        return (
            f'<?xml version="1.0"?><rss version="2.0" xmlns:a="http://www.w3.org/2005/Atom">'
            f"<channel>{head}{items}</channel></rss>"
        ).encode()

    def deliver(self) -> int:
        """Deliver a document with one more entry; return its number."""
        self.numbers.append(self.numbers[-1] + 1)
        body = self.document()
        seal = hmac.new(self.form["hub.secret"].encode(), body, hashlib.sha256).hexdigest()
        headers = {"Content-Type": "application/rss+xml", "X-Hub-Signature": f"sha256={seal}"}
        ask(self.form["hub.callback"], body, headers)
        return self.numbers[-1]

    def verify(self) -> None:
        asked = {name: self.form[name] for name in ("hub.mode", "hub.topic", "hub.lease_seconds")}
        ask(f"{self.form['hub.callback']}?{urllib.parse.urlencode({**asked, 'hub.challenge': 'c'})}")
        self.agreed.set()


class _Handler(BaseHTTPRequestHandler):
    server: Hub

    def do_GET(self) -> None:
        if self.path == "/feed":
            self._answer(200, self.server.document())
        else:
            query = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(self.path).query))
            self._answer(200, query.get("hub.challenge", "").encode())

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.path == "/cb":
            self.server.pushed.append((time.perf_counter(), body))
        else:
            self.server.form = dict(urllib.parse.parse_qsl(body.decode()))
            threading.Thread(target=self.server.verify, daemon=True).start()
        self._answer(202, b"")

    def _answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


def _item(number: int) -> str:
    words = random.Random(number).choices(WORDS, k=120)  # noqa: S311 - the same each time
    title = " ".join([f"Story-{number}-here", *words[:6]])
    date = formatdate(time.time() - 3600 + number, usegmt=True)
    link = f"https://s.example/{number}"
    return (
        f"<item><title>{title}</title><link>{link}</link><guid>{link}</guid><pubDate>{date}</pubDate>"
        f"<description>{' '.join(words)}</description></item>"
    )


def ask(url: str, body: bytes | None = None, headers: dict[str, str] | None = None) -> bytes:
    with urllib.request.urlopen(urllib.request.Request(url, body, headers or {}), timeout=PATIENCE) as answer:
        found: bytes = answer.read()
        return found


def until(url: str, what: bytes) -> float:
    """Wait until a document says something; return when that was."""
    deadline = time.perf_counter() + PATIENCE
    while time.perf_counter() < deadline:
        with contextlib.suppress(OSError):
            if what in ask(url):
                return time.perf_counter()
        time.sleep(0.02)
    raise SystemExit(f"{what!r} was not in {url} within {PATIENCE:g} s")


def measure(stories: int) -> list[tuple[float, float, float]]:
    with tempfile.TemporaryDirectory() as folder, socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        site = f"http://127.0.0.1:{probe.getsockname()[1]}/"
        probe.close()
        hub = Hub()
        threading.Thread(target=hub.serve_forever, daemon=True).start()
        config = Path(folder) / "feeds.yaml"
        config.write_text(
            f"site: {{url: '{site}'}}\nnetwork: {{allow_private: [127.0.0.0/8]}}\nfeeds: ['{hub.base}/feed']\n"
        )
        command = [
            sys.executable,
            "-m",
            "aggregator",
            "--config",
            str(config),
            "run",
            "--port",
            site.split(":")[2][:-1],
        ]
        daemon = subprocess.Popen(command, stderr=subprocess.DEVNULL)
        try:
            until(f"{site}all.atom", b"Story-0-here")
            form = {"hub.mode": "subscribe", "hub.topic": f"{site}all.atom", "hub.callback": f"{hub.base}/cb"}
            ask(f"{site}hub", urllib.parse.urlencode(form).encode())
            if not hub.agreed.wait(PATIENCE):
                raise SystemExit("the daemon did not subscribe")
            time.sleep(3)
            return [_story(hub, site) for _ in range(stories)]
        finally:
            daemon.send_signal(signal.SIGTERM)
            daemon.wait()
            hub.shutdown()
            hub.server_close()


def _story(hub: Hub, site: str) -> tuple[float, float, float]:
    begun = time.perf_counter()
    word = f"Story-{hub.deliver()}-here".encode()
    answered = time.perf_counter()
    shown = until(f"{site}all.atom", word)
    while not (told := [at for at, body in list(hub.pushed) if word in body]):
        time.sleep(0.01)
        if time.perf_counter() - begun > PATIENCE:
            raise SystemExit("the subscriber was told nothing")
    time.sleep(2 + random.random())  # noqa: S311 - not in step with the daemon's ticks
    return answered - begun, shown - begun, told[0] - begun


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--stories", type=int, default=12)
    stories = measure(parser.parse_args().stories)
    print(f"{len(stories)} stories\n\n| from the push until | median, s | slowest, s |\n| --- | ---: | ---: |")
    for what, times in zip(
        ("the hub is answered", "it is in our feed", "our subscriber has it"), zip(*stories, strict=True), strict=True
    ):
        print(f"| {what} | {statistics.median(times):.2f} | {max(times):.2f} |")
    print(f"\nThe aim is a median under {AIM:g} s.")


if __name__ == "__main__":
    main()
