"""The story stage at work: slices, embedding beside the writer, what is broken, corrections in a running daemon."""

from __future__ import annotations

import asyncio
import threading
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from structlog.testing import capture_logs

from aggregator.config.settings import Settings
from aggregator.errors import AggregatorError, DiskFull
from aggregator.grouping import Grouping
from aggregator.publish.press import Press
from aggregator.publish.renditions import Renditions
from aggregator.run.clock import utc_now
from aggregator.run.control import call
from aggregator.run.daemon import Daemon, Parts
from aggregator.run.engine import take_over
from aggregator.run.stories import StoryStage
from aggregator.store.sqlite.store import SqliteStore

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from numpy.typing import NDArray

    Newsdesk = Any


@dataclass
class Fake:
    """An embedder: two numbers for each text; what it was asked for, and in which threads."""

    name: str = "fake"
    asked: list[list[str]] = field(default_factory=list)
    threads: set[int] = field(default_factory=set)
    before: Callable[[], object] = lambda: None

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        self.before()
        self.asked.append(list(texts))
        self.threads.add(threading.get_ident())
        if any("Broken" in text for text in texts):
            raise ZeroDivisionError
        return np.array([[np.nan, 0] if "Odd" in text else [0.6, 0.8] for text in texts], np.float32)

    @property
    def counts(self) -> Counter[str]:
        """How often each text was embedded."""
        return Counter(text for texts in self.asked for text in texts)


def vectors(desk: Newsdesk) -> int:
    """Return how many vectors are stored."""
    return int(desk.store._database.execute("SELECT count(*) FROM vector").fetchone()[0])


def bring_many(desk: Newsdesk, count: int) -> None:
    """Let a source list so many different items, none of them decided."""
    desk.bring("a", *(desk.item("a", f"Alone{n} Unheard{n}", hours=n / 10) for n in range(count)), drain=False)


def test_it_drains_in_slices(newsdesk: Newsdesk) -> None:
    """More than one step's entries are decided in several transactions; outputs are told when none is left."""
    bring_many(newsdesk, 205)
    jobs: list[int] = []

    async def in_writer(work: Callable[[], Any]) -> Any:
        done = work()
        jobs.append(len(newsdesk.leads()))
        return done

    stage = StoryStage(newsdesk.store, lambda: newsdesk.settings, clock=lambda: newsdesk.now, in_writer=in_writer)
    asyncio.run(stage.drain())
    assert jobs == [0, 0, 205]


def test_it_embeds_beside_the_writer_once(newsdesk: Newsdesk) -> None:
    """Each article is embedded once, in batches, in another thread, and once more after an edit."""
    fake = Fake()
    newsdesk.reopen(fake)
    bring_many(newsdesk, 70)
    newsdesk.drain()
    newsdesk.drain()
    assert [len(texts) for texts in fake.asked] == [32, 32, 6]
    assert set(fake.counts.values()) == {1}
    assert threading.get_ident() not in fake.threads
    assert vectors(newsdesk) == 70
    edited = newsdesk.item("a", "Alone3 Unheard3", hours=0.3)
    newsdesk.bring("a", newsdesk.item("a", "Corrected", guid=edited.guid, link=edited.link, hours=0.3))
    assert fake.asked[3:] == [["Corrected."]]
    assert vectors(newsdesk) == 70


def test_a_restart_embeds_nothing_again(newsdesk: Newsdesk) -> None:
    """Vectors are kept; those of another model are made anew when all is decided anew."""
    newsdesk.reopen(Fake())
    newsdesk.tell("a", "grok", 0)
    again, other = Fake(), Fake("another")
    newsdesk.reopen(again)
    newsdesk.correct("recompute")
    newsdesk.reopen(other)
    newsdesk.correct("recompute")
    assert (len(again.asked), len(other.asked)) == (0, 1)


def test_what_cannot_be_embedded_is_decided_by_its_words(newsdesk: Newsdesk) -> None:
    """A text that breaks the embedder, or has no finite vector, costs no other text its vector, and is told once."""
    fake = Fake()
    newsdesk.reopen(fake)
    for title in ("Broken Zyphra", "Odd Marlowe", "Fine Quixel"):
        newsdesk.bring("a", newsdesk.item("a", title), drain=False)
    with capture_logs() as logged:
        newsdesk.drain()
        newsdesk.drain()
    keys = [newsdesk.entry(newsdesk.item("a", title).guid).key for title in ("Broken Zyphra", "Odd Marlowe")]
    assert [event["entries"] for event in logged if event["event"] == "stories.not_embedded"] == [sorted(keys)]
    assert len(newsdesk.leads()) == 3
    assert vectors(newsdesk) == 1


def test_what_is_edited_while_it_is_embedded(newsdesk: Newsdesk) -> None:
    """A vector of a text that is not the article's any more is not kept: the new text is embedded."""
    item = newsdesk.item("a", "Grok opens its weights")
    edits = iter(
        [lambda: newsdesk.bring("a", newsdesk.item("a", "Edited", guid=item.guid, link=item.link), drain=False)]
    )
    fake = Fake(before=lambda: [edit() for edit in edits])
    newsdesk.reopen(fake)
    newsdesk.bring("a", item)
    assert fake.asked == [["Grok opens its weights."], ["Edited."]]
    assert newsdesk.leads() == [item.guid]


def test_what_comes_while_it_embeds_gets_its_vector_first(newsdesk: Newsdesk) -> None:
    """An older article that arrives meanwhile is not decided without its vector."""
    more = iter([lambda: newsdesk.tell("b", "chip", 0, hours=99, drain=False)])
    fake = Fake()
    newsdesk.reopen(fake)
    step = newsdesk.stage._step

    def first_more() -> Any:
        next(more, lambda: None)()
        return step()

    newsdesk.stage._step = first_more
    newsdesk.tell("a", "grok", 0)
    assert len(fake.asked) == 2
    assert vectors(newsdesk) == 2
    assert all(method != "undecided" for method in newsdesk.methods().values())


