"""Secrets from the environment: `${NAME}` in a value of feeds.yaml.

NAME is taken from the environment, or from the file that NAME_FILE names, as systemd credentials and
containers hand secrets over. `$${` is a literal `${`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from aggregator.config.document import illegal_character, read_regular
from aggregator.config.places import Mistake, Place

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_REFERENCE = re.compile(r"\$\$\{|\$\{([^{}]*)\}?")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_MAX_SECRET = 65_536


class _Unset(Exception):
    """A variable has no usable value."""

    def __init__(self, message: str, remedy: str) -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy


_STAND_IN = ".not-set-here"
"""What follows a name in the place of a value that is not known: an address and a token may have it, no secret has."""


def stands_in(text: str) -> bool:
    """Tell whether a text has the name of a variable in the place of its value."""
    return _STAND_IN in text


def literal(text: str) -> str:
    """Return a text of somebody else's as it is written in feeds.yaml to mean itself: it must not name our secrets."""
    return text.replace("${", "$${")


@dataclass(slots=True)
class Substitution:
    """Replaces the references in a file's data; notes what it put where, and what it could not."""

    environ: Mapping[str, str]
    folder: Path
    """A relative NAME_FILE is relative to this folder."""
    only_to_read: bool = False
    """Let a name stand in for a value that is not set here, or that this user may not read."""
    found: dict[Place, tuple[str, ...]] = field(default_factory=dict)
    """The values put at each place."""
    mistakes: list[Mistake] = field(default_factory=list)

    def apply(self, value: Any, place: Place = ()) -> Any:
        """Return the data with every reference replaced; one that cannot be stays as it is, and is a mistake."""
        if isinstance(value, dict):
            return {key: self.apply(child, (*place, key)) for key, child in value.items()}
        if isinstance(value, tuple):
            return tuple(self.apply(child, (*place, index)) for index, child in enumerate(value))
        return self._text(value, place) if isinstance(value, str) and "${" in value else value

    def _text(self, value: str, place: Place) -> str:
        put: list[str] = []

        def replace(match: re.Match[str]) -> str:
            if match[1] is None:
                return "${"
            put.append(self._value(match))
            return put[-1]

        try:
            replaced = _REFERENCE.sub(replace, value)
        except _Unset as unset:
            self.mistakes.append(Mistake(place, unset.message, unset.remedy))
            return value
        if put:
            self.found[place] = tuple(put)
        return replaced

    def _value(self, match: re.Match[str]) -> str:
        name = match[1]
        if not match[0].endswith("}") or not _NAME.fullmatch(name):
            remedy = "Write ${NAME} with letters, digits and _, or $${ for a literal ${."
            raise _Unset("contains ${ without the name of an environment variable.", remedy)
        try:
            return self._set(name)
        except _Unset:
            if self.only_to_read:
                return f"{name}{_STAND_IN}"
            raise

    def _set(self, name: str) -> str:
        value = self.environ.get(name) or self._from_file(name)
        if not value:
            state = "is empty" if name in self.environ else "is not set"
            remedy = f"Set {name} to the value, or {name}_FILE to the path of a file that holds it."
            raise _Unset(f"the environment variable {name} {state}.", remedy)
        if (found := illegal_character(value)) is not None:
            raise _Unset(f"the value of {name} contains the character {found}.", "Remove it.")
        return value

    def _from_file(self, name: str) -> str | None:
        path = self.environ.get(f"{name}_FILE")
        if not path:
            return None
        try:
            text = read_regular(self.folder / path, _MAX_SECRET).decode()
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) and error.strerror else "not UTF-8 text"
            message = f"the file that {name}_FILE names cannot be read: {reason}."
            raise _Unset(message, "Name a file that this user may read.") from error
        if not (value := text.rstrip("\r\n")):
            raise _Unset(f"the file that {name}_FILE names is empty.", "Put the value in it.")
        return value
