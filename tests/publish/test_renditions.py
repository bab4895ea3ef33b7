from __future__ import annotations

import errno
import gzip
import os
import stat
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from threading import Thread
from typing import TYPE_CHECKING

import pytest
from structlog.testing import capture_logs

from aggregator.errors import DiskFull, FolderNotWritable
from aggregator.publish.codings import CODINGS
from aggregator.publish.manifest import Manifest, PublishedOutput
from aggregator.publish.renditions import MANIFEST, Renditions

if TYPE_CHECKING:
    from pathlib import Path

NOON = datetime(2026, 1, 5, 12, 0, 0, 123000, tzinfo=UTC)
KIND = "application/atom+xml; charset=utf-8"
WHOLE = {"all.atom", "all.atom.br", "all.atom.gz", "all.atom.zst", "all.atom.type"}
"""The files of one document."""


@pytest.fixture
def renditions(tmp_path: Path) -> Renditions:
    """Return renditions in a folder that does not exist yet."""
    return Renditions(tmp_path / "db" / "renditions")


def put(renditions: Renditions, body: bytes, name: str = "all.atom", modified: datetime = NOON) -> bool:
    """Write a document as the daemon does."""
    return renditions.write(name, body, media_type=KIND, modified=modified)


def files(renditions: Renditions) -> set[str]:
    """Return what lies in the folder."""
    folder = renditions.folder
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def test_a_document_is_loaded_as_written(renditions: Renditions) -> None:
    """Bodies, type and date come back; entity tags are strong and differ between codings."""
    assert put(renditions, b"<feed/>")
    one = renditions.load("all.atom")
    assert one
    assert (one.media_type, one.last_modified) == (KIND, NOON.replace(microsecond=0))
    assert one.bodies.keys() == {"identity", *CODINGS}
    assert all(CODINGS[name].decompress(one.bodies[name]) == one.bodies["identity"] == b"<feed/>" for name in CODINGS)
    assert one.etags["identity"].startswith('"')
    assert all(one.etags[name].endswith(f'-{name}"') for name in CODINGS)
    assert len(set(one.etags.values())) == 4
    assert one.stamp == renditions.stamp("all.atom")


def test_nothing_is_loaded_before_it_is_written(renditions: Renditions) -> None:
    """What is not there is None, not an error."""
    assert (renditions.load("all.atom"), renditions.stamp("all.atom"), renditions.read_manifest()) == (
        None,
        None,
        Manifest(),
    )


def test_unchanged_bytes_keep_their_file(renditions: Renditions) -> None:
    """The same bytes are not written again, however late."""
    put(renditions, b"<feed/>")
    before = (renditions.folder / "all.atom").stat()
    assert not put(renditions, b"<feed/>", modified=NOON + timedelta(days=1))
    after = (renditions.folder / "all.atom").stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_every_change_is_later_than_the_last(renditions: Renditions) -> None:
    """Last-Modified grows with each change, also when an entry was withdrawn and `updated` fell back."""
    put(renditions, b"1")
    put(renditions, b"2")
    second = renditions.load("all.atom")
    put(renditions, b"3", modified=NOON - timedelta(days=3))
    third = renditions.load("all.atom")
    put(renditions, b"4", modified=NOON + timedelta(days=1))
    fourth = renditions.load("all.atom")
    assert second
    assert third
    assert fourth
    start = NOON.replace(microsecond=0)
    assert [one.last_modified - start for one in (second, third, fourth)] == [
        timedelta(seconds=1),
        timedelta(seconds=2),
        timedelta(days=1),
    ]
    assert len({one.stamp for one in (second, third, fourth)}) == 3
    assert len({one.etags["gzip"] for one in (second, third, fourth)}) == 3


def test_equal_bodies_have_equal_twins(renditions: Renditions) -> None:
    """Compression adds neither time nor name: two machines compress to the same bytes."""
    put(renditions, b"<feed/>", "a.atom")
    put(renditions, b"<feed/>", "b.atom", NOON + timedelta(days=1))
    one, two = renditions.load("a.atom"), renditions.load("b.atom")
    assert one
    assert two
    assert one.bodies == two.bodies
    assert one.etags == two.etags


def test_a_new_media_type_is_a_change(renditions: Renditions) -> None:
    """The type is part of what is served."""
    put(renditions, b"<feed/>")
    assert renditions.write("all.atom", b"<feed/>", media_type="text/xml", modified=NOON)
    one = renditions.load("all.atom")
    assert one
    assert one.media_type == "text/xml"


