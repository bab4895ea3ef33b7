"""Behind a reverse proxy that the operator trusts, clients are seen by their own addresses; nobody else is believed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import pytest

if TYPE_CHECKING:
    from conftest import Client, World

LOCAL, OTHER, INNER = "127.0.0.0/8", "192.0.2.1", "127.0.0.9"


@pytest.fixture
def serve(world: World, own_client: Client) -> Any:
    """Return what configures the server and returns a client of it."""

    def configured(**server: tuple[str, ...]) -> Client:
        changed = world.settings.server.model_copy(update=server)
        world.settings = world.settings.model_copy(update={"server": changed})
        world.publish()
        return own_client

    return configured


def test_who_may_see_numbers_is_the_client(serve: Any) -> None:
    """/metrics is for those whom the proxy names, if they are named in metrics_allow; not for the proxy's own address."""
    client = serve(trusted_proxies=(LOCAL,), metrics_allow=(OTHER,))
    assert client.get("/metrics", {"X-Forwarded-For": OTHER}).status == 200
    assert client.get("/metrics", {"Forwarded": f"for={OTHER};proto=https"}).status == 200
    assert (
        client.get("/metrics", {"X-Forwarded-For": f"{OTHER}, {INNER}", "Via": "1.1 a", "X-Real-IP": OTHER}).status
        == 200
    )
    assert client.get("/metrics", {"X-Forwarded-For": f"{OTHER}, 192.0.2.2"}).status == 404
    assert client.get("/metrics").status == 404


@pytest.mark.parametrize(
    "headers",
    [
        {"X-Forwarded-For": "rubbish"},
        {"X-Forwarded-For": f"127.0.0.1, {OTHER}"},
        {"Forwarded": "for=unknown"},
        {"X-Forwarded-For": "127.0.0.1", "Forwarded": f"for={OTHER}"},
        {"X-Real-IP": "127.0.0.1"},
        {"Via": "1.1 proxy"},
    ],
)
def test_words_that_prove_nothing(serve: Any, headers: dict[str, str]) -> None:
    """Although the proxy itself may see numbers, whoever comes through it in the dark may not."""
    client = serve(trusted_proxies=(LOCAL,), metrics_allow=(LOCAL,))
    assert client.get("/metrics").status == 200
    assert client.get("/metrics", headers).status == 404


@pytest.mark.fault("T14")
def test_strangers_cannot_be_somebody_else(serve: Any) -> None:
    """A peer that is no proxy of ours gains nothing by any header."""
    client = serve(trusted_proxies=("10.0.0.0/8",), metrics_allow=(OTHER,))
    assert client.get("/metrics", {"X-Forwarded-For": OTHER}).status == 404


def test_limits_are_each_clients_own(serve: Any, world: World) -> None:
    """One client behind the proxy that asks the hub too often keeps no other from it, nor by lies about itself."""
    world.hub = True
    client = serve(trusted_proxies=(LOCAL,))
    form = {"Content-Type": "application/x-www-form-urlencoded"}

    def ask(forwarded: str) -> int:
        body = urlencode({"hub.mode": "subscribe"}).encode()
        answer = client.get("/hub", {**form, "X-Forwarded-For": forwarded}, method="POST", body=body)
        return int(answer.status)

    statuses = [ask(f"203.0.113.{number}, {OTHER}") for number in range(61)]
    assert statuses == [202] * 60 + [429]
    assert ask("192.0.2.2") == 202


def test_feeds_do_not_ask_who_asks(serve: Any) -> None:
    """Documents are served to everyone alike, whatever is forwarded."""
    client = serve(trusted_proxies=(LOCAL,))
    assert client.get("/all.atom", {"X-Forwarded-For": "rubbish"}).status == 200
    assert client.get("/", {"X-Forwarded-For": OTHER}).status == 200
