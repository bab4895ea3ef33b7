"""Outputs that changed are rendered, and stay to be rendered when that fails."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from structlog.testing import capture_logs

from aggregator.errors import DiskFull
from aggregator.run.publishing import SOURCES, Publishing

if TYPE_CHECKING:
    from collections.abc import Collection


class Press:
    """Notes what it is to publish."""

    def __init__(self) -> None:
        self.published: list[tuple[set[str], bool]] = []
        self.full = False

    def publish(self, names: Collection[str], *, about_sources: bool) -> None:
        if self.full:
            raise DiskFull("There is no space left.", "Make some.")
        self.published.append((set(names) - {SOURCES}, about_sources))


@pytest.fixture
def press() -> Press:
    """Return a press that only notes."""
    return Press()


def test_only_what_changed(press: Press) -> None:
    """Marked outputs are published once; what tells of sources only when that is marked."""
    publishing = Publishing(press)  # type: ignore[arg-type]

    async def play() -> None:
        await publishing.publish()
        publishing.mark(["all"])
        publishing.mark(["labs"])
        await publishing.publish()
        await publishing.publish()
        await publishing.publish_sources()

    asyncio.run(play())
    assert press.published == [({"all", "labs"}, False), (set(), True)]


def test_what_fails_is_tried_again(press: Press) -> None:
    """A full disk is told once, and everything is published when there is room."""
    publishing = Publishing(press)  # type: ignore[arg-type]
    press.full = True

    async def play() -> Any:
        publishing.mark(["all"])
        await publishing.try_publish()
        publishing.mark(["labs"])
        await publishing.try_publish()
        error = publishing.error
        press.full = False
        await publishing.try_publish()
        return error

    with capture_logs() as logged:
        error = asyncio.run(play())
    assert [line["event"] for line in logged] == ["publish.failed"]
    assert (error, publishing.error) == ("There is no space left.", None)
    assert press.published == [({"all", "labs"}, False)]
