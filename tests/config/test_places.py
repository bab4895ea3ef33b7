"""Paths and lines of settings."""

from __future__ import annotations

import pytest

from aggregator.config.places import Place, Places, spell, within

DATA = {
    "outputs": ({"name": "labs"}, {"name": "no name\n"}, {"name": 3}, "text"),
    "feeds": ({"keep": ({"field": "title"},)},),
}


@pytest.mark.parametrize(
    ("place", "text"),
    [
        ((), ""),
        (("site", "url"), "site.url"),
        (("feeds", 3, "interval"), "feeds[3].interval"),
        (("feeds", 0, "keep", 1, "contains", 2), "feeds[0].keep[1].contains[2]"),
        (("outputs", 0, "limit"), "outputs[labs].limit"),
        (("outputs", 1), "outputs[1]"),
        (("outputs", 2), "outputs[2]"),
        (("outputs", 3), "outputs[3]"),
        (("outputs", 9), "outputs[9]"),
        (("outputs", 0, "tags", 0), "outputs[labs].tags[0]"),
        (("site", "a b\x1b[31m"), "site.'a b\\x1b[31m'"),
        (("x" * 70,), repr("x" * 60)),
    ],
)
def test_a_place_is_written_as_people_write_it(place: Place, text: str) -> None:
    """Outputs go by their names, and no key can bring control characters into a message."""
    assert spell(place, DATA) == text


def test_a_line_is_that_of_the_nearest_group() -> None:
    """A setting that is missing is missing where its group stands."""
    places = Places({("feeds",): 2, ("feeds", 0): 3})
    assert places.line(("feeds", 0, "url")) == 3
    assert places.line(("feeds", 7)) == 2
    assert places.line(("site",)) is None


def test_values_are_found_by_place() -> None:
    """A place that is not there has no value, whatever stands in its stead."""
    assert within(("feeds", 0, "keep", 0, "field"), DATA) == "title"
    assert within(("feeds", "keep"), DATA) is None
    assert within(("outputs", 9, "name"), DATA) is None
    assert within(("outputs", 3, "name", 0), DATA) is None
