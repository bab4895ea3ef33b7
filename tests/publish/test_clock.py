"""Documents are made of rows: what is told of a moment comes from whoever begins it."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import aggregator

PACKAGE = Path(aggregator.__file__).parent
CLOCKS = {
    "datetime": {"now", "utcnow", "today"},
    "date": {"today"},
    "time": {"time", "time_ns", "monotonic", "monotonic_ns", "perf_counter", "gmtime", "localtime"},
}
"""What tells the time, by the name before the dot."""


@pytest.mark.parametrize("folder", ["decide", "publish"])
def test_no_module_reads_a_clock(folder: str) -> None:
    """Neither deciding nor publishing asks datetime or time what time it is."""
    read = [
        f"{path.name}:{node.lineno}"
        for path in (PACKAGE / folder).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.attr in CLOCKS.get(node.value.id, ())
    ]
    assert read == []
