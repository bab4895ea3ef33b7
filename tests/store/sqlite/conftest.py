"""Where SQLite's own tests keep their database."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return where a database may be made, in a folder that is not there yet."""
    return tmp_path / "db" / "aggregator.db"
