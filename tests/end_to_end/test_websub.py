"""A subscriber and the daemon's hub: asked, told, told again, and left (WebSub)."""

from __future__ import annotations

import hashlib
import hmac
import signal
import urllib.error
import urllib.parse
import urllib.request
from typing import TYPE_CHECKING

import feedparser
import pytest
from callbacks import Callbacks, ask, listening

if TYPE_CHECKING:
    from collections.abc import Iterator

SITE = "http://news.example/"
TOPIC = f"{SITE}all.atom"
MORE = f"site: {{url: {SITE}}}\npolling: {{host_gap: 10ms}}\n"


@pytest.fixture
def subscriber() -> Iterator[Callbacks]:
    """A subscriber that listens."""
    with listening() as one:
        yield one


def subscribed(daemon, make, subscriber: Callbacks, path: str, **more: str) -> None:
    """Subscribe a callback, and wait until the hub knows that it agrees."""
    before = daemon.log.read_text().count("hub.confirmed")
    assert ask(daemon, subscriber.url(path), **more)[0] == 202
    make.wait_for(lambda: daemon.log.read_text().count("hub.confirmed") > before)


def test_a_subscriber_is_asked_told_and_let_go(home, publisher, subscriber, start, make) -> None:
    """Documents name the hub; a subscriber confirms, is sent the new document, signed, and after leaving nothing more."""
    url = publisher.serve("/feed", make.rss(make.item(1)))
    home.write(url, more=MORE)
    daemon = start().ready()
    make.wait_for(lambda: b"Story 1" in daemon.get("all.atom")[2])
    _, headers, body = daemon.get("all.atom")
    links = {link.rel: link.href for link in feedparser.parse(body).feed.links}
    assert (links["hub"], links["self"]) == (f"{SITE}hub", TOPIC)
    assert headers["Link"] == f'<{SITE}hub>; rel="hub", <{TOPIC}>; rel="self"'
    subscribed(daemon, make, subscriber, "/ok?mine=1", secret="hush", lease_seconds="7200")
    ((_, question),) = subscriber.asked
    assert (question["mine"], question["hub.mode"], question["hub.topic"]) == ("1", "subscribe", TOPIC)
    assert question["hub.lease_seconds"] == "7200"
    publisher.serve("/feed", make.rss(make.item(2), make.item(1)))
    home.run("poll", "--force", url)
    make.wait_for(lambda: subscriber.pushes)
    (push,) = subscriber.pushes
    _, headers, body = daemon.get("all.atom")
    assert push.body == body
    assert push.titles == ["Story 1", "Story 2"]
    assert push.path == "/ok?mine=1"
    assert push.headers["Content-Type"] == headers["Content-Type"] == "application/atom+xml; charset=utf-8"
    assert push.headers["Link"] == headers["Link"]
    assert push.headers["X-Hub-Signature"] == f"sha256={hmac.new(b'hush', body, hashlib.sha256).hexdigest()}"
    assert 'aggregator_hub_subscriptions{state="active"} 1.0' in daemon.get("metrics")[2].decode()
    subscribed(daemon, make, subscriber, "/ok?mine=1", mode="unsubscribe")
    publisher.serve("/feed", make.rss(make.item(3), make.item(2), make.item(1)))
    subscribed(daemon, make, subscriber, "/ok-rss", topic=f"{SITE}all.rss")
    home.run("poll", "--force", url)
    make.wait_for(lambda: len(subscriber.pushes) > 1)
    assert [one.path for one in subscriber.pushes] == ["/ok?mine=1", "/ok-rss"]
    assert "X-Hub-Signature" not in subscriber.pushes[-1].headers
    assert daemon.stop() == 0


