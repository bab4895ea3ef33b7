"""feeds.yaml: whatever stands in it becomes settings, or a ConfigError that says where."""

from __future__ import annotations

import contextlib
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from aggregator.config.advice import warnings
from aggregator.config.load import load
from aggregator.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_ENVIRONMENT = {"KEY": "a-secret-of-the-environment", "EMPTY": ""}


@contextlib.contextmanager
def settings() -> Iterator[Callable[[bytes], None]]:
    """Read the same file over and over, with other words in it."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "feeds.yaml"

        def read(data: bytes) -> None:
            file.write_bytes(data)
            said = _said(file)
            assert _ENVIRONMENT["KEY"] not in said

        yield read


def _said(file: Path) -> str:
    """Return what an operator is told of a file."""
    try:
        return "\n".join(map(str, warnings(load(file, _ENVIRONMENT))))
    except ConfigError as error:
        return str(error)
