"""docs/security.md against the tests: each published advisory that it names is held by a test, and none is left out."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
ROWS = [f"T{number}" for number in range(1, 27)]
_HEAD = "## Published advisories"


def rows() -> list[str]:
    """Return the numbers of the table's rows."""
    section = (ROOT / "docs/security.md").read_text().partition(_HEAD)[2].partition("\n## ")[0]
    return re.findall(r"^\| (T\d+) \|", section, re.MULTILINE)


def marked() -> dict[str, list[str]]:
    """Return which tests say that they prove which row: `@pytest.mark.fault("T1")`, read from their text."""
    found: defaultdict[str, list[str]] = defaultdict(list)
    for path in (ROOT / "tests").rglob("test_*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                for row in _marks(node):
                    found[row].append(f"{path.relative_to(ROOT)}::{node.name}")
    return found


def _marks(node: ast.FunctionDef | ast.AsyncFunctionDef) -> Iterator[str]:
    for decorator in node.decorator_list:
        if isinstance(decorator, ast.Call) and ast.unparse(decorator.func) == "pytest.mark.fault":
            yield from (str(word.value) for word in decorator.args if isinstance(word, ast.Constant))


def test_every_advisory_has_a_test() -> None:
    """Each row of the table, from T1 to T26, is the mark of at least one test; no mark is of a row that is not there."""
    marks = marked()
    assert rows() == ROWS
    assert [row for row in ROWS if not marks[row]] == []
    assert {row for row in marks if row.startswith("T")} == set(ROWS)
