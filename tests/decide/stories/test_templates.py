"""Titles made by filling in a form."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aggregator.decide.stories.templates import Form


@pytest.mark.parametrize(
    ("one", "other", "twins"),
    [
        ("v2.1.5", "v2.1.6", True),
        ("Weekly roundup 12", "Weekly roundup 13", True),
        ("Open thread, March 3", "Open thread, April 3", True),
        ("Fil du lundi", "Fil du mardi", True),
        ("Zeta 1.5 is out", "zeta-1.5 is out", False),
        ("Zeta 1.5 is out", "Zeta 1.6 was released", False),
        ("Zeta is out", "Zeta is out", False),
    ],
)
def test_twins_differ_in_a_number_only(one: str, other: str, twins: bool) -> None:
    """Two titles are twins when they are alike but for numbers, versions and dates, and differ in these."""
    assert Form.of(one).is_twin(Form.of(other)) is twins


@pytest.mark.parametrize(
    ("one", "other", "series"),
    [
        ("Digest 12: volcanoes", "Digest 13: floods", True),
        ("Release 2.1.5, a fix", "Release 2.1.6", True),
        ("12 volcanoes", "13 floods", False),
        ("Digest 12", "Review 13", False),
        ("Digest 12", "Digest 12", False),
        ("Digest 12", "Digest of the year", False),
        ("Digest", "Digest 12", False),
    ],
)
def test_a_series_counts(one: str, other: str, series: bool) -> None:
    """Titles that begin alike until their numbers differ are numbers of one series."""
    assert Form.of(one).is_in_series(Form.of(other)) is series


@pytest.mark.parametrize(
    ("one", "other", "differ"),
    [
        ("Zeta 1 opened", "Zeta 1.5 can reason", True),
        ("Zeta 1.5 beats Theta 4", "Theta 4 beaten by Zeta 1.5", False),
        ("Zeta 1.5 beats Theta 4", "Theta 5 beaten by Zeta 1.5", False),
        ("Zeta 1", "Theta 2", False),
        ("Zeta may come", "Zeta 2 comes", False),
        ("a 1", "a 2", False),
    ],
)
def test_versions_of_one_thing_are_told_apart(one: str, other: str, differ: bool) -> None:
    """Two titles that name one thing, each with another version of it, are of different things."""
    assert Form.of(one).is_of_other_version(Form.of(other)) is differ


@pytest.mark.parametrize(
    ("title", "several"),
    [
        ("Volcano erupts; floods in the south; a vote", True),
        ("火山爆发；洪水；投票", True),
        ("A Volcano Erupts, Floods Recede, The Vote Is Counted, A Strike Ends", True),
        ("Zeta sees, hears, and talks", False),
        ("Volcano erupts; two hurt", False),
    ],
)
def test_a_roundup_lists_topics(title: str, several: bool) -> None:
    """Three topics between semicolons, or four between commas, are a roundup of news and not one."""
    assert Form.of(title).is_roundup is several


@settings(deadline=None)
@given(st.text(max_size=400), st.text(max_size=400))
def test_forms_are_compared_both_ways_alike(one: str, other: str) -> None:
    """Whatever the titles, each comparison gives the same from either side, and nothing is its own twin."""
    first, second = Form.of(one), Form.of(other)
    assert first.is_twin(second) == second.is_twin(first)
    assert first.is_in_series(second) == second.is_in_series(first)
    assert first.is_of_other_version(second) == second.is_of_other_version(first)
    assert not first.is_twin(first)
    assert not first.is_in_series(first)
    assert not first.is_of_other_version(first)
