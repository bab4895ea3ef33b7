"""The daemon's hub on a real database and real documents; only the network is played."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import pytest
from structlog.testing import capture_logs

from aggregator.cli import audience as told
from aggregator.config.settings import Settings, Site, Websub
from aggregator.decide.websub import MOST_ASKED_OF_SITE
from aggregator.errors import ConnectFailed, DiskFull, Usage
from aggregator.fetch.client import Message, Reply
from aggregator.publish.renditions import Renditions
from aggregator.run.hub import Hub

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from aggregator.store.hub import HubCount
    from aggregator.store.sqlite.store import SqliteStore

NOW = datetime(2026, 11, 27, tzinfo=UTC)
TOPIC, CALLBACK = "https://news.example/all.atom", "https://reader.example/cb"


@dataclass
class Network:
    """Callbacks that confirm everything, unless told otherwise; keeps what they were sent."""

    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    pushed: list[bytes] = field(default_factory=list)
    answers: Callable[[Message], Reply | None] = lambda _: None
    """Answers in their place; None: they answer."""

    async def tell(self, message: Message) -> Reply:
        if message.body is not None:
            self.pushed.append(message.body)
        parts = urlsplit(message.url)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        if message.body is None:
            self.asked.append((f"{parts.scheme}://{parts.netloc}{parts.path}", query))
        return self.answers(message) or Reply(200, query.get("hub.challenge", "").encode())

    @property
    def modes(self) -> list[str]:
        return [query["hub.mode"] for _, query in self.asked]


@dataclass
class Place:
    """A hub's parts; each `run` is a process of its own."""

    store: SqliteStore
    renditions: Renditions
    network: Network = field(default_factory=Network)
    settings: Settings = field(default_factory=lambda: Settings(site=Site(url="https://news.example/")))
    full: bool = False

    def publish(self, text: str) -> None:
        """Let the document say something new."""
        self.renditions.write("all.atom", text.encode(), media_type="application/atom+xml", modified=NOW)

    async def in_writer(self, work: Callable[[], Any]) -> Any:
        if self.full:
            raise DiskFull("The disk is full.", "Free some space.")
        return work()

    def run(self, *steps: Callable[[Hub], Any], renditions: bool = True) -> list[Any]:
        """Look, do something, look, do something ...; return what was done."""

        async def play() -> list[Any]:
            given: Any = self.network
            where = self.renditions if renditions else None
            hub = Hub(self.store, where, lambda: self.settings, in_writer=self.in_writer, client=lambda: given)
            done = []
            for step in (*steps, lambda _: None):
                for _ in range(3):
                    await hub.look()
                    await asyncio.sleep(0.01)
                found = step(hub)
                done.append(await found if asyncio.iscoroutine(found) else found)
            await hub.end()
            return done[:-1]

        return asyncio.run(play())

    def count(self) -> HubCount:
        with self.store.snapshot() as tx:
            return tx.hub.count()


@pytest.fixture
def place(tmp_path: Path, database: SqliteStore) -> Place:
    """Return a place with one document."""
    place = Place(database, Renditions(tmp_path / "renditions"))
    place.publish("first")
    return place


def ask(callback: str = CALLBACK, mode: str = "subscribe", topic: str = TOPIC) -> Callable[[Hub], Any]:
    """Return the step of a subscriber that asks for something."""
    return lambda hub: hub.answer({"hub.mode": mode, "hub.topic": topic, "hub.callback": callback})


def wait(_: Hub) -> None:
    """Let time pass."""


def test_news_are_told_and_nothing_else(place: Place) -> None:
    """A subscriber that confirmed is sent each new document once, and not what was there before."""
    place.run(ask(), wait, lambda _: place.publish("second"), wait, wait)
    assert place.network.modes == ["subscribe"]
    assert place.network.pushed == [b"second"]
    place.publish("third")
    place.run(wait)
    assert place.network.pushed == [b"second", b"third"]


def test_what_changes_during_a_delivery_is_told_after_it(place: Place) -> None:
    """The newest is always what is sent last."""

    def change_once(message: Message) -> Reply | None:
        if message.body == b"second":
            place.publish("third")
        return None

    place.network.answers = change_once
    place.run(ask(), wait, lambda _: place.publish("second"), wait, wait)
    assert place.network.pushed == [b"second", b"third"]


