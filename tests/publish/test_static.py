from __future__ import annotations

import gzip
import stat
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from aggregator.publish.manifest import Manifest
from aggregator.publish.static import StaticFiles

if TYPE_CHECKING:
    from pathlib import Path

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
ONE = datetime(2026, 5, 1, 13, tzinfo=UTC)


def test_a_document_comes_with_its_twin(tmp_path: Path) -> None:
    """A document and its compressed twin are written, readable by everybody, dated as told."""
    assert StaticFiles(tmp_path / "www").write("all.atom", b"<feed/>", media_type="x/y", modified=NOON)
    document, twin = tmp_path / "www/all.atom", tmp_path / "www/all.atom.gz"
    assert document.read_bytes() == gzip.decompress(twin.read_bytes()) == b"<feed/>"
    assert stat.S_IMODE(document.stat().st_mode) == stat.S_IMODE(twin.stat().st_mode) == 0o644
    assert document.stat().st_mtime == NOON.timestamp()


def test_an_unchanged_document_keeps_its_date(tmp_path: Path) -> None:
    """Writing the same bytes again touches nothing; other bytes replace both files."""
    files = StaticFiles(tmp_path)
    files.write("all.atom", b"one", media_type="x/y", modified=NOON)
    assert not files.write("all.atom", b"one", media_type="x/y", modified=ONE)
    assert (tmp_path / "all.atom").stat().st_mtime == NOON.timestamp()
    assert files.write("all.atom", b"two", media_type="x/y", modified=ONE)
    assert gzip.decompress((tmp_path / "all.atom.gz").read_bytes()) == b"two"


def test_other_files_are_left_alone(tmp_path: Path) -> None:
    """The folder is its operator's: nothing is removed from it, and no list is added."""
    (tmp_path / "index.html").write_text("mine")
    files = StaticFiles(tmp_path)
    files.write_manifest(Manifest())
    files.remove_others([])
    assert [path.name for path in tmp_path.iterdir()] == ["index.html"]


def test_a_failed_write_leaves_the_old_document(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """When the new bytes cannot be put in place, the old ones stay and no scrap is left."""
    files = StaticFiles(tmp_path)
    files.write("all.atom", b"one", media_type="x/y", modified=NOON)

    def refuse(*_: object, **__: object) -> None:
        raise OSError("no")

    monkeypatch.setattr("os.utime", refuse)
    with pytest.raises(OSError, match="no"):
        files.write("all.atom", b"two", media_type="x/y", modified=ONE)
    assert (tmp_path / "all.atom").read_bytes() == b"one"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["all.atom", "all.atom.gz"]
