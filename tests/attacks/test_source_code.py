"""What the program does nowhere, so that nobody can make it: its own text is looked through."""

from __future__ import annotations

import ast
import re
import sys
import time
import tomllib
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import aggregator
from aggregator.config.load import load
from aggregator.config.settings import FilterRule
from aggregator.decide.filters import match
from aggregator.errors import ConfigError
from aggregator.model import Item

if TYPE_CHECKING:
    from collections.abc import Iterator

PACKAGE = Path(aggregator.__file__).parent


@cache
def nodes() -> list[tuple[str, ast.AST]]:
    """Return every call and import of the package, with its module."""
    files = {path.relative_to(PACKAGE).as_posix(): path for path in PACKAGE.rglob("*.py")}
    trees = ((name, ast.parse(path.read_text(encoding="utf-8"))) for name, path in files.items())
    return [
        (name, node)
        for name, tree in trees
        for node in ast.walk(tree)
        if isinstance(node, ast.Call | ast.Import | ast.ImportFrom)
    ]


def calls() -> Iterator[tuple[str, str, ast.Call]]:
    """Yield every call: its module, and the name that is called, dotted as far as it is written."""
    yield from ((module, dotted(node.func), node) for module, node in nodes() if isinstance(node, ast.Call))


def dotted(node: ast.expr) -> str:
    """Write a name."""
    if isinstance(node, ast.Attribute):
        return f"{dotted(node.value)}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else ""


@pytest.mark.fault("T22")
def test_nothing_is_evaluated() -> None:
    """No text becomes code or an object: no eval, exec, compile, pickle, marshal, shelve, __import__ or YAML with tags."""
    forbidden = re.compile(
        r"(^|\.)(eval|exec|__import__|literal_eval)$|^(pickle|marshal|shelve|dill)\.|^compile$|^builtins\."
    )
    found = [(module, name) for module, name, _ in calls() if forbidden.search(name)]
    assert found == []
    imported = {
        (name.split(".")[0], module)
        for module, node in nodes()
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in ([node.module or ""] if isinstance(node, ast.ImportFrom) else [alias.name for alias in node.names])
    }
    forbidden_imports = {"pickle", "marshal", "shelve", "yaml", "code", "ctypes", "telnetlib", "ftplib"}
    known = {("ctypes", "run/memory.py")}  # calls mallopt, with two numbers of its own
    assert {one for one in imported if one[0] in forbidden_imports} == known


@pytest.mark.fault("T22")
@pytest.mark.parametrize(
    "tag", ["!!python/object/apply:os.system", "!!python/name:os.system", "!!python/module:os", "!x", "!<tag:x,2026:y>"]
)
def test_no_tag_of_yaml_makes_an_object(tag: str, tmp_path: Path) -> None:
    """feeds.yaml with one is wrong, and nothing is made of it."""
    (tmp_path / "feeds.yaml").write_text(f"site: {{title: {tag} ['touch {tmp_path}/made']}}\nfeeds: []\n")
    with pytest.raises(ConfigError):
        load(tmp_path / "feeds.yaml", {})
    assert not (tmp_path / "made").exists()


@pytest.mark.fault("T22")
def test_the_linter_keeps_it_so() -> None:
    """All rules of ruff hold in the package, those of security among them; none of them is switched off for all of it."""
    ruff = tomllib.loads((PACKAGE.parent / "pyproject.toml").read_text())["tool"]["ruff"]["lint"]
    assert ruff["select"] == ["ALL"]
    ignored = [
        *ruff["ignore"],
        *(rule for path, rules in ruff["per-file-ignores"].items() if "aggregator" in path for rule in rules),
    ]
    assert [rule for rule in ignored if re.fullmatch(r"S\d*", rule)] == ["S608"], (
        "SQL of the stores, whose values are parameters"
    )
    assert [
        *(
            line
            for path in PACKAGE.rglob("*.py")
            for line in path.read_text().splitlines()
            if re.search(r"noqa:.*\bS(102|30[1-7]|50[67]|60[24569])\b", line)
        )
    ] == []


@pytest.mark.fault("T23")
def test_nothing_goes_through_a_shell() -> None:
    """The only process that is started is our own web process, from a list of words; nothing of a feed is among them."""
    starting = re.compile(
        r"(^|\.)(system|popen|spawn\w*|execv\w*|execl\w*|create_subprocess_\w+|Popen|check_output|check_call|startfile)$|^subprocess\."
    )
    found = {module: name for module, name, _ in calls() if starting.search(name)}
    assert found == {"run/web.py": "subprocess.Popen"}
    assert not [module for module, _, call in calls() if any(word.arg == "shell" for word in call.keywords)]


@pytest.mark.fault("T26")
def test_feedparser_is_given_streams_of_bytes_alone() -> None:
    """Its `parse` opens what looks like an address or a file name: it is called once, with an io.BytesIO."""
    found = [call for _, name, call in calls() if name == "feedparser.parse"]
    assert len(found) <= 1
    for call in found:
        assert ast.unparse(call.args[0]).startswith(("io.BytesIO(", "BytesIO("))


@pytest.mark.fault("T21")
def test_no_expression_of_an_operator_takes_long() -> None:
    """Expressions that take for ever elsewhere are linear here, whatever a feed says."""
    text = "a" * 200_000 + "!"
    begun = time.process_time()
    for expression in (r"(a+)+$", r"(a|aa)+$", r"(.*a){25}$", r"^(([a-z])+.)+[A-Z]([a-z])+$", r"(\w*)*x"):
        assert match(FilterRule(field="title", regex=(expression,)), Item(title=text)) is None, expression
    assert time.process_time() - begun < 5, "seconds of CPU; with backtracking it would be years"
    assert "re2" in sys.modules
