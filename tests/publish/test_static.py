from __future__ import annotations

import gzip
import stat
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from aggregator.errors import FolderNotWritable
from aggregator.publish.codings import CODINGS
from aggregator.publish.manifest import Manifest
from aggregator.publish.static import StaticFiles

if TYPE_CHECKING:
    from pathlib import Path

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
ONE = datetime(2026, 5, 1, 13, tzinfo=UTC)


def test_a_document_comes_with_its_twins(tmp_path: Path) -> None:
    """A document and its compressed twins are written, readable by everybody, dated as told."""
    assert StaticFiles(tmp_path / "www").write("all.atom", b"<feed/>", media_type="x/y", modified=NOON)
    document, twin, small = (tmp_path / f"www/all.atom{ending}" for ending in ("", ".gz", ".br"))
    assert document.read_bytes() == gzip.decompress(twin.read_bytes()) == b"<feed/>"
    assert CODINGS["br"].fits(small.read_bytes(), b"<feed/>")
    for file in (document, twin, small):
        assert stat.S_IMODE(file.stat().st_mode) == 0o644
        assert file.stat().st_mtime == NOON.timestamp()


def test_an_unchanged_document_keeps_its_date(tmp_path: Path) -> None:
    """Writing the same bytes again touches nothing; other bytes replace all files."""
    files = StaticFiles(tmp_path)
    files.write("all.atom", b"one", media_type="x/y", modified=NOON)
    before = {path: (path.stat().st_ino, path.stat().st_mtime_ns) for path in tmp_path.iterdir()}
    assert not files.write("all.atom", b"one", media_type="x/y", modified=ONE)
    assert {path: (path.stat().st_ino, path.stat().st_mtime_ns) for path in tmp_path.iterdir()} == before
    assert files.write("all.atom", b"two", media_type="x/y", modified=ONE)
    assert gzip.decompress((tmp_path / "all.atom.gz").read_bytes()) == b"two"
    assert CODINGS["br"].fits((tmp_path / "all.atom.br").read_bytes(), b"two")


def test_every_change_is_dated_later(tmp_path: Path) -> None:
    """Web servers make ETags of date and size: a change of equal size gets a later second, whatever its own date is."""
    files = StaticFiles(tmp_path)
    for second, body in enumerate((b"one", b"two", b"six")):
        files.write("all.atom", body, media_type="x/y", modified=NOON)
        assert (tmp_path / "all.atom").stat().st_mtime == NOON.timestamp() + second


def test_a_lost_twin_is_made_again(tmp_path: Path) -> None:
    """A twin that is missing or damaged is mended, dated as its document, which stays as it is."""
    files = StaticFiles(tmp_path)
    files.write("all.atom", b"one", media_type="x/y", modified=NOON)
    (tmp_path / "all.atom.br").write_bytes(b"")
    assert not files.write("all.atom", b"one", media_type="x/y", modified=ONE)
    assert CODINGS["br"].fits((tmp_path / "all.atom.br").read_bytes(), b"one")
    assert (tmp_path / "all.atom.br").stat().st_mtime == NOON.timestamp()


def test_other_files_are_left_alone(tmp_path: Path) -> None:
    """The folder is its operator's: nothing is removed from it, and no list is added."""
    (tmp_path / "index.html").write_text("mine")
    files = StaticFiles(tmp_path)
    files.write_manifest(Manifest())
    files.remove_others([])
    assert [path.name for path in tmp_path.iterdir()] == ["index.html"]


FOREIGN = {
    "document": {"all.json": b"mine"},
    "same document": {"all.json": b"ours"},
    "twin": {"all.json.gz": gzip.compress(b"mine")},
    "brotli twin": {"all.json.br": b"mine"},
    "pair": {"all.json": b"mine", "all.json.gz": gzip.compress(b"mine")},
    "named pair": {"all.json": b"mine", "all.json.gz": b"\x1f\x8b\x08\x08\0\0\0\0\2\xffall.json\0"},
    "no gzip": {"all.json": b"mine", "all.json.gz": b"1234567890aggregator\0"},
    "empty twin": {"all.json": b"mine", "all.json.gz": b""},
}


@pytest.mark.parametrize("there", FOREIGN.values(), ids=FOREIGN)
def test_files_of_others_are_not_replaced(tmp_path: Path, there: dict[str, bytes]) -> None:
    """A file with a document's name that no export wrote is refused with a remedy, and stays."""
    for name, content in there.items():
        (tmp_path / name).write_bytes(content)
    with pytest.raises(FolderNotWritable, match="was not written by aggregator export") as raised:
        StaticFiles(tmp_path).write("all.json", b"ours", media_type="x/y", modified=NOON)
    assert raised.value.remedy
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == there


@pytest.mark.parametrize("name", ["all.atom", "all.atom.gz", "all.atom.br"])
@pytest.mark.fault("T10")
def test_links_are_not_replaced(tmp_path: Path, name: str) -> None:
    """A link in the place of a document or its twin stays, and so does what it points to, though it be ours."""
    www, kept = tmp_path / "www", tmp_path / "kept"
    StaticFiles(www).write("all.atom", b"one", media_type="x/y", modified=NOON)
    (www / name).rename(kept)
    before = kept.read_bytes()
    (www / name).symlink_to(kept)
    with pytest.raises(FolderNotWritable, match="was not written by aggregator export"):
        StaticFiles(www).write("all.atom", b"two", media_type="x/y", modified=ONE)
    assert ((www / name).is_symlink(), kept.read_bytes()) == (True, before)


def test_an_export_cut_off_between_two_files(tmp_path: Path) -> None:
    """When only the twin was written, with an old document or none beside it, the next export goes on."""
    files = StaticFiles(tmp_path)
    files.write("all.atom", b"two", media_type="x/y", modified=NOON)
    for old in (b"one", None):
        (tmp_path / "all.atom").unlink()
        if old:
            (tmp_path / "all.atom").write_bytes(old)
        assert files.write("all.atom", b"two", media_type="x/y", modified=ONE)
        assert (tmp_path / "all.atom").read_bytes() == b"two"


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
    assert sorted(path.name for path in tmp_path.iterdir()) == ["all.atom", "all.atom.br", "all.atom.gz"]
