"""feeds.yaml replaced as a whole, or not at all: what every command does that changes it."""

from __future__ import annotations

import fcntl
import os
import tempfile
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from aggregator.config.load import load
from aggregator.errors import ConfigError, FolderNotWritable, Usage

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@contextmanager
def alone(path: Path) -> Iterator[None]:
    """Keep others who edit this way waiting."""
    folder = os.open(os.path.realpath(path.parent), os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    finally:
        os.close(folder)


def is_being_edited(path: Path) -> bool:
    """Whether somebody keeps others waiting: what stands in the file may be taken back, or is asked for at once."""
    try:
        folder = os.open(os.path.realpath(path.parent), os.O_RDONLY | os.O_DIRECTORY)
    except OSError:
        return False
    try:
        fcntl.flock(folder, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(folder)
    return False


def write(path: Path, text: str, fits: Callable[[set[str]], bool]) -> set[str]:
    """Replace the file at once by a right one, with the owner and the rights it had; return the addresses it lists.

    Raises ConfigError when it would be wrong, Usage when its addresses do not fit.
    """
    real = Path(os.path.realpath(path))
    try:
        handle, name = tempfile.mkstemp(prefix=f".{real.name}.", dir=real.parent)
        new = Path(name)
        try:
            with open(handle, "w", encoding="utf-8", newline="") as file:  # noqa: PTH123 - of a number
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            _give(new, real)
            listed = _listed(new, path)
            if not fits(listed):
                raise Usage(f"{path} is written in a way that is not edited here.", "Edit it by hand.")
            new.replace(real)
        finally:
            new.unlink(missing_ok=True)
    except UnicodeEncodeError as error:
        raise Usage("The address or the title is not text.", "Write it in UTF-8.") from error
    except OSError as error:
        raise FolderNotWritable(
            f"{path} cannot be changed: {error.strerror} (user id {os.getuid()}).",
            "Give this user the right to write the file and its folder, or edit it by hand.",
        ) from error
    return listed


def _give(new: Path, real: Path) -> None:
    """Give a file the owner and the rights of another: the daemon may run as a user of its own."""
    was, ours = real.stat(), new.stat()
    if (was.st_uid, was.st_gid) != (ours.st_uid, ours.st_gid):
        os.chown(new, was.st_uid, was.st_gid)
    new.chmod(was.st_mode & 0o777)


def _listed(new: Path, path: Path) -> set[str]:
    try:
        return set(load(new, os.environ).sources)
    except ConfigError as error:
        raise ConfigError([replace(problem, file=str(path)) for problem in error.problems]) from error
