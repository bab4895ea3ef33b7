"""Embeddings side by side, so that one product compares a new one with all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

_FIRST_ROWS: Final = 64
_GONE: Final = -1


class Meanings:
    """Vectors of one length by key."""

    def __init__(self) -> None:
        self._rows: NDArray[np.float32] = np.zeros((0, 0), np.float32)
        self._keys: NDArray[np.int64] = np.zeros(0, np.int64)
        self._places: dict[int, int] = {}
        self._free: list[int] = []

    def add(self, key: int, vector: NDArray[np.float32]) -> None:
        """Take the vector of a key that is not there. Raise ValueError when it has another length than the others."""
        if not self._free:
            self._grow(len(vector))
        place = self._free.pop()
        self._rows[place], self._keys[place], self._places[key] = vector, key, place

    def remove(self, key: int) -> None:
        """Forget a key; nothing happens if it is not there."""
        place = self._places.pop(key, None)
        if place is not None:
            self._rows[place], self._keys[place] = 0.0, _GONE
            self._free.append(place)

    def near(self, vector: NDArray[np.float32], least: float) -> Iterator[tuple[int, float]]:
        """Give the keys whose vectors have at least this cosine, above 0, with one."""
        if self._places:
            cosines = self._rows @ vector
            for place in np.flatnonzero(cosines >= least):
                yield int(self._keys[place]), float(cosines[place])

    def _grow(self, width: int) -> None:
        """Double the room."""
        old = len(self._rows)
        rows = np.zeros((max(2 * old, _FIRST_ROWS), width), np.float32)
        keys = np.full(len(rows), _GONE, np.int64)
        if old:
            rows[:old], keys[:old] = self._rows, self._keys
        self._rows, self._keys = rows, keys
        self._free = list(range(len(rows) - 1, old - 1, -1))
