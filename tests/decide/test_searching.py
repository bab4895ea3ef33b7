"""An output's `search` finds words, whatever their case and accents."""

from __future__ import annotations

import pytest

from aggregator.decide.searching import found_by
from aggregator.model import Item

ITEM = Item(
    title="Première of GPT-4.5 agents",
    summary="<p>Open <b>weights</b> for everyone</p>",
    content="<p>東京で人工知能の会議</p>",
)


@pytest.mark.parametrize(
    ("search", "found"),
    [
        ("agents", True),
        ("AGENTS premiere", True),
        ("agent", False),
        ("agent*", True),
        ("gents*", False),
        ("agents OR robots", True),
        ("robots OR rockets", False),
        ("agents -robots", True),
        ("agents -weights", False),
        ('"open weights"', True),
        ('"weights open"', False),
        ("gpt-4.5", True),
        ("gpt-4", True),
        ("(robots OR agents) NOT (rockets OR closed)", True),
        ("人工知能", True),
        ("大阪", False),
    ],
)
def test_what_is_found(search: str, found: bool) -> None:
    """Whole words in title and texts, in any script; beginnings where they are asked for."""
    assert found_by(search, ITEM) is found