def test_what_is_wrong_with_the_store_is_handed_on(newsdesk: Newsdesk, monkeypatch: pytest.MonkeyPatch) -> None:
    """A full disk ends the drain, memory is forgotten, and the next drain decides all."""
    forgotten: list[bool] = []
    forget = Grouping.forget
    monkeypatch.setattr(Grouping, "forget", lambda self: (forgotten.append(True), forget(self))[1])
    works = newsdesk.stage._grouping.step

    def full(*words: Any, **named: Any) -> Any:
        works(*words, **named)
        raise DiskFull("There is no space left.", "Make some.")

    newsdesk.tell("a", "grok", 0, drain=False)
    with monkeypatch.context() as patch:
        patch.setattr(newsdesk.stage._grouping, "step", full)
        with pytest.raises(DiskFull):
            newsdesk.drain()
        failures: list[AggregatorError] = []
        asyncio.run(newsdesk.stage.keep_up(failures.append))
    assert [error.message for error in failures] == ["There is no space left."]
    assert len(forgotten) == 2
    assert newsdesk.leads() == []
    newsdesk.drain()
    assert len(newsdesk.leads()) == 1


def test_a_mistake_is_told_once(newsdesk: Newsdesk, monkeypatch: pytest.MonkeyPatch) -> None:
    """A fault of ours is logged when it begins, not at every look; after it was over, again."""
    failing = {"now": True}
    works = newsdesk.stage._grouping.step

    def step(*words: Any, **named: Any) -> Any:
        if failing["now"]:
            raise ZeroDivisionError
        return works(*words, **named)

    monkeypatch.setattr(newsdesk.stage._grouping, "step", step)
    with capture_logs() as logged:
        for now in (True, True, False, True):
            failing["now"] = now
            asyncio.run(newsdesk.stage.keep_up(lambda _: None))
    assert [event["event"] for event in logged] == ["stories.mistake"] * 2


def test_it_stops_between_two_slices(newsdesk: Newsdesk) -> None:
    """A stage that is told to stop ends after what is under way; another one goes on there."""
    bring_many(newsdesk, 205)
    step = newsdesk.stage._step

    def last() -> Any:
        newsdesk.stage.stop()
        return step()

    newsdesk.stage._step = last
    newsdesk.drain()
    assert sum(method == "undecided" for method in newsdesk.methods().values()) == 105
    newsdesk.reopen()
    newsdesk.drain()
    assert len(newsdesk.leads()) == 205


def run_daemon(desk: Newsdesk, scenario: Callable[[Path], Awaitable[None]]) -> None:
    """Run a daemon on the newsdesk's database, without sources to poll, beside a scenario."""
    folder = Path(desk.store.path).parent
    settings = Settings(outputs=desk.settings.outputs)

    async def play() -> None:
        about: dict[str, Any] = {}
        press = Press(
            settings,
            Renditions(folder / "renditions"),
            lambda: SqliteStore(desk.store.path, readonly=True),
            clock=utc_now,
        )
        daemon = Daemon(settings, Parts(desk.store, press, lambda: None, folder, about.update))
        task = asyncio.create_task(daemon.run())
        while not about and not task.done():
            await asyncio.sleep(0.02)
        try:
            await scenario(Path(about["control"]))
        finally:
            daemon.stop()
            await task

    take_over(desk.store, settings, utc_now())
    asyncio.run(asyncio.wait_for(play(), 30))


def test_a_running_daemon_corrects(newsdesk: Newsdesk) -> None:
    """Over the control socket: what came of it is answered after the documents were written; mistakes exit with 2."""
    first = newsdesk.tell("a", "grok", 0, hours=3)
    second = newsdesk.tell("b", "grok", 1)
    seen: list[Any] = []

    async def scenario(control: Path) -> None:
        def correct(action: object, ids: object) -> Any:
            return list(call(control, {"command": "correct", "action": action, "ids": ids}))

        seen.extend(await asyncio.to_thread(correct, "split", [second]))
        seen.append((control.parent / "renditions/stories.atom").read_bytes().count(b"<entry"))
        for words in (("split", [second]), ("nonsense", []), ("split", 7), ("split", [7]), ("split", "ab")):
            with pytest.raises(AggregatorError) as caught:
                await asyncio.to_thread(correct, *words)
            seen.append(caught.value.exit_code)
        seen.extend(await asyncio.to_thread(correct, "recompute", []))

    with capture_logs() as logged:
        run_daemon(newsdesk, scenario)
    assert seen == [{"story": newsdesk.entry(second).story}, {"done": True}, 2, 2, 2, 2, 2, 2, {}, {"done": True}]
    assert newsdesk.groups() == {frozenset({first}), frozenset({second})}
    assert [event["event"] for event in logged if event["log_level"] == "critical"] == []


def test_a_daemon_tells_what_waits(newsdesk: Newsdesk) -> None:
    """Entries that a killed process left undecided are told by the next, without a new poll."""
    newsdesk.now = utc_now()
    lead = newsdesk.tell("a", "grok", 0, drain=False)
    folder = Path(newsdesk.store.path).parent

    async def scenario(_: Path) -> None:
        async with asyncio.timeout(20):
            document = folder / "renditions/stories.atom"
            while not document.exists() or lead.encode() not in document.read_bytes():
                await asyncio.sleep(0.05)

    run_daemon(newsdesk, scenario)
    assert newsdesk.leads() == [lead]
