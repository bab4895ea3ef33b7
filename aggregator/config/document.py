"""feeds.yaml as text: YAML 1.2 to plain values, with the line of each.

ruamel.yaml composes the nodes; values are made here, because only the nodes know their lines. No tag makes an
object, aliases may not multiply, and a repeated key is a mistake.
"""

from __future__ import annotations

import errno
import os
import re
import stat
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, ScalarNode, SequenceNode
from ruamel.yaml.reader import ReaderError

from aggregator.config.places import Mistake, Place, Places
from aggregator.errors import ConfigError, Problem

if TYPE_CHECKING:
    from pathlib import Path

    from ruamel.yaml.nodes import Node

MAX_BYTES = 5_000_000
"""The largest feeds.yaml: some 50,000 sources, and about as much as YAML reads in a quarter of a minute."""
MAX_DEPTH = 32
MAX_REPEATED = 250_000
"""How many values may come from aliases: an anchor bomb makes billions of a few lines."""

_TAG = "tag:yaml.org,2002:"
_TEXT = {f"{_TAG}str", f"{_TAG}timestamp"}
_CONVERTED = {f"{_TAG}{name}" for name in ("null", "bool", "int", "float")}
_ILLEGAL = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_LEAST = "The least it needs is:\nfeeds:\n  - https://example.org/feed.xml"

# What ruamel.yaml says, in the words of people; the first that fits.
_SYNTAX = (
    (r"'\\t' that cannot start", "a tab stands where only spaces may", "Indent with spaces."),
    (r"character '(.)' that cannot start", r"a value cannot start with {0}", "Write it in quotes."),
    (
        r"mapping values are not allowed",
        "a colon stands where none may",
        "Write a value that contains `: ` in quotes, and check the indentation.",
    ),
    (
        r"expected ',' or '[\]}]', but got ':'",
        "a colon stands where none may, or a bracket is not closed",
        "Write a value that contains `: ` in quotes, or close the bracket with ] or }.",
    ),
    (r"undefined alias '(.*)'", "*{0} refers to nothing", "Write a value that starts with * in quotes."),
    (r"unknown escape character", r"a \ in double quotes means something else", "Use single quotes."),
    (r"expected ',' or '[\]}]'", "a bracket is not closed, or a comma is missing", "Close it with ] or }."),
    (r"found another document", "a second document starts", "Remove the line `---`."),
    (
        r"expected <block end>",
        "the line does not fit the ones above",
        "Check its indentation, and that every quote is closed.",
    ),
    (r"could not find expected ':'", "a colon is missing", "Write `name: value`."),
    (r"unexpected end of stream", "a quote is not closed", "Close it."),
)


@dataclass(frozen=True, slots=True)
class Document:
    """The values of a file: dicts, tuples, text, numbers, true, false and None; and what was wrong with it."""

    data: dict[str, Any]
    places: Places
    mistakes: tuple[Mistake, ...]


