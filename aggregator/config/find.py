"""Which feeds.yaml is meant."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from aggregator.errors import ConfigError, Problem

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

NAME = "feeds.yaml"


def find_config(option: str | Path | None, environ: Mapping[str, str], cwd: Path) -> Path:
    """Return the file named by --config or AGGREGATOR_CONFIG, else the first that exists of the usual places.

    A named file is returned even when it does not exist: loading it says so. Raise ConfigError when nothing is
    named and nothing found.
    """
    named = option or environ.get("AGGREGATOR_CONFIG")
    if named:
        return cwd / named
    places = list(_usual_places(environ, cwd))
    found = next((place for place in places if place.is_file()), None)
    if found is None:
        looked = ", ".join(map(str, places))
        message = f"there is none: looked for {looked}."
        remedy = "Create one, or name it with --config or AGGREGATOR_CONFIG."
        raise ConfigError([Problem(NAME, None, "", message, remedy)])
    return found


def _usual_places(environ: Mapping[str, str], cwd: Path) -> Iterator[Path]:
    yield cwd / NAME
    folder = environ.get("XDG_CONFIG_HOME", "")
    if folder.startswith("/"):  # the XDG specification says to ignore relative ones
        yield Path(folder, "aggregator", NAME)
    elif home := environ.get("HOME"):
        yield Path(home, ".config", "aggregator", NAME)
    yield Path("/etc/aggregator", NAME)
