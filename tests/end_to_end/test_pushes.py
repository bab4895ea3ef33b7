"""A publisher's hub and the daemon as its subscriber: asked, verified, pushed to, cheated, killed, and left (WebSub)."""

from __future__ import annotations

import hashlib
import hmac
import signal
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
    told: list[str] = field(default_factory=list)
    """What was delivered to /cb, where a subscriber of somebody else's hub is."""

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
        def do_GET(self) -> None:
            query = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(self.path).query))
            self._answer(200, query["hub.challenge"].encode())

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            if self.path == "/cb":
                hub.told.append(body)
                self._answer(204)
                return
            form = dict(urllib.parse.parse_qsl(body))
            hub.forms.append(form)
            self._answer(202)
            threading.Thread(target=lambda: hub.verified.append(hub.verify(form)), daemon=True).start()

        def _answer(self, status: int, body: bytes = b"") -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

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
    assert "entries: 1 delivered, 0 missed" in told
    log = daemon.log.read_text()
    assert form["hub.callback"].rpartition("/")[2] not in log
    assert form["hub.secret"] not in log
    assert daemon.stop() == 0


def test_a_wrong_signature_stores_nothing(desk, start) -> None:
    """Who knows the callback but not the secret is answered as ever, and counted; who guesses is told that it is over."""
    daemon = desk.start(start)
    desk.verified()
    (form,) = desk.hub.forms
    assert desk.hub.deliver(desk.document(2), signature="sha256=" + "0" * 64) == 202
    assert desk.hub.deliver(desk.document(3), form=form | {"hub.secret": "guessed"}) == 202
    assert desk.hub.deliver(desk.document(4), form=form | {"hub.callback": form["hub.callback"] + "x"}) == 410
    assert desk.hub.verify(form, **{"hub.topic": "http://127.0.0.1/other"})[0] == 404
    assert desk.hub.verify(form | {"hub.mode": "unsubscribe"})[0] == 404
    assert desk.row("delivered, refused") == (0, 2)
    assert [entry["title"] for entry in desk.home.entries()] == ["Story 1"]
    assert list((desk.home.folder / "db" / "pushes").iterdir()) == []
    assert "aggregator_push_refused_total 2.0" in daemon.get("metrics")[2].decode()
    assert daemon.stop() == 0


def test_kill_9_loses_no_delivery(desk, start, make) -> None:
    """A hub whose delivery was being taken when the daemon died hears nothing good, sends again, and all is there once."""
    first = desk.start(start)
    desk.verified()
    statuses: list[int] = []
    first.process.send_signal(signal.SIGSTOP)  # the web process has the delivery, and waits for the daemon
    sending = threading.Thread(target=lambda: statuses.append(desk.hub.deliver(desk.document(2))))
    sending.start()
    make.wait_for(lambda: list((desk.home.folder / "db" / "pushes").glob("*")))
    first.stop(signal.SIGKILL)
    sending.join()
    assert statuses[0] in (0, 503)
    second = desk.start(start)
    assert [entry["title"] for entry in desk.home.entries()] == ["Story 1"]
    assert desk.hub.deliver(desk.document(2)) == 202
    second.stop(signal.SIGKILL)  # the hub heard the answer: it does not send again
    assert [entry["title"] for entry in desk.home.entries()] == ["Story 2", "Story 1"]
    third = desk.start(start)
    assert desk.hub.deliver(desk.document(2)) == 202
    make.wait_for(lambda: "Story 2" in titles(third))
    assert [entry["title"] for entry in desk.home.entries()] == ["Story 2", "Story 1"]
    assert list((desk.home.folder / "db").glob("pushes/*")) == []
    assert third.stop() == 0


