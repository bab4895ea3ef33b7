from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.config.settings import FeedSettings, FilterRule, OutputSettings, Publishing
from aggregator.decide.candidates import candidates
from aggregator.decide.changes import Addition, Known, KnownEntry, Sight, judge
from aggregator.decide.release import Arrival, Subject, belongs, hold, outputs_for, retold, unheld
from aggregator.model import Item

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
LONG_AGO = NOW - 100 * DAY
SOURCE = FeedSettings(url="https://a.example/feed")
PICKY = FeedSettings(url=SOURCE.url, keep=(FilterRule(contains=("grok",)),))
SECRET = FeedSettings(url=SOURCE.url, private=True)
RULES = Publishing()
FRESH = Arrival(NOW, NOW - HOUR, None)
FIRST = Arrival(NOW, LONG_AGO, None)
LATER = Arrival(NOW, LONG_AGO, NOW - HOUR)


def additions(*ages: timedelta, title: str = "Story") -> list[Addition]:
    """Return new entries of these ages, keyed -1, -2, ..."""
    listed = candidates(Item(title=title, guid=str(number)) for number, _ in enumerate(ages))
    return [
        Addition(-number, f"urn:x:{number}", candidate, NOW - age, NOW - age)
        for number, (candidate, age) in enumerate(zip(listed, ages, strict=True), start=1)
    ]


def held(arrival: Arrival, *ages: timedelta, source: FeedSettings = SOURCE) -> dict[int, str]:
    """Return what is held of new entries of these ages."""
    return hold(additions(*ages), arrival, source, RULES)


def test_a_fresh_start_shows_everything() -> None:
    """Sources that answer within an hour of the database's creation are released whole."""
    assert held(FRESH, *[DAY * number for number in range(40)]) == {}


@given(st.lists(st.integers(0, 100).map(lambda hours: HOUR * hours), max_size=40))
def test_a_backlog_is_held_whatever_its_ages(ages: list[timedelta]) -> None:
    """A later source shows its newest, at most five, none older than three days, and no older one before a newer."""
    kept = held(FIRST, *ages)
    shown = [age for number, age in enumerate(ages, start=1) if -number not in kept]
    assert sorted(shown) == sorted(age for age in ages if age <= 3 * DAY)[:5]


@given(st.integers(0, 30), st.integers(0, 30), st.integers(1, 25))
def test_a_flood_is_held_whatever_its_size(old: int, young: int, flood: int) -> None:
    """Old entries are held all or none; young ones are never held, nor do they make a flood."""
    new = additions(*[50 * HOUR] * old, *[49 * HOUR] * young)
    kept = hold(new, LATER, SOURCE, Publishing(flood=flood))
    assert set(kept) == ({-number for number in range(1, old + 1)} if old > flood else set())


def test_a_later_source_shows_its_newest() -> None:
    """The first document of a later source shows at most five entries of the last three days; the rest is backlog."""
    assert held(FIRST, *[HOUR * number for number in range(8)]) == {-6: "backlog", -7: "backlog", -8: "backlog"}
    assert held(FIRST, HOUR, 4 * DAY) == {-2: "backlog"}
    assert set(held(FIRST, *[HOUR] * 8)) == {-1, -2, -3}, "the later listed of equals are the newer"


def test_republished_archives_are_held_back() -> None:
    """More than 20 entries that should have been listed before are a flood; fewer, and young ones, are released."""
    assert held(LATER, *[9 * DAY] * 20) == {}
    flood = held(LATER, HOUR, *[9 * DAY] * 21)
    assert set(flood.values()) == {"flood"}
    assert -1 not in flood
    assert held(LATER, *[HOUR] * 50) == {}


def test_entries_that_came_while_we_were_away_are_no_flood() -> None:
    """What is older than two days but younger than our last visit is news."""
    away = Arrival(NOW, LONG_AGO, NOW - 10 * DAY)
    assert held(away, *[9 * DAY] * 30) == {}


def test_undated_entries_are_never_old() -> None:
    """What has no date, or one that cannot be, counts as published now."""
    items = [
        Item(title=str(n), guid=str(n), published=None if n % 2 else datetime(1970, 1, 1, tzinfo=UTC))
        for n in range(50)
    ]
    verdict = judge(SOURCE.url, candidates(items), Known(), now=NOW)
    assert hold(verdict.additions, LATER, SOURCE, RULES) == {}


