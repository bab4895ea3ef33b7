"""Opening a file that is ours, is not, is damaged, or cannot be written."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from sqlite_utils import Migrations

from aggregator.config.settings import FeedSettings
from aggregator.errors import (
    CorruptDatabase,
    DiskFull,
    FolderNotWritable,
    ForeignDatabase,
    LockedDatabase,
    NewerDatabase,
)
from aggregator.store.sqlite import connection
from aggregator.store.sqlite.schema import APPLICATION_ID, m001_first
from aggregator.store.sqlite.store import SqliteStore

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlite_utils import Database

    from aggregator.model import FeedState

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)
A = "https://a.example/feed"


@contextlib.contextmanager
def _opened(path: Path, *, readonly: bool = False) -> Iterator[SqliteStore]:
    store = SqliteStore(path, readonly=readonly)
    try:
        yield store
    finally:
        store.close()


def _sync(store: SqliteStore, *urls: str) -> None:
    with store.transaction() as tx:
        tx.feeds.sync({url: FeedSettings(url=url) for url in urls}, NOON)


def _feeds(store: SqliteStore) -> list[FeedState]:
    with store.snapshot() as tx:
        return tx.feeds.all()


def _made(path: Path, *urls: str) -> Path:
    with _opened(path) as store:
        _sync(store, *urls)
    return path


def _raw(path: Path, *statements: str) -> list[Any]:
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as db:
        return [db.execute(statement).fetchone() for statement in statements]


def test_new_database(path: Path) -> None:
    """A database that is not there is made, folder included, and nothing else is left beside it."""
    _made(path, A)
    assert [found.name for found in path.parent.iterdir()] == ["aggregator.db"]
    assert _raw(path, "PRAGMA journal_mode", "PRAGMA page_size", "PRAGMA application_id") == [
        ("wal",), (16384,), (APPLICATION_ID,),
    ]  # fmt: skip
    with _opened(path) as store:
        assert [feed.url for feed in _feeds(store)] == [A]


def test_pragmas_of_the_writer(path: Path) -> None:
    """The writer checks references, waits when the file is locked, and commits into the write-ahead log."""
    with _opened(path) as store:
        found = {
            name: store._database.execute(f"PRAGMA {name}").fetchone()[0]
            for name in ("foreign_keys", "journal_mode", "synchronous", "busy_timeout")
        }
    assert found == {"foreign_keys": 1, "journal_mode": "wal", "synchronous": 1, "busy_timeout": 5000}


def test_half_made_database_is_made_again(path: Path) -> None:
    """What a process left that died while it made the database does no harm."""
    path.parent.mkdir()
    path.with_name(".aggregator.db.new").write_bytes(b"half")
    _made(path)
    assert [found.name for found in path.parent.iterdir()] == ["aggregator.db"]


def test_log_of_a_deleted_database_is_not_played_into_a_new_one(path: Path) -> None:
    """A database that is deleted without its write-ahead log, to begin anew, begins anew."""
    with _opened(path) as store:
        _sync(store, A, "https://gone.example/")
        log = path.with_name("aggregator.db-wal").read_bytes()
    path.unlink()
    path.with_name("aggregator.db-wal").write_bytes(log)
    with _opened(path) as store:
        assert _feeds(store) == []
        assert _raw(path, "PRAGMA integrity_check") == [("ok",)]


@pytest.mark.parametrize("readonly", [False, True])
@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is empty (0 bytes)"),
        (b"feeds: []\n", "is not a SQLite database"),
        (b"SQLite format 3\x00" + b"\xff" * 4096, "is not a SQLite database"),
        (b"SQLite format 3\x00", "is not a SQLite database"),
    ],
    ids=["empty", "text", "garbage", "header only"],
)
def test_file_that_is_no_database(path: Path, content: bytes, words: str, *, readonly: bool) -> None:
    """A file that is no database is refused with a reason and a remedy, and left as it is."""
    path.parent.mkdir()
    path.write_bytes(content)
    with pytest.raises(ForeignDatabase) as raised:
        SqliteStore(path, readonly=readonly)
    assert words in raised.value.message
    assert str(path) in raised.value.message
    assert raised.value.remedy
    assert raised.value.exit_code == 65
    assert path.read_bytes() == content


@pytest.mark.parametrize("readonly", [False, True])
@pytest.mark.parametrize("application_id", [0, 1])
def test_database_of_another_program(path: Path, application_id: int, *, readonly: bool) -> None:
    """Another program's database is told by its application_id, refused, and not changed."""
    path.parent.mkdir()
    _raw(path, "CREATE TABLE feed (id)", f"PRAGMA application_id = {application_id}")
    before = path.read_bytes()
    with pytest.raises(ForeignDatabase, match="another program's"):
        SqliteStore(path, readonly=readonly)
    assert path.read_bytes() == before


