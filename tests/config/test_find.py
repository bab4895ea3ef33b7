"""Which feeds.yaml is meant."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from aggregator.config.find import find_config
from aggregator.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path


def put(path: Path) -> Path:
    """Make an empty file and the folders above it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    return path


def test_the_places_are_searched_in_order(tmp_path: Path) -> None:
    """--config, AGGREGATOR_CONFIG, the working folder, XDG_CONFIG_HOME: each wins over those after it."""
    cwd, xdg = tmp_path / "cwd", tmp_path / "xdg"
    environ = {"XDG_CONFIG_HOME": str(xdg), "HOME": str(tmp_path)}
    home_file = put(xdg / "aggregator" / "feeds.yaml")
    assert find_config(None, environ, cwd) == home_file
    cwd_file = put(cwd / "feeds.yaml")
    assert find_config(None, environ, cwd) == cwd_file
    assert find_config(None, {**environ, "AGGREGATOR_CONFIG": "other.yaml"}, cwd) == cwd / "other.yaml"
    assert find_config("/x.yaml", {**environ, "AGGREGATOR_CONFIG": "other.yaml"}, cwd).as_posix() == "/x.yaml"


@pytest.mark.parametrize("xdg", [{}, {"XDG_CONFIG_HOME": ""}, {"XDG_CONFIG_HOME": "relative"}])
def test_home_is_searched_without_xdg(tmp_path: Path, xdg: dict[str, str]) -> None:
    """~/.config stands in for a folder that is not set, or not absolute; an empty variable counts as not set."""
    file = put(tmp_path / ".config" / "aggregator" / "feeds.yaml")
    assert find_config(None, {"HOME": str(tmp_path), "AGGREGATOR_CONFIG": "", **xdg}, tmp_path / "cwd") == file


def test_when_there_is_none_it_says_where_it_looked(tmp_path: Path) -> None:
    """The message lists every place, and what to do."""
    with pytest.raises(ConfigError) as refused:
        find_config(None, {}, tmp_path)
    text = str(refused.value)
    assert str(tmp_path / "feeds.yaml") in text
    assert "/etc/aggregator/feeds.yaml" in text
    assert "AGGREGATOR_CONFIG" in text
    assert refused.value.exit_code == 78


def test_a_folder_of_that_name_is_no_file(tmp_path: Path) -> None:
    """Only a file is found."""
    (tmp_path / "feeds.yaml").mkdir()
    with pytest.raises(ConfigError):
        find_config(None, {}, tmp_path)
