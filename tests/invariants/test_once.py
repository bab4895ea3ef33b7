"""Short histories in which subscribers once lost something, or saw it twice, or old things as new."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from subscribed.articles import Pen, Site
from subscribed.program import Program

from aggregator.config.settings import FeedSettings, OutputSettings, Publishing, Settings
from aggregator.model import Item

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from aggregator.model import Entry

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
LAB, RIVAL, PLANET = (f"https://{name}.example/feed" for name in ("lab", "rival", "planet"))
STORIES = OutputSettings(name="stories", by="story", limit=2)


@pytest.fixture
def pen() -> Pen:
    """Return a writer of articles."""
    return Pen()


@pytest.fixture
def begin(tmp_path: Path) -> Iterator[Callable[..., Program]]:
    """Return what starts a program with these outputs."""
    started: list[Program] = []

    def start(*outputs: OutputSettings, feeds: tuple[str, ...] = (LAB, RIVAL), **settings: Any) -> Program:
        started.append(Program(tmp_path / "aggregator.db", configured(*outputs, feeds=feeds, **settings)))
        started[-1].now += timedelta(minutes=1)
        return started[-1]

    yield start
    for program in started:
        program.stop()


def configured(*outputs: OutputSettings, feeds: tuple[str, ...] = (LAB, RIVAL), **settings: Any) -> Settings:
    """Return settings; a source's tag is its host's name."""
    sources = tuple(FeedSettings(url=url, tags=(url.split("/")[2].split(".")[0],)) for url in feeds)
    return Settings(feeds=sources, outputs=outputs, **settings)


def items(program: Program, pen: Pen, count: int = 1, *, url: str = LAB, age: timedelta = HOUR) -> list[Item]:
    """Return items on different news, each an hour older than the one before."""
    made = []
    for place in range(count):
        site = Site(url.split("/")[2])
        article = pen.write(site, pen.number * 2, program.now - age - place * HOUR)
        made.append(Item(article.title, article.link, article.link, content=article.text, published=article.published))
    return made


def shown(program: Program, output: str) -> list[str]:
    """Return the titles in an output's document."""
    return [entry.item.title for entry in program.documents[output].entries]


def entry(program: Program, item: Item) -> Entry:
    """Return the entry that an item became."""
    with program.store.snapshot() as tx:
        found = tx.entries.get(item.guid or "")
    assert found is not None
    return found


def restart(program: Program, settings: Settings | None = None) -> None:
    """End the process and start another, with other settings if there are any."""
    program.stop()
    program.start(settings)


def test_a_story_told_late_is_news(begin: Callable[..., Program], pen: Pen) -> None:
    """What was settled before a crash, and is told three days later, stands among the newest: nobody has missed it."""
    program = begin(STORIES)
    early = items(program, pen)
    program.poll([(LAB, early)])
    program.now += 3 * DAY
    restart(program)
    program.drain()
    program.poll([(LAB, items(program, pen, 5))])
    program.drain()
    assert early[0].title in shown(program, "stories")


def test_deciding_anew_announces_nothing(begin: Callable[..., Program], pen: Pen) -> None:
    """What leaves its story when all are decided anew is released where it was first told, among what is old."""
    program = begin(STORIES)
    one, other = items(program, pen), items(program, pen, url=RIVAL)
    program.poll([(LAB, one), (RIVAL, other)])
    program.drain()
    program.correct("join", one[0].guid or "", other[0].guid or "")
    program.now += 10 * DAY
    program.poll([(LAB, items(program, pen, 2))])
    program.drain()
    new = shown(program, "stories")
    program.correct("split", other[0].guid or "")
    program.correct("recompute")
    assert shown(program, "stories") == new


def test_a_digest_keeps_the_days_of_the_window(begin: Callable[..., Program], pen: Pen) -> None:
    """A digest limited to one day still has yesterday's for those who read it every second day."""
    program = begin(OutputSettings(name="daily", digest="daily", limit=1))
    for _ in range(3):
        program.poll([(LAB, items(program, pen))])
        program.drain()
        program.now += DAY
    program.drain()
    assert len(shown(program, "daily")) == 2


def test_a_new_output_is_not_led_by_what_was_withdrawn(begin: Callable[..., Program], pen: Pen) -> None:
    """A new output of stories tells a story whose first article was withdrawn by the next one."""
    program = begin()
    one, other = items(program, pen, age=5 * HOUR), items(program, pen, url=RIVAL)
    program.poll([(LAB, one), (RIVAL, other)])
    program.drain()
    program.correct("join", one[0].guid or "", other[0].guid or "")
    program.correct("withdraw", one[0].guid or "")
    restart(program, configured(STORIES))
    program.drain()
    assert shown(program, "stories") == [other[0].title]


