"""Values from the environment."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pytest

from aggregator.config.environment import Substitution, stands_in

if TYPE_CHECKING:
    from pathlib import Path


def put(value: Any, environ: dict[str, str], folder: Path) -> tuple[Any, Substitution]:
    """Replace the references in a value."""
    substitution = Substitution(environ, folder)
    return substitution.apply(value), substitution


@pytest.mark.parametrize(
    ("text", "replaced"),
    [
        ("${TOKEN}", "s3cret"),
        ("Bearer ${TOKEN}", "Bearer s3cret"),
        ("${TOKEN}${_n2}", "s3crettwo"),
        ("$${TOKEN}", "${TOKEN}"),
        ("$$${TOKEN}", "$${TOKEN}"),
        ("$TOKEN {TOKEN} $", "$TOKEN {TOKEN} $"),
    ],
)
def test_references_are_replaced(tmp_path: Path, text: str, replaced: str) -> None:
    """A reference may be a part of a value; a doubled $ keeps it as it is."""
    assert put(text, {"TOKEN": "s3cret", "_n2": "two"}, tmp_path)[0] == replaced


def test_all_values_are_searched_and_their_places_noted(tmp_path: Path) -> None:
    """Groups and lists are searched, keys are not; what was put where is known."""
    data = {"a": ("${X}", {"${X}": "b ${X} ${Y}"}), "c": 1, "d": None, "e": "plain", "f": "$${X}"}
    replaced, substitution = put(data, {"X": "1", "Y": "2"}, tmp_path)
    assert replaced == {"a": ("1", {"${X}": "b 1 2"}), "c": 1, "d": None, "e": "plain", "f": "${X}"}
    assert substitution.found == {("a", 0): ("1",), ("a", 1, "${X}"): ("1", "2")}
    assert substitution.mistakes == []


def test_a_name_stands_in_for_a_value_that_is_not_set_here(tmp_path: Path) -> None:
    """Who only looks goes on without: what stands there is known, and can be a token or in an address."""
    substitution = Substitution({"B": "set"}, tmp_path, only_to_read=True)
    assert substitution.apply(("${A}", "${B}")) == ("A.not-set-here", "set")
    assert [stands_in(value) for value in ("A.not-set-here", "set")] == [True, False]
    assert substitution.mistakes == []
    substitution.apply("${}")
    assert len(substitution.mistakes) == 1


def test_a_value_is_not_searched_again(tmp_path: Path) -> None:
    """A secret may contain what looks like a reference."""
    assert put("${A}", {"A": "${B}", "B": "x"}, tmp_path)[0] == "${B}"


def test_a_file_can_hold_the_value(tmp_path: Path) -> None:
    """NAME_FILE names it, relative to feeds.yaml; its last line break does not count, and NAME itself wins."""
    (tmp_path / "token").write_text("s3cret \r\n")
    absolute = {"TOKEN_FILE": str(tmp_path / "token")}
    assert put("${TOKEN}", absolute, tmp_path / "elsewhere")[0] == "s3cret "
    assert put("${TOKEN}", {"TOKEN_FILE": "token"}, tmp_path)[0] == "s3cret "
    assert put("${TOKEN}", {"TOKEN_FILE": "token", "TOKEN": "direct"}, tmp_path)[0] == "direct"


@pytest.mark.parametrize(
    ("environ", "message", "remedy"),
    [
        (
            {},
            "the environment variable TOKEN is not set.",
            "Set TOKEN to the value, or TOKEN_FILE to the path",
        ),
        ({"TOKEN": ""}, "the environment variable TOKEN is empty.", "Set TOKEN to the value, or TOKEN_FILE"),
        ({"TOKEN": "a\x1bb"}, "the value of TOKEN contains the character U+001B.", "Remove it."),
        ({"TOKEN": "\udcff"}, "the value of TOKEN contains the character U+DCFF.", "Remove it."),
        (
            {"TOKEN_FILE": "missing"},
            "the file that TOKEN_FILE names cannot be read: No such file",
            "Name a file",
        ),
        (
            {"TOKEN_FILE": "a\0b"},
            "the file that TOKEN_FILE names cannot be read: not UTF-8 text.",
            "Name a file",
        ),
        (
            {"TOKEN_FILE": "binary"},
            "the file that TOKEN_FILE names cannot be read: not UTF-8 text.",
            "Name a file",
        ),
        ({"TOKEN_FILE": "empty"}, "the file that TOKEN_FILE names is empty.", "Put the value in it."),
    ],
)
def test_a_value_that_cannot_be_had_is_a_mistake(
    tmp_path: Path, environ: dict[str, str], message: str, remedy: str
) -> None:
    """The message names the variable and both remedies, and the reference stays as it is."""
    (tmp_path / "binary").write_bytes(b"\xff\xfe")
    (tmp_path / "empty").write_text("\n")
    replaced, substitution = put({"a": "x ${TOKEN}"}, environ, tmp_path)
    (mistake,) = substitution.mistakes
    assert replaced == {"a": "x ${TOKEN}"}
    assert mistake.place == ("a",)
    assert mistake.message.startswith(message)
    assert mistake.remedy.startswith(remedy)
    assert substitution.found == {}


@pytest.mark.parametrize("text", ["${}", "${A B}", "${A", "${A-default}", "${1A}", "x ${A\n}"])
def test_a_reference_without_a_name_is_a_mistake(tmp_path: Path, text: str) -> None:
    """A slip in the writing does not become a password that begins with a dollar."""
    replaced, substitution = put(text, {"A": "1"}, tmp_path)
    assert replaced == text
    assert "$${" in substitution.mistakes[0].remedy


def test_a_pipe_in_place_of_a_secret_is_not_waited_for(tmp_path: Path) -> None:
    """A file that may never end is a mistake, not the end of every command."""
    os.mkfifo(tmp_path / "token")
    _, substitution = put("${TOKEN}", {"TOKEN_FILE": "token"}, tmp_path)
    (mistake,) = substitution.mistakes
    assert "not a regular file" in mistake.message
    assert mistake.remedy
