"""feeds.yaml, and what its lists name, are taken over when they change."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest
from structlog.testing import capture_logs

from aggregator.config.settings import FeedSettings, Settings
from aggregator.errors import ConfigError, Problem
from aggregator.run.following import Following

BEFORE = Settings()
AFTER = Settings(feeds=(FeedSettings(url="https://a.example/feed"),))


class Engine:
    """Notes what it goes on with."""

    def __init__(self) -> None:
        self.lists = SimpleNamespace(changes=0)
        self.adopted: list[Settings] = []

    async def synchronised(self, settings: Settings) -> Settings:
        return settings

    async def adopt(self, settings: Settings) -> None:
        self.adopted.append(settings)


class Follower:
    """Following, with a file that tests change."""

    def __init__(self) -> None:
        self.engine = Engine()
        self.file: Settings | Exception | None = None
        self.told: list[Settings] = []
        self.following = Following(self.engine, BEFORE, self._reload, self._adopted)  # type: ignore[arg-type]

    def _reload(self) -> Settings | None:
        found, self.file = self.file, None
        if isinstance(found, Exception):
            raise found
        return found

    async def _adopted(self, settings: Settings) -> None:
        self.told.append(settings)

    def look(self) -> list[Any]:
        """Look once; return what was logged."""
        with capture_logs() as logged:
            asyncio.run(self.following.look())
        return [line["event"] for line in logged]


@pytest.fixture
def follower() -> Follower:
    """Return what follows a file."""
    return Follower()


def test_a_changed_file(follower: Follower) -> None:
    """The engine goes on with it, and whoever wants to know is told."""
    follower.file = AFTER
    assert follower.look() == ["config.reloaded"]
    assert follower.engine.adopted == follower.told == [AFTER]
    assert follower.following.settings is AFTER
    assert follower.look() == []


@pytest.mark.fault("F24")
def test_a_wrong_file(follower: Follower) -> None:
    """Each mistake is logged, and nothing changes."""
    follower.file = ConfigError([Problem("feeds.yaml", line, "feeds", "this is wrong.", "Mend it.") for line in (1, 2)])
    assert follower.look() == ["config.refused"] * 2
    assert follower.engine.adopted == []
    assert follower.following.refused == "feeds.yaml:1: feeds: this is wrong. Mend it. (1 more: aggregator check)"
    follower.file = ConfigError([Problem("feeds.yaml", 1, "feeds", "this is wrong.", "Mend it.")])
    follower.look()
    assert follower.following.refused == "feeds.yaml:1: feeds: this is wrong. Mend it."
    follower.file = AFTER
    follower.look()
    assert follower.following.refused is None


def test_who_asks_is_answered(follower: Follower) -> None:
    """Somebody who asks for a look learns that nothing has changed, too: once."""
    follower.following.ask()
    assert follower.look() == ["config.unchanged"]
    assert follower.look() == []


def test_lists_that_name_other_sources(follower: Follower) -> None:
    """What lists have come to name is taken over, once a change."""
    follower.engine.lists.changes += 1
    assert follower.look() == ["lists.adopted"]
    assert follower.engine.adopted == [BEFORE]
    assert follower.look() == []


def test_another_database(follower: Follower) -> None:
    """A database cannot be exchanged under way: that needs a restart, and is said."""
    follower.file = Settings(database="sqlite:///elsewhere.db")
    assert follower.look() == ["config.needs_restart", "config.reloaded"]
