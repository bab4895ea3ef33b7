"""/hub: what it takes, what it hands on, and whom it turns away."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import pytest

from aggregator.serve.hub import Crowd

if TYPE_CHECKING:
    from conftest import Answer, Client, World

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
ASKED = {"hub.mode": "subscribe", "hub.topic": "https://news.test/sub/all.atom", "hub.callback": "https://r.example/"}


@pytest.fixture
def hubbed(world: World, own_client: Client) -> Client:
    """Return a client of a server whose documents name its own hub."""
    world.hub = True
    world.publish()
    return own_client


def _post(client: Client, body: bytes, headers: dict[str, str] = FORM) -> Answer:
    return client.get("/hub", headers, method="POST", body=body)


def test_what_is_asked_is_handed_on(hubbed: Client, world: World) -> None:
    """The daemon gets the form as it is, and its answer is given; the Host header says nothing."""
    answer = _post(hubbed, urlencode(ASKED).encode(), {**FORM, "Host": "evil.example"})
    assert (answer.status, answer.text) == (202, "202: asked\n")
    assert world.told == [{"command": "websub", "form": ASKED}]
    assert "default-src 'none'" in (answer["Content-Security-Policy"] or "")


def test_a_daemon_that_is_gone(hubbed: Client, world: World) -> None:
    """Without a daemon, or when it gives no answer, it is 503 and tried later."""
    for said in (None, {"done": True}):
        world.answer = said
        answer = _post(hubbed, urlencode(ASKED).encode())
        assert answer.status == 503
        assert "daemon" not in answer.text


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        (b"x" * 16_385, FORM, 413),
        (b"{}", {"Content-Type": "application/json"}, 415),
        (b"", {}, 415),
        (b"\xff", FORM, 400),
        (urlencode({str(n): n for n in range(21)}).encode(), FORM, 400),
    ],
)
def test_what_is_no_request(hubbed: Client, world: World, body: bytes, headers: dict[str, str], status: int) -> None:
    """What is too large or no form does not reach the daemon."""
    assert _post(hubbed, body, headers).status == status
    assert world.told == []


def test_no_hub_here(own_client: Client, world: World) -> None:
    """Where documents name no hub of ours there is none; and a hub takes nothing but POST."""
    assert _post(own_client, urlencode(ASKED).encode()).status == 404
    assert world.told == []
    assert own_client.get("/hub").status == 405


def test_documents_name_hub_and_themselves(hubbed: Client, world: World) -> None:
    """Public documents have both in Link, with 304 too; private ones and what tells of sources have none."""
    answer = hubbed.get("/french.rss")
    link = '<https://news.test/sub/hub>; rel="hub", <https://news.test/sub/french.rss>; rel="self"'
    assert answer["Link"] == link
    assert hubbed.get("/french.rss", {"If-None-Match": answer["ETag"] or ""})["Link"] == link
    assert b"https://news.test/sub/hub" in answer.body
    private = hubbed.get("/s3cret-token/agents.atom")
    assert private["Link"] is None
    assert b"/hub" not in private.body
    assert hubbed.get("/sources.atom")["Link"] is None
    world.hub = False
    world.publish()
    assert hubbed.get("/french.rss")["Link"] is None


def test_a_client_is_heard_sixty_times_a_minute() -> None:
    """Who asks more often waits for the next minute; others are heard, and a network of IPv6 addresses is one."""
    now = 0.0
    crowd = Crowd(lambda: now)
    assert all(crowd.admits("192.0.2.1") for _ in range(60))
    assert not crowd.admits("192.0.2.1")
    assert not crowd.admits("::ffff:192.0.2.1")
    assert crowd.admits("192.0.2.2")
    assert all(crowd.admits(f"2001:db8::{number:x}") for number in range(60))
    assert not crowd.admits("2001:db8::ffff:1")
    assert crowd.admits("2001:db8:0:1::1")
    assert crowd.admits("")
    now = 61.0
    assert crowd.admits("192.0.2.1")


def test_all_clients_are_heard_six_hundred_times_a_minute() -> None:
    """However many ask, the daemon has other things to do; who asks too often takes no room from the others."""
    crowd = Crowd(lambda: 0.0)
    assert [crowd.admits("192.0.2.1") for _ in range(500)].count(True) == 60
    assert [crowd.admits(f"198.51.100.{number}") for number in range(1000)].count(True) == 540


def test_too_many_requests(hubbed: Client, world: World) -> None:
    """The sixty-first request of a minute is told to come later, and does not reach the daemon."""
    answers: list[Any] = [_post(hubbed, b"") for _ in range(121)]
    assert 429 in {answer.status for answer in answers}
    assert answers[0].status == 202
    assert len(world.told) <= 120
