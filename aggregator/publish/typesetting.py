"""Renders an output anew after a change: an entry that says what it said keeps its bytes, the others are rendered.

The bytes are taken from the document that is there, so nothing but a number for each entry stays in memory. What comes
out is what rendering all of it gives, byte for byte; a document that is not what was written is not believed.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Protocol

from aggregator.publish.cutting import cut
from aggregator.publish.renderers import RENDERERS
from aggregator.publish.rendering import pieces_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from aggregator.publish.channel import Channel

_NEVER = datetime.min.replace(tzinfo=UTC)


class Reads(Protocol):
    """Where documents are."""

    def read(self, name: str) -> bytes | None:
        """Return a document's bytes; None when there is none."""


@dataclass(frozen=True, slots=True)
class _Set:
    """A document as it was written last."""

    frame: Channel
    """What its entries depend on beside themselves."""
    marks: tuple[int, ...]
    """A number for each entry, in order: equal entries have equal ones."""
    body: int
    """The same of its bytes."""


class Typesetter:
    """Makes the documents of outputs; remembers what is in those that it made."""

    def __init__(self, folder: Reads) -> None:
        self._folder = folder
        self._written: dict[str, _Set] = {}

    def documents(self, channel: Channel, names: Mapping[str, str]) -> Iterator[tuple[str, str, bytes]]:
        """Yield ending, name and bytes of a channel's documents, given their names by ending."""
        marks = tuple(map(hash, channel.entries))
        frame = replace(channel, entries=(), updated=_NEVER, chain=None)
        kept = {ending: self._kept(name, ending, frame) for ending, name in names.items()}
        fresh = [
            (mark, entry)
            for mark, entry in zip(marks, channel.entries, strict=True)
            if any(mark not in known for known in kept.values())
        ]
        partial = replace(channel, entries=tuple(entry for _, entry in fresh))
        pieces = pieces_of(partial)
        for ending, name in names.items():
            made = cut(RENDERERS[ending](partial, pieces), ending)
            known = kept[ending] | dict(zip((mark for mark, _ in fresh), made.entries, strict=False))
            if len(made.entries) == len(fresh):
                body = made.joined(known[mark] for mark in marks)
                self._written[name] = _Set(frame, marks, hash(body))
            else:  # an entry that cannot be said is left out, by whoever renders all
                body = RENDERERS[ending](channel)
                self._written.pop(name, None)
            yield ending, name, body

    def _kept(self, name: str, ending: str, frame: Channel) -> dict[int, bytes]:
        """Return the bytes of entries that are there, by mark."""
        written = self._written.get(name)
        if written is None or written.frame != frame:
            return {}
        body = self._folder.read(name)
        if body is None or hash(body) != written.body:
            return {}
        return dict(zip(written.marks, cut(body, ending).entries, strict=True))
