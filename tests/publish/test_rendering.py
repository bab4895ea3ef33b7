from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import pytest
from structlog.testing import capture_logs

from aggregator.publish.renderers import RENDERERS
from aggregator.publish.rendering import rendered

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from aggregator.model import Entry
    from aggregator.publish.channel import Channel
    from aggregator.publish.piece import Piece

BEYOND_LIBXML2 = 10_000_001
"""Characters of one text that libxml2, and so many a subscriber, refuses."""

ELSEWHERE = """
import sys
from datetime import UTC, datetime
from hashlib import sha256
from aggregator.model import Category, Entry, Header, Item, Link, Person
from aggregator.publish.channel import Channel
from aggregator.publish.renderers import RENDERERS

noon = datetime(2026, 1, 5, 12, tzinfo=UTC)
item = Item("T & <b>", "g", "https://e.example/1", "<p>é</p>", categories=(Category("b"), Category("a")))
entry = Entry(1, "https://e.example/1", item, noon, noon, noon, "https://e.example/f", Header(title="S", links=(Link("https://e.example/"),)))
channel = Channel("all", "urn:uuid:3b0f2c3e-7c0e-4d0c-9d5e-0a1b2c3d4e5f", "T", None, noon, "https://p.example/", "all", "en", Person("P"), True, (entry,))
print([sha256(render(channel)).hexdigest() for render in RENDERERS.values()])
"""


def test_the_formats() -> None:
    """Every format has a renderer under the ending of its address."""
    assert list(RENDERERS) == ["atom", "rss", "json"]


@pytest.mark.parametrize("ending", RENDERERS)
def test_equal_channels_give_equal_bytes(
    make_entry: Callable[..., Entry], make_channel: Callable[..., Channel], ending: str
) -> None:
    """A document is a function of its channel: made again from equal parts it is the same."""
    first = RENDERERS[ending](make_channel(make_entry(1), make_entry(2)))
    assert RENDERERS[ending](make_channel(make_entry(1), make_entry(2))) == first
    assert RENDERERS[ending](make_channel(make_entry(2), make_entry(1))) != first


def test_the_same_bytes_on_another_machine() -> None:
    """Neither time zone, language nor hash seed of a process shows in the bytes."""
    answers = {
        subprocess.run(
            [sys.executable, "-c", ELSEWHERE],
            env={**os.environ, "PYTHONHASHSEED": seed, "TZ": zone, "LC_ALL": "C.UTF-8"},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed, zone in (("1", "Asia/Tokyo"), ("2", "America/New_York"))
    }
    assert len(answers) == 1
    assert answers.pop().count(",") == 2


@pytest.mark.parametrize("ending", RENDERERS)
def test_an_entry_that_cannot_be_presented_is_left_out(
    make_entry: Callable[..., Entry], make_channel: Callable[..., Channel], ending: str
) -> None:
    """One bad entry costs itself and is reported; the others go out."""
    channel = make_channel(make_entry(1), make_entry(2, id=""), make_entry(3))
    with capture_logs() as logs:
        document = RENDERERS[ending](channel)
    assert document == RENDERERS[ending](replace(channel, entries=(channel.entries[0], channel.entries[2])))
    assert [(log["event"], log["output"], log["error"]) for log in logs] == [
        ("publish.entry_left_out", "all", "ValueError: an entry without an id")
    ]


@pytest.mark.parametrize("ending", ["atom", "rss"])
def test_an_entry_that_subscribers_could_not_parse_is_left_out(
    make_entry: Callable[..., Entry], make_channel: Callable[..., Channel], ending: str
) -> None:
    """The document is parsed back before it goes out; the entry that breaks it stays behind."""
    channel = make_channel(make_entry(1), make_entry(2, content="x" * BEYOND_LIBXML2))
    with capture_logs() as logs:
        document = RENDERERS[ending](channel)
    assert document == RENDERERS[ending](replace(channel, entries=channel.entries[:1]))
    assert [log["entry"] for log in logs] == ["https://news.example/2"]


def test_a_channel_that_cannot_be_written_fails(make_channel: Callable[..., Channel]) -> None:
    """A fault that is no entry's is not hidden."""

    def broken(channel: Channel, pieces: Sequence[Piece]) -> bytes:
        raise OSError("no more")

    with pytest.raises(OSError, match="no more"):
        rendered(make_channel(), broken)


def test_hashes_differ_between_formats(make_channel: Callable[..., Channel]) -> None:
    """The formats are three documents, not one."""
    hashes: set[Any] = {sha256(render(make_channel())).digest() for render in RENDERERS.values()}
    assert len(hashes) == len(RENDERERS)
