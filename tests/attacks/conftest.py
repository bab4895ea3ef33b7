"""The worlds of other tests, to be attacked: publishers before the pipeline, a served house, the program itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from uvicorn.protocols.http.auto import AutoHTTPProtocol

from tests.end_to_end.conftest import home, make, publisher, start
from tests.faults.conftest import answer_, outside, parser, runner, world
from tests.serve.conftest import Client, World, _serving, _world

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["answer_", "home", "make", "outside", "parser", "publisher", "runner", "start", "world"]


@dataclass
class House:
    """What is published, and a client at its door."""

    world: World
    client: Client


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    """Return a house with public and private news, served as in operation."""
    world = _world(tmp_path)
    with _serving(world, AutoHTTPProtocol) as client:
        yield House(world, client)


@pytest.fixture(scope="module")
def standing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """Return a house that tests only look at."""
    world = _world(tmp_path_factory.mktemp("house"))
    with _serving(world, AutoHTTPProtocol) as client:
        yield House(world, client)
