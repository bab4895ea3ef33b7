"""Whether feeds.yaml has changed, for whoever follows it."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from aggregator.config.document import read_text
from aggregator.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from aggregator.cli.context import Context
    from aggregator.config.settings import Settings


def reloader(context: Context) -> Callable[[], Settings | None]:
    """Return what tells changed settings: None while the file's content is what was last looked at."""
    seen = _fingerprint(context.config_path)

    def reload() -> Settings | None:
        nonlocal seen
        if (now := _fingerprint(context.config_path)) == seen:
            return None
        seen = now
        return context.load()

    return reload


def _fingerprint(path: Path) -> str:
    try:
        return hashlib.sha256(read_text(path).encode()).hexdigest()
    except ConfigError as error:
        return error.message