@pytest.mark.fault("T1")
def test_who_does_not_confirm_is_not_subscribed(home, publisher, subscriber, start, make) -> None:
    """Wrong and long challenges, refusals, redirects, silence and addresses that are not allowed give no subscription."""
    url = publisher.serve("/feed", make.rss(make.item(1)))
    home.write(url, more=MORE)
    narrow = home.config.read_text().replace("127.0.0.0/8", "127.0.0.1/32")
    home.config.write_text(narrow)
    daemon = start().ready()
    make.wait_for(lambda: b"Story 1" in daemon.get("all.atom")[2])
    for path in ("/wrong", "/long", "/unknown", "/redirects", "/hangs"):
        assert ask(daemon, subscriber.url(path))[0] == 202
    assert ask(daemon, f"http://127.0.0.2:{subscriber.port}/ok-inside")[0] == 202
    make.wait_for(lambda: daemon.log.read_text().count("hub.not_confirmed") == 6, 40)
    assert sorted(path for path, _ in subscriber.asked) == ["/hangs", "/long", "/redirects", "/unknown", "/wrong"]
    assert "where sources may not be" in daemon.log.read_text()
    text = daemon.get("metrics")[2].decode()
    assert 'aggregator_hub_subscriptions{state="active"} 0.0' in text
    assert 'aggregator_hub_subscriptions{state="asked"} 2.0' in text, (
        "the silent one is asked again, and the refused one"
    )
    for refused, status in (
        (ask(daemon, "https://reader.example/", topic=f"{SITE}nothing.atom"), 404),
        (ask(daemon, "https://reader.example/", mode="publish"), 400),
        (ask(daemon, "nonsense"), 400),
        (ask(daemon, "https://reader.example/", mode="unsubscribe"), 404),
    ):
        assert refused[0] == status
    assert daemon.get("hub")[0] == 405
    assert daemon.stop() == 0


def test_a_delivery_survives_kill_9(home, publisher, subscriber, start, make) -> None:
    """What did not arrive before the daemon was killed is sent by the next one; at 410 a subscription ends."""
    url = publisher.serve("/feed", make.rss(make.item(1)))
    home.write(url, more=MORE)
    first = start().ready()
    make.wait_for(lambda: b"Story 1" in first.get("all.atom")[2])
    subscribed(first, make, subscriber, "/ok")
    subscribed(first, make, subscriber, "/ok-gone")
    first.stop(signal.SIGKILL)
    publisher.serve("/feed", make.rss(make.item(2), make.item(1)))
    home.run("poll", "--force", url)
    assert subscriber.pushes == []
    second = start().ready()
    make.wait_for(lambda: len(subscriber.pushes) == 2)
    assert {push.path for push in subscriber.pushes} == {"/ok", "/ok-gone"}
    assert all(push.titles == ["Story 1", "Story 2"] for push in subscriber.pushes)
    make.wait_for(lambda: "hub.subscription_ended" in second.log.read_text())
    subscriber.deaf = True
    publisher.serve("/feed", make.rss(make.item(3), make.item(2), make.item(1)))
    home.run("poll", "--force", url)
    make.wait_for(lambda: "hub.delivery_failed" in second.log.read_text())
    assert len(subscriber.pushes) == 3
    assert 'aggregator_hub_subscriptions{state="failing"} 1.0' in second.get("metrics")[2].decode()
    assert second.stop() == 0


def test_other_hubs_are_pinged(home, publisher, subscriber, start, make) -> None:
    """With other people's hubs documents name those, each is told what has changed, and there is no hub here."""
    url = publisher.serve("/feed", make.rss(make.item(1)))
    home.write(url, more=f"{MORE}websub: {{hub: ['{subscriber.url('/hub')}']}}\n")
    daemon = start().ready()
    make.wait_for(lambda: b"Story 1" in daemon.get("all.atom")[2])
    assert f'<{subscriber.url("/hub")}>; rel="hub"' in daemon.get("all.atom")[1]["Link"]
    make.wait_for(lambda: subscriber.pushes)
    make.wait_for(lambda: {push.path for push in subscriber.pushes} == {"/hub"} and len(subscriber.pushes) == 3)
    forms = [urllib.parse.parse_qs(push.body.decode()) for push in subscriber.pushes]
    assert sorted(form["hub.url"][0] for form in forms) == [f"{SITE}all.{ending}" for ending in ("atom", "json", "rss")]
    assert {form["hub.mode"][0] for form in forms} == {"publish"}
    assert ask(daemon, subscriber.url("/ok"))[0] == 404
    assert daemon.stop() == 0
