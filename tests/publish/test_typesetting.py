"""Documents made from what is there are those that rendering gives, byte for byte."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from test_properties import channels

from aggregator.publish import typesetting
from aggregator.publish.renderers import RENDERERS
from aggregator.publish.typesetting import Typesetter

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from aggregator.model import Entry
    from aggregator.publish.channel import Channel

NAMES = {ending: f"all.{ending}" for ending in RENDERERS}


class Folder(dict[str, bytes]):
    """Documents by name."""

    def read(self, name: str) -> bytes | None:
        return self.get(name)

    def take(self, typesetter: Typesetter, channel: Channel) -> None:
        """Make a channel's documents, and keep them."""
        self.update({name: body for _, name, body in typesetter.documents(channel, NAMES)})


def rendered(channel: Channel) -> dict[str, bytes]:
    """Return what rendering gives."""
    return {name: RENDERERS[ending](channel) for ending, name in NAMES.items()}


@given(st.data(), channels())
@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_it_is_what_rendering_gives(data: st.DataObject, channel: Channel) -> None:
    """Whatever comes, goes, is edited or moves between two looks, and whatever else the channel says by then."""
    typesetter = Typesetter(folder := Folder())
    for _ in range(3):
        folder.take(typesetter, channel)
        assert folder == rendered(channel)
        entries = data.draw(st.permutations(channel.entries))[data.draw(st.integers(0, 1)) :]
        if entries and data.draw(st.booleans()):
            entries = [replace(entries[0], prefix="Edited: "), *entries[1:]]
        channel = replace(channel, entries=tuple(entries), updated=channel.updated + timedelta(seconds=1))
        if data.draw(st.integers(0, 4)) == 0:
            channel = replace(channel, full_content=not channel.full_content, title="Renamed")


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the titles of entries as they are rendered."""
    titles: list[str] = []

    def pieces_of(channel: Channel) -> Sequence[Any]:
        titles.extend(entry.item.title for entry in channel.entries)
        return real(channel)

    real = typesetting.pieces_of
    monkeypatch.setattr(typesetting, "pieces_of", pieces_of)
    return titles


def test_only_what_is_new_is_rendered(
    make_entry: Callable[..., Entry], make_channel: Callable[..., Channel], made: list[str]
) -> None:
    """An entry is rendered once, and again when it says something else or the channel publishes it otherwise."""
    typesetter = Typesetter(folder := Folder())
    one, two, three = (make_entry(number, title=f"Story {number}") for number in (1, 2, 3))
    for entries in ((one, two), (three, one, two), (two, three), (replace(two, prefix="New: "), three)):
        folder.take(typesetter, make_channel(*entries))
    assert made == ["Story 1", "Story 2", "Story 3", "Story 2"]
    folder.take(typesetter, make_channel(three, full_content=False))
    assert made[4:] == ["Story 3"]


def test_what_is_there_is_not_believed_unseen(
    make_entry: Callable[..., Entry], make_channel: Callable[..., Channel]
) -> None:
    """A document that is damaged or gone is rendered whole."""
    typesetter = Typesetter(folder := Folder())
    channel = make_channel(make_entry(1), make_entry(2))
    folder.take(typesetter, channel)
    folder["all.atom"] = folder["all.atom"].replace(b"Headline 1", b"Headline X")
    del folder["all.rss"]
    folder["all.json"] = b"{"
    folder.take(typesetter, channel)
    assert folder == rendered(channel)


def test_what_cannot_be_said_is_left_out(
    make_entry: Callable[..., Entry], make_channel: Callable[..., Channel]
) -> None:
    """An entry without an id costs no document, and the others are told again after it."""
    typesetter = Typesetter(folder := Folder())
    good, bad = make_entry(1), make_entry(2, id="\x00")
    for entries in ((good, bad), (good,), (good, make_entry(3))):
        channel = make_channel(*entries)
        folder.take(typesetter, channel)
        assert folder == rendered(channel)
