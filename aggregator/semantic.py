"""What articles mean: placeholder."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from aggregator.decide.stories.embedding import Embedder


def find_embedder() -> Embedder | None:
    """Return the installed embedder, or None."""
    return None
