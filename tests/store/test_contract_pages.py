"""The contract of store.pages.Pages, on every backend."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from aggregator.config.settings import FeedSettings
from aggregator.decide.health import state_of
from aggregator.model import Outcome
from aggregator.store.pages import Facets, Wanted
from aggregator.store.protocols import PollRecord
from aggregator.store.stories import Decision

if TYPE_CHECKING:
    from collections.abc import Callable

    from aggregator.model import Item

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
A, B, HIDDEN = "https://a.example/feed", "https://b.example/feed", "https://hidden.example/feed"
ALL = Wanted("all")


@pytest.fixture
def told(desk: Any, item: Callable[..., Item]) -> list[int]:
    """Six entries, the first the newest: of A, A (French), B, B (Brazilian), the hidden source, and A in no output."""
    desk.sync(
        FeedSettings(url=A, title="The A", tags=("lab", "news")),
        FeedSettings(url=B, tags=("news",), prefix="B: "),
        FeedSettings(url=HIDDEN, tags=("secret",), private=True),
    )
    languages = ("en", "fr-CA", "en", "pt_BR", "xx", "en")
    sources = (A, A, B, B, HIDDEN, A)
    keys = [
        desk.keep(source, item(number, published=NOON - number * HOUR, language=language))[0]
        for number, (source, language) in enumerate(zip(sources, languages, strict=True))
    ]
    desk.release("all", *keys[:5])
    desk.release("french", keys[1])
    return keys


def _together(desk: Any, *keys: int) -> str:
    """Make entries one story, that of the first; return its key."""
    with desk.store.transaction() as tx:
        story = next(entry.story for entry in tx.entries.all() if entry.key == keys[0])
        tx.stories.decide([Decision(key, story, "words") for key in keys], NOON)
    return str(story)


def _titles(desk: Any, wanted: Wanted = ALL, after: Any = None, *, limit: int = 10) -> list[str]:
    with desk.store.snapshot() as tx:
        return [one.title for one in tx.pages.stretch(wanted, after, limit=limit).told]


def test_the_river_flows_from_the_newest(desk: Any, told: list[int]) -> None:
    """What the output released comes newest first, in stretches that follow each other; nothing private among it."""
    titles = [f"Headline {number}" for number in range(4)]
    assert _titles(desk) == titles
    with desk.store.snapshot() as tx:
        first = tx.pages.stretch(ALL, None, limit=3)
        assert [one.key for one in first.told] == told[:3]
        assert first.end is not None
        second = tx.pages.stretch(ALL, first.end, limit=3)
    assert ([one.title for one in second.told], second.end) == (titles[3:], None)
    shown = second.told[0]
    assert (shown.source, shown.feed, shown.prefix, shown.language) == (B, B, "B: ", "pt_BR")
    assert (shown.link, shown.text, shown.own) == ("https://news.example/3", "<p>Text 3.</p>", shown.story)
    assert first.told[0].source == "The A"


@pytest.mark.parametrize(
    ("wanted", "numbers"),
    [
        (Wanted("french"), [1]),
        (Wanted("unknown"), []),
        (Wanted("all", tag="lab"), [0, 1]),
        (Wanted("all", tag="news"), [0, 1, 2, 3]),
        (Wanted("all", tag="secret"), []),
        (Wanted("all", language="FR"), [1]),
        (Wanted("all", language="pt-br"), [3]),
        (Wanted("all", language="pt"), [3]),
        (Wanted("all", language="p"), []),
        (Wanted("all", language="%"), []),
        (Wanted("all", source=B), [2, 3]),
        (Wanted("all", source=HIDDEN), []),
        (Wanted("all", source="https://nobody.example/"), []),
        (Wanted("all", tag="news", language="en", source=B), [2]),
    ],
)
def test_filters_add_up(desk: Any, told: list[int], wanted: Wanted, numbers: list[int]) -> None:
    """Output, tag, language and source are all to hold; a language holds for its regions, and none is a pattern."""
    assert _titles(desk, wanted) == [f"Headline {number}" for number in numbers]


def test_a_source_with_many_entries_is_filtered_on_the_way(
    desk: Any, told: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whichever way is taken, a source has the same stories."""
    monkeypatch.setattr("aggregator.store.sql.pages.EXAMINED", 1)
    with desk.store.snapshot() as tx:
        first = tx.pages.stretch(Wanted("all", source=B), None, limit=1)
    assert [one.key for one in first.told] == [told[2]]


def test_a_story_is_told_once_by_its_first(desk: Any, told: list[int]) -> None:
    """Of a story the first published stands in the river; where it is not wanted, the first that is."""
    _together(desk, told[3], told[1], told[0])
    assert _titles(desk) == ["Headline 2", "Headline 3"]
    assert _titles(desk, Wanted("all", language="fr")) == ["Headline 1"]
    assert _titles(desk, Wanted("all", source=A)) == ["Headline 1"]


