"""Writes archive documents: an entry's bytes are written once and kept until it is withdrawn, whatever becomes of it.

They are kept in the documents themselves, nowhere else: what is lost or damaged is made again from stored rows.
"""

from __future__ import annotations

import html
import re
from dataclasses import replace
from io import BytesIO
from typing import TYPE_CHECKING, Protocol

import structlog
from lxml import etree

from aggregator.publish import legal
from aggregator.publish.atom import render_atom
from aggregator.publish.channel import MEDIA_TYPES
from aggregator.publish.cutting import Cut, cut
from aggregator.publish.selection import as_told

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from aggregator.config.settings import OutputSettings, Settings
    from aggregator.publish.archive import Volume
    from aggregator.store.protocols import Transaction

_BATCH = 100
"""Entries that are rendered at a time, whatever a part of a month has of them."""
_ENTRY = "{http://www.w3.org/2005/Atom}entry"
_ID = re.compile(rb"<id>([^<]*)</id>")
_LINK = re.compile(rb"<link [^>]*>")

_log = structlog.get_logger()


class Folder(Protocol):
    """Where documents are kept."""

    def write(self, name: str, body: bytes, *, media_type: str, modified: datetime) -> bool:
        """Put a document there; return whether it changed."""

    def read(self, name: str) -> bytes | None:
        """Return a document that was put there; None when there is none."""

    def holds(self, name: str) -> bool:
        """Whether there is one, for the price of a look."""


class ArchiveFiles:
    """The archive documents of a folder; remembers which are as they should be, so that most are not read again."""

    def __init__(self, folder: Folder) -> None:
        self._folder = folder
        self._marks: dict[str, tuple[object, ...]] = {}
        self._settings: Settings | None = None

    def bring_up(
        self, tx: Transaction, output: OutputSettings, settings: Settings, wanted: Mapping[str, Volume]
    ) -> Iterator[str]:
        """Make an output's documents, given by name, what they are to be; yield the names of those that change.

        Raises DiskFull and FolderNotWritable.
        """
        if settings is not self._settings:  # which sources are private may be another matter now
            self._settings = settings
            self._marks.clear()
        for name, volume in wanted.items():
            mark = volume.mark
            if self._marks.get(name) == mark and self._folder.holds(name):
                continue
            self._marks.pop(name, None)
            document = _Writer(tx, output, settings, volume).document(self._kept(name))
            if document is not None and self._write(name, document, volume):
                yield name
            self._marks[name] = mark

    def _write(self, name: str, document: bytes, volume: Volume) -> bool:
        return self._folder.write(name, document, media_type=MEDIA_TYPES["atom"], modified=volume.head.updated)

    def _kept(self, name: str) -> Cut | None:
        """Return what is there; None where it has to be made anew."""
        document = self._folder.read(name)
        if document is None:
            return None
        try:
            _check(document)
            return cut(document, "atom")
        except (ValueError, etree.XMLSyntaxError) as error:
            _log.error("publish.archive_damaged", document=name, error=str(error))
            return None


class _Writer:
    """One document, under way."""

    def __init__(self, tx: Transaction, output: OutputSettings, settings: Settings, volume: Volume) -> None:
        self._tx = tx
        self._output = output
        self._settings = settings
        self._volume = volume

    def document(self, kept: Cut | None) -> bytes | None:
        """Return the document, with the bytes of what is there; None when that is all of it already."""
        head = cut(render_atom(self._volume.head), "atom")
        entries = {_id(entry): entry for entry in kept.entries} if kept else {}
        wanted = self._wanted(entries)
        missing = [key for one, key in wanted.items() if one not in entries or key in self._volume.bereft]
        entries |= self._rendered(missing)
        told = [entries[identifier] for identifier in wanted if identifier in entries]
        if kept and kept.entries == tuple(told[::-1]) and _links(kept) == _links(head):
            return None
        document = head.joined(told[::-1])
        return document if kept is None or _is_whole(document) else self.document(None)

    def _wanted(self, entries: dict[str, bytes]) -> dict[str, int]:
        """Return keys by id, in the order of release: so many as are to be there, and what is there already."""
        output, volume = self._output, self._volume
        places = self._tx.archives.places(output.name, volume.part, private=output.token is not None)
        held = len(places) if volume.held is None else volume.held
        named = ((legal.line(place.id), place.key) for place in places)
        return {one: key for place, (one, key) in enumerate(named) if place < held or one in entries}

    def _rendered(self, keys: Sequence[int]) -> dict[str, bytes]:
        return {
            _id(entry): entry for start in range(0, len(keys), _BATCH) for entry in self._batch(keys[start:][:_BATCH])
        }

    def _batch(self, keys: Sequence[int]) -> tuple[bytes, ...]:
        entries = as_told(self._tx, self._output, self._settings, list(self._tx.archives.entries(keys)))
        return cut(render_atom(replace(self._volume.head, entries=tuple(entries))), "atom").entries


def _id(entry: bytes) -> str:
    found = _ID.search(entry)
    return html.unescape(found[1].decode()) if found else ""


def _links(document: Cut) -> list[bytes]:
    return _LINK.findall(document.head)


def _is_whole(document: bytes) -> bool:
    """Whether entries of an earlier version of us still fit below this head."""
    try:
        _check(document)
    except etree.XMLSyntaxError as error:
        _log.error("publish.archive_made_anew", error=str(error))
        return False
    return True


def _check(document: bytes) -> None:
    """Raise XMLSyntaxError for what is not well-formed; an entry is in memory at a time."""
    for _, entry in etree.iterparse(BytesIO(document), tag=_ENTRY, resolve_entities=False, no_network=True):
        entry.clear()
