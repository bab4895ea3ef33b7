"""feeds.yaml, while a command edits it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aggregator.cli.rewriting import alone, is_being_edited

if TYPE_CHECKING:
    from pathlib import Path


def test_an_edit_is_seen_while_it_lasts(tmp_path: Path) -> None:
    """Whoever looks learns of it and keeps nobody waiting; without a folder nobody edits."""
    path = tmp_path / "feeds.yaml"
    assert not is_being_edited(path)
    with alone(path):
        assert is_being_edited(path)
        assert is_being_edited(path)
    assert not is_being_edited(path)
    assert not is_being_edited(tmp_path / "gone" / "feeds.yaml")
