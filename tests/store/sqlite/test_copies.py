"""Backups are whole or are not, and what they are put in the place of is kept."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from aggregator.config.settings import FeedSettings
from aggregator.errors import CorruptDatabase, DiskFull, FolderNotWritable, ForeignDatabase, Usage
from aggregator.store.sqlite import copies
from aggregator.store.sqlite.copies import back_up, check, keep_copy, restore
from aggregator.store.sqlite.lock import Lock
from aggregator.store.sqlite.store import SqliteStore

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)


def _quiet(_: int, __: int) -> None:
    """Hear nothing."""


def _fill(path: Path, *urls: str) -> None:
    with contextlib.closing(SqliteStore(path)) as store, store.transaction() as tx:
        tx.feeds.sync({url: FeedSettings(url=url) for url in urls}, NOON)


def _urls(path: Path) -> list[str]:
    with contextlib.closing(SqliteStore(path, readonly=True)) as store, store.snapshot() as tx:
        return [feed.url for feed in tx.feeds.all()]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return a database with one source."""
    _fill(tmp_path / "db/aggregator.db", "https://a.example/")
    return tmp_path / "db/aggregator.db"


@pytest.mark.fault("F5")
def test_there_and_back(path: Path, tmp_path: Path) -> None:
    """A copy made while a writer has the database open is put back; what was there meanwhile is kept beside it."""
    told: list[tuple[int, int]] = []
    with contextlib.closing(SqliteStore(path)) as store:
        with store.transaction() as tx:
            tx.feeds.sync({url: FeedSettings(url=url) for url in ("https://a.example/", "https://b.example/")}, NOON)
        back_up(path, tmp_path / "copy.db", lambda done, of: told.append((done, of)))
    assert told[-1][0] == told[-1][1] > 0
    assert sorted(file.name for file in tmp_path.iterdir()) == ["copy.db", "db"]
    assert (tmp_path / "copy.db").stat().st_mode & 0o777 == 0o600
    _fill(path, "https://c.example/")
    aside = restore(tmp_path / "copy.db", path, NOON)
    assert _urls(path) == ["https://a.example/", "https://b.example/"]
    assert aside == path.with_name("aggregator.db.before-restore-20260105-120000")
    assert "https://c.example/" in _urls(aside)


def _owners(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, int, int]]:
    """Let this process be root for what it makes, and everything belong to user 61184; return who was given what."""
    given: list[tuple[str, int, int]] = []
    stat = Path.stat

    def owned(path: Path, **options: bool) -> os.stat_result:
        found = list(stat(path, **options))
        return os.stat_result([*found[:4], 61184, 61185, *found[6:]])

    def chown(file: int, user: int, group: int) -> None:
        given.append((Path(f"/proc/self/fd/{file}").readlink().name, user, group))

    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(os, "chown", chown)
    monkeypatch.setattr(Path, "stat", owned)
    return given


