"""The published documents as plain files for any web server: a document, its compressed twin, nothing else.

The twin bears our name in its header (RFC 1952, FNAME): a document beside such a twin is ours and may be replaced, any
other file that has its name is left alone.
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

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from aggregator.publish.manifest import Manifest

_MODE = 0o644
"""Readable by the web server, whoever runs it."""
_SIGNATURE = "aggregator"
_SIGNED = re.compile(rb"\x1f\x8b\x08\x08.{6}" + _SIGNATURE.encode() + rb"\0", re.DOTALL)
"""A gzip header with this name and no other field."""


class StaticFiles:
    """A folder that belongs to its operator: documents are added, our own are replaced, nothing is removed."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def write(self, name: str, body: bytes, *, media_type: str, modified: datetime) -> bool:  # noqa: ARG002 - the web server knows types by endings
        """Put a document in its place as a whole; an unchanged one keeps its file and date.

        Raises OSError, and FolderNotWritable when a file of this name is there that is not ours.
        """
        path = self._folder / name
        twin = path.with_name(f"{path.name}.gz")
        _refuse_foreign(path, twin)
        compressed = _compressed(body)
        if path.is_file() and path.read_bytes() == body and twin.read_bytes() == compressed:
            return False
        path.parent.mkdir(parents=True, exist_ok=True)
        _replace(twin, compressed, modified)  # first: it makes the document ours
        _replace(path, body, modified)
        return True

    def read(self, name: str) -> bytes | None:
        """Return a document of ours; None when there is none."""
        return (self._folder / name).read_bytes() if self.holds(name) else None

    def holds(self, name: str) -> bool:
        """Whether a document of ours is there."""
        path = self._folder / name
        return path.is_file() and _is_signed(path.with_name(f"{path.name}.gz"))

    def write_manifest(self, published: Manifest) -> None:
        """Leave it out: a web server needs no list of outputs."""

    def remove_others(self, names: Collection[str]) -> None:
        """Leave other files alone: they are not ours."""


def _refuse_foreign(path: Path, twin: Path) -> None:
    signed = _is_signed(twin)
    for file in (path, twin):
        if file.is_symlink() or (file.exists() and not signed):
            raise FolderNotWritable(
                f"{file} was not written by aggregator export.", "Move it away, or choose another folder."
            )


def _is_signed(twin: Path) -> bool:
    if not twin.is_file():
        return False
    with twin.open("rb") as file:
        return _SIGNED.match(file.read(32)) is not None


def _compressed(body: bytes) -> bytes:
    buffer = io.BytesIO()
    with gzip.GzipFile(_SIGNATURE, "wb", fileobj=buffer, mtime=0) as file:
        file.write(body)
    return buffer.getvalue()


def _replace(path: Path, body: bytes, modified: datetime) -> None:
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=".")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(body)
        Path(temporary).chmod(_MODE)
        os.utime(temporary, (modified.timestamp(), modified.timestamp()))
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