def test_a_hub_that_keeps_news_to_itself_is_found_out(desk, start, make) -> None:
    """Trusted, it spares polls; what a poll finds and it did not bring in time is a miss, and polls are as usual again."""
    daemon = desk.start(start)
    desk.verified()
    desk.list(1, 2)
    desk.home.run("poll", "--force", desk.url)  # news of before it told us: no miss
    assert desk.hub.deliver(desk.document(3)) == 202
    desk.write(polling="polling: {host_gap: 10ms, default_interval: 1h}\n")
    make.wait_for(lambda: "config.reloaded" in daemon.log.read_text())

    def polled() -> str:
        (feed,) = desk.home.json("poll", "--force", desk.url)["feeds"]
        return feed["reason"]

    desk.list(3, 2, 1)
    assert desk.hub.verify(desk.hub.forms[0], **{"hub.lease_seconds": "864000"})[0] == 200
    assert "its hub tells of news, 4 h to make sure" in polled()
    desk.list(4, 3, 2, 1)
    assert "default_interval" in polled()
    assert desk.row("missed") == (0,)
    with sqlite3.connect(desk.home.folder / "db" / "aggregator.db") as db:
        db.execute("UPDATE push SET suspected_at = suspected_at - 600000")
    assert "default_interval" in polled()
    assert desk.row("missed, streak") == (1, 0)
    told = desk.home.run("feeds").stdout
    assert "1 of 1 sources that name a hub are told of by it, 0 so well that they are polled less" in told
    assert desk.home.json("feeds")["pushes"][0]["missed"] == 1
    assert daemon.stop() == 0


def test_a_hub_is_left(desk, start, make) -> None:
    """With `subscribe: false` it is told so, agrees, and finds nobody who wants its deliveries."""
    daemon = desk.start(start)
    desk.verified()
    desk.write(more="websub: {subscribe: false}\n")
    make.wait_for(lambda: desk.hub.asked("unsubscribe"))
    make.wait_for(lambda: desk.row("count(*)") == (0,))
    make.wait_for(lambda: len(desk.hub.verified) > 1)  # it is noted after it is answered
    assert desk.hub.verified == [(200, b"chal-lenge_1")] * 2
    assert desk.hub.deliver(desk.document(2)) == 410
    assert daemon.stop() == 0


def test_from_one_of_us_to_the_next(desk, start, make, home, tmp_path) -> None:
    """Our hub pushes to our subscriber, whose hub pushes on: a story goes through both within moments, unasked."""
    desk.publisher.serve("/plain", make.rss(make.item(1)))
    other = free_port()
    upstream = type(home)(tmp_path / "upstream")
    upstream.folder.mkdir()
    site = f"site: {{url: 'http://127.0.0.1:{other}/'}}\npolling: {{host_gap: 10ms, default_interval: 6h}}\n"
    upstream.write(desk.publisher.base + "/plain", more=site)
    ours, here = home.folder, upstream.folder
    home.folder = here
    first = start("--port", str(other)).ready()
    home.folder = ours
    make.wait_for(lambda: "Story 1" in titles(first))
    desk.url = f"http://127.0.0.1:{other}/all.atom"
    desk.write()
    second = desk.start(start)
    make.wait_for(lambda: desk.row("state") == ("verified",))
    form = {"hub.mode": "subscribe", "hub.topic": f"http://127.0.0.1:{desk.port}/all.atom"}
    form["hub.callback"] = f"http://127.0.0.1:{desk.hub.port}/cb"
    request = urllib.request.Request(f"http://127.0.0.1:{desk.port}/hub", urllib.parse.urlencode(form).encode())
    assert answer_of(request)[0] == 202
    make.wait_for(lambda: "hub.confirmed" in second.log.read_text())
    desk.publisher.serve("/plain", make.rss(make.item(2), make.item(1)))
    upstream.run("poll", "--force", desk.publisher.base + "/plain")
    make.wait_for(lambda: any("Story 2" in told for told in desk.hub.told))
    assert desk.row("delivered, missed, refused") == (1, 0, 0)
    assert "Story 2" in titles(second)
    assert second.stop() == 0
    assert first.stop() == 0


def test_a_daemon_on_a_server_is_pushed_to(desk, start, make, postgres) -> None:
    """On PostgreSQL it is the same: asked, verified, delivered, and told of."""
    desk.write(more=f"database: {postgres.empty()}\n")
    daemon = desk.start(start)
    desk.verified()
    assert desk.hub.deliver(desk.document(2)) == 202
    make.wait_for(lambda: "Story 2" in titles(daemon))
    assert "entries: 1 delivered, 0 missed" in desk.home.run("why", desk.url).stdout
    assert daemon.stop() == 0


def test_a_hub_in_a_header(desk, start, make) -> None:
    """A server names hub and topic in the header Link, which comes before what the document says."""
    links = f'<{desk.hub.url}>; rel="hub", <{desk.url}?topic>; rel="self"'
    desk.publisher.serve("/feed", make.rss(make.item(1)), headers={"Link": links})
    daemon = desk.start(start)
    desk.verified()
    assert desk.hub.forms[0]["hub.topic"] == f"{desk.url}?topic"
    assert daemon.stop() == 0