def test_what_root_restores_is_the_owners(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The daemon's user can open what root restored, whether a database was there or not, and its lock."""
    back_up(path, tmp_path / "copy.db", _quiet)
    path.chmod(0o640)
    given = _owners(monkeypatch)
    restore(tmp_path / "copy.db", path, NOON)
    restore(tmp_path / "copy.db", tmp_path / "new/aggregator.db", NOON)
    for _ in range(2):  # one that exists keeps its owner
        with Lock(path.parent / "lock").held():
            pass
    assert given == [(".aggregator.db.new", 61184, 61185)] * 2 + [("lock", 61184, 61185)]
    assert path.stat().st_mode & 0o777 == 0o640


def test_whoever_is_not_root_gives_nothing_away(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only root may choose an owner, and nobody else tries."""
    back_up(path, tmp_path / "copy.db", _quiet)
    given = _owners(monkeypatch)
    monkeypatch.setattr(os, "geteuid", lambda: 61184)
    restore(tmp_path / "copy.db", path, NOON)
    assert given == []


def test_where_no_database_is(path: Path, tmp_path: Path) -> None:
    """A copy is put in a place where there is none."""
    back_up(path, tmp_path / "copy.db", _quiet)
    assert restore(tmp_path / "copy.db", tmp_path / "new/aggregator.db", NOON) is None
    assert _urls(tmp_path / "new/aggregator.db") == ["https://a.example/"]


def test_nothing_is_written_over(path: Path, tmp_path: Path) -> None:
    """A file that exists is no place for a copy, and a database that does not has none."""
    (tmp_path / "copy.db").write_text("mine")
    with pytest.raises(Usage, match="exists"):
        back_up(path, tmp_path / "copy.db", _quiet)
    with pytest.raises(Usage, match="nothing to back up"):
        back_up(tmp_path / "none.db", tmp_path / "other.db", _quiet)
    assert (tmp_path / "copy.db").read_text() == "mine"


def _damage(path: Path) -> None:
    content = bytearray(path.read_bytes())
    for page in range(16_384, len(content), 16_384):
        content[page : page + 8] = b"\x5a" * 8
    path.write_bytes(content)


@pytest.mark.fault("F5")
def test_a_damaged_copy_is_not_put_anywhere(path: Path, tmp_path: Path) -> None:
    """What is damaged, another program's, or not there changes nothing, and nothing of it stays."""
    back_up(path, tmp_path / "copy.db", _quiet)
    _damage(tmp_path / "copy.db")
    with pytest.raises(CorruptDatabase, match=r"/copy\.db is damaged") as damaged:
        restore(tmp_path / "copy.db", path, NOON)
    assert damaged.value.remedy == "Choose another copy; the database is as it was."
    with contextlib.closing(sqlite3.connect(tmp_path / "other.db")) as other:
        other.execute("CREATE TABLE t (x)")
    for foreign in (tmp_path / "other.db", tmp_path / "none.db"):
        with pytest.raises(ForeignDatabase):
            restore(foreign, path, NOON)
    left = {file.name.removesuffix("-wal").removesuffix("-shm") for file in path.parent.iterdir()}
    assert left == {"aggregator.db"}
    assert _urls(path) == ["https://a.example/"]


@pytest.mark.fault("F5")
def test_a_damaged_database_makes_no_copy(path: Path, tmp_path: Path) -> None:
    """A copy of what is damaged is damaged too: it does not get its name."""
    _damage(path)
    with pytest.raises(CorruptDatabase):
        back_up(path, tmp_path / "copy.db", _quiet)
    assert [file.name for file in tmp_path.iterdir()] == ["db"]
    with pytest.raises(CorruptDatabase):
        check(path)


def test_a_folder_that_is_not_there(path: Path, tmp_path: Path) -> None:
    """The error names the file."""
    with pytest.raises(FolderNotWritable, match=r"copy\.db cannot be written"):
        back_up(path, tmp_path / "no/such/copy.db", _quiet)


def test_a_copy_is_of_one_moment(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is written while a copy is made is not in it, and does not make it begin anew."""
    monkeypatch.setattr(copies, "_PAGES", 10)
    steps: list[int] = []
    with contextlib.closing(SqliteStore(path)) as store:

        def write_meanwhile(done: int, _: int) -> None:
            steps.append(done)
            with store.transaction() as tx:
                tx.feeds.sync(
                    {url: FeedSettings(url=url) for url in ("https://a.example/", "https://b.example/")}, NOON
                )

        back_up(path, tmp_path / "copy.db", write_meanwhile)
    assert steps == sorted(steps)
    assert len(steps) > 2
    assert _urls(tmp_path / "copy.db") == ["https://a.example/"]


def test_nightly_copies(path: Path) -> None:
    """The newest are kept, with what an interrupted one left deleted and other files left alone; each is restorable."""
    for night in range(4):
        if night == 3:
            for name in (".aggregator-20260101-030000.db.new", ".aggregator-20260101-030000.db.new-journal", "mine.db"):
                (path.parent / "backups" / name).touch()
        copy = keep_copy(path, 2, NOON + timedelta(days=night))
        assert _urls(copy) == ["https://a.example/"]
    assert sorted(file.name for file in (path.parent / "backups").iterdir()) == [
        "aggregator-20260107-120000.db",
        "aggregator-20260108-120000.db",
        "mine.db",
    ]
    assert (path.parent / "backups").stat().st_mode & 0o777 == 0o700


@pytest.mark.fault("F3")
def test_no_room_for_a_copy(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A copy that would fill the disk is not begun; the message says how much is needed and what can be done."""
    monkeypatch.setattr(copies, "_SPARE", 2**60)
    with pytest.raises(DiskFull, match="no room for a copy") as caught:
        keep_copy(path, 2, NOON)
    assert "keep: 0" in (caught.value.remedy or "")
    assert list((path.parent / "backups").iterdir()) == []