def test_filtered_entries_do_not_count() -> None:
    """What the source's filters leave out is held for that, and makes neither backlog nor flood."""
    assert set(held(LATER, *[9 * DAY] * 30, source=PICKY).values()) == {"filtered: no word of keep in title"}
    kept = [replace(addition, key=addition.key - 100) for addition in additions(*[9 * DAY] * 20, title="Grok")]
    assert len(hold([*additions(*[9 * DAY] * 30), *kept], LATER, PICKY, RULES)) == 30
    shown = [replace(addition, key=addition.key - 100) for addition in additions(*[HOUR] * 5, title="Grok")]
    assert len(hold([*additions(*[HOUR] * 30), *shown], FIRST, PICKY, RULES)) == 30


@pytest.mark.parametrize(
    ("output", "belonging"),
    [
        ({}, True),
        ({"tags": ["lab", "news"]}, True),
        ({"tags": ["news"]}, False),
        ({"tags": ["club"]}, False),
        ({"tags": ["club"], "token": "12345678"}, True),
        ({"languages": ["fr", "de"]}, True),
        ({"languages": ["fr-CA"]}, True),
        ({"languages": ["FR-ca"]}, True),
        ({"languages": ["f"]}, False),
        ({"languages": ["en"]}, False),
        ({"max_age": "2h"}, True),
        ({"max_age": "30m"}, False),
        ({"keep": [{"contains": ["story"]}]}, True),
        ({"keep": [{"contains": ["grok"]}]}, False),
        ({"drop": [{"contains": ["story"]}]}, False),
        ({"search": "story OR grok"}, True),
        ({"search": "grok"}, False),
        ({"top": 5}, True),
        ({"digest": "daily"}, True),
    ],
)
def test_what_an_output_takes(output: dict[str, object], belonging: bool) -> None:
    """Tags, languages, age, filters and a search choose; private tags count behind a token."""
    subject = Subject(
        Item(title="Story"), NOW - HOUR, "fr-CA", tags=frozenset({"lab"}), private_tags=frozenset({"club"})
    )
    assert belongs(subject, OutputSettings.model_validate({"name": "x", **output}), now=NOW) is belonging


def test_no_language_is_in_no_language() -> None:
    """An entry of unknown language is in no output that asks for one, and frr is not fr."""
    french = OutputSettings(name="fr", languages=("fr",))
    assert not belongs(Subject(Item(), NOW), french, now=NOW)
    assert not belongs(Subject(Item(), NOW, "frr"), french, now=NOW)


def test_private_entries_are_only_behind_a_token() -> None:
    """What a private source tells is in outputs with a token only."""
    outputs = {"all": OutputSettings(name="all"), "club": OutputSettings(name="club", token="12345678")}
    assert outputs_for(Subject(Item(), NOW, private=True), outputs, now=NOW) == ["club"]
    assert outputs_for(Subject(Item(), NOW), outputs, now=NOW) == ["all", "club"]
    assert outputs_for(Subject(Item(), NOW), outputs, now=NOW, except_for=["all"]) == ["club"]


def known(
    why: str | None, *, feed: str = "https://b.example/", age: timedelta = HOUR, here: bool = False
) -> KnownEntry:
    """Return an entry that is held for a reason."""
    return KnownEntry(
        key=7, feed=feed, item=Item(title="Old"), digest="old", canonical=None, content_key=None,
        published=NOW - age, updated=NOW - age, held=why, here=("g:0",) if here else (),
    )  # fmt: skip


def freed(
    entry: KnownEntry, *, arrival: Arrival = LATER, source: FeedSettings = SOURCE, first: bool = True, title: str = "x"
) -> set[int]:
    """Return what is freed when a source lists an entry."""
    (candidate,) = candidates([Item(title=title, guid="0")])
    return unheld([Sight(7, candidate, first)], {7: entry}, arrival, source, RULES)


def test_what_one_holds_another_frees() -> None:
    """A held entry that a second source lists among its news is released; what is not held needs nothing."""
    assert freed(known("filtered: no word of keep in title")) == {7}
    assert freed(known("flood")) == {7}
    assert freed(known(None)) == set()
    assert unheld([Sight(8, candidates([Item()])[0], first=True)], {}, LATER, SOURCE, RULES) == set()


def test_a_second_source_holds_too() -> None:
    """The second source's own filters and backlog hold the entry back as they would a new one."""
    assert freed(known("flood"), source=PICKY) == set()
    assert freed(known("flood"), source=PICKY, title="Grok") == {7}
    assert freed(known("backlog", age=9 * DAY), arrival=FIRST) == set()


