"""/websub/{name}: what hubs may ask and deliver there, and whom it turns away."""

from __future__ import annotations

import contextlib
import hashlib
import hmac
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import pytest

from aggregator.decide.pushing import Offer, State
from aggregator.serve import callback
from aggregator.serve.callback import MOST_BYTES
from aggregator.store.sqlite.store import SqliteStore

if TYPE_CHECKING:
    from collections.abc import Mapping

    from conftest import Answer, Client, World

NAME, SECRET, TOPIC = "n" * 43, "hush", "https://news.example/feed"
QUESTION = {
    "hub.mode": "subscribe", "hub.topic": TOPIC, "hub.challenge": "Chal-lenge=1", "hub.lease_seconds": "60",
}  # fmt: skip


def _keep(world: World, **changes: Any) -> None:
    """Let there be one subscription."""
    now = datetime.now(UTC)
    with contextlib.closing(SqliteStore(world.database)) as store, store.transaction() as tx:
        tx.pushes.want(1, Offer("https://hub.example/", TOPIC), "https://we.example/", now)
        push = tx.pushes.of(1)
        assert push is not None
        until = now + timedelta(days=1)
        verified = replace(push, name=NAME, secret=SECRET, state=State.VERIFIED, lease_until=until, due_at=until)
        tx.pushes.keep(replace(verified, **changes))


@pytest.fixture
def pushed(world: World, own_client: Client) -> Client:
    """Return a client of a server whose hub has agreed; the daemon takes what it is told."""
    _keep(world)
    world.answer = {"done": True, "taken": True, "agreed": True}
    return own_client


def _ask(client: Client, name: str = NAME, **changes: str) -> Answer:
    asked = QUESTION | {f"hub.{key}": value for key, value in changes.items()}
    return client.get(f"/websub/{name}?{urlencode(asked)}")


def _deliver(
    client: Client, body: bytes = b"<rss/>", *, name: str = NAME, signature: str | None = None, **headers: str
) -> Answer:
    signed = f"sha256={hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()}"
    sent = {"X-Hub-Signature": signed if signature is None else signature, "Content-Type": "application/rss+xml"}
    return client.get(f"/websub/{name}", {k: v for k, v in {**sent, **headers}.items() if v}, method="POST", body=body)


def test_a_hub_that_asks_back(pushed: Client, world: World) -> None:
    """The daemon is asked, and the challenge repeated, exactly."""
    answer = _ask(pushed)
    assert (answer.status, answer.body) == (200, b"Chal-lenge=1")
    assert world.told == [
        {"command": "push-asked", "name": NAME, "mode": "subscribe", "topic": TOPIC, "lease": "60", "reason": ""}
    ]
    assert (answer["Content-Type"], answer["X-Content-Type-Options"]) == ("text/plain; charset=utf-8", "nosniff")


def test_a_hub_that_denies(pushed: Client, world: World) -> None:
    """It needs no challenge; what it says is handed on, and answered with nothing."""
    answer = _ask(pushed, mode="denied", challenge="", reason="no")
    assert (answer.status, answer.body) == (200, b"")
    assert (world.told[0]["mode"], world.told[0]["reason"]) == ("denied", "no")


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"challenge": ""}, 0),
        ({"challenge": "<b>\n"}, 0),
        ({"challenge": "x" * 513}, 0),
        ({"topic": "x" * 2001}, 0),
        ({"name": "x" * 43}, 0),
        ({"name": "short"}, 0),
        ({"topic": "https://other.example/"}, 1),
    ],
)
def test_who_asks_for_something_else(pushed: Client, world: World, changes: dict[str, str], told: int) -> None:
    """A callback that is none, a challenge that no hub would choose, and what the daemon did not ask for are 404."""
    world.answer = {"done": True, "agreed": False}
    assert _ask(pushed, **changes).status == 404
    assert len(world.told) == told


@pytest.mark.parametrize("method", ["sha1", "sha256", "sha384", "sha512"])
def test_a_delivery_is_handed_on_as_a_file(pushed: Client, world: World, method: str) -> None:
    """With a right signature by any method it lies in a file of this user's alone, until the daemon has taken it."""
    body, seen = b"<rss>news</rss>", []

    async def take(command: Mapping[str, Any]) -> dict[str, Any]:
        (file,) = (world.folder / "pushes").iterdir()
        seen.append((command, file.name, file.read_bytes(), file.stat().st_mode & 0o777, file.parent.stat().st_mode))
        return {"done": True, "taken": True}

    world.hear = take
    signature = f"{method}={hmac.new(SECRET.encode(), body, method).hexdigest().upper()}"
    assert _deliver(pushed, body, signature=signature).status == 202
    ((command, name, content, mode, folder),) = seen
    assert command == {"command": "pushed", "name": NAME, "file": name, "content_type": "application/rss+xml"}
    assert (content, mode, folder & 0o777) == (body, 0o600, 0o700)
    assert list((world.folder / "pushes").iterdir()) == []


