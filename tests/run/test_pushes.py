"""The daemon as a subscriber on a real database; only hubs and the pipeline are played."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

import pytest
from structlog.testing import capture_logs

from aggregator.config.settings import FeedSettings
from aggregator.decide.pushing import Offer, Push, State
from aggregator.errors import ConnectFailed, DiskFull, Usage
from aggregator.fetch.client import Message, Reply
from aggregator.model import Outcome, PollReport, RequestKind
from aggregator.run.pushes import Pushes

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from aggregator.model import FeedState, Fetched
    from aggregator.store.sqlite.store import SqliteStore

FEED, HUB, TOPIC = "https://news.org/feed", "https://hub.org/hub", "https://news.org/feed.xml"
NOW = datetime.now(UTC).replace(microsecond=0)
DAY = timedelta(days=1)


@dataclass
class Place:
    """A subscriber's parts, and the hubs that it asks; each `run` is a process of its own."""

    store: SqliteStore
    folder: Path
    told: list[Message] = field(default_factory=list)
    taken: list[tuple[str, Fetched]] = field(default_factory=list)
    """Deliveries that reached the pipeline, with their feeds."""
    reply: Callable[[Message], Reply] = lambda _: Reply(202, b"")
    full: bool = False

    def __post_init__(self) -> None:
        with self.store.transaction() as tx:
            tx.feeds.sync({FEED: FeedSettings(url=FEED)}, NOW)
            tx.pushes.want(1, Offer(HUB, TOPIC), "https://we.org/", NOW - DAY)

    # What the daemon's engine has.
    @property
    def client(self) -> Place:
        return self

    @property
    def pipeline(self) -> Place:
        return self

    async def in_writer(self, work: Callable[[], Any]) -> Any:
        if self.full:
            raise DiskFull("The disk is full.", "Free some space.")
        return work()

    async def tell(self, message: Message) -> Reply:
        self.told.append(message)
        return self.reply(message)

    async def receive(self, feed: FeedState, delivery: Fetched) -> PollReport:
        self.taken.append((feed.url, delivery))
        return PollReport(feed.url, Outcome.NEW, kind=RequestKind.PUSH)

    def run(self, *steps: Callable[[Pushes], Any]) -> list[Any]:
        """Look, do something, look, do something ...; return what was done."""

        async def play() -> list[Any]:
            engine: Any = self
            pushes = Pushes(engine, self.store, self.folder)
            done = []
            for step in (lambda _: None, *steps):
                found = step(pushes)
                done.append(await found if asyncio.iscoroutine(found) else found)
                await pushes.look()
                await asyncio.sleep(0.01)
            await pushes.end()
            return done[1:]

        return asyncio.run(play())

    @property
    def push(self) -> Push:
        """The subscription, one that is being left too."""
        with self.store.snapshot() as tx:
            found = tx.pushes.get(1)
        assert found is not None
        return found

    def keep(self, **changes: Any) -> None:
        """Change what is known of it."""
        with self.store.transaction() as tx:
            found = tx.pushes.get(1)
            assert found is not None
            tx.pushes.keep(replace(found, **changes))

    def forms(self) -> list[dict[str, str]]:
        """What hubs were sent."""
        return [dict(parse_qsl((message.body or b"").decode())) for message in self.told]

    def question(self, mode: str = "subscribe", **changes: str) -> dict[str, str]:
        """Return the command of a web process that a hub asked."""
        return {"name": self.push.name or "", "mode": mode, "topic": TOPIC, "lease": "86400", **changes}


@pytest.fixture
def place(tmp_path: Path, database: SqliteStore) -> Place:
    """Return a place with a source whose hub is wanted."""
    return Place(database, tmp_path / "pushes")


def _agreed(place: Place) -> None:
    """Let the hub be asked, and agree."""
    place.run(lambda pushes: pushes.answer(place.question()))
    assert place.push.state is State.VERIFIED


def test_a_hub_is_asked_and_asks_back(place: Place) -> None:
    """It gets topic, callback and secret, once; what it asks is ours, for as long as it says."""
    (said,) = place.run(lambda pushes: pushes.answer(place.question()))
    assert said == {"agreed": True}
    (form,) = place.forms()
    assert (form["hub.mode"], form["hub.topic"]) == ("subscribe", TOPIC)
    assert form["hub.callback"] == f"https://we.org/websub/{place.push.name}"
    assert form["hub.secret"] == place.push.secret
    assert len(place.push.name or "") == len(place.push.secret or "") == 43
    (message,) = place.told
    assert (message.url, message.outside) == (HUB, "news.org")
    assert (place.push.state, place.push.tries, place.push.why) == (State.VERIFIED, 0, "")
    assert place.push.lease_until is not None
    assert place.push.lease_until > NOW + DAY - timedelta(minutes=1)


def test_names_and_secrets_are_in_no_log(place: Place) -> None:
    """What is logged are hub, feed and topic."""
    with capture_logs() as logged:
        _agreed(place)
        place.run(lambda pushes: pushes.refuse({"name": place.push.name}))
    assert [one["event"] for one in logged] == ["push.asked", "push.answered", "push.refused"]
    assert (place.push.name or "?") not in str(logged)
    assert (place.push.secret or "?") not in str(logged)
    assert place.push.refused == 1


def test_a_hub_may_ask_back_at_once(place: Place) -> None:
    """Before it has answered our request: what it is asked is noted first, and its answer afterwards changes nothing."""
    agreed = []

    async def play() -> None:
        engine: Any = place
        pushes = Pushes(engine, place.store, place.folder)

        async def tell(_: Message) -> Reply:
            agreed.append(await pushes.answer(place.question()))
            return Reply(500, b"")

        place.tell = tell  # type: ignore[method-assign]
        await pushes.look()
        await asyncio.sleep(0.01)

    asyncio.run(play())
    assert agreed == [{"agreed": True}]
    assert (place.push.state, place.push.why) == (State.VERIFIED, "")