def test_a_fresh_start_frees_in_any_order() -> None:
    """Of two sources that start together, one that filters and one that does not, it does not matter who comes first."""
    assert freed(known("filtered: no word of keep in title", age=9 * DAY), arrival=FRESH) == {7}


def test_a_second_source_s_archive_floods_nobody() -> None:
    """Old entries that one source held back are not released because a second republishes them too."""
    (candidate,) = candidates([Item(title="x", guid="0")])
    entries = {number: replace(known("flood", age=9 * DAY), key=number) for number in range(21)}
    entries[99] = replace(known("flood"), key=99)
    sights = [Sight(number, candidate, first=True) for number in entries]
    assert unheld(sights, entries, LATER, SOURCE, RULES) == {99}
    assert len(unheld(sights[1:], entries, LATER, SOURCE, RULES)) == 21


def test_the_same_source_does_not_free_by_repeating() -> None:
    """Listing a held entry again changes nothing, under its old key or a new one."""
    assert freed(known("flood", feed=SOURCE.url, here=True), first=False) == set()
    assert freed(known("flood", feed=SOURCE.url, here=True)) == set()


def test_an_edit_may_pass_the_filters() -> None:
    """An entry that was filtered out is released when its source edits it into what is kept."""
    entry = known("filtered: no word of keep in title", feed=SOURCE.url, here=True)
    assert freed(entry, source=PICKY, first=False, title="Grok") == {7}
    assert freed(entry, source=PICKY, first=False, title="Other") == set()
    elsewhere = known("filtered: no word of keep in title", here=True)
    assert freed(elsewhere, source=PICKY, first=False, title="Grok") == set(), "the edit is not the supplier's"


def test_a_public_source_frees_what_was_private() -> None:
    """An entry that was held as private is released when a public source lists it, not when a private one does."""
    assert freed(known("private", here=True), first=False) == {7}
    assert freed(known("private", here=True), source=SECRET, first=False) == set()


def listed(*items: tuple[timedelta | None, timedelta | None], arrival: Arrival, flood: int = 20) -> dict[int, str]:
    """Return what is held of a sitemap's new entries that came out, and were changed, so long ago."""
    told = [
        Item(
            title="Story",
            guid=str(number),
            published=None if published is None else NOW - published,
            updated=None if updated is None else NOW - updated,
        )
        for number, (published, updated) in enumerate(items)
    ]
    verdict = judge(SOURCE.url, candidates(reversed(told)), Known(), now=NOW)
    return hold(verdict.additions, replace(arrival, whole_site=True), SOURCE, Publishing(flood=flood))


def test_a_sitemap_is_a_backlog_even_at_a_fresh_start() -> None:
    """Of a site that is listed as a whole the newest are shown, whenever the source came; what has no date is old."""
    ages = [(None, HOUR * number) for number in range(7)]
    assert set(listed(*ages, (None, 4 * DAY), (None, None), arrival=FRESH)) == {-6, -7, -8, -9}
    assert set(listed((HOUR, None), (9 * DAY, HOUR), arrival=FRESH)) == {-2}, "it came out long ago"


def test_a_site_that_was_built_anew_is_no_news() -> None:
    """Many entries that share a day of change, or have no date, are a flood; few are news, and so is what has a date."""
    assert listed(*[(None, HOUR)] * 20, arrival=LATER) == {}
    assert set(listed(*[(None, HOUR)] * 21, (HOUR, HOUR), arrival=LATER)) == {-number for number in range(1, 22)}
    assert len(listed(*[(None, None)] * 21, arrival=LATER)) == 21
    assert listed((None, None), arrival=LATER) == {}
    assert listed(*[(None, HOUR * 2 * number) for number in range(24)], arrival=LATER) == {}


def test_a_second_source_tells_what_is_young() -> None:
    """What another source told is of a source that lists it newly, as far as it would release it as its own."""
    (candidate,) = candidates([Item(title="x", guid="0")])
    sights = [Sight(number, candidate, first=number != 3) for number in range(1, 5)]
    entries = {1: known(None), 2: known(None, age=9 * DAY), 3: known(None), 4: known(None, here=True)}
    entries = {number: replace(entry, key=number) for number, entry in entries.items()}
    assert retold(sights, entries, FIRST, RULES) == {1}, "not the old, the known, its own"
    assert retold(sights, entries, FRESH, RULES) == {1, 2}