def read_text(path: Path) -> str:
    """Read a configuration file; raise ConfigError with a remedy when that is not possible."""
    try:
        content = read_regular(path, MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        raise _refused(path, None, *_unreadable(path, error)) from error
    if len(content) > MAX_BYTES:
        raise _refused(path, None, f"the file is larger than {MAX_BYTES // 10**6} MB.", "Put sources in an OPML list.")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise _refused(path, line, "the file is not UTF-8.", "Save it as UTF-8.") from error


def read_regular(path: Path, most: int) -> bytes:
    """Return the first bytes of a regular file; OSError for any other: a pipe or a device may never end."""
    with open(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:  # noqa: PTH123 - of a number
        mode = os.fstat(file.fileno()).st_mode
        if not stat.S_ISREG(mode):
            raise OSError(errno.EINVAL, "it is a pipe or a device, not a regular file")
        return file.read(most)


def read_document(text: str, path: Path) -> Document:
    """Read YAML text; raise ConfigError when it is no YAML, is empty, or is no group of settings."""
    root = compose(text, path)
    reader = _Values(path)
    if root is None or (isinstance(root, ScalarNode) and root.value.lower() in ("", "~", "null")):
        raise _refused(path, None, "the file is empty.", _LEAST)
    data = reader.value(root, ())
    if not isinstance(data, dict):
        raise _refused(path, root.start_mark.line + 1, "the file must be a group of settings.", _LEAST)
    return Document(data, Places(reader.lines), tuple(reader.mistakes))


def illegal_character(text: str) -> str | None:
    """Return the first character of a text that XML 1.0 cannot carry (section 2.2), as `U+0007`."""
    found = _ILLEGAL.search(text)
    return None if found is None else f"U+{ord(found[0]):04X}"


@dataclass(slots=True)
class _Values:
    """Turns nodes into values and notes their lines."""

    path: Path
    scalars: Any = field(default_factory=lambda: YAML(typ="safe", pure=True).constructor)
    lines: dict[Place, int] = field(default_factory=dict)
    mistakes: list[Mistake] = field(default_factory=list)
    seen: set[int] = field(default_factory=set)
    repeated: int = 0

    def value(self, node: Node, place: Place) -> Any:
        """Return a node's value; its line is noted unless its key's already is."""
        self.lines.setdefault(place, node.start_mark.line + 1)
        self._bound(node, place)
        tag = str(node.tag)
        if isinstance(node, MappingNode) and tag == f"{_TAG}map":
            return self._mapping(node, place)
        if isinstance(node, SequenceNode) and tag == f"{_TAG}seq":
            return tuple(self.value(child, (*place, index)) for index, child in enumerate(node.value))
        if isinstance(node, ScalarNode) and (tag in _TEXT or tag in _CONVERTED):
            return self._scalar(node, place, tag)
        self._mistake(place, f"the tag {tag!a} is not for this file.", "Remove it.")
        return None

    def _bound(self, node: Node, place: Place) -> None:
        if id(node) in self.seen:
            self.repeated += 1
        self.seen.add(id(node))
        if self.repeated > MAX_REPEATED:
            message = f"aliases (*name) repeat more than {MAX_REPEATED} values."
            raise _refused(self.path, self.lines[place], message, "Write the values out, or use `defaults`.")
        if len(place) > MAX_DEPTH:
            raise _too_deep(self.path, self.lines[place])

    def _mapping(self, node: MappingNode, place: Place) -> dict[str, Any]:
        values: dict[str, Any] = {}
        for key_node, child in node.value:
            line = key_node.start_mark.line + 1
            if not isinstance(key_node, ScalarNode):
                self._mistake(place, "the name of a setting must be plain text.", "Write `name: value`.", line)
            elif key_node.tag == f"{_TAG}merge":
                remedy = "Settings of all sources go under `defaults`; write the others out."
                self._mistake(place, "`<<` does not merge here.", remedy, line)
            else:
                self._pair(values, key_node.value, child, place, line)
        return values

    def _pair(self, values: dict[str, Any], key: str, child: Node, place: Place, line: int) -> None:
        here = (*place, key)
        if key in values:
            message = f"stands here twice; first in line {self.lines[here]}."
            self._mistake(here, message, "Keep one of the two.", line)
            return
        self.lines[here] = line
        values[key] = self.value(child, here)

    def _scalar(self, node: ScalarNode, place: Place, tag: str) -> Any:
        if tag in _CONVERTED:
            try:
                return self.scalars.construct_object(node)
            except ValueError:
                self._mistake(place, "is not the number that it looks like.", "Write text in quotes.")
                return None
        if (found := illegal_character(node.value)) is not None:
            self._mistake(place, f"contains the character {found}, which feeds cannot carry.", "Remove it.")
        return node.value

    def _mistake(self, place: Place, message: str, remedy: str, line: int | None = None) -> None:
        self.mistakes.append(Mistake(place, message, remedy, line))


def compose(text: str, path: Path) -> Node | None:
    """Return the nodes of YAML text with their places in it; ConfigError when it is none."""
    yaml = YAML(typ="safe", pure=True)
    yaml.max_depth = MAX_DEPTH
    yaml.composer.warn_double_anchors = False
    try:
        root: Node | None = yaml.compose(text)
    except ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        message = f"the file contains the character U+{error.character:04X}."
        raise _refused(path, line, message, "Remove it.") from None
    except MarkedYAMLError as error:
        raise _syntax(error, path) from None
    except (YAMLError, ValueError) as error:  # ruamel.yaml's own, for an escape such as "\U00110000"
        raise _refused(path, None, "the file is not YAML.", "Check it in an editor that knows YAML.") from error
    return root


def _syntax(error: MarkedYAMLError, path: Path) -> ConfigError:
    mark = error.problem_mark or error.context_mark
    said = str(error.problem)
    if "maximum depth" in said:
        return _too_deep(path, mark.line + 1)
    message, remedy = f"{said}.", "Check the indentation, quotes and colons of this line and the one above."
    for pattern, words, advice in _SYNTAX:
        if (match := re.search(pattern, said)) is not None:
            message, remedy = f"{words.format(*match.groups())}.", advice
            break
    return _refused(path, mark.line + 1, f"column {mark.column + 1}: {message}", remedy)


def _too_deep(path: Path, line: int) -> ConfigError:
    message = f"settings are nested more than {MAX_DEPTH} deep."
    return _refused(path, line, message, "Close the brackets; an alias must not contain itself.")


def _unreadable(path: Path, error: Exception) -> tuple[str, str]:
    if isinstance(error, FileNotFoundError):
        return "there is no such file.", "Create it, or name another with --config."
    if isinstance(error, IsADirectoryError):
        return "this is a folder, not a file.", f"Name the file in it, such as {path / 'feeds.yaml'}."
    if isinstance(error, PermissionError):
        return "the file must not be read by this user.", "Give the user read permission."
    reason = error.strerror if isinstance(error, OSError) and error.strerror else "not a file's name"
    return f"the file cannot be read: {reason}.", "Name another file with --config."


def _refused(path: Path, line: int | None, message: str, remedy: str) -> ConfigError:
    return ConfigError([Problem(str(path), line, "", message, remedy)])
