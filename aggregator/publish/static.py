"""The published documents as plain files for any web server: a document, its compressed twin, nothing else."""

from __future__ import annotations

import gzip
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from aggregator.publish.manifest import Manifest

_MODE = 0o644
"""Readable by the web server, whoever runs it."""


class StaticFiles:
    """A folder that belongs to its operator: files are added and replaced, never removed."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def write(self, name: str, body: bytes, *, media_type: str, modified: datetime) -> bool:  # noqa: ARG002 - the web server knows types by endings
        """Put a document in its place as a whole; an unchanged one keeps its file and date. Raises OSError."""
        path = self._folder / name
        twin = path.with_name(f"{path.name}.gz")
        if path.is_file() and twin.is_file() and path.read_bytes() == body:
            return False
        path.parent.mkdir(parents=True, exist_ok=True)
        _replace(twin, gzip.compress(body, mtime=0), modified)
        _replace(path, body, modified)
        return True

    def write_manifest(self, published: Manifest) -> None:
        """Leave it out: a web server needs no list of outputs."""

    def remove_others(self, names: Collection[str]) -> None:
        """Leave other files alone: they are not ours."""


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
