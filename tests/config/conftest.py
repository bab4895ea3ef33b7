"""Configuration files made for one test."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from aggregator.config.load import load
from aggregator.errors import ConfigError, Problem

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from aggregator.config.settings import Settings


@pytest.fixture
def read(tmp_path: Path) -> Callable[..., Settings]:
    """Return a function that loads a text as feeds.yaml."""

    def read_text(text: str, environ: Mapping[str, str] | None = None) -> Settings:
        path = tmp_path / "feeds.yaml"
        path.write_text(text, encoding="utf-8")
        return load(path, environ or {})

    return read_text


@pytest.fixture
def problems(read: Callable[..., Settings]) -> Callable[..., tuple[Problem, ...]]:
    """Return a function that loads a text that is wrong, and returns what is wrong with it."""

    def problems_of(text: str, environ: Mapping[str, str] | None = None) -> tuple[Problem, ...]:
        with pytest.raises(ConfigError) as refused:
            read(text, environ)
        return refused.value.problems

    return problems_of
