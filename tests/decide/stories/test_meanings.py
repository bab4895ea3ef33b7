"""Embeddings side by side."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aggregator.decide.stories.meanings import Meanings


def unit(*values: float) -> np.typing.NDArray[np.float32]:
    """Return a vector of length 1."""
    vector = np.array(values, np.float32)
    return vector / np.float32(np.linalg.norm(vector))


def test_near_ones_are_found_until_they_are_removed() -> None:
    """A vector is found with its cosine, not when it is far, and not after it was removed."""
    meanings = Meanings()
    assert list(meanings.near(unit(1, 0), 0.5)) == []
    meanings.add(7, unit(1, 0.1))
    meanings.add(8, unit(0, 1))
    assert [key for key, _ in meanings.near(unit(1, 0), 0.5)] == [7]
    assert dict(meanings.near(unit(1, 0.1), 0.5))[7] == pytest.approx(1.0)
    meanings.remove(7)
    meanings.remove(99)
    assert list(meanings.near(unit(1, 0), 0.5)) == []


def test_a_vector_of_another_model_is_refused() -> None:
    """Vectors of different lengths cannot be compared, and say so when one is added."""
    meanings = Meanings()
    meanings.add(1, unit(1, 0))
    with pytest.raises(ValueError, match="broadcast"):
        meanings.add(2, unit(1, 0, 0))


def test_many_find_room() -> None:
    """What was added first is found after more were added than there was room for."""
    meanings = Meanings()
    for key in range(200):
        meanings.add(key, unit(1, key))
    assert [key for key, _ in meanings.near(unit(1, 0), 0.999)] == [0]


@settings(deadline=None)
@given(st.lists(st.integers(0, 300), max_size=400))
def test_room_is_made_and_used_again(keys: list[int]) -> None:
    """However many come and go, those that are there are found, each once."""
    meanings, there = Meanings(), set[int]()
    for key in keys:
        if key in there:
            meanings.remove(key)
        else:
            meanings.add(key, unit(1, key))
        there ^= {key}
    assert sorted(key for key, _ in meanings.near(unit(1, 1), 0.5)) == sorted(there)
