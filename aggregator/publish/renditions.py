"""The published bytes, as files: written by the daemon, read by the web process.

Beside `all.atom` (its modification time is Last-Modified) lie its twins `all.atom.gz`, `.br` and `.zst` (the same,
compressed) and `all.atom.type` (its media type); likewise beside an archive, `all/2026-01.atom`. Each is replaced as a
whole, the document itself last: whoever sees a new document finds the others. Nothing is synced to disk: after a crash
the bytes are rendered again, and until then `load` notices a compressed twin that does not fit.

A folder is ours when the list of outputs lies in it; it is put there before anything else. In another's folder, or
through a symbolic link, nothing is written; in ours, files of other names are left alone.
"""

from __future__ import annotations

import errno
import hashlib
import os
import re
import tempfile
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import structlog

from aggregator.decide.months import PART_NAME
from aggregator.errors import DiskFull, FolderNotWritable
from aggregator.publish import manifest
from aggregator.publish.channel import MEDIA_TYPES
from aggregator.publish.codings import CODINGS
from aggregator.publish.manifest import Manifest

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

MANIFEST = "outputs.manifest"
"""Not `manifest.json`: an output may be called manifest."""

_PRIVATE = "private/"
_STEM = "[a-z0-9][a-z0-9_-]*"
_PART = rf"{PART_NAME}\.atom"
_NAME = re.compile(rf"(?:{_PRIVATE})?(?:{_STEM}\.[a-z]+|{_STEM}/{_PART})")
_TYPE = ".type"
_BESIDE = (*(coding.ending for coding in CODINGS.values()), _TYPE)
"""Endings of what lies beside a document."""
_TWINS = "|".join(map(re.escape, _BESIDE))
_ARCHIVE = re.compile(rf"{_PART}(?:{_TWINS})?")
_DOCUMENT = rf"{_STEM}\.(?:{'|'.join(MEDIA_TYPES)})(?:{_TWINS})?"
_UNFINISHED = re.compile(rf"\.(?:{_DOCUMENT}|{re.escape(MANIFEST)})\.[a-z0-9_]+\.new")
_OURS = re.compile(rf"{_DOCUMENT}|{_UNFINISHED.pattern}")
"""Names of files that may be deleted."""
_ARCHIVED = re.compile(rf"{_ARCHIVE.pattern}|{_UNFINISHED.pattern}")
"""The same, in the folders of archives."""
_SIGN = b'{\n "schema": '
"""How a manifest begins."""

_log = structlog.get_logger()

Stamp = tuple[int, int, int]
"""Inode, size and modification time of a file: another one means another document."""


@dataclass(frozen=True, slots=True)
class Rendition:
    """A published document, ready to be sent."""

    media_type: str
    last_modified: datetime
    """Whole seconds, UTC; later after every change."""
    bodies: Mapping[str, bytes]
    """By content coding: `identity` always, those of CODINGS usually."""
    etags: Mapping[str, str]
    """Strong entity tags (RFC 9110 section 8.8.3), quoted, by content coding."""
    stamp: Stamp


