"""An article, as far as grouping looks at it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, eq=False)
class Article:
    """An entry of the database with the key of its story, if that is decided.

    `vector` is its embedding, of length 1, from the same model for all articles of a window.
    """

    key: int
    title: str
    text: str
    """Plain text: the summary, or the beginning of the body."""
    published: datetime
    feed: str
    """Address of its source."""
    language: str | None = None
    link: str | None = None
    canonical: str | None = None
    """The link's canonical form (decide.canonical.canonical_url)."""
    story: str | None = None
    """Key of its story; None while undecided."""
    vector: NDArray[np.float32] | None = None
    apart: frozenset[int] = frozenset()
    """Keys of articles that the operator split it from."""
