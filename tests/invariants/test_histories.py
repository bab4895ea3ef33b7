"""Weeks invented by Hypothesis, through the serial stage on a real database, under the eyes of subscribers."""

from __future__ import annotations

import itertools
import sys
from datetime import timedelta
from typing import TYPE_CHECKING, Any, ClassVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from subscribed.ledger import Ledger
from subscribed.program import Program
from subscribed.subscriber import Subscriber
from subscribed.world import World

from aggregator.config.settings import OutputSettings, Publishing, Settings
from aggregator.errors import Usage

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from subscribed.sources import Source

HOUR = timedelta(hours=1)
OUTPUTS = (
    OutputSettings(name="all", limit=3),
    OutputSettings(name="stories", by="story", limit=3),
    OutputSettings(name="patient", by="story", hold=6 * HOUR, limit=3),
    OutputSettings(name="own", tags=("own",), limit=3),
    OutputSettings(name="planets", by="story", tags=("planet",), limit=3),
    OutputSettings(name="copies", tags=("planet", "copies", "links"), limit=3),
    OutputSettings(name="top", top=2),
    OutputSettings(name="daily", digest="daily", limit=1),
)
MORE = (OutputSettings(name="late", by="story", limit=3), OutputSettings(name="french", languages=("fr",), limit=3))
PAUSES = (5 * HOUR, 12 * HOUR, 40 * HOUR)
OWN = ("lab", "rival", "mute")
FEEDS = ("lab", "rival", "mute", "revue", "copier", "log", "linker", "planet")
FLOOD = 3