@pytest.mark.parametrize("name", CODINGS)
def test_a_twin_that_does_not_fit_is_not_served(renditions: Renditions, name: str) -> None:
    """A reader between two writes, or after a crash, sees no mixture; the next write mends it."""
    put(renditions, b"old")
    coding = CODINGS[name]
    twin = renditions.folder / f"all.atom{coding.ending}"
    for bad in (coding.compress(b"new"), b"", coding.compress(b"old")[:-1], b"\x1f\x8b junk"):
        twin.write_bytes(bad)
        one = renditions.load("all.atom")
        assert one
        assert one.bodies.keys() == {"identity", *CODINGS} - {name}
    assert put(renditions, b"old")
    whole = renditions.load("all.atom")
    assert whole
    assert whole.bodies.keys() == {"identity", *CODINGS}


def test_only_the_owner_reads(renditions: Renditions) -> None:
    """Private outputs lie here: folders are 0700 and files 0600 whatever the umask is."""
    before = os.umask(0)
    try:
        put(renditions, b"x", "private/labs.atom")
    finally:
        os.umask(before)
    for path in (renditions.folder, *renditions.folder.rglob("*")):
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600)


def test_outputs_that_are_gone_are_removed(renditions: Renditions) -> None:
    """What is not named goes, with its twins, empty folders and unfinished files; the list of outputs stays."""
    put(renditions, b"1")
    put(renditions, b"2", "old.rss")
    put(renditions, b"3", "private/labs.atom")
    renditions.write_manifest(Manifest(outputs=(PublishedOutput("all", "AI News"),)))
    for name in (".all.atom.gz.a_b4c6d8.new", ".outputs.manifest.a_b4c6d8.new", "private/.labs.rss.a_b4c6d8.new"):
        (renditions.folder / name).write_bytes(b"")
    renditions.remove_others({"all.atom"})
    assert files(renditions) == {*WHOLE, MANIFEST}
    assert not (renditions.folder / "private").exists()


KILLED = """
import os, sys
from datetime import UTC, datetime
from pathlib import Path
from aggregator.publish.renditions import Renditions

steps, move = int(sys.argv[2]), os.replace

def replace(source, target):
    global steps
    if not steps:
        os._exit(7)
    steps -= 1
    move(source, target)

os.replace = replace
Renditions(Path(sys.argv[1])).write("private/labs.atom", b"1", media_type="a/b", modified=datetime.now(UTC))
"""


@pytest.mark.parametrize("steps", range(6))
def test_a_writer_killed_at_any_step(renditions: Renditions, steps: int) -> None:
    """A first writer killed at any of its writes leaves a folder that is ours: the next goes on, the scraps go."""
    killed = subprocess.run([sys.executable, "-c", KILLED, str(renditions.folder), str(steps)], check=False)
    assert killed.returncode == 7
    assert len(files(renditions)) == steps + 1
    put(renditions, b"2")
    renditions.remove_others({"all.atom"})
    assert files(renditions) == {*WHOLE, MANIFEST}


FOREIGN = (
    "notes.txt",
    "holiday.jpg",
    ".htaccess",
    "paper.pdf.gz",
    "All.atom",
    "x/all.atom",
    "private/key.pem",
    "all.atom~",
)


def test_files_of_others_in_our_folder_stay(renditions: Renditions) -> None:
    """In our folder only names that our documents have are removed, through no link, and no foreign folder."""
    put(renditions, b"1")
    for name in FOREIGN:
        (renditions.folder / name).parent.mkdir(exist_ok=True)
        (renditions.folder / name).write_bytes(b"mine")
    (renditions.folder / "empty").mkdir()
    (renditions.folder / "old.atom").symlink_to("notes.txt")
    renditions.remove_others(())
    assert files(renditions) == {*FOREIGN, MANIFEST, "old.atom"}
    assert (renditions.folder / "empty").is_dir()


@pytest.mark.parametrize("name", ["all.atom", "notes.txt", ".htaccess", ".abcdefgh", "outputs.manifest"])
def test_another_programs_folder_is_left_alone(renditions: Renditions, name: str) -> None:
    """A folder that holds files but no manifest of ours is refused with a remedy: nothing is written or deleted."""
    renditions.folder.mkdir(parents=True)
    (renditions.folder / name).write_bytes(b"mine")
    for write in (put, lambda to, _: to.write_manifest(Manifest())):
        with pytest.raises(FolderNotWritable, match="another program's") as raised:
            write(renditions, b"1")
        assert raised.value.remedy
        assert raised.value.exit_code == 78
    renditions.remove_others(())
    assert {found.name: found.read_bytes() for found in renditions.folder.iterdir()} == {name: b"mine"}


@pytest.mark.parametrize("linked", ["renditions", "renditions/private"])
@pytest.mark.fault("T10")
def test_a_folder_behind_a_link_is_left_alone(renditions: Renditions, tmp_path: Path, linked: str) -> None:
    """Nothing is written or deleted behind a symbolic link, though a manifest of ours and documents lie there."""
    other = Renditions(tmp_path / "other")
    put(other, b"1", "private/labs.atom")
    put(other, b"1", "labs.atom")
    before = files(other)
    if linked == "renditions":
        (tmp_path / "db").mkdir()
    else:
        put(renditions, b"1")
    (tmp_path / "db" / linked).symlink_to(other.folder)
    with pytest.raises(FolderNotWritable, match=f"{linked} is a symbolic link"):
        put(renditions, b"2", "private/labs.atom")
    renditions.remove_others(())
    assert files(other) == before


