"""docs/security.md against the tests: each published advisory that it names is held by a test, and none is left out."""

from __future__ import annotations

import ast
import re
import tomllib
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

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
        text = path.read_text()
        for node in ast.parse(text).body if "mark.fault(" in text else ():
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


LOCKS = sorted((ROOT / "requirements").glob("*.txt"))
_PIN = re.compile(r"^([A-Za-z0-9][A-Za-z0-9._-]*)==([^ ;\\]+)", re.MULTILINE)


def mended() -> dict[str, Version]:
    """Return in which version of which library the faults of the second table are mended."""
    section = (ROOT / "docs/security.md").read_text().partition("| library | mended in | of |")[2].partition("\n\n")[0]
    return {
        name: Version(found) for name, found in re.findall(r"^\| ([a-z0-9-]+) \| ([0-9.]+) \|", section, re.MULTILINE)
    }


def floors() -> dict[str, Version]:
    """Return the least version of every library that pyproject.toml asks for, those of extras too."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    asked = [*project["dependencies"], *(one for extra in project["optional-dependencies"].values() for one in extra)]
    parsed = [
        (Requirement(one).name, [part for part in Requirement(one).specifier if part.operator == ">="]) for one in asked
    ]
    return {canonicalize_name(name): Version(least.version) for name, (least,) in parsed}


def pins(lock: Path) -> dict[str, Version]:
    """Return what a lock file pins."""
    return {canonicalize_name(name): Version(version) for name, version in _PIN.findall(lock.read_text())}


def test_no_library_with_a_known_fault_is_accepted() -> None:
    """Each floor of pyproject.toml is at least the version in which the advisories that we know of were mended."""
    assert len(mended()) >= 6
    asked = floors()
    assert {name: asked[name] for name, version in mended().items() if asked[name] < version} == {}


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.name)
def test_no_lock_file_goes_below_a_floor(lock: Path) -> None:
    """What is installed is nowhere older than what pyproject.toml asks for, and each pin has its hashes."""
    pinned, least = pins(lock), floors()
    assert pinned
    assert {name: version for name, version in pinned.items() if name in least and version < least[name]} == {}
    assert lock.read_text().count("--hash=sha256:") >= len(pinned)


def test_what_fuzzes_is_installed_beside_what_tests() -> None:
    """A library that both lock files pin has one version."""
    dev, fuzz = pins(ROOT / "requirements/dev.txt"), pins(ROOT / "requirements/fuzz.txt")
    assert {name for name, version in fuzz.items() if dev.get(name, version) != version} == set()
