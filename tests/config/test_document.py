"""feeds.yaml as text."""

from __future__ import annotations

import os
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from aggregator.config import document
from aggregator.config.document import read_document, read_text
from aggregator.errors import ConfigError, Problem

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def refused(path: Path, content: bytes) -> Problem:
    """Return the one problem of a file."""
    path.write_bytes(content)
    with pytest.raises(ConfigError) as error:
        read_document(read_text(path), path)
    (problem,) = error.value.problems
    assert problem.file == str(path)
    return problem


def test_values_are_those_of_yaml_1_2(tmp_path: Path) -> None:
    """Words of YAML 1.1 are text, dates are text, numbers are numbers, lists are tuples."""
    text = "a: 0x1F\nb: [yes, 'no', true, ~, 1.5, 2026-01-01]\n1: one\nnull: x\nc: {}\nd: !!str 4\n"
    found = read_document(text, tmp_path)
    assert found.data == {
        "a": 31,
        "b": ("yes", "no", True, None, 1.5, "2026-01-01"),
        "1": "one",
        "null": "x",
        "c": {},
        "d": "4",
    }
    assert found.mistakes == ()


def test_every_setting_has_its_line(tmp_path: Path) -> None:
    """A setting stands in the line of its name, an entry of a list in its own."""
    text = "site:\n  title: >\n    long\n    text\nfeeds:\n  - https://a.example/\n  - url:\n      https://b.example/\n"
    lines = read_document(text, tmp_path).places.lines
    assert lines[("site", "title")] == 2
    assert lines[("feeds",)] == 5
    assert lines[("feeds", 0)] == 6
    assert lines[("feeds", 1)] == 7
    assert lines[("feeds", 1, "url")] == 7


def test_aliases_repeat_values(tmp_path: Path) -> None:
    """One list of words can serve several sources, and an anchor may be set twice."""
    text = "a: &words [x, y]\nb: *words\nc: &words [z]\nd: *words\n"
    assert read_document(text, tmp_path).data == {"a": ("x", "y"), "b": ("x", "y"), "c": ("z",), "d": ("z",)}


@pytest.mark.fault("F24")
@pytest.mark.parametrize(
    ("content", "line", "message", "remedy"),
    [
        (b"", None, "the file is empty", "feeds:\n  - https://example.org/feed.xml"),
        (b"# nothing\n", None, "the file is empty", "The least it needs"),
        (b"---\n...\n", None, "the file is empty", "The least it needs"),
        (b"null\n", None, "the file is empty", "The least it needs"),
        (b"\n- https://a.example/\n", 2, "must be a group of settings", "feeds:"),
        (b"https://a.example/\n", 1, "must be a group of settings", "feeds:"),
        (b"site:\n\ttitle: x\n", 2, "column 1: a tab stands", "spaces"),
        (b"site:\n  title: @x\n", 2, "column 10: a value cannot start with @", "quotes"),
        (b"site:\n  title: AI: News\n", 2, "column 12: a colon", "quotes"),
        (b"site:\n  title: *x\n", 2, "*x refers to nothing", "quotes"),
        (b'a: "\\q"\n', 1, "double quotes", "single quotes"),
        (b"feeds: [a, b\nsite: {}\n", 2, "a bracket is not closed", "close the bracket"),
        (b"a: {b: 1\nc: 2\n", 2, "a bracket is not closed", "close the bracket"),
        (b"feeds:\n  - {url: x, title: a: b}\n", 2, "column 22: a colon stands where none may", "contains `: ` in quotes"),
        (b"a: [b: c: d]\n", 1, "column 9: a colon stands where none may", "contains `: ` in quotes"),
        (b"a: [b c\n", 2, "a bracket is not closed", "Close it"),
        (b"a: 1\n---\nb: 2\n", 2, "a second document starts", "`---`"),
        (b"feeds:\n  - a\n site: x\n", 3, "does not fit", "indentation"),
        (b"a: 'it's'\n", 1, "does not fit", "quote is closed"),
        (b"a: 'x\nb: 2\n", 3, "a quote is not closed", "Close it"),
        (b"a: 1\nbc\nd: 2\n", 3, "a colon is missing", "`name: value`"),
        (b"%YAML 3.0\n---\na: 1\n", 1, "found incompatible YAML document", "line"),
        (b"a: 1\nb: \x01\n", 2, "the character U+0001", "Remove"),
        (b"\xff\xfea\x00", 1, "not UTF-8", "UTF-8"),
        (b"a: 1\nb: caf\xe9\n", 2, "not UTF-8", "UTF-8"),
        (b'a: "\\U00110000"\n', None, "the file is not YAML", "editor"),
        (b"[" * 10_000, 1, "nested more than", "brackets"),
        (b"a: &x [*x]\n", 1, "nested more than", "an alias must not contain itself"),
    ],
)  # fmt: skip
def test_what_is_not_yaml_is_refused_with_its_line(
    tmp_path: Path, content: bytes, line: int | None, message: str, remedy: str
) -> None:
    """A mistake in the form of the file names line and column, in plain words, and says what to do."""
    problem = refused(tmp_path / "feeds.yaml", content)
    assert problem.line == line
    assert message in problem.message
    assert remedy in problem.remedy