@pytest.mark.parametrize(
    "signature",
    [
        "",
        "sha256=",
        "sha256=" + "0" * 64,
        "sha256=é",
        hmac.new(SECRET.encode(), b"<rss/>", "sha256").hexdigest(),
        "md5=" + hmac.new(SECRET.encode(), b"<rss/>", "md5").hexdigest(),
        "sha256=" + hmac.new(b"other", b"<rss/>", "sha256").hexdigest(),
        "sha512=" + hmac.new(SECRET.encode(), b"<rss/>", "sha256").hexdigest(),
        "sha1=" + hmac.new(SECRET.encode(), b"other", "sha1").hexdigest(),
    ],
)
def test_a_wrong_signature_is_not_told(pushed: Client, world: World, signature: str) -> None:
    """Who sent it learns nothing; the daemon counts it, and no byte of it is handed on."""
    assert _deliver(pushed, signature=signature).status == 202
    assert world.told == [{"command": "push-refused", "name": NAME}]
    assert list((world.folder / "pushes").iterdir()) == []


@pytest.mark.parametrize("changes", [{"state": State.ASKED}, {"state": State.LEAVING}, {"state": State.DENIED}])
def test_what_nobody_wants_is_410(pushed: Client, world: World, changes: dict[str, Any]) -> None:
    """A hub that was left, or never agreed, and a callback that is none: the hub ends what it thinks there is."""
    assert _deliver(pushed, name="x" * 43).status == 410
    assert _deliver(pushed, name="x").status == 410
    _keep(world, **changes)
    assert _deliver(pushed).status == 410
    assert world.told == []


def test_a_source_that_went_meanwhile_is_410(pushed: Client, world: World) -> None:
    """The daemon knows it first."""
    world.answer = {"done": True, "taken": False}
    assert _deliver(pushed).status == 410


def test_a_delivery_that_was_not_stored_is_sent_again(pushed: Client, world: World) -> None:
    """Without a daemon, and when it could not write, the hub is told to come later, and nothing stays behind."""
    world.answer = None
    assert _deliver(pushed).status == 503
    assert _ask(pushed).status == 503
    assert list((world.folder / "pushes").iterdir()) == []


def test_a_full_disk(pushed: Client, world: World) -> None:
    """A file that cannot be written is no fault of the hub's: later."""
    (world.folder / "pushes").write_bytes(b"in the way")
    assert _deliver(pushed).status == 503
    assert world.told == []


def test_many_at_once(pushed: Client, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond so many deliveries at a time hubs are to come later."""
    monkeypatch.setattr(callback, "AT_ONCE", 0)
    assert _deliver(pushed).status == 503
    assert world.told == []


def test_what_is_too_large_or_packed(pushed: Client, world: World) -> None:
    """A delivery has a bound, and comes as it is."""
    assert _deliver(pushed, b"x" * (MOST_BYTES + 1)).status == 413
    assert _deliver(pushed, **{"Content-Encoding": "gzip"}).status == 415
    assert world.told == []
    assert list((world.folder / "pushes").iterdir()) == []


def test_a_hub_has_a_rate(pushed: Client, world: World) -> None:
    """Thirty at once; strangers, who guess names, use up a rate of their own."""
    assert [_ask(pushed).status for _ in range(31)][29:] == [200, 429]
    assert {_ask(pushed, name=f"{number:043}").status for number in range(30)} == {404}
    answer = _ask(pushed, name="y" * 43)
    assert (answer.status, answer["Retry-After"]) == (429, "60")


def test_other_methods(pushed: Client) -> None:
    """Nothing else is done here."""
    assert pushed.get(f"/websub/{NAME}", method="PUT", body=b"").status == 405
    assert pushed.get("/websub/").status == 404


def test_counts_for_prometheus(pushed: Client, world: World) -> None:
    """Subscriptions by state, and what hubs brought, kept to themselves and faked."""
    _keep(world, delivered=3, missed=2, refused=1)
    lines = pushed.get("/metrics").text.splitlines()
    for line in (
        'aggregator_push_subscriptions{state="verified"} 1.0',
        'aggregator_push_subscriptions{state="denied"} 0.0',
        "aggregator_push_delivered_entries_total 3.0",
        "aggregator_push_missed_entries_total 2.0",
        "aggregator_push_refused_total 1.0",
    ):
        assert line in lines
