"""What of the river is asked for."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from aggregator.publish.manifest import PublishedOutput
from aggregator.serve.river import Asked, asked, browsable, fitting, place, shown_in, written
from aggregator.store.pages import Place, Wanted

PLACE = Place(datetime(2026, 1, 5, 12, 0, 0, 7000, tzinfo=UTC), 4711)
OUTPUTS = {
    "all": PublishedOutput("all", "All"),
    "top": PublishedOutput("top", "Top", as_released=False),
    "own": PublishedOutput("own", "Own", token_sha256="0" * 64),
    "labs": PublishedOutput("labs", "Labs"),
}


def test_a_query_is_read_and_written() -> None:
    """Filters and place come back from the address that they make; a change of filter begins at the newest."""
    given = {"tag": " lab ", "source": "https://a.example/?x=1&y", "before": written(PLACE), "other": "x"}
    wanted = asked(given)
    assert wanted.filters == {"tag": "lab", "source": "https://a.example/?x=1&y"}
    assert wanted.address(tag="") == "./?source=https%3A%2F%2Fa.example%2F%3Fx%3D1%26y"
    assert wanted.address(tag="", source="") == "./"
    assert wanted.address(before="1-2").endswith("&before=1-2")
    assert wanted.wanted("all") == Wanted("all", "lab", None, "https://a.example/?x=1&y")
    assert Asked(output="labs").wanted("all").output == "labs"
    assert (bool(asked({})), bool(asked({"x": "y"})), bool(wanted)) == (False, False, True)


def test_a_place_is_read_as_it_was_written() -> None:
    """A place keeps its millisecond and key."""
    assert place(written(PLACE)) == PLACE
    assert place("") is None


@pytest.mark.parametrize(
    "given",
    [
        *(
            {"before": text}
            for text in ("x", "1", "-1-2", "1-2-3", "1-", "f" * 12 + "-1", "1-" + "f" * 16, "１-2", "1-2\n3")
        ),
        {"tag": "x" * 65},
        {"language": "x" * 36},
        {"source": "x" * 2001},
        {"output": "x" * 65},
    ],
)
def test_nonsense_is_refused(given: dict[str, str]) -> None:
    """What is no place, and what is too long, is an error."""
    with pytest.raises(ValueError, match=r"no place|too long"):
        asked(given)


def test_the_latest_place_that_can_be_written_is_a_date() -> None:
    """No place that is accepted lies beyond what a date can be."""
    assert place("f" * 11 + "-" + "f" * 15) is not None


def test_outputs_that_can_be_looked_through() -> None:
    """Outputs with a token, size tiers and digests are not; the main one is shown where none is asked for."""
    assert list(browsable(OUTPUTS.values())) == ["all", "labs"]
    chosen = [shown_in(OUTPUTS, name) for name in ("", "labs", "top", "own", "none")]
    assert [one.name if one else None for one in chosen] == ["all", "labs", None, None, None]
    without = {name: output for name, output in OUTPUTS.items() if name != "all"}
    assert shown_in(without, "") is OUTPUTS["labs"]
    assert shown_in({}, "") is None


def test_lines_fit_a_page() -> None:
    """So many lines as 80 kB hold, and one at least."""
    assert fitting([100] * 40, int) == 40
    assert fitting([10_000] * 40, int) == 7
    assert fitting([10**6], int) == 1
    assert fitting([], int) == 0