class Renditions:
    """A folder of renditions; one process writes, any number read."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._prefix = f"{folder}{os.sep}"

    def write(self, name: str, body: bytes, *, media_type: str, modified: datetime) -> bool:
        """Put a document under a name such as `all.atom` or `private/labs.rss`; return whether anything changed.

        An unchanged document keeps its file and date. A changed one is dated `modified`, or a second after its
        predecessor if that is later. Raises DiskFull and FolderNotWritable (also when the folder is another's).
        """
        path = self._path(name)
        has_type = _holds(path.with_name(path.name + _TYPE), media_type.encode())
        if has_type and _holds(path, body) and dict(_twins(path, body)).keys() >= CODINGS.keys():
            return False
        self._claim(path)
        second = modified.replace(microsecond=0)
        if path.exists():
            second = max(second, _modified(path.stat()) + timedelta(seconds=1))
        if not has_type:
            _replace(path.with_name(path.name + _TYPE), media_type.encode(), second)
        for coding in CODINGS.values():
            _replace(path.with_name(path.name + coding.ending), coding.compress(body), second)
        _replace(path, body, second)
        return True

    def remove_others(self, names: Collection[str]) -> None:
        """Delete documents of ours that are not among these names, and what interrupted writes left behind.

        A name that ends with a slash, such as `all/`, stands for all the archives of an output.
        """
        if self.folder.is_symlink() or not self._is_ours():
            return
        kept = {name + ending for name in names for ending in ("", *_BESIDE)}
        for below in ("", _PRIVATE):
            self._remove(below, kept, _OURS)
        for below in self._folders():
            self._remove(below, kept, _ARCHIVED)
        with suppress(OSError):
            (self.folder / _PRIVATE).rmdir()  # succeeds when it is empty

    def _remove(self, below: str, kept: Collection[str], ours: re.Pattern[str]) -> None:
        """Delete what is ours and not kept in one folder, and with the last archive the folder of archives."""
        removed = False
        for path in _files(self.folder / below):
            is_kept = below + path.name in kept or (below in kept and _ARCHIVE.fullmatch(path.name))
            if ours.fullmatch(path.name) and not is_kept:
                path.unlink(missing_ok=True)
                removed = True
        if removed and ours is _ARCHIVED:
            with suppress(OSError):
                (self.folder / below).rmdir()

    def _folders(self) -> list[str]:
        """Return the folders that may hold archives, those below `private/` first."""
        deep = () if (self.folder / _PRIVATE).is_symlink() else self.folder.glob(f"{_PRIVATE}*/")
        found = [*deep, *(path for path in self.folder.glob("*/") if f"{path.name}/" != _PRIVATE)]
        return [f"{path.relative_to(self.folder).as_posix()}/" for path in found]

    def load(self, name: str) -> Rendition | None:
        """Read a document with its codings; None when there is none."""
        path = self._path(name)
        try:
            with path.open("rb") as file:
                status = os.fstat(file.fileno())
                body = file.read()
            media_type = path.with_name(path.name + _TYPE).read_text()
        except (FileNotFoundError, NotADirectoryError):
            return None
        bodies = {"identity": body, **dict(_twins(path, body))}
        etags = {coding: _etag(coding, encoded) for coding, encoded in bodies.items()}
        return Rendition(media_type, _modified(status), bodies, etags, _stamp(status))

    def read(self, name: str) -> bytes | None:
        """Return a document's bytes; None when there is none."""
        try:
            return self._path(name).read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            return None

    def holds(self, name: str) -> bool:
        """Whether there is a document of this name, with its type."""
        path = self._path(name)
        return path.is_file() and path.with_name(path.name + _TYPE).is_file()

    def stamp(self, name: str) -> Stamp | None:
        """Return what tells a document from its successor, for the price of a stat; None when there is none."""
        try:
            return _stamp(os.stat(f"{self._prefix}{_checked(name)}"))  # noqa: PTH116 - a Path costs each request more
        except (FileNotFoundError, NotADirectoryError):
            return None

    def write_manifest(self, published: Manifest) -> None:
        """Say what there is; `stamp(MANIFEST)` changes when they do."""
        document = manifest.dump(published)
        path = self._path(MANIFEST)
        self._claim(path)
        if not path.exists() or path.read_bytes() != document:
            _replace(path, document)

    def read_manifest(self) -> Manifest:
        """Return what there is, no outputs when nothing has been published yet."""
        try:
            return manifest.parse(self._path(MANIFEST).read_bytes())
        except FileNotFoundError:
            return Manifest()
        except ValueError as error:
            _log.error("publish.manifest_unreadable", error=str(error))
            return Manifest()

    def _claim(self, path: Path) -> None:
        """Make the folder ours before a file is written there, if it is new or empty; else it must be ours already."""
        with _named_errors(path):
            for folder in path.parents:
                if folder.is_relative_to(self.folder) and folder.is_symlink():
                    raise _foreign(folder, "is a symbolic link")
            _make_folder(self.folder)
            if self._is_ours():
                return
            if not all(_UNFINISHED.fullmatch(found.name) for found in self.folder.iterdir()):
                raise _foreign(self.folder, f"holds files, but no {MANIFEST}: it may be another program's")
            _replace(self.folder / MANIFEST, manifest.dump(Manifest()))

    def _is_ours(self) -> bool:
        """Whether our manifest is there; an empty one is what a crash of the system may leave of it."""
        path = self.folder / MANIFEST
        if path.is_symlink() or not path.is_file():
            return False
        with path.open("rb") as file:
            return file.read(len(_SIGN)) in (b"", _SIGN)

    def _path(self, name: str) -> Path:
        return self.folder / _checked(name)


def _checked(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise ValueError(f"{name!r} is not a name of a rendition")
    return name


def _files(folder: Path) -> list[Path]:
    """Return a folder's regular files, nothing through symbolic links."""
    if folder.is_symlink() or not folder.is_dir():
        return []
    return [path for path in folder.iterdir() if not path.is_symlink() and path.is_file()]


def _foreign(folder: Path, why: str) -> FolderNotWritable:
    return FolderNotWritable(
        f"{folder} {why}.",
        "Move it away (published feeds are written again), or choose another place with --database.",
    )


def _holds(path: Path, body: bytes) -> bool:
    """Tell whether a file holds these bytes; one of another size is not read."""
    try:
        return path.stat().st_size == len(body) and path.read_bytes() == body
    except (FileNotFoundError, NotADirectoryError):
        return False


def _twins(path: Path, body: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield the compressed bodies that are compressed forms of this body: a write may be under way."""
    for name, coding in CODINGS.items():
        with suppress(OSError):
            compressed = path.with_name(path.name + coding.ending).read_bytes()
            if coding.fits(compressed, body):
                yield name, compressed


def _etag(coding: str, body: bytes) -> str:
    suffix = "" if coding == "identity" else f"-{coding}"
    return f'"{hashlib.sha256(body).hexdigest()[:32]}{suffix}"'


def _stamp(status: os.stat_result) -> Stamp:
    return status.st_ino, status.st_size, status.st_mtime_ns


def _modified(status: os.stat_result) -> datetime:
    return datetime.fromtimestamp(int(status.st_mtime), UTC)


def _replace(path: Path, body: bytes, modified: datetime | None = None) -> None:
    """Write a file beside its place, then move it there (atomic on POSIX); only its owner may read it."""
    with _named_errors(path):
        _make_folder(path.parent)
        descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".new")
        temporary = Path(name)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(body)
            if modified:
                os.utime(temporary, (modified.timestamp(), modified.timestamp()))
            temporary.replace(path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise


def _make_folder(folder: Path) -> None:
    """Make a folder that only its owner enters: documents of private outputs may lie in it."""
    if not folder.is_dir():
        _make_folder(folder.parent)
        folder.mkdir(mode=0o700, exist_ok=True)


@contextmanager
def _named_errors(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno in {errno.ENOSPC, errno.EDQUOT}:
            raise DiskFull(
                f"No space is left to write {path}.", "Free some space; the feeds are then written again."
            ) from error
        if error.errno in {errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.EEXIST}:
            raise FolderNotWritable(
                f"{path.parent} cannot be written to.", "Give this user the right to write there."
            ) from error
        raise