def test_a_byte_order_mark_is_no_mistake(tmp_path: Path) -> None:
    """Editors of Windows put one at the start of UTF-8."""
    path = tmp_path / "feeds.yaml"
    path.write_bytes(b"\xef\xbb\xbfa: 1\n")
    assert read_document(read_text(path), path).data == {"a": 1}


@pytest.mark.fault("F24")
def test_an_anchor_bomb_is_refused_at_once(tmp_path: Path) -> None:
    """Ten lines that mean ten billion values cost no time and no memory."""
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 10)]
    before = time.process_time()
    problem = refused(tmp_path / "feeds.yaml", "\n".join(lines).encode())
    assert time.process_time() - before < 5
    assert "aliases (*name) repeat more than" in problem.message
    assert problem.remedy


def test_a_huge_file_is_refused_unread(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that takes minutes to read is refused before that."""
    monkeypatch.setattr(document, "MAX_BYTES", 1_000_000)
    problem = refused(tmp_path / "feeds.yaml", b"#" * 1_000_001)
    assert problem.message == "the file is larger than 1 MB."
    assert "OPML" in problem.remedy


@pytest.mark.parametrize("kind", ["pipe", "device"])
def test_what_may_never_end_is_refused_at_once(tmp_path: Path, kind: str) -> None:
    """A pipe without a writer and an endless device are refused unread, with the file's name and what to do."""
    path = tmp_path / "feeds.yaml"
    if kind == "pipe":
        os.mkfifo(path)
    else:
        path.symlink_to("/dev/zero")
    began = time.monotonic()
    with pytest.raises(ConfigError, match="cannot be read") as caught:
        read_text(path)
    assert time.monotonic() - began < 1
    (problem,) = caught.value.problems
    assert problem.file == str(path)
    assert problem.remedy == "Name another file with --config."


@pytest.mark.fault("F24")
def test_mistakes_of_form_are_collected(tmp_path: Path) -> None:
    """Repeated keys, tags, odd names and merges are reported together, and the rest is read."""
    text = (
        "a: 1\na: 2\nb: !!python/object:os.system x\n? [c]\n: 1\n<<: {d: 1}\n"
        "e: !!int abc\nf: 'x\\y'\ng: \"\\a\"\nh: !x {y: 1}\ni: !x [1]\nj: 1\n"
    )
    found = read_document(text, tmp_path)
    assert found.data == {"a": 1, "b": None, "e": None, "f": "x\\y", "g": "\a", "h": None, "i": None, "j": 1}
    said = [(mistake.place, mistake.line, mistake.message) for mistake in found.mistakes]
    assert said == [
        (("a",), 2, "stands here twice; first in line 1."),
        (("b",), None, "the tag 'tag:yaml.org,2002:python/object:os.system' is not for this file."),
        ((), 4, "the name of a setting must be plain text."),
        ((), 6, "`<<` does not merge here."),
        (("e",), None, "is not the number that it looks like."),
        (("g",), None, "contains the character U+0007, which feeds cannot carry."),
        (("h",), None, "the tag '!x' is not for this file."),
        (("i",), None, "the tag '!x' is not for this file."),
    ]
    assert all(mistake.remedy for mistake in found.mistakes)


@pytest.mark.fault("F24")
def test_a_missing_file_is_named(tmp_path: Path) -> None:
    """The message says what to do."""
    with pytest.raises(ConfigError, match=r"there is no such file\. Create it, or name another with --config\."):
        read_text(tmp_path / "feeds.yaml")


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    """A folder's name is a common slip: the message names the file that was probably meant."""
    with pytest.raises(ConfigError, match="this is a folder, not a file") as error:
        read_text(tmp_path)
    assert str(tmp_path / "feeds.yaml") in str(error.value)


def test_a_name_that_no_file_can_have_is_refused(tmp_path: Path) -> None:
    """A stray NUL is reported like any file that cannot be read."""
    with pytest.raises(ConfigError, match="cannot be read: not a file's name"):
        read_text(tmp_path / "a\0b")


def test_any_other_failure_to_read_says_the_systems_reason(tmp_path: Path) -> None:
    """A loop of links, say, is reported in the system's words."""
    loop = tmp_path / "feeds.yaml"
    loop.symlink_to(loop)
    with pytest.raises(ConfigError, match=r"cannot be read: .*[Ll]"):
        read_text(loop)


@contextmanager
def an_ordinary_user() -> Iterator[None]:
    """Give up root's right to read everything."""
    user = os.geteuid()
    if user == 0:
        os.seteuid(65_534)
    try:
        yield
    finally:
        os.seteuid(user)


def test_a_file_that_must_not_be_read_says_so(tmp_path: Path) -> None:
    """The remedy is read permission."""
    secret = tmp_path / "feeds.yaml"
    secret.write_text("a: 1")
    secret.chmod(0)
    with an_ordinary_user(), pytest.raises(ConfigError, match=r"must not be read by this user\. Give"):
        read_text(secret)
