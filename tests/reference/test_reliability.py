"""docs/reliability.md and the tests say the same: each row has its test, and each test of a row is in the document."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
DOCUMENT = (TESTS.parent / "docs/reliability.md").read_text(encoding="utf-8")
FAULTS = [f"F{number}" for number in range(1, 29)]
NAMED = re.compile(r"^test_([FT]\d+)_")


def _marked(function: ast.AST) -> set[str]:
    """Return the rows that a test is marked with."""
    return {
        argument.value
        for node in ast.walk(function)
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "pytest.mark.fault"
        for argument in node.args
        if isinstance(argument, ast.Constant) and isinstance(argument.value, str)
    }


def _tests() -> dict[str, set[str]]:
    """Return the rows that each test is marked with."""
    found: dict[str, set[str]] = {}
    for path in TESTS.rglob("test_*.py"):
        if path == Path(__file__):
            continue
        text = path.read_text(encoding="utf-8")
        if "mark.fault(" not in text and not re.search(r"def test_[FT]\d+_", text):
            continue
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_"):
                found[f"{path.relative_to(TESTS)}::{node.name}"] = _marked(node)
    return found


MARKED = _tests()
PROVEN = set().union(*MARKED.values())
ROWS = re.findall(r"^\| ([FT]\d+) \|", DOCUMENT, re.MULTILINE)


@pytest.mark.parametrize("row", FAULTS)
def test_every_fault_has_a_test_and_a_row(row: str) -> None:
    """A fault of the list is proven by a marked test, and the document tells what happens, once."""
    assert row in PROVEN
    assert ROWS.count(row) == 1


def test_every_row_has_a_test() -> None:
    """What the document tells was tried."""
    assert set(ROWS) - PROVEN == set()
    assert {row for row in ROWS if row.startswith("F")} == set(FAULTS)


def test_every_marked_fault_is_told() -> None:
    """What was tried is told, and no test is marked with a row that does not exist."""
    assert {row for row in PROVEN if row.startswith("F")} - set(ROWS) == set()
    assert {row for row in PROVEN if not re.fullmatch(r"[FT]\d+", row)} == set()


def test_names_and_marks_agree() -> None:
    """A test whose name begins with a fault's row is marked with it."""
    wrong = [
        test
        for test, rows in MARKED.items()
        if (named := NAMED.match(test.rpartition("::")[2])) and named[1].startswith("F") and named[1] not in rows
    ]
    assert wrong == []
