"""The published documents as plain files for any web server: a document and its compressed twins, nothing else.

The gzipped twin bears our name in its header (RFC 1952, FNAME): what lies beside such a twin is ours and may be
replaced, any other file that has a document's name is left alone.
"""

from __future__ import annotations

import gzip
import io
import os
import re
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from aggregator.errors import FolderNotWritable
from aggregator.publish.codings import CODINGS
from aggregator.publish.manifest import Manifest

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

_MODE = 0o644
"""Readable by the web server, whoever runs it."""
_SIGNATURE = "aggregator"
_SIGNED = re.compile(rb"\x1f\x8b\x08\x08.{6}" + _SIGNATURE.encode() + rb"\0", re.DOTALL)
"""A gzip header with this name and no other field."""


class StaticFiles:
    """A folder that belongs to its operator: documents are added, our own are replaced, nothing is removed."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.published = Manifest()
        """What the documents are, as they were written last."""

    def write(self, name: str, body: bytes, *, media_type: str, modified: datetime) -> bool:  # noqa: ARG002 - the web server knows types by endings
        """Put a document in its place as a whole; an unchanged one keeps its file and date.

        A changed one is dated `modified`, or a second after its predecessor if that is later: web servers make its
        ETag of date and size. Return whether the document changed. Raises OSError, and FolderNotWritable when a file of
        this name is there that is not ours.
        """
        path = self._folder / name
        twins = {path.with_name(f"{path.name}.gz"): _signed(body), path.with_name(f"{path.name}.br"): _brotli(body)}
        _refuse_foreign(path, *twins)
        path.parent.mkdir(parents=True, exist_ok=True)
        changed = not _holds(path, body)
        date = _date(path, modified) if changed else path.stat().st_mtime
        for twin, compressed in twins.items():  # first: the signed one makes the document ours
            if changed or not _holds(twin, compressed):
                _replace(twin, compressed, date)
        if changed:
            _replace(path, body, date)
        return changed

    def read(self, name: str) -> bytes | None:
        """Return a document of ours; None when there is none."""
        return (self._folder / name).read_bytes() if self.holds(name) else None

    def holds(self, name: str) -> bool:
        """Whether a document of ours is there."""
        path = self._folder / name
        return path.is_file() and _is_signed(path.with_name(f"{path.name}.gz"))

    def write_manifest(self, published: Manifest) -> None:
        """Remember it for the pages; a web server needs no list of outputs."""
        self.published = published

    def remove_others(self, names: Collection[str]) -> None:
        """Leave other files alone: they are not ours."""


def _refuse_foreign(path: Path, signed: Path, *others: Path) -> None:
    is_ours = _is_signed(signed)
    for file in (path, signed, *others):
        if file.is_symlink() or (file.exists() and not is_ours):
            raise FolderNotWritable(
                f"{file} was not written by aggregator export.", "Move it away, or choose another folder."
            )


def _holds(path: Path, body: bytes) -> bool:
    return path.is_file() and path.read_bytes() == body


def _date(path: Path, modified: datetime) -> float:
    """Return the date of a document that changes: later than its predecessor's, by the second."""
    second = int(modified.timestamp())
    return max(second, int(path.stat().st_mtime) + 1) if path.exists() else second


def _is_signed(twin: Path) -> bool:
    if not twin.is_file():
        return False
    with twin.open("rb") as file:
        return _SIGNED.match(file.read(32)) is not None


def _brotli(body: bytes) -> bytes:
    return CODINGS["br"].compress(body)


def _signed(body: bytes) -> bytes:
    """Return the body gzipped, with our name."""
    buffer = io.BytesIO()
    with gzip.GzipFile(_SIGNATURE, "wb", fileobj=buffer, mtime=0) as file:
        file.write(body)
    return buffer.getvalue()


def _replace(path: Path, body: bytes, modified: float) -> None:
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=".")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(body)
        Path(temporary).chmod(_MODE)
        os.utime(temporary, (modified, modified))
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