@pytest.mark.parametrize("readonly", [False, True])
def test_truncated_database(path: Path, *, readonly: bool) -> None:
    """A database that lost its end is damaged: it is refused, and the remedy is named."""
    whole = _made(path, A).read_bytes()
    path.write_bytes(whole[: 16384 * 2])
    with pytest.raises(CorruptDatabase, match="damaged") as raised:
        SqliteStore(path, readonly=readonly)
    assert "restore" in raised.value.remedy
    assert path.read_bytes() == whole[: 16384 * 2]


def test_damaged_page(path: Path) -> None:
    """A damaged page is told when it is read; the rest can be read still."""
    _made(path, A)
    (root,) = _raw(path, "SELECT rootpage FROM sqlite_master WHERE name = 'feed'")[0]
    content = bytearray(path.read_bytes())
    content[(root - 1) * 16384 : root * 16384] = b"\xa5" * 16384
    path.write_bytes(content)
    with _opened(path, readonly=True) as store:
        with pytest.raises(CorruptDatabase):
            _feeds(store)
        with store.snapshot() as tx:
            assert tx.instance


def test_newer_database(path: Path) -> None:
    """A database that a later version changed is refused by name of the change, whoever opens it."""
    _made(path)
    _raw(path, "INSERT INTO _sqlite_migrations (migration_set, name) VALUES ('aggregator', 'm999_later')")
    for readonly in (False, True):
        with pytest.raises(NewerDatabase, match="m999_later") as raised:
            SqliteStore(path, readonly=readonly)
        assert raised.value.exit_code == 65


def _later(db: Database) -> None:
    db.execute("ALTER TABLE feed ADD COLUMN later TEXT")


def _broken(db: Database) -> None:
    db.execute("DROP TABLE host")
    raise RuntimeError("the migration is wrong")


