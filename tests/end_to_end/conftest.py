"""A publisher on loopback, and the program started as its user starts it."""

from __future__ import annotations

import contextlib
import functools
import hashlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from jsonschema import Draft202012Validator

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

RSS = "application/rss+xml"


@dataclass
class Page:
    """What the publisher answers at a path."""

    body: bytes
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    delay: float = 0.0


class Publisher(ThreadingHTTPServer):
    """Serves pages with an ETag, answers 304, and remembers who asked for what."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.pages: dict[str, Page] = {}
        self.requests: list[tuple[str, dict[str, str], int]] = []
        self.under_way: set[_Handler] = set()
        self.most = 0
        """Most requests that were under way at once."""
        self.base = f"http://127.0.0.1:{self.server_port}"

    def serve(self, path: str, body: str | bytes, **options: Any) -> str:
        """Answer a path from now on; return its address."""
        self.pages[path] = Page(body.encode() if isinstance(body, str) else body, **options)
        return self.base + path

    def asked(self, path: str) -> list[int]:
        """Return the statuses that a path was answered with."""
        return [status for asked, _, status in self.requests if asked == path]


class _Handler(BaseHTTPRequestHandler):
    server: Publisher
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.server.under_way.add(self)
        self.server.most = max(self.server.most, len(self.server.under_way))
        self._answer()

    def _answer(self) -> None:
        page = self.server.pages.get(self.path, Page(b"nothing here", 404))
        etag = f'"{hashlib.sha256(page.body).hexdigest()[:16]}"'
        known = page.status == 200 and self.headers.get("If-None-Match") == etag
        status, body = (304, b"") if known else (page.status, page.body)
        self.server.requests.append((self.path, dict(self.headers), status))
        time.sleep(page.delay)
        self.server.under_way.discard(self)  # who has the answer may ask again before this thread goes on
        self.send_response(status)
        for name, value in {"Content-Type": RSS, "ETag": etag, **page.headers}.items():
            self.send_header(name, value)
        if status != 304:
            self.send_header("Content-Length", str(len(body)))
        self.send_header("Connection", "close")
        self.end_headers()
        with contextlib.suppress(ConnectionError):  # the reader may have had enough
            self.wfile.write(body)
        self.close_connection = True

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def publisher() -> Iterator[Publisher]:
    """A publisher of its own for each test."""
    server = Publisher()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def item(number: int, title: str | None = None, *, site: str = "https://site.example") -> str:
    """Return an RSS item."""
    return (
        f"<item><title>{title or f'Story {number}'}</title><link>{site}/{number}</link><guid>{site}/{number}</guid>"
        f"<pubDate>Mon, 0{number % 9 + 1} Sep 2025 10:00:{number % 60:02} GMT</pubDate>"
        f"<description>Text of story {number}, at some length.</description></item>"
    )


def rss(*items: str, title: str = "A feed") -> str:
    """Return an RSS document, which says its language: to tell it would cost each parser that is started a second."""
    return (
        '<?xml version="1.0" encoding="UTF-8"?><rss version="2.0"><channel>'
        f"<title>{title}</title><link>https://site.example/</link><description>d</description><language>en</language>"
        f"{''.join(items)}</channel></rss>"
    )


@dataclass
class Home:
    """A folder with a feeds.yaml, and the program's commands on it."""

    folder: Path

    @property
    def config(self) -> Path:
        return self.folder / "feeds.yaml"

    def write(self, *feeds: str, more: str = "") -> None:
        """Write feeds.yaml: addresses, or whole YAML entries."""
        lines = "".join(f"  - {feed}\n" for feed in feeds)
        polling = "polling: {host_gap: 10ms, min_interval: 1s, default_interval: 1s}\n"
        network = "network: {allow_private: [127.0.0.0/8], timeout: 5s}\n"
        self.config.write_text((more if "polling:" in more else polling + more) + network + f"feeds:\n{lines}")

    def command(self, *words: str) -> list[str]:
        return [sys.executable, "-m", "aggregator", "--config", str(self.config), *words]

    def run(self, *words: str, code: int | None = 0) -> subprocess.CompletedProcess[str]:
        """Run a command to its end; its exit code must be `code`."""
        done = subprocess.run(self.command(*words), capture_output=True, text=True, timeout=300, check=False)
        assert code is None or done.returncode == code, (done.returncode, done.stdout, done.stderr)
        return done

    def json(self, *words: str, code: int | None = 0) -> Any:
        """Return what a command prints, which has the documented shape."""
        printed = json.loads(self.run(*words, "--json", code=code).stdout)
        shape(words[0]).validate(printed)
        return printed

    def entries(self, *words: str) -> list[dict[str, Any]]:
        """Return stored entries; some of them are held against the documented shape."""
        found = [json.loads(line) for line in self.run("entries", *words).stdout.splitlines()]
        for entry in found[:20]:
            shape("entry").validate(entry)
        return found


@functools.cache
def shape(name: str) -> Draft202012Validator:
    """Return what judges what a command prints with --json (docs/output.schema.json)."""
    document = json.loads((Path(__file__).parents[2] / "docs/output.schema.json").read_text())
    return Draft202012Validator({"$ref": f"#/$defs/{name}", "$defs": document["$defs"]})


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """A folder of its own for each test."""
    return Home(tmp_path)


class Daemon:
    """`aggregator run` in a process of its own."""

    def __init__(self, home: Home, *words: str) -> None:
        self.log = home.folder / f"daemon-{time.monotonic_ns()}.log"
        self._file = self.log.open("wb")
        self.process = subprocess.Popen(home.command("run", "--port", "0", *words), stderr=self._file)
        self.home = home
        self.base = ""

    def ready(self) -> Daemon:
        """Wait until it serves; learn its address from what it says."""
        wait_for(lambda: "web.serving" in self.log.read_text() or self.process.poll() is not None)
        assert self.process.poll() is None, self.log.read_text()
        line = next(line for line in self.log.read_text().splitlines() if "web.serving" in line)
        self.base = json.loads(line)["outputs"]
        wait_for(lambda: self.get("healthz", check=False)[0] == 200)
        return self

    def get(self, path: str, *, check: bool = True, **headers: str) -> tuple[int, Any, bytes]:
        """Ask the web process."""
        request = urllib.request.Request(self.base + path, headers=headers)
        try:
            with urllib.request.urlopen(request, timeout=5) as answer:
                return answer.status, answer.headers, answer.read()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.headers, error.read()
        except OSError:
            if check:
                raise
            return 0, {}, b""

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Send a signal and wait; return the exit code."""
        if self.process.poll() is None:
            os.kill(self.process.pid, number)
        code = self.process.wait(timeout=15)
        self._file.close()
        return code


def wait_for(what: Callable[[], Any], seconds: float = 20) -> Any:
    """Wait until something is true and return it."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if found := what():
            return found
        time.sleep(0.05)
    raise AssertionError(f"did not come true in {seconds} s")


@pytest.fixture
def start(home: Home) -> Iterator[Callable[..., Daemon]]:
    """Start daemons that are stopped with the test."""
    started: list[Daemon] = []

    def begin(*words: str) -> Daemon:
        started.append(Daemon(home, *words))
        return started[-1]

    yield begin
    for daemon in started:
        if daemon.process.poll() is None:
            daemon.stop(signal.SIGKILL)


@pytest.fixture
def make() -> Any:
    """Makers of documents: `make.rss(make.item(1), ...)`, and `make.wait_for`."""

    class Make:
        rss = staticmethod(rss)
        item = staticmethod(item)
        wait_for = staticmethod(wait_for)

    return Make