@pytest.mark.parametrize("left", [None, ".outputs.manifest.a_b4c6d8.new"])
def test_a_folder_that_is_empty_becomes_ours(renditions: Renditions, left: str | None) -> None:
    """An empty folder, or one in which a process died at once, is made ours; its rights stay as they are."""
    renditions.folder.mkdir(parents=True, mode=0o755)
    if left:
        (renditions.folder / left).write_bytes(b"")
    put(renditions, b"1")
    renditions.remove_others({"all.atom"})
    assert files(renditions) == {*WHOLE, MANIFEST}
    assert stat.S_IMODE(renditions.folder.stat().st_mode) == 0o755


def test_a_manifest_that_a_crash_emptied_is_ours(renditions: Renditions) -> None:
    """A manifest of zero bytes, as a loss of power may leave it, or of a later version, is written again."""
    for content in (b"", b'{\n "schema": 99}'):
        put(renditions, b"1")
        (renditions.folder / MANIFEST).write_bytes(content)
        put(renditions, b"2" + content)
        renditions.write_manifest(Manifest())
        assert renditions.read_manifest() == Manifest()


def test_removing_where_nothing_was_written(renditions: Renditions) -> None:
    """There may be nothing to remove."""
    renditions.remove_others(())
    assert not renditions.folder.exists()


@pytest.mark.parametrize(
    "name", ["../x.atom", "/etc/x.atom", "a/../b.atom", "a/b.atom", "all", ".x.atom", "A.atom", "a\x00.atom", ""]
)
@pytest.mark.fault("T10")
def test_a_name_leads_nowhere_else(renditions: Renditions, name: str) -> None:
    """A name cannot leave the folder."""
    for look in (renditions.load, renditions.stamp):
        with pytest.raises(ValueError, match="not a name"):
            look(name)


def test_the_list_of_outputs(renditions: Renditions) -> None:
    """The list is read as written; unchanged it keeps its file."""
    outputs = (PublishedOutput("all", "AI News"), PublishedOutput("manifest", "An output called manifest"))
    renditions.write_manifest(Manifest(outputs=outputs))
    stamp = renditions.stamp(MANIFEST)
    renditions.write_manifest(Manifest(outputs=outputs))
    assert renditions.read_manifest() == Manifest(outputs=outputs)
    assert renditions.stamp(MANIFEST) == stamp
    renditions.write_manifest(Manifest(outputs=outputs[:1]))
    assert renditions.stamp(MANIFEST) != stamp


def test_a_damaged_list_publishes_nothing(renditions: Renditions) -> None:
    """What cannot be read is reported, and grants nobody anything."""
    renditions.write_manifest(Manifest())
    (renditions.folder / MANIFEST).write_bytes(b"{")
    with capture_logs() as logs:
        assert renditions.read_manifest() == Manifest()
    assert [log["event"] for log in logs] == ["publish.manifest_unreadable"]


def test_a_place_that_is_no_folder(tmp_path: Path) -> None:
    """A file in the way is named, with what to do."""
    (tmp_path / "db").write_bytes(b"")
    with pytest.raises(FolderNotWritable, match="cannot be written"):
        put(Renditions(tmp_path / "db" / "renditions"), b"x")


def test_a_full_disk_leaves_the_old_document(renditions: Renditions, monkeypatch: pytest.MonkeyPatch) -> None:
    """When there is no space the old document stays whole and nothing half-written remains."""
    put(renditions, b"old")

    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("aggregator.publish.renditions.os.utime", full)
    with pytest.raises(DiskFull, match="No space is left"):
        put(renditions, b"new")
    monkeypatch.undo()
    one = renditions.load("all.atom")
    assert one
    assert one.bodies["identity"] == b"old"
    assert files(renditions) == {*WHOLE, MANIFEST}


def test_readers_beside_a_writer_see_whole_documents(renditions: Renditions) -> None:
    """While documents are replaced a reader always gets one of them, with twins that fit."""
    put(renditions, b"0" * 1000)
    documents = [str(number).encode() * 1000 for number in range(1, 200)]
    writer = Thread(target=lambda: [put(renditions, document) for document in documents])
    writer.start()
    seen = set()
    while writer.is_alive():
        one = renditions.load("all.atom")
        assert one
        body = one.bodies["identity"]
        assert gzip.decompress(one.bodies.get("gzip", gzip.compress(body))) == body
        seen.add(body)
    assert len(seen) > 1
    assert seen <= {b"0" * 1000, *documents}
