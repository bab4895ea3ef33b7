"""Opening a file that is ours, is not, is damaged, or cannot be written."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import stat
import subprocess
import sys
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
from aggregator.store.sqlite.schema import (
    APPLICATION_ID,
    m001_first,
    m002_polling,
    m003_stories,
    m004_articles,
    m005_lists,
    m006_listings,
    m007_editions,
    m008_archives,
    m009_hub,
    m010_push,
    m011_readers,
)
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


def _rights(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture
def careless() -> Iterator[None]:
    """Let everybody read and write what this process makes, unless it says otherwise."""
    before = os.umask(0)
    yield
    os.umask(before)


@pytest.mark.usefixtures("careless")
def test_only_the_owner_reads(path: Path) -> None:
    """The folder is made 0700, the database and its logs 0600, whatever the umask is."""
    with _opened(path) as store:
        _sync(store, A)
        with _opened(path, readonly=True) as reader:
            _feeds(reader)
            rights = {found.name: _rights(found) for found in path.parent.iterdir()}
    assert rights == {"aggregator.db": 0o600, "aggregator.db-wal": 0o600, "aggregator.db-shm": 0o600}
    assert _rights(path.parent) == 0o700


@pytest.mark.usefixtures("careless")
def test_only_the_owner_reads_in_a_folder_that_is_open_to_all(path: Path, upgrade: Any) -> None:
    """In a folder that was there, with other rights, files are 0600 all the same, copies before a change included."""
    path.parent.mkdir(mode=0o755)
    _made(path, A)
    upgrade(_later)
    with _opened(path) as store:
        _sync(store, A)
        rights = {_rights(found) for found in path.parent.iterdir()}
        assert path.with_name("aggregator.db.before-_later").exists()
    assert (rights, _rights(path.parent)) == ({0o600}, 0o755)


def test_rights_given_by_the_operator_stay(path: Path) -> None:
    """A database and a folder that somebody opened to a group stay so, and so does the log."""
    _made(path, A)
    path.chmod(0o640)
    path.parent.chmod(0o750)
    with _opened(path) as store:
        _sync(store, A)
        rights = [_rights(found) for found in (path.parent, path, path.with_name("aggregator.db-wal"))]
    assert rights == [0o750, 0o640, 0o640]


def test_half_made_database_is_made_again(path: Path) -> None:
    """What a process left that died while it made the database does no harm."""
    path.parent.mkdir()
    path.with_name(".aggregator.db.new").write_bytes(b"half")
    _made(path)
    assert [found.name for found in path.parent.iterdir()] == ["aggregator.db"]


@pytest.mark.fault("F6")
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


def _seen(folder: Path) -> dict[str, bytes | str]:
    """Return what lies in a folder: content of files, targets of links."""
    return {
        found.name: str(found.readlink()) if found.is_symlink() else found.read_bytes() for found in folder.iterdir()
    }


LOG = b"\x37\x7f\x06\x82" + bytes(28)


@pytest.mark.parametrize(
    ("files", "named"),
    [
        ({"aggregator.db-wal": b"a diary"}, "-wal"),
        ({"aggregator.db-wal": b"a diary", "aggregator.db-shm": b"mine"}, "-wal"),
        ({"aggregator.db-shm": b"mine"}, "-shm"),
        ({"aggregator.db-journal": b"mine"}, "-journal"),
        ({"aggregator.db-wal": LOG, "aggregator.db-journal": b"mine"}, "-journal"),
        ({"aggregator.db-wal": "other"}, "-wal"),
        ({"aggregator.db-wal": "nowhere"}, "-wal"),
        ({"aggregator.db-wal": LOG, "aggregator.db-shm": "other"}, "-shm"),
    ],
    ids=[
        "text",
        "text with index",
        "index alone",
        "journal",
        "log with journal",
        "link",
        "dangling link",
        "linked index",
    ],
)
def test_log_of_another_program_is_not_deleted(path: Path, files: dict[str, bytes | str], named: str) -> None:
    """Where no database is, a file with the name of its log that is no log is named, with the remedy, and stays."""
    path.parent.mkdir()
    path.with_name("other").write_bytes(LOG)
    for name, content in files.items():
        file = path.with_name(name)
        file.write_bytes(content) if isinstance(content, bytes) else file.symlink_to(content)
    before = _seen(path.parent)
    for look in (connection.check_place, SqliteStore):
        with pytest.raises(FolderNotWritable, match=f"aggregator.db{named} is in the way") as raised:
            look(path)
        assert raised.value.remedy
        assert raised.value.exit_code == 78
        assert _seen(path.parent) == before


@pytest.mark.parametrize("log", [b"", LOG, b"\x37\x7f\x06\x83" + bytes(28)])
def test_what_a_deleted_database_left_goes(path: Path, log: bytes) -> None:
    """A write-ahead log, also an empty one, and its index give way to a new database; a look removes nothing."""
    path.parent.mkdir()
    path.with_name("aggregator.db-wal").write_bytes(log)
    path.with_name("aggregator.db-shm").write_bytes(bytes(32768))
    connection.check_place(path)
    assert len(_seen(path.parent)) == 2
    _made(path, A)
    assert [found.name for found in path.parent.iterdir()] == ["aggregator.db"]


@pytest.mark.parametrize("readonly", [False, True])
def test_link_that_leads_nowhere(path: Path, *, readonly: bool) -> None:
    """A link in the database's place whose target is missing (a disk not mounted) is not replaced by a new database."""
    path.parent.mkdir()
    path.symlink_to("elsewhere/aggregator.db")
    with pytest.raises(FolderNotWritable, match="cannot be read: No such file"):
        SqliteStore(path, readonly=readonly)
    assert _seen(path.parent) == {"aggregator.db": "elsewhere/aggregator.db"}