@pytest.mark.parametrize(
    ("reply", "why"), [(lambda _: Reply(500, b""), "status 500"), (lambda _: Reply(307, b""), "status 307")]
)
def test_a_hub_that_does_not_take_it(place: Place, reply: Callable[[Message], Reply], why: str) -> None:
    """Why is kept for the operator, and it is asked again later."""
    place.reply = reply
    place.run(lambda _: None)
    assert (place.push.state, place.push.why, place.push.tries) == (State.ASKED, why, 1)
    assert len(place.told) == 1
    place.keep(due_at=NOW - DAY)
    place.run()
    assert (place.push.tries, len(place.told)) == (2, 2)
    assert len({form["hub.callback"] for form in place.forms()}) == 1


def test_a_hub_that_cannot_be_reached(place: Place) -> None:
    """The reason is kept in words."""

    def refuse(_: Message) -> Reply:
        raise ConnectFailed("hub.org:443 refuses connections.")

    place.reply = refuse
    place.run()
    assert place.push.why == "hub.org:443 refuses connections."


def test_a_hub_may_name_another_once(place: Place) -> None:
    """307 and 308 lead on, once, and from the public to the public only."""
    place.reply = lambda _: Reply(308, b"", "https://hub2.org/")
    place.run()
    assert [(one.url, one.outside) for one in place.told] == [(HUB, "news.org"), ("https://hub2.org/", "news.org")]
    assert place.told[0].body == place.told[1].body
    assert place.push.why == "status 308"


def test_a_hub_is_left(place: Place) -> None:
    """It is told so, asks back, and is forgotten; deliveries find nobody."""
    _agreed(place)
    with place.store.transaction() as tx:
        tx.pushes.want(1, None, "", NOW)
    said, again = place.run(
        lambda pushes: pushes.answer(place.question("unsubscribe")),
        lambda pushes: pushes.answer({"name": "x", "mode": "unsubscribe", "topic": TOPIC}),
    )
    assert (said, again) == ({"agreed": True}, {"agreed": False})
    assert place.forms()[-1]["hub.mode"] == "unsubscribe"
    with place.store.snapshot() as tx:
        assert tx.pushes.get(1) is None


def test_a_hub_that_was_never_asked_is_forgotten_at_once(place: Place) -> None:
    """There is nothing to tell it."""
    with place.store.transaction() as tx:
        tx.pushes.want(1, None, "", NOW)
    place.run()
    assert place.told == []
    with place.store.snapshot() as tx:
        assert tx.pushes.get(1) is None


def test_a_delivery_goes_to_the_pipeline(place: Place) -> None:
    """It is read from its file, which is gone then; who sent it is answered once it is written."""
    _agreed(place)

    def deliver(pushes: Pushes) -> Any:
        place.folder.mkdir()
        (place.folder / "one").write_bytes(b"<rss/>")
        return pushes.receive({"name": place.push.name, "file": "one", "content_type": "text/xml"})

    (report,) = place.run(deliver)
    assert report.kind is RequestKind.PUSH
    ((url, delivery),) = place.taken
    assert (url, delivery.url, delivery.body, delivery.content_type) == (FEED, FEED, b"<rss/>", "text/xml")
    assert list(place.folder.iterdir()) == []


def test_a_delivery_for_nobody(place: Place) -> None:
    """Without a subscription that holds nothing reaches the pipeline, and the file goes all the same."""

    def deliver(pushes: Pushes) -> Any:
        place.folder.mkdir()
        (place.folder / "one").write_bytes(b"<rss/>")
        return pushes.receive({"name": "unknown", "file": "one"})

    assert place.run(deliver) == [None]
    assert (place.taken, list(place.folder.iterdir())) == ([], [])


def test_what_a_daemon_before_left_is_gone(place: Place) -> None:
    """Whoever sent it had no answer and sends it again."""
    place.folder.mkdir()
    (place.folder / "old").write_bytes(b"<rss/>")
    place.run()
    assert not place.folder.exists()


@pytest.mark.parametrize(
    "command", [{"file": "../../etc/passwd"}, {"file": ""}, {"file": "missing"}, {"file": 1}, {"name": ["x"]}]
)
def test_commands_are_checked(place: Place, command: dict[str, Any]) -> None:
    """What comes from another process names a file of the folder, and is text."""
    with pytest.raises(Usage):
        place.run(lambda pushes: pushes.receive({"name": "x", "file": "x", **command}))


def test_a_refusal_of_nobody(place: Place) -> None:
    """A callback that went meanwhile is counted nowhere."""
    place.run(lambda pushes: pushes.refuse({"name": "unknown"}))
    assert place.push.refused == 0


def test_what_was_settled_while_it_waited_is_not_asked(place: Place) -> None:
    """A hub that is not due any more when its turn comes, or is forgotten, is left alone."""

    async def wait(pushes: Pushes) -> None:
        await pushes._ask(1)
        await pushes._ask(99)

    place.keep(due_at=NOW + DAY)
    place.run(wait)
    assert (place.told, place.push.tries) == ([], 0)


def test_a_full_disk_asks_nobody(place: Place) -> None:
    """What cannot be noted is not asked: a hub that asks back would find nobody who asked."""
    place.full = True
    with capture_logs() as logged:
        place.run(lambda _: None)
    assert place.told == []
    assert [one["event"] for one in logged] == ["store.failed"]
