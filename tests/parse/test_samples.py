"""Feeds of every format that carry their own expectations: `@ path == literal` in a comment at their head."""

from __future__ import annotations

import ast
import re
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from aggregator.model import Document

SAMPLES = sorted((Path(__file__).parent / "fixtures").glob("*.xml"))
EXPECTATION = re.compile(r"^@ (\S+) == (.+)$", re.MULTILINE)


def look_up(document: Document, path: str) -> Any:
    """Follow a path such as items[0].title; dates and durations are given as text."""
    value: Any = document
    for name, number in re.findall(r"([a-z_]+)|\[(\d+)\]", path):
        value = getattr(value, name) if name else value[int(number)]
    if isinstance(value, datetime):
        return value.isoformat()
    return str(value) if isinstance(value, timedelta) else value


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda path: path.stem)
def test_sample_meets_its_expectations(sample: Path, read: Callable[..., Document]) -> None:
    """A document of each format is read as the comment at its head says."""
    document = read(sample.read_bytes())
    expectations = EXPECTATION.findall(sample.read_text())
    found = {path: look_up(document, path) for path, _ in expectations}
    assert found
    assert found == {path: ast.literal_eval(literal) for path, literal in expectations}