@pytest.fixture
def upgrade(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return what turns the program into a later one, with one more migration."""

    def add(migration: Any) -> None:
        later = Migrations("aggregator")
        for one in (m001_first, migration):
            later()(one)
        monkeypatch.setattr(connection, "migrations", later)

    return add


def test_older_database_is_brought_up_to_date(path: Path, upgrade: Any) -> None:
    """A database of an earlier version is changed after a whole copy was put beside it; its rows stay."""
    _made(path, A)
    reader = SqliteStore(path, readonly=True)
    writer = SqliteStore(path)
    with reader.snapshot() as reading:
        reading.feeds.all()
        _sync(writer, A, "https://b.example/")  # stands in the write-ahead log, which the reader keeps from folding
        upgrade(_later)
        with pytest.raises(LockedDatabase, match="earlier version") as raised:
            SqliteStore(path, readonly=True)
        assert "aggregator migrate" in raised.value.remedy
        with _opened(path) as store:
            assert len(_feeds(store)) == 2
            assert store._database.execute("SELECT later FROM feed").fetchone()[0] is None
    reader.close()
    writer.close()
    copy = path.with_name("aggregator.db.before-_later")
    assert _raw(copy, "SELECT count(*) FROM feed", "PRAGMA application_id") == [(2,), (APPLICATION_ID,)]
    assert {found.name for found in path.parent.iterdir()} >= {"aggregator.db", copy.name}
    assert not list(path.parent.glob("*.new"))
    with _opened(path), _opened(path, readonly=True) as store:
        assert len(_feeds(store)) == 2


def test_failed_migration_changes_nothing(path: Path, upgrade: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A migration that fails half way leaves the database as it was; the earlier version opens it."""
    _made(path, A)
    upgrade(_broken)
    with pytest.raises(RuntimeError, match="migration is wrong"):
        SqliteStore(path)
    monkeypatch.undo()
    with _opened(path) as store:
        assert [feed.url for feed in _feeds(store)] == [A]
        _sync(store)


def test_copy_before_a_migration_has_no_place(path: Path, upgrade: Any) -> None:
    """When the copy cannot be made, nothing is changed."""
    _made(path, A)
    path.with_name(".aggregator.db.before-_later.new").mkdir()
    upgrade(_later)
    with pytest.raises(FolderNotWritable):
        SqliteStore(path)
    with pytest.raises(LockedDatabase, match="earlier version"):
        SqliteStore(path, readonly=True)


def test_missing_database_reads_as_empty(path: Path) -> None:
    """Who only reads sees an empty database where none is yet, makes none, and cannot write into it."""
    with _opened(path, readonly=True) as store:
        assert _feeds(store) == []
        with store.snapshot() as tx:
            assert tx.entries.search("anything", limit=1) == []
        with pytest.raises(FolderNotWritable):
            _sync(store, A)
    assert not path.parent.exists()


def test_reader_cannot_write(path: Path) -> None:
    """Who opens for reading cannot write."""
    _made(path)
    with _opened(path, readonly=True) as store, pytest.raises(FolderNotWritable, match="cannot be written") as raised:
        _sync(store, A)
    assert raised.value.exit_code == 78


def test_odd_names(tmp_path: Path) -> None:
    """Signs that mean something in a file: URI mean nothing in a path."""
    for name in ("a?mode=memory", "b#c", "d%20e", "f g&h"):
        path = _made(tmp_path / name / f"{name}.db", A)
        with _opened(path, readonly=True) as store:
            assert len(_feeds(store)) == 1


@pytest.mark.parametrize("readonly", [False, True])
def test_path_is_a_folder(path: Path, *, readonly: bool) -> None:
    """A folder is no database."""
    path.mkdir(parents=True)
    with pytest.raises(FolderNotWritable, match="cannot be read"):
        SqliteStore(path, readonly=readonly)


@pytest.mark.parametrize("folder", ["file", "file/below", "/proc/nowhere", "x" * 300])
def test_folder_that_cannot_be(tmp_path: Path, folder: str) -> None:
    """Where no folder can be made, the error names it, the user and the remedy, and exits 78."""
    (tmp_path / "file").write_text("a file")
    path = tmp_path / folder / "aggregator.db"
    with pytest.raises(FolderNotWritable, match=f"user id {os.getuid()}") as raised:
        SqliteStore(path)
    assert str(path.parent) in raised.value.message
    assert raised.value.exit_code == 78


@pytest.fixture
def somebody_else(tmp_path: Path) -> Iterator[Path]:
    """Be a user without rights for as long; return a folder with one that may be read, and one that may not."""
    (tmp_path / "readable").mkdir(mode=0o555)
    (tmp_path / "closed").mkdir(mode=0o000)
    me = os.geteuid()
    for folder in (tmp_path, *tmp_path.parents):
        if folder == Path(tempfile.gettempdir()):
            break
        folder.chmod(0o711)
    if me == 0:
        os.seteuid(65534)
    try:
        yield tmp_path
    finally:
        os.seteuid(me)
        (tmp_path / "closed").chmod(0o700)


def test_folder_without_rights(somebody_else: Path) -> None:
    """A folder that this user may not write to, or not even look into, is named with the remedy."""
    for folder in ("readable", "closed"):
        with pytest.raises(FolderNotWritable, match=f"{folder} cannot be used: Permission denied") as raised:
            SqliteStore(somebody_else / folder / "aggregator.db")
        assert "right" in raised.value.remedy
    with pytest.raises(FolderNotWritable, match="Permission denied"):
        SqliteStore(somebody_else / "closed" / "aggregator.db", readonly=True)
    with _opened(somebody_else / "readable" / "aggregator.db", readonly=True) as store:
        assert _feeds(store) == []


def test_locked_by_another_program(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """While another program holds the database, writing says so and to try later; afterwards it works."""
    monkeypatch.setattr(connection, "_BUSY_MS", 50)
    with _opened(path) as store:
        _sync(store, A)
        with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            with pytest.raises(LockedDatabase, match="locked by another program") as raised:
                _sync(store)
            assert raised.value.exit_code == 75
            assert [feed.url for feed in _feeds(store)] == [A]
        _sync(store)
        assert _feeds(store) == []


def test_disk_full(path: Path) -> None:
    """When the disk is full a transaction fails as a whole, says so, and the store works on as soon as there is room."""
    with _opened(path) as store:
        _sync(store, A)
        pages = store._database.execute("PRAGMA page_count").fetchone()[0]
        store._database.execute(f"PRAGMA max_page_count = {pages + 2}")
        many = [f"https://a.example/{number}/{'x' * 100}" for number in range(2000)]
        with pytest.raises(DiskFull, match="disk is full") as raised:
            _sync(store, *many)
        assert raised.value.exit_code == 75
        assert [feed.url for feed in _feeds(store)] == [A]
        store._database.execute("PRAGMA max_page_count = 1000000")
        _sync(store, *many)
        assert len(_feeds(store)) == 2000


def test_other_errors_travel(path: Path) -> None:
    """An error of SQLite that is a mistake of ours is not dressed up as the database's."""
    with (
        _opened(path) as store,
        pytest.raises(sqlite3.IntegrityError),
        store.transaction() as tx,
    ):
        tx.releases.append("never opened", [1], NOON)
