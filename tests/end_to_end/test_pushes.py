"""A publisher's hub and the daemon as its subscriber: asked, verified, pushed to, cheated, killed, and left (WebSub)."""

from __future__ import annotations

import hashlib
import hmac
import socket
import sqlite3
import threading
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

ATOM = "application/rss+xml"


@dataclass
class Hub:
    """A hub on loopback that asks back whoever subscribes, and delivers when it is told to."""

    port: int = 0
    forms: list[dict[str, str]] = field(default_factory=list)
    """What it was asked."""
    verified: list[tuple[int, bytes]] = field(default_factory=list)
    """What callbacks answered."""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hub"

    def asked(self, mode: str) -> list[dict[str, str]]:
        return [form for form in self.forms if form["hub.mode"] == mode]

    def verify(self, form: dict[str, str], **more: str) -> tuple[int, bytes]:
        """Ask a callback what it intends; return status and body of its answer."""
        asked = {"hub.mode": form["hub.mode"], "hub.topic": form["hub.topic"], "hub.challenge": "chal-lenge_1"}
        asked |= {"hub.lease_seconds": "3600"} | more
        return answer_of(f"{form['hub.callback']}?{urllib.parse.urlencode(asked)}")

    def deliver(self, body: str, *, form: dict[str, str] | None = None, signature: str | None = None) -> int:
        """Deliver something to the first subscriber; return the status of its answer."""
        form = form or self.asked("subscribe")[0]
        right = hmac.new(form["hub.secret"].encode(), body.encode(), hashlib.sha256).hexdigest()
        headers = {"Content-Type": ATOM, "X-Hub-Signature": signature or f"sha256={right}"}
        return answer_of(urllib.request.Request(form["hub.callback"], body.encode(), headers))[0]


def answer_of(request: str | urllib.request.Request) -> tuple[int, bytes]:
    """Return status and body; 0 where nobody answers."""
    try:
        with urllib.request.urlopen(request, timeout=15) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read()
    except OSError:
        return 0, b""


def _handler(hub: Hub) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            form = dict(urllib.parse.parse_qsl(body))
            hub.forms.append(form)
            self.send_response(202)
            self.send_header("Content-Length", "0")
            self.end_headers()
            threading.Thread(target=lambda: hub.verified.append(hub.verify(form)), daemon=True).start()

        def log_message(self, *_: object) -> None:
            pass

    return Handler


@pytest.fixture
def hub() -> Iterator[Hub]:
    """A hub that listens."""
    one = Hub()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(one))
    server.daemon_threads = True
    one.port = server.server_port
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield one
    server.shutdown()
    thread.join()
    server.socket.close()


def free_port() -> int:
    """Return a port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Desk:
    """A daemon at a known address, its publisher and its hub."""

    home: object
    publisher: object
    hub: Hub
    make: object
    port: int
    url: str = ""

    def document(self, *numbers: int) -> str:
        """Return the feed's document, which names hub and topic."""
        text = self.make.rss(*(self.make.item(number) for number in numbers))
        links = f'<atom:link rel="hub" href="{self.hub.url}"/><atom:link rel="self" href="{self.url}"/>'  # the topic
        return text.replace('version="2.0"', 'version="2.0" xmlns:atom="http://www.w3.org/2005/Atom"').replace(
            "<description>d</description>", f"<description>d</description>{links}"
        )

    def list(self, *numbers: int) -> None:
        """Let the publisher list these."""
        self.url = self.publisher.base + "/feed"
        self.publisher.serve("/feed", self.document(*numbers))

    def write(self, more: str = "", polling: str = "") -> None:
        """Write feeds.yaml with an address that hubs reach; polls are far apart."""
        site = f"site: {{url: 'http://127.0.0.1:{self.port}/'}}\n"
        pace = polling or "polling: {host_gap: 10ms, default_interval: 6h}\n"
        self.home.write(self.url, more=site + pace + more)

    def start(self, start) -> Any:
        """Start a daemon that is served where hubs look for it."""
        return start("--port", str(self.port)).ready()

    def verified(self) -> None:
        """Wait until the subscription stands."""
        self.make.wait_for(lambda: (200, b"chal-lenge_1") in self.hub.verified)

    def row(self, columns: str) -> tuple:
        with sqlite3.connect(self.home.folder / "db" / "aggregator.db") as db:
            return db.execute(f"SELECT {columns} FROM push").fetchone()  # noqa: S608 - a test's own words


@pytest.fixture
def desk(home, publisher, hub, make) -> Desk:
    """A feed that names a hub, and a feeds.yaml with an address that the hub reaches."""
    desk = Desk(home, publisher, hub, make, free_port())
    desk.list(1)
    desk.write()
    return desk


def titles(daemon) -> str:
    """The document of all, in which titles are looked for."""
    return daemon.get("all.atom")[2].decode()


def test_what_a_hub_delivers_is_published_at_once(desk, start, make) -> None:
    """A feed's hub is asked, agrees, delivers; the entry is in our feed, and a later poll stores it no second time."""
    daemon = desk.start(start)
    desk.verified()
    (form,) = desk.hub.forms
    assert form["hub.topic"] == desk.url
    assert form["hub.callback"].startswith(f"http://127.0.0.1:{desk.port}/websub/")
    assert len(form["hub.secret"]) >= 40
    assert desk.hub.deliver(desk.document(2)) == 202
    make.wait_for(lambda: "Story 2" in titles(daemon))
    assert desk.publisher.asked("/feed") == [200]
    desk.list(2, 1)
    (polled,) = desk.home.json("poll", "--force", desk.url)["feeds"]
    assert (polled["new"], polled["entries"]) == (0, 2)
    assert [entry["title"] for entry in desk.home.entries()] == ["Story 2", "Story 1"]
    assert desk.row("state, delivered, missed, refused") == ("verified", 1, 0, 0)
    told = desk.home.run("why", desk.url).stdout
    assert "127.0.0.1" in told
    assert "1 entries delivered, 0 missed" in told
    log = daemon.log.read_text()
    assert form["hub.callback"].rpartition("/")[2] not in log
    assert form["hub.secret"] not in log
    assert daemon.stop() == 0
