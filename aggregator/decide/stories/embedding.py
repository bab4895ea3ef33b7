"""What turns texts into vectors that lie close where meanings do, whatever the language."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from aggregator.decide.stories.article import Article

_MOST_CHARACTERS: Final = 400
"""Title and lead: more costs time and dilutes the news."""


class Embedder(Protocol):
    """A multilingual model of sentences."""

    @property
    def name(self) -> str:
        """Model and version, stored with vectors: those of two models are never compared."""

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return one row a text, each of length 1: shape (n, d)."""


def text_to_embed(article: Article) -> str:
    """Return what of an article stands for its news."""
    return f"{article.title}. {article.text}"[:_MOST_CHARACTERS].strip()