def test_a_callback_that_cannot_be_reached_is_asked_later(place: Place) -> None:
    """Its request is taken and stays to be confirmed; the others are confirmed."""
    (said,) = place.run(ask())
    assert said == {"status": 202, "reason": "the callback will be asked to confirm it"}
    assert place.count().active == 1

    def unreachable(_: Message) -> Reply:
        raise ConnectFailed("reader.example:443 refuses connections.")

    place.network.answers = unreachable
    place.run(ask("https://other.example/"), wait)
    assert (place.count().asked, place.count().active) == (1, 1)


@pytest.mark.parametrize(
    "settings", [Settings(site=Site(url="https://elsewhere.example/")), Settings(websub=Websub(hub=None))]
)
def test_whoever_subscribed_to_what_is_gone_is_told(place: Place, settings: Settings) -> None:
    """When documents move, or the hub is switched off, subscribers hear that it is over."""
    place.run(ask(), wait)
    place.settings = settings
    place.run(wait, wait)
    assert place.network.modes == ["subscribe", "denied"]
    assert place.network.asked[-1][1]["hub.topic"] == TOPIC
    assert (place.count().active, place.count().asked) == (0, 0)
    place.publish("second")
    place.run(wait)
    assert place.network.pushed == []


def test_whoever_asks_for_what_goes_before_it_is_confirmed_is_told(place: Place) -> None:
    """A topic that is gone by then is denied, not subscribed."""

    async def ask_and_move(hub: Hub) -> None:
        await ask()(hub)
        place.settings = Settings(site=Site(url="https://elsewhere.example/"))

    place.run(ask_and_move, wait)
    assert place.network.modes == ["denied"]
    assert place.count().active == 0


def test_one_site_is_asked_so_much(place: Place) -> None:
    """Callbacks of a site that do not answer keep further ones of it out, and no others."""
    place.network.answers = lambda _: Reply(503, b"")

    async def crowd(hub: Hub) -> list[int]:
        forms = [
            {"hub.mode": "subscribe", "hub.topic": TOPIC, "hub.callback": f"https://{number}.reader.example/"}
            for number in range(MOST_ASKED_OF_SITE + 1)
        ]
        return [(await hub.answer(form))["status"] for form in forms]

    answers, other = place.run(crowd, ask("https://other.example/"))
    assert answers == [202] * MOST_ASKED_OF_SITE + [429]
    assert other["status"] == 202


def test_deliveries_are_counted_for_good(place: Place) -> None:
    """What arrived and what did not, as the command tells it, also when the subscription has ended."""
    assert audience(place) == ({}, [])
    place.run(ask(), wait, lambda _: place.publish("second"), wait)
    place.network.answers = lambda message: Reply(503, b"") if message.body is not None else None
    place.publish("third")
    place.run(wait)
    place.network.answers = lambda message: Reply(410, b"") if message.body is not None else None
    with place.store.transaction() as tx:
        (_, (waiting,)) = tx.hub.due(NOW + timedelta(days=3650), limit=9, per_site=9)
        tx.hub.failed(waiting, NOW, NOW)
    place.run(wait)
    found, lines = audience(place)
    assert found["hub"] == {"subscribers": 0, "asked": 0, "failing": 0, "waiting": 0, "delivered": 1, "failed": 2}
    assert lines == ["hub: 0 subscribers, 0 to be confirmed; 0 deliveries wait, 1 arrived, 2 failed"]


def audience(place: Place) -> tuple[dict[str, Any], list[str]]:
    """Return what `aggregator feeds` tells of the hub."""
    with place.store.snapshot() as tx:
        found = told.audience(tx, NOW)
    return found, list(told.audience_lines(found))


def test_a_form_is_text(place: Place) -> None:
    """What the command brings is checked, as it comes from another process."""
    for form in (None, [], {"hub.mode": 1}):
        with pytest.raises(Usage, match="form"):
            place.run(lambda hub, form=form: hub.answer(form))


def test_a_full_disk_loses_no_news(place: Place) -> None:
    """What could not be noted is noted when it can be; what is wrong is said once."""
    place.run(ask(), wait)

    def fill(_: Hub) -> None:
        place.full = True
        place.publish("second")

    def free(_: Hub) -> None:
        place.full = False

    with capture_logs() as logged:
        place.run(fill, wait, free, wait)
    assert place.network.pushed == [b"second"]
    assert [one["event"] for one in logged] == ["store.failed"]


def test_without_documents_nobody_is_told(place: Place) -> None:
    """A daemon that knows of no folder of documents offers no topics."""
    (said,) = place.run(ask(), renditions=False)
    assert said["status"] == 404