@pytest.mark.parametrize("output", [STORIES, OutputSettings(name="stories")], ids=["by story", "by entry"])
def test_an_output_that_returns_has_what_came_meanwhile(
    begin: Callable[..., Program], pen: Pen, output: OutputSettings
) -> None:
    """An output that was removed and comes back has what was released while it was away."""
    program = begin(output)
    first, meanwhile = items(program, pen), items(program, pen)
    program.poll([(LAB, first)])
    program.drain()
    restart(program, configured())
    program.poll([(LAB, meanwhile)])
    program.drain()
    restart(program, configured(output))
    program.drain()
    assert shown(program, "stories") == [meanwhile[0].title, first[0].title]


@pytest.mark.parametrize("by", ["entry", "story"])
def test_a_planet_brings_no_flood_of_what_is_known(begin: Callable[..., Program], pen: Pen, by: Any) -> None:
    """A source that is added later brings into its own output its backlog's newest only, known from others or not."""
    planets = OutputSettings(name="planets", tags=("planet",), by=by)
    program = begin(planets)
    known = items(program, pen, 12, age=DAY)
    program.poll([(LAB, known)])
    program.now += DAY
    restart(program, configured(planets, feeds=(LAB, RIVAL, PLANET)))
    program.poll([(PLANET, [replace(item, guid=f"planet {place}") for place, item in enumerate(known)])])
    program.drain()
    assert shown(program, "planets") == [item.title for item in known[:5]]


def test_an_archive_of_what_is_known_is_no_news(begin: Callable[..., Program], pen: Pen) -> None:
    """A planet that lists an archive which others told long ago floods its own output no more than any other."""
    planets = OutputSettings(name="planets", tags=("planet",))
    program = begin(planets, feeds=(LAB, RIVAL, PLANET), publishing=Publishing(flood=3))
    known, news = items(program, pen, 6), items(program, pen, url=PLANET)
    program.poll([(LAB, known), (PLANET, news)])
    program.now += 30 * DAY
    program.poll([(PLANET, news)])
    program.now += DAY
    program.poll([(PLANET, news + [replace(item, guid=f"planet {place}") for place, item in enumerate(known)])])
    assert shown(program, "planets") == [news[0].title]


@pytest.mark.parametrize("field", ["content", "title", "link"])
def test_what_was_withdrawn_stays_so(begin: Callable[..., Program], pen: Pen, field: str) -> None:
    """A source that edits what was withdrawn brings nothing of it back, to the database or to a document."""
    program = begin(STORIES)
    spam = items(program, pen)
    program.poll([(LAB, spam)])
    program.drain()
    program.correct("withdraw", spam[0].guid or "")
    program.now += HOUR
    edited = replace(
        spam[0], **{field: f"https://lab.example/edited?{pen.number}" if field == "link" else "Edited " * 9}
    )
    program.poll([(LAB, [edited])])
    program.drain()
    assert shown(program, "stories") == shown(program, "all") == []
    stored = entry(program, spam[0])
    assert (stored.item.title, stored.item.content, stored.held) == ("", None, "withdrawn")


def test_what_was_withdrawn_stays_so_under_another_guid(begin: Callable[..., Program], pen: Pen) -> None:
    """A source that gives what was withdrawn another guid brings nothing of it back."""
    program = begin(STORIES)
    spam = items(program, pen)
    program.poll([(LAB, spam)])
    program.drain()
    program.correct("withdraw", spam[0].guid or "")
    program.now += HOUR
    program.poll([(LAB, [replace(spam[0], guid="another")])])
    program.drain()
    assert shown(program, "all") == []


def test_what_was_withdrawn_stays_so_in_another_feed(begin: Callable[..., Program], pen: Pen) -> None:
    """A planet that republishes what was withdrawn brings nothing of it back."""
    program = begin(STORIES, feeds=(LAB, PLANET))
    spam = items(program, pen)
    program.poll([(LAB, spam), (PLANET, [])])
    program.drain()
    program.correct("withdraw", spam[0].guid or "")
    program.now += HOUR
    program.poll([(PLANET, [replace(spam[0], guid="planet")])])
    program.drain()
    assert shown(program, "all") == []