def test_half_made_database_that_is_a_link(path: Path) -> None:
    """What a link points to that has the name of a half-made database is not written to."""
    path.parent.mkdir()
    path.with_name("other").write_bytes(b"mine")
    path.with_name(".aggregator.db.new").symlink_to("other")
    _made(path, A)
    assert path.with_name("other").read_bytes() == b"mine"
    assert {found.name for found in path.parent.iterdir()} == {"aggregator.db", "other"}
    assert not path.is_symlink()


@pytest.mark.fault("F6")
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


@pytest.mark.fault("F5")
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


CRASH = """
import os, sqlite3, sys
db = sqlite3.connect(sys.argv[1], isolation_level=None)
db.execute("PRAGMA journal_mode = WAL")
db.execute("CREATE TABLE diary (line)")
db.execute("INSERT INTO diary VALUES ('dear')")
os._exit(0)
"""


@pytest.mark.parametrize("readonly", [False, True])
def test_log_of_another_programs_database_stays(path: Path, *, readonly: bool) -> None:
    """Another program's database that died with rows in its log is looked at without touching database, log, index."""
    path.parent.mkdir()
    subprocess.run([sys.executable, "-c", CRASH, str(path)], check=True)
    before = _seen(path.parent)
    assert len(before) == 3
    with pytest.raises(ForeignDatabase, match="another program's"):
        SqliteStore(path, readonly=readonly)
    assert _seen(path.parent) == before
    assert _raw(path, "SELECT line FROM diary") == [("dear",)]


@pytest.mark.fault("F5")
@pytest.mark.parametrize("readonly", [False, True])
def test_truncated_database(path: Path, *, readonly: bool) -> None:
    """A database that lost its end is damaged: it is refused, and the remedy is named."""
    whole = _made(path, A).read_bytes()
    path.write_bytes(whole[: 16384 * 2])
    with pytest.raises(CorruptDatabase, match="damaged") as raised:
        SqliteStore(path, readonly=readonly)
    assert "restore" in raised.value.remedy
    assert path.read_bytes() == whole[: 16384 * 2]


@pytest.mark.fault("F5")
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


@pytest.mark.fault("F28")
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
    db.execute("DROP TABLE site")
    raise RuntimeError("the migration is wrong")


@pytest.fixture
def upgrade(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return what turns the program into a later one, with one more migration."""

    def add(migration: Any) -> None:
        later = Migrations("aggregator")
        released = (
            m001_first,
            m002_polling,
            m003_stories,
            m004_articles,
            m005_lists,
            m006_listings,
            m007_editions,
            m008_archives,
            m009_hub,
            m010_push,
            m011_readers,
        )
        for one in (*released, migration):
            later()(one)
        monkeypatch.setattr(connection, "migrations", later)

    return add


@pytest.mark.fault("F28")
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


@pytest.mark.fault("F28")
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


@pytest.mark.fault("F28")
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


@pytest.mark.fault("F4")
@pytest.mark.parametrize("readonly", [False, True])
def test_path_is_a_folder(path: Path, *, readonly: bool) -> None:
    """A folder is no database."""
    path.mkdir(parents=True)
    with pytest.raises(FolderNotWritable, match="cannot be read"):
        SqliteStore(path, readonly=readonly)


@pytest.mark.fault("F4")
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


@pytest.mark.fault("F4")
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


@pytest.mark.fault("F7")
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


LOOK = """
import sqlite3, sys
print(sqlite3.connect(sys.argv[1]).execute("SELECT count(*) FROM feed").fetchone()[0])
"""


def _others_see(path: Path) -> int:
    """Count sources as another program does, which opens the database, reads it, and lets it go."""
    done = subprocess.run([sys.executable, "-c", LOOK, str(path)], capture_output=True, check=True)
    return int(done.stdout)


@pytest.mark.fault("F7")
def test_other_programs_come_and_go(path: Path) -> None:
    """Whoever else opens the database and closes it never takes the log away that is written to here."""
    with _opened(path) as store:
        for number in range(3):
            with _opened(path, readonly=True) as reader:  # looks at the file, in this process
                _feeds(reader)
            _sync(store, *(f"{A}{each}" for each in range(number + 1)))
            assert _others_see(path) == number + 1
            assert path.with_name(f"{path.name}-wal").exists()


@pytest.mark.fault("F3")
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
