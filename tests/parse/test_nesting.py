from __future__ import annotations

import nh3
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.parse.nesting import depth, may_be_deep

UNIT = st.sampled_from(
    ["<div>", "</div>", "<b>", "</b>", "<p>", "<li>", "<!--", "-->", "<!-->", "<style>", "</style>", "<svg>", "</svg>", "<td>",
     '<a title="', '">', "</a>", "<object>", "</object>", "<table>", "x", "'", "<textarea>", "</textarea>", "<div a='</div>'>"]
)  # fmt: skip


@given(st.lists(UNIT, min_size=1, max_size=8))
def test_no_trick_hides_depth(units: list[str]) -> None:
    """A pattern that the sanitiser finds deep when repeated is never called shallow."""
    pattern = "".join(units)
    few = nh3.clean(
        pattern * 100,
        tags=nh3.ALLOWED_TAGS | {"object", "svg", "style", "textarea"},
        clean_content_tags=set(),
    )
    grows = depth(few) > 60
    assert may_be_deep(pattern * 2500, 256) or not grows


@pytest.mark.parametrize(
    ("written", "levels"),
    [("", 0), ("x<br>y", 0), ("<p>x</p><p>y</p>", 1), ('<p><a href="x>y"><b>z</b></a></p>', 3)],
)
def test_depth_of_clean_html(written: str, levels: int) -> None:
    """Depth is the greatest number of elements that are open at once."""
    assert depth(written) == levels