class Weeks(RuleBasedStateMachine):
    """Publishers, one program and its subscribers."""

    folder: ClassVar[Path]
    numbers: ClassVar[Iterator[int]] = itertools.count()

    def __init__(self) -> None:
        super().__init__()
        self.path = self.folder / f"{next(self.numbers)}.db"
        self.world, self.ledger = World(), Ledger()
        self.more: tuple[OutputSettings, ...] = ()
        self.program = Program(self.path, self.configured())
        self.program.now += timedelta(minutes=1)
        self.readers: list[Subscriber] = []
        self.subscribe(OUTPUTS)

    def subscribe(self, outputs: tuple[OutputSettings, ...]) -> None:
        """Let people subscribe to outputs, at every interval."""
        self.readers += [Subscriber(output.name, pause, self.program.now) for output in outputs for pause in PAUSES]

    def configured(self) -> Settings:
        """Return the configuration as it is now."""
        return Settings(
            feeds=tuple(source.settings for source in self.world.sources.values() if source.configured),
            outputs=OUTPUTS + self.more,
            publishing=Publishing(flood=FLOOD),
        )

    def teardown(self) -> None:
        """Let everything be told, and everybody read once more."""
        try:
            if sys.exc_info()[0] is None:  # else it would hide what went wrong
                self.pass_time(10, 8, working=True)
        finally:
            self.program.stop()
            self.path.unlink()

    def article(self, data: st.DataObject) -> Any:
        """Choose an article."""
        return data.draw(st.sampled_from(list(self.world.articles.values())), label="article")

    # What publishers do

    @initialize(count=st.integers(0, 4))
    def first_documents(self, count: int) -> None:
        """At the beginning there are some articles, and feeds are read."""
        for number in range(count):
            self.write(OWN[number % 3], number // 2, 5 * number)
        self.poll(list(FEEDS[:3]), set())

    @rule(name=st.sampled_from(OWN), story=st.integers(0, 3), age=st.integers(0, 30))
    def write(self, name: str, story: int, age: int) -> None:
        """Publish an article of one story or another."""
        source = self.world.own(name)
        self.world.add(source, self.world.pen.write(source.site, story, self.program.now - age * HOUR))

    @rule(story=st.integers(0, 3), age=st.integers(0, 30))
    def translate(self, story: int, age: int) -> None:
        """Tell a story in another language."""
        source = self.world.own("revue")
        article = self.world.pen.write(source.site, story, self.program.now - age * HOUR, language="fr")
        self.world.add(source, article)

    @rule(count=st.integers(1, 3))
    def release(self, count: int) -> None:
        """Publish notes of releases, all on one page."""
        source = self.world.own("log")
        for place in range(count):
            self.world.add(source, self.world.pen.version(source.site, self.program.now - place * HOUR))

    @precondition(lambda self: self.world.articles)
    @rule(data=st.data(), how=st.sampled_from(["copier", "linker", "planet", "later"]))
    def take_up(self, data: st.DataObject, how: str) -> None:
        """Copy an article, link to it, or republish it."""
        article, source = self.article(data), self.world.own(how)
        if how == "copier" and article.text and all(article.path != one.path for one in source.ever.values()):
            self.world.add(source, self.world.pen.copy(article, source.site))
        elif how == "linker" and article.change != "link":
            self.world.add(source, self.world.pen.headline(article, self.program.now))
        elif how in {"planet", "later"} and article.text:
            self.world.lists_too(source, article)

    @rule(name=st.sampled_from(("lab", "rival", "copier")), count=st.integers(2, 6), days=st.integers(4, 90))
    def republish_archive(self, name: str, count: int, days: int) -> None:
        """Put many old articles into a feed, as if they were news."""
        source = self.world.own(name)
        for place in range(count):
            date = self.program.now - timedelta(days=days, hours=place)
            self.world.add(source, self.world.pen.write(source.site, 10 + place, date))

    @precondition(lambda self: self.world.articles)
    @rule(data=st.data(), title=st.booleans())
    def edit(self, data: st.DataObject, title: bool) -> None:
        """Edit an article."""
        article = self.article(data)
        if not article.shares_link and article.text:
            self.world.edit(article, title=title)

    @rule(name=st.sampled_from(FEEDS))
    def change_guids(self, name: str) -> None:
        """Give everything in a feed another guid."""
        self.world.rename(self.world.own(name))

    @rule(name=st.sampled_from(OWN))
    def move(self, name: str) -> None:
        """Move a site."""
        self.world.move(self.world.own(name))

    @precondition(lambda self: self.world.articles)
    @rule(data=st.data(), drop=st.booleans())
    def flap(self, data: st.DataObject, drop: bool) -> None:
        """List an article no longer, or again."""
        article = self.article(data)
        for source in self.world.sources.values():
            if drop:
                source.listed.pop(article.name, None)
            elif article.name in source.ever:
                source.list(article)

    # What the program does

    @rule(
        names=st.lists(st.sampled_from((*FEEDS, "later")), min_size=1, unique=True), failing=st.sets(st.integers(0, 8))
    )
    def poll(self, names: list[str], failing: set[int]) -> None:
        """Poll sources, whose results are written in one transaction; some fail."""
        self._poll(names, failing, killed=False)

    @rule(names=st.permutations((*FEEDS, "later")), together=st.booleans(), hours=st.integers(1, 14))
    def poll_everything(self, names: list[str], together: bool, hours: int) -> None:
        """Poll all sources in some order, in one transaction or in two, and let time pass."""
        for part in (names,) if together else (names[:4], names[4:]):
            self._poll(part, set(), killed=False)
        self.pass_time(hours, 2, working=True)

    @rule(names=st.lists(st.sampled_from(FEEDS), min_size=1, unique=True))
    def poll_killed(self, names: list[str]) -> None:
        """Die before the commit, and begin again."""
        self._poll(names, set(), killed=True)
        self.restart()

    def _poll(self, names: list[str], failing: set[int], *, killed: bool) -> None:
        asked = [source for source in map(self.world.own, names) if source.configured]
        answers: list[tuple[Source, Any]] = [
            (source, None if place in failing else source.document()) for place, source in enumerate(asked)
        ]
        told = [(source.url, None if found is None else [item for _, item in found]) for source, found in answers]
        if self.program.poll(told, killed=killed):
            for source, found in answers:
                if found is not None:
                    self.world.has_read(self.program, source, found)
            self.ledger.note(self.program)

    @rule(killed=st.booleans())
    def tell(self, killed: bool) -> None:
        """Decide and tell stories; or die in the middle of it, and begin again."""
        self.program.drain(killed=killed)
        if killed:
            self.restart()
        else:
            self.ledger.note(self.program, drained=True)
            self.ledger.nothing_is_lost(self.program)

    @rule()
    def restart(self) -> None:
        """End the process and start another."""
        self.program.stop()
        self.start()

    def start(self) -> None:
        """Start with the configuration as it is."""
        self.program.start(self.configured())
        self.ledger.note(self.program, filled=True)

    @rule(hours=st.integers(1, 14), times=st.integers(1, 3), working=st.booleans())
    def pass_time(self, hours: int, times: int, working: bool) -> None:
        """Let time pass, in which the program works or does not run at all."""
        until = self.program.now + times * hours * HOUR
        while self.program.now < until:
            appointments = [reader.next_at for reader in self.readers if reader.next_at > self.program.now]
            self.program.now = min([*appointments, self.program.now + hours * HOUR, until])
            if working:
                self.tell(killed=False)
                self.documents_are_fresh()
            for reader in self.readers:
                reader.look(self.program, self.ledger)
        if not working:  # it was dead all the time
            self.restart()

    def documents_are_fresh(self) -> None:
        """What is published is what would be made of the rows now: no change has been overlooked."""
        for name in self.program.settings.published:
            assert _said(self.program.documents[name]) == _said(self.program.document(name)), name

    # What the operator does

    @precondition(lambda self: self.ledger.ids)
    @rule(data=st.data(), action=st.sampled_from(["split", "join", "withdraw", "recompute"]))
    def correct(self, data: st.DataObject, action: str) -> None:
        """Split, join, withdraw, recompute."""
        ids = st.sampled_from(sorted(self.ledger.ids.values()))
        count = {"join": 2, "recompute": 0}.get(action, 1)
        try:
            self.program.correct(action, *[data.draw(ids, label="id") for _ in range(count)])
        except Usage:
            return
        self.ledger.corrected |= action != "withdraw"
        self.ledger.withdrawn += action == "withdraw"
        self.ledger.note(self.program, drained=True)
        self.ledger.nothing_is_lost(self.program)

    @rule(place=st.integers(0, len(MORE) - 1))
    def change_outputs(self, place: int) -> None:
        """Add an output, or remove it."""
        output = MORE[place]
        self.program.stop()
        self.readers = [reader for reader in self.readers if reader.output != output.name]
        if output in self.more:
            self.more = tuple(one for one in self.more if one != output)
        else:
            self.more += (output,)
            self.subscribe((output,))
        self.start()

    @precondition(lambda self: not self.world.own("later").configured)
    @rule()
    def add_source(self) -> None:
        """Add the second planet, which lists much that is known."""
        later = self.world.own("later")
        if any(article.change == "link" for article in later.ever.values()):
            return
        self.program.stop()
        later.configured = True
        self.start()

    @invariant()
    def dates_are_unique(self) -> None:
        """No two entries have one `updated`: validators warn of it."""
        (row,) = self.program.rows("SELECT count(*) - count(DISTINCT updated) AS equal FROM entry")
        assert row["equal"] == 0


def _said(document: Any) -> list[tuple[Any, ...]]:
    return [
        (entry.id, entry.item.title, entry.published, entry.updated, [one.id for one in entry.coverage])
        for entry in document.entries
    ]


CHECKS = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]


def play(folder: Path, examples: int, steps: int) -> None:
    """Play so many histories."""

    class Played(Weeks):
        pass

    Played.folder = folder
    run_state_machine_as_test(
        Played,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            derandomize=True,
            database=None,
            suppress_health_check=CHECKS,
        ),
    )


def test_subscribers_see_everything_once(tmp_path: Path) -> None:
    """Whatever feeds, operator and misfortune do, subscribers see each entry or story once, and nothing old as new."""
    play(tmp_path, examples=12, steps=25)


@pytest.mark.slow
def test_subscribers_see_everything_once_in_many_histories(tmp_path: Path) -> None:
    """The same over many more and longer histories."""
    play(tmp_path, examples=50, steps=40)