def test_what_is_looked_at_is_bounded(desk: Any, told: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    """Filters that let little through end a stretch early; the next one goes on from there."""
    monkeypatch.setattr("aggregator.store.sql.pages.EXAMINED", 2)
    monkeypatch.setattr("aggregator.store.sql.pages._AT_FIRST", 1)
    wanted = Wanted("all", language="pt")
    with desk.store.snapshot() as tx:
        first = tx.pages.stretch(wanted, None, limit=2)
        assert (first.told, first.end is not None) == ((), True)
        second = tx.pages.stretch(wanted, first.end, limit=2)
    assert [one.key for one in second.told] == [told[3]]


def test_what_was_withdrawn_is_gone(desk: Any, told: list[int]) -> None:
    """It stands neither in the river, nor in its story, nor among what is found; the rest of the story does."""
    story = _together(desk, told[3], told[0])
    with desk.store.transaction() as tx:
        tx.kinships.withdraw(told[3], NOON)
    assert _titles(desk) == [f"Headline {number}" for number in range(3)]
    with desk.store.snapshot() as tx:
        assert [one.key for one in tx.pages.story(story, ["all"], limit=9)] == [told[0]]
        assert tx.pages.found("headline 3", ["all"], limit=9) == []
        assert tx.pages.coverage([told[0]], ["all"], most=9) == {}


def test_coverage_is_counted_and_named(desk: Any, told: list[int]) -> None:
    """What else there is on a story: all is counted, the first is named, and nothing that is not for everyone."""
    _together(desk, *reversed(told))
    with desk.store.snapshot() as tx:
        found = tx.pages.coverage([told[3]], ["all"], most=2)
        assert tx.pages.coverage([told[3]], [], most=2) == {}
    assert {lead: (others.count, [one.key for one in others.first]) for lead, others in found.items()} == {
        told[3]: (3, [told[2], told[1]])
    }


def test_what_an_output_knows_as_a_part_of_stories_is_seen(desk: Any, told: list[int]) -> None:
    """An entry that no public output has released, but that one tells of as coverage, is seen; unless it is held."""
    _together(desk, told[5], told[0])
    with desk.store.transaction() as tx:
        tx.releases.open_output("stories", NOON)
        tx.tellings.add("stories", [told[5]], NOON)
    with desk.store.snapshot() as tx:
        assert tx.pages.coverage([told[0]], ["all", "stories"], most=1)[told[0]].count == 1
    with desk.store.transaction() as tx:
        tx.entries.set_held([told[5]], "backlog")
    with desk.store.snapshot() as tx:
        assert tx.pages.coverage([told[0]], ["all", "stories"], most=1) == {}


def test_a_story_is_found_by_its_key_or_by_that_of_an_entry(desk: Any, told: list[int]) -> None:
    """The oldest first; whoever has the address of a story that was joined to another comes to that one."""
    with desk.store.snapshot() as tx:
        own = {entry.key: entry.story for entry in tx.entries.all()}
    _together(desk, told[2], told[0], told[4])
    with desk.store.snapshot() as tx:
        for key in (own[told[2]], own[told[0]]):
            assert [one.key for one in tx.pages.story(key, ["all"], limit=9)] == [told[2], told[0]]
        assert [one.key for one in tx.pages.story(own[told[2]], ["all"], limit=1)] == [told[2]]
        for key in (own[told[4]], own[told[5]], "unknown"):
            assert tx.pages.story(key, ["all"], limit=9) == []


def test_a_search_is_told_in_short(desk: Any, told: list[int]) -> None:
    """What a search for everyone finds, the last stored first."""
    with desk.store.snapshot() as tx:
        assert [one.key for one in tx.pages.found("headline text", ["all"], limit=3)] == [told[3], told[2], told[1]]
        assert tx.pages.found("headline", ["french"], limit=3)[0].text == "<p>Text 1.</p>"


def test_facets_are_those_of_public_sources(desk: Any, told: list[int]) -> None:
    """Tags and languages can be chosen that something public has."""
    with desk.store.snapshot() as tx:
        found = tx.pages.facets()
    assert Facets(found.tags, tuple(sorted(found.languages))) == Facets(("lab", "news"), ("en", "fr-CA", "pt_BR"))


def test_days_and_polls_of_sources(desk: Any, told: list[int], item: Callable[..., Item]) -> None:
    """Entries are counted by the day of publication, polls listed in order, those before the time left out."""
    desk.keep(A, *(item(7 + ago, published=NOON - ago * HOUR) for ago in (30, 31, 90)))
    feed = desk.feed(A)
    with desk.store.transaction() as tx:
        for hours, outcome in ((3, Outcome.NEW), (1, Outcome.ERROR), (30, Outcome.NEW)):
            tx.feeds.record(feed, PollRecord(NOON - hours * HOUR, outcome))
    since = NOON - 48 * HOUR
    with desk.store.snapshot() as tx:
        assert tx.pages.days([feed.key], since) == {feed.key: {date(2026, 1, 5): 3, date(2026, 1, 4): 2}}
        assert tx.pages.polls([feed.key], NOON - 24 * HOUR) == {
            feed.key: [(NOON - 3 * HOUR, Outcome.NEW), (NOON - HOUR, Outcome.ERROR)]
        }
        assert (tx.pages.days([], since), tx.pages.polls([], since)) == ({}, {})


def test_standings_are_what_states_are_made_of(desk: Any, told: list[int]) -> None:
    """Each source of the configuration has the state that all that is known of it gives."""
    with desk.store.transaction() as tx:
        feed = tx.feeds.get(A)
        tx.feeds.record(feed, PollRecord(NOON, Outcome.ERROR, errors=1, error="x"))
    with desk.store.snapshot() as tx:
        short, whole = tx.pages.standings(), tx.feeds.all()
    assert [(one.key, one.url, one.reason) for one in short] == [(one.key, one.url, one.reason) for one in whole]
    assert [state_of(one, NOON) for one in short] == [state_of(one, NOON) for one in whole]
